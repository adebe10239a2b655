"""Places are a tree of codes: a subtree is one range, and codes fit their level."""

import pytest
from django.db import IntegrityError, transaction

from grid.models import Region
from grid.places import place_of, places_of
from grid.roles import CODE_LENGTH, ROLES, Level, Role
from tests.world import World


def test_subtree_is_the_place_and_all_below(world: World) -> None:
    assert Region.objects.within(world.village.code).count() == 6


def test_subtree_holds_nothing_of_the_neighbours(world: World) -> None:
    below = Region.objects.within(world.bare_village.code)
    assert {r.name for r in below} == {"赛平村", "上屯", "第四网格"}


def test_subtree_is_asked_of_the_index_as_one_range(world: World) -> None:
    plan = Region.objects.within(world.village.code).explain()
    assert "code" in plan
    assert "~~" not in plan  # no LIKE


@pytest.mark.parametrize(
    ("level", "code"),
    [
        ("village", "4512031042"),
        ("county", "45120"),
        ("grid", "451203104207001"),
        ("tun", "x" * 15),
    ],
)
def test_code_that_does_not_fit_its_level_is_refused(world: World, level: str, code: str) -> None:
    with (
        pytest.raises(IntegrityError, match="region_code_length_fits_level"),
        transaction.atomic(),
    ):
        Region.objects.create(
            code=code,
            name="错",
            level=level,
            parent=None if level == "county" else world.county,
        )


def test_only_the_county_has_no_parent(world: World) -> None:
    with (
        pytest.raises(IntegrityError, match="region_only_county_has_no_parent"),
        transaction.atomic(),
    ):
        Region.objects.create(code="451203999", name="孤镇", level="township")


def test_places_of_many_codes_take_one_query(
    world: World, django_assert_num_queries: object
) -> None:
    with django_assert_num_queries(1):
        places = places_of([world.grid.code, world.other_grid.code, world.village.code])
    assert str(places[world.grid.code]) == "地罗村拉敢屯"
    assert places[world.village.code].tun == ""


def test_place_in_full_begins_with_the_township(world: World) -> None:
    assert place_of(world.other_grid.code).full == "北山镇怀道村怀道屯"


def test_every_level_has_a_code_length_and_deeper_is_longer() -> None:
    lengths = [CODE_LENGTH[level] for level in Level]
    assert lengths == sorted(set(lengths))


def test_every_role_has_a_rule() -> None:
    assert set(ROLES) == set(Role)
