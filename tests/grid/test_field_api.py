"""The calls of the field app, through the test client, sealed as the app seals."""

import uuid
from datetime import timedelta
from threading import Thread
from typing import Any
from unittest import mock

import pytest
from django.conf import settings
from django.db import connection, connections
from django.test import override_settings
from django.utils import timezone

from grid.actions.phones import end_phone, order_wipe
from grid.models import (
    Attachment,
    Envelope,
    FactEdit,
    HouseholdReport,
    Phone,
    Post,
    Visit,
    VisitReport,
    WorkItem,
)
from tests.grid.field_phone import JPEG, FieldPhone, answers, ask_visit, listed
from tests.world import World, build_world
from yizhou.audit import AuditEntry


@pytest.fixture
def phone(world: World) -> FieldPhone:
    return FieldPhone(world.worker_1)


# ---- enrolment ----


def test_the_token_is_out_of_reach_of_scripts(world: World) -> None:
    phone = FieldPhone(world.worker_1)
    cookie = phone.client.cookies["field_device"]
    assert cookie["httponly"]
    assert (cookie["samesite"], cookie["path"]) == ("Strict", "/api/field/")
    assert cookie.value not in str(phone.enrolled)


def test_only_the_hash_of_the_token_is_kept(phone: FieldPhone) -> None:
    token = phone.client.cookies["field_device"].value
    with connection.cursor() as cursor:
        cursor.execute("SELECT grid_phone::text FROM grid_phone")
        assert token not in cursor.fetchone()[0]


def test_enrolment_tells_who_where_and_the_key(world: World, phone: FieldPhone) -> None:
    said = phone.enrolled
    assert said["account"]["name"] == world.worker_1.name
    assert said["account"]["place"] == "地罗村 第一网格"
    assert said["policy"]["offline_days"] == 7
    assert phone.row.code == world.grid.code


def test_a_wrong_password_is_answered_as_on_the_sign_in_page(world: World) -> None:
    answer = FieldPhone().enrol("worker_1", "wrong-password")
    assert answer.status_code == 401
    assert answer.json()["code"] == "wrong_password"
    assert "用户名或密码不对" in answer.json()["detail"]


def test_a_closed_account_is_told_only_with_its_password(world: World) -> None:
    world.worker_1.is_active = False
    world.worker_1.save(update_fields=["is_active"])
    assert FieldPhone().enrol("worker_1").json()["code"] == "closed"
    assert FieldPhone().enrol("worker_1", "wrong").json()["code"] == "wrong_password"


@pytest.mark.parametrize("name", ["stranger", "auditor", "clerk_medical"])
def test_who_neither_visits_nor_reports_enrols_no_phone(world: World, name: str) -> None:
    answer = FieldPhone().enrol(name)
    assert answer.status_code == 403
    assert "没有入户走访的职务" in answer.json()["detail"]
    assert not Phone.objects.exists()


def test_guessing_passwords_is_stopped(world: World) -> None:
    for _ in range(settings.SIGN_IN_TRIES):
        FieldPhone().enrol("worker_1", "wrong")
    answer = FieldPhone().enrol("worker_1")
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_tries")
    assert FieldPhone().enrol("worker_2").status_code == 201


def test_an_address_may_not_try_many_names(world: World) -> None:
    with override_settings(SIGN_IN_TRIES_OF_AN_ADDRESS=3):
        for name in ("a", "b", "c"):
            FieldPhone().enrol(name, "wrong")
        assert FieldPhone().enrol("worker_1").status_code == 429


def test_tries_are_forgotten_after_a_quarter_of_an_hour(world: World) -> None:
    for _ in range(settings.SIGN_IN_TRIES):
        FieldPhone().enrol("worker_1", "wrong")
    later = timezone.now() + timedelta(minutes=16)
    with mock.patch("django.utils.timezone.now", return_value=later):
        assert FieldPhone().enrol("worker_1").status_code == 201


