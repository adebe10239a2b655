"""What each visitor has in hand: visits to make, hours, households; and how to even it out.

Listed by place. Nobody is ranked: counts say what is still to do, never how busy a phone was.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db.models import Count
from psycopg2 import sql

from grid.models import Account, Household, Region, VisitMinutes, WorkItem
from grid.roles import CODE_LENGTH, Level, Role
from grid.visitors import VISITING, Visitor, visitors_within
from yizhou.statements import ask

MOST_MOVES = 60  # of one proposal: more is a new assignment, not a balance
# Minutes of one item: the longest of its live purposes, since it is one knock at one door.
MINUTES = sql.SQL(
    """
coalesce((SELECT max(coalesce(m.minutes, %(rest)s)) FROM grid_workitempurpose p
          LEFT JOIN unnest(%(kinds)s::text[], %(minutes)s::integer[]) AS m(kind, minutes)
            ON m.kind = p.kind
          WHERE p.work_item_id = w.id AND p.state = 'wanted'), %(rest)s)
"""
)
COUNTS = sql.SQL(
    """
SELECT w.assignee_id, count(*), count(*) FILTER (WHERE w.due_on <= %(week_end)s),
       count(*) FILTER (WHERE w.due_on < %(on)s), sum({minutes})
FROM grid_workitem w
WHERE w.state = 'to_visit' AND w.assignee_id IS NOT NULL
  AND w.code >= %(low)s AND w.code < %(high)s
GROUP BY w.assignee_id
"""
)
OF_EACH = sql.SQL(
    "SELECT w.id, {minutes} FROM grid_workitem w WHERE w.id = ANY (%(items)s::bigint[])"
)


def week_end(on: date) -> date:
    """The Sunday of the week."""
    return on + timedelta(days=6 - on.weekday())


def minutes_on(day: date) -> dict[str, int]:
    """Minutes of a visit by kind of purpose; "" for every other kind. Empty: no figure is set."""
    return dict(VisitMinutes.objects.on(day).values_list("kind", "minutes"))


def unconfirmed_minutes(day: date) -> bool:
    return VisitMinutes.objects.on(day).filter(is_confirmed=False).exists()


@dataclass(slots=True)
class WorkerLoad:
    """One person's visits to make in the region. `minutes` is None when no figure is set."""

    account: Account
    posts: list[Visitor] = field(default_factory=list)
    to_visit: int = 0
    this_week: int = 0
    overdue: int = 0
    minutes: int | None = None
    households: int = 0

    @property
    def hours(self) -> float | None:
        return None if self.minutes is None else round(self.minutes / 60, 1)

    @property
    def place(self) -> str:
        return self.posts[0].region if self.posts else "~"

    @property
    def is_stranded(self) -> bool:
        return not self.posts


# Columns a reader may sort by, by clicking; without a click the list stands by place.
SORTS = ("to_visit", "this_week", "overdue", "minutes", "households")


def loads_in(region: Region, *, on: date, sort: str = "") -> list[WorkerLoad]:
    """Everybody with a visiting post or a visit to make in the region. 6 queries."""
    minutes = minutes_on(on)
    values = {
        "on": on,
        "week_end": week_end(on),
        "low": region.code,
        "high": f"{region.code}~",
        **_figures(minutes),
    }
    counts = {account: rest for account, *rest in ask(COUNTS.format(minutes=MINUTES), values)}
    loads: dict[int, WorkerLoad] = {}
    for visitor in visitors_within((region.code,), on=on):
        load = loads.setdefault(visitor.account.pk, WorkerLoad(visitor.account))
        load.posts.append(visitor)
    for account in Account.objects.filter(pk__in=set(counts) - set(loads)):
        loads[account.pk] = WorkerLoad(account)
    homes = _households(region)
    for pk, load in loads.items():
        load.to_visit, load.this_week, load.overdue, total = counts.get(pk, (0, 0, 0, 0))
        load.minutes = int(total) if minutes else None
        load.households = sum(homes[place] for place in _roots(load.posts))
    return _sorted(list(loads.values()), sort)


def _figures(minutes: dict[str, int]) -> dict[str, object]:
    kinds = [kind for kind in minutes if kind]
    return {
        "kinds": kinds,
        "minutes": [minutes[kind] for kind in kinds],
        "rest": minutes.get("", 0),
    }


def _roots(posts: Sequence[Visitor]) -> list[str]:
    """The posts' places without those inside another of them: no household counts twice."""
    places = sorted({post.region for post in posts})
    return [p for p in places if not any(p != q and p.startswith(q) for q in places)]


def _households(region: Region) -> Counter[str]:
    """Living households of every place of the region and above it, by code."""
    homes: Counter[str] = Counter()
    counted = (
        Household.objects.living()
        .filter(cell__gte=region.code, cell__lt=f"{region.code}~")
        .order_by()
        .values_list("cell")
        .annotate(Count("pk"))
    )
    for cell, count in counted:
        for length in CODE_LENGTH.values():
            homes[cell[:length]] += count
    return homes


