"""Moves, splits and merges: everything of the household follows, and history tells it."""

from datetime import date

import pytest
from django.db import connection
from django.utils import timezone

from grid.actions.moves import merge_households, move_household, split_household
from grid.actions.work_items import VisitRequest, open_work_items
from grid.models import Household, HouseholdEvent, Membership, Person, Visit, WorkItem
from grid.roles import Role
from tests.world import World
from yizhou.audit import SYSTEM
from yizhou.refusals import NotAllowed, Overtaken, Refusal

Kind = HouseholdEvent.Kind
ON = date(2026, 6, 1)


@pytest.fixture(autouse=True)
def guards_hold(db: None) -> None:
    """Every test ends with all deferred triggers asked, as a commit would."""
    yield
    connection.check_constraints()


def again(household: Household) -> Household:
    return Household.objects.select_related("head").get(pk=household.pk)


def open_item(household: Household, subject: int = 1) -> WorkItem:
    open_work_items(
        acting=SYSTEM,
        requests=[
            VisitRequest(
                household_id=household.pk,
                code=household.cell_id,
                kind="verify_alert",
                subject=subject,
                title="大额医疗支出",
                sentence="近 12 个月个人自付 40,000 元",
                severity=2,
                due_on=timezone.localdate(),
            )
        ],
    )
    return WorkItem.objects.open().get(household=household)


def move(world: World, cell: object, **changes: object) -> None:
    values = {
        "acting": world.county_officer,
        "household": world.household,
        "version_seen": 1,
        "cell": cell,
        "address": "新住址 1 号",
        "on": ON,
    }
    move_household(**values | changes)


def test_move_takes_people_along(world: World) -> None:
    move(world, world.other_grid)
    codes = Person.objects.filter(household=world.household).values_list("code", flat=True)
    assert set(codes) == {world.other_grid.code}


def test_move_gives_the_open_work_item_to_who_visits_there(world: World) -> None:
    item = open_item(world.household)
    assert item.assignee == world.worker_1
    move(world, world.other_grid)
    item.refresh_from_db()
    assert (item.code, item.assignee, item.assigned_role) == (
        world.other_grid.code,
        world.other_worker,
        Role.GRID_WORKER_1,
    )
    assert "北山镇怀道村怀道屯" in item.events.last().sentence


def test_move_to_a_place_without_anybody_leaves_the_item_to_the_township(world: World) -> None:
    item = open_item(world.household)
    move(world, world.bare_grid)
    item.refresh_from_db()
    assert (item.assignee, item.assigned_role) == (None, "")


def test_move_takes_visits_along_so_the_new_township_knows_the_family(world: World) -> None:
    item = open_item(world.household)
    visit = Visit.objects.create(
        work_item=item,
        household=world.household,
        code=item.code,
        by=world.worker_1,
        visited_at=timezone.now(),
        form_version=1,
        answers={},
    )
    move(world, world.other_grid)
    assert visit in world.other_township_officer.sees(Visit)
    assert visit not in world.township_officer.sees(Visit)


def test_move_is_told_with_both_places(world: World) -> None:
    move(world, world.other_grid)
    event = again(world.household).events.get()
    assert event.kind == Kind.MOVED
    assert event.sentence == "由 德胜镇地罗村拉敢屯 搬到 北山镇怀道村怀道屯 新住址 1 号"


def test_move_within_the_grid_changes_the_address_only(world: World) -> None:
    item = open_item(world.household)
    move(world, world.grid)
    item.refresh_from_db()
    assert again(world.household).address == "新住址 1 号"
    assert item.version == 1


def test_move_to_where_one_has_no_right_is_refused(world: World) -> None:
    with pytest.raises(NotAllowed):
        move(world, world.other_grid, acting=world.township_officer)


def test_move_to_the_same_address_is_refused(world: World) -> None:
    with pytest.raises(Refusal, match="没有要改的"):
        move(world, world.grid, address=world.household.address)


