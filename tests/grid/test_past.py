"""The registry's past: at every earlier moment it says what its tables held then."""

import random
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction
from django.db.models import F
from psycopg2 import sql

from grid.actions.households import (
    add_member,
    change_head,
    record_death,
    register_household,
    remove_member,
)
from grid.actions.moves import merge_households, move_household, split_household
from grid.actions.people import NewMember
from grid.models import Health, Household, HouseholdKind, HouseholdPast, Labour, Person, PersonPast
from grid.past import HOUSEHOLDS, PEOPLE, households_at, people_at
from tests.grid.test_wall import behind_wall
from tests.world import World
from yizhou import statements

pytestmark = pytest.mark.django_db
ON = date(2026, 6, 1)
Registry = tuple[set[tuple[Any, ...]], set[tuple[Any, ...]]]


@pytest.fixture(autouse=True)
def guards_hold(db: None) -> Iterator[None]:
    yield
    connection.check_constraints()


def rows(source: sql.Composable, columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    names = sql.SQL(", ").join(map(sql.Identifier, ("id", *columns)))
    return statements.ask(sql.SQL("SELECT {} FROM {} known").format(names, source))


def registry(moment: datetime | None = None) -> Registry:
    """People and households; nobody is there twice."""
    people = rows(people_at(moment), PEOPLE)
    households = rows(households_at(moment), HOUSEHOLDS)
    assert len({pk for pk, *_ in people}) == len(people)
    assert len({pk for pk, *_ in households}) == len(households)
    return set(people), set(households)


def clock() -> datetime:
    return statements.ask(sql.SQL("SELECT clock_timestamp()"))[0][0]


def again(household: Household) -> Household:
    return Household.objects.select_related("head").get(pk=household.pk)


def act(action: Callable[..., Any], household: Household, **values: Any) -> Any:
    """A real action on the household as it stands."""
    household = again(household)
    return action(household=household, version_seen=household.version, on=ON, **values)


def what_happens(world: World) -> Iterator[str]:
    """Real actions, one after another; each name is said when it is done."""
    county, people = world.county_officer, world.people
    yield "nothing yet"
    newborn = NewMember(name="韦己", relation="daughter", sex="F", born_on=date(2026, 5, 1))
    act(add_member, world.household, acting=county, member=newborn)
    yield "a child is born"
    place = {"cell": world.other_grid, "address": "怀道屯 9 号"}
    act(move_household, world.household, acting=county, **place)
    yield "the household moves to another township"
    household = again(world.household)
    record_death(
        acting=county,
        household=household,
        version_seen=household.version,
        person=people["莫戊"],
        died_on=ON,
    )
    yield "the mother dies"
    act(change_head, world.household, acting=county, person=people["覃乙"])
    yield "another becomes the head"
    fresh = act(
        split_household,
        world.household,
        acting=county,
        leavers=[people["韦丙"]],
        head=people["韦丙"],
        cell=world.next_grid,
        address="拉敢屯 40 号",
    )
    yield "the son founds his own household"
    source = again(world.lone_household)
    act(
        merge_households,
        fresh,
        acting=county,
        source=source,
        source_version_seen=source.version,
    )
    yield "an old woman joins him, her household is dissolved"
    reason = {"reason": "married_out"}
    act(remove_member, world.next_household, acting=county, person=people["罗乙"], **reason)
    yield "a wife leaves"
    register_household(
        acting=county,
        cell=world.grid,
        kind=HouseholdKind.ORDINARY,
        address="拉敢屯 50 号",
        members=[NewMember(name="梁甲", relation="head", sex="M", born_on=date(1990, 1, 1))],
        on=ON,
    )
    yield "a new household"
    Household.objects.filter(pk=fresh.pk).update(kind=HouseholdKind.MARGINAL_PRONE)
    yield "it becomes one that is monitored"
    Person.objects.filter(pk=people["韦甲"].pk).update(
        health=Health.DISABLED, labour=Labour.WEAK, born_on=date(1976, 1, 1), sex="F"
    )
    yield "health, labour, birthday and sex are corrected"


def test_every_earlier_moment_says_what_the_tables_held(world: World) -> None:
    held = [(what, registry(), clock()) for what in what_happens(world)]
    states = [state for _, state, _ in held]
    assert all(before != after for before, after in zip(states, states[1:], strict=False))
    assert [what for what, state, moment in held if registry(moment) != state] == []


def test_any_run_of_changes_can_be_told_again(world: World) -> None:
    """Chance picks rows, columns and values; old values come back, rows are written unchanged."""
    chance, held = random.Random(4), []
    people = list(Person.objects.values_list("pk", flat=True))
    households = list(Household.objects.values_list("pk", flat=True))
    for _ in range(120):
        if chance.random() < 0.5:
            Person.objects.filter(pk__in=chance.sample(people, 3)).update(
                health=chance.choice(Health.values[:2]),
                died_on=None,
                household=chance.choice([F("household"), *households]),
                code=chance.choice(["45120310420700101", "45120310620100101"]),
            )
        else:
            Household.objects.filter(pk=chance.choice(households)).update(
                kind=chance.choice(HouseholdKind.values[:2]), address=str(chance.random())
            )
        held.append((registry(), clock()))
    assert [n for n, (state, moment) in enumerate(held) if registry(moment) != state] == []


def test_before_the_first_entry_nobody_is_known(world: World) -> None:
    assert registry(clock() - timedelta(days=1)) == (set(), set())


def test_without_a_moment_the_tables_themselves_are_read(db: None) -> None:
    assert people_at(None) == sql.Identifier("grid_person")
    assert households_at(None) == sql.Identifier("grid_household")


def test_moment_of_the_change_belongs_to_the_new_value(world: World) -> None:
    person = world.people["韦甲"]
    Person.objects.filter(pk=person.pk).update(health=Health.CHRONIC)
    changed_at = Person.objects.get(pk=person.pk).entered_at
    healths = {pk: row[5] for pk, *row in rows(people_at(changed_at), PEOPLE)}
    before = changed_at - timedelta(microseconds=1)
    assert healths[person.pk] == Health.CHRONIC
    assert (person.pk, Health.HEALTHY) in [(r[0], r[6]) for r in rows(people_at(before), PEOPLE)]


# ---- what is written, and what is not ----


def kept() -> tuple[int, int]:
    return PersonPast.objects.count(), HouseholdPast.objects.count()


def test_nothing_is_written_when_nothing_changed(world: World) -> None:
    before = kept()
    Person.objects.update(health=F("health"), household=F("household"), code=F("code"))
    Household.objects.update(kind=F("kind"), size=F("size"), head=F("head"))
    assert kept() == before


def test_what_screening_does_not_read_is_not_kept(world: World) -> None:
    before = kept()
    Person.objects.update(name="某甲", version=F("version") + 1)
    Household.objects.update(address="某屯 1 号", version=F("version") + 1)
    assert kept() == before


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("household", None),
        ("born_on", date(1960, 1, 1)),
        ("sex", "F"),
        ("labour", Labour.LOST),
        ("health", Health.SERIOUS),
        ("code", "45120310620100101"),
    ],
)
def test_each_column_of_a_person_is_kept(world: World, column: str, value: Any) -> None:
    person = world.people["韦甲"]
    Person.objects.filter(pk=person.pk).update(**{column: value})
    past = PersonPast.objects.get(person=person)
    assert getattr(past, column) == getattr(person, column) != value


