"""Many visits assigned in one act, looked at beforehand; acts taken back within ten minutes."""

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from psycopg2 import sql

from grid.actions.holders import tell_of
from grid.actions.posts import withdraw_post
from grid.actions.work_items import route, visiting_roles
from grid.models import (
    Account,
    BulkAssignment,
    BulkAssignmentLine,
    WorkItem,
    WorkItemEvent,
)
from grid.roles import Act, Role
from grid.scope import require
from yizhou.audit import record
from yizhou.refusals import NotAllowed, Refusal
from yizhou.statements import ask

MOST_AT_ONCE = 200
UNDO_WITHIN = timedelta(minutes=10)
Result = BulkAssignmentLine.Result
ASSIGN = sql.SQL(
    """
UPDATE grid_workitem w
SET assignee_id = r.account_id, assigned_role = r.role, version = w.version + 1,
    note = CASE WHEN r.note IS NULL THEN w.note ELSE r.note END
FROM unnest(%(ids)s::bigint[], %(accounts)s::bigint[], %(roles)s::text[], %(notes)s::text[])
     AS r(id, account_id, role, note)
WHERE w.id = r.id
RETURNING w.id, w.version
"""
)


@dataclass(frozen=True, slots=True)
class Pick:
    """One ticked work item at the version that was seen."""

    item_id: int
    version: int


@dataclass(frozen=True, slots=True)
class Change:
    """What would become of one ticked item; `role` is empty when it stays as it is."""

    item: WorkItem
    result: Result
    to_id: int | None = None
    role: str = ""


@dataclass(slots=True)
class Plan:
    """All changes, and each receiver's open visits before and after."""

    changes: list[Change] = field(default_factory=list)
    before: Counter[int] = field(default_factory=Counter)
    after: Counter[int] = field(default_factory=Counter)

    def with_result(self, result: Result) -> list[Change]:
        return [change for change in self.changes if change.result == result]


def read_picks(texts: Iterable[str]) -> list[Pick]:
    """From "item-version"; what is not of that shape is dropped. Raises Refusal for none, many."""
    picks: dict[int, Pick] = {}
    for text in texts:
        item, _, version = text.partition("-")
        if all(t.isascii() and t.isdigit() and len(t) < 19 for t in (item, version)):
            picks[int(item)] = Pick(int(item), min(int(version), 2**31 - 1))
    if not picks:
        raise Refusal("没有勾选事项。请先勾选要派的事项。", code="nothing_ticked")
    if len(picks) > MOST_AT_ONCE:
        raise Refusal(f"一次最多派 {MOST_AT_ONCE} 件，请分几次办理。", code="too_many")
    return list(picks.values())


def plan_assignment(items: Sequence[WorkItem], picks: Sequence[Pick], to: Account | None) -> Plan:
    """What the act would do now. `to` None: by the chain again. 3 queries."""
    seen = {pick.item_id: pick.version for pick in picks}
    plan = Plan(changes=_changes(items, seen, to))
    touched = {c.to_id for c in plan.changes if c.to_id} | {
        c.item.assignee_id for c in plan.with_result(Result.ASSIGNED) if c.item.assignee_id
    }
    plan.before = Counter(
        dict(
            WorkItem.objects.open()
            .filter(assignee__in=touched)
            .order_by()
            .values_list("assignee")
            .annotate(Count("pk"))
        )
    )
    plan.after = Counter(plan.before)
    for change in plan.with_result(Result.ASSIGNED):
        if change.to_id:
            plan.after[change.to_id] += 1
        if change.item.assignee_id:
            plan.after[change.item.assignee_id] -= 1
    return plan


def _changes(items: Sequence[WorkItem], seen: dict[int, int], to: Account | None) -> list[Change]:
    codes = [item.code for item in items]
    routes: dict[str, tuple[int, str]] = {}
    if to is None:
        routes = route(codes, on=timezone.localdate())
    else:
        roles = visiting_roles(to, codes)
        routes = {code: (to.pk, role) for code, role in roles.items() if role}
    missing = Result.NOBODY if to is None else Result.NO_POST
    changes = []
    for item in items:
        target, role = routes.get(item.code, (None, ""))
        if item.version != seen[item.pk] or item.state != WorkItem.State.TO_VISIT:
            changes.append(Change(item, Result.OVERTAKEN))
        elif target is None:
            changes.append(Change(item, missing))
        elif (target, role) == (item.assignee_id, item.assigned_role):
            changes.append(Change(item, Result.UNCHANGED, target))
        else:
            changes.append(Change(item, Result.ASSIGNED, target, str(Role(role).value)))
    return changes


