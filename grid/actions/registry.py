"""What every change of a household shares: take its version, keep head and size true, tell it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import F, Max
from django.utils import timezone

from grid.models import Household, HouseholdEvent, Membership, Person, Region, Relation
from grid.roles import Act, Level
from grid.scope import require
from yizhou.audit import record
from yizhou.refusals import Overtaken, Refusal

Relations = Mapping[int, str]  # person id -> relation to the head
Kind = HouseholdEvent.Kind
Reason = Membership.LeaveReason


def take(acting: Any, household: Household, version_seen: int) -> Household:
    """Lock the household at the version the person saw and count it up. Raises Overtaken."""
    require(acting, Act.EDIT_REGISTRY, code=household.cell_id)
    taken = Household.objects.filter(
        pk=household.pk, version=version_seen, dissolved_on=None
    ).update(version=F("version") + 1)
    if not taken:
        raise Overtaken()
    return Household.objects.select_related("cell", "head").get(pk=household.pk)


def check_day(on: date, *, code: str = "on") -> None:
    if on > timezone.localdate():
        raise Refusal("日期不能晚于今天。", code=code)


def check_grid(acting: Any, cell: Region) -> None:
    """A household lives in a grid, within the acting's own places."""
    require(acting, Act.EDIT_REGISTRY, code=cell.code)
    if cell.level != Level.GRID:
        raise Refusal("请选到网格：农户登记在网格里。", code="cell")


def membership_of(household: Household, person: Person) -> Membership:
    found = Membership.objects.open().filter(household=household, person=person).first()
    if found is None:
        raise Refusal("这个人现在不是本户成员。请刷新页面再选。", code="person")
    return found


def next_number(cell: Region) -> str:
    """乡镇三位-村三位-户四位. A household keeps its number for life, wherever it moves."""
    prefix = f"{cell.code[6:9]}-{cell.code[9:12]}-"
    last = Household.objects.filter(number__startswith=prefix).aggregate(last=Max("number"))["last"]
    return f"{prefix}{int(last.removeprefix(prefix)) + 1 if last else 1:04d}"


def leave(household: Household, person: Person, *, on: date, reason: str) -> Membership:
    """Close one membership; the person belongs to no household until the caller says more."""
    membership = membership_of(household, person)
    if on < membership.joined_on:
        raise Refusal(f"日期不能早于加入本户的日期（{membership.joined_on}）。", code="on")
    Membership.objects.filter(pk=membership.pk).update(left_on=on, leave_reason=reason)
    Person.objects.filter(pk=person.pk).update(household=None, version=F("version") + 1)
    return membership


def join(household: Household, person: Person, *, on: date, relation: str) -> None:
    """Open a membership; the person lives where the household lives."""
    Membership.objects.create(household=household, person=person, joined_on=on, relation=relation)
    Person.objects.filter(pk=person.pk).update(
        household=household, code=household.cell_id, version=F("version") + 1
    )


def crown(household: Household, person: Person, relations: Relations) -> None:
    """Make a member the head and restate the others; a relation not restated becomes 其他."""
    membership_of(household, person)
    others = Membership.objects.open().filter(household=household).exclude(person=person)
    for membership in others:
        relation = relations.get(membership.person_id, Relation.OTHER)
        if relation not in Relation.values or relation == Relation.HEAD:
            raise Refusal("一户只有一个户主。请重选其他成员与户主关系。", code="relations")
        Membership.objects.filter(pk=membership.pk).update(relation=relation)
    Membership.objects.open().filter(household=household, person=person).update(
        relation=Relation.HEAD
    )


def succeed(household: Household, new_head: Person | None, relations: Relations, what: str) -> None:
    """After the head is gone: the successor, who must be named unless nobody is left."""
    left = Membership.objects.open().filter(household=household)
    if left.filter(relation=Relation.HEAD).exists() or not left.exists():
        return
    if new_head is None:
        raise Refusal(f"户主{what}，请同时指定新户主。", code="new_head")
    crown(household, new_head, relations)


def restate(household: Household, *, on: date) -> bool:
    """Head and size as the memberships say; True when nobody is left and it is dissolved."""
    members = list(
        Membership.objects.open().filter(household=household).values_list("person_id", "relation")
    )
    if not members:
        Household.objects.filter(pk=household.pk).update(size=0, dissolved_on=on)
        return True
    head = next(person for person, relation in members if relation == Relation.HEAD)
    Household.objects.filter(pk=household.pk).update(size=len(members), head=head)
    return False


def tell(
    acting: Any,
    household: Household,
    kind: Kind,
    *,
    on: date,
    sentence: str,
    verb: str,
    detail: dict[str, Any] | None = None,
) -> None:
    """The history row people read and the audit row inspectors read."""
    note(acting, household, kind, on=on, sentence=sentence)
    record(acting=acting, verb=verb, subject=household, detail=detail)


def note(acting: Any, household: Household, kind: Kind, *, on: date, sentence: str) -> None:
    HouseholdEvent.objects.create(
        household=household,
        kind=kind,
        on=on,
        sentence=sentence[:200],
        recorded_by_id=acting.pk,
    )
