"""Centralized checks: opened, filled, sent out, covered, stopped, closed."""

import uuid
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from grid.actions.campaigns import (
    close_campaigns,
    fill_campaigns,
    open_campaign,
    stop_campaign,
)
from grid.actions.plan_reports import collect_plan_reports
from grid.actions.visit_plans import open_plan
from grid.actions.visits import Report, file_visit
from grid.models import Account, Campaign, Household, Outcome, PlanEntry, Visit, WorkItem
from tests.grid.field_phone import answers
from tests.grid.routine import install, open_visit
from tests.world import World
from yizhou.audit import SYSTEM
from yizhou.refusals import NotAllowed, Overtaken, Refusal

pytestmark = pytest.mark.django_db
SignIn = Callable[[Account], Client]
State = PlanEntry.State


def begin(world: World, acting: Account | None = None, **change: object) -> Campaign:
    today = timezone.localdate()
    asked = {
        "name": "冬季集中排查",
        "purpose": "逐户核实两不愁三保障和饮水",
        "places": [world.township.pk],
        "groups": ["everybody"],
        "from_on": today,
        "until_on": today + timedelta(days=30),
    } | change
    return open_campaign(acting=acting or world.township_officer, **asked)


@pytest.fixture
def campaign(world: World) -> Campaign:
    """Begun and sent out in the whole township, as if every week had come."""
    install()
    made = begin(world)
    fill_campaigns(acting=SYSTEM)
    PlanEntry.objects.update(week_on=timezone.localdate())
    open_plan(acting=SYSTEM)
    return made


def visit(household: Household, outcome: str = Outcome.NO_RISK_SELF_SOLVED) -> None:
    item = WorkItem.objects.open().get(household=household)
    met = outcome != Outcome.NOT_CONTACTABLE
    wanted = item.purposes.filter(state="wanted")
    file_visit(
        acting=item.assignee,
        visit_id=uuid.uuid4(),
        item=item,
        visited_at=timezone.now(),
        mode=Visit.Mode.IN_PERSON if met else Visit.Mode.NOT_MET,
        answers=answers(kinds=[p.kind for p in wanted]),
        reports=[Report(p.pk, outcome, "看过票据和家里情况") for p in wanted],
        note="去了两次，邻居说外出",
    )
    collect_plan_reports(work_item_id=item.pk)


def state_of(household: Household) -> str:
    return PlanEntry.objects.get(household=household, campaign__isnull=False).state


def test_every_household_of_the_places_comes_under_it(world: World, campaign: Campaign) -> None:
    households = set(campaign.entries.values_list("household_id", flat=True))
    assert households == {
        world.household.pk,
        world.next_household.pk,
        world.lone_household.pk,
        world.bare_household.pk,
    }


def test_only_the_asked_groups_come_under_it(world: World) -> None:
    begin(world, groups=["out_of_poverty"])
    fill_campaigns(acting=SYSTEM)
    assert list(PlanEntry.objects.values_list("household", flat=True)) == [world.household.pk]


def test_filling_twice_changes_nothing(campaign: Campaign) -> None:
    assert fill_campaigns(acting=SYSTEM) == 0


def test_a_check_is_added_to_the_visit_that_is_open(world: World) -> None:
    install()
    today = timezone.localdate()
    open_visit(world.household, opened_on=today, due_on=today)
    begin(world)
    fill_campaigns(acting=SYSTEM)
    PlanEntry.objects.update(week_on=today)
    open_plan(acting=SYSTEM)
    item = WorkItem.objects.open().get(household=world.household)
    assert set(item.purposes.values_list("kind", flat=True)) == {"verify_alert", "check"}


def test_a_visit_for_another_reason_counts(world: World) -> None:
    install()
    today = timezone.localdate()
    open_visit(world.household, opened_on=today, due_on=today)
    begin(world)
    fill_campaigns(acting=SYSTEM)
    PlanEntry.objects.update(week_on=today + timedelta(days=7))
    visit(world.household)
    open_plan(acting=SYSTEM)
    assert state_of(world.household) == State.DONE


def test_waves_begin_week_by_week(world: World) -> None:
    begin(world, until_on=timezone.localdate() + timedelta(days=60))
    fill_campaigns(acting=SYSTEM)
    days = set(PlanEntry.objects.values_list("week_on", flat=True))
    assert min(days) == timezone.localdate()
    assert len(days) >= 1


def test_stopping_takes_back_what_is_not_visited(world: World, campaign: Campaign) -> None:
    visit(world.next_household)
    stop_campaign(
        acting=world.township_officer, campaign=campaign, version_seen=1, reason="汛情，改期"
    )
    assert (state_of(world.next_household), state_of(world.household)) == (
        State.DONE,
        State.DROPPED,
    )
    assert not WorkItem.objects.open().exists()
    with pytest.raises(Overtaken):
        stop_campaign(
            acting=world.township_officer, campaign=campaign, version_seen=1, reason="汛情，改期"
        )


def test_it_closes_by_itself_after_its_days(world: World, campaign: Campaign) -> None:
    after = campaign.until_on + timedelta(days=1)
    early = close_campaigns(acting=SYSTEM, today=campaign.until_on)
    closed = close_campaigns(acting=SYSTEM, today=after)
    campaign.refresh_from_db()
    assert (early, closed, campaign.state) == (0, 1, Campaign.State.CLOSED)
    assert state_of(world.household) == State.LAPSED
    assert close_campaigns(acting=SYSTEM, today=after) == 0


def test_it_closes_by_itself_when_everybody_is_visited(world: World, campaign: Campaign) -> None:
    for household in (world.next_household, world.household, world.lone_household):
        WorkItem.objects.filter(household=household).update(assignee=world.village_head)
        visit(household)
    close_campaigns(acting=SYSTEM)
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.RUNNING  # nobody has been at the fourth household
    WorkItem.objects.update(assignee=world.township_officer)
    visit(world.bare_household)
    close_campaigns(acting=SYSTEM)
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.CLOSED


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"purpose": " "},
        {"places": []},
        {"places": ["999999"]},
        {"groups": []},
        {"groups": ["nobody"]},
        {"from_on": date(2020, 1, 1)},
        {"until_on": date(2020, 1, 1)},
        {"until_on": date(2099, 1, 1)},
    ],
)
def test_impossible_checks_are_refused(world: World, change: dict[str, object]) -> None:
    with pytest.raises(Refusal):
        begin(world, **change)
    assert not Campaign.objects.exists()


@pytest.mark.parametrize("who", ["worker_1", "village_head", "leader", "other_township_officer"])
def test_others_do_not_begin_one_here(world: World, who: str) -> None:
    with pytest.raises(NotAllowed):
        begin(world, getattr(world, who))


def test_a_township_does_not_stop_the_county_s(world: World) -> None:
    made = begin(world, world.county_officer, places=[world.county.pk])
    with pytest.raises(NotAllowed):
        stop_campaign(
            acting=world.township_officer, campaign=made, version_seen=1, reason="汛情，改期"
        )
