"""Household facts a worker changed at the door: applied, or kept as a clash until a person decides.

A fact is changed only when the registry still says what the phone showed. Otherwise both values
stay, with names and times; nothing is overwritten.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from grid.actions.people import read_phone
from grid.letters import Edit
from grid.models import Account, Envelope, FactEdit, Health, Household, Labour, Person
from grid.roles import Act
from grid.scope import require
from grid.wall import whole_county
from yizhou.audit import AuditEntry, record
from yizhou.refusals import NotFound, Overtaken, Refusal, reason_given
from yizhou.sealed import seal, unseal

COLUMN = "grid_factedit.values_sealed"
Field = FactEdit.Field
State = FactEdit.State
OF_HOUSEHOLDS = frozenset({Field.ADDRESS, Field.PHONE})
OF_PEOPLE = frozenset({Field.LABOUR, Field.HEALTH, Field.PHONE})
CHOICES: dict[str, dict[str, str]] = {
    Field.LABOUR: {str(value): str(label) for value, label in Labour.choices},
    Field.HEALTH: {str(value): str(label) for value, label in Health.choices},
}
LONGEST_ADDRESS = 120
GONE = "（这个成员已不在本户）"
# What changes registered facts: the last of these says who wrote what the registry says now.
CHANGING = (
    "registered_household",
    "moved_household",
    "split_household",
    "merged_household",
    "added_member",
    "changed_fact",
)


@dataclass(frozen=True, slots=True)
class Values:
    """What the phone showed, what the worker wrote, what the registry says."""

    seen: str
    mine: str
    office: str


def values_of(edit: FactEdit) -> Values:
    """Raises BrokenSeal."""
    return Values(**json.loads(unseal(edit.values_sealed, column=COLUMN, row=edit.pk)))


def in_words(field: str, value: str) -> str:
    return CHOICES.get(field, {}).get(value, value) or "（没有登记）"


def checked_edits(edits: Sequence[Edit]) -> dict[str, str]:
    """What is wrong with edits, one sentence for each by its name."""
    errors = {}
    for edit in edits:
        try:
            _read(edit)
        except Refusal as no:
            errors[edit.name] = no.sentence
    return errors


def _read(edit: Edit) -> str:
    """The value as the registry would keep it. Raises Refusal."""
    allowed = OF_PEOPLE if edit.person_id else OF_HOUSEHOLDS
    if edit.field not in allowed:
        raise Refusal("这一项不能在走访里修改。请交村信息员办理。", code="field")
    if edit.field in CHOICES:
        if edit.value not in CHOICES[edit.field]:
            raise Refusal(f"请选择{Field(edit.field).label}。", code="value")
        return edit.value
    if edit.field == Field.PHONE:
        return read_phone(edit.value)
    if not 2 <= len(edit.value) <= LONGEST_ADDRESS:
        raise Refusal(f"住址写 2 到 {LONGEST_ADDRESS} 个字。", code="value")
    return edit.value


@dataclass(slots=True)
class _Fact:
    """One registered fact of a household or of one of its people, read under lock."""

    field: str
    household: Household
    person: Person | None = None
    is_gone: bool = False  # the person has left, to where nobody here sees

    @property
    def subject(self) -> Household | Person:
        return self.person or self.household

    def now(self) -> str:
        if self.is_gone or (
            self.person is not None and self.person.household_id != self.household.pk
        ):
            return GONE
        if self.field == Field.PHONE:
            sealed = self.subject.phone_sealed
            column = f"{self.subject._meta.db_table}.phone_sealed"
            return unseal(sealed, column=column, row=self.subject.pk) if sealed else ""
        return str(getattr(self.subject, self.field))

    def says(self, value: str) -> bool:
        """Whether the registry says so; of a person's phone, phones carry only the last digits."""
        now = self.now()
        tail = self.field == Field.PHONE and len(value) == 4 and len(now) > 4
        return now[-4:] == value if tail else now == value

    def write(self, value: str) -> None:
        change: dict[str, Any] = {self.field: value}
        if self.field == Field.PHONE:
            column = f"{self.subject._meta.db_table}.phone_sealed"
            change = {
                "phone_sealed": seal(value, column=column, row=self.subject.pk),
                "phone_tail": value[-4:],
            }
        rows = type(self.subject)._default_manager.filter(pk=self.subject.pk)
        rows.update(**change, version=F("version") + 1)
        if self.person is not None:
            Household.objects.filter(pk=self.household.pk).update(version=F("version") + 1)
        for name, kept in change.items():
            setattr(self.subject, name, kept)