def test_the_same_installation_enrols_into_the_same_row(world: World, phone: FieldPhone) -> None:
    first = phone.enrolled["device"]
    phone.enrol("worker_1")
    assert phone.enrolled["device"] == first
    assert Phone.objects.count() == 1


def test_another_account_on_the_phone_ends_the_first(world: World, phone: FieldPhone) -> None:
    first = phone.row
    phone.enrol("worker_2")
    first.refresh_from_db()
    assert first.state == Phone.State.ENDED


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"\xff", b'{"username": 1, "password": []}', b"[" * 9000]
)
def test_nonsense_enrols_nobody(world: World, body: bytes) -> None:
    answer = FieldPhone().client.post(
        "/api/field/enrol/", body, content_type="application/json", headers={"X-Field-App": "1"}
    )
    assert answer.status_code in {400, 401}
    assert answer.json()["detail"]


# ---- who is let in ----


CALLS = [
    ("GET", "ping/"),
    ("GET", "pack/"),
    ("POST", "visits/"),
    ("POST", "reports/"),
    ("PUT", f"photos/{uuid.UUID(int=1)}/"),
    ("POST", f"clashes/{uuid.UUID(int=2)}/"),
    ("POST", "signout/"),
    ("POST", "wiped/"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_without_a_token_every_call_asks_to_enrol(world: World, method: str, path: str) -> None:
    answer = FieldPhone().call(method, path)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_enrolled")


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_page_of_another_site_gets_nowhere(phone: FieldPhone, method: str, path: str) -> None:
    answer = phone.call(method, path, **{"X-Field-App": ""})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_the_app")


def test_a_session_of_the_site_opens_no_field_call(world: World, signed_in: Any) -> None:
    client = signed_in(world.worker_1)
    answer = client.get("/api/field/pack/", headers={"X-Field-App": "1"})
    assert answer.status_code == 401


def test_a_token_of_the_field_opens_no_page(phone: FieldPhone) -> None:
    assert phone.client.get("/my-work/").status_code == 302


def test_an_ended_phone_keeps_its_work_and_enrols_again(world: World, phone: FieldPhone) -> None:
    item = ask_visit(world.household)
    letter = phone.letter(world.household, item)
    end_phone(acting=world.worker_1, phone=phone.row, reason="手机丢失")
    assert phone.send(letter).json()["code"] == "not_enrolled"
    assert not Envelope.objects.exists()
    phone.enrol("worker_1")
    assert phone.send(letter).json()["state"] == "filed"


def test_a_token_expires(world: World, phone: FieldPhone) -> None:
    Phone.objects.update(expires_at=timezone.now())
    assert phone.call("GET", "ping/").status_code == 401


def test_a_closed_account_is_let_in_no_more(world: World, phone: FieldPhone) -> None:
    world.worker_1.is_active = False
    world.worker_1.save(update_fields=["is_active"])
    assert phone.call("GET", "ping/").status_code == 401


def test_signing_out_ends_the_phone(phone: FieldPhone) -> None:
    assert phone.call("POST", "signout/").status_code == 204
    assert phone.row.state == Phone.State.ENDED
    assert phone.client.cookies["field_device"].value == ""


# ---- ping ----


def test_ping_says_what_the_app_must_know(world: World, phone: FieldPhone) -> None:
    said = phone.call("GET", "ping/?unsent=0").json()
    assert (said["app"], said["wipe"]) == ("yizhou-field", False)
    assert said["key"] == phone.key
    assert said["pack"] == phone.call("GET", "pack/").headers["ETag"]
    assert said["account"]["id"] == world.worker_1.pk


def test_ping_keeps_what_the_phone_has_not_sent(phone: FieldPhone) -> None:
    phone.call("GET", "ping/?unsent=3&oldest=2026-11-20T08:00:00%2B08:00")
    assert phone.row.unsent == 3
    assert phone.row.oldest_unsent_at is not None


@pytest.mark.parametrize("query", ["unsent=-1", "unsent=x", "unsent=9e9", "oldest=gestern", ""])
def test_ping_survives_nonsense(phone: FieldPhone, query: str) -> None:
    assert phone.call("GET", f"ping/?{query}").status_code == 200


def test_ping_writes_only_news_or_every_five_minutes(
    phone: FieldPhone, django_assert_num_queries: Any
) -> None:
    path = "ping/?unsent=0"
    phone.call("GET", path)
    with django_assert_num_queries(6) as quiet:  # four questions between two walls
        phone.call("GET", path)
    assert not [q for q in quiet.captured_queries if q["sql"].startswith(("UPDATE", "INSERT"))]
    Phone.objects.update(last_contact_at=timezone.now() - timedelta(minutes=6))
    phone.call("GET", path)
    assert phone.row.last_contact_at > timezone.now() - timedelta(minutes=1)


# ---- wiping ----


def test_a_wipe_is_ordered_done_and_over(world: World, phone: FieldPhone) -> None:
    order_wipe(acting=world.township_officer, phone=phone.row, reason="手机丢失")
    assert phone.call("GET", "ping/").json()["wipe"] is True
    assert phone.call("GET", "pack/").json()["code"] == "wiped"
    assert phone.call("POST", "wiped/").status_code == 204
    assert phone.call("GET", "ping/").json()["wipe"] is False
    assert phone.row.state == Phone.State.WIPED
    assert AuditEntry.objects.filter(verb="wiped_phone").count() == 1


def test_sealed_work_still_arrives_from_a_wiped_phone(world: World, phone: FieldPhone) -> None:
    item = ask_visit(world.household)
    letter = phone.letter(world.household, item)
    order_wipe(acting=world.township_officer, phone=phone.row, reason="手机丢失")
    phone.call("POST", "wiped/")
    assert phone.send(letter).json()["state"] == "filed"


def test_enrolling_again_clears_the_wipe(world: World, phone: FieldPhone) -> None:
    order_wipe(acting=world.worker_1, phone=phone.row, reason="手机丢失")
    phone.enrol("worker_1")
    assert phone.row.state == Phone.State.LIVE
    assert phone.call("GET", "pack/").status_code == 200


# ---- visits ----


def test_a_visit_is_filed_with_a_receipt_and_reports(world: World, phone: FieldPhone) -> None:
    item = ask_visit(world.household)
    letter = phone.letter(world.household, item)
    answer = phone.send(letter)
    assert (answer.status_code, answer.json()["state"]) == (201, "filed"), answer.json()
    assert len(answer.json()["receipt"]) == 9
    item.refresh_from_db()
    assert item.state == WorkItem.State.VISITED
    visit = Visit.objects.get(pk=letter["id"])
    assert visit.answers["insured"] == "yes"
    assert VisitReport.objects.filter(visit=visit).count() == 1


def test_the_same_letter_ten_times_changes_nothing(world: World, phone: FieldPhone) -> None:
    letter = phone.letter(world.household, ask_visit(world.household))
    first = phone.send(letter)
    again = [phone.send(letter) for _ in range(9)]  # sealed anew each time
    assert {a.status_code for a in again} == {200}
    assert {a.json()["receipt"] for a in again} == {first.json()["receipt"]}
    assert (Visit.objects.count(), Envelope.objects.count()) == (1, 1)


def test_the_same_id_with_other_content_is_refused(world: World, phone: FieldPhone) -> None:
    letter = phone.letter(world.household, ask_visit(world.household))
    phone.send(letter)
    answer = phone.send(letter | {"note": "另写的"})
    assert (answer.status_code, answer.json()["code"]) == (409, "id_used")
    assert Visit.objects.get().note == ""


def test_an_id_of_somebody_else_is_refused(world: World, phone: FieldPhone) -> None:
    letter = phone.letter(world.household, ask_visit(world.household))
    phone.send(letter)
    answer = FieldPhone(world.worker_2).send(letter)
    assert answer.status_code == 409
    assert Envelope.objects.get().sender == world.worker_1


def test_two_phones_of_one_account_both_work(world: World, phone: FieldPhone) -> None:
    second = FieldPhone(world.worker_1)
    letter = phone.letter(world.household, ask_visit(world.household))
    assert phone.send(letter).status_code == 201
    assert second.send(letter).status_code == 200
    assert second.send(second.letter(world.household)).json()["state"] == "extra"
    assert phone.call("GET", "ping/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_the_same_letter_at_the_same_moment_is_filed_once() -> None:
    world = build_world()
    phones = [FieldPhone(world.worker_1) for _ in range(4)]
    letter = phones[0].letter(world.household, ask_visit(world.household))
    found: list[tuple[int, str]] = []

    def send(phone: FieldPhone) -> None:
        answer = phone.send(letter)
        found.append((answer.status_code, answer.json().get("receipt", "")))
        connections.close_all()

    threads = [Thread(target=send, args=(phone,)) for phone in phones]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(status for status, _ in found) == [200, 200, 200, 201]
    assert len({receipt for _, receipt in found}) == 1
    assert (Visit.objects.count(), VisitReport.objects.count()) == (1, 1)


def test_a_visit_with_faults_is_returned_by_field_and_kept(world: World, phone: FieldPhone) -> None:
    item = ask_visit(world.household)
    answer = phone.send(phone.letter(world.household, item, answers=answers(insured="")))
    assert answer.status_code == 422
    assert answer.json()["state"] == "invalid"
    assert "q_insured" in answer.json()["errors"]
    assert Envelope.objects.get().state == Envelope.State.INVALID
    assert not Visit.objects.exists()


def test_the_correction_of_a_returned_visit_replaces_it(world: World, phone: FieldPhone) -> None:
    item = ask_visit(world.household)
    photo = listed()
    wrong = phone.letter(world.household, item, answers={}, attachments=[photo])
    phone.send(wrong)
    assert phone.photo(photo, wrong["id"]).status_code == 201
    right = phone.letter(world.household, item, attachments=[photo], replaces=wrong["id"])
    assert phone.send(right).json()["state"] == "filed"
    assert Envelope.objects.get(pk=wrong["id"]).state == Envelope.State.REPLACED
    assert str(Attachment.objects.get().envelope_id) == right["id"]
    assert phone.photo(photo, right["id"]).status_code == 200


@pytest.mark.parametrize(
    "change",
    [{"kid": "nobody"}, {"key": "AAAA"}, {"key": "???"}, {"body": "AAAA"}, {"body": None}],
)
def test_a_letter_that_does_not_open_is_asked_for_again(
    world: World, phone: FieldPhone, change: dict[str, Any]
) -> None:
    sealed = phone.envelope(phone.letter(world.household)) | change
    answer = phone.call("POST", "visits/", sealed)
    assert (answer.status_code, answer.json()["code"]) == (400, "cannot_open")
    assert not Envelope.objects.exists()


def test_a_letter_cannot_be_sent_under_another_id(world: World, phone: FieldPhone) -> None:
    sealed = phone.envelope(phone.letter(world.household)) | {"id": str(uuid.uuid4())}
    assert phone.call("POST", "visits/", sealed).json()["code"] == "cannot_open"


@pytest.mark.parametrize("path", ["visits/", "reports/"])
@pytest.mark.parametrize("body", [b"", b"[]", b"\xff\xfe", b'{"id": 5}'])
def test_nonsense_is_answered_with_a_sentence(phone: FieldPhone, path: str, body: bytes) -> None:
    answer = phone.client.post(
        f"/api/field/{path}",
        body,
        content_type="application/json",
        headers={"X-Field-App": "1"},
    )
    assert answer.status_code == 400
    assert answer.json()["detail"]


def test_filing_a_visit_costs_few_queries(
    world: World, phone: FieldPhone, django_assert_max_num_queries: Any, settings: Any
) -> None:
    settings.VISIT_COLLECTORS = []
    letter = phone.letter(world.household, ask_visit(world.household))
    with django_assert_max_num_queries(26):
        assert phone.send(letter).json()["state"] == "filed"


def test_the_floors_above_take_the_report_at_once(
    world: World, phone: FieldPhone, settings: Any
) -> None:
    settings.VISIT_COLLECTORS = ["tests.grid.test_field_api.collect"]
    COLLECTED.clear()
    item = ask_visit(world.household)
    letter = phone.letter(world.household, item)
    phone.send(letter)
    phone.send(letter)
    assert COLLECTED == [item.pk]


COLLECTED: list[int] = []


def collect(*, work_item_id: int) -> None:
    COLLECTED.append(work_item_id)


# ---- photos ----


def test_a_photo_before_its_visit_waits(world: World, phone: FieldPhone) -> None:
    photo = listed()
    letter = phone.letter(world.household, ask_visit(world.household), attachments=[photo])
    answer = phone.photo(photo, letter["id"])
    assert (answer.status_code, answer.json()["code"]) == (404, "no_visit")
    phone.send(letter)
    assert phone.photo(photo, letter["id"]).status_code == 201
    assert phone.photo(photo, letter["id"]).status_code == 200
    assert Attachment.objects.count() == 1


def sent_with(world: World, phone: FieldPhone, photo: dict[str, Any]) -> str:
    letter = phone.letter(world.household, attachments=[photo])
    assert phone.send(letter).status_code == 201
    return letter["id"]


def test_a_damaged_photo_is_asked_for_again(world: World, phone: FieldPhone) -> None:
    photo = listed()
    visit = sent_with(world, phone, photo)
    answer = phone.photo(photo, visit, **{"X-Content-SHA256": "0" * 64})
    assert (answer.status_code, answer.json()["code"]) == (400, "checksum")


EXIF = b"\xff\xd8\xff\xe1\x00\x08Exif\0\0" + JPEG[2:]
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x00IEND\xaeB`\x82"
WEBM = b"\x1a\x45\xdf\xa3\x93\x42\x82\x88webm" + bytes(40)
OGG = b"OggS" + bytes(40)
MP4 = b"\x00\x00\x00\x18ftypM4A " + bytes(40)


@pytest.mark.parametrize(
    ("kind", "content"),
    [("photo", JPEG), ("signature", PNG), ("voice", WEBM), ("voice", OGG), ("voice", MP4)],
)
def test_each_kind_in_its_format_is_kept(
    world: World, phone: FieldPhone, kind: str, content: bytes
) -> None:
    photo = listed(content, kind)
    visit = sent_with(world, phone, photo)
    answer = phone.photo(photo, visit, content)
    assert answer.status_code == 201, answer.json()


@pytest.mark.parametrize(
    ("kind", "content", "code"),
    [
        ("photo", EXIF, "metadata"),
        ("photo", JPEG[:8], "metadata"),
        ("photo", PNG, "wrong_kind"),
        ("photo", b"MZ\x90\x00", "wrong_kind"),
        ("photo", b"<html><script>", "wrong_kind"),
        ("signature", JPEG, "wrong_kind"),
        ("signature", PNG[:8] + b"\x00\x00\x00\x04tEXt" + bytes(8), "metadata"),
        ("voice", JPEG, "wrong_kind"),
    ],
)
def test_other_content_is_refused(
    world: World, phone: FieldPhone, kind: str, content: bytes, code: str
) -> None:
    photo = listed(content, kind)
    visit = sent_with(world, phone, photo)
    answer = phone.photo(photo, visit, content)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert not Attachment.objects.exists()


def test_a_photo_the_visit_does_not_name_is_refused(world: World, phone: FieldPhone) -> None:
    visit = sent_with(world, phone, listed())
    assert phone.photo(listed(), visit).json()["code"] == "not_listed"


def test_another_photo_than_the_sealed_one_is_refused(world: World, phone: FieldPhone) -> None:
    photo = listed()
    visit = sent_with(world, phone, photo)
    assert phone.photo(photo, visit, JPEG + b"x").json()["code"] == "not_the_same"


def test_a_photo_of_a_visit_of_somebody_else_is_refused(world: World, phone: FieldPhone) -> None:
    photo = listed()
    visit = sent_with(world, phone, photo)
    assert FieldPhone(world.worker_2).photo(photo, visit).status_code == 404


def test_forty_megabytes_are_refused_before_they_are_in_memory(
    world: World, phone: FieldPhone
) -> None:
    photo = listed()
    visit = sent_with(world, phone, photo)
    with mock.patch("django.http.request.HttpRequest.body", new_callable=mock.PropertyMock) as body:
        answer = phone.call(
            "PUT", f"photos/{photo['id']}/", bytes(40_000_000), **{"X-Visit": visit}
        )
    assert answer.status_code == 413
    assert "40.0 MB，超过上限 2.0 MB" in answer.json()["detail"]
    body.assert_not_called()


def test_photos_lie_sealed(world: World, phone: FieldPhone) -> None:
    photo = listed()
    phone.photo(photo, sent_with(world, phone, photo))
    with connection.cursor() as cursor:
        cursor.execute("SELECT sealed FROM grid_attachmentpiece")
        assert JPEG not in bytes(cursor.fetchone()[0])


# ---- reports of new households ----


def report(phone: FieldPhone, world: World, **said: Any) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "sealed_at": phone.now().isoformat(),
        "found_at": phone.now().isoformat(),
        "name": "梁甲",
        "phone": "10000000099",
        "place": world.tun.code,
        "address": "拉敢屯 99 号",
        "people": 3,
        "difficulty": "ill",
        "sentence": "户主住院两个月",
        "household": None,
        "position": None,
        "attachments": [],
    } | said


def test_a_report_is_handed_over_once(world: World, phone: FieldPhone) -> None:
    letter = report(phone, world)
    first = phone.send(letter, "reports/")
    again = phone.send(letter, "reports/")
    assert (first.status_code, again.status_code) == (201, 200)
    told = HouseholdReport.objects.get()
    assert first.json()["sentence"] == told.receipt_sentence
    assert (told.name, told.people, told.by) == ("梁甲", 3, world.worker_1)


def test_a_report_cannot_bear_the_id_of_a_visit(world: World, phone: FieldPhone) -> None:
    letter = phone.letter(world.household, ask_visit(world.household))
    phone.send(letter)
    assert phone.send(letter, "reports/").status_code == 409


# ---- clashes on the phone ----


def test_a_clash_is_shown_and_decided_on_the_phone(world: World, phone: FieldPhone) -> None:
    edit = {"household": world.household.pk, "field": "address", "seen": "旧", "value": "新屯 9 号"}
    answer = phone.send(phone.letter(world.household, edits=[edit])).json()
    (clash,) = answer["clashes"]
    assert (clash["mine"], clash["office"]) == ("新屯 9 号", world.household.address)
    decided = phone.call(
        "POST", f"clashes/{clash['id']}/", {"choice": "mine", "note": "当面核对过"}
    )
    assert (decided.status_code, decided.json()["state"]) == (200, "mine"), decided.json()
    world.household.refresh_from_db()
    assert world.household.address == "新屯 9 号"


def test_a_clash_of_somebody_else_is_not_found(world: World, phone: FieldPhone) -> None:
    edit = {"household": world.household.pk, "field": "address", "seen": "旧", "value": "新屯 9 号"}
    phone.send(phone.letter(world.household, edits=[edit]))
    pk = FactEdit.objects.get().pk
    said = {"choice": "mine", "note": "当面核对过"}
    answer = FieldPhone(world.worker_2).call("POST", f"clashes/{pk}/", said)
    assert answer.status_code == 404


def test_a_worker_whose_post_ended_still_pings(world: World, phone: FieldPhone) -> None:
    Post.objects.filter(account=world.worker_1).update(until_on=timezone.localdate())
    assert phone.call("GET", "ping/").status_code == 200
    assert phone.call("GET", "pack/").json()["households"] == []
