"""Passwords changed by their owners, reset from the server, and accounts closed."""

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from grid.models import Account
from tests.world import PASSWORD, World
from yizhou.audit import AuditEntry

pytestmark = pytest.mark.django_db
SignIn = Callable[[Account], Client]
NEW = "山高水长-2026-新"


def change(client: Client, *, old: str = PASSWORD, new: str = NEW, again: str = NEW):
    return client.post("/password/", {"old": old, "new": new, "again": again})


def test_the_new_password_signs_in(world: World, signed_in: SignIn) -> None:
    assert change(signed_in(world.worker_1)).status_code == 302
    assert Client().login(username=world.worker_1.username, password=NEW)
    assert AuditEntry.objects.filter(verb="changed_password").count() == 1


def test_this_session_stays_and_the_others_end(world: World, signed_in: SignIn) -> None:
    here, elsewhere = signed_in(world.leader), signed_in(world.leader)
    change(here)
    assert here.get("/password/").status_code == 200
    assert elsewhere.get("/password/").status_code == 302


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"old": "wrong-password"}, "原密码不对"),
        ({"again": "something-else-1"}, "不一样"),
        ({"new": "12345", "again": "12345"}, "密码太弱"),
        ({"new": PASSWORD, "again": PASSWORD}, "和原密码一样"),
    ],
)
def test_what_is_wrong_is_said(
    world: World, signed_in: SignIn, said: dict[str, str], words: str
) -> None:
    response = change(signed_in(world.leader), **said)
    assert response.status_code == 422
    assert words in response.content.decode()


def test_reset_from_the_command_line(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(f"{NEW}\n"))
    call_command("reset_password", world.leader.username, stdout=StringIO())
    assert Client().login(username=world.leader.username, password=NEW)


def test_a_closed_account_is_out_at_the_next_request(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.leader)
    call_command("close_account", world.leader.username, reason="已调离本县", stdout=StringIO())
    assert client.get("/password/").status_code == 302
    assert not Client().login(username=world.leader.username, password=PASSWORD)


@pytest.mark.parametrize("command", ["reset_password", "close_account"])
def test_an_unknown_name_is_one_sentence(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("x\n"))
    given = {"reason": "已调离本县"} if command == "close_account" else {}
    with pytest.raises(CommandError, match="没有用户名"):
        call_command(command, "nobody", **given)
