"""Households: registered, members join and leave, deaths, new heads."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from grid.actions.people import NewMember, admit_person, read_phone, reserve_ids
from grid.actions.registry import (
    Kind,
    Reason,
    Relations,
    check_day,
    check_grid,
    crown,
    leave,
    membership_of,
    next_number,
    note,
    restate,
    succeed,
    take,
    tell,
)
from grid.models import Account, Household, HouseholdKind, Membership, Person, Region, Relation
from yizhou.audit import record
from yizhou.refusals import Overtaken, Refusal, broken_constraint
from yizhou.sealed import seal

NUMBER_TRIES = 20
LEAVING = frozenset({Reason.DIED, Reason.MARRIED_OUT, Reason.MOVED, Reason.CORRECTED})


@transaction.atomic
def register_household(
    *,
    acting: Account,
    cell: Region,
    kind: str,
    address: str,
    members: Sequence[NewMember],
    on: date,
    phone: str = "",
) -> Household:
    """A new household with its people, exactly one of them the head. Raises Refusal."""
    check_grid(acting, cell)
    check_day(on)
    if kind not in HouseholdKind.values:
        raise Refusal("请选择户类型。", code="kind")
    if [m.relation for m in members].count(Relation.HEAD) != 1:
        raise Refusal("一户必须有且只有一个户主。", code="relation")
    (pk,) = reserve_ids(Household, 1)
    people = [
        admit_person(asker=acting, member=m, household_id=pk, code=cell.code) for m in members
    ]
    head = next(p for p, m in zip(people, members, strict=True) if m.relation == Relation.HEAD)
    household = new_household(
        pk=pk, cell=cell, kind=kind, address=address, phone=phone, on=on, head=head
    )
    Membership.objects.bulk_create(
        Membership(household=household, person=person, relation=m.relation, joined_on=on)
        for person, m in zip(people, members, strict=True)
    )
    restate(household, on=on)
    tell(
        acting,
        household,
        Kind.REGISTERED,
        on=on,
        sentence=f"建户，户主 {head.name}，{len(people)} 人",
        verb="registered_household",
        detail={"people": len(people)},
    )
    household.refresh_from_db()
    return household


def new_household(
    *, pk: int, cell: Region, kind: str, address: str, phone: str, on: date, head: Person
) -> Household:
    """Write the row under a reserved key; memberships and size are the caller's."""
    household = Household(
        pk=pk,
        cell=cell,
        kind=kind,
        head=head,
        address=address.strip()[:120],
        registered_on=on,
    )
    if phone:
        digits = read_phone(phone)
        household.phone_sealed = seal(digits, column="grid_household.phone_sealed", row=pk)
        household.phone_tail = digits[-4:]
    # The last number may belong to a household out of sight, or to one registered this moment.
    household.number = next_number(cell)
    for _ in range(NUMBER_TRIES):
        try:
            with transaction.atomic():
                household.save(force_insert=True)
        except IntegrityError as broken:
            if not broken_constraint(broken).startswith("grid_household_number"):
                raise
            stem, _, last = household.number.rpartition("-")
            household.number = f"{stem}-{int(last) + 1:04d}"
        else:
            return household
    raise Overtaken("同一时间建户的人太多，请再提交一次。")


@transaction.atomic
def add_member(
    *,
    acting: Account,
    household: Household,
    version_seen: int,
    member: NewMember,
    on: date,
    kind: Kind = Kind.JOINED,
) -> Person:
    """A birth, a return, or (`kind`) a marriage of somebody new to the registry.

    Raises Refusal when registered elsewhere, Overtaken.
    """
    household = take(acting, household, version_seen)
    check_day(on)
    if member.relation == Relation.HEAD:
        raise Refusal("本户已有户主。要换户主，请先加入，再办“变更户主”。", code="relation")
    person = admit_person(
        asker=acting, member=member, household_id=household.pk, code=household.cell_id
    )
    _check_no_overlap(person, on)
    Membership.objects.create(
        household=household, person=person, relation=member.relation, joined_on=on
    )
    restate(household, on=on)
    came = "婚入" if kind == Kind.MARRIED_IN else "加入"
    tell(
        acting,
        household,
        kind,
        on=on,
        sentence=f"{person.name} {came}，{Relation(member.relation).label}",
        verb="added_member",
        detail={"person": person.pk},
    )
    return person


