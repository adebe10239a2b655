"""A proposal to even out the work, accepted by the township in one act."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from grid.actions.holders import set_holders, tell_of
from grid.actions.posts import appoint_post
from grid.actions.work_items import visiting_roles
from grid.loads import first_workers
from grid.models import (
    Account,
    BulkAssignment,
    BulkAssignmentLine,
    Post,
    Region,
    WorkItem,
    WorkItemEvent,
)
from grid.roles import Act, Level, Role
from grid.scope import require
from yizhou.audit import record
from yizhou.refusals import Overtaken, Refusal

# How long after the last deadline the helper keeps the neighbouring grid. To be confirmed.
AFTER_LAST_DUE = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One proposed move at the version of the item that was seen."""

    item_id: int
    version: int
    taker_id: int


@dataclass(frozen=True, slots=True)
class Balanced:
    """How many items moved, which stayed because others changed them, posts given for it; and the
    act itself, to be taken back within ten minutes.
    """

    moved: int
    overtaken: list[int]
    posts: list[Post]
    act: BulkAssignment


@transaction.atomic
def accept_balance(*, acting: Account, region: Region, wanted: Sequence[Wanted]) -> Balanced:
    """Move the items to their takers, first-level workers of the same hamlet or village.

    A taker without a post over the item's grid is appointed its second-level worker until two
    weeks after the last deadline, and no longer. Raises NotAllowed, Refusal, Overtaken when
    nothing is as it was seen.
    """
    require(acting, Act.ASSIGN_WORK, code=region.code)
    require(acting, Act.APPOINT, code=region.code)
    if region.level not in (Level.TUN, Level.VILLAGE):
        raise Refusal("均衡只在一个屯或一个村里做。请先选屯或村。", code="region")
    takers = {worker.pk: worker for worker in first_workers(region, on=timezone.localdate())}
    asked = {w.item_id: w for w in wanted if w.taker_id in takers}
    if not asked:
        raise Refusal("没有选要移的事项，或接手的人已不是这里的一级网格员。", code="nothing")
    items = [
        item
        for item in WorkItem.objects.select_for_update(of=("self",))
        .select_related("assignee")
        .filter(pk__in=asked, code__gte=region.code, code__lt=f"{region.code}~")
        .order_by("pk")
        if item.version == asked[item.pk].version and item.state == WorkItem.State.TO_VISIT
    ]
    if not items:
        raise Overtaken()
    by_taker: dict[int, list[WorkItem]] = {}
    for item in items:
        by_taker.setdefault(asked[item.pk].taker_id, []).append(item)
    posts: list[Post] = []
    rows: list[tuple[WorkItem, Account, str]] = []
    for pk, given in by_taker.items():
        posts += _let_visit(acting, takers[pk], given)
        roles = visiting_roles(takers[pk], [item.code for item in given])
        rows += [(item, takers[pk], str(roles[item.code])) for item in given]
    _write(acting, rows)
    act = _kept(acting, region, rows, posts)
    record(
        acting=acting,
        verb="balanced_work",
        subject=region,
        detail={
            "items": {str(item.pk): taker.pk for item, taker, _ in rows},
            "posts": [post.pk for post in posts],
        },
    )
    overtaken = sorted(set(asked) - {item.pk for item in items})
    return Balanced(len(rows), overtaken, posts, act)


def _let_visit(acting: Account, taker: Account, items: Sequence[WorkItem]) -> list[Post]:
    """Second-level posts over the grids the taker has no visiting post over yet."""
    roles = visiting_roles(taker, [item.code for item in items])
    last_due: dict[str, date] = {}
    for item in items:
        if roles[item.code] is None:
            last_due[item.code] = max(item.due_on, last_due.get(item.code, item.due_on))
    today = timezone.localdate()
    grids = Region.objects.standing().in_bulk(list(last_due))
    return [
        appoint_post(
            acting=acting,
            account=taker,
            role=Role.GRID_WORKER_2,
            region=grids[code],
            from_on=today,
            until_on=max(due_on, today) + AFTER_LAST_DUE,
        )
        for code, due_on in sorted(last_due.items())
    ]


def _kept(
    acting: Account,
    region: Region,
    rows: Sequence[tuple[WorkItem, Account, str]],
    posts: Sequence[Post],
) -> BulkAssignment:
    """What each item was before, for undo_bulk_assignment()."""
    act = BulkAssignment.objects.create(by=acting, balanced=region)
    act.posts.set(posts)
    BulkAssignmentLine.objects.bulk_create(
        BulkAssignmentLine(
            bulk=act,
            work_item=item,
            result=BulkAssignmentLine.Result.ASSIGNED,
            before_id=item.assignee_id,
            role_before=item.assigned_role,
            note_before=item.note,
            after=taker,
            version_after=item.version + 1,
        )
        for item, taker, _ in rows
    )
    return act


def _write(acting: Any, rows: Sequence[tuple[WorkItem, Account, str]]) -> None:
    set_holders([(item.pk, taker.pk, role) for item, taker, role in rows])
    tell_of(
        acting,
        WorkItemEvent.Verb.HANDED_OVER,
        (
            (
                item.pk,
                f"均衡工作量，由{item.assignee.name if item.assignee else '无人'}移给{taker.name}",
            )
            for item, taker, _ in rows
        ),
    )
