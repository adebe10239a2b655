"""Work items: opened by the floors above, routed to a person, assigned, returned, closed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Min, QuerySet
from django.utils import timezone

from grid.actions.holders import set_holders, tell_of
from grid.models import Account, ClockPause, WorkItem, WorkItemEvent, WorkItemPurpose
from grid.roles import ROLES, VISIT_CHAIN, Act, Role
from grid.scope import holdings_of, may, require
from yizhou.audit import record
from yizhou.refusals import Overtaken, Refusal

VISITING = tuple(role for role, rule in ROLES.items() if Act.RECORD_VISIT in rule.acts)
STRANDED = """
SELECT w.id FROM grid_workitem w JOIN grid_account a ON a.id = w.assignee_id
WHERE w.state = 'to_visit' AND (NOT a.is_active OR NOT EXISTS (
    SELECT 1 FROM grid_post p
    WHERE p.role = ANY(%(roles)s) AND starts_with(w.code, p.region_id)
      AND p.from_on <= %(on)s AND (p.until_on IS NULL OR p.until_on > %(on)s)
      AND (p.account_id = a.id OR EXISTS (
          SELECT 1 FROM grid_leave l
          WHERE l.post_id = p.id AND l.stand_in_id = a.id AND l.state <> 'cancelled'
            AND l.from_on <= %(on)s AND l.until_on > %(on)s))))
"""
NOBODY = "网格到村都没有在岗人员，请乡镇派单。"
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

    Who stands in for an absent holder takes the holder's place. A code whose whole chain is
    vacant is left out; the township dispatches those by hand.
    """
    chain = [role.value for role in VISIT_CHAIN]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT ON (c.code) c.code, a.id, p.role
            FROM unnest(%(codes)s::text[]) AS c(code)
            JOIN grid_post p
              ON p.region_id IN (c.code, left(c.code, 15), left(c.code, 12))
             AND p.role = ANY(%(chain)s)
             AND p.from_on <= %(on)s AND (p.until_on IS NULL OR p.until_on > %(on)s)
            LEFT JOIN grid_leave l
              ON l.post_id = p.id AND l.state <> 'cancelled'
             AND l.from_on <= %(on)s AND l.until_on > %(on)s
            JOIN grid_account a ON a.id = coalesce(l.stand_in_id, p.account_id) AND a.is_active
            ORDER BY c.code, array_position(%(chain)s, p.role::text), p.seat
            """,
            {"codes": sorted(set(codes)), "chain": chain, "on": on},
        )
        return {code: (account, role) for code, account, role in cursor.fetchall()}


# `r`: the requests, one row each; `place` keeps their order.
REQUESTS = """
unnest(%(household_ids)s::bigint[], %(codes)s::text[], %(kinds)s::text[], %(subjects)s::bigint[],
       %(titles)s::text[], %(sentences)s::text[], %(severities)s::integer[], %(days)s::date[])
    WITH ORDINALITY
    AS r(household_id, code, kind, subject, title, sentence, severity, due_on, place)
"""
OPEN_MISSING = f"""
WITH routed AS (
    SELECT * FROM unnest(%(routed)s::text[], %(accounts)s::bigint[], %(roles)s::text[],
                         %(said)s::text[]) AS t(code, account_id, role, sentence)
), wanted AS (
    SELECT DISTINCT ON (r.household_id) r.household_id, r.code, r.severity, r.due_on
    FROM {REQUESTS}
    ORDER BY r.household_id, r.severity, r.due_on, r.place
), opened AS (
    INSERT INTO grid_workitem (household_id, code, severity, state, due_on, assignee_id,
        assigned_role, note, returned_because, opened_at, version)
    SELECT w.household_id, w.code, w.severity, 'to_visit', w.due_on, t.account_id,
           coalesce(t.role, ''), '', '', %(now)s, 1
    FROM wanted w LEFT JOIN routed t ON t.code = w.code
    WHERE NOT EXISTS (SELECT 1 FROM grid_workitem i
                      WHERE i.household_id = w.household_id AND i.state <> 'closed')
    ORDER BY w.household_id
    ON CONFLICT DO NOTHING
    RETURNING id, code
), told AS (
    INSERT INTO grid_workitemevent (work_item_id, verb, at, by_name, sentence)
    SELECT o.id, 'opened', %(now)s, %(by)s, coalesce(t.sentence, %(nobody)s)
    FROM opened o LEFT JOIN routed t ON t.code = o.code
    ORDER BY o.id
)
SELECT id FROM opened ORDER BY id
"""  # noqa: S608 - the pieces are constants of this module
ADD_PURPOSES = f"""
INSERT INTO grid_workitempurpose (work_item_id, kind, subject, title, sentence, severity, due_on,
    state, added_at)
