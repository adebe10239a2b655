"""How fresh each department's data is: when it is due, what came, how late, and what waits for it.

A data set is due on `Feed.due_day` of its due months; a day of rest moves to the next working day.
A batch serves a due day when it was merged in or after the due month and tells of a day in or after
the due month before. Source: due days are those of the feeds, to be confirmed.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.db import models
from django.db.models import Max, Min
from django.db.models.functions import TruncMonth
from django.utils import timezone

from grid.models import Department
from grid.roles import Role
from grid.scope import has_role, sight_of
from monitoring.feeds import FEEDS, Feed
from monitoring.models import RuleVersion, ScreeningRun, Upload
from monitoring.rules.definition import feeds_read
from yizhou.workdays import CalendarDay, is_workday

MONTHS_SHOWN = 12
WHOLE_COUNTY = (Role.COUNTY_OFFICER, Role.COUNTY_LEADER, Role.COUNTY_HEAD)


class State(models.TextChoices):
    REPORTED = "reported", "已报"
    DUE = "due", "待报"
    LATE = "late", "迟报"
    NEVER = "never", "从未报"


class Mark(models.TextChoices):
    """What became of one due month."""

    ON_TIME = "on_time", "准"
    LATE = "late", "迟"
    MISSED = "missed", "缺"
    OPEN = "open", "待"
    FIRST = "first", "首"
    NOT_DUE = "not_due", "—"


MARKS_IN_WORDS = {
    Mark.ON_TIME: "按时报送",
    Mark.LATE: "迟报",
    Mark.MISSED: "没有报",
    Mark.OPEN: "还没到报送日",
    Mark.FIRST: "第一次报送，不算迟报",
    Mark.NOT_DUE: "不用报或还没有开始报",
}

UNCOUNTED = (Mark.NOT_DUE, Mark.OPEN, Mark.FIRST)  # neither on time nor late


@dataclass(frozen=True, slots=True)
class MonthMark:
    month: date  # its first day
    mark: Mark

    @property
    def words(self) -> str:
        return MARKS_IN_WORDS[self.mark]


@dataclass(frozen=True, slots=True)
class Freshness:
    """One data set. `due_on` is the missed due day when late, otherwise the one to come.

    `days_late` counts from the last due day that passed without a batch.
    """

    feed: str
    title: str
    department: str
    department_code: str
    state: State
    due_on: date
    last_on: date | None  # merged
    as_of: date | None  # the newest day the data tell of
    days_late: int
    months: tuple[MonthMark, ...] = ()

    @property
    def late(self) -> bool:
        return self.days_late > 0

    @property
    def on_time(self) -> tuple[int, int]:
        """Due months served on time, and due months over, of those shown."""
        over = [m.mark for m in self.months if m.mark not in UNCOUNTED]
        return over.count(Mark.ON_TIME), len(over)


class Sent(NamedTuple):
    """Merged batches that tell of one month and were merged in one month; months are indexes."""

    told: int
    merged: int
    first_on: date
    last_on: date
    as_of: date


@dataclass(frozen=True, slots=True)
class Cycle:
    """One due day with its month; `before` and `after` are the due months around it."""

    month: int
    due_on: date
    before: int
    after: int

    def served(self, sent: Iterable[Sent]) -> bool:
        """Whether the data are fresh enough for this due day, whenever they came."""
        return any(s.told >= self.before and s.merged >= self.month for s in sent)

    def mark(self, sent: Iterable[Sent], today: date) -> Mark:
        came = [
            s.first_on
            for s in sent
            if self.before <= s.told < self.after and s.merged >= self.month
        ]
        if came:
            return Mark.ON_TIME if min(came) <= self.due_on else Mark.LATE
        return Mark.MISSED if today > self.due_on else Mark.OPEN


def month_index(day: date) -> int:
    return day.year * 12 + day.month - 1


def first_of(index: int) -> date:
    return date(index // 12, index % 12 + 1, 1)


def is_due_month(feed: Feed, index: int) -> bool:
    return (index % 12 + 1 - feed.due_month) % feed.every_months == 0


def cycle(feed: Feed, index: int, overrides: dict[date, bool]) -> Cycle:
    month = first_of(index)
    due = month.replace(day=min(feed.due_day, monthrange(month.year, month.month)[1]))
    while not is_workday(due, overrides):
        due += timedelta(days=1)
    return Cycle(index, due, index - feed.every_months, index + feed.every_months)


def cycles(feed: Feed, today: date, overrides: dict[date, bool]) -> Iterator[Cycle]:
    """Due days around today, oldest first: those shown, the last one passed, the next one."""
    now = month_index(today)
    for index in range(now - max(MONTHS_SHOWN, feed.every_months) - 1, now + 13):
        if is_due_month(feed, index):
            yield cycle(feed, index, overrides)


def freshness(today: date | None = None, feeds: Iterable[Feed] | None = None) -> list[Freshness]:
    """The data sets (all, when not named) in three queries, however many they are."""
    today = today or timezone.localdate()
    feeds = list(FEEDS.values() if feeds is None else feeds)
    sent = _sent({feed.code for feed in feeds})
    names = department_names()
    overrides = dict(
        CalendarDay.objects.filter(
            day__range=(first_of(month_index(today) - 14), first_of(month_index(today) + 14))
        ).values_list("day", "is_workday")
    )
    return [_of(feed, sent.get(feed.code, []), names, overrides, today) for feed in feeds]


def _sent(codes: set[str]) -> dict[str, list[Sent]]:
    groups = (
        Upload.objects.filter(stage=Upload.Stage.MERGED, feed__in=codes, merged_at__isnull=False)
        .order_by()
        .annotate(told=TruncMonth("as_of"), month=TruncMonth("merged_at"))
        .values_list("feed", "told", "month")
        .annotate(Min("merged_at"), Max("merged_at"), Max("as_of"))
    )
    sent: dict[str, list[Sent]] = {}
    for feed, told, month, first, last, as_of in groups:
        merged = month_index(timezone.localdate(month))
        group = Sent(
            month_index(told), merged, timezone.localdate(first), timezone.localdate(last), as_of
        )
        sent.setdefault(feed, []).append(group)
    return sent


def _of(
    feed: Feed,
    sent: list[Sent],
    names: dict[str, str],
    overrides: dict[date, bool],
    today: date,
) -> Freshness:
    around = list(cycles(feed, today, overrides))
    passed = [c for c in around if c.due_on < today][-1]
    to_come = next(c for c in around if c.due_on >= today)
    missed = not passed.served(sent)
    if missed:
        state, due = (State.LATE if sent else State.NEVER), passed.due_on
    elif to_come.month <= month_index(today) and not to_come.served(sent):
        state, due = State.DUE, to_come.due_on
    else:
        served = to_come.month <= month_index(today)
        later = [c for c in around if c.due_on > to_come.due_on]
        state, due = State.REPORTED, (later[0] if served and later else to_come).due_on
    return Freshness(
        feed=feed.code,
        title=feed.title,
        department=names.get(feed.department, feed.department),
        department_code=feed.department,
        state=state,
        due_on=due,
        last_on=max((s.last_on for s in sent), default=None),
        as_of=max((s.as_of for s in sent), default=None),
        days_late=(today - passed.due_on).days if missed else 0,
        months=tuple(_months(around, sent, today)),
    )


def _months(around: list[Cycle], sent: list[Sent], today: date) -> Iterator[MonthMark]:
    """Nothing counts before the first batch; nor is a due day missed that had passed by then."""
    now = month_index(today)
    began = min((s.first_on for s in sent), default=today)
    by_month = {c.month: c for c in around}
    for index in range(now - MONTHS_SHOWN + 1, now + 1):
        due = by_month.get(index)
        counts = due is not None and index >= month_index(began)
        mark = due.mark(sent, today) if due is not None and counts else Mark.NOT_DUE
        if mark == Mark.LATE and due is not None and due.due_on < began:
            mark = Mark.FIRST
        yield MonthMark(first_of(index), mark)


def follows_data(account: Any) -> bool:
    """Whether the account may see when department data came: the county, and departments."""
    return has_role(account, *WHOLE_COUNTY) or bool(sight_of(account).departments)


def feeds_in_sight(account: Any) -> list[Feed]:
    """All data sets for the county's officers and leaders, a department's own for its clerks."""
    if has_role(account, *WHOLE_COUNTY):
        return list(FEEDS.values())
    own = sight_of(account).departments
    return [feed for feed in FEEDS.values() if feed.department in own]


def department_names() -> dict[str, str]:
    """Short names by code."""
    return dict(Department.objects.values_list("code", "short_name"))


def due_in_words(feed: Feed) -> str:
    """When a data set is due, as the office says it."""
    if feed.every_months == 1:
        return f"每月 {feed.due_day} 日"
    if feed.every_months == 12:
        return f"每年 {feed.due_month} 月 {feed.due_day} 日"
    months = [str(m + 1) for m in range(12) if is_due_month(feed, m)]
    return f"每 {feed.every_months} 个月（{'、'.join(months)} 月）{feed.due_day} 日"


def rules_reading() -> dict[str, list[str]]:
    """Titles of the published rules by the data set they read, in one query."""
    reading: dict[str, list[str]] = {}
    for version in RuleVersion.objects.published().select_related("rule").order_by("rule"):
        for feed in sorted(feeds_read(version.definition)):
            reading.setdefault(feed, []).append(version.rule.title)
    return reading


def any_rule_reads(feed: str) -> bool:
    """Whether a published rule looks at the data set, so that new rows ask for a screening.

    Before any rule is published the answer is yes: nobody has said yet what will be read.
    """
    reading = rules_reading()
    return not reading or feed in reading


def last_run() -> ScreeningRun | None:
    """The latest finished screening."""
    return ScreeningRun.objects.filter(job_state="done").first()