def split(world: World, *names: str, **changes: object) -> Household:
    values = {
        "acting": world.info_officer,
        "household": world.household,
        "version_seen": 1,
        "leavers": [world.people[name] for name in names],
        "head": world.people[names[0]],
        "cell": world.next_grid,
        "address": "拉敢屯 40 号",
        "on": ON,
    }
    return split_household(**values | changes)


def test_split_founds_a_household_with_its_own_head(world: World) -> None:
    fresh = split(world, "韦丙", "韦丁", relations={world.people["韦丁"].pk: "sibling"})
    assert (fresh.head.name, fresh.size, fresh.number) == ("韦丙", 2, "104-207-0004")
    assert again(world.household).size == 3
    relations = dict(
        Membership.objects.open().filter(household=fresh).values_list("person__name", "relation")
    )
    assert relations == {"韦丙": "head", "韦丁": "sibling"}


def test_split_is_told_in_both_histories(world: World) -> None:
    fresh = split(world, "韦丙")
    assert again(world.household).events.get().sentence == "韦丙 分出，另立 104-207-0004 户"
    assert "由 104-207-0001 户分出" in fresh.events.get().sentence


def test_leavers_live_in_the_new_grid(world: World) -> None:
    fresh = split(world, "韦丙")
    person = Person.objects.get(name="韦丙")
    assert (person.household, person.code) == (fresh, world.next_grid.code)


def test_old_head_may_leave_when_a_successor_stays(world: World) -> None:
    split(world, "韦甲", "覃乙", remaining_head=world.people["韦丙"])
    assert again(world.household).head.name == "韦丙"


def test_old_head_leaving_without_a_successor_is_refused(world: World) -> None:
    with pytest.raises(Refusal, match="请同时指定新户主"):
        split(world, "韦甲", "覃乙")


def test_splitting_off_everybody_is_refused(world: World) -> None:
    with pytest.raises(Refusal, match="不能把全家都分出去"):
        split(world, "韦甲", "覃乙", "韦丙", "韦丁", "莫戊")


def test_head_of_the_new_household_must_be_among_the_leavers(world: World) -> None:
    with pytest.raises(Refusal, match="必须是分出去的人之一"):
        split(world, "韦丙", head=world.people["韦丁"])


def merge(world: World, **changes: object) -> None:
    values = {
        "acting": world.info_officer,
        "household": world.household,
        "version_seen": 1,
        "source": world.lone_household,
        "source_version_seen": 1,
        "on": ON,
    }
    merge_households(**values | changes)


def test_merge_dissolves_the_source_and_grows_the_target(world: World) -> None:
    merge(world)
    assert again(world.household).size == 6
    assert again(world.lone_household).dissolved_on == ON
    assert Person.objects.get(name="罗甲").household == world.household


def test_merge_is_told_in_both_histories(world: World) -> None:
    merge(world)
    assert again(world.household).events.get().sentence == "104-207-0003 户并入：罗甲"
    assert again(world.lone_household).events.get().sentence == "并入 104-207-0001 户，销户"


def test_merge_tells_the_visitor_of_the_source_where_to_go(world: World) -> None:
    item = open_item(world.lone_household)
    merge(world)
    item.refresh_from_db()
    assert item.code == world.grid.code
    assert item.assignee == world.worker_1
    told = item.events.filter(sentence__contains="并入 104-207-0001 户")
    assert told.exists()


def test_merge_with_itself_is_refused(world: World) -> None:
    with pytest.raises(Refusal, match="不能与自己并户"):
        merge(world, source=world.household)


def test_merge_asks_for_both_versions(world: World) -> None:
    with pytest.raises(Overtaken):
        merge(world, source_version_seen=9)


def test_merge_of_a_household_out_of_reach_is_refused(world: World) -> None:
    with pytest.raises(NotAllowed):
        merge(world, source=world.other_household)