SELECT i.id, r.kind, r.subject, r.title, r.sentence, r.severity, r.due_on, 'wanted', %(now)s
FROM {REQUESTS}
JOIN grid_workitem i ON i.household_id = r.household_id AND i.state <> 'closed'
WHERE NOT EXISTS (SELECT 1 FROM grid_workitempurpose p
                  WHERE p.work_item_id = i.id AND p.kind = r.kind AND p.subject = r.subject
                    AND p.state IN ('wanted', 'reported'))
ORDER BY r.place
ON CONFLICT DO NOTHING
RETURNING work_item_id, title, severity, due_on
"""  # noqa: S608 - the pieces are constants of this module


@transaction.atomic
def open_work_items(
    *, acting: Any, requests: Sequence[VisitRequest], at: datetime | None = None
) -> Opened:
    """Put purposes on the households' open work items, opening and routing those that lack one.

    Nobody knocks twice: one open item a household, by database constraint. Repeating a request
    with the same (kind, subject) changes nothing. `at`: since when they count as open, if not now.
    """
    if not requests:
        return Opened(0, 0)
    values = _as_arrays(requests) | {"now": at or timezone.now()}
    # Under their locks: an item found open must not be closed before its purpose is added.
    list(_open_items(values))
    new = _open_missing(acting, values)
    grown = _add_purposes(acting, values, new)
    return Opened(new=len(new), grown=grown)


def _open_items(values: Mapping[str, Any]) -> QuerySet[WorkItem]:
    """The households' open items, locked in the order in which everybody locks them."""
    households = set(values["household_ids"])
    open_items: QuerySet[WorkItem] = WorkItem.objects.open().filter(household__in=households)
    return open_items.order_by("pk").select_for_update()


def _as_arrays(requests: Sequence[VisitRequest]) -> dict[str, Any]:
    return {
        "household_ids": [r.household_id for r in requests],
        "codes": [r.code for r in requests],
        "kinds": [r.kind for r in requests],
        "subjects": [r.subject for r in requests],
        "titles": [r.title for r in requests],
        "sentences": [r.sentence for r in requests],
        "severities": [int(r.severity) for r in requests],
        "days": [r.due_on for r in requests],
    }


def _open_missing(acting: Any, values: Mapping[str, Any]) -> set[int]:
    """Insert an item for each household without an open one; returns the new items' ids.

    A concurrent run may have opened one meanwhile: the partial unique index lets one win.
    """
    routes = route(values["codes"], on=timezone.localdate())
    names = dict(
        Account.objects.filter(pk__in={a for a, _ in routes.values()}).values_list("pk", "name")
    )
    routed = {
        "routed": list(routes),
        "accounts": [account for account, _ in routes.values()],
        "roles": [role for _, role in routes.values()],
        "said": [f"自动派给{Role(role).label}{names[pk]}" for pk, role in routes.values()],
        "nobody": NOBODY,
        "by": acting.display_name,
    }
    with connection.cursor() as cursor:
        cursor.execute(OPEN_MISSING, {**values, **routed})
        new = [item for (item,) in cursor.fetchall()]
    if new:
        record(
            acting=acting,
            verb="opened_work_items",
            subject=("grid.workitem", new[0]),
            detail={"count": len(new), "first": new[0], "last": new[-1]},
        )
    return set(new)


def _routed_sentence(item: WorkItem) -> str:
    if item.assignee is None:
        return NOBODY
    return f"自动派给{Role(item.assigned_role).label}{item.assignee.name}"


def _add_purposes(acting: Any, values: Mapping[str, Any], new: set[int]) -> int:
    """Add what is not there yet; an item that grows takes the gravest severity and nearest day."""
    items = {item.pk: item for item in _open_items(values) if item.pk not in new}
    if len(items) + len(new) != len(set(values["household_ids"])):
        raise RuntimeError("a visit was opened and closed by others meanwhile; to be tried again")
    with connection.cursor() as cursor:
        cursor.execute(ADD_PURPOSES, values)
        added = cursor.fetchall()
    by_item: dict[int, list[tuple[str, int, date]]] = defaultdict(list)
    for item_id, *purpose in added:
        if item_id in items:
            by_item[item_id].append(tuple(purpose))
    for item_id, purposes in by_item.items():
        item = items[item_id]
        item.severity = min(item.severity, *(severity for _, severity, _ in purposes))
        item.due_on = min(item.due_on, *(due_on for _, _, due_on in purposes))
        item.state = State.TO_VISIT
        item.version += 1
    grown = [items[pk] for pk in by_item]
    WorkItem.objects.bulk_update(grown, ["severity", "due_on", "state", "version"], batch_size=500)
    WorkItemEvent.objects.bulk_create(
        [
            WorkItemEvent(
                work_item_id=pk,
                verb=Verb.GREW,
                by_name=acting.display_name,
                sentence="、".join(title for title, _, _ in purposes)[:300],
            )
            for pk, purposes in by_item.items()
        ],
        batch_size=1000,
    )
    return len(grown)


