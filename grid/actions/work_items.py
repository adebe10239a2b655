"""Work items: opened by the floors above, routed to a person, assigned, returned, closed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Least
from django.utils import timezone

from grid.models import Account, Post, WorkItem, WorkItemEvent, WorkItemPurpose
from grid.roles import ROLES, VISIT_CHAIN, Act, Role
from grid.scope import may, require
from yizhou.audit import record
from yizhou.refusals import Overtaken, Refusal

VISITING = tuple(role for role, rule in ROLES.items() if Act.RECORD_VISIT in rule.acts)
STRANDED = """
SELECT w.id FROM grid_workitem w JOIN grid_account a ON a.id = w.assignee_id
WHERE w.state = 'to_visit' AND (NOT a.is_active OR NOT EXISTS (
    SELECT 1 FROM grid_post p
    WHERE p.account_id = a.id AND p.role = ANY(%s) AND starts_with(w.code, p.region_id)
      AND p.from_on <= %s AND (p.until_on IS NULL OR p.until_on > %s)))
"""
State = WorkItem.State
PurposeState = WorkItemPurpose.State
Verb = WorkItemEvent.Verb


@dataclass(frozen=True, slots=True)
class VisitRequest:
    """One purpose for one household's next visit. `subject` is known to the sender alone."""

    household_id: int
    code: str
    kind: str
    subject: int
    title: str
    sentence: str
    severity: int
    due_on: date


@dataclass(frozen=True, slots=True)
class Opened:
    """How many work items were new, and how many open ones took a further purpose."""

    new: int
    grown: int


def route(codes: Iterable[str], *, on: date) -> dict[str, tuple[int, str]]:
    """For each grid code the account and role that visits: the first filled post of VISIT_CHAIN.

    A code whose whole chain is vacant is left out; the township dispatches those by hand.
    """
    chain = [role.value for role in VISIT_CHAIN]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT ON (c.code) c.code, p.account_id, p.role
            FROM unnest(%s::text[]) AS c(code)
            JOIN grid_post p
              ON p.region_id IN (c.code, left(c.code, 15), left(c.code, 12))
             AND p.role = ANY(%s)
             AND p.from_on <= %s AND (p.until_on IS NULL OR p.until_on > %s)
            JOIN grid_account a ON a.id = p.account_id AND a.is_active
            ORDER BY c.code, array_position(%s, p.role::text), p.seat
            """,
            [sorted(set(codes)), chain, on, on, chain],
        )
        return {code: (account, role) for code, account, role in cursor.fetchall()}


@transaction.atomic
def open_work_items(*, acting: Any, requests: Sequence[VisitRequest]) -> Opened:
    """Put purposes on the households' open work items, opening and routing those that lack one.

    Nobody knocks twice: one open item a household, by database constraint. Repeating a request
    with the same (kind, subject) changes nothing.
    """
    if not requests:
        return Opened(0, 0)
    gravest: dict[int, VisitRequest] = {}
    for wanted in requests:
        best = gravest.get(wanted.household_id)
        if best is None or (wanted.severity, wanted.due_on) < (best.severity, best.due_on):
            gravest[wanted.household_id] = wanted
    new = _open_missing(acting, gravest)
    grown = _add_purposes(acting, requests, new)
    return Opened(new=len(new), grown=grown)


def _open_missing(acting: Any, gravest: dict[int, VisitRequest]) -> set[int]:
    """Insert an item for each household without an open one; returns the new items' ids."""
    held = set(
        WorkItem.objects.open().filter(household__in=gravest).values_list("household_id", flat=True)
    )
    missing = [wanted for household, wanted in gravest.items() if household not in held]
    routes = route((wanted.code for wanted in missing), on=timezone.localdate())
    fresh = []
    for wanted in missing:
        account_id, role = routes.get(wanted.code, (None, ""))
        fresh.append(
            WorkItem(
                household_id=wanted.household_id,
                code=wanted.code,
                severity=wanted.severity,
                due_on=wanted.due_on,
                assignee_id=account_id,
                assigned_role=role,
            )
        )
    before = timezone.now()
    # A concurrent run may have opened one meanwhile: the partial unique index lets one win.
    WorkItem.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=1000)
    items = list(
        WorkItem.objects.open()
        .filter(household__in=[w.household_id for w in missing], opened_at__gte=before)
        .select_related("assignee")
    )
    WorkItemEvent.objects.bulk_create(
        [
            WorkItemEvent(
                work_item=item,
                verb=Verb.OPENED,
                by_name=acting.display_name,
                sentence=_routed_sentence(item),
            )
            for item in items
        ],
        batch_size=1000,
    )
    if items:
        record(
            acting=acting,
            verb="opened_work_items",
            subject=("grid.workitem", items[0].pk),
            detail={"count": len(items), "first": items[0].pk, "last": items[-1].pk},
        )
    return {item.pk for item in items}