@transaction.atomic
def apply_edits(
    *,
    acting: Account,
    household: Household,
    envelope: Envelope,
    edits: Sequence[Edit],
    written_at: datetime,
    viewer: Account | None = None,
) -> list[FactEdit]:
    """Apply what the registry still allows; returns the clashes. Edits were checked before.

    `viewer`: through whose sight people are looked up (the acting's). Of a person who has left
    it a clash remains; an id that belongs to nobody is left out.
    """
    if not edits:
        return []
    household = Household.objects.select_for_update().get(pk=household.pk)
    people = _people(viewer or acting, edits)
    kept: list[FactEdit] = []
    for edit in edits:
        person, is_gone = people.get(edit.person_id or 0, (None, False))
        if edit.person_id and person is None:
            continue
        fact = _Fact(edit.field, household, person, is_gone)
        value = _read(edit)
        if fact.says(value):
            continue
        row = _row(acting, envelope, fact, edit, Values(edit.seen, value, fact.now()), written_at)
        if row.state == State.APPLIED:
            fact.write(value)
            _audit(acting, row)
        kept.append(row)
    FactEdit.objects.bulk_create(kept)
    clashes = [row for row in kept if row.state == State.CLASH]
    if clashes:
        record(
            acting=acting,
            verb="found_fact_clash",
            subject=household,
            detail={"fields": [row.field for row in clashes]},
        )
    return clashes


def _people(viewer: Account, edits: Sequence[Edit]) -> dict[int, tuple[Person, bool]]:
    """People by id under lock, each with whether it has left the viewer's sight."""
    wanted = {edit.person_id for edit in edits if edit.person_id}
    if not wanted:
        return {}
    rows = viewer.sees(Person).filter(pk__in=wanted).order_by("pk").select_for_update(of=("self",))
    people = {person.pk: (person, False) for person in rows}
    if left := wanted - set(people):
        with whole_county():
            gone = list(Person.objects.filter(pk__in=left))
        people |= {person.pk: (person, True) for person in gone}
    return people


def _row(
    acting: Account, envelope: Envelope, fact: _Fact, edit: Edit, values: Values, at: datetime
) -> FactEdit:
    row = FactEdit(
        envelope=envelope,
        household=fact.household,
        person=fact.person,
        field=edit.field,
        by=acting,
        written_at=at,
        base_version=edit.base_version,
        state=State.APPLIED if fact.says(edit.seen) else State.CLASH,
    )
    row.values_sealed = seal(json.dumps(vars_of(values)), column=COLUMN, row=row.pk)
    if row.state == State.CLASH:
        row.office_by, row.office_at = _origin(fact)
    return row


def vars_of(values: Values) -> dict[str, str]:
    return {"seen": values.seen, "mine": values.mine, "office": values.office}


def _origin(fact: _Fact) -> tuple[str, datetime | None]:
    """Who wrote what the registry says now, and when, as far as anybody wrote it down."""
    edit = (
        FactEdit.objects.filter(household=fact.household, person=fact.person, field=fact.field)
        .filter(state__in=(State.APPLIED, State.MINE))
        .select_related("by")
        .order_by("-arrived_at")
        .first()
    )
    entry = (
        AuditEntry.objects.filter(
            subject_type=fact.household._meta.label_lower,
            subject_id=str(fact.household.pk),
            verb__in=CHANGING,
        )
        .exclude(verb="changed_fact")
        .first()
    )
    if edit is not None and (entry is None or (edit.decided_at or edit.arrived_at) >= entry.at):
        return edit.by.name, edit.decided_at or edit.arrived_at
    if entry is not None:
        return entry.actor_name, entry.at
    return "登记", None if fact.is_gone else fact.subject.entered_at


