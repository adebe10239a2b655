"""The world itself is sound: a broken world would let other tests pass for nothing."""

from django.db import connection
from django.utils import timezone

from grid.models import Household, Membership, Person, Post
from tests.world import World
from yizhou.id_number import read_id_number
from yizhou.sealed import digest, unseal


def test_world_keeps_every_deferred_guard(world: World) -> None:
    connection.check_constraints()
    assert Membership.objects.open().count() == Person.objects.count() == 11


def test_household_of_five_names_its_head(world: World) -> None:
    household = Household.objects.get(pk=world.household.pk)
    assert (household.head.name, household.size) == ("韦甲", 5)


def test_id_numbers_are_valid_and_open_for_their_row(world: World) -> None:
    for name, person in world.people.items():
        number = world.id_number_of(name)
        read = read_id_number(number, today=timezone.localdate())
        assert (read.born_on, read.sex) == (person.born_on, person.sex)
        assert digest(number, kind="id") == bytes(person.id_digest)
        assert unseal(person.id_sealed, column="grid_person.id_sealed", row=person.pk) == number


def test_everybody_but_the_stranger_holds_one_post(world: World) -> None:
    for name, account in world.accounts().items():
        held = Post.objects.filter(account=account).current(timezone.localdate()).count()
        assert held == (0 if name == "stranger" else 1)
