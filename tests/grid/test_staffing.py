"""Vacancies, completeness of the 4+2+2, and the load of every visitor."""

from datetime import timedelta

import pytest
from django.utils import timezone

from grid.models import Establishment, WorkItem
from grid.roles import Role
from grid.staffing import completeness, open_load, seats_of, vacancies
from tests.world import World

TODAY = timezone.localdate()


def vacant(world: World, region: object) -> set[tuple[str, str]]:
    return {(v.role, v.region.name) for v in vacancies(region, on=TODAY)}


def test_vacancies_of_a_village_name_role_and_place(world: World) -> None:
    assert vacant(world, world.village) == {
        (Role.INFO_OFFICER, "地罗村"),
        (Role.GRID_WORKER_1, "第二网格"),
        (Role.TUN_HEAD, "下里屯"),
        (Role.GRID_WORKER_1, "第三网格"),
    }


def test_vacancy_counts_seats_and_holders(world: World) -> None:
    (vacancy,) = [v for v in vacancies(world.village, on=TODAY) if v.role == Role.INFO_OFFICER]
    assert (vacancy.seats, vacancy.held, vacancy.missing) == (2, 1, 1)


def test_ended_post_leaves_a_vacancy(world: World) -> None:
    world.worker_1.posts.update(until_on=TODAY)
    assert (Role.GRID_WORKER_1, "第一网格") in vacant(world, world.village)


def test_post_that_begins_tomorrow_does_not_fill_the_seat_today(world: World) -> None:
    world.worker_1.posts.update(from_on=TODAY + timedelta(days=1))
    assert (Role.GRID_WORKER_1, "第一网格") in vacant(world, world.village)


def test_disabled_account_fills_no_seat(world: World) -> None:
    world.worker_1.is_active = False
    world.worker_1.save(update_fields=["is_active"])
    assert (Role.GRID_WORKER_1, "第一网格") in vacant(world, world.village)


def test_vacancies_of_the_county_include_every_level(world: World) -> None:
    roles = {role for role, _ in vacant(world, world.county)}
    assert {Role.COUNTY_HEAD, Role.TOWNSHIP_HEAD, Role.VILLAGE_HEAD} <= roles


def test_vacancies_take_three_queries_whatever_the_size(
    world: World, django_assert_num_queries: object
) -> None:
    with django_assert_num_queries(3):
        vacancies(world.county, on=TODAY)


def test_setting_of_seats_wins_over_the_table(world: World) -> None:
    Establishment.objects.filter(role=Role.INFO_OFFICER).update(seats=3)
    assert seats_of(Role.INFO_OFFICER) == 3


def test_completeness_counts_the_structure_of_a_village(world: World) -> None:
    (line,) = completeness(world.village, on=TODAY)
    assert (line.village_head.held, line.village_head.wanted) == (1, 1)
    assert (line.tun_heads.held, line.tun_heads.wanted) == (1, 2)
    assert (line.info_officers.held, line.info_officers.wanted) == (1, 2)
    assert (line.first_workers.held, line.first_workers.wanted) == (1, 3)
    assert line.second_workers == 1
    assert line.missing == 4


def test_completeness_has_a_line_for_every_village(world: World) -> None:
    lines = completeness(world.county, on=TODAY)
    assert [(line.township, line.village.name) for line in lines] == [
        ("德胜镇", "赛平村"),
        ("德胜镇", "地罗村"),
        ("北山镇", "怀道村"),
    ]


def test_completeness_of_a_grid_is_that_of_its_village(world: World) -> None:
    (line,) = completeness(world.grid, on=TODAY)
    assert line.village == world.village
    assert line.first_workers.wanted == 3


def test_completeness_takes_four_queries(world: World, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(4):
        completeness(world.county, on=TODAY)


@pytest.fixture
def busy(world: World) -> World:
    for household, days in ((world.household, -2), (world.next_household, 3)):
        WorkItem.objects.create(
            household=household,
            code=household.cell_id,
            severity=2,
            due_on=TODAY + timedelta(days=days),
            assignee=world.worker_1,
        )
    return world


def test_load_counts_open_and_overdue(busy: World) -> None:
    load = open_load(busy.village, on=TODAY)[0]
    assert (load.account, load.opened, load.overdue) == (busy.worker_1, 2, 1)


def test_load_lists_visitors_without_work(busy: World) -> None:
    idle = {load.account for load in open_load(busy.village, on=TODAY) if not load.opened}
    assert idle == {busy.worker_2, busy.tun_head, busy.info_officer, busy.village_head}


def test_work_of_somebody_who_left_is_stranded(busy: World) -> None:
    busy.worker_1.posts.update(until_on=TODAY)
    load = open_load(busy.village, on=TODAY)[0]
    assert load.account == busy.worker_1
    assert load.is_stranded


def test_township_officer_with_work_in_a_village_is_not_stranded(busy: World) -> None:
    WorkItem.objects.update(assignee=busy.township_officer)
    load = open_load(busy.village, on=TODAY)[0]
    assert load.account == busy.township_officer
    assert not load.is_stranded


def test_load_takes_three_queries(busy: World, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(3):
        open_load(busy.county, on=TODAY)
