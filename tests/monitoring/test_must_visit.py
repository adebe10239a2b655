"""The eight must-visits (八必访), told by departments' rows."""

from datetime import date, timedelta

import pytest
from django.utils import timezone
from psycopg2.sql import SQL

from grid.actions.visit_categories import install_routine
from grid.actions.visit_plans import draw_up_plan
from grid.models import Person, PlanEntry
from grid.visit_groups import GROUPS, is_known, members
from monitoring.feeds import FEEDS
from monitoring.must_visit import GROUPS as TOLD
from monitoring.must_visit import INCOME_RULES
from monitoring.rules import SHIPPED
from tests.monitoring.records import (
    _shared,
    add_certificate,
    add_dibao_payment,
    add_school_status,
)
from tests.world import World
from yizhou.audit import SYSTEM
from yizhou.statements import ask

pytestmark = pytest.mark.django_db


def today() -> date:
    return timezone.localdate()


def who(key: str) -> set[int]:
    rows = ask(SQL("SELECT m.household_id FROM ({}) m").format(members([key], today())))
    return {household for (household,) in rows}


def add_row(feed: str, person: Person, **values: object) -> None:
    FEEDS[feed].model.objects.create(**_shared(person, feed, "civil_affairs"), **values)


def test_all_eight_have_a_source() -> None:
    eight = {group.key for group in GROUPS if group.is_must_visit}
    assert (len(eight), eight - set(TOLD)) == (8, set())
    assert all(is_known(group.key) for group in GROUPS)


def test_every_group_can_be_asked(world: World) -> None:
    assert {key: who(key) for key in TOLD} == {key: set() for key in TOLD}


def test_the_income_rules_are_shipped_ones() -> None:
    assert set(INCOME_RULES) <= {rule.code for rule in SHIPPED}


def test_tekun_at_home_and_not_in_an_institution(world: World) -> None:
    for name, mode in (("韦甲", "at_home"), ("罗甲", "institution")):
        add_row(
            "tekun_support",
            world.people[name],
            mode=mode,
            care="none",
            institution="",
            approved_on=today(),
            basic_yuan_month=900,
            care_yuan_month=0,
        )
    assert who("tekun_at_home") == {world.household.pk}


def test_new_dibao_is_new_for_half_a_year(world: World) -> None:
    first = today().replace(day=1)
    add_dibao_payment(world.people["韦甲"], first)
    for months in (0, 12):
        add_dibao_payment(world.people["罗甲"], first - timedelta(days=30 * months))
    assert who("dibao_new") == {world.household.pk}


def test_severe_or_new_disability(world: World) -> None:
    long_ago = today() - timedelta(days=900)
    add_certificate(world.people["韦甲"], long_ago, 1)
    add_certificate(world.people["罗甲"], long_ago, 4)
    add_certificate(world.people["蓝甲"], today(), 4)
    assert who("disabled_new") == {world.household.pk, world.next_household.pk}


def test_two_students_beyond_compulsory_school(world: World) -> None:
    for name in ("韦丙", "韦丁"):
        add_school_status(world.people[name], today(), "enrolled", stage="senior")
    add_school_status(world.people["罗甲"], today(), "enrolled", stage="college")
    assert who("many_students") == {world.household.pk}


def test_the_must_visit_s_rhythm_wins_over_the_household_s_kind(world: World) -> None:
    add_certificate(world.people["蓝甲"], today(), 1)
    install_routine(acting=SYSTEM, from_on=date(2020, 1, 1))
    draw_up_plan(acting=SYSTEM)
    entry = PlanEntry.objects.get(household=world.next_household)
    assert (entry.months, entry.category.key) == (3, "disabled_new")


def test_a_row_that_was_corrected_tells_nothing(world: World) -> None:
    add_certificate(world.people["韦甲"], today(), 1, superseded_at=timezone.now())
    assert who("disabled_new") == set()
