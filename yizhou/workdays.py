"""Working days in China: announced holidays and moved workdays, corrected by data.

Source: State Council holiday notices as carried by the chinesecalendar package; a CalendarDay row
overrides it. A year not yet announced counts Monday to Friday.
"""

from datetime import date, timedelta

import chinese_calendar
from django.db import models


class CalendarDay(models.Model):
    """One day whose kind differs from, or is not yet in, the package's calendar."""

    day = models.DateField("日期", primary_key=True)
    is_workday = models.BooleanField("是工作日")
    source = models.CharField("依据文件", max_length=200)

    class Meta:
        verbose_name = "工作日历"
        verbose_name_plural = verbose_name
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.day} {'工作日' if self.is_workday else '休息日'}"


def is_announced(year: int) -> bool:
    """Whether the State Council's arrangement for the year is known to the package."""
    try:
        chinese_calendar.is_workday(date(year, 7, 1))
    except NotImplementedError:
        return False
    return True


def is_workday(day: date, overrides: dict[date, bool]) -> bool:
    if day in overrides:
        return overrides[day]
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def add_workdays(start: date, days: int) -> date:
    """The day that is `days` working days after `start` (0: start itself, or the next workday)."""
    horizon = start + timedelta(days=3 * days + 40)
    overrides = dict(
        CalendarDay.objects.filter(day__range=(start, horizon)).values_list("day", "is_workday")
    )
    day = start
    while not is_workday(day, overrides):
        day += timedelta(days=1)
    for _ in range(days):
        day += timedelta(days=1)
        while not is_workday(day, overrides):
            day += timedelta(days=1)
    return day


def workday_numbers(first: date, last: date) -> dict[date, int]:
    """For each day of first..last how many working days lie in (first, day]: differences of two
    numbers count the working days between two days.
    """
    overrides = dict(
        CalendarDay.objects.filter(day__range=(first, last)).values_list("day", "is_workday")
    )
    numbers = {first: 0}
    for offset in range(1, (last - first).days + 1):
        day = first + timedelta(days=offset)
        numbers[day] = numbers[day - timedelta(days=1)] + is_workday(day, overrides)
    return numbers


def workdays_between(first: date, last: date) -> int:
    """Working days after `first` up to and with `last`; negative when `last` comes earlier."""
    if last < first:
        return -workdays_between(last, first)
    return workday_numbers(first, last)[last]