def _check_no_overlap(person: Person, on: date) -> None:
    """The database refuses two households at a time; this says it in a sentence."""
    if person.born_on > on:
        raise Refusal("加入日期不能早于出生日期。", code="on")
    last = Membership.objects.filter(person=person).order_by("-left_on").first()
    if last is not None and last.left_on is not None and last.left_on > on:
        raise Refusal(f"这个人 {last.left_on} 才离开原来的户，加入日期不能更早。", code="on")


@transaction.atomic
def remove_member(
    *,
    acting: Account,
    household: Household,
    version_seen: int,
    person: Person,
    on: date,
    reason: str,
    new_head: Person | None = None,
    relations: Relations | None = None,
) -> None:
    """Marries out, moves away, was registered wrongly, or died. The last one dissolves it."""
    if reason not in LEAVING:
        raise Refusal("请选择离开原因。", code="reason")
    if reason == Reason.DIED:
        record_death(
            acting=acting,
            household=household,
            version_seen=version_seen,
            person=person,
            died_on=on,
            new_head=new_head,
            relations=relations,
        )
        return
    household = take(acting, household, version_seen)
    check_day(on)
    leave(household, person, on=on, reason=reason)
    succeed(household, new_head, relations or {}, "离开")
    dissolved = restate(household, on=on)
    sentence = f"{person.name} {Reason(reason).label}" + ("，户内无人，销户" if dissolved else "")
    _tell_new_head(acting, household, on)
    tell(
        acting,
        household,
        Kind.MARRIED_OUT if reason == Reason.MARRIED_OUT else Kind.LEFT,
        on=on,
        sentence=sentence,
        verb="removed_member",
        detail={"person": person.pk, "reason": reason, "dissolved": dissolved},
    )


@transaction.atomic
def record_death(
    *,
    acting: Account,
    household: Household,
    version_seen: int,
    person: Person,
    died_on: date,
    new_head: Person | None = None,
    relations: Relations | None = None,
) -> None:
    """A member died. A head's successor is named at once; the last one's death dissolves it."""
    household = take(acting, household, version_seen)
    check_day(died_on)
    leave(household, person, on=died_on, reason=Reason.DIED)
    died = Person.objects.filter(pk=person.pk, died_on=None).update(
        died_on=died_on, version=F("version") + 1
    )
    if not died:
        raise Overtaken()
    succeed(household, new_head, relations or {}, "死亡")
    dissolved = restate(household, on=died_on)
    _tell_new_head(acting, household, died_on)
    tell(
        acting,
        household,
        Kind.DIED,
        on=died_on,
        sentence=f"{person.name} 死亡" + ("，户内无人，销户" if dissolved else ""),
        verb="recorded_death",
        detail={"person": person.pk, "dissolved": dissolved},
    )


@transaction.atomic
def change_head(
    *,
    acting: Account,
    household: Household,
    version_seen: int,
    person: Person,
    on: date,
    relations: Relations | None = None,
) -> None:
    """Another member becomes the head; `relations` restates the others, else they are 其他."""
    household = take(acting, household, version_seen)
    check_day(on)
    if membership_of(household, person).relation == Relation.HEAD:
        raise Refusal("这个人已经是户主。请选别的成员。", code="person")
    crown(household, person, relations or {})
    restate(household, on=on)
    _tell_new_head(acting, household, on)
    record(acting=acting, verb="changed_head", subject=household, detail={"person": person.pk})


def _tell_new_head(acting: Account, household: Household, on: date) -> None:
    """Compare with the head the household had when it was taken."""
    now = Household.objects.select_related("head").get(pk=household.pk)
    if now.head_id != household.head_id:
        note(
            acting,
            household,
            Kind.NEW_HEAD,
            on=on,
            sentence=f"户主由 {household.head} 变更为 {now.head}",
        )


@transaction.atomic
def classify_household(*, acting: Any, household: Household, kind: str) -> None:
    """The registry says what the procedure decided; the right to decide it lies there."""
    changed = (
        Household.objects.filter(pk=household.pk)
        .exclude(kind=kind)
        .update(kind=kind, version=F("version") + 1)
    )
    if changed:
        tell(
            acting,
            household,
            Kind.CLASSIFIED,
            on=timezone.localdate(),
            sentence=f"户类型改为{HouseholdKind(kind).label}",
            verb="classified_household",
            detail={"kind": kind},
        )
