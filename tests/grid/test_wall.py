"""Row-level security, the second wall: raw SQL sees no more than the account's covering range."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from django.db import ProgrammingError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from grid.actions.exceptions import grant_exception
from grid.actions.households import register_household
from grid.actions.moves import move_household
from grid.actions.people import NewMember
from grid.middleware import wall
from grid.models import (
    Account,
    ClockPause,
    Household,
    Notice,
    Person,
    PlanEntry,
    Rhythm,
    Stage,
    Visit,
    WorkItem,
)
from grid.scope import sight_of
from tests.world import World, id_number
from yizhou.refusals import Refusal

ROUTINE = ("grid_planentry", "grid_notice", "grid_clockpause")
WALLED = ("grid_household", "grid_person", "grid_workitem", "grid_visit", *ROUTINE)


def set_wall(low: str, high: str, exceptions: str = "{}", account: str = "") -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('yizhou.low', %s, false), set_config('yizhou.high', %s, false),"
            " set_config('yizhou.exceptions', %s, false), set_config('yizhou.account', %s, false)",
            [low, high, exceptions, account],
        )


@contextmanager
def behind_wall(account: Account) -> Iterator[None]:
    sight = sight_of(account)
    exceptions = "{" + ",".join(map(str, sight.exceptions)) + "}"
    set_wall(*sight.interval, exceptions, str(account.pk) if sight.holdings else "")
    try:
        yield
    finally:
        set_wall("", "~")


def raw_count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return cursor.fetchone()[0]


@pytest.fixture
def busy(world: World) -> World:
    """A work item and a visit in every household, with a planned visit, a notice and a pause."""
    today = timezone.localdate()
    for household in Household.objects.all():
        item = WorkItem.objects.create(
            household=household,
            code=household.cell_id,
            severity=2,
            due_on=today,
        )
        place = {"household": household, "code": household.cell_id}
        PlanEntry.objects.create(
            **place,
            months=Rhythm.MONTHLY,
            period_from=today,
            period_until=today + timedelta(days=30),
            week_on=today,
        )
        Notice.objects.create(
            **place,
            work_item=item,
            account=world.worker_1,
            stage=Stage.ORANGE,
            told_as="assignee",
            workdays=1,
            due_on=today,
        )
        ClockPause.objects.create(
            **place,
            work_item=item,
            from_on=today,
            until_on=today + timedelta(days=2),
            due_before=today,
            reason="全家外出",
            paused_by=world.township_officer,
        )
        Visit.objects.create(
            work_item=item,
            household=household,
            code=household.cell_id,
            by=world.worker_1,
            visited_at=timezone.now(),
            form_version=1,
            answers={},
        )
    return world


def test_program_connects_as_a_role_the_wall_holds(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone()[0] is False


@pytest.mark.parametrize("table", WALLED)
def test_worker_sees_own_grid_through_raw_sql(busy: World, table: str) -> None:
    with behind_wall(busy.worker_1):
        assert raw_count(table) == (5 if table == "grid_person" else 1)


@pytest.mark.parametrize("table", WALLED)
@pytest.mark.parametrize("name", ["stranger", "clerk_medical", "auditor", "administrator"])
def test_those_without_people_see_none_through_raw_sql(busy: World, table: str, name: str) -> None:
    with behind_wall(busy.accounts()[name]):
        assert raw_count(table) == 0


def test_exception_opens_one_household_in_the_wall(busy: World) -> None:
    grant_exception(
        acting=busy.county_officer,
        account=busy.stranger,
        household=busy.other_household,
        until_on=timezone.localdate() + timedelta(days=1),
        reason="跨乡镇核查",
    )
    with behind_wall(busy.stranger):
        assert raw_count("grid_household") == 1
        assert raw_count("grid_person") == 2
        assert raw_count("grid_visit") == 1
        assert [raw_count(table) for table in ROUTINE] == [1, 1, 1]


def test_one_door_and_wall_agree_for_every_account(busy: World) -> None:
    for name, account in busy.accounts().items():
        by_door = account.sees(Household).count()
        with behind_wall(account):
            assert raw_count("grid_household") == by_door, name


def test_update_does_not_reach_through_the_wall(world: World) -> None:
    with behind_wall(world.other_township_officer), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE grid_household SET address = '改' WHERE id = %s", [world.household.pk]
        )
        assert cursor.rowcount == 0


@pytest.mark.parametrize("table", ROUTINE)
def test_every_row_of_the_routine_is_there_in_front_of_the_wall(busy: World, table: str) -> None:
    assert raw_count(table) == Household.objects.count() > 1


@pytest.mark.parametrize("table", ROUTINE)
def test_rows_of_the_routine_are_not_changed_through_the_wall(busy: World, table: str) -> None:
    with behind_wall(busy.other_township_officer), connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET code = code WHERE household_id = %s", [busy.household.pk]
        )
        assert cursor.rowcount == 0


def test_row_cannot_be_pushed_out_of_sight(world: World) -> None:
    with (
        behind_wall(world.township_officer),
        pytest.raises(ProgrammingError, match="row-level security"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "UPDATE grid_household SET code = %s WHERE id = %s",
            [world.other_grid.code, world.household.pk],
        )


def request_of(account: Account, path: str = "/") -> HttpRequest:
    request = RequestFactory().get(path)
    request.user = account
    return request


def count_households(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(raw_count("grid_household")))


def test_middleware_raises_the_wall_for_the_request_only(world: World) -> None:
    response = wall(count_households)(request_of(world.worker_1))
    assert response.content == b"1"
    assert raw_count("grid_household") == 5


def test_web_connection_at_rest_sees_nothing(world: World, settings: pytest.FixtureRequest) -> None:
    settings.WALL_UP = True
    wall(count_households)(request_of(world.county_officer))
    at_rest = raw_count("grid_household")
    set_wall("", "~")
    assert at_rest == 0


def test_wall_comes_down_after_a_view_that_failed(world: World) -> None:
    def fails(request: HttpRequest) -> HttpResponse:
        raise ValueError(request.path)

    with pytest.raises(ValueError, match="/"):
        wall(fails)(request_of(world.worker_1))
    assert raw_count("grid_household") == 5


# Actions work behind the wall, as they do in the web


def a_man(number: str) -> NewMember:
    return NewMember(name="梁甲", relation="head", id_number=number)


def register(world: World, member: NewMember) -> Household:
    return register_household(
        acting=world.info_officer,
        cell=world.grid,
        kind="ordinary",
        address="拉敢屯 30 号",
        members=[member],
        on=date(2026, 3, 1),
    )


def test_registering_behind_the_wall_keeps_every_guard(world: World) -> None:
    with behind_wall(world.info_officer):
        household = register(world, a_man(id_number(date(1990, 5, 6), "M", 300)))
        connection.check_constraints()
    assert household.size == 1


def test_number_of_a_household_behind_the_wall_is_not_given_twice(world: World) -> None:
    Household.objects.filter(pk=world.other_household.pk).update(number="104-207-0004")
    with behind_wall(world.info_officer):
        household = register(world, a_man(id_number(date(1990, 5, 6), "M", 300)))
    assert household.number == "104-207-0005"


def test_id_number_registered_behind_the_wall_is_still_refused(world: World) -> None:
    taken = NewMember(name="潘甲", relation="head", id_number=world.id_number_of("潘甲"))
    with behind_wall(world.info_officer), pytest.raises(Refusal, match="管辖范围以外"):
        register(world, taken)


def test_county_moves_a_household_across_townships_behind_the_wall(world: World) -> None:
    with behind_wall(world.county_officer):
        move_household(
            acting=world.county_officer,
            household=world.household,
            version_seen=1,
            cell=world.other_grid,
            address="怀道屯 9 号",
            on=date(2026, 3, 1),
        )
        connection.check_constraints()
    assert world.other_worker.sees(Person).count() == 7
