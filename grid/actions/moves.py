"""Households move, split and merge; what belongs to them follows."""

from collections.abc import Sequence
from datetime import date

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from grid.actions.households import new_household
from grid.actions.people import reserve_ids
from grid.actions.registry import (
    Kind,
    Reason,
    Relations,
    check_day,
    check_grid,
    join,
    leave,
    note,
    restate,
    succeed,
    take,
    tell,
)
from grid.actions.work_items import route
from grid.models import (
    Account,
    Envelope,
    Household,
    Membership,
    Person,
    Region,
    Relation,
    Visit,
    WorkItem,
    WorkItemEvent,
)
from grid.places import place_of
from grid.roles import Role
from yizhou.audit import record
from yizhou.refusals import Refusal


@transaction.atomic
def move_household(
    *,
    acting: Account,
    household: Household,
    version_seen: int,
    cell: Region,
    address: str,
    on: date,
) -> None:
    """The whole household moves. People, visits, letters and work items take the new grid's code,
    and an open work item goes to whoever visits there. The acting must work in both places.
    """
    household = take(acting, household, version_seen)
    check_grid(acting, cell)
    check_day(on)
    address = address.strip()[:120]
    if cell.pk == household.cell_id and address == household.address:
        raise Refusal("新住址与现住址相同，没有要改的。", code="cell")
    before = household.cell_id
    Household.objects.filter(pk=household.pk).update(cell=cell, address=address)
    if cell.pk != before:
        _follow(acting, household, cell)
    tell(
        acting,
        household,
        Kind.MOVED,
        on=on,
        sentence=f"由 {place_of(before).full} 搬到 {place_of(cell.pk).full} {address}",
        verb="moved_household",
        detail={"from": before, "to": cell.pk},
    )


def _follow(acting: Account, household: Household, cell: Region) -> None:
    Person.objects.filter(household=household).update(code=cell.pk, version=F("version") + 1)
    Visit.objects.filter(household=household).update(code=cell.pk)
    Envelope.objects.filter(household=household).update(code=cell.pk)
    account_id, role = route([cell.pk], on=timezone.localdate()).get(cell.pk, (None, ""))
    opened = list(WorkItem.objects.open().filter(household=household))
    WorkItem.objects.filter(household=household).update(code=cell.pk)
    for item in opened:
        WorkItem.objects.filter(pk=item.pk).update(
            assignee=account_id, assigned_role=role, version=F("version") + 1
        )
        taker = Role(role).label if role else "乡镇派单"
        WorkItemEvent.objects.create(
            work_item=item,
            verb=WorkItemEvent.Verb.HANDED_OVER,
            by_name=acting.display_name,
            sentence=f"农户搬到{place_of(cell.pk).full}，改由{taker}承办",
        )


@transaction.atomic
def split_household(
    *,
    acting: Account,
    household: Household,
    version_seen: int,
    leavers: Sequence[Person],
    head: Person,
    cell: Region,
    address: str,
    on: date,
    relations: Relations | None = None,
    phone: str = "",
    remaining_head: Person | None = None,
    remaining_relations: Relations | None = None,
) -> Household:
    """Some members found a household of their own. Returns the new one.

    `relations` is about the new head; `remaining_*` is needed when the old head leaves too.
    """
    household = take(acting, household, version_seen)
    check_grid(acting, cell)
    check_day(on)
    leaving = {person.pk: person for person in leavers}
    if head.pk not in leaving:
        raise Refusal("新户的户主必须是分出去的人之一。", code="head")
    if len(leaving) >= household.size:
        raise Refusal("不能把全家都分出去；全家搬走请办“搬迁”。", code="leavers")
    for person in leaving.values():
        leave(household, person, on=on, reason=Reason.SPLIT)
    (pk,) = reserve_ids(Household, 1)
    fresh = new_household(
        pk=pk, cell=cell, kind=household.kind, address=address, phone=phone, on=on, head=head
    )
    said = relations or {}
    for person in leaving.values():
        relation = said.get(person.pk, Relation.OTHER)
        join(fresh, person, on=on, relation=Relation.HEAD if person.pk == head.pk else relation)
    succeed(household, remaining_head, remaining_relations or {}, "分出")
    restate(household, on=on)
    restate(fresh, on=on)
    names = "、".join(person.name for person in leaving.values())
    note(
        acting,
        fresh,
        Kind.SPLIT,
        on=on,
        sentence=f"由 {household.number} 户分出，户主 {head.name}，{len(leaving)} 人",
    )
    record(acting=acting, verb="registered_household", subject=fresh, detail={"from": household.pk})
    tell(
        acting,
        household,
        Kind.SPLIT,
        on=on,
        sentence=f"{names} 分出，另立 {fresh.number} 户",
        verb="split_household",
        detail={"new": fresh.pk, "people": sorted(leaving)},
    )
    fresh.refresh_from_db()
    return fresh


@transaction.atomic
def merge_households(
    *,
    acting: Account,
    household: Household,
    version_seen: int,
    source: Household,
    source_version_seen: int,
    on: date,
    relations: Relations | None = None,
) -> None:
    """All members of `source` join `household` (其他 unless said); `source` is dissolved."""
    if household.pk == source.pk:
        raise Refusal("不能与自己并户。请选另一户。", code="source")
    # Lower key first, so that two merges of the same pair cannot wait for each other.
    pair = {household.pk: (household, version_seen), source.pk: (source, source_version_seen)}
    taken = {pk: take(acting, *pair[pk]) for pk in sorted(pair)}
    household, source = taken[household.pk], taken[source.pk]
    check_day(on)
    said = relations or {}
    incoming = Membership.objects.open().filter(household=source).select_related("person")
    names = []
    for membership in list(incoming):
        relation = said.get(membership.person_id, Relation.OTHER)
        if relation not in Relation.values or relation == Relation.HEAD:
            raise Refusal("并入的人不能再是户主。请重选与户主关系。", code="relations")
        leave(source, membership.person, on=on, reason=Reason.MERGED)
        join(household, membership.person, on=on, relation=relation)
        names.append(membership.person.name)
    restate(source, on=on)
    restate(household, on=on)
    _point_visits_at(acting, source, household)
    tell(
        acting,
        source,
        Kind.MERGED,
        on=on,
        sentence=f"并入 {household.number} 户，销户",
        verb="merged_household",
        detail={"into": household.pk},
    )
    tell(
        acting,
        household,
        Kind.MERGED,
        on=on,
        sentence=f"{source.number} 户并入：{'、'.join(names)}",
        verb="took_in_household",
        detail={"source": source.pk},
    )


def _point_visits_at(acting: Account, source: Household, household: Household) -> None:
    """The open item stays with the household whose alerts it verifies; its visitor is told."""
    for item in WorkItem.objects.open().filter(household=source):
        WorkItemEvent.objects.create(
            work_item=item,
            verb=WorkItemEvent.Verb.HANDED_OVER,
            by_name=acting.display_name,
            sentence=f"该户已并入 {household.number} 户，请到新户核实",
        )
    if source.cell_id != household.cell_id:
        _follow(acting, source, household.cell)
        Household.objects.filter(pk=source.pk).update(cell=household.cell)
