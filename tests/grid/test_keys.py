"""Keys of departments' machines, and accounts opened from the command line."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from grid.actions.accounts import open_account
from grid.actions.keys import issue_key, revoke_key
from grid.models import Account, DepartmentKey
from tests.world import World
from yizhou.audit import AuditEntry
from yizhou.refusals import NotAllowed, Overtaken, Refusal

NEXT_YEAR = timezone.localdate() + timedelta(days=365)


def issue(world: World, **changes: object) -> str:
    values = {
        "acting": world.county_officer,
        "department": world.medical,
        "label": "医保结算系统",
        "expires_on": NEXT_YEAR,
    }
    return issue_key(**values | changes)


def test_only_the_hash_of_the_secret_is_kept(world: World) -> None:
    prefix, secret = issue(world).split(".")
    kept = DepartmentKey.objects.get(prefix=prefix)
    assert secret.encode() not in bytes(kept.secret_hash)
    assert len(bytes(kept.secret_hash)) == 32


def test_issuing_is_audited_without_the_secret(world: World) -> None:
    secret = issue(world).split(".")[1]
    entry = AuditEntry.objects.get(verb="issued_key")
    assert secret not in str(entry.detail)


def test_key_that_lasts_too_long_is_refused(world: World) -> None:
    with pytest.raises(Refusal, match="两年之内"):
        issue(world, expires_on=timezone.localdate() + timedelta(days=800))


def test_key_without_a_label_is_refused(world: World) -> None:
    with pytest.raises(Refusal, match="请写明密钥的用途"):
        issue(world, label=" ")


def test_township_issues_no_keys(world: World) -> None:
    with pytest.raises(NotAllowed):
        issue(world, acting=world.township_officer)


def test_key_is_revoked_once(world: World) -> None:
    key = DepartmentKey.objects.get(department=world.medical)
    revoke_key(acting=world.administrator, key=key)
    key.refresh_from_db()
    assert key.revoked_at is not None
    with pytest.raises(Overtaken):
        revoke_key(acting=world.administrator, key=key)


def test_command_prints_the_key_alone_on_stdout(world: World) -> None:
    out = io.StringIO()
    call_command("issue_key", "education", label="学籍系统", stdout=out, stderr=io.StringIO())
    prefix = out.getvalue().strip().split(".")[0]
    assert DepartmentKey.objects.get(prefix=prefix).department == world.education


def test_command_for_an_unknown_department_lists_the_known(world: World) -> None:
    with pytest.raises(CommandError, match="medical_insurance"):
        call_command("issue_key", "nowhere", label="学籍系统")


def test_command_opens_the_first_administrator(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("long-enough-2026\n"))
    call_command(
        "create_account", "root", name="管理员丙", role="administrator", stdout=io.StringIO()
    )
    account = Account.objects.get(username="root")
    assert account.check_password("long-enough-2026")
    assert account.posts.get().region == world.county


def test_command_with_a_weak_password_opens_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("123\n"))
    with pytest.raises(CommandError, match="密码太弱"):
        call_command("create_account", "root", name="管理员丙", role="administrator")
    assert not Account.objects.filter(username="root").exists()


def test_username_is_taken_whatever_its_case(world: World) -> None:
    with pytest.raises(Refusal, match="已有人使用"):
        open_account(
            acting=world.administrator,
            username="Worker_1",
            name="某甲",
            password="long-enough-2026",
        )


def test_opening_accounts_needs_the_right_to_appoint(world: World) -> None:
    with pytest.raises(NotAllowed):
        open_account(acting=world.worker_1, username="x1", name="某甲", password="long-enough-2026")


def test_opened_account_is_audited(world: World) -> None:
    account = open_account(
        acting=world.administrator, username="x1", name="某甲", password="long-enough-2026"
    )
    assert AuditEntry.objects.get(verb="opened_account").subject_id == str(account.pk)
