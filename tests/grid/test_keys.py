"""Keys of departments' machines, and accounts opened from the command line."""

import io
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from grid.actions.accounts import open_account
from grid.actions.keys import (
    change_key,
    demand_signature,
    issue_key,
    revoke_key,
    rotate_key,
    waive_signature,
)
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


# ---- rotation, limits ----


def medical_key(world: World) -> DepartmentKey:
    return DepartmentKey.objects.get(prefix=world.medical_key.partition(".")[0])


def rotate(world: World, **changes: object) -> tuple[DepartmentKey, DepartmentKey, str]:
    """(old, new, text of the new one)."""
    key = medical_key(world)
    values = {
        "acting": world.county_officer,
        "key": key,
        "expires_on": NEXT_YEAR,
        "overlap_days": 7,
    }
    new = rotate_key(**values | changes)
    key.refresh_from_db()
    return key, new.key, new.text


def test_both_keys_open_during_the_overlap(world: World) -> None:
    old, new, text = rotate(world)
    for secret in (world.medical_key, text):
        answer = Client().get("/api/feeds/", headers={"Authorization": f"Key {secret}"})
        assert answer.status_code == 200
    assert (old.state, new.state) == (old.State.OVERLAP, new.State.VALID)


def test_the_old_key_expires_after_the_overlap(world: World) -> None:
    old, _, _ = rotate(world, overlap_days=7)
    assert old.expires_on == timezone.localdate() + timedelta(days=7)


def test_rotation_never_makes_the_old_key_last_longer(world: World) -> None:
    tomorrow = timezone.localdate() + timedelta(days=1)
    DepartmentKey.objects.filter(pk=medical_key(world).pk).update(expires_on=tomorrow)
    assert rotate(world, overlap_days=30)[0].expires_on == tomorrow


def test_rotation_without_overlap_revokes_at_once(world: World) -> None:
    assert rotate(world, overlap_days=0)[0].state == DepartmentKey.State.REVOKED


def test_the_new_key_keeps_the_limits_and_must_sign_with_a_new_secret(world: World) -> None:
    key = medical_key(world)
    change_key(acting=world.county_officer, key=key, allowed_networks=["10.1.2.3"], per_minute=5)
    first = demand_signature(acting=world.county_officer, key=key)
    new = rotate_key(acting=world.county_officer, key=key, expires_on=NEXT_YEAR, overlap_days=7)
    kept = DepartmentKey.objects.get(pk=new.key.pk)
    assert (kept.allowed_networks, kept.per_minute, kept.must_sign) == (["10.1.2.3/32"], 5, True)
    assert new.signing not in ("", first)


def test_a_key_is_rotated_once(world: World) -> None:
    rotate(world)
    with pytest.raises(Overtaken):
        rotate(world)


@pytest.mark.parametrize("days", [-1, 91])
def test_overlap_has_bounds(world: World, days: int) -> None:
    with pytest.raises(Refusal, match="并用的天数"):
        rotate(world, overlap_days=days)


@pytest.mark.parametrize("text", ["10.1.2", "10.1.2.0/33", "全部", "0.0.0.0/0", "::/0"])
def test_wrong_network_is_refused(world: World, text: str) -> None:
    with pytest.raises(Refusal) as refused:
        issue(world, allowed_networks=[text])
    assert refused.value.code == "allowed_networks"


def test_networks_are_kept_in_their_short_form(world: World) -> None:
    prefix = issue(world, allowed_networks=["10.1.2.3/24", "10.1.2.0/24", " 10.9.9.9 "])[:10]
    kept = DepartmentKey.objects.get(prefix=prefix).allowed_networks
    assert kept == ["10.1.2.0/24", "10.9.9.9/32"]


def test_the_signing_secret_lies_sealed(world: World) -> None:
    secret = demand_signature(acting=world.county_officer, key=medical_key(world))
    assert secret.encode() not in bytes(medical_key(world).signing_sealed)