@transaction.atomic
def reroute_stranded_items(*, acting: Any) -> int:
    """Open visits whose holder left the post or whose account was closed go the way of a new one.

    Where nobody is in post up to the village they wait for the township. Returns how many moved.
    """
    today = timezone.localdate()
    with connection.cursor() as cursor:
        cursor.execute(STRANDED, {"roles": [role.value for role in VISITING], "on": today})
        stranded = [row[0] for row in cursor.fetchall()]
    items = list(WorkItem.objects.select_for_update().filter(pk__in=stranded).order_by("pk"))
    send_down_the_chain(items, on=today)
    for item in WorkItem.objects.filter(pk__in=stranded).select_related("assignee"):
        _note(item, Verb.HANDED_OVER, acting, f"原承办人已不在岗，{_routed_sentence(item)}")
        record(
            acting=acting,
            verb="rerouted_work_item",
            subject=item,
            detail={"assignee": item.assignee_id},
        )
    return len(items)


def send_down_the_chain(items: Sequence[WorkItem], *, on: date) -> None:
    """The locked items go to whoever visits there first, or to nobody."""
    routes = route((item.code for item in items), on=on)
    set_holders([(item.pk, *routes.get(item.code, (None, ""))) for item in items])


@transaction.atomic
def update_purposes(*, acting: Any, changed: Sequence[VisitRequest]) -> None:
    """The sender knows more or less now: new sentence, severity and day on purposes already there.

    An item is as grave as its gravest live purpose; its day only comes nearer.
    """
    purposes = {
        (p.kind, p.subject): p
        for p in WorkItemPurpose.objects.filter(
            kind__in={r.kind for r in changed},
            subject__in=[r.subject for r in changed],
            state__in=[PurposeState.WANTED, PurposeState.REPORTED],
        )
    }
    touched: list[WorkItemPurpose] = []
    nearer: dict[int, date] = {}
    # The sender's day does not know that the clock was paused: only graver news brings it back.
    paused = ClockPause.objects.filter(work_item__in=[p.work_item_id for p in purposes.values()])
    put_off = set(paused.values_list("work_item_id", flat=True))
    for r in changed:
        if purpose := purposes.get((r.kind, r.subject)):
            graver = r.severity < purpose.severity
            purpose.sentence, purpose.severity = r.sentence, r.severity
            if r.due_on < purpose.due_on and (graver or purpose.work_item_id not in put_off):
                purpose.due_on = r.due_on
                item_id = purpose.work_item_id
                nearer[item_id] = min(nearer.get(item_id, r.due_on), r.due_on)
            touched.append(purpose)
    WorkItemPurpose.objects.bulk_update(touched, ["sentence", "severity", "due_on"], batch_size=500)
    _regrade({p.work_item_id for p in touched}, nearer)


def _regrade(item_ids: set[int], nearer: Mapping[int, date]) -> None:
    gravest = dict(
        WorkItemPurpose.objects.filter(
            work_item__in=item_ids, state__in=[PurposeState.WANTED, PurposeState.REPORTED]
        )
        .order_by()
        .values_list("work_item_id")
        .annotate(Min("severity"))
    )
    moved = []
    for item in WorkItem.objects.select_for_update().filter(pk__in=item_ids).order_by("pk"):
        due_on = min(item.due_on, nearer.get(item.pk, item.due_on))
        if (item.severity, item.due_on) != (gravest[item.pk], due_on):
            item.severity, item.due_on = gravest[item.pk], due_on
            item.version += 1
            moved.append(item)
    WorkItem.objects.bulk_update(moved, ["severity", "due_on", "version"], batch_size=500)


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
    """The account's nearest current post over `code` that carries visits, own or stood in for."""
    return visiting_roles(account, [code])[code]


def visiting_roles(account: Account, codes: Iterable[str]) -> dict[str, Role | None]:
    """visiting_role() for many codes; one query."""
    held = holdings_of(account, timezone.localdate()) if account.is_active else ()
    posts = sorted(
        ((h.region, h.role) for h in held if h.region and h.role in VISITING),
        key=lambda post: (-len(post[0]), VISITING.index(post[1])),
    )
    return {
        code: next((role for place, role in posts if code.startswith(place)), None)
        for code in set(codes)
    }


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
    tell_of(acting, Verb.CLOSED, ((pk, sentence) for pk in done))
    return count


def _note(item: WorkItem, verb: Verb, acting: Any, sentence: str) -> None:
    WorkItemEvent.objects.create(
        work_item=item, verb=verb, by_name=acting.display_name, sentence=sentence[:300]
    )