@pytest.mark.parametrize(
    ("column", "value"),
    [("kind", HouseholdKind.SUDDEN_DIFFICULTY), ("size", 3), ("dissolved_on", ON), ("head", None)],
)
def test_each_column_of_a_household_is_kept(world: World, column: str, value: Any) -> None:
    household = again(world.household)
    known = HouseholdPast.objects.filter(household=household).count()
    with transaction.atomic():
        changed = {"dissolved_on": ON} | {column: value}
        Household.objects.filter(pk=household.pk).update(**changed)
        past = HouseholdPast.objects.filter(household=household)
        assert past.count() == known + 1
        assert getattr(past.latest("id"), column) == getattr(household, column) != value
        transaction.set_rollback(True)


def test_a_change_of_a_thousand_rows_writes_a_thousand(world: World) -> None:
    Person.objects.bulk_create(
        Person(name="某甲", sex="M", born_on=ON, code=world.grid.code) for _ in range(1000)
    )
    before, _ = kept()
    Person.objects.filter(name="某甲").update(health=Health.CHRONIC)
    assert kept()[0] == before + 1000


def test_new_rows_write_no_past(world: World) -> None:
    before, _ = kept()
    Person.objects.bulk_create(
        Person(name="某甲", sex="M", born_on=ON, code=world.grid.code) for _ in range(100)
    )
    assert kept()[0] == before