def _routed_sentence(item: WorkItem) -> str:
    if item.assignee is None:
        return "网格到村都没有在岗人员，请乡镇派单。"
    return f"自动派给{Role(item.assigned_role).label}{item.assignee.name}"


def _add_purposes(acting: Any, requests: Sequence[VisitRequest], new: set[int]) -> int:
    """Add what is not there yet; an item that grows takes the gravest severity and nearest day."""
    items = {
        item.household_id: item
        for item in WorkItem.objects.open()
        .filter(household__in={r.household_id for r in requests})
        .order_by("pk")
        .select_for_update()
    }
    known = set(
        WorkItemPurpose.objects.filter(
            work_item__in=items.values(), state__in=[PurposeState.WANTED, PurposeState.REPORTED]
        ).values_list("kind", "subject")
    )
    fresh = [r for r in requests if (r.kind, r.subject) not in known]
    WorkItemPurpose.objects.bulk_create(
        [
            WorkItemPurpose(
                work_item=items[r.household_id],
                kind=r.kind,
                subject=r.subject,
                title=r.title,
                sentence=r.sentence,
                severity=r.severity,
                due_on=r.due_on,
            )
            for r in fresh
        ],
        ignore_conflicts=True,
        batch_size=1000,
    )
    by_item: dict[int, list[VisitRequest]] = defaultdict(list)
    for r in fresh:
        by_item[items[r.household_id].pk].append(r)
    grown = [item for item in items.values() if item.pk in by_item and item.pk not in new]
    for item in grown:
        added = by_item[item.pk]
        item.severity = min(item.severity, *(r.severity for r in added))
        item.due_on = min(item.due_on, *(r.due_on for r in added))
        item.state = State.TO_VISIT
        item.version += 1
    WorkItem.objects.bulk_update(grown, ["severity", "due_on", "state", "version"], batch_size=500)
    WorkItemEvent.objects.bulk_create(
        [
            WorkItemEvent(
                work_item_id=item.pk,
                verb=Verb.GREW,
                by_name=acting.display_name,
                sentence="、".join(r.title for r in by_item[item.pk])[:300],
            )
            for item in grown
        ]
    )
    return len(grown)


@transaction.atomic
def reroute_stranded_items(*, acting: Any) -> int:
    """Open visits whose holder left the post or whose account was closed go the way of a new one.

    Where nobody is in post up to the village they wait for the township. Returns how many moved.
    """
    today = timezone.localdate()
    with connection.cursor() as cursor:
        cursor.execute(STRANDED, [[role.value for role in VISITING], today, today])
        stranded = [row[0] for row in cursor.fetchall()]
    items = list(WorkItem.objects.select_for_update().filter(pk__in=stranded).order_by("pk"))
    routes = route((item.code for item in items), on=today)
    for item in items:
        item.assignee_id, item.assigned_role = routes.get(item.code, (None, ""))
        item.version += 1
    WorkItem.objects.bulk_update(items, ["assignee", "assigned_role", "version"], batch_size=500)
    for item in WorkItem.objects.filter(pk__in=stranded).select_related("assignee"):
        _note(item, Verb.HANDED_OVER, acting, f"原承办人已不在岗，{_routed_sentence(item)}")
        record(
            acting=acting,
            verb="rerouted_work_item",
            subject=item,
            detail={"assignee": item.assignee_id},
        )
    return len(items)


@transaction.atomic
def update_purposes(*, acting: Any, changed: Sequence[VisitRequest]) -> None:
    """The sender's evidence grew: new sentence, severity and day on purposes already there."""
    purposes = {
        (p.kind, p.subject): p
        for p in WorkItemPurpose.objects.filter(
            kind__in={r.kind for r in changed},
            subject__in=[r.subject for r in changed],
            state__in=[PurposeState.WANTED, PurposeState.REPORTED],
        ).select_related("work_item")
    }
    touched = []
    for r in changed:
        if purpose := purposes.get((r.kind, r.subject)):
            purpose.sentence, purpose.severity = r.sentence, r.severity
            purpose.due_on = min(purpose.due_on, r.due_on)
            touched.append(purpose)
    WorkItemPurpose.objects.bulk_update(touched, ["sentence", "severity", "due_on"], batch_size=500)
    for purpose in touched:
        WorkItem.objects.filter(pk=purpose.work_item_id).filter(
            Q(severity__gt=purpose.severity) | Q(due_on__gt=purpose.due_on)
        ).update(
            severity=Least("severity", purpose.severity),
            due_on=Least("due_on", purpose.due_on),
            version=F("version") + 1,
        )


