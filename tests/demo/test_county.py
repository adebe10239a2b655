"""The invented county adds up: places, people, families, numbers."""

from collections import Counter
from datetime import date

import pytest

from grid.actions.installation import shipped_divisions as divisions
from tests.demo.conftest import ANCHOR
from yizhou.demo.county import ONE_TOWNSHIP, county, featured_grids
from yizhou.demo.families import Household, Person, families_of
from yizhou.demo.posts import WORKERS, county_seats, grid_seats, second_level_workers
from yizhou.id_number import check_character

REAL_PROVINCES = {  # GB/T 2260: the first two digits that exist
    *(11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46),
    *(50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 71, 81, 82, 83),
}


def everybody(families: list[Household]) -> list[Person]:
    return [p for f in families for p in (*f.people, *f.departed)]


def test_townships_have_their_population_of_the_data_file() -> None:
    held = {t["code"]: t["resident_population_2020"] for t in divisions()["townships"]}
    made = {t.code: sum(g.population for g in t.grids) for t in county()}
    assert made == held


def test_the_county_has_549359_people() -> None:
    assert sum(g.population for t in county() for g in t.grids) == 549_359


def test_the_county_has_1313_grids() -> None:
    assert len({g.code for t in county() for g in t.grids}) == 1313


def test_the_county_has_3741_grid_workers() -> None:
    seats = [s for t in county() for s in grid_seats(t, ANCHOR)]
    roles = Counter(str(s.role) for s in seats)
    assert roles["grid_worker_1"] + roles["grid_worker_2"] == WORKERS == 3741
    assert roles["grid_worker_1"] == 1313


def test_no_grid_has_more_than_two_second_level_workers() -> None:
    assert set(second_level_workers().values()) == {1, 2}


def test_sign_in_names_are_unique() -> None:
    seats = [*county_seats(ANCHOR), *(s for t in county() for s in grid_seats(t, ANCHOR))]
    assert len({s.username for s in seats}) == len(seats)


def test_one_featured_grid_has_nobody_up_to_the_village() -> None:
    township = next(t for t in county() if t.code == ONE_TOWNSHIP)
    alone = featured_grids(township)[2].code
    places = {alone, alone[:15], alone[:12]}
    seats = [*county_seats(ANCHOR), *grid_seats(township, ANCHOR)]
    chain = {"grid_worker_1", "tun_head", "info_officer", "village_head"}
    holders = [s for s in seats if s.place in places and str(s.role) in chain]
    assert len(holders) == 5
    assert all(s.until_on is not None and s.until_on < ANCHOR for s in holders)


def test_grids_get_exactly_their_people(families: list[Household]) -> None:
    township = next(t for t in county() if t.code == ONE_TOWNSHIP)
    living = Counter(f.grid for f in families for _ in f.people)
    assert living == {g.code: g.population for g in township.grids}


def test_the_same_village_has_the_same_people() -> None:
    village = county()[1].villages[0]
    assert families_of(village, ANCHOR) == families_of(village, ANCHOR)


def test_household_numbers_are_unique(families: list[Household]) -> None:
    assert len({f.number for f in families}) == len(families)


def test_every_household_has_exactly_one_head_and_he_comes_first(
    families: list[Household],
) -> None:
    assert all([p.relation for p in f.people].count("head") == 1 for f in families)
    assert all(f.people[0].relation == "head" for f in families)


def test_spouses_differ_in_sex(families: list[Household]) -> None:
    couples = [(f.head, p) for f in families for p in f.people if p.relation == "spouse"]
    assert couples
    assert all(a.sex != b.sex for a, b in couples)


def test_children_are_at_least_18_years_younger_than_their_parents(
    families: list[Household],
) -> None:
    pairs = [(f, p) for f in families for p in f.people if p.relation in ("son", "daughter")]
    assert pairs
    for family, child in pairs:
        parents = [p for p in family.people if p.relation in ("head", "spouse")]
        assert all((child.born_on - p.born_on).days >= 18 * 365 for p in parents)


def test_fathers_and_mothers_are_at_least_18_years_older_than_the_head(
    families: list[Household],
) -> None:
    pairs = [
        (f.head, p)
        for f in families
        for p in (*f.people, *f.departed)
        if p.relation in ("father", "mother")
    ]
    assert pairs
    assert all((head.born_on - p.born_on).days >= 18 * 365 for head, p in pairs)


def test_grandchildren_are_at_least_36_years_younger_than_the_head(
    families: list[Household],
) -> None:
    for family in families:
        for person in family.people:
            if person.relation in ("grandson", "granddaughter"):
                assert (person.born_on - family.head.born_on).days >= 36 * 365


def test_ages_lie_between_0_and_95(families: list[Household]) -> None:
    ages = [p.age_on(ANCHOR) for p in everybody(families)]
    assert min(ages) == 0
    assert max(ages) <= 96


def test_heads_are_grown_up(families: list[Household]) -> None:
    assert min(f.head.age_on(ANCHOR) for f in families) >= 18


def test_households_are_of_plausible_size(families: list[Household]) -> None:
    mean = sum(len(f.people) for f in families) / len(families)
    assert 3.0 < mean < 3.6


@pytest.mark.parametrize(("kind", "low", "high"), [("out_of_poverty", 6, 10), ("ordinary", 88, 94)])
def test_kinds_have_their_share_in_percent(
    families: list[Household], kind: str, low: int, high: int
) -> None:
    share = 100 * sum(f.kind == kind for f in families) / len(families)
    assert low < share < high


def test_identity_numbers_are_unique(families: list[Household]) -> None:
    numbers = [p.id_number for p in everybody(families)]
    assert len(set(numbers)) == len(numbers)


def test_identity_numbers_have_the_right_check_character(families: list[Household]) -> None:
    for person in everybody(families):
        assert person.id_number[17] == check_character(person.id_number[:17])


def test_identity_numbers_say_birth_and_sex(families: list[Household]) -> None:
    for person in everybody(families):
        assert date.fromisoformat(person.id_number[6:14]) == person.born_on
        assert person.sex == ("M" if int(person.id_number[16]) % 2 else "F")


def test_identity_numbers_lie_on_no_real_division(families: list[Household]) -> None:
    first = {int(p.id_number[:2]) for p in everybody(families)}
    abroad = {int(p.id_number[1:3]) for p in everybody(families)}  # "9" plus the province
    assert not first & REAL_PROVINCES
    assert not abroad & REAL_PROVINCES


def test_phones_lie_on_a_prefix_without_operator(families: list[Household]) -> None:
    phones = [f.phone for f in families] + [p.phone for p in everybody(families) if p.phone]
    assert all(len(phone) == 11 and phone.startswith("154") for phone in phones)


def test_the_dead_died_before_the_registry_was_drawn_up(families: list[Household]) -> None:
    dead = [p for f in families for p in f.departed]
    assert dead
    assert all(p.died_on is not None and p.died_on < ANCHOR for p in dead)
