"""The routine of the demo county: a plan, visits made and late ones, all by the real actions."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.utils import timezone

from grid.models import (
    Account,
    ClockPause,
    Household,
    Notice,
    PlanEntry,
    Stage,
    VisitCategory,
    WorkItem,
)
from grid.visit_plans import to_decide
from tests.demo.conftest import ANCHOR
from yizhou.demo import routine
from yizhou.demo.load import build
from yizhou.demo.routine import begin_routine

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 15, tzinfo=ZoneInfo("Asia/Shanghai"))
State = PlanEntry.State


def quiet(text: str) -> None:
    pass


@pytest.fixture(scope="module")
def demo(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """One township with its routine, on a day in the middle of a quarter; rolled back at the end.

    Visits may be a month old at most, so the clock stands on that day.
    """
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as clock, transaction.atomic():
        clock.setattr(timezone, "now", lambda: NOW)
        build(scale="one", today=TODAY, say=quiet)
        assert begin_routine(today=TODAY, say=quiet)
        yield
        transaction.set_rollback(True)


def notices(username: str) -> Any:
    return Notice.objects.standing().filter(account__username=username)


def test_the_routine_is_in_force_since_a_year_ago(demo: None) -> None:
    days = set(VisitCategory.objects.values_list("from_on", flat=True))
    assert days == {date(ANCHOR.year - 1, ANCHOR.month, ANCHOR.day)}


def test_every_household_is_in_the_plan(demo: None) -> None:
    planned = PlanEntry.objects.exclude(state=State.DROPPED).values("household").distinct()
    assert planned.count() == Household.objects.living().count()


def test_nothing_of_the_plan_began_before_today_but_in_the_village_that_is_shown(
    demo: None,
) -> None:
    earlier = PlanEntry.objects.filter(week_on__lt=TODAY)
    village = Account.objects.get(username="village").posts.get().region_id
    assert {code[:12] for code in earlier.values_list("code", flat=True)} == {village}


def test_most_visits_sent_out_are_made_and_some_are_late(demo: None) -> None:
    by_state = {s: PlanEntry.objects.filter(state=s).count() for s in State}
    assert by_state[State.DONE] >= 30
    assert 3 <= by_state[State.OPENED] <= 30


def test_an_open_visit_counts_from_the_day_it_was_sent_out(demo: None) -> None:
    opened = WorkItem.objects.to_visit().values_list("opened_at", "due_on")
    assert {timezone.localdate(at) for at, _ in opened} == {date(2026, 11, 3), date(2026, 11, 12)}
    assert {due_on for _, due_on in opened} >= {date(2026, 11, 17), date(2026, 11, 26)}


@pytest.mark.parametrize("username", ["worker1", "tun", "village", "info", "town1", "county"])
def test_everybody_whose_turn_it_is_has_a_few_notices(demo: None, username: str) -> None:
    assert 1 <= notices(username).count() <= 20


def test_late_and_nearly_late_visits_are_both_told(demo: None) -> None:
    stages = set(Notice.objects.standing().values_list("stage", flat=True))
    assert stages == {Stage.ORANGE, Stage.RED}


def test_one_visit_is_paused(demo: None) -> None:
    pause = ClockPause.objects.get(ended_at=None)
    assert not Notice.objects.standing().filter(work_item=pause.work_item_id).exists()


def test_the_township_has_findings_to_decide(demo: None) -> None:
    assert to_decide(Account.objects.get(username="town1")).exists()


def test_beginning_again_changes_nothing(demo: None) -> None:
    before = PlanEntry.objects.count(), Notice.objects.count()
    assert not begin_routine(today=TODAY, say=quiet)
    assert (PlanEntry.objects.count(), Notice.objects.count()) == before


def test_townships_that_came_later_are_planned_without_playing_again(demo: None) -> None:
    village = Account.objects.get(username="village").posts.get().region_id
    elsewhere = PlanEntry.objects.exclude(code__startswith=village)
    household = elsewhere.filter(work_item=None)[0].household
    before, made = Notice.objects.count(), PlanEntry.objects.filter(state=State.DONE).count()
    PlanEntry.objects.filter(household=household).delete()
    draws: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(routine, "_is_planned", lambda place: False)
        assert begin_routine(today=TODAY, say=draws.append)
    assert draws == ["走访计划排了 1 户，示范村已走访 0 户，时限提醒 0 条"]
    assert Notice.objects.count() == before
    assert PlanEntry.objects.filter(state=State.DONE).count() == made
