"""The clock of a visit as pages show it: how far, who was told when, where it stood still.

The caller has loaded the item through scope, or asks for its own notices.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from grid.models import (
    ClockPause,
    Household,
    Notice,
    NoticeStep,
    ReportLimit,
    RoutineFigure,
    Stage,
    WorkItem,
    WorkItemPurpose,
)
from grid.places import places_of
from grid.requests import SignedInRequest
from yizhou.workdays import workday_numbers, workdays_between


def unread(account: Any) -> QuerySet[Notice]:
    """Standing notices the person has not read."""
    rows: QuerySet[Notice] = own_notices(account).unseen()
    return rows


def own_notices(account: Any) -> Any:
    return account.sees(Notice).filter(account=account)


@dataclass(frozen=True, slots=True)
class Clock:
    """Working days of one visit: `used` of `total`; `left` is negative when overdue."""

    item: WorkItem
    total: int
    used: int
    left: int
    paused: ClockPause | None

    @property
    def percent(self) -> int:
        """Of the time used, at most 100; 100 as well when no working day was given."""
        return min(100, self.used * 100 // self.total) if self.total > 0 else 100

    @property
    def late(self) -> int:
        """Working days overdue."""
        return max(0, -self.left)

    @property
    def stands(self) -> bool:
        return self.paused is not None

    @property
    def tone(self) -> str:
        if self.item.state != WorkItem.State.TO_VISIT or self.stands:
            return ""
        if timezone.localdate() > self.item.due_on:
            return "red"
        return "orange" if self.percent >= orange_from() else "blue"


def orange_from() -> int:
    """The per cent of the time from which a visit is orange today; 101 where no step says so."""
    steps = NoticeStep.objects.on(timezone.localdate()).filter(stage=Stage.ORANGE)
    return min((step.at for step in steps), default=101)


def clock_of(item: WorkItem, *, today: date | None = None) -> Clock:
    today = today or timezone.localdate()
    opened = timezone.localdate(item.opened_at)
    pauses = list(ClockPause.objects.filter(work_item=item))
    end = today
    if item.state != WorkItem.State.TO_VISIT and item.visited_at:
        end = timezone.localdate(item.visited_at)
    first = min([opened, end, item.due_on, *(p.from_on for p in pauses)])
    last = max([opened, end, item.due_on, *(p.until_on for p in pauses)])
    days = workday_numbers(first, last)
    stood = sum(
        days[min(p.until_on, timezone.localdate(p.ended_at))] - days[p.from_on]
        for p in pauses
        if p.ended_at is not None
    )
    paused = standing_pauses([item.pk]).get(item.pk)
    if paused and paused.until_on <= today:  # beat will end it
        paused = None
    if paused:
        end = paused.from_on
    # What the running pause will have taken is no part of the time either.
    standing = days[paused.until_on] - days[paused.from_on] if paused else 0
    total = days[item.due_on] - days[opened] - stood - standing
    used = days[end] - days[opened] - stood
    return Clock(
        item=item,
        total=total,
        used=used,
        left=total - used if paused else days[item.due_on] - days[today],
        paused=paused,
    )


def _standing(pauses: QuerySet[ClockPause]) -> QuerySet[ClockPause]:
    """Those that stand: neither ended nor broken by what came since."""
    sooner = WorkItemPurpose.objects.filter(
        work_item=OuterRef("work_item"),
        state=WorkItemPurpose.State.WANTED,
        added_at__gt=OuterRef("paused_at"),
        due_on__lt=OuterRef("until_on"),
    )
    return pauses.filter(ended_at=None).exclude(Exists(sooner))


def standing_pauses(items: Iterable[int]) -> dict[int, ClockPause]:
    """By work item the pause that stands. One query."""
    rows = _standing(ClockPause.objects.filter(work_item__in=list(items)))
    return {pause.work_item_id: pause for pause in rows}


def pack_section(account: Any, household_ids: Collection[int]) -> dict[int, dict[str, str]]:
    """For a phone: whose visit's clock stands still, since when, until when, why. One query.

    `until` is the first day on which the clock runs again.
    """
    rows = account.sees(ClockPause).filter(
        household__in=list(household_ids), work_item__state=WorkItem.State.TO_VISIT
    )
    return {
        pause.household_id: {
            "since": pause.from_on.isoformat(),
            "until": pause.until_on.isoformat(),
            "reason": pause.reason,
        }
        for pause in _standing(rows)
    }


# Changes whenever the section does (grid/offline.py).
PACK_STAMP = """SELECT string_agg(id::text, ',' ORDER BY id) FROM grid_clockpause
    WHERE ended_at IS NULL AND household_id IN (SELECT id FROM homes)"""


def told_of(item: WorkItem) -> QuerySet[Notice]:
    """Who was told of this visit, the latest first."""
    return (
        Notice.objects.filter(work_item=item)
        .select_related("account")
        .order_by("-told_at", "-stage", "id")
    )


@dataclass(frozen=True, slots=True)
class NextStep:
    """A rung still ahead: who will be told on which day if nothing happens."""

    step: NoticeStep
    on: date


def steps_ahead(clock: Clock) -> list[NextStep]:
    """What comes if the visit is not made: one line for each rung not reached yet, in order."""
    if clock.item.state != WorkItem.State.TO_VISIT or clock.stands:
        return []
    today = timezone.localdate()
    found = []
    for step in NoticeStep.objects.on(today):
        day = _day_of(step, clock, today)
        if day is not None and day > today:
            found.append(NextStep(step, day))
    return sorted(found, key=lambda s: (s.on, s.step.stage, s.step.told))


def _day_of(step: NoticeStep, clock: Clock, today: date) -> date | None:
    """The first working day from today on which the step stands; None when it is passed over."""
    last = date.fromordinal(max(today, clock.item.due_on).toordinal() + 3 * step.at + 40)
    days = workday_numbers(today, last)
    due_on, orange = clock.item.due_on, orange_from()
    for day, passed in days.items():
        used, left = clock.used + passed, clock.left - passed
        if step.stage == Stage.RED:
            reached = day > due_on and -left >= step.at
        elif step.stage == Stage.ORANGE:
            reached = day <= due_on and used * 100 >= clock.total * step.at
        else:
            if used * 100 >= clock.total * orange:
                return None  # who is told "orange" need not hear "soon"
            reached = day <= due_on and left <= step.at and used >= 1
        if reached:
            return day
    return None


def inbox(account: Any, *, which: str) -> Any:
    """Own notices: standing ones the gravest first, or past ones the latest first."""
    rows = own_notices(account).select_related("work_item", "household__head")
    if which == "past":
        return rows.exclude(ended_at=None, work_item__state=WorkItem.State.TO_VISIT).order_by(
            "-told_at", "id"
        )
    rows = rows.standing()
    stage = {"red": Stage.RED, "orange": Stage.ORANGE, "before": Stage.BEFORE}.get(which)
    return rows.filter(stage=stage) if stage else rows


def inbox_counts(account: Any) -> dict[str, int]:
    """How many stand at each stage, and how many are unread. One query."""
    counts: dict[str, int] = (
        own_notices(account)
        .standing()
        .aggregate(
            all=Count("pk"),
            unread=Count("pk", filter=Q(seen_at=None)),
            red=Count("pk", filter=Q(stage=Stage.RED)),
            orange=Count("pk", filter=Q(stage=Stage.ORANGE)),
            before=Count("pk", filter=Q(stage=Stage.BEFORE)),
        )
    )
    return counts


def by_village(notices: list[Notice]) -> list[dict[str, Any]]:
    """Notices under the village they speak of, in the order they come; one query for the names."""
    places = places_of(notice.code for notice in notices)
    groups: dict[str, dict[str, Any]] = {}
    today = timezone.localdate()
    for notice in notices:
        place = places[notice.code]
        group = groups.setdefault(
            notice.code[:12], {"name": f"{place.township} {place.village}", "rows": []}
        )
        group["rows"].append(
            {
                "notice": notice,
                "place": place,
                "late": max(0, workdays_between(notice.due_on, today)),
            }
        )
    return list(groups.values())


@dataclass(frozen=True, slots=True)
class Rung:
    """What is in force of one rung and what is entered for later."""

    stage: Stage
    told: NoticeStep.Told
    now: NoticeStep | None
    later: NoticeStep | None


def ladder(today: date) -> list[Rung]:
    """Every rung that may be set, in the order of stages and of the chain."""
    now, later = NoticeStep.objects.now_and_later(today, "stage", "told")
    return [
        Rung(stage, told, now.get((stage, told)), later.get((stage, told)))
        for stage in Stage
        for told in NoticeStep.Told
        if (stage, told) in now
        or (stage, told) in later
        or stage == Stage.RED
        or (told in (NoticeStep.Told.ASSIGNEE, NoticeStep.Told.TUN_HEAD))
    ]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number the county may change: what is in force and what is entered for later."""

    key: RoutineFigure.Key | ReportLimit.Step
    label: str
    now: RoutineFigure | ReportLimit | None
    later: RoutineFigure | ReportLimit | None


def figures(today: date) -> list[Figure]:
    now, later = RoutineFigure.objects.now_and_later(today, "key")
    return [Figure(k, str(k.label), now.get(k), later.get(k)) for k in RoutineFigure.Key]


def report_limits(today: date) -> list[Figure]:
    """Working days of each step of a household report."""
    now, later = ReportLimit.objects.now_and_later(today, "step")
    return [
        Figure(step, f"困难户上报：{step.label}几个工作日", now.get(step), later.get(step))
        for step in ReportLimit.Step
    ]


def dossier_section(request: SignedInRequest, household: Household) -> dict[str, Any] | None:
    """The open visit's clock and who was told, for the household's file; None without one."""
    item = request.user.sees(WorkItem).open().filter(household=household).order_by("-pk").first()
    if item is None:
        return None
    return {
        "title": "入户时限和提醒",
        "template": "grid/dossier_clock.html",
        "context": {"clock": clock_of(item), "told": told_of(item)[:5]},
    }
