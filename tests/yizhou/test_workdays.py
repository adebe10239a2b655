"""Working days: announced holidays, moved workdays, overrides by data, years not yet announced.

Source of the days: the State Council's holiday arrangement for 2026, as chinesecalendar carries it.
"""

from datetime import date

import pytest

from yizhou.workdays import CalendarDay, add_workdays, is_announced, is_workday


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 11, 24), True),  # an ordinary Tuesday
        (date(2026, 11, 21), False),  # an ordinary Saturday
        (date(2026, 10, 1), False),  # National Day
        (date(2026, 10, 10), True),  # a Saturday worked for it
        (date(2026, 2, 17), False),  # Spring Festival
        (date(2026, 2, 28), True),  # a Saturday worked for it
    ],
)
def test_kind_of_day(day: date, works: bool) -> None:
    assert is_workday(day, {}) is works


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        (date(2026, 11, 24), 0, date(2026, 11, 24)),
        (date(2026, 11, 24), 3, date(2026, 11, 27)),
        (date(2026, 11, 24), 4, date(2026, 11, 30)),  # over a weekend
        (date(2026, 11, 21), 0, date(2026, 11, 23)),  # Saturday begins on Monday
        (date(2026, 9, 30), 1, date(2026, 10, 8)),  # over the seven days of National Day
        (date(2026, 10, 9), 1, date(2026, 10, 10)),  # onto a worked Saturday
        (date(2026, 2, 13), 1, date(2026, 2, 14)),  # onto a worked Saturday
        (date(2026, 2, 13), 2, date(2026, 2, 24)),  # over Spring Festival
    ],
)
def test_adding_working_days(start: date, days: int, end: date) -> None:
    assert add_workdays(start, days) == end


@pytest.mark.django_db
def test_override_makes_a_workday_free() -> None:
    CalendarDay.objects.create(day=date(2026, 11, 25), is_workday=False, source="测试")
    assert add_workdays(date(2026, 11, 24), 1) == date(2026, 11, 26)


@pytest.mark.django_db
def test_override_makes_a_free_day_worked() -> None:
    CalendarDay.objects.create(day=date(2026, 11, 28), is_workday=True, source="测试")
    assert add_workdays(date(2026, 11, 27), 1) == date(2026, 11, 28)


def test_years_are_announced_or_not() -> None:
    assert is_announced(2026)
    assert not is_announced(2031)


@pytest.mark.django_db
def test_year_not_announced_counts_monday_to_friday() -> None:
    assert add_workdays(date(2031, 1, 3), 1) == date(2031, 1, 6)  # Friday to Monday
    assert is_workday(date(2031, 10, 1), {})


@pytest.mark.django_db
def test_override_counts_in_a_year_not_announced() -> None:
    CalendarDay.objects.create(day=date(2031, 10, 1), is_workday=False, source="测试")
    assert add_workdays(date(2031, 9, 30), 1) == date(2031, 10, 2)


@pytest.mark.django_db
def test_calendar_is_asked_once(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):
        add_workdays(date(2026, 1, 5), 60)
