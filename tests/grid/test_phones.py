"""Phones and the township's inbox as pages; who may wipe; the wall around what phones sent."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from grid.actions.moves import move_household
from grid.actions.phones import end_phone, order_wipe, place_of_posts
from grid.models import (
    Account,
    Attachment,
    AttachmentPiece,
    Envelope,
    FactEdit,
    Phone,
    Visit,
)
from grid.roles import Role
from grid.scope import forget_sight
from grid.wall import EVERYTHING, NOTHING, bounds_of, raise_wall, whole_county
from tests.grid.field_phone import JPEG, FieldPhone, ask_visit, listed
from tests.world import World, add_account, add_post, pair_second_level
from yizhou.audit import AuditEntry
from yizhou.refusals import NotAllowed, NotFound, Overtaken, Refusal

SignIn = Callable[[Account], Client]


@pytest.fixture
def phone(world: World) -> FieldPhone:
    return FieldPhone(world.worker_1)


# ---- orders ----


def test_officials_of_the_place_and_the_worker_order_a_wipe(
    world: World, phone: FieldPhone
) -> None:
    for account in (world.worker_1, world.village_head, world.township_officer):
        Phone.objects.update(wipe_ordered_at=None, wipe_ordered_by=None, wipe_reason="")
        order_wipe(acting=account, phone=phone.row, reason="手机丢失")
        assert phone.row.state == Phone.State.WIPE_ORDERED


def test_nobody_else_orders_a_wipe(world: World, phone: FieldPhone) -> None:
    mate = add_account("mate", "一级网格员丙")
    add_post(mate, Role.GRID_WORKER_1, region=world.grid, seat=2)
    with pytest.raises(NotFound):
        order_wipe(acting=world.other_township_officer, phone=phone.row, reason="手机丢失")
    with pytest.raises(NotAllowed):
        order_wipe(acting=mate, phone=phone.row, reason="手机丢失")
    with pytest.raises(NotFound):
        order_wipe(acting=world.stranger, phone=phone.row, reason="手机丢失")


def test_a_wipe_needs_a_reason_and_is_ordered_once(world: World, phone: FieldPhone) -> None:
    with pytest.raises(Refusal, match="事由"):
        order_wipe(acting=world.worker_1, phone=phone.row, reason=" ")
    order_wipe(acting=world.worker_1, phone=phone.row, reason="手机丢失")
    with pytest.raises(Overtaken):
        order_wipe(acting=world.worker_1, phone=phone.row, reason="手机丢失")
    entry = AuditEntry.objects.get(verb="ordered_wipe")
    assert (entry.reason, entry.actor) == ("手机丢失", world.worker_1)


def test_a_phone_ends_once(world: World, phone: FieldPhone) -> None:
    end_phone(acting=world.township_officer, phone=phone.row, reason="换新手机")
    with pytest.raises(Overtaken):
        end_phone(acting=world.township_officer, phone=phone.row, reason="换新手机")


def test_a_phone_of_two_grids_belongs_to_the_place_above_both(world: World) -> None:
    assert place_of_posts(world.worker_1) == world.grid.code
    add_post(world.worker_1, Role.GRID_WORKER_1, region=world.next_grid)
    forget_sight(world.worker_1)
    assert place_of_posts(world.worker_1) == world.tun.code
    add_post(world.worker_1, Role.GRID_WORKER_1, region=world.bare_grid)
    forget_sight(world.worker_1)
    assert place_of_posts(world.worker_1) == world.township.code


# ---- pages ----


def test_officials_see_the_phones_of_their_places(
    world: World, phone: FieldPhone, signed_in: SignIn
) -> None:
    phone.call("GET", "ping/?unsent=4")
    page = signed_in(world.township_officer).get("/phones/").content.decode()
    assert world.worker_1.name in page
    assert "4 件" in page
    other = signed_in(world.other_township_officer).get("/phones/").content.decode()
    assert world.worker_1.name not in other


def test_a_worker_sees_only_the_own_phones(
    world: World, phone: FieldPhone, signed_in: SignIn
) -> None:
    FieldPhone(world.worker_2)
    page = signed_in(world.worker_2).get("/phones/")
    assert [p.account for p, _, _ in page.context["rows"]] == [world.worker_2]


def test_a_wipe_is_ordered_on_the_page(world: World, phone: FieldPhone, signed_in: SignIn) -> None:
    client = signed_in(world.township_officer)
    path = f"/phones/{phone.row.pk}/wipe/"
    assert client.get(path).status_code == 200
    assert client.post(path, {"reason": ""}).status_code == 422
    assert client.post(path, {"reason": "手机丢失"}).status_code == 302
    assert phone.row.state == Phone.State.WIPE_ORDERED
    assert "等待清除" in client.get("/phones/?tab=wiping").content.decode()


def test_a_worker_reaches_no_phone_of_a_colleague(
    world: World, phone: FieldPhone, signed_in: SignIn
) -> None:
    for act in ("wipe", "end"):
        path = f"/phones/{phone.row.pk}/{act}/"
        assert signed_in(world.worker_2).post(path, {"reason": "手机丢失"}).status_code == 404
        assert signed_in(world.worker_1).get(path).status_code == 200


@pytest.mark.parametrize("tab", ["live", "unsent", "silent", "wiping", "over", "nonsense"])
def test_every_tab_opens(world: World, phone: FieldPhone, signed_in: SignIn, tab: str) -> None:
    assert signed_in(world.county_officer).get(f"/phones/?tab={tab}").status_code == 200


def clashing(world: World, phone: FieldPhone) -> FactEdit:
    edit = {"household": 1, "field": "address", "seen": "旧住址", "value": "拉敢屯 88 号"}
    phone.send(phone.letter(world.household, edits=[edit]))
    return FactEdit.objects.get()


def moved(world: World, phone: FieldPhone, **said: Any) -> Envelope:
    letter = phone.letter(world.household, ask_visit(world.household), **said)
    move_household(
        acting=world.county_officer,
        household=world.household,
        version_seen=world.household.version,
        cell=world.other_grid,
        address="怀道屯 1 号",
        on=timezone.localdate(),
    )
    phone.send(letter)
    return Envelope.objects.get(pk=letter["id"])


def test_the_inbox_shows_both_values_with_names(
    world: World, phone: FieldPhone, signed_in: SignIn
) -> None:
    edit = clashing(world, phone)
    client = signed_in(world.township_officer)
    for path in ("/fact-clashes/", f"/fact-clashes/{edit.pk}/"):
        page = client.get(path).content.decode()
        for words in ("拉敢屯 88 号", world.household.address, world.worker_1.name):
            assert words in page


def test_a_clash_is_decided_on_the_page(world: World, phone: FieldPhone, signed_in: SignIn) -> None:
    edit = clashing(world, phone)
    client = signed_in(world.township_officer)
    path = f"/fact-clashes/{edit.pk}/"
    assert client.post(path, {"choice": "", "reason": ""}).status_code == 422
    assert client.post(path, {"choice": "mine", "reason": "电话核实过"}).status_code == 302
    world.household.refresh_from_db()
    assert world.household.address == "拉敢屯 88 号"
    assert client.post(path, {"choice": "office", "reason": "电话核实过"}).status_code == 409
    assert "电话核实过" in client.get("/fact-clashes/?tab=over").content.decode()


def test_a_held_letter_is_read_and_accepted_on_the_page(
    world: World, phone: FieldPhone, signed_in: SignIn
) -> None:
    position = {"lat": 24.49, "lon": 108.65, "accuracy_m": 18}
    envelope = moved(world, phone, note="户主住院两个月了", position=position)
    client = signed_in(world.other_township_officer)
    page = client.get(f"/envelopes/{envelope.pk}/").content.decode()
    for words in ("户主住院两个月了", world.worker_1.name, "医疗支出偏高", "误差约 18 米"):
        assert words in page
    said = {"choice": "accept", "reason": "核对过属实"}
    assert client.post(f"/envelopes/{envelope.pk}/", said).status_code == 302
    assert Visit.objects.get().household == world.household


def test_a_letter_without_household_asks_for_the_number(
    world: World, phone: FieldPhone, signed_in: SignIn
) -> None:
    phone.send(phone.letter(world.household, household=10**15))
    path = f"/envelopes/{Envelope.objects.get().pk}/"
    client = signed_in(world.township_officer)
    said = {"choice": "accept", "reason": "核对过属实"}
    assert client.post(path, said).status_code == 422
    out_of_sight = said | {"number": world.other_household.number}
    assert client.post(path, out_of_sight).status_code == 422
    assert client.post(path, said | {"number": world.household.number}).status_code == 302


@pytest.mark.parametrize("name", ["worker_1", "tun_head", "auditor", "stranger", "leader"])
def test_who_decides_nothing_sees_no_inbox(
    world: World, phone: FieldPhone, signed_in: SignIn, name: str
) -> None:
    edit, client = clashing(world, phone), signed_in(getattr(world, name))
    for path in ("/fact-clashes/", f"/fact-clashes/{edit.pk}/", f"/envelopes/{edit.envelope_id}/"):
        assert client.get(path).status_code == 403


# ---- attachments ----


def with_photo(world: World, phone: FieldPhone) -> str:
    photo = listed()
    letter = phone.letter(world.household, attachments=[photo])
    phone.send(letter)
    assert phone.photo(photo, letter["id"]).status_code == 201
    return f"/visits/{letter['id']}/attachments/{photo['id']}/"


def test_a_photo_is_shown_to_who_sees_the_visit(
    world: World, phone: FieldPhone, signed_in: SignIn
) -> None:
    path = with_photo(world, phone)
    answer = signed_in(world.township_officer).get(path)
    assert b"".join(answer.streaming_content) == JPEG
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    entry = AuditEntry.objects.get(verb="viewed_attachment")
    assert entry.actor == world.township_officer


@pytest.mark.parametrize("name", ["other_township_officer", "stranger", "auditor"])
def test_a_photo_is_hidden_from_others(
    world: World, phone: FieldPhone, signed_in: SignIn, name: str
) -> None:
    path = with_photo(world, phone)
    assert signed_in(getattr(world, name)).get(path).status_code == 404
    assert not AuditEntry.objects.filter(verb="viewed_attachment").exists()


def test_a_photo_is_found_only_under_its_visit(
    world: World, phone: FieldPhone, signed_in: SignIn
) -> None:
    path = with_photo(world, phone).split("/")
    path[2] = str(uuid.uuid4())
    assert signed_in(world.township_officer).get("/".join(path)).status_code == 404


# ---- the wall ----

WALLED = (Envelope, Attachment, AttachmentPiece, FactEdit)


def counts() -> list[int]:
    found = []
    with connection.cursor() as cursor:
        for model in WALLED:
            cursor.execute(f"SELECT count(*) FROM {model._meta.db_table}")
            found.append(cursor.fetchone()[0])
    return found


@pytest.fixture
def sent(world: World, phone: FieldPhone) -> Any:
    with_photo(world, phone)
    clashing(world, phone)
    yield world
    raise_wall(EVERYTHING)


def test_the_wall_stands_around_what_phones_sent(sent: World) -> None:
    whole = counts()
    assert whole == [2, 1, 1, 1]
    pair_second_level(sent)
    for account in (sent.worker_1, sent.worker_2, sent.township_officer, sent.county_officer):
        raise_wall(bounds_of(account))
        assert counts() == whole
    for account in (sent.other_worker, sent.other_township_officer, sent.stranger):
        raise_wall(bounds_of(account))
        assert counts() == [0, 0, 0, 0]
    raise_wall(NOTHING)
    assert counts() == [0, 0, 0, 0]


def test_the_program_looks_past_the_wall_and_back(sent: World) -> None:
    raise_wall(bounds_of(sent.other_worker))
    with whole_county():
        assert counts() == [2, 1, 1, 1]
    assert counts() == [0, 0, 0, 0]


def test_a_worker_sees_own_letters_after_the_household_moved(
    world: World, phone: FieldPhone
) -> None:
    moved(world, phone)
    raise_wall(bounds_of(world.worker_1))
    assert counts()[0] == 1
    raise_wall(bounds_of(world.worker_2))
    assert counts()[0] == 0
    raise_wall(EVERYTHING)


def test_calls_of_the_field_leave_the_wall_at_rest(
    world: World, phone: FieldPhone, settings: Any
) -> None:
    """As in production: connections rest with nothing in sight, and each call opens its own."""
    letter = phone.letter(world.household, ask_visit(world.household))
    settings.WALL_UP = True
    raise_wall(NOTHING)
    try:
        assert phone.call("GET", "ping/").status_code == 200
        assert counts() == [0, 0, 0, 0]
        pack = phone.call("GET", "pack/").json()
        assert [h["head"] for h in pack["households"]] == ["韦甲"]
        assert phone.send(letter).json()["state"] == "filed"
        elsewhere = phone.letter(world.other_household)
        assert phone.send(elsewhere).json()["state"] == "held"
        assert phone.send(elsewhere).status_code == 200
        assert counts() == [0, 0, 0, 0]
    finally:
        raise_wall(EVERYTHING)
    assert counts()[0] == 2
