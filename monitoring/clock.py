"""The legal clock of a case: working days used of the total, and when each limit ends."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone

from monitoring.models.case import Case, CasePause
from yizhou.workdays import workday_numbers

ORANGE_FROM = 75  # per cent of the time, as for visits


@dataclass(frozen=True, slots=True)
class CaseClock:
    """Working days of a case. `step_left` and `left` are negative when overdue, None: no limit."""

    used: int
    total: int | None
    left: int | None
    step_left: int | None
    paused: CasePause | None

    @property
    def percent(self) -> int:
        return min(100, self.used * 100 // self.total) if self.total else 0

    @property
    def late(self) -> int:
        """Working days overdue, by the limit that is farther gone."""
        return max(0, -(self.left or 0), -(self.step_left or 0))

    @property
    def tone(self) -> str:
        """red after, orange before, blue while there is time, empty without a limit or paused."""
        if self.paused or (self.left is None and self.step_left is None):
            return ""
        if self.late:
            return "red"
        near = self.step_left is not None and self.step_left <= 1
        return "orange" if near or self.percent >= ORANGE_FROM else "blue"


def clocks_of(cases: Iterable[Case], *, today: date | None = None) -> dict[int, CaseClock]:
    """Clocks of many cases; one statement for the calendar. Needs pauses prefetched."""
    cases = list(cases)
    today = today or timezone.localdate()
    if not cases:
        return {}
    days = [today, *(c.opened_on for c in cases)]
    days += [timezone.localdate(at) for c in cases for at in (c.round_since, c.closed_at) if at]
    days += [d for c in cases for d in (c.total_due_on, c.step_due_on) if d]
    days += [p.from_on for c in cases for p in c.pauses.all()]
    number = workday_numbers(min(days), max(days))
    return {case.pk: _clock(case, number, today) for case in cases}


def _clock(case: Case, number: dict[date, int], today: date) -> CaseClock:
    pauses = list(case.pauses.all())
    standing = next((p for p in pauses if p.until_on is None), None)
    now = standing.from_on if standing else today
    if case.closed_at:
        now = timezone.localdate(case.closed_at)
    began = timezone.localdate(case.round_since) if case.is_out else case.opened_on
    stood = sum(
        number[min(p.until_on or now, now)] - number[min(p.from_on, now)]
        for p in pauses
        if p.from_on >= began
    )
    used = max(0, number[now] - number[began] - stood)

    def left(due: date | None) -> int | None:
        return None if due is None else number[due] - number[now]

    remaining = left(case.total_due_on)
    total = None if remaining is None else used + remaining
    return CaseClock(used, total, remaining, left(case.step_due_on), standing)


def clock_of(case: Case) -> CaseClock:
    return clocks_of([case])[case.pk]


def facts_of_clock(clock: CaseClock) -> dict[str, Any]:
    """For the snapshot of a decision."""
    return {
        "used": clock.used,
        "total": clock.total,
        "left": clock.left,
        "step_left": clock.step_left,
        "paused": clock.paused is not None,
    }
