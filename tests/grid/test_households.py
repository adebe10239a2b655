"""Dated membership: register, join, leave, death, new head, and the guards behind them."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from grid.actions.households import (
    add_member,
    change_head,
    record_death,
    register_household,
    remove_member,
)
from grid.actions.people import NewMember
from grid.models import Household, HouseholdEvent, Membership, Person
from tests.world import World, add_person, id_number
from yizhou.audit import AuditEntry
from yizhou.refusals import NotAllowed, Overtaken, Refusal
from yizhou.sealed import digest, unseal

Kind = HouseholdEvent.Kind
BABY = NewMember(name="韦己", relation="son", sex="M", born_on=date(2026, 2, 1))


@pytest.fixture(autouse=True)
def guards_hold(db: None) -> None:
    """Every test ends with all deferred triggers asked, as a commit would."""
    yield
    connection.check_constraints()


def again(household: Household) -> Household:
    return Household.objects.select_related("head").get(pk=household.pk)


def a_man(name: str = "梁甲", relation: str = "head", serial: int = 300) -> NewMember:
    return NewMember(
        name=name,
        relation=relation,
        id_number=id_number(date(1990, 5, 6), "M", serial),
        phone="100 0000 1234",
    )


# Registering


def register(world: World, *members: NewMember, **changes: object) -> Household:
    values = {
        "acting": world.info_officer,
        "cell": world.grid,
        "kind": "ordinary",
        "address": "拉敢屯 30 号",
        "members": members or (a_man(),),
        "on": date(2026, 3, 1),
    }
    return register_household(**values | changes)


def test_registering_gives_the_next_number_of_the_village(world: World) -> None:
    assert register(world).number == "104-207-0004"


def test_registering_writes_head_size_membership_event_and_audit(world: World) -> None:
    household = register(world, a_man(), a_man("梁乙", "son", 301))
    assert (household.head.name, household.size) == ("梁甲", 2)
    assert Membership.objects.open().filter(household=household).count() == 2
    assert household.events.get().kind == Kind.REGISTERED
    assert AuditEntry.objects.filter(
        verb="registered_household", subject_id=household.pk, code=world.grid.code
    ).exists()


def test_registered_id_number_is_sealed_under_its_own_row(world: World) -> None:
    person = register(world).head
    number = id_number(date(1990, 5, 6), "M", 300)
    assert number.encode() not in bytes(person.id_sealed)
    assert unseal(person.id_sealed, column="grid_person.id_sealed", row=person.pk) == number
    assert bytes(person.id_digest) == digest(number, kind="id")
    assert (person.id_tail, person.sex, person.born_on) == (number[-4:], "M", date(1990, 5, 6))


def test_household_phone_is_sealed_and_only_its_tail_is_readable(world: World) -> None:
    household = register(world, phone="100-0000-5678")
    assert household.phone_tail == "5678"
    opened = unseal(household.phone_sealed, column="grid_household.phone_sealed", row=household.pk)
    assert opened == "10000005678"


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ((a_man(relation="son"),), "relation"),
        ((a_man(), a_man("梁乙", "head", 301)), "relation"),
        ((a_man(name="  "),), "name"),
        ((NewMember(name="梁甲", relation="head"),), "born_on"),
        ((NewMember(name="梁甲", relation="head", id_number="990101199005061"),), "id_check"),
        ((NewMember(name="梁甲", relation="head", id_number="9901011990050"),), "id_length"),
    ],
)
def test_registering_refuses_with_the_code_of_the_field(
    world: World, members: tuple[NewMember, ...], code: str
) -> None:
    if code == "id_check":
        right = id_number(date(1990, 5, 6), "M", 0)
        wrong = right[:17] + ("0" if right[17] != "0" else "1")
        members = (NewMember(name="梁甲", relation="head", id_number=wrong),)
    with pytest.raises(Refusal) as no:
        register(world, *members)
    assert no.value.code == code


def test_sex_that_contradicts_the_id_number_is_refused(world: World) -> None:
    number = id_number(date(1990, 5, 6), "M", 300)
    with pytest.raises(Refusal) as no:
        register(world, NewMember(name="梁甲", relation="head", sex="F", id_number=number))
    assert no.value.code == "sex"


def test_bad_phone_is_refused(world: World) -> None:
    with pytest.raises(Refusal, match="11 位手机号"):
        register(world, phone="12345")


def test_a_household_is_registered_in_a_grid_only(world: World) -> None:
    with pytest.raises(Refusal, match="请选到网格"):
        register(world, cell=world.tun)


def test_nobody_registers_outside_their_places(world: World) -> None:
    with pytest.raises(NotAllowed):
        register(world, cell=world.other_grid)


def test_grid_worker_may_not_edit_the_registry(world: World) -> None:
    with pytest.raises(NotAllowed):
        register(world, acting=world.worker_1)


def test_id_number_registered_in_sight_names_the_household(world: World) -> None:
    taken = NewMember(name="蓝甲", relation="head", id_number=world.id_number_of("蓝甲"))
    with pytest.raises(Refusal, match="地罗村拉敢屯 104-207-0002 户（蓝甲）"):
        register(world, taken)


def test_id_number_registered_out_of_sight_tells_nothing(world: World) -> None:
    taken = NewMember(name="潘甲", relation="head", id_number=world.id_number_of("潘甲"))
    with pytest.raises(Refusal) as no:
        register(world, taken)
    assert no.value.code == "id_registered"
    assert "北山" not in no.value.sentence
    assert "106-201" not in no.value.sentence


def test_number_taken_out_of_sight_moves_on_to_the_next(world: World) -> None:
    Household.objects.filter(pk=world.other_household.pk).update(number="104-207-0004")
    # The row is found by the query here; behind the wall it is not, and the index refuses instead.
    assert register(world).number == "104-207-0005"


# Joining


def test_birth_adds_a_member_without_an_id_number(world: World) -> None:
    baby = add_member(
        acting=world.info_officer,
        household=world.household,
        version_seen=1,
        member=BABY,
        on=date(2026, 2, 1),
    )
    assert baby.id_digest is None
    assert baby.code == world.grid.code
    household = again(world.household)
    assert (household.size, household.version) == (6, 2)
    assert household.events.first().sentence == "韦己 加入，之子"


def test_joining_with_an_old_version_is_overtaken(world: World) -> None:
    with pytest.raises(Overtaken):
        add_member(
            acting=world.info_officer,
            household=world.household,
            version_seen=7,
            member=BABY,
            on=date(2026, 2, 1),
        )


def test_second_head_is_refused_by_the_action(world: World) -> None:
    with pytest.raises(Refusal, match="已有户主"):
        add_member(
            acting=world.info_officer,
            household=world.household,
            version_seen=1,
            member=a_man(),
            on=date(2026, 2, 1),
        )


def test_joining_before_birth_is_refused(world: World) -> None:
    with pytest.raises(Refusal, match="不能早于出生日期"):
        add_member(
            acting=world.info_officer,
            household=world.household,
            version_seen=1,
            member=BABY,
            on=date(2025, 2, 1),
        )


def test_somebody_who_left_comes_back_as_the_same_person(world: World) -> None:
    daughter = world.people["韦丁"]
    remove_member(
        acting=world.info_officer,
        household=world.household,
        version_seen=1,
        person=daughter,
        on=date(2026, 4, 1),
        reason="married_out",
    )
    back = NewMember(name="韦丁", relation="daughter", id_number=world.id_number_of("韦丁"))
    returned = add_member(
        acting=world.info_officer,
        household=world.household,
        version_seen=2,
        member=back,
        on=date(2026, 6, 1),
    )
    assert returned.pk == daughter.pk
    assert Membership.objects.filter(person=daughter).count() == 2


def test_coming_back_before_having_left_is_refused(world: World) -> None:
    remove_member(
        acting=world.info_officer,
        household=world.household,
        version_seen=1,
        person=world.people["韦丁"],
        on=date(2026, 4, 1),
        reason="moved",
    )
    back = NewMember(name="韦丁", relation="daughter", id_number=world.id_number_of("韦丁"))
    with pytest.raises(Refusal, match="2026-04-01 才离开"):
        add_member(
            acting=world.info_officer,
            household=world.household,
            version_seen=2,
            member=back,
            on=date(2026, 3, 1),
        )


# Leaving and dying


def test_leaving_closes_the_membership_and_frees_the_person(world: World) -> None:
    daughter = world.people["韦丁"]
    remove_member(
        acting=world.info_officer,
        household=world.household,
        version_seen=1,
        person=daughter,
        on=date(2026, 4, 1),
        reason="married_out",
    )
    membership = Membership.objects.get(person=daughter)
    assert (membership.left_on, membership.leave_reason) == (date(2026, 4, 1), "married_out")
    daughter.refresh_from_db()
    assert daughter.household is None
    assert again(world.household).size == 4


def test_leaving_before_having_joined_is_refused(world: World) -> None:
    with pytest.raises(Refusal, match="不能早于加入本户的日期"):
        remove_member(
            acting=world.info_officer,
            household=world.household,
            version_seen=1,
            person=world.people["韦丁"],
            on=date(2019, 1, 1),
            reason="moved",
        )


def test_somebody_of_another_household_cannot_leave_this_one(world: World) -> None:
    with pytest.raises(Refusal, match="不是本户成员"):
        remove_member(
            acting=world.info_officer,
            household=world.household,
            version_seen=1,
            person=world.people["蓝甲"],
            on=date(2026, 4, 1),
            reason="moved",
        )


def test_tomorrow_is_no_day_to_leave(world: World) -> None:
    with pytest.raises(Refusal, match="不能晚于今天"):
        remove_member(
            acting=world.info_officer,
            household=world.household,
            version_seen=1,
            person=world.people["韦丁"],
            on=timezone.localdate() + timedelta(days=1),
            reason="moved",
        )


def test_death_of_the_head_asks_for_a_successor(world: World) -> None:
    with pytest.raises(Refusal, match="请同时指定新户主") as no:
        record_death(
            acting=world.info_officer,
            household=world.household,
            version_seen=1,
            person=world.people["韦甲"],
            died_on=date(2026, 5, 1),
        )
    assert no.value.code == "new_head"


def test_death_of_the_head_with_a_successor_restates_the_family(world: World) -> None:
    wife, son = world.people["覃乙"], world.people["韦丙"]
    record_death(
        acting=world.info_officer,
        household=world.household,
        version_seen=1,
        person=world.people["韦甲"],
        died_on=date(2026, 5, 1),
        new_head=wife,
        relations={son.pk: "son"},
    )
    household = again(world.household)
    assert (household.head, household.size) == (wife, 4)
    relations = dict(
        Membership.objects.open()
        .filter(household=household)
        .values_list("person__name", "relation")
    )
    assert relations == {"覃乙": "head", "韦丙": "son", "韦丁": "other", "莫戊": "other"}
    kinds = set(household.events.values_list("kind", flat=True))
    assert kinds == {Kind.DIED, Kind.NEW_HEAD}


def test_the_dead_belong_to_no_household(world: World) -> None:
    grandmother = world.people["莫戊"]
    remove_member(
        acting=world.info_officer,
        household=world.household,
        version_seen=1,
        person=grandmother,
        on=date(2026, 5, 1),
        reason="died",
    )
    grandmother.refresh_from_db()
    assert (grandmother.died_on, grandmother.household) == (date(2026, 5, 1), None)


def test_death_of_the_last_member_dissolves_the_household(world: World) -> None:
    record_death(
        acting=world.info_officer,
        household=world.lone_household,
        version_seen=1,
        person=world.people["罗甲"],
        died_on=date(2026, 5, 1),
    )
    household = again(world.lone_household)
    assert (household.size, household.dissolved_on) == (0, date(2026, 5, 1))
    assert household.head.name == "罗甲"  # the list still says whose household it was


def test_a_dissolved_household_takes_no_more_changes(world: World) -> None:
    record_death(
        acting=world.info_officer,
        household=world.lone_household,
        version_seen=1,
        person=world.people["罗甲"],
        died_on=date(2026, 5, 1),
    )
    with pytest.raises(Overtaken):
        add_member(
            acting=world.info_officer,
            household=world.lone_household,
            version_seen=2,
            member=BABY,
            on=date(2026, 6, 1),
        )


def test_new_head_is_told_in_the_history(world: World) -> None:
    change_head(
        acting=world.township_officer,
        household=world.household,
        version_seen=1,
        person=world.people["覃乙"],
        on=date(2026, 5, 1),
        relations={world.people["韦甲"].pk: "spouse"},
    )
    household = again(world.household)
    assert household.head.name == "覃乙"
    event = household.events.get()
    assert event.sentence == "户主由 韦甲 变更为 覃乙"
    assert event.recorded_by == world.township_officer


def test_two_heads_in_one_restatement_are_refused(world: World) -> None:
    with pytest.raises(Refusal, match="只有一个户主"):
        change_head(
            acting=world.info_officer,
            household=world.household,
            version_seen=1,
            person=world.people["覃乙"],
            on=date(2026, 5, 1),
            relations={world.people["韦甲"].pk: "head"},
        )


# What the database refuses, whoever writes


def commit(write: object) -> None:
    """Run a write and ask the deferred triggers, as a commit does, then undo it."""
    with transaction.atomic():
        write()
        connection.check_constraints()


def test_database_refuses_a_household_without_a_living_head(world: World) -> None:
    def write() -> None:
        Membership.objects.filter(household=world.household, relation="head").update(
            relation="other"
        )

    with pytest.raises(IntegrityError, match="no living head"):
        commit(write)


def test_database_refuses_a_second_head(world: World) -> None:
    def write() -> None:
        Membership.objects.filter(person=world.people["覃乙"]).update(relation="head")

    with pytest.raises(IntegrityError, match="membership_one_living_head"):
        commit(write)


def test_database_refuses_a_head_the_memberships_do_not_name(world: World) -> None:
    def write() -> None:
        Household.objects.filter(pk=world.household.pk).update(head=world.people["覃乙"])

    with pytest.raises(IntegrityError, match="disagrees with its memberships"):
        commit(write)


def test_database_refuses_members_of_a_dissolved_household(world: World) -> None:
    def write() -> None:
        Household.objects.filter(pk=world.household.pk).update(dissolved_on=date(2026, 1, 1))

    with pytest.raises(IntegrityError, match="has members"):
        commit(write)


def test_database_refuses_two_households_at_a_time(world: World) -> None:
    def write() -> None:
        Membership.objects.create(
            household=world.next_household,
            person=world.people["韦丁"],
            relation="other",
            joined_on=date(2026, 1, 1),
        )

    with pytest.raises(IntegrityError, match="membership_one_household_at_a_time"):
        commit(write)


def test_database_refuses_one_id_number_twice(world: World) -> None:
    def write() -> None:
        twin = add_person("重号", "M", date(1975, 3, 5), serial=400)
        Person.objects.filter(pk=twin.pk).update(id_digest=world.people["韦甲"].id_digest)

    with pytest.raises(IntegrityError, match="person_one_per_id_number"):
        commit(write)


def test_refused_change_leaves_nothing_behind(world: World) -> None:
    with pytest.raises(Refusal):
        record_death(
            acting=world.info_officer,
            household=world.household,
            version_seen=1,
            person=world.people["韦甲"],
            died_on=date(2026, 5, 1),
        )
    household = again(world.household)
    assert (household.version, household.size, household.events.count()) == (1, 5, 0)
    assert not AuditEntry.objects.exists()
