"""Held letters: a township takes them into the household's visits, or sets them aside. Both keep
the letter, with who decided, when and why.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from grid.actions.facts import apply_edits, checked_edits
from grid.actions.field_reports import handed_over
from grid.envelopes import letter_of
from grid.letters import Clock, VisitLetter, visit_letter
from grid.models import Account, Envelope, Household, Visit, WorkItemPurpose
from grid.roles import Act
from grid.scope import require
from grid.visit_form import FORM_VERSION, FORMS, read_answers
from yizhou.audit import record
from yizhou.refusals import Denial, NotAllowed, NotFound, Overtaken, Refusal, reason_given

State = Envelope.State


@transaction.atomic
def accept_envelope(
    *, acting: Account, envelope: Envelope, reason: str, household: Household | None = None
) -> Envelope:
    """A held visit becomes a further visit of the household; a held report goes to its desk.

    `household`: for a letter whose own is not in the registry. Raises NotAllowed, NotFound,
    Overtaken, Refusal.
    """
    envelope, said = _taken(acting, envelope, reason)
    letter = letter_of(envelope)
    if envelope.kind == Envelope.Kind.REPORT:
        envelope.sentence = _to_the_desk(envelope, letter)
        envelope.state = State.FILED
    else:
        home = _home(acting, envelope, household)
        envelope.visit = _kept_visit(acting, envelope, letter, home)
        envelope.household, envelope.code = home, home.cell_id
        envelope.state = State.EXTRA
        envelope.sentence = "乡镇已采用：走访已作为补充走访存入这一户。"
    _decided(acting, envelope, said, "accepted_envelope")
    return envelope


@transaction.atomic
def set_aside_envelope(*, acting: Account, envelope: Envelope, reason: str) -> Envelope:
    """Not used, but kept. Raises as accept_envelope."""
    envelope, said = _taken(acting, envelope, reason)
    envelope.state = State.SET_ASIDE
    envelope.sentence = f"乡镇没有采用：{said}。原件仍保留。"[:300]
    _decided(acting, envelope, said, "set_aside_envelope")
    return envelope


@transaction.atomic
def read_envelope(*, acting: Account, envelope: Envelope) -> dict[str, Any]:
    """The letter as sent, and an audit row of who read it. Raises NotFound, BrokenSeal."""
    if not acting.sees(Envelope).filter(pk=envelope.pk).exists():
        raise NotFound()
    record(acting=acting, verb="read_envelope", subject=envelope)
    return letter_of(envelope)


def _taken(acting: Account, envelope: Envelope, reason: str) -> tuple[Envelope, str]:
    """The row under its lock, still held, and within what the acting may decide."""
    said = reason_given(reason, ask="请写明理由，2 到 200 个字。")
    rows = acting.sees(Envelope).select_for_update(of=("self",)).select_related("sender", "phone")
    row = rows.filter(pk=envelope.pk).first()
    if row is None:
        raise NotFound()
    require(acting, Act.EDIT_REGISTRY, code=row.code)
    if row.sender_id == acting.pk:
        raise NotAllowed("这是您自己送来的，请由别的人决定。")
    if row.state != State.HELD:
        raise Overtaken("这一件已经有人决定。请刷新看结果。")
    return row, said


def _decided(acting: Account, envelope: Envelope, said: str, verb: str) -> None:
    envelope.decided_by, envelope.decided_at = acting, timezone.now()
    envelope.decision_reason = said
    envelope.save(
        update_fields=[
            "state",
            "sentence",
            "visit",
            "household",
            "code",
            "decided_by",
            "decided_at",
            "decision_reason",
        ]
    )
    record(acting=acting, verb=verb, subject=envelope, reason=said)  # verb: one of two above


def _home(acting: Account, envelope: Envelope, household: Household | None) -> Household:
    asked = household.pk if household is not None else envelope.household_id
    home = acting.sees(Household).filter(pk=asked or 0).first()
    if home is None:
        raise Refusal("请填写这次走访的户编号，须在您的管辖范围内。", code="household")
    return home


def clock_of(envelope: Envelope) -> Clock:
    return Clock(envelope.phone_now, timedelta(seconds=envelope.clock_off))


def _kept_visit(
    acting: Account, envelope: Envelope, said: Mapping[str, Any], home: Household
) -> Visit:
    """The worker's visit as far as a form can read it; the rest stays in the letter, and the note
    says so.
    """
    letter, clock = visit_letter(said), clock_of(envelope)
    visited_at = clock.right(letter.visited_at)
    if visited_at is None or visited_at > timezone.now():
        visited_at = envelope.received_at
    answers, is_whole = _answers(letter)
    note = letter.note
    if not is_whole:
        note = f"{note}\n（部分内容表单读不出，完整原件见来件 {envelope.receipt}）".strip()
    visit = Visit.objects.create(
        id=envelope.pk,
        household=home,
        code=home.cell_id,
        by=envelope.sender,
        visited_at=visited_at,
        phone_time_at=letter.visited_at if visited_at != letter.visited_at else None,
        mode=letter.mode if letter.mode in Visit.Mode.values else Visit.Mode.IN_PERSON,
        form_version=letter.form_version if letter.form_version in FORMS else FORM_VERSION,
        answers=answers,
        note=note,
    )
    wrong = checked_edits(letter.edits)
    apply_edits(
        acting=envelope.sender,
        household=home,
        envelope=envelope,
        edits=[e for e in letter.edits if e.name not in wrong],
        written_at=visited_at,
        viewer=acting,
    )
    return visit


def _answers(letter: VisitLetter) -> tuple[dict[str, Any], bool]:
    """What its form, or else the newest, can read; and whether that is all."""
    if letter.mode == Visit.Mode.NOT_MET:
        return {}, not letter.answers
    is_known = letter.form_version in FORMS
    purposes = [report.purpose_id for report in letter.reports]
    kinds = WorkItemPurpose.objects.filter(pk__in=purposes).values_list("kind", flat=True)
    version = letter.form_version if is_known else FORM_VERSION
    read = read_answers(letter.answers, version=version, kinds=set(kinds))
    is_whole = is_known and not read.errors and letter.mode in Visit.Mode.values
    return read.values, is_whole


def _to_the_desk(envelope: Envelope, letter: Mapping[str, Any]) -> str:
    try:
        sentence = handed_over(
            envelope.sender, envelope.pk, letter, clock_of(envelope), envelope.household_id
        )
    except Denial as no:
        raise Refusal(no.sentence, code=no.code) from None
    return sentence[:300]