@transaction.atomic
def assign_many(
    *,
    acting: Account,
    key: uuid.UUID,
    picks: Sequence[Pick],
    to: Account | None,
    note: str = "",
) -> BulkAssignment:
    """Assign the picks to one person, or by the chain again (None); the same key changes nothing.

    Each item is taken at the version that was seen: those others changed meanwhile stay as they
    are and are listed. Raises NotAllowed, Refusal when not one could be assigned.
    """
    require(acting, Act.ASSIGN_WORK)
    rows = WorkItem.objects.select_for_update(of=("self",)).select_related("assignee")
    items = list(rows.filter(pk__in=[pick.item_id for pick in picks]).order_by("pk"))
    for code in {item.code for item in items}:
        require(acting, Act.ASSIGN_WORK, code=code)
    if kept := BulkAssignment.objects.filter(pk=key).first():
        if kept.by_id != acting.pk:
            raise NotAllowed("这个页面的提交编号不是您的。请重新勾选。")
        return kept
    plan = plan_assignment(items, picks, to)
    taken = plan.with_result(Result.ASSIGNED)
    if not taken:
        raise Refusal(_why_none(plan), code="nothing_to_assign")
    note = note.strip()[:300]
    bulk = BulkAssignment.objects.create(pk=key, by=acting, to=to, note=note)
    names = dict(Account.objects.filter(pk__in={c.to_id for c in taken}).values_list("pk", "name"))
    versions = _write([(c.item.pk, c.to_id, c.role, note or None) for c in taken])
    said = f"：{note}" if note else ""
    _tell(
        acting,
        {c.item.pk: f"批量派给{Role(c.role).label}{names[c.to_id or 0]}{said}" for c in taken},
    )
    BulkAssignmentLine.objects.bulk_create(
        BulkAssignmentLine(
            bulk=bulk,
            work_item=change.item,
            result=change.result,
            before_id=change.item.assignee_id,
            role_before=change.item.assigned_role,
            note_before=change.item.note,
            after_id=change.to_id,
            version_after=versions.get(change.item.pk, change.item.version),
        )
        for change in plan.changes
    )
    record(
        acting=acting,
        verb="assigned_many",
        subject=bulk,
        detail={"to": to.pk if to else None, "items": [c.item.pk for c in taken]},
    )
    return bulk


def _why_none(plan: Plan) -> str:
    if plan.with_result(Result.UNCHANGED) and len(plan.with_result(Result.UNCHANGED)) == len(
        plan.changes
    ):
        return "勾选的事项现在就在这些人手上，没有要改派的。"
    if plan.with_result(Result.NOBODY):
        return "这些网格到村都没有在岗人员，派不出去。请选一个人，或先到“网格队伍”补人。"
    if plan.with_result(Result.NO_POST):
        return "这个人在这些网格没有可以入户的在任职务。请选别的人。"
    return "勾选的事项都已被别人处理。请返回刷新后再选。"


def _write(rows: list[tuple[int, int | None, str, str | None]]) -> dict[int, int]:
    """Set holders, roles and notes (None keeps the note) at once; the new versions by item."""
    ids, accounts, roles, notes = (list(column) for column in zip(*rows, strict=True))
    return dict(ask(ASSIGN, {"ids": ids, "accounts": accounts, "roles": roles, "notes": notes}))


def _tell(acting: Any, sentences: dict[int, str]) -> None:
    tell_of(acting, WorkItemEvent.Verb.ASSIGNED, sentences.items())


@transaction.atomic
def undo_bulk_assignment(*, acting: Account, bulk: BulkAssignment) -> tuple[int, int]:
    """Give the visits back to who had them, within ten minutes. Returns (given back, kept).

    An item that anybody touched since keeps what it has now. Posts given for a balance go with
    it unless their holder still has work there. Raises Refusal when it is too late.
    """
    locked = BulkAssignment.objects.select_for_update().get(pk=bulk.pk)
    what = "派单" if locked.balanced_id is None else "均衡"
    if locked.by_id != acting.pk:
        raise NotAllowed(f"只有办理的人可以撤回这次{what}。")
    require(acting, Act.ASSIGN_WORK)
    if locked.undone_at is not None:
        raise Refusal(f"这次{what}已经撤回过。", code="undone")
    if timezone.now() - locked.at > UNDO_WITHIN:
        raise Refusal(
            f"{what}已超过 10 分钟，不能整批撤回。请在镇级工作台逐件改派。", code="too_late"
        )
    lines = {line.work_item_id: line for line in locked.lines.filter(result=Result.ASSIGNED)}
    items = WorkItem.objects.select_for_update().filter(pk__in=lines).order_by("pk")
    back = [
        line
        for item in items
        if (line := lines[item.pk]).version_after == item.version
        and item.state == WorkItem.State.TO_VISIT
    ]
    if back:
        _write([(n.work_item_id, n.before_id, n.role_before, n.note_before) for n in back])
        batch = "批量派单" if locked.balanced_id is None else "均衡工作量"
        _tell(acting, {n.work_item_id: f"撤回{batch}，恢复原承办人" for n in back})
    given_back = {line.pk for line in back}
    locked.lines.filter(pk__in=given_back).update(result=Result.UNDONE)
    locked.lines.filter(result=Result.ASSIGNED).update(result=Result.KEPT)
    locked.undone_at, locked.undone_by = timezone.now(), acting
    locked.save(update_fields=["undone_at", "undone_by"])
    withdrawn = _withdraw_posts(acting, locked)
    record(
        acting=acting,
        verb="undid_assigned_many",
        subject=locked,
        detail={"items": sorted(line.work_item_id for line in back), "posts": withdrawn},
    )
    return len(back), len(lines) - len(back)


def _withdraw_posts(acting: Account, bulk: BulkAssignment) -> list[int]:
    """Posts given for the act that nothing hangs on any more: no work in hand, no leave."""
    withdrawn = []
    posts = bulk.posts.select_related("account", "region").filter(leaves=None)
    for post in posts.order_by("pk"):
        in_hand = WorkItem.objects.open().filter(assignee=post.account, code=post.region_id)
        if not in_hand.exists():
            withdrawn.append(post.pk)
            withdraw_post(acting=acting, post=post)
    return withdrawn
