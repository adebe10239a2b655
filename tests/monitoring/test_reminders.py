"""Reminders by the clock and by hand: once a step, for those who report, gone when data came."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from grid.models import Account
from monitoring.actions.reminders import make_reminders, mark_seen, remind_department
from monitoring.feeds import FEEDS
from monitoring.freshness import freshness
from monitoring.models import DataReminder
from monitoring.tasks import remind_departments
from tests.monitoring.test_freshness import merged
from tests.world import World
from yizhou.audit import SYSTEM, AuditEntry
from yizhou.refusals import NotAllowed, NotFound, Overtaken, Refusal

pytestmark = pytest.mark.django_db
FEED = "dibao_payment"  # due on the 20th


def steps(feed: str = FEED) -> list[tuple[str, int]]:
    found = DataReminder.objects.filter(feed=feed).order_by("days")
    return list(found.values_list("kind", "days"))


def remind_on(*days: date) -> None:
    for day in days:
        make_reminders(acting=SYSTEM, today=day)


@pytest.fixture
def reported(world: World) -> World:
    merged(world, date(2026, 9, 18))
    return world


def test_none_is_written_long_before_the_due_day(reported: World) -> None:
    remind_on(date(2026, 10, 16))
    assert steps() == []


def test_three_days_before_one_is_written_once(reported: World) -> None:
    remind_on(date(2026, 10, 17), date(2026, 10, 18), date(2026, 10, 20))
    assert steps() == [("before", -3)]


def test_late_ones_come_after_one_day_and_then_weekly(reported: World) -> None:
    remind_on(*(date(2026, 10, 21) + timedelta(days=n) for n in range(15)))
    assert steps() == [("late", 1), ("late", 8), ("late", 15)]


def test_a_day_the_clock_missed_is_made_up(reported: World) -> None:
    remind_on(date(2026, 10, 30))
    assert steps() == [("late", 8)]


def test_what_was_reported_is_not_reminded_of(reported: World) -> None:
    merged(reported, date(2026, 10, 9))
    remind_on(date(2026, 10, 18), date(2026, 10, 25))
    assert steps() == []


def test_a_department_the_county_has_not_set_up_is_left_out(world: World) -> None:
    absent = next(f for f in FEEDS.values() if f.department == "human_resources")
    remind_on(date(2026, 10, 30))
    assert steps(absent.code) == []


def test_the_task_twice_writes_once(world: World) -> None:
    remind_departments()
    first = DataReminder.objects.count()
    remind_departments()
    assert (first > 0, DataReminder.objects.count()) == (True, first)


def test_every_reminder_is_in_the_audit_trail(reported: World) -> None:
    remind_on(date(2026, 10, 21))
    entries = AuditEntry.objects.filter(verb="reminded_department")
    assert entries.count() == DataReminder.objects.count()


# ---- by hand ----


def test_the_county_officer_reminds_with_a_reason(world: World) -> None:
    reminder = remind_department(acting=world.county_officer, feed=FEED, reason=" 月底会商要用 ")
    entry = AuditEntry.objects.get(verb="reminded_department")
    assert (reminder.kind, entry.reason, entry.actor) == (
        "by_hand",
        "月底会商要用",
        world.county_officer,
    )


def test_twice_on_one_day_is_refused(world: World) -> None:
    remind_department(acting=world.county_officer, feed=FEED)
    with pytest.raises(Overtaken, match="今天已经催报过"):
        remind_department(acting=world.county_officer, feed=FEED)


def test_reported_data_are_not_asked_for(world: World) -> None:
    today = timezone.localdate()
    merged(world, today)
    with pytest.raises(Overtaken, match="本期已经报送"):
        remind_department(acting=world.county_officer, feed=FEED)


@pytest.mark.parametrize("name", ["clerk_civil", "leader", "township_officer", "stranger"])
def test_nobody_else_reminds(world: World, name: str) -> None:
    with pytest.raises(NotAllowed):
        remind_department(acting=getattr(world, name), feed=FEED)


def test_an_unknown_data_set_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        remind_department(acting=world.county_officer, feed="nothing")


def test_a_long_reason_is_refused(world: World) -> None:
    with pytest.raises(Refusal, match="200"):
        remind_department(acting=world.county_officer, feed=FEED, reason="急" * 201)


# ---- the banner ----


def page(client: Client) -> str:
    return client.get("/data/").content.decode()


def test_the_clerk_sees_the_reminder_until_it_is_read(
    world: World, signed_in: Callable[[Account], Client]
) -> None:
    reminder = remind_department(acting=world.county_officer, feed=FEED, reason="会商要用")
    client = signed_in(world.clerk_civil)
    assert "会商要用" in page(client)
    answer = client.post(f"/data/reminders/{reminder.pk}/seen/")
    assert (answer.status_code, "会商要用" in page(client)) == (302, False)
    reminder.refresh_from_db()
    assert reminder.seen_by == world.clerk_civil
    assert AuditEntry.objects.filter(verb="saw_reminder").count() == 1


def test_the_banner_goes_when_the_data_come(
    world: World, signed_in: Callable[[Account], Client]
) -> None:
    remind_department(acting=world.county_officer, feed=FEED, reason="会商要用")
    merged(world, timezone.localdate())
    assert "会商要用" not in page(signed_in(world.clerk_civil))


def test_another_department_neither_sees_nor_confirms_it(
    world: World, signed_in: Callable[[Account], Client]
) -> None:
    reminder = remind_department(acting=world.county_officer, feed=FEED, reason="会商要用")
    client = signed_in(world.clerk_medical)
    answer = client.post(f"/data/reminders/{reminder.pk}/seen/")
    assert (answer.status_code, "会商要用" in page(client)) == (404, False)


def test_the_county_officer_does_not_confirm_for_the_department(world: World) -> None:
    reminder = remind_department(acting=world.county_officer, feed=FEED)
    with pytest.raises(NotAllowed):
        mark_seen(acting=world.county_officer, reminder=reminder)


def test_the_newest_of_several_stands_alone(
    world: World, signed_in: Callable[[Account], Client]
) -> None:
    make_reminders(acting=SYSTEM)
    remind_department(acting=world.county_officer, feed=FEED, reason="会商要用")
    shown: Any = page(signed_in(world.clerk_civil))
    assert (shown.count("去报送"), "会商要用" in shown) == (own_waiting(world), True)


def own_waiting(world: World) -> int:
    """Data sets of the civil affairs bureau that are reminded of today: each has one banner."""
    own = {f.feed for f in freshness() if f.department_code == world.civil.pk}
    return DataReminder.objects.filter(feed__in=own).values("feed").distinct().count()
