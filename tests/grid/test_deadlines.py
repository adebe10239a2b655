"""The clock of a visit: its page, pauses, and how they end."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from grid.actions.deadlines import end_pauses, pause_clock, resume_clock
from grid.actions.notices import tell_of_deadlines
from grid.actions.work_items import VisitRequest, open_work_items, update_purposes
from grid.deadlines import clock_of, pack_section, steps_ahead
from grid.models import Account, ClockPause, Notice, PlanEntry, WorkItem, WorkItemEvent
from grid.offline import etag_of
from tests.grid.routine import MONDAY, install, open_visit, workday
from tests.world import World
from yizhou.audit import SYSTEM
from yizhou.refusals import NotAllowed, Overtaken, Refusal
from yizhou.workdays import add_workdays, workdays_between

pytestmark = pytest.mark.django_db
SignIn = Callable[[Account], Client]
WHY = "全家外出，约定返家后入户"


@pytest.fixture
def item(world: World) -> WorkItem:
    install()
    today = timezone.localdate()
    return open_visit(
        world.household,
        opened_on=today - timedelta(days=3),
        due_on=add_workdays(today, 5),
    )


def pause(world: World, item: WorkItem, *, days: int = 4, reason: str = WHY) -> ClockPause:
    return pause_clock(
        acting=world.township_officer,
        item=item,
        version_seen=item.version,
        until_on=add_workdays(timezone.localdate(), days),
        reason=reason,
    )


def test_a_pause_moves_the_deadline_by_its_working_days(world: World, item: WorkItem) -> None:
    before = item.due_on
    pause(world, item, days=4)
    item.refresh_from_db()
    assert workdays_between(before, item.due_on) == 4
    assert item.purposes.get().due_on == item.due_on
    assert item.events.get(verb="paused").sentence.endswith(WHY)


def test_the_clock_says_that_it_stands(world: World, item: WorkItem) -> None:
    used, total = clock_of(item).used, clock_of(item).total
    pause(world, item)
    item.refresh_from_db()
    clock = clock_of(item, today=add_workdays(timezone.localdate(), 2))
    assert (clock.stands, clock.used, clock.total) == (True, used, total)
    assert steps_ahead(clock) == []


def test_a_pause_ends_by_itself_with_a_line_in_the_history(world: World, item: WorkItem) -> None:
    until = pause(world, item).until_on
    early = end_pauses(acting=SYSTEM, today=until - timedelta(days=1))
    then = end_pauses(acting=SYSTEM, today=until)
    again = end_pauses(acting=SYSTEM, today=until)
    assert (early, then, again) == (0, 1, 0)
    assert WorkItemEvent.objects.filter(work_item=item, verb="resumed").count() == 1


def test_resuming_early_gives_back_the_days_not_paused(world: World, item: WorkItem) -> None:
    before = item.due_on
    pause(world, item)
    item.refresh_from_db()
    resume_clock(
        acting=world.township_officer, item=item, version_seen=item.version, reason="已经返家"
    )
    item.refresh_from_db()
    assert (item.due_on, item.purposes.get().due_on) == (before, before)


def test_a_pause_of_a_visit_made_meanwhile_ends_quietly(world: World, item: WorkItem) -> None:
    pause(world, item)
    WorkItem.objects.update(state=WorkItem.State.VISITED)
    end_pauses(acting=SYSTEM)
    assert ClockPause.objects.get().ended_at is not None
    assert not WorkItemEvent.objects.filter(verb="resumed").exists()


@pytest.mark.parametrize("days", [0, 31])
def test_impossible_days_are_refused(world: World, item: WorkItem, days: int) -> None:
    with pytest.raises(Refusal):
        pause(world, item, days=days)
    item.refresh_from_db()
    assert (item.version, ClockPause.objects.count()) == (1, 0)


def test_a_pause_wants_a_reason(world: World, item: WorkItem) -> None:
    with pytest.raises(Refusal):
        pause(world, item, reason=" ")


def test_a_second_pause_is_overtaken(world: World, item: WorkItem) -> None:
    pause(world, item)
    with pytest.raises(Overtaken):
        pause(world, item)
    item.refresh_from_db()
    due_on = item.due_on
    with pytest.raises(Overtaken):
        pause(world, item)
    item.refresh_from_db()
    assert item.due_on == due_on


@pytest.mark.parametrize("who", ["worker_1", "village_head", "leader", "other_township_officer"])
def test_the_township_alone_pauses(world: World, item: WorkItem, who: str) -> None:
    with pytest.raises(NotAllowed):
        pause_clock(
            acting=getattr(world, who),
            item=item,
            version_seen=item.version,
            until_on=add_workdays(timezone.localdate(), 3),
            reason=WHY,
        )


def test_what_is_ahead_is_what_then_comes(world: World) -> None:
    install()
    today = timezone.localdate()
    item = open_visit(world.household, opened_on=today, due_on=add_workdays(today, 10))
    promised = {(n.step.told, n.step.stage): n.on for n in steps_ahead(clock_of(item))}
    assert promised["assignee", 3] == add_workdays(item.due_on, 1)
    for (told, stage), day in promised.items():
        if told == "assignee":
            tell_of_deadlines(acting=SYSTEM, today=day - timedelta(days=1))
            before = Notice.objects.filter(account=world.worker_1, stage=stage).count()
            tell_of_deadlines(acting=SYSTEM, today=day)
            after = Notice.objects.filter(account=world.worker_1, stage=stage).count()
            assert (before, after) == (0, 1)


def test_the_page_pauses_and_shows_who_was_told(
    world: World, item: WorkItem, signed_in: SignIn
) -> None:
    tell_of_deadlines(acting=SYSTEM, today=add_workdays(item.due_on, 1))
    client = signed_in(world.township_officer)
    url = f"/work-items/{item.pk}/clock/"
    page = client.get(url).content.decode()
    assert "一级网格员甲" in page
    assert "红色超期" in page
    posted = {
        "until_on": add_workdays(timezone.localdate(), 3).isoformat(),
        "reason": WHY,
        "version": str(item.version),
    }
    assert client.post(url, posted).status_code == 302
    page = client.get(url).content.decode()
    assert "计时已暂停" in page
    assert "提前恢复计时" in page


def test_the_page_keeps_what_was_typed(world: World, item: WorkItem, signed_in: SignIn) -> None:
    answer = signed_in(world.township_officer).post(
        f"/work-items/{item.pk}/clock/",
        {"until_on": "2020-01-01", "reason": WHY, "version": str(item.version)},
    )
    assert answer.status_code == 422
    assert WHY in answer.content.decode()


def test_a_page_opened_before_a_change_is_refused(
    world: World, item: WorkItem, signed_in: SignIn
) -> None:
    WorkItem.objects.update(version=9)
    answer = signed_in(world.township_officer).post(
        f"/work-items/{item.pk}/clock/",
        {
            "until_on": add_workdays(timezone.localdate(), 3).isoformat(),
            "reason": WHY,
            "version": str(item.version),
        },
    )
    assert "别人已经处理过" in answer.content.decode()
    assert ClockPause.objects.count() == 0


def test_the_household_s_file_shows_the_clock(
    world: World, item: WorkItem, signed_in: SignIn
) -> None:
    tell_of_deadlines(acting=SYSTEM, today=add_workdays(item.due_on, 1))
    page = signed_in(world.township_officer).get(f"/households/{world.household.pk}/")
    assert "入户时限和提醒" in page.content.decode()


def test_working_days_are_counted_both_ways() -> None:
    assert workdays_between(MONDAY, workday(7)) == 7
    assert workdays_between(workday(7), MONDAY) == -7


# What comes while the clock stands


def grave(world: World) -> None:
    """A red alert for the same household, due in two working days."""
    soon = add_workdays(timezone.localdate(), 2)
    open_work_items(acting=SYSTEM, requests=[asked(world, subject=77, severity=1, due_on=soon)])


def asked(world: World, **change: Any) -> VisitRequest:
    given: dict[str, Any] = {
        "household_id": world.household.pk,
        "code": world.household.cell_id,
        "kind": "verify_alert",
        "subject": 1,
        "title": "大额医疗支出",
        "sentence": "自付 12,000 元",
        "severity": 2,
    }
    return VisitRequest(**given | change)


def test_a_grave_alert_is_not_put_off_with_the_rest(world: World, item: WorkItem) -> None:
    pause(world, item, days=8)
    assert pack_section(world.worker_1, [item.household_id])[item.household_id]["since"] == str(
        timezone.localdate()
    )
    grave(world)
    item.refresh_from_db()
    assert not clock_of(item).stands
    assert pack_section(world.worker_1, [item.household_id]) == {}
    tell_of_deadlines(acting=SYSTEM, today=add_workdays(timezone.localdate(), 3))
    assert Notice.objects.filter(account=world.worker_1, stage=3).exists()


def test_resuming_leaves_the_day_of_what_came_since(world: World, item: WorkItem) -> None:
    pause(world, item, days=8)
    grave(world)
    item.refresh_from_db()
    day = item.due_on
    resume_clock(
        acting=world.township_officer, item=item, version_seen=item.version, reason="已经返家"
    )
    item.refresh_from_db()
    assert item.due_on == day == item.purposes.get(subject=77).due_on


def test_screening_does_not_bring_a_paused_day_back(world: World, item: WorkItem) -> None:
    before = item.due_on
    pause(world, item)
    item.refresh_from_db()
    day = item.due_on
    update_purposes(acting=SYSTEM, changed=[asked(world, due_on=before)])
    item.refresh_from_db()
    assert item.due_on == day > before
    update_purposes(acting=SYSTEM, changed=[asked(world, due_on=before, severity=1)])
    item.refresh_from_db()
    assert item.due_on == before


def test_the_worker_s_list_says_that_the_clock_stands(
    world: World, item: WorkItem, signed_in: SignIn
) -> None:
    pause(world, item)
    page = signed_in(world.worker_1).get("/my-work/?tab=all").content.decode()
    assert "已暂停" in page
    assert WHY in page


def test_the_pack_s_stamp_follows_pauses_and_plan(world: World, item: WorkItem) -> None:
    before = etag_of(world.worker_1)
    pause(world, item)
    item.refresh_from_db()
    paused_stamp = etag_of(world.worker_1)
    PlanEntry.objects.create(
        household=world.household,
        code=world.household.cell_id,
        months=12,
        period_from=date(2026, 1, 1),
        period_until=date(2027, 1, 1),
        week_on=date(2026, 6, 1),
    )
    assert len({before, paused_stamp, etag_of(world.worker_1)}) == 3
