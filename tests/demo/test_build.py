"""A build of the demo county that may not go on, or is cut short."""

from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from grid.models import Person, Region
from tests.world import World
from yizhou.demo.load import build, built
from yizhou.refusals import Refusal

TODAY = date(2026, 11, 24)


class Killed(Exception):
    pass


def quiet(text: str) -> None:
    pass


def kill_after_people(text: str) -> None:
    if "人已写入" in text:
        raise Killed


@pytest.mark.django_db
def test_a_build_that_is_killed_leaves_nothing() -> None:
    with pytest.raises(Killed):
        build(scale="one", today=TODAY, say=kill_after_people)
    assert not Person.objects.exists()
    assert not Region.objects.exists()
    assert built() is None


@pytest.mark.django_db
def test_a_database_with_other_households_is_left_alone(world: World) -> None:
    with pytest.raises(Refusal, match="已有农户"):
        build(scale="one", today=TODAY, say=quiet)


@pytest.mark.django_db
@pytest.mark.parametrize("command", ["build_demo_county", "send_demo_files"])
def test_outside_the_demo_the_commands_refuse(command: str) -> None:
    with override_settings(DEMO=False), pytest.raises(CommandError, match="DEMO=1"):
        call_command(command)


@pytest.mark.django_db
def test_sending_without_a_county_says_what_to_do() -> None:
    with override_settings(DEMO=True), pytest.raises(CommandError, match="build_demo_county"):
        call_command("send_demo_files")
