"""Signing in: how often a password may be tried, by whom, from where, and what is told of it."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any
from unittest import mock

import pytest
from django.conf import settings
from django.db import connections
from django.http import HttpResponse
from django.test import Client, override_settings
from django.utils import timezone

from grid.models import SignInTries
from grid.sign_in_tries import forget_tries
from tests.grid.field_phone import FieldPhone
from tests.world import PASSWORD, World, build_world
from yizhou.audit import AuditEntry

OFFICE, ELSEWHERE = "10.1.0.7", "10.2.0.9"
WRONG = "wrong-password"
ENOUGH = 3


@pytest.fixture(autouse=True)
def narrow_bounds() -> Iterator[None]:
    """Narrower than shipped: a password costs a tenth of a second."""
    with override_settings(
        SIGN_IN_TRIES=ENOUGH, SIGN_IN_TRIES_OF_A_NAME=8, SIGN_IN_TRIES_OF_AN_ADDRESS=12
    ):
        yield


def sign_in(name: str, password: str = PASSWORD, *, at: str = OFFICE) -> HttpResponse:
    return Client(REMOTE_ADDR=at).post("/signin/", {"username": name, "password": password})


def statuses(name: str, password: str = WRONG, *, times: int, at: str = OFFICE) -> list[int]:
    return [sign_in(name, password, at=at).status_code for _ in range(times)]


def test_the_right_password_leads_in(world: World) -> None:
    assert sign_in("township_officer").status_code == 302


def test_guessing_stops_after_a_few_tries(world: World) -> None:
    assert statuses("leader", times=ENOUGH) == [401] * ENOUGH
    assert sign_in("leader").status_code == 429


def test_the_sentence_says_when_to_try_again(world: World) -> None:
    begun = timezone.localtime()
    statuses("leader", times=ENOUGH)
    page = sign_in("leader").content.decode()
    ends = begun + timedelta(minutes=settings.SIGN_IN_WITHIN_MINUTES)
    allowed = [f"请 {ends + timedelta(minutes=n):%H:%M} 以后再试" for n in (0, 1)]
    assert "登录试错太多次，暂停登录" in page
    assert any(words in page for words in allowed)


def test_a_name_nobody_bears_is_answered_alike(world: World) -> None:
    def answers(name: str) -> list[tuple[int, list[str]]]:
        tried = [sign_in(name, WRONG) for _ in range(ENOUGH + 1)]
        return [(a.status_code, a.context["form"].non_field_errors()) for a in tried]

    known, unknown = answers("leader"), answers("nobody-of-that-name")
    assert [status for status, _ in known] == [401] * ENOUGH + [429]
    assert known[:-1] == unknown[:-1]
    assert known[-1][0] == unknown[-1][0]
    assert known[-1][1][0][:20] == unknown[-1][1][0][:20]


def test_colleagues_at_the_same_address_sign_in_all_the_same(world: World) -> None:
    statuses("leader", times=ENOUGH + 5)
    assert sign_in("county_officer").status_code == 302


def test_going_on_behind_a_closed_name_closes_no_address(world: World) -> None:
    statuses("leader", times=settings.SIGN_IN_TRIES_OF_AN_ADDRESS + 5)
    assert sign_in("county_officer").status_code == 302


def test_the_owner_elsewhere_is_not_kept_out(world: World) -> None:
    statuses("leader", times=settings.SIGN_IN_TRIES_OF_A_NAME + 5)
    assert sign_in("leader", at=ELSEWHERE).status_code == 302


@override_settings(SIGN_IN_TRIES_OF_A_NAME=7)
def test_changing_addresses_does_not_help(world: World) -> None:
    tried = [sign_in("leader", WRONG, at=f"10.3.0.{n}").status_code for n in range(1, 9)]
    assert tried == [401] * 7 + [429]
    assert sign_in("leader", at=ELSEWHERE).status_code == 429


@override_settings(SIGN_IN_TRIES_OF_AN_ADDRESS=4)
def test_an_address_may_not_try_many_names(world: World) -> None:
    tried = [sign_in(f"name-{n}", WRONG).status_code for n in range(5)]
    assert tried == [401] * 4 + [429]
    assert "您所在的网络登录出错太多次" in sign_in("leader").content.decode()
    assert sign_in("leader", at=ELSEWHERE).status_code == 302


@override_settings(SIGN_IN_TRIES_OF_AN_ADDRESS=4, SIGN_IN_TRIES_OF_A_NAME=4)
def test_what_succeeds_counts_nowhere(world: World) -> None:
    assert statuses("leader", PASSWORD, times=6) == [302] * 6


def test_own_mistakes_are_forgotten_after_the_right_password(world: World) -> None:
    for _ in range(3):
        assert statuses("leader", times=ENOUGH - 1) == [401] * (ENOUGH - 1)
        assert sign_in("leader").status_code == 302


def test_tries_are_forgotten_when_the_time_is_over(world: World) -> None:
    statuses("leader", times=ENOUGH + 3)
    later = timezone.now() + timedelta(minutes=settings.SIGN_IN_WITHIN_MINUTES, seconds=1)
    with mock.patch("django.utils.timezone.now", return_value=later):
        assert sign_in("leader").status_code == 302


def test_going_on_puts_the_end_off_no_further(world: World) -> None:
    statuses("leader", times=ENOUGH)
    middle = timezone.now() + timedelta(minutes=settings.SIGN_IN_WITHIN_MINUTES / 2)
    with mock.patch("django.utils.timezone.now", return_value=middle):
        assert statuses("leader", times=3) == [429] * 3
    later = timezone.now() + timedelta(minutes=settings.SIGN_IN_WITHIN_MINUTES, seconds=1)
    with mock.patch("django.utils.timezone.now", return_value=later):
        assert sign_in("leader").status_code == 302


def test_page_and_phones_count_together(world: World) -> None:
    phone = FieldPhone()
    for _ in range(ENOUGH):
        phone.enrol("worker_1", WRONG)
    assert sign_in("worker_1", at="127.0.0.1").status_code == 429


def test_width_of_letters_makes_no_new_name(world: World) -> None:
    statuses("leader", times=ENOUGH - 1)
    assert statuses("ｌｅａｄｅｒ", times=2) == [401, 429]


def test_an_empty_form_is_no_try(world: World) -> None:
    for said in ({"username": "leader"}, {"password": "x"}):
        assert Client().post("/signin/", said).status_code == 401
    assert not SignInTries.objects.exists()


def test_a_name_with_a_nul_is_refused_without_a_try(world: World) -> None:
    assert sign_in("lead\0er").status_code == 401
    assert not SignInTries.objects.exists()


# ---- the trail ----


def test_wrong_passwords_leave_a_trace_without_what_was_typed(world: World) -> None:
    sign_in("leader", WRONG)
    sign_in("my-secret-password", WRONG)
    known, unknown = AuditEntry.objects.filter(verb="refused_sign_in").order_by("pk")
    assert (known.subject_id, known.address) == (str(world.leader.pk), OFFICE)
    assert unknown.subject_id == ""
    assert not any("my-secret" in str(vars(e)) for e in AuditEntry.objects.all())


def test_closing_is_written_once_however_long_it_goes_on(world: World) -> None:
    statuses("leader", times=ENOUGH + 6)
    closed = AuditEntry.objects.get(verb="blocked_sign_in")
    assert (closed.subject_id, closed.detail) == (str(world.leader.pk), {"count": "name_here"})
    assert AuditEntry.objects.filter(verb="refused_sign_in").count() == ENOUGH


def test_the_address_behind_the_proxy_is_written(world: World, settings: Any) -> None:
    settings.PROXY_HOPS = 1
    Client(REMOTE_ADDR="172.16.0.1").post(
        "/signin/",
        {"username": "leader", "password": PASSWORD},
        headers={"X-Forwarded-For": f"6.6.6.6, {OFFICE}"},
    )
    assert AuditEntry.objects.get(verb="signed_in").address == OFFICE


def test_names_are_kept_as_hashes_only(world: World) -> None:
    sign_in("my-secret-password", WRONG)
    assert {len(row.key) for row in SignInTries.objects.all()} == {32}
    assert not SignInTries.objects.filter(key__contains="my-secret").exists()


def test_old_counts_are_dropped_and_running_ones_stay(world: World) -> None:
    sign_in("leader", WRONG)
    running = SignInTries.objects.count()
    long_ago = timezone.now() - timedelta(hours=1)
    SignInTries.objects.create(key="0" * 32, since=long_ago, count=9)
    assert forget_tries() == 1
    assert SignInTries.objects.count() == running == 3


# ---- at once ----


def at_once(asks: list[Callable[[], HttpResponse]]) -> list[int]:
    start, found = Barrier(len(asks)), []

    def ask(asked: Callable[[], HttpResponse]) -> None:
        try:
            start.wait(timeout=20)
            found.append(asked().status_code)
        finally:
            connections.close_all()

    threads = [Thread(target=ask, args=(asked,)) for asked in asks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return sorted(found)


def test_tries_made_at_once_are_no_more_than_in_turn(transactional_db: None) -> None:
    build_world()
    answers = at_once([lambda: sign_in("leader", WRONG)] * (ENOUGH + 7))
    assert answers == [401] * ENOUGH + [429] * 7
    assert AuditEntry.objects.filter(verb="blocked_sign_in").count() == 1
    assert sign_in("leader").status_code == 429


def test_an_office_that_begins_work_at_once_gets_in(transactional_db: None) -> None:
    world = build_world()
    names = sorted(account.username for account in world.accounts().values())[:12]
    answers = at_once([lambda name=name: sign_in(name) for name in names])
    assert answers == [302] * 12
    assert set(SignInTries.objects.values_list("count", flat=True)) == {0}