@transaction.atomic
def assign_work_item(
    *,
    acting: Account,
    item: WorkItem,
    assignee: Account,
    version_seen: int,
    due_on: date | None = None,
    note: str = "",
) -> None:
    """Give the visit to somebody with a post over that place. Raises Refusal, Overtaken."""
    require(acting, Act.ASSIGN_WORK, code=item.code)
    role = visiting_role(assignee, item.code)
    if role is None:
        raise Refusal("这个人在该网格没有可以入户的在任职务，请选别的人。", code="no_post")
    _check_due(acting, item, due_on, note)
    changed = WorkItem.objects.filter(
        pk=item.pk, version=version_seen, state=State.TO_VISIT
    ).update(
        assignee=assignee,
        assigned_role=role,
        due_on=due_on or F("due_on"),
        note=note,
        version=F("version") + 1,
    )
    if not changed:
        raise Overtaken()
    sentence = f"派给{role.label}{assignee.name}" + (f"：{note}" if note else "")
    _note(item, Verb.ASSIGNED, acting, sentence)
    record(acting=acting, verb="assigned_work_item", subject=item, detail={"assignee": assignee.pk})


def _check_due(acting: Account, item: WorkItem, due_on: date | None, note: str) -> None:
    """Anybody who assigns may bring the day forward; putting it off needs the settler's reason."""
    if due_on is None or due_on == item.due_on:
        return
    if due_on < timezone.localdate():
        raise Refusal("入户时限不能早于今天。", code="due_past")
    if due_on > item.due_on:
        if not may(acting, Act.SETTLE_ALERT, code=item.code):
            raise Refusal("入户时限只能提前。要延后，请乡镇审核员办理。", code="due_later")
        if len(note.strip()) < 4:
            raise Refusal("延后入户时限，请在交办说明里写明原因（至少 4 个字）。", code="note")


def visiting_role(account: Account, code: str) -> Role | None:
    """The account's nearest current post over `code` that carries visits."""
    posts = (
        Post.objects.filter(account=account, account__is_active=True)
        .current(timezone.localdate())
        .exclude(region=None)
    )
    fitting = [
        Role(p.role)
        for p in sorted(posts, key=lambda p: -len(p.region_id or ""))
        if code.startswith(p.region_id or "-") and Act.RECORD_VISIT in ROLES[Role(p.role)].acts
    ]
    return fitting[0] if fitting else None


@transaction.atomic
def return_work_item(*, acting: Account, item: WorkItem, version_seen: int, reason: str) -> None:
    """Send a reported visit back for completion; every reported purpose is wanted again."""
    if len(reason.strip()) < 4:
        raise Refusal("请写清楚要补充什么（至少 4 个字）。", code="reason_missing")
    changed = WorkItem.objects.filter(pk=item.pk, version=version_seen, state=State.VISITED).update(
        state=State.TO_VISIT, returned_because=reason, version=F("version") + 1
    )
    if not changed:
        raise Overtaken()
    WorkItemPurpose.objects.filter(work_item=item, state=PurposeState.REPORTED).update(
        state=PurposeState.WANTED
    )
    _note(item, Verb.RETURNED, acting, reason)
    record(acting=acting, verb="returned_work_item", subject=item, reason=reason)


@transaction.atomic
def end_purposes(
    *, acting: Any, kind: str, subjects: Sequence[int], state: PurposeState, sentence: str
) -> int:
    """Settle or drop purposes; an item without any left is closed. Returns items closed."""
    purposes = WorkItemPurpose.objects.filter(
        kind=kind,
        subject__in=subjects,
        state__in=[PurposeState.WANTED, PurposeState.REPORTED],
    )
    items = list(purposes.values_list("work_item_id", flat=True))
    # A screening may be adding a purpose: what is left is only known under the items' locks.
    list(WorkItem.objects.select_for_update().filter(pk__in=items).order_by("pk"))
    purposes.update(state=state)
    left: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for pk, severity, still in WorkItemPurpose.objects.filter(
        work_item__in=items, state__in=[PurposeState.WANTED, PurposeState.REPORTED]
    ).values_list("work_item_id", "severity", "state"):
        left[pk].append((severity, still))
    for pk, rest in left.items():
        all_reported = all(still == PurposeState.REPORTED for _, still in rest)
        WorkItem.objects.filter(pk=pk).update(
            severity=min(severity for severity, _ in rest),
            state=State.VISITED if all_reported else State.TO_VISIT,
            version=F("version") + 1,
        )
    done = [pk for pk in set(items) if pk not in left]
    closed = WorkItem.objects.filter(pk__in=done).exclude(state=State.CLOSED)
    count = closed.update(state=State.CLOSED, closed_at=timezone.now(), version=F("version") + 1)
    WorkItemEvent.objects.bulk_create(
        [
            WorkItemEvent(
                work_item_id=pk,
                verb=Verb.CLOSED,
                by_name=acting.display_name,
                sentence=sentence[:300],
            )
            for pk in done
        ]
    )
    return count


def _note(item: WorkItem, verb: Verb, acting: Any, sentence: str) -> None:
    WorkItemEvent.objects.create(
        work_item=item, verb=verb, by_name=acting.display_name, sentence=sentence[:300]
    )