def _audit(acting: Account, row: FactEdit) -> None:
    """Never the values: they are sealed in the row."""
    record(
        acting=acting,
        verb="changed_fact",
        subject=row.person or row.household,
        detail={"field": row.field, "edit": str(row.pk)},
    )


@transaction.atomic
def decide_clash(*, acting: Account, edit: FactEdit, choice: str, reason: str) -> FactEdit:
    """`mine`, `office` or (the worker only) `township`. The decided row, or the same clash with
    the newer value when the registry changed once more meanwhile.

    Raises NotAllowed, NotFound, Overtaken, Refusal.
    """
    locked = FactEdit.objects.select_for_update(of=("self",)).filter(pk=edit.pk)
    row = locked.select_related("household", "person", "by").first()
    if row is None:  # the household has left the sight of whoever decides
        raise NotFound()
    edit = row
    _may_decide(acting, edit, choice)
    if edit.state not in (State.CLASH, State.TOWNSHIP):
        raise Overtaken("这一处已经有人定了。请刷新看结果。")
    ask = "请写明理由，2 到 200 个字。"
    said = reason.strip()[:200] if choice == "township" else reason_given(reason, ask=ask)
    household = Household.objects.select_for_update().get(pk=edit.household_id)
    # Behind the wall the joined person is missing when it lives out of sight.
    seen = edit.person_id is None or acting.sees(Person).filter(pk=edit.person_id).exists()
    fact = _Fact(edit.field, household, edit.person, is_gone=not seen)
    values = values_of(edit)
    if choice == "mine" and fact.now() != values.office:
        return _refreshed(edit, fact, values)
    if choice == "mine":
        _write_mine(edit, fact, values)
    edit.state = State(choice)
    edit.reason = said
    if choice != "township":
        edit.decided_by, edit.decided_at = acting, timezone.now()
    edit.save(update_fields=["state", "reason", "decided_by", "decided_at"])
    detail = {"field": edit.field, "choice": choice, "edit": str(edit.pk)}
    record(acting=acting, verb="decided_clash", subject=household, reason=said, detail=detail)
    return edit


def _may_decide(acting: Account, edit: FactEdit, choice: str) -> None:
    own = edit.by_id == acting.pk
    if choice not in (State.MINE, State.OFFICE, State.TOWNSHIP):
        raise Refusal("请选“用走访填的”“用登记的”或“交乡镇定”。", code="choice")
    if choice == State.TOWNSHIP and not own:
        raise Refusal("请在两个值中选一个。", code="choice")
    if own:
        if edit.state == State.TOWNSHIP:
            raise Overtaken("这一处已经交给乡镇，等乡镇定。")
        return
    if not acting.sees(FactEdit).filter(pk=edit.pk).exists():
        raise NotFound()
    require(acting, Act.EDIT_REGISTRY, code=edit.household.cell_id)


def _write_mine(edit: FactEdit, fact: _Fact, values: Values) -> None:
    if values.office == GONE:
        raise Refusal("这个成员已不在本户，不能再改。请选“用登记的”。", code="gone")
    if fact.household.dissolved_on is not None:
        raise Refusal("这一户已销户，不能再改。请选“用登记的”。", code="dissolved")
    fact.write(values.mine)
    _audit(edit.by, edit)


def _refreshed(edit: FactEdit, fact: _Fact, values: Values) -> FactEdit:
    """The registry moved on while people thought: the clash shows its newest value."""
    fresh = Values(values.seen, values.mine, fact.now())
    edit.office_by, edit.office_at = _origin(fact)
    edit.values_sealed = seal(json.dumps(vars_of(fresh)), column=COLUMN, row=edit.pk)
    edit.save(update_fields=["values_sealed", "office_by", "office_at"])
    return edit
