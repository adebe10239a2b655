"""What becomes of a letter: filed, further visit, held or returned; keys; nothing is ever lost."""

import io
import json
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from cryptography.hazmat.primitives.serialization import load_der_private_key
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grid.actions.held import accept_envelope, read_envelope, set_aside_envelope
from grid.actions.households import record_death
from grid.actions.moves import move_household
from grid.actions.phones import current_key, rotate_field_key
from grid.actions.work_items import end_purposes
from grid.envelopes import PRIVATE_COLUMN, letter_of
from grid.letter_words import clock_sentence
from grid.letters import moment_of, visit_letter
from grid.models import (
    Envelope,
    FactEdit,
    FieldKey,
    Household,
    Phone,
    Post,
    Visit,
    VisitReport,
    WorkItem,
    WorkItemPurpose,
)
from grid.models.phone import OLD_KEYS_OPEN
from grid.offline import pack_of
from grid.visit_form import FORM_VERSION
from tests.grid.field_phone import FieldPhone, ask_visit
from tests.world import World, pair_second_level
from yizhou.audit import SYSTEM, AuditEntry
from yizhou.refusals import NotAllowed, NotFound, Overtaken, Refusal
from yizhou.sealed import unseal_bytes

DAY = timedelta(days=1)


@pytest.fixture
def phone(world: World) -> FieldPhone:
    return FieldPhone(world.worker_1)


def move_away(world: World) -> None:
    move_household(
        acting=world.county_officer,
        household=world.household,
        version_seen=world.household.version,
        cell=world.other_grid,
        address="怀道屯 1 号",
        on=timezone.localdate(),
    )


def held(world: World, phone: FieldPhone) -> Envelope:
    """A visit that arrived after the household had moved to the other township."""
    letter = phone.letter(world.household, ask_visit(world.household))
    move_away(world)
    assert phone.send(letter).json()["state"] == "held"
    return Envelope.objects.get()


# ---- the key ----


def test_the_first_use_makes_one_key(world: World) -> None:
    assert current_key() == current_key()
    assert FieldKey.objects.count() == 1


