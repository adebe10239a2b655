"""Revealing what is sealed: in sight, with the right, with a reason, audited first."""

import pytest

from grid.actions.identity import reveal_identity, reveal_phone
from grid.models import Person
from tests.world import World
from yizhou.audit import AuditEntry
from yizhou.refusals import NotAllowed, NotFound, Refusal


def test_reveal_gives_the_full_number(world: World) -> None:
    shown = reveal_identity(
        acting=world.township_officer, person=world.people["韦甲"], reason="核对医保票据"
    )
    assert shown == world.id_number_of("韦甲")


def test_reveal_writes_who_whom_and_why(world: World) -> None:
    person = world.people["韦甲"]
    reveal_identity(acting=world.township_officer, person=person, reason="核对医保票据")
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.actor, entry.subject_id, entry.reason) == (
        "revealed_identity",
        world.township_officer,
        str(person.pk),
        "核对医保票据",
    )


def test_audit_row_holds_no_number(world: World) -> None:
    reveal_identity(
        acting=world.township_officer, person=world.people["韦甲"], reason="核对医保票据"
    )
    entry = AuditEntry.objects.get()
    assert world.id_number_of("韦甲") not in f"{entry.detail}{entry.reason}{entry.subject_id}"


@pytest.mark.parametrize("reason", ["", "   ", "看", "看 看 "])
def test_reveal_without_a_reason_shows_and_writes_nothing(world: World, reason: str) -> None:
    with pytest.raises(Refusal, match="请写明查看的事由"):
        reveal_identity(acting=world.township_officer, person=world.people["韦甲"], reason=reason)
    assert not AuditEntry.objects.exists()


def test_reveal_out_of_sight_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        reveal_identity(
            acting=world.other_township_officer,
            person=world.people["韦甲"],
            reason="核对医保票据",
        )


def test_seeing_a_person_does_not_give_the_right_to_reveal(world: World) -> None:
    with pytest.raises(NotAllowed):
        reveal_identity(acting=world.worker_1, person=world.people["韦甲"], reason="核对医保票据")


def test_person_without_a_number_has_nothing_to_reveal(world: World) -> None:
    Person.objects.filter(name="韦丁").update(id_sealed=None, id_digest=None)
    with pytest.raises(Refusal, match="没有登记身份证号"):
        reveal_identity(
            acting=world.township_officer,
            person=Person.objects.get(name="韦丁"),
            reason="核对学籍",
        )


def test_phone_of_a_person_is_revealed_and_audited(world: World) -> None:
    person = world.people["韦甲"]
    shown = reveal_phone(acting=world.township_officer, subject=person, reason="约入户时间")
    assert shown[-4:] == person.phone_tail
    assert AuditEntry.objects.get().verb == "revealed_phone"


def test_household_without_a_phone_says_so(world: World) -> None:
    with pytest.raises(Refusal, match="没有登记电话"):
        reveal_phone(acting=world.township_officer, subject=world.household, reason="约入户时间")
