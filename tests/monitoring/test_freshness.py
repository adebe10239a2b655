"""Due days, what counts for them, lateness, the twelve months, and the score of the data."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from django.utils import timezone

from grid.models import Department
from monitoring.actions.rules import load_shipped_rules
from monitoring.feeds import FEEDS
from monitoring.freshness import (
    Freshness,
    State,
    cycle,
    due_in_words,
    freshness,
    month_index,
    rules_reading,
)
from monitoring.models import Upload
from monitoring.quality import Shares, quality
from tests.world import World
from yizhou.audit import SYSTEM
from yizhou.workdays import CalendarDay

DIBAO = FEEDS["dibao_payment"]  # due on the 20th of every month
QUARTERLY = replace(DIBAO, every_months=3, due_month=2)
YEARLY = replace(DIBAO, every_months=12, due_month=4)


def merged(
    world: World,
    day: date,
    *,
    as_of: date | None = None,
    feed: str = "dibao_payment",
    stage: str = Upload.Stage.MERGED,
    **rows: int,
) -> Upload:
    """A merged batch of that day, without a file."""
    upload = Upload.objects.create(
        feed=feed,
        department=Department.objects.get(pk=FEEDS[feed].department),
        channel=Upload.Channel.PAGE,
        size_bytes=1,
        sha256=f"{Upload.objects.count():064}",
        on_faults=Upload.OnFaults.ASK,
        as_of=as_of or day,
        stage=stage,
        **rows,
    )
    at = datetime(day.year, day.month, day.day, 10, tzinfo=timezone.get_current_timezone())
    Upload.objects.filter(pk=upload.pk).update(merged_at=at)
    return upload


def one(today: date, feed: Any = DIBAO) -> Freshness:
    return freshness(today, [feed])[0]


def marks(today: date, feed: Any = DIBAO) -> str:
    return "".join(m.mark.label for m in one(today, feed).months)


# ---- due days ----


@pytest.mark.parametrize(
    ("month", "due"),
    [
        (date(2026, 10, 1), date(2026, 10, 20)),  # a Tuesday
        (date(2026, 9, 1), date(2026, 9, 20)),  # a Sunday on which people work (State Council)
        (date(2026, 6, 1), date(2026, 6, 22)),  # a Saturday in the Dragon Boat holiday
    ],
)
def test_a_due_day_of_rest_moves_to_the_next_working_day(month: date, due: date) -> None:
    assert cycle(DIBAO, month_index(month), {}).due_on == due


def test_the_countys_calendar_moves_the_due_day() -> None:
    off = {date(2026, 10, 20): False}
    assert cycle(DIBAO, month_index(date(2026, 10, 1)), off).due_on == date(2026, 10, 21)


def test_a_due_day_the_month_lacks_is_its_last_day() -> None:
    feed = replace(DIBAO, due_day=31)
    assert cycle(feed, month_index(date(2026, 6, 1)), {}).due_on == date(2026, 6, 30)


@pytest.mark.parametrize(
    ("feed", "words"),
    [
        (DIBAO, "每月 20 日"),
        (QUARTERLY, "每 3 个月（2、5、8、11 月）20 日"),
        (YEARLY, "每年 4 月 20 日"),
    ],
)
def test_due_day_in_words(feed: Any, words: str) -> None:
    assert due_in_words(feed) == words


# ---- states ----


@pytest.mark.django_db
def test_what_never_came_is_never_sent_and_late(world: World) -> None:
    fresh = one(date(2026, 10, 12))
    assert (fresh.state, fresh.days_late, fresh.last_on) == (State.NEVER, 22, None)


@pytest.mark.django_db
def test_after_last_months_batch_the_next_is_awaited(world: World) -> None:
    merged(world, date(2026, 9, 18))
    fresh = one(date(2026, 10, 12))
    assert (fresh.state, fresh.due_on, fresh.days_late) == (State.DUE, date(2026, 10, 20), 0)


@pytest.mark.django_db
def test_this_months_batch_is_reported(world: World) -> None:
    merged(world, date(2026, 10, 9))
    fresh = one(date(2026, 10, 12))
    assert (fresh.state, fresh.due_on) == (State.REPORTED, date(2026, 11, 20))


@pytest.mark.django_db
@pytest.mark.parametrize(("day", "late"), [(20, 0), (21, 1), (28, 8)])
def test_the_due_day_itself_is_not_late(world: World, day: int, late: int) -> None:
    merged(world, date(2026, 9, 18))
    assert one(date(2026, 10, day)).days_late == late


@pytest.mark.django_db
def test_data_of_long_ago_do_not_count_for_this_month(world: World) -> None:
    merged(world, date(2026, 9, 18))
    merged(world, date(2026, 10, 9), as_of=date(2025, 3, 31))
    assert one(date(2026, 10, 12)).state == State.DUE


@pytest.mark.django_db
def test_a_batch_taken_back_does_not_count(world: World) -> None:
    merged(world, date(2026, 9, 18))
    merged(world, date(2026, 10, 9), stage=Upload.Stage.UNDONE)
    assert one(date(2026, 10, 12)).state == State.DUE


@pytest.mark.django_db
def test_a_yearly_data_set_stays_reported_through_the_year(world: World) -> None:
    merged(world, date(2026, 4, 10))
    fresh = one(date(2026, 12, 1), YEARLY)
    assert (fresh.state, fresh.due_on) == (State.REPORTED, date(2027, 4, 20))


@pytest.mark.django_db
def test_the_countys_holiday_in_the_table_moves_the_due_day(world: World) -> None:
    CalendarDay.objects.create(day=date(2026, 10, 20), is_workday=False, source="测试")
    merged(world, date(2026, 9, 18))
    assert one(date(2026, 10, 12)).due_on == date(2026, 10, 21)


# ---- months ----


@pytest.mark.django_db
def test_months_tell_on_time_late_missed_and_open(world: World) -> None:
    merged(world, date(2026, 6, 10))
    merged(world, date(2026, 7, 25))
    merged(world, date(2026, 9, 20))
    assert marks(date(2026, 10, 12)) == "———————准迟缺准待"


@pytest.mark.django_db
def test_last_months_data_sent_this_month_make_last_month_late(world: World) -> None:
    merged(world, date(2026, 8, 10))
    merged(world, date(2026, 10, 2), as_of=date(2026, 9, 30))
    assert marks(date(2026, 10, 12))[-3:] == "准迟准"


@pytest.mark.django_db
def test_the_first_batch_is_not_late_for_a_due_day_before_it(world: World) -> None:
    merged(world, date(2026, 8, 25))
    merged(world, date(2026, 9, 25))
    assert marks(date(2026, 10, 12))[-3:] == "首迟待"
    assert one(date(2026, 10, 12)).on_time == (0, 1)


@pytest.mark.django_db
def test_a_quarterly_data_set_has_no_marks_between(world: World) -> None:
    merged(world, date(2026, 5, 10))
    assert marks(date(2026, 10, 12), QUARTERLY)[-6:] == "准——缺——"


# ---- rules ----


@pytest.mark.django_db
def test_a_rule_waits_for_its_own_data_and_for_those_it_looks_up(world: World) -> None:
    load_shipped_rules(acting=SYSTEM)
    reading = rules_reading()
    assert "大额医疗支出" in reading["medical_settlement"]
    assert "大额医疗支出" in reading["dibao_payment"]


@pytest.mark.django_db
def test_all_data_sets_cost_three_queries(
    world: World, django_assert_num_queries: Callable[[int], Any]
) -> None:
    for feed in ("dibao_payment", "medical_settlement", "school_status"):
        merged(world, date(2026, 9, 18), feed=feed)
    with django_assert_num_queries(3):
        freshness(date(2026, 10, 12))


# ---- score ----


def test_the_score_is_the_weighted_sum() -> None:
    shares = Shares(rows=100, kept=90, matched_rows=45, due=4, on_time_months=3)
    assert shares.score == round(50 * 0.9 + 30 * 0.5 + 20 * 0.75)


def test_what_cannot_be_told_is_left_out_of_the_score() -> None:
    assert Shares(rows=10, kept=10, matched_rows=5).score == round(100 * (50 + 15) / 80)


def test_without_rows_there_is_no_score() -> None:
    assert Shares(due=3).score is None


@pytest.mark.django_db
def test_quality_counts_months_and_their_sum(world: World) -> None:
    rows = {"rows_in": 12, "accepted": 6, "unchanged": 2, "faulty": 2, "blank": 2, "unmatched": 4}
    merged(world, date(2026, 9, 18), **rows)
    merged(world, date(2026, 10, 9), rows_in=10, accepted=10)
    (found,) = quality([DIBAO], date(2026, 10, 12))
    assert found.total == Shares(rows=20, kept=18, matched_rows=14, due=2, on_time_months=2)
    assert [m.shares.score for m in found.months[-2:]] == [75, 100]
    assert (found.change, found.change_in_words) == (25, "末月比前次高 25")


@pytest.mark.django_db
def test_the_first_batch_costs_no_points_for_lateness(world: World) -> None:
    merged(world, date(2026, 9, 25), rows_in=10, accepted=10)
    (found,) = quality([DIBAO], date(2026, 10, 12))
    assert (found.total.due, found.total.score) == (0, 100)


@pytest.mark.django_db
def test_quality_ignores_what_was_taken_back_and_what_is_over_a_year_old(world: World) -> None:
    merged(world, date(2026, 10, 9), stage=Upload.Stage.UNDONE, rows_in=5, accepted=5)
    merged(world, date(2025, 10, 31), rows_in=7, accepted=7)
    (found,) = quality([DIBAO], date(2026, 10, 12))
    assert (found.total.rows, found.spark) == (0, "")