def test_a_waived_signature_is_no_longer_asked_for(world: World) -> None:
    demand_signature(acting=world.county_officer, key=medical_key(world))
    waive_signature(acting=world.county_officer, key=medical_key(world))
    assert not medical_key(world).must_sign


# ---- the page ----

SignIn = Callable[[Account], Client]


@pytest.mark.parametrize("who", ["county_officer", "administrator"])
def test_the_page_lists_keys_by_department(world: World, signed_in: SignIn, who: str) -> None:
    page = signed_in(getattr(world, who)).get("/keys/").content.decode()
    assert "医疗保障局" in page
    assert f"{world.medical_key.partition('.')[0]}…" in page


@pytest.mark.parametrize("who", ["township_officer", "clerk_medical", "worker_1", "auditor"])
def test_the_page_is_for_those_who_manage_keys(world: World, signed_in: SignIn, who: str) -> None:
    assert signed_in(getattr(world, who)).get("/keys/").status_code == 403


def test_an_issued_key_is_shown_once_and_opens(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.county_officer)
    said = {
        "department": "education",
        "label": "学籍系统",
        "expires_on": str(NEXT_YEAR),
        "allowed_networks": "127.0.0.0/8",
        "per_minute": "60",
    }
    shown = client.post("/keys/new/", said)
    text = re.search(r'id="secret-text"[^>]*>([^<]+)<', shown.content.decode())
    assert text is not None
    assert shown["Cache-Control"] == "no-store"
    opened = Client().get("/api/feeds/", headers={"Authorization": f"Key {text[1]}"})
    assert opened.status_code == 200
    assert text[1] not in client.get("/keys/").content.decode()


def test_a_wrong_network_is_shown_beside_its_field(world: World, signed_in: SignIn) -> None:
    key = medical_key(world)
    answer = signed_in(world.county_officer).post(
        f"/keys/{key.pk}/change/", {"allowed_networks": "10.1.2", "per_minute": "60"}
    )
    assert (answer.status_code, "不是地址或网段" in answer.content.decode()) == (422, True)


@pytest.mark.parametrize(
    ("page", "said", "sentence"),
    [
        ("change", {"per_minute": "0"}, "请填 1 到"),
        ("rotate", {"expires_on": str(NEXT_YEAR), "overlap_days": "99"}, "请填 0 到 90 之间的整数"),
    ],
)
def test_a_number_out_of_range_is_told_with_the_range(
    world: World, signed_in: SignIn, page: str, said: dict[str, str], sentence: str
) -> None:
    key = medical_key(world)
    answer = signed_in(world.county_officer).post(f"/keys/{key.pk}/{page}/", said)
    assert (answer.status_code, sentence in answer.content.decode()) == (422, True)


def test_rotation_shows_both_keys_on_the_page(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.county_officer)
    key = medical_key(world)
    said = {"expires_on": str(NEXT_YEAR), "overlap_days": "7"}
    assert "secret-text" in client.post(f"/keys/{key.pk}/rotate/", said).content.decode()
    page = client.get("/keys/").content.decode()
    assert "待换下" in page
    assert f"{key.successor.prefix}…" in page


def test_demanding_a_signature_shows_its_secret_once(world: World, signed_in: SignIn) -> None:
    key = medical_key(world)
    said = {"allowed_networks": "", "per_minute": "60", "must_sign": "on"}
    page = signed_in(world.county_officer).post(f"/keys/{key.pk}/change/", said)
    assert "secret-signing" in page.content.decode()
    assert "secret-text" not in page.content.decode()


def test_a_revoked_key_leaves_the_page(world: World, signed_in: SignIn) -> None:
    key = medical_key(world)
    client = signed_in(world.county_officer)
    client.post(f"/keys/{key.pk}/revoke/")
    assert key.prefix not in client.get("/keys/").content.decode().partition("<table")[2]
    assert key.prefix in client.get("/keys/?all=1").content.decode()