def test_the_private_key_lies_sealed(world: World) -> None:
    key = current_key()
    plain = unseal_bytes(key.private_sealed, column=PRIVATE_COLUMN, row=key.pk)
    load_der_private_key(plain, None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT private_sealed FROM grid_fieldkey")
        assert plain[:40] not in bytes(cursor.fetchone()[0])


def test_a_rotated_key_opens_for_sixty_days(world: World, phone: FieldPhone) -> None:
    early, late = (phone.envelope(phone.letter(world.household)) for _ in range(2))
    call_command("rotate_field_key", stdout=io.StringIO())
    assert phone.call("GET", "ping/").json()["key"]["kid"] != early["kid"]
    assert phone.call("POST", "visits/", early).status_code == 201
    FieldKey.objects.filter(kid=early["kid"]).update(retired_at=timezone.now() - OLD_KEYS_OPEN)
    answer = phone.call("POST", "visits/", late)
    assert (answer.status_code, answer.json()["code"]) == (400, "old_key")


def test_who_manages_no_keys_rotates_none(world: World) -> None:
    current_key()
    with pytest.raises(NotAllowed):
        rotate_field_key(acting=world.worker_1)


# ---- at rest ----


def test_the_letter_lies_sealed_and_whole(world: World, phone: FieldPhone) -> None:
    letter = phone.letter(world.household, note="户主住院两个月了")
    phone.send(letter)
    with connection.cursor() as cursor:
        cursor.execute("SELECT grid_envelope::text FROM grid_envelope")
        row = cursor.fetchone()[0]
    assert "住院" not in row
    assert letter_of(Envelope.objects.get()) == letter


def test_letters_and_photos_cannot_be_deleted(world: World, phone: FieldPhone) -> None:
    phone.send(phone.letter(world.household))
    for statement in (
        "DELETE FROM grid_envelope",
        "UPDATE grid_envelope SET digest = '\\x00'",
    ):
        with pytest.raises(DatabaseError, match="kept"), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(statement)


# ---- filed, or a further visit ----


def test_an_item_somebody_else_reported_makes_a_further_visit(
    world: World, phone: FieldPhone
) -> None:
    item = ask_visit(world.household)
    late = phone.letter(world.household, item)
    pair_second_level(world)
    other = FieldPhone(world.worker_2)
    assert other.send(other.letter(world.household, item)).json()["state"] == "filed"
    said = phone.send(late).json()
    assert said["state"] == "extra"
    assert "补充走访" in said["sentence"]
    assert Visit.objects.filter(household=world.household).count() == 2
    assert VisitReport.objects.count() == 1


def test_an_item_withdrawn_meanwhile_makes_a_further_visit(world: World, phone: FieldPhone) -> None:
    item = ask_visit(world.household)
    letter = phone.letter(world.household, item)
    end_purposes(
        acting=SYSTEM,
        kind="verify_alert",
        subjects=[1],
        state=WorkItemPurpose.State.DROPPED,
        sentence="预警撤销",
    )
    item.refresh_from_db()
    assert item.state == WorkItem.State.CLOSED
    assert phone.send(letter).json()["state"] == "extra"


def test_a_visit_nobody_asked_for_is_kept(world: World, phone: FieldPhone) -> None:
    said = phone.send(phone.letter(world.household)).json()
    assert said["state"] == "extra"
    assert Visit.objects.get().work_item is None


def test_a_purpose_added_meanwhile_stays_open(world: World, phone: FieldPhone) -> None:
    item = ask_visit(world.household)
    letter = phone.letter(world.household, item)
    ask_visit(world.household, subject=2, title="住房有隐患")
    said = phone.send(letter).json()
    assert said["state"] == "filed"
    assert "新的事由" in said["sentence"]
    item.refresh_from_db()
    assert item.state == WorkItem.State.TO_VISIT
    states = dict(WorkItemPurpose.objects.values_list("subject", "state"))
    assert states == {1: "reported", 2: "wanted"}
    second = phone.letter(world.household, item)
    assert phone.send(second).json()["sentence"] == "走访已收到并归档。"
    item.refresh_from_db()
    assert item.state == WorkItem.State.VISITED


def test_a_purpose_without_an_outcome_is_returned(world: World, phone: FieldPhone) -> None:
    item = ask_visit(world.household)
    letter = phone.letter(world.household, item)
    letter["reports"][0]["outcome"] = "nonsense"
    answer = phone.send(letter)
    assert answer.status_code == 422
    assert f"outcome_{letter['reports'][0]['purpose']}" in answer.json()["errors"]


def test_nobody_met_needs_only_a_note(world: World, phone: FieldPhone) -> None:
    item = ask_visit(world.household)
    letter = phone.letter(world.household, item, mode="not_met", answers={}, note="去了两次没人")
    letter["reports"][0] |= {"outcome": "not_contactable", "note": "邻居说外出务工"}
    assert phone.send(letter).json()["state"] == "filed"


def test_a_correction_is_a_new_version(world: World, phone: FieldPhone) -> None:
    first = phone.letter(world.household, ask_visit(world.household))
    phone.send(first)
    again = phone.letter(
        world.household,
        note="当时在家的是女儿",
        corrects=first["id"],
        correction_reason="当时问错了人",
    )
    assert phone.send(again).json()["state"] == "filed"
    fresh = Visit.objects.get(pk=again["id"])
    assert (str(fresh.corrects_id), fresh.note) == (first["id"], "当时在家的是女儿")


def test_a_correction_without_a_reason_is_returned(world: World, phone: FieldPhone) -> None:
    first = phone.letter(world.household, ask_visit(world.household))
    phone.send(first)
    answer = phone.send(phone.letter(world.household, corrects=first["id"]))
    assert "reason_missing" in answer.json()["errors"]


def test_a_correction_of_somebody_else_s_visit_is_held(world: World, phone: FieldPhone) -> None:
    other = FieldPhone(world.worker_2)
    first = other.letter(world.household, ask_visit(world.household))
    other.send(first)
    said = phone.letter(world.household, corrects=first["id"], correction_reason="当时问错了人")
    assert phone.send(said).json()["state"] == "held"


# ---- the clock ----


@pytest.mark.parametrize("off", [DAY, -DAY, timedelta(hours=3)])
def test_a_wrong_clock_is_put_right_and_both_times_kept(world: World, off: timedelta) -> None:
    phone = FieldPhone(world.worker_1, off=off)
    letter = phone.letter(world.household, ask_visit(world.household))
    assert phone.send(letter).json()["state"] == "filed"
    visit = Visit.objects.get()
    assert abs(visit.visited_at - timezone.now()) < timedelta(minutes=1)
    assert visit.phone_time_at == moment_of(letter["visited_at"])
    envelope = Envelope.objects.get()
    assert abs(envelope.clock_off + off.total_seconds()) < 60
    assert ("快" if off > timedelta() else "慢") in clock_sentence(envelope)


def test_a_right_clock_is_left_alone(world: World, phone: FieldPhone) -> None:
    phone.send(phone.letter(world.household))
    assert Visit.objects.get().phone_time_at is None
    assert clock_sentence(Envelope.objects.get()) == ""


@pytest.mark.parametrize("at", ["2019-01-01T08:00:00+08:00", "2099-01-01T08:00:00+08:00"])
def test_a_time_nobody_can_believe_is_held(world: World, phone: FieldPhone, at: str) -> None:
    said = phone.send(phone.letter(world.household, visited_at=at)).json()
    assert said["state"] == "held"
    assert Envelope.objects.get().because == "wrong_time"


def test_no_time_at_all_is_returned(world: World, phone: FieldPhone) -> None:
    answer = phone.send(phone.letter(world.household, visited_at="昨天"))
    assert "visited_on" in answer.json()["errors"]


# ---- held ----


def test_a_household_moved_away_is_held_for_its_township(world: World, phone: FieldPhone) -> None:
    envelope = held(world, phone)
    assert envelope.because == "moved"
    assert envelope.code == world.other_grid.code
    assert "北山" not in envelope.sentence  # where it lives now is not the worker's to know
    assert world.other_township_officer.sees(Envelope).count() == 1
    assert world.township_officer.sees(Envelope).count() == 0


def test_letters_follow_the_household_that_moves(world: World, phone: FieldPhone) -> None:
    phone.send(phone.letter(world.household, form_version=99))
    move_away(world)
    assert Envelope.objects.get().code == world.other_grid.code
    assert world.other_township_officer.sees(Envelope).count() == 1


def test_a_held_letter_comes_again_unchanged(world: World, phone: FieldPhone) -> None:
    letter = phone.letter(world.household)
    move_away(world)
    first, again = phone.send(letter), phone.send(letter)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()


def test_a_post_that_ended_is_held(world: World, phone: FieldPhone) -> None:
    letter = phone.letter(world.household, ask_visit(world.household))
    Post.objects.filter(account=world.worker_1).update(until_on=timezone.localdate())
    said = phone.send(letter).json()
    assert said["state"] == "held"
    assert "职务" in said["sentence"]
    assert Envelope.objects.get().code == world.grid.code


def test_a_dissolved_household_is_held(world: World) -> None:
    phone = FieldPhone(world.info_officer)
    letter = phone.letter(world.lone_household)
    record_death(
        acting=world.info_officer,
        household=world.lone_household,
        version_seen=world.lone_household.version,
        person=world.people["罗甲"],
        died_on=timezone.localdate(),
    )
    said = phone.send(letter).json()
    assert said["state"] == "held"
    assert Envelope.objects.get().because == "dissolved"


def test_a_household_the_registry_does_not_know_is_held(world: World, phone: FieldPhone) -> None:
    for household in (10**15, 2**70, "x", None, True):
        letter = phone.letter(world.household, household=household)
        assert phone.send(letter).json()["state"] == "held"
    assert set(Envelope.objects.values_list("because", "code")) == {
        ("no_household", world.grid.code)
    }


@pytest.mark.parametrize("version", [0, 99, "x", None])
def test_a_form_nobody_knows_is_held(world: World, phone: FieldPhone, version: Any) -> None:
    said = phone.send(phone.letter(world.household, form_version=version)).json()
    assert said["state"] == "held"
    assert Envelope.objects.get().because == "old_form"


def test_the_form_of_last_year_is_accepted_and_an_older_one_held(
    world: World, phone: FieldPhone
) -> None:
    from grid.visit_form import accepted_until, form_of

    old = {
        q.name: ([q.options[0][0]] if q.kind == "chips" else q.options[0][0] if q.options else "1")
        for q in form_of(1).questions().values()
        if q.required
    }
    letter = phone.letter(world.household, form_version=1, answers=old)
    assert phone.send(letter).json()["state"] == "extra"
    until = accepted_until(1)
    assert until is not None
    with mock.patch(
        "grid.actions.envelopes.timezone.localdate", return_value=until + timedelta(days=1)
    ):
        later = phone.letter(world.household, form_version=1, answers=old)
        assert phone.send(later).json()["state"] == "held"


# ---- decided by the township ----


def test_an_accepted_letter_joins_the_household_s_visits(world: World, phone: FieldPhone) -> None:
    envelope = held(world, phone)
    accept_envelope(acting=world.other_township_officer, envelope=envelope, reason="核对过属实")
    visit = Visit.objects.get()
    assert (visit.household, visit.by) == (world.household, world.worker_1)
    assert visit.code == world.other_grid.code
    assert visit.answers["insured"] == "yes"
    envelope.refresh_from_db()
    assert (envelope.state, envelope.visit) == ("extra", visit)
    assert AuditEntry.objects.get(verb="accepted_envelope").reason == "核对过属实"


def test_an_accepted_letter_s_edits_are_applied_or_clash(world: World, phone: FieldPhone) -> None:
    person = world.people["韦甲"]
    edits = [
        {"household": 1, "field": "address", "seen": world.household.address, "value": "别处 3 号"},
        {"person": person.pk, "field": "health", "seen": "healthy", "value": "chronic"},
    ]
    letter = phone.letter(world.household, edits=edits)
    move_away(world)
    phone.send(letter)
    accept_envelope(
        acting=world.other_township_officer, envelope=Envelope.objects.get(), reason="核对过属实"
    )
    assert dict(FactEdit.objects.values_list("field", "state")) == {
        "address": "clash",
        "health": "applied",
    }
    assert {e.by for e in FactEdit.objects.all()} == {world.worker_1}


def test_a_letter_set_aside_stays_with_its_reason(world: World, phone: FieldPhone) -> None:
    envelope = held(world, phone)
    set_aside_envelope(acting=world.other_township_officer, envelope=envelope, reason="重复走访")
    envelope.refresh_from_db()
    assert (envelope.state, envelope.decision_reason) == ("set_aside", "重复走访")
    assert letter_of(envelope)["household"] == world.household.pk
    assert not Visit.objects.exists()


def test_what_is_decided_is_decided_once(world: World, phone: FieldPhone) -> None:
    envelope = held(world, phone)
    set_aside_envelope(acting=world.other_township_officer, envelope=envelope, reason="重复走访")
    with pytest.raises(Overtaken):
        accept_envelope(acting=world.county_officer, envelope=envelope, reason="核对过属实")


def test_who_decides(world: World, phone: FieldPhone) -> None:
    envelope = held(world, phone)
    with pytest.raises(NotFound):
        accept_envelope(acting=world.township_officer, envelope=envelope, reason="核对过属实")
    with pytest.raises(NotAllowed):
        accept_envelope(acting=world.other_worker, envelope=envelope, reason="核对过属实")
    with pytest.raises(Refusal, match="理由"):
        accept_envelope(acting=world.other_township_officer, envelope=envelope, reason=" ")


def test_nobody_decides_on_his_own_letter(world: World) -> None:
    phone = FieldPhone(world.township_officer)
    phone.send(phone.letter(world.household, form_version=99))
    with pytest.raises(NotAllowed):
        accept_envelope(
            acting=world.township_officer, envelope=Envelope.objects.get(), reason="核对过属实"
        )


def test_a_letter_without_household_is_given_one(world: World, phone: FieldPhone) -> None:
    phone.send(phone.letter(world.household, household=10**15))
    envelope = Envelope.objects.get()
    with pytest.raises(Refusal, match="户编号"):
        accept_envelope(acting=world.township_officer, envelope=envelope, reason="核对过属实")
    accept_envelope(
        acting=world.township_officer,
        envelope=envelope,
        reason="核对过属实",
        household=world.next_household,
    )
    assert Visit.objects.get().household == world.next_household


def test_answers_no_form_knows_stay_in_the_letter(world: World, phone: FieldPhone) -> None:
    said = {"new": ["a", 1], "insured": "yes"}
    phone.send(phone.letter(world.household, form_version=99, answers=said, note="家里没人病"))
    envelope = Envelope.objects.get()
    accept_envelope(acting=world.township_officer, envelope=envelope, reason="核对过属实")
    visit = Visit.objects.get()
    assert (visit.answers["insured"], visit.form_version) == ("yes", FORM_VERSION)
    assert "家里没人病" in visit.note
    assert envelope.receipt in visit.note
    assert letter_of(envelope)["answers"] == said
    assert pack_of(world.worker_1)["households"][0]["last"]["answers"] == visit.answers


def test_reading_a_letter_is_audited(world: World, phone: FieldPhone) -> None:
    envelope = held(world, phone)
    read_envelope(acting=world.other_township_officer, envelope=envelope)
    assert AuditEntry.objects.filter(verb="read_envelope").count() == 1


# ---- nonsense inside ----

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=12,
)
PARTS = (
    "household",
    "item",
    "form_version",
    "visited_at",
    "sealed_at",
    "mode",
    "answers",
    "reports",
    "note",
    "edits",
    "attachments",
    "replaces",
    "corrects",
    "correction_reason",
)


@given(st.dictionaries(st.sampled_from(PARTS), anything))
def test_a_letter_of_nonsense_is_read_as_something(said: dict[str, Any]) -> None:
    letter = visit_letter(json.loads(json.dumps(said)))
    assert isinstance(letter.answers, dict)


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(said=st.dictionaries(st.sampled_from(PARTS), anything))
def test_nonsense_is_answered_and_kept(
    world: World, phone: FieldPhone, said: dict[str, Any]
) -> None:
    before = Envelope.objects.count()
    answer = phone.send(phone.letter(world.household) | said)
    assert answer.status_code in {201, 422}
    assert answer.json()["sentence"]
    assert Envelope.objects.count() == before + 1


def test_nul_and_surrogates_are_kept_as_replacements(world: World, phone: FieldPhone) -> None:
    letter = phone.letter(world.household, note="a\0b\ud800c 情况")
    assert phone.send(letter).json()["state"] == "extra"
    assert "\0" not in Visit.objects.get().note


def test_no_household_is_told_to_a_stranger(world: World, phone: FieldPhone) -> None:
    held(world, phone)
    assert world.stranger.sees(Envelope).count() == 0
    assert Household.objects.count() == 5
    assert Phone.objects.count() == 1
