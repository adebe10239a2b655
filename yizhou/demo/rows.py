"""What one row of each data set says, before a clerk writes it down. Money is in fen."""

import calendar
from datetime import date
from typing import NamedTuple

from yizhou.demo.families import Person


class Settlement(NamedTuple):
    """`self_paid` is negative in a reversal, with every other amount."""

    person: Person
    on: date
    self_paid: int
    total: int
    basic: int
    serious: int
    assistance: int
    is_reversal: bool
    care: str  # 普通住院, 门诊特殊慢性病, 门诊
    disease: str

    def reversed_on(self, day: date) -> "Settlement":
        return self._replace(
            on=day,
            self_paid=-self.self_paid,
            total=-self.total,
            basic=-self.basic,
            serious=-self.serious,
            assistance=-self.assistance,
            is_reversal=True,
        )


class Certificate(NamedTuple):
    person: Person
    category: str
    level: int
    issued_on: date
    standing: str = "正常"


class SchoolRow(NamedTuple):
    person: Person
    term: str
    stage: str
    standing: str
    absent_days: int
    status_on: date


class Payment(NamedTuple):
    person: Person
    people: int
    month_on: date
    amount: int
    paid_on: date


def months_before(day: date, months: int) -> date:
    """The same day `months` earlier, or that month's last day, as PostgreSQL reckons."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def terms_on(as_of: date) -> tuple[str, str]:
    """The running school term and the one before, e.g. 2026秋 and 2026春."""
    if as_of.month >= 8:
        return f"{as_of.year}秋", f"{as_of.year}春"
    if as_of.month >= 2:
        return f"{as_of.year}春", f"{as_of.year - 1}秋"
    return f"{as_of.year - 1}秋", f"{as_of.year - 1}春"
