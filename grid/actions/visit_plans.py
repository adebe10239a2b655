"""The visit plan: how often whom (the county's), drawn up by period, sent out week by week.

Everything is set-based: the full county is drawn up and sent out in a few statements. Doing it
twice changes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from psycopg2.sql import SQL

from grid.actions.figures import figure
from grid.actions.work_items import VisitRequest, end_purposes, open_work_items, route
from grid.models import (
    Household,
    PlanEntry,
    Rhythm,
    RoutineFigure,
    Severity,
    WorkItemPurpose,
)
from grid.visit_groups import BY_KEY
from grid.visit_plans import categories_on, slots_of, wanted_by
from yizhou.audit import record
from yizhou.statements import run
from yizhou.workdays import add_workdays

ROUTINE, CHECK = "routine", "check"


@dataclass(frozen=True, slots=True)
class Drawn:
    """Entries new, dropped because the rhythm changed, and lapsed at their period's end."""

    new: int
    dropped: int
    lapsed: int
    counted: int


# ---- drawing up ----

FOLLOW = """
UPDATE grid_planentry e SET code = h.code FROM grid_household h
WHERE h.id = e.household_id AND e.state IN ('planned', 'opened') AND e.code <> h.code
"""
# A rhythm that is no longer wanted, and households that are no more.
DROP_PLANNED = """
UPDATE grid_planentry e SET state = 'dropped'
WHERE e.campaign_id IS NULL AND e.state = 'planned' AND starts_with(e.code, %(below)s)
  AND NOT EXISTS (SELECT 1 FROM wanted w
                  WHERE w.household_id = e.household_id AND w.months = e.months)
"""
CHANGE_MODE = """
UPDATE grid_planentry e SET mode = w.mode, category_id = w.category_id
FROM wanted w
WHERE w.household_id = e.household_id AND e.campaign_id IS NULL AND e.state = 'planned'
  AND w.months = e.months AND e.tries = 0
  AND (w.mode, w.category_id) IS DISTINCT FROM (e.mode, e.category_id)
"""
ENDED = """
SELECT e.id, e.state, h.dissolved_on IS NOT NULL
FROM grid_planentry e JOIN grid_household h ON h.id = e.household_id
WHERE e.state IN ('planned', 'opened')
  AND (h.dissolved_on IS NOT NULL OR (e.campaign_id IS NULL AND e.period_until <= %(today)s))
ORDER BY e.id FOR UPDATE OF e
"""
# `slot`: the days on which a period's visits may begin, of equal shares; the hamlets in turn.
DRAW_UP = """
WITH period AS (
    SELECT * FROM unnest(%(months)s::integer[], %(froms)s::date[], %(untils)s::date[],
                         %(middles)s::date[], %(weeks)s::integer[])
    AS p(months, period_from, period_until, middle, weeks)
),
slot AS (SELECT * FROM unnest(%(slot_months)s::integer[], %(slot_numbers)s::integer[],
                              %(slot_days)s::date[]) AS s(months, number, day)),
routed AS (SELECT * FROM unnest(%(codes)s::text[], %(accounts)s::bigint[]) AS r(code, account_id)),
fresh AS (
    SELECT w.*, p.period_from, p.period_until, p.weeks, v.id AS visit_id, v.done_on
    FROM wanted w
    JOIN period p ON p.months = w.months AND w.from_on <= p.middle
    LEFT JOIN LATERAL (
        SELECT v.id, (v.visited_at AT TIME ZONE 'Asia/Shanghai')::date AS done_on
        FROM grid_visit v
        WHERE v.household_id = w.household_id AND v.visited_at >= p.period_from::timestamp
              AT TIME ZONE 'Asia/Shanghai'
          AND (v.mode = 'in_person' OR v.mode = w.mode) AND v.corrects_id IS NULL
        ORDER BY v.visited_at LIMIT 1) v ON true
    WHERE NOT EXISTS (
        SELECT 1 FROM grid_planentry e
        WHERE e.household_id = w.household_id AND e.campaign_id IS NULL
          AND (e.state IN ('planned', 'opened')
               OR (e.state IN ('done', 'not_met') AND e.period_from >= p.period_from)))
),
placed AS (  -- one pass and no join of the households with themselves: it must not depend on luck
    SELECT f.*, row_number() OVER turn - 1 AS place, count(*) OVER (
               PARTITION BY coalesce(r.account_id::text, f.code), f.months, f.visit_id IS NULL) AS n
    FROM fresh f LEFT JOIN routed r ON r.code = f.code
    WINDOW turn AS (PARTITION BY coalesce(r.account_id::text, f.code), f.months, f.visit_id IS NULL
                    ORDER BY f.code, f.number)
)
INSERT INTO grid_planentry (household_id, code, category_id, months, mode, period_from,
    period_until, week_on, state, tries, visit_id, done_on, found_risk)
SELECT f.household_id, f.code, f.category_id, f.months, f.mode, f.period_from, f.period_until,
       coalesce(f.done_on, s.day),
       CASE WHEN f.visit_id IS NULL THEN 'planned' ELSE 'done' END, 0, f.visit_id, f.done_on, false
FROM placed f
JOIN slot s ON s.months = f.months AND s.number = (f.place * f.weeks) / f.n
ORDER BY f.code, f.household_id
ON CONFLICT DO NOTHING
"""
# Nobody knocks twice: a visit for any other reason within the days counts. An open purpose whose
# answer is still to be collected is left to its collector.
COUNT_VISITS = """
WITH visited AS (
    SELECT DISTINCT ON (e.id) e.id, e.state AS was, v.id AS visit_id,
           (v.visited_at AT TIME ZONE 'Asia/Shanghai')::date AS done_on
    FROM grid_planentry e
    JOIN grid_visit v ON v.household_id = e.household_id
     AND v.visited_at >= e.period_from::timestamp AT TIME ZONE 'Asia/Shanghai'
     AND v.visited_at < e.period_until::timestamp AT TIME ZONE 'Asia/Shanghai'
     AND (v.mode = 'in_person' OR v.mode = e.mode) AND v.corrects_id IS NULL
    WHERE e.state IN ('planned', 'opened')
      AND (e.state = 'planned' OR EXISTS (
          SELECT 1 FROM grid_workitempurpose p
          WHERE p.work_item_id = e.work_item_id AND p.subject = e.id AND p.state = 'wanted'
            AND p.kind = CASE WHEN e.campaign_id IS NULL THEN 'routine' ELSE 'check' END))
    ORDER BY e.id, v.visited_at
)
UPDATE grid_planentry e
SET state = 'done', visit_id = v.visit_id, done_on = v.done_on
FROM visited v WHERE v.id = e.id
RETURNING e.id, v.was, e.campaign_id IS NULL
"""


