"""The visit plan as plain reading: rhythms of a day, whom they mean, how much work that is.

Pages, actions and the phone's pack ask here; nothing here writes.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, F, Q
from django.db.models.functions import Left
from django.utils import timezone
from psycopg2.sql import SQL, Composable, Literal

from grid.models import PlanEntry, Region, Rhythm, VisitCategory
from grid.scope import ABOVE_ALL_CODES
from grid.visit_groups import BY_KEY, GROUPS, Group, is_known, members
from yizhou.statements import ask

State = PlanEntry.State
AWAY_WITHIN = 366  # days a visit tells whether the family is away; to be confirmed


@dataclass(frozen=True, slots=True)
class Wish:
    """One group's rhythm, in force or only proposed (`pk` None)."""

    key: str
    months: int
    away_months: int
    from_on: date
    pk: int | None = None


def categories_on(day: date) -> list[Wish]:
    return [
        Wish(row.key, row.months, row.away_months, row.from_on, row.pk)
        for row in VisitCategory.objects.on(day)
    ]


# Of several groups the shortest rhythm counts, then the order of GROUPS. Away: said at the last
# visit, made by phone, or nobody was met.
WANTED = SQL(
    """
SELECT DISTINCT ON (h.id) h.id AS household_id, h.code, h.number, c.pk AS category_id, c.key,
       c.from_on,
       CASE WHEN away.is_away AND c.away_months > 0 THEN c.away_months ELSE c.months END AS months,
       CASE WHEN away.is_away AND c.away_months > 0 THEN 'phone' ELSE 'in_person' END AS mode
FROM ({members}) m
JOIN unnest({keys}::text[], {months}::integer[], {aways}::integer[], {froms}::date[],
            {pks}::bigint[], {ranks}::integer[])
     AS c(key, months, away_months, from_on, pk, rank) ON c.key = m.key
JOIN grid_household h ON h.id = m.household_id AND h.dissolved_on IS NULL AND {place}
LEFT JOIN (
    SELECT DISTINCT ON (v.household_id) v.household_id,
           v.mode IN ('phone', 'not_met')
           OR (v.answers->>'away' ~ '^[0-9]{{1,3}}$'
               AND (v.answers->>'away')::integer >= l.size) AS is_away
    FROM grid_visit v JOIN grid_household l ON l.id = v.household_id
    WHERE v.visited_at > {since}::date AND NOT EXISTS (
        SELECT 1 FROM grid_visit newer WHERE newer.corrects_id = v.id)
    ORDER BY v.household_id, v.visited_at DESC
) away ON away.household_id = h.id
ORDER BY h.id,
         CASE WHEN away.is_away AND c.away_months > 0 THEN c.away_months ELSE c.months END,
         c.rank"""
)


def wanted_by(wishes: Sequence[Wish], day: date, *, place: str = "") -> Composable:
    """SELECT household_id, code, number, category_id, key, from_on, months, mode: one row for
    each living household that any rhythm asks to be visited. `place`: only below this code.
    """
    used = [w for w in wishes if w.months]
    order = {group.key: n for n, group in enumerate(GROUPS)}
    below = (
        SQL("h.code >= {} AND h.code < {}").format(Literal(place), Literal(place + ABOVE_ALL_CODES))
        if place
        else SQL("TRUE")
    )
    return WANTED.format(
        members=members((w.key for w in used), day),
        keys=Literal([w.key for w in used]),
        months=Literal([w.months for w in used]),
        aways=Literal([w.away_months for w in used]),
        froms=Literal([str(w.from_on) for w in used]),
        pks=Literal([w.pk for w in used]),
        ranks=Literal([order.get(w.key, len(order)) for w in used]),
        since=Literal(str(day - timedelta(days=AWAY_WITHIN))),
        place=below,
    )


# ---- periods ----


@dataclass(frozen=True, slots=True)
class Span:
    """The period of a rhythm a day lies in, and the days its visits may still begin on."""

    months: int
    period_from: date
    period_until: date
    days: tuple[date, ...]

    @property
    def middle(self) -> date:
        """A rhythm that begins later than this waits for the next period."""
        return self.period_from + (self.period_until - self.period_from) / 2


def period_of(months: int, day: date) -> tuple[date, date]:
    """(first day, first day after) of the calendar period of so many months."""
    first = (day.month - 1) // months * months + 1
    start = date(day.year, first, 1)
    after = first + months
    return start, date(day.year + (after > 12), (after - 1) % 12 + 1, 1)