def _sorted(loads: list[WorkerLoad], sort: str) -> list[WorkerLoad]:
    def by_place(load: WorkerLoad) -> tuple[str, int, int]:
        role = VISITING.index(load.posts[0].role) if load.posts else 0
        return load.place, role, load.account.pk

    ordered = sorted(loads, key=by_place)
    if sort in SORTS:
        ordered.sort(key=lambda load: -(getattr(load, sort) or 0))
    return ordered


# Balance: whole items from the most to the least loaded first-level workers of one place


@dataclass(frozen=True, slots=True)
class Move:
    """One item that would change hands, and why. Minutes in hand before and after, of both."""

    item: WorkItem
    giver: Account
    taker: Account
    minutes: int
    giver_before: int
    taker_before: int

    @property
    def pick(self) -> str:
        return f"{self.item.pk}-{self.item.version}-{self.taker.pk}"

    @property
    def reason(self) -> str:
        return (
            f"{self.giver.name}手上约 {_hours(self.giver_before)} 小时，"
            f"{self.taker.name}约 {_hours(self.taker_before)} 小时；"
            f"移后 {_hours(self.giver_before - self.minutes)} 和 "
            f"{_hours(self.taker_before + self.minutes)} 小时"
        )


def _hours(minutes: int) -> str:
    return f"{minutes / 60:.1f}"


@dataclass(slots=True)
class Balance:
    """A proposal for one hamlet or village: minutes of each first-level worker before, after."""

    workers: list[Account]
    before: Counter[int]
    after: Counter[int]
    moves: list[Move]

    @property
    def lines(self) -> list[tuple[Account, str, str]]:
        return [(w, _hours(self.before[w.pk]), _hours(self.after[w.pk])) for w in self.workers]


def first_workers(region: Region, *, on: date) -> list[Account]:
    """First-level workers in post in the region, those standing in included, by place."""
    held = [v for v in visitors_within((region.code,), on=on) if v.role == Role.GRID_WORKER_1]
    return list({v.account.pk: v.account for v in sorted(held, key=lambda v: v.region)}.values())


def propose_balance(region: Region, *, on: date) -> Balance:
    """Moves that make the busiest less busy, whole items only; nothing is written. 6 queries.

    A visit sent back for completion stays with who made it; the least urgent go first.
    """
    workers = first_workers(region, on=on)
    items = list(
        WorkItem.objects.to_visit()
        .filter(code__gte=region.code, code__lt=f"{region.code}~", assignee__in=workers)
        .select_related("household__head")
        .order_by("-due_on", "-severity", "pk")
    )
    minutes = minutes_of(items, on=on)
    before: Counter[int] = Counter({worker.pk: 0 for worker in workers})
    for item in items:
        before[item.assignee_id or 0] += minutes[item.pk]
    after = Counter(before)
    moves: list[Move] = []
    movable: dict[int, list[WorkItem]] = defaultdict(list)
    for item in items:
        if not item.returned_because:
            movable[item.assignee_id or 0].append(item)
    by_pk = {worker.pk: worker for worker in workers}
    while len(workers) > 1 and len(moves) < MOST_MOVES:
        giver = max(by_pk, key=lambda pk: (after[pk], -pk))
        taker = min(by_pk, key=lambda pk: (after[pk], pk))
        gap = after[giver] - after[taker]
        item_ = next((i for i in movable[giver] if 0 < minutes[i.pk] < gap), None)
        if item_ is None:
            break
        cost = minutes[item_.pk]
        moves.append(Move(item_, by_pk[giver], by_pk[taker], cost, after[giver], after[taker]))
        movable[giver].remove(item_)
        after[giver] -= cost
        after[taker] += cost
    return Balance(workers, before, after, moves)


def minutes_of(items: Iterable[WorkItem], *, on: date) -> dict[int, int]:
    """Estimated minutes of each item; 0 where no figure is set. 2 queries."""
    values = {"items": [item.pk for item in items], **_figures(minutes_on(on))}
    return {pk: int(m) for pk, m in ask(OF_EACH.format(minutes=MINUTES), values)}


def hamlets_to_balance(region: Region, *, on: date) -> list[tuple[Region, int]]:
    """Hamlets of the region with several first-level workers, and how many. 3 queries."""
    held = visitors_within((region.code,), on=on)
    workers: dict[str, set[int]] = defaultdict(set)
    for visitor in held:
        if visitor.role == Role.GRID_WORKER_1:
            workers[visitor.region[:15]].add(visitor.account.pk)
    several = {tun: len(people) for tun, people in workers.items() if len(people) > 1}
    tuns = Region.objects.standing().at(Level.TUN).filter(code__in=several)
    return [(tun, several[tun.code]) for tun in tuns]
