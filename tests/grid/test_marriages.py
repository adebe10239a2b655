"""Marriages between households and into the registry, and the list of what happened."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from grid.actions.marriages import marry_into
from grid.models import Account, Household, HouseholdEvent, Membership, Person
from tests.grid.test_wall import behind_wall
from tests.monitoring.test_proposals import proposed
from tests.world import World, id_number
from yizhou.audit import AuditEntry
from yizhou.refusals import NotAllowed, Overtaken, Refusal

SignIn = Callable[[Account], Client]
DAY = date(2026, 5, 1)


def marry(world: World, **change: Any) -> None:
    marry_into(
        **{
            "acting": world.info_officer,
            "household": world.household,
            "version_seen": 1,
            "person": world.people["韦丙"],
            "into": world.lone_household,
            "into_version_seen": 1,
            "relation": "son_in_law",
            "on": DAY,
        }
        | change
    )


def fresh(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


def test_person_leaves_one_household_and_joins_the_other(world: World) -> None:
    with behind_wall(world.info_officer):
        marry(world)
        connection.check_constraints()
    assert (fresh(world.household).size, fresh(world.lone_household).size) == (4, 2)
    person = fresh(world.people["韦丙"])
    assert (person.household, person.code) == (world.lone_household, world.far_grid.pk)
    left = Membership.objects.get(person=person, household=world.household)
    assert (left.left_on, left.leave_reason) == (DAY, "married_out")


def test_both_households_tell_it_and_the_trail_too(world: World) -> None:
    marry(world)
    told = {e.household_id: (e.kind, e.sentence) for e in HouseholdEvent.objects.all()}
    assert told == {
        world.household.pk: ("married_out", "韦丙 婚出到 104-207-0003 户"),
        world.lone_household.pk: ("married_in", "韦丙 由 104-207-0001 户婚入，之女婿"),
    }
    assert AuditEntry.objects.filter(verb__startswith="married_").count() == 2


def test_head_who_marries_out_names_the_successor(world: World) -> None:
    head = world.people["韦甲"]
    with pytest.raises(Refusal, match="请同时指定新户主"):
        marry(world, person=head)
    marry(world, person=head, new_head=world.people["覃乙"])
    assert fresh(world.household).head == world.people["覃乙"]
    kinds = list(HouseholdEvent.objects.filter(household=world.household).values_list("kind"))
    assert ("new_head",) in kinds


def test_last_one_who_marries_out_dissolves_the_household(world: World) -> None:
    marry(
        world,
        household=world.lone_household,
        person=world.people["罗甲"],
        into=world.household,
        relation="other",
    )
    assert fresh(world.lone_household).dissolved_on == DAY


@pytest.mark.parametrize(
    "change", [{"relation": "head"}, {"relation": ""}, {"on": date(2999, 1, 1)}]
)
def test_impossible_marriage_changes_nothing(world: World, change: dict[str, Any]) -> None:
    with pytest.raises(Refusal):
        marry(world, **change)
    assert fresh(world.people["韦丙"]).household == world.household


def test_changed_household_is_overtaken(world: World) -> None:
    with pytest.raises(Overtaken):
        marry(world, into_version_seen=2)


def test_other_township_is_the_county_s(world: World) -> None:
    with pytest.raises(NotAllowed):
        marry(world, into=world.other_household)


def test_household_does_not_marry_itself(world: World) -> None:
    with pytest.raises(Refusal, match="同一户"):
        marry(world, into=world.household)


# The forms


def change_of(household: Household, what: str) -> str:
    return reverse("change-household", args=[household.pk, what])


def test_marry_out_by_number(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.village_head).post(
        change_of(world.household, "marry-out"),
        {
            "version": 1,
            "person": world.people["韦丙"].pk,
            "into_number": "104-207-0003",
            "relation": "son_in_law",
            "on": DAY.isoformat(),
        },
    )
    assert response.status_code == 302
    assert fresh(world.people["韦丙"]).household == world.lone_household


def test_marry_out_of_the_registry(world: World, signed_in: SignIn) -> None:
    signed_in(world.info_officer).post(
        change_of(world.household, "marry-out"),
        {"version": 1, "person": world.people["韦丁"].pk, "on": DAY.isoformat()},
    )
    assert fresh(world.people["韦丁"]).household is None
    assert HouseholdEvent.objects.get().kind == "married_out"


def form_in(**change: Any) -> dict[str, Any]:
    return {
        "version": 1,
        "name": "韦丙",
        "relation": "son_in_law",
        "on": DAY.isoformat(),
        "labour": "ordinary",
        "health": "healthy",
    } | change


def test_marry_in_from_a_household(world: World, signed_in: SignIn) -> None:
    signed_in(world.info_officer).post(
        change_of(world.lone_household, "marry-in"), form_in(from_number="104-207-0001")
    )
    assert fresh(world.people["韦丙"]).household == world.lone_household


def test_marry_in_of_somebody_new(world: World, signed_in: SignIn) -> None:
    number = id_number(date(1995, 5, 6), "F", 300)
    signed_in(world.info_officer).post(
        change_of(world.household, "marry-in"),
        form_in(name="梁甲", relation="daughter_in_law", id_number=number),
    )
    assert Person.objects.get(name="梁甲").household == world.household
    assert HouseholdEvent.objects.get().sentence == "梁甲 婚入，之儿媳"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"from_number": "106-201-0001"}, "不在您的管辖范围内"),
        ({"from_number": "104-207-0001", "name": "没有此人"}, "没有找到“没有此人”"),
        ({"from_number": "104-207-0001", "name": "韦甲"}, "同时指定新户主"),
        ({}, "请填写性别和出生日期"),
    ],
)
def test_form_says_what_is_wrong_and_changes_nothing(
    world: World, signed_in: SignIn, change: dict[str, str], sentence: str
) -> None:
    response = signed_in(world.info_officer).post(
        change_of(world.lone_household, "marry-in"), form_in(**change)
    )
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert fresh(world.lone_household).size == 1


def test_form_that_cannot_find_the_other_household_says_so(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.info_officer).post(
        change_of(world.household, "marry-out"),
        {
            "version": 1,
            "person": world.people["韦丙"].pk,
            "into_number": "106-201-0001",
            "relation": "son_in_law",
            "on": DAY.isoformat(),
        },
    )
    assert "不在您的管辖范围内" in response.content.decode()


# What happened


def test_events_stand_by_date_with_who_wrote_them(world: World, signed_in: SignIn) -> None:
    marry(world, person=world.people["韦甲"], new_head=world.people["覃乙"])
    response = signed_in(world.worker_1).get(f"/households/{world.household.pk}/events/")
    page = response.content.decode()
    assert [event.kind for event, _ in response.context["rows"]] == ["married_out", "new_head"]
    assert "户主由 韦甲 变更为 覃乙" in page
    assert "信息员甲" in page


def test_events_of_a_quiet_household_say_so(world: World, signed_in: SignIn) -> None:
    page = signed_in(world.worker_1).get(f"/households/{world.household.pk}/events/")
    assert "没有登记过变动" in page.content.decode()


def test_events_out_of_sight_are_not_found(world: World, signed_in: SignIn) -> None:
    path = f"/households/{world.household.pk}/events/"
    assert signed_in(world.other_worker).get(path).status_code == 404


def test_events_ask_the_same_however_many(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.info_officer)
    path = f"/households/{world.household.pk}/events/"

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(path).status_code == 200
        return len(asked)

    client.get(path)
    few = queries()
    for number in range(20):
        HouseholdEvent.objects.create(
            household=world.household,
            kind="moved",
            on=DAY,
            sentence=f"第 {number} 次",
            recorded_by=world.info_officer,
        )
    assert queries() == few


# Proposals of departments


@pytest.mark.parametrize("name", ["village_head", "info_officer", "township_officer"])
def test_home_counts_registry_changes_to_confirm(
    world: World, signed_in: SignIn, name: str
) -> None:
    cards = signed_in(world.accounts()[name]).get("/").context["cards"]
    assert "待确认户籍变动" in [card["label"] for card in cards]


def test_village_confirms_what_departments_tell_of_its_own_people(
    world: World, signed_in: SignIn
) -> None:
    proposal = proposed(world, "莫戊")
    client = signed_in(world.village_head)
    assert client.post(f"/registry-proposals/{proposal.pk}/", {"decision": "confirm"}).status_code
    assert fresh(world.people["莫戊"]).died_on is not None


def test_village_head_of_elsewhere_does_not_meet_it(world: World, signed_in: SignIn) -> None:
    proposal = proposed(world, "莫戊")
    world.village_head.posts.update(region=world.bare_village)
    answer = signed_in(world.village_head).post(
        f"/registry-proposals/{proposal.pk}/", {"decision": "confirm"}
    )
    assert (answer.status_code, fresh(world.people["莫戊"]).died_on) == (404, None)


def test_leader_confirms_nothing_and_has_no_such_card(world: World, signed_in: SignIn) -> None:
    cards = signed_in(world.leader).get("/").context["cards"]
    assert "待确认户籍变动" not in [card["label"] for card in cards]