@transaction.atomic
def draw_up_plan(*, acting: Any, today: date | None = None, below: str = "") -> Drawn:
    """Every household's next visit of the period that runs, spread over its weeks by hamlet.

    `below`: only for households of this place; the others' plans stay as they are.
    """
    today = today or timezone.localdate()
    _one_at_a_time()
    run(SQL(FOLLOW))
    lapsed = _end_past(acting, today)
    _make_wanted(today, below)
    run(SQL(CHANGE_MODE))
    dropped = _execute(DROP_PLANNED, {"below": below})
    counted = _count_visits(acting)
    new = _execute(DRAW_UP, _draw_values(today))
    drawn = Drawn(new=new, dropped=dropped, lapsed=lapsed, counted=counted)
    if new or dropped or lapsed or counted:
        record(
            acting=acting,
            verb="drew_up_plan",
            subject=("grid.planentry", f"{today}"),
            detail={"new": new, "dropped": dropped, "lapsed": lapsed, "counted": counted},
        )
    return drawn


def _one_at_a_time() -> None:
    _execute("SELECT pg_advisory_xact_lock(%(key)s)", {"key": 7_340_003})


def _execute(statement: str, values: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def _fetch(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _make_wanted(today: date, below: str) -> None:
    """The temporary table `wanted`: every household with its shortest rhythm."""
    run(SQL("DROP TABLE IF EXISTS wanted"))
    run(
        SQL("CREATE TEMPORARY TABLE wanted ON COMMIT DROP AS {}").format(
            wanted_by(categories_on(today), today, place=below)
        )
    )
    run(SQL("CREATE UNIQUE INDEX wanted_household ON wanted (household_id)"))
    run(SQL("ANALYZE wanted"))


def _draw_values(today: date) -> dict[str, Any]:
    spans = slots_of(today)
    codes = Household.objects.living().order_by().values_list("cell_id", flat=True).distinct()
    visitors = route(codes, on=today)
    slots = [(s.months, n, day) for s in spans for n, day in enumerate(s.days)]
    return {
        "months": [s.months for s in spans],
        "froms": [s.period_from for s in spans],
        "untils": [s.period_until for s in spans],
        "middles": [s.middle for s in spans],
        "weeks": [len(s.days) for s in spans],
        "slot_months": [months for months, _, _ in slots],
        "slot_numbers": [number for _, number, _ in slots],
        "slot_days": [day for _, _, day in slots],
        "codes": list(visitors),
        "accounts": [account for account, _ in visitors.values()],
    }


def _end_past(acting: Any, today: date) -> int:
    """Entries whose period is over lapse, with their open purposes. Returns how many."""
    rows = _fetch(ENDED, {"today": today})
    dissolved = [pk for pk, _, gone in rows if gone]
    past = [pk for pk, _, gone in rows if not gone]
    opened = [pk for pk, state, _ in rows if state == PlanEntry.State.OPENED]
    PlanEntry.objects.filter(pk__in=dissolved).update(state=PlanEntry.State.DROPPED)
    PlanEntry.objects.filter(pk__in=past).update(state=PlanEntry.State.LAPSED)
    drop_purposes(acting, opened, (ROUTINE, CHECK), "本期已过，没有走访，下一期重新安排")
    return len(past)


def _count_visits(acting: Any) -> int:
    rows = _fetch(COUNT_VISITS, {})
    for kind, is_routine in ((ROUTINE, True), (CHECK, False)):
        opened = [pk for pk, was, routine in rows if was == "opened" and routine == is_routine]
        if opened:
            end_purposes(
                acting=acting,
                kind=kind,
                subjects=opened,
                state=WorkItemPurpose.State.SETTLED,
                sentence="本期已因别的事由走访",
            )
    return len(rows)


def drop_purposes(acting: Any, entries: Sequence[int], kinds: Iterable[str], why: str) -> None:
    """Take these entries' open purposes off their work items; an item without any left closes."""
    for kind in kinds if entries else ():
        end_purposes(
            acting=acting,
            kind=kind,
            subjects=entries,
            state=WorkItemPurpose.State.DROPPED,
            sentence=why,
        )


# ---- sending out ----

# A routine visit waits while another reason has the household open: that visit will count. A
# check is added to it, and costs nothing then; what the township is reviewing is left alone.
DUE = """
WITH routed AS (SELECT * FROM unnest(%(codes)s::text[], %(accounts)s::bigint[])
                AS r(code, account_id)),
used AS (
    SELECT coalesce(i.assignee_id::text, e.code) AS visitor, e.campaign_id IS NULL AS is_routine,
           count(*) AS n
    FROM grid_planentry e JOIN grid_workitem i ON i.id = e.work_item_id
    WHERE e.opened_at >= %(monday)s AND i.opened_at >= e.opened_at
    GROUP BY 1, 2
),
due AS (
    SELECT e.*, coalesce(r.account_id::text, e.code) AS visitor,
           e.campaign_id IS NULL AS is_routine, i.state AS open_state
    FROM grid_planentry e
    LEFT JOIN routed r ON r.code = e.code
    LEFT JOIN grid_workitem i ON i.household_id = e.household_id AND i.state <> 'closed'
    WHERE e.state = 'planned' AND e.week_on <= %(today)s AND e.period_from <= %(today)s
      AND e.period_until > %(today)s AND starts_with(e.code, %(below)s)
      AND (i.id IS NULL OR (e.campaign_id IS NOT NULL AND i.state = 'to_visit'))
),
ranked AS (
    SELECT d.id, d.visitor, d.is_routine, row_number() OVER (
        PARTITION BY d.visitor, d.is_routine
        ORDER BY d.period_until, d.months, d.week_on, d.code, d.id) AS place
    FROM due d WHERE d.open_state IS NULL
),
chosen AS (
    SELECT id FROM due WHERE open_state IS NOT NULL
    UNION ALL
    SELECT k.id FROM ranked k LEFT JOIN used u
      ON u.visitor = k.visitor AND u.is_routine = k.is_routine
    WHERE k.place <= CASE WHEN k.is_routine THEN %(routine)s ELSE %(check)s END - coalesce(u.n, 0)
)
SELECT e.id, e.household_id, e.code, e.campaign_id, c.name, c.purpose, g.key, e.months, e.mode,
       e.period_from, e.period_until
FROM grid_planentry e JOIN chosen USING (id)
LEFT JOIN grid_campaign c ON c.id = e.campaign_id
LEFT JOIN grid_visitcategory g ON g.id = e.category_id
WHERE c.id IS NULL OR c.state = 'running'
ORDER BY e.code, e.id FOR UPDATE OF e
"""
OPENED = """
UPDATE grid_planentry e SET state = 'opened', opened_at = %(now)s, work_item_id = p.work_item_id
FROM grid_workitempurpose p
WHERE e.id = ANY (%(entries)s) AND p.subject = e.id AND p.state = 'wanted'
  AND p.kind = CASE WHEN e.campaign_id IS NULL THEN 'routine' ELSE 'check' END
"""


@transaction.atomic
def open_plan(
    *, acting: Any, today: date | None = None, at: datetime | None = None, below: str = ""
) -> int:
    """Send out what is due and fits each worker's week. Returns how many visits were asked for.

    `below`: only in this place. `at`: a moment that has passed, from which the visits count as
    open, for a county whose last weeks are played after.
    """
    today = today or timezone.localdate(at)
    _one_at_a_time()
    run(SQL(FOLLOW))
    _count_visits(acting)
    planned = PlanEntry.objects.filter(state=PlanEntry.State.PLANNED, week_on__lte=today)
    visitors = route(planned.order_by().values_list("code", flat=True).distinct(), on=today)
    monday = timezone.make_aware(
        datetime.combine(today - timedelta(days=today.weekday()), time.min)
    )
    rows = _fetch(
        DUE,
        {
            "codes": list(visitors),
            "accounts": [account for account, _ in visitors.values()],
            "monday": monday,
            "today": today,
            "below": below,
            "routine": figure(RoutineFigure.Key.ROUTINE_A_WEEK, today),
            "check": figure(RoutineFigure.Key.CHECK_A_WEEK, today),
        },
    )
    if not rows:
        return 0
    workdays = figure(RoutineFigure.Key.WORKDAYS_TO_VISIT, today)
    usual = add_workdays(today, workdays)
    before = at or timezone.now()  # no later than the new items, so that they count for the week
    opened = open_work_items(acting=acting, requests=[_request(row, usual) for row in rows], at=at)
    moved = _execute(OPENED, {"entries": [row[0] for row in rows], "now": before})
    record(
        acting=acting,
        verb="opened_plan",
        subject=("grid.planentry", f"{today}"),
        detail={"visits": moved, "new_items": opened.new},
    )
    return moved


def _request(row: tuple[Any, ...], usual: date) -> VisitRequest:
    """The purpose of one entry; due within the usual days, at the latest with its period."""
    entry, household, code, campaign, name, purpose, key, months, mode, period_from, until = row
    last = until - timedelta(days=1)
    if campaign is not None:
        kind, title, sentence = CHECK, name, purpose
    else:
        kind = ROUTINE
        label = BY_KEY[key].label if key in BY_KEY else "农户"
        how = "电话走访" if mode == PlanEntry.Mode.PHONE else "走访"
        title = f"{label}{Rhythm(months).label}{how}"
        sentence = f"{period_from:%m-%d} 至 {last:%m-%d} 要走访一次，还没有走访过。"
        if mode == PlanEntry.Mode.PHONE:
            sentence += "家人外出，可以电话走访。"
    return VisitRequest(
        household_id=household,
        code=code,
        kind=kind,
        subject=entry,
        title=title[:60],
        sentence=sentence[:300],
        severity=Severity.BLUE,
        due_on=min(usual, last),
    )