def test_stale_instance_saved_whole_does_not_set_the_moment_back(world: World) -> None:
    stale = Person.objects.get(name="韦甲")
    for health in (Health.CHRONIC, Health.HEALTHY):
        Person.objects.filter(pk=stale.pk).update(health=health)
    entered_at = Person.objects.get(pk=stale.pk).entered_at
    stale.save()
    assert Person.objects.get(pk=stale.pk).entered_at == entered_at > stale.entered_at
    registry(stale.entered_at)


def test_change_that_is_rolled_back_leaves_no_past(world: World) -> None:
    before = kept()
    with transaction.atomic():
        Person.objects.update(health=Health.CHRONIC)
        transaction.set_rollback(True)
    assert kept() == before


# ---- nobody writes it by hand, and who sees it ----


@pytest.mark.parametrize("table", ["grid_personpast", "grid_householdpast"])
@pytest.mark.parametrize("attack", ["UPDATE {} SET until_at = until_at", "DELETE FROM {}"])
def test_past_is_append_only(world: World, table: str, attack: str) -> None:
    Person.objects.update(health=Health.CHRONIC)
    with (
        pytest.raises(ProgrammingError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(attack.format(table))


@pytest.fixture
def moved(world: World) -> datetime:
    """The household has left for another township; the moment before."""
    moment = clock()
    with behind_wall(world.county_officer):
        place = {"cell": world.other_grid, "address": "怀道屯 9 号"}
        act(move_household, world.household, acting=world.county_officer, **place)
    return moment


def test_past_follows_the_household_through_the_one_door(world: World, moved: datetime) -> None:
    assert world.other_township_officer.sees(PersonPast).count() == 5
    assert world.other_worker.sees(HouseholdPast).filter(code=world.grid.code).exists()
    assert not world.township_officer.sees(PersonPast).exists()
    assert not world.stranger.sees(HouseholdPast).exists()


def test_new_township_knows_the_past_behind_the_wall(world: World, moved: datetime) -> None:
    everything = registry(moved)
    with behind_wall(world.other_township_officer):
        people, households = registry(moved)
    mine = {world.household.pk, world.other_household.pk}
    assert people == {row for row in everything[0] if row[1] in mine}
    assert households == {row for row in everything[1] if row[0] in mine}


@pytest.mark.parametrize("name", ["stranger", "clerk_medical", "auditor", "administrator"])
def test_those_without_people_see_no_past_behind_the_wall(
    world: World, moved: datetime, name: str
) -> None:
    with behind_wall(world.accounts()[name]):
        assert kept() == (0, 0)
        assert registry(moved) == (set(), set())


def test_change_behind_the_wall_is_kept(world: World) -> None:
    before, _ = kept()
    with behind_wall(world.worker_1):
        Person.objects.update(health=Health.CHRONIC)
    assert kept()[0] == before + 5