def slots_of(today: date) -> list[Span]:
    """For each rhythm the running period and its remaining weeks: today, then the Mondays."""
    return [weeks_between(months, *period_of(months, today), today=today) for months in RHYTHMS]


def weeks_between(months: int, start: date, until: date, *, today: date) -> Span:
    first = max(start, today)
    days = [first]
    monday = first + timedelta(days=7 - first.weekday())
    while monday < until:
        days.append(monday)
        monday += timedelta(days=7)
    return Span(months, start, until, tuple(days))


RHYTHMS = tuple(r.value for r in Rhythm if r.value)


# ---- the effect of rhythms, before they are saved ----


@dataclass(frozen=True, slots=True)
class Effect:
    """What rhythms ask for: households and visits a month by group, and the load of grids."""

    rows: list[dict[str, Any]]
    places: list[dict[str, Any]]
    households: int
    visits: float
    grids: int
    typical: float  # the middle grid's visits a month
    most: float
    over: int  # grids beyond the weekly limit


BURDEN = SQL("SELECT w.key, w.code, w.months, w.mode, count(*) FROM ({}) w GROUP BY 1, 2, 3, 4")


def effect_of(wishes: Sequence[Wish], *, place: str, a_week: int, below: int = 9) -> Effect:
    """Visits a month by group, and per grid (one first-level worker has one). Two queries.

    `below`: the length of the codes that places are counted by. A visit within the same days
    for another reason would save one: this is the most.
    """
    today = timezone.localdate()
    found = ask(
        SQL(
            "SELECT w.key, w.code, w.months, w.mode, count(*) FROM ({}) w GROUP BY 1, 2, 3, 4"
        ).format(wanted_by(wishes, today, place=place))
    )
    groups: dict[str, dict[str, Any]] = {
        w.key: {"group": BY_KEY[w.key], "wish": w, "households": 0, "visits": 0.0, "phone": 0}
        for w in wishes
        if w.key in BY_KEY
    }
    grids: dict[str, float] = {}
    for key, code, months, mode, n in found:
        row = groups[key]
        row["households"] += n
        row["visits"] += n / months
        row["phone"] += n if mode == PlanEntry.Mode.PHONE else 0
        grids[code] = grids.get(code, 0.0) + n / months
    loads = sorted(grids.values())
    limit = a_week * 52 / 12
    return Effect(
        rows=sorted(groups.values(), key=lambda r: GROUPS.index(r["group"])),
        places=_loads_by_place(grids, below, limit),
        households=sum(r["households"] for r in groups.values()),
        visits=sum(loads),
        grids=len(loads),
        typical=loads[len(loads) // 2] if loads else 0.0,
        most=loads[-1] if loads else 0.0,
        over=sum(load > limit for load in loads),
    )


def _loads_by_place(grids: dict[str, float], length: int, limit: float) -> list[dict[str, Any]]:
    places: dict[str, list[float]] = {}
    for code, load in grids.items():
        places.setdefault(code[:length], []).append(load)
    names = dict(Region.objects.filter(code__in=places).values_list("code", "name"))
    return [
        {
            "name": names.get(code, code),
            "grids": len(loads),
            "visits": sum(loads),
            "each": sum(loads) / len(loads),
            "most": max(loads),
            "over": sum(load > limit for load in loads),
        }
        for code, loads in sorted(places.items())
    ]


def group_rows(today: date) -> list[dict[str, Any]]:
    """Every group with what is in force, what is entered for later, and whether anybody tells
    who is in it.
    """
    now, later = VisitCategory.objects.now_and_later(today, "key")
    return [
        {
            "group": group,
            "now": now.get(group.key),
            "later": later.get(group.key),
            "known": is_known(group.key),
        }
        for group in GROUPS
    ]


def with_change(wishes: Iterable[Wish], change: Wish) -> list[Wish]:
    return [*(w for w in wishes if w.key != change.key), change]


# ---- how far the plan is ----

COUNTS = {
    "wanted": ~Q(state=State.DROPPED),
    "done": Q(state=State.DONE),
    "opened": Q(state=State.OPENED),
    "planned": Q(state=State.PLANNED),
    "not_met": Q(state=State.NOT_MET),
    "lapsed": Q(state=State.LAPSED),
    "risk": Q(found_risk=True),
}


def behind(today: date) -> Q:
    """Its week is over and it is still not visited."""
    week_ago = today - timedelta(days=7)
    return Q(state__in=[State.PLANNED, State.OPENED], week_on__lt=week_ago)


def entries_of_month(account: Any, *, place: str = "", today: date) -> Any:
    """Routine entries whose period touches the month of `today`, within sight."""
    first, after = period_of(1, today)
    rows = account.sees(PlanEntry).filter(campaign=None).exclude(state=State.DROPPED)
    rows = rows.filter(
        Q(week_on__gte=first, week_on__lt=after)
        | Q(done_on__gte=first, done_on__lt=after)
        | Q(state__in=[State.PLANNED, State.OPENED], week_on__lt=after)
    )
    return rows.filter(code__gte=place, code__lt=place + ABOVE_ALL_CODES) if place else rows


def counted(rows: Any, today: date) -> dict[str, int]:
    counts: dict[str, int] = rows.aggregate(
        **{f"n_{key}": Count("pk", filter=q) for key, q in COUNTS.items()},
        n_behind=Count("pk", filter=behind(today)),
    )
    return {key[2:]: value for key, value in counts.items()}


BELOW = {0: 9, 6: 9, 9: 12, 12: 17, 15: 17}  # the code length of the places one step below


def households_of(rows: Any) -> Any:
    """The entries themselves, in the order a worker walks."""
    return rows.select_related("household__head", "category", "work_item").order_by(
        "code", "household__number", "pk"
    )


def by_place(rows: Any, *, length: int, today: date) -> list[dict[str, Any]]:
    """The counts of each place of that code length, in the order of codes. Two queries."""
    found = (
        rows.order_by()
        .annotate(place=Left("code", length))
        .values("place")
        .annotate(
            **{key: Count("pk", filter=q) for key, q in COUNTS.items()},
            behind=Count("pk", filter=behind(today)),
        )
        .order_by("place")
    )
    lines = list(found)
    names = dict(
        Region.objects.filter(code__in=[x["place"] for x in lines]).values_list("code", "name")
    )
    for line in lines:
        line["name"] = names.get(line["place"], line["place"])
        line["left"] = line["planned"] + line["opened"] + line["lapsed"]
    return lines


def to_decide(account: Any) -> Any:
    """Entries whose visit found something: the township has to say what follows."""
    return (
        account.sees(PlanEntry)
        .filter(
            work_item__purposes__subject=F("pk"),
            work_item__purposes__kind__in=["routine", "check"],
            work_item__purposes__state="reported",
        )
        .select_related("household__head", "work_item", "visit__by", "campaign", "category")
        .order_by("done_on", "pk")
    )


# ---- what a phone carries ----


def pack_section(account: Any, household_ids: Collection[int]) -> dict[int, dict[str, str]]:
    """By household the next planned visit. Two queries.

    {"next_due": last day, "label": words, "mode": in_person or phone, "week_on": from this day on
    it is sent out, "told": how the last period ended, "done_on": day}; texts, days in ISO 8601.
    Without a planned visit (`told` says why, no `week_on`) the day is that of the next period.
    Households out of sight or without a plan are left out.
    """
    rows = (
        account.sees(PlanEntry)
        .filter(household__in=list(household_ids), campaign=None)
        .exclude(state=State.DROPPED)
        .select_related("category")
        .order_by("household_id", "-period_from", "-pk")
        .distinct("household_id")
    )
    return {entry.household_id: _packed(entry) for entry in rows}


# Changes whenever the section does (grid/offline.py).
PACK_STAMP = """SELECT concat_ws(':', max(id),
        count(*) FILTER (WHERE state IN ('planned', 'opened'))) FROM grid_planentry
    WHERE campaign_id IS NULL AND household_id IN (SELECT id FROM homes)"""


ENDED = {
    State.DONE: "本期已走访",
    State.NOT_MET: "本期没见到人",
    State.LAPSED: "上一期没有走访",
}


def _packed(entry: PlanEntry) -> dict[str, str]:
    group: Group | None = BY_KEY.get(entry.category.key) if entry.category else None
    how = "电话走访" if entry.mode == PlanEntry.Mode.PHONE else "走访"
    told = ENDED.get(State(entry.state), "")
    last = entry.last_day
    if told:
        last = period_of(entry.months or 1, entry.period_until)[1] - timedelta(days=1)
    return {
        "next_due": last.isoformat(),
        "label": f"{group.label if group else '农户'}{entry.get_months_display()}{how}",
        "mode": entry.mode,
        "week_on": "" if told else entry.week_on.isoformat(),
        "told": told,
        "done_on": entry.done_on.isoformat() if told and entry.done_on else "",
    }
