"""Keys of departments' machines: issued, shown once, rotated, narrowed, revoked."""

import secrets
from collections.abc import Iterable
from datetime import date, timedelta
from ipaddress import ip_network
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from grid.key_guards import SIGNING_COLUMN
from grid.models import Account, Department, DepartmentKey
from grid.models.department import MOST_PER_MINUTE, PER_MINUTE
from grid.roles import Act
from grid.scope import require
from grid.signing import hash_secret, new_secret
from yizhou.audit import System, record
from yizhou.refusals import Overtaken, Refusal
from yizhou.sealed import seal

LONGEST = timedelta(days=731)
LONGEST_OVERLAP = 90  # days in which the old key still opens beside the new one
MOST_NETWORKS = 20


class Rotated(NamedTuple):
    """The new key with what is shown this once; `signing` is empty when it need not sign."""

    key: DepartmentKey
    text: str
    signing: str


@transaction.atomic
def issue_key(
    *,
    acting: Account | System,
    department: Department,
    label: str,
    expires_on: date,
    allowed_networks: Iterable[str] = (),
    per_minute: int = PER_MINUTE,
) -> str:
    """The key's text "prefix.secret". Only its hash is kept: this is the one time it is shown."""
    require(acting, Act.MANAGE_KEYS)
    if not label.strip():
        raise Refusal("请写明密钥的用途，例如“医保结算系统”。", code="label")
    _check_last_day(expires_on)
    key = DepartmentKey(
        department=department,
        label=label.strip()[:60],
        expires_on=expires_on,
        allowed_networks=checked_networks(allowed_networks),
        per_minute=_checked_rate(per_minute),
    )
    text = _write_secret(key)
    _audit(acting, "issued_key", key, expires_on=str(expires_on))
    return text


@transaction.atomic
def rotate_key(
    *, acting: Account | System, key: DepartmentKey, expires_on: date, overlap_days: int
) -> Rotated:
    """A new key like the old one, which opens for `overlap_days` more and then expires.

    Raises Overtaken when the old key is revoked or has a successor, Refusal for a wrong day.
    """
    require(acting, Act.MANAGE_KEYS)
    _check_last_day(expires_on)
    if not 0 <= overlap_days <= LONGEST_OVERLAP:
        raise Refusal(f"新旧密钥并用的天数应在 0 到 {LONGEST_OVERLAP} 之间。", code="overlap_days")
    old = DepartmentKey.objects.select_for_update(of=("self",)).get(pk=key.pk)
    if old.state not in (old.State.VALID, old.State.EXPIRED):
        raise Overtaken("这个密钥已停用或已经轮换过。请刷新页面，在最新的密钥上办理。")
    new = DepartmentKey(
        department=old.department,
        label=old.label,
        expires_on=expires_on,
        allowed_networks=old.allowed_networks,
        per_minute=old.per_minute,
        replaces=old,
    )
    text = _write_secret(new)
    signing = _write_signing_secret(new) if old.must_sign else ""
    last_day = min(old.expires_on, timezone.localdate() + timedelta(days=overlap_days))
    DepartmentKey.objects.filter(pk=old.pk).update(
        expires_on=last_day, **({} if overlap_days else {"revoked_at": timezone.now()})
    )
    _audit(acting, "rotated_key", new, replaces=old.prefix, old_until=str(last_day))
    return Rotated(new, text, signing)


@transaction.atomic
def change_key(
    *,
    acting: Account | System,
    key: DepartmentKey,
    allowed_networks: Iterable[str],
    per_minute: int,
) -> None:
    """From where and how often the key may be used. Raises Overtaken when it is revoked."""
    require(acting, Act.MANAGE_KEYS)
    networks, rate = checked_networks(allowed_networks), _checked_rate(per_minute)
    _update(key, allowed_networks=networks, per_minute=rate)
    _audit(acting, "changed_key", key, allowed_networks=networks, per_minute=rate)


@transaction.atomic
def demand_signature(*, acting: Account | System, key: DepartmentKey) -> str:
    """The new signing secret, shown this once; from now on unsigned requests are refused."""
    require(acting, Act.MANAGE_KEYS)
    secret = _write_signing_secret(key)
    _audit(acting, "demanded_signature", key)
    return secret


@transaction.atomic
def waive_signature(*, acting: Account | System, key: DepartmentKey) -> None:
    """The key opens without a signature again."""
    require(acting, Act.MANAGE_KEYS)
    _update(key, signing_sealed=None)
    _audit(acting, "waived_signature", key)


@transaction.atomic
def revoke_key(*, acting: Account | System, key: DepartmentKey) -> None:
    """From now on the key opens nothing. Raises Overtaken when it is revoked already."""
    require(acting, Act.MANAGE_KEYS)
    _update(key, revoked_at=timezone.now())
    _audit(acting, "revoked_key", key)


def checked_networks(texts: Iterable[str]) -> list[str]:
    """Addresses and CIDR networks in their short form. Raises Refusal naming the wrong one."""
    networks: dict[str, None] = {}
    for text in filter(None, (part.strip() for part in texts)):
        try:
            network = ip_network(text, strict=False)
        except ValueError:
            raise Refusal(
                f"“{text[:50]}”不是地址或网段。请写成 10.1.2.3 或 10.1.2.0/24。",
                code="allowed_networks",
            ) from None
        if network.prefixlen == 0:
            raise Refusal("0 位的网段等于不限制。不限制请留空。", code="allowed_networks")
        networks[str(network)] = None
    if len(networks) > MOST_NETWORKS:
        raise Refusal(
            f"最多登记 {MOST_NETWORKS} 个地址或网段。请合并成网段。", code="allowed_networks"
        )
    return list(networks)


def _check_last_day(expires_on: date) -> None:
    today = timezone.localdate()
    if not today < expires_on <= today + LONGEST:
        raise Refusal("有效期应在明天到两年之内。", code="expires_on")


def _checked_rate(per_minute: int) -> int:
    if not 1 <= per_minute <= MOST_PER_MINUTE:
        raise Refusal(f"每分钟次数应在 1 到 {MOST_PER_MINUTE} 之间。", code="per_minute")
    return per_minute


def _write_secret(key: DepartmentKey) -> str:
    key.prefix, secret = new_secret()
    key.secret_hash = hash_secret(secret)
    key.save(force_insert=True)
    return f"{key.prefix}.{secret}"


def _write_signing_secret(key: DepartmentKey) -> str:
    secret = secrets.token_urlsafe(32)
    _update(key, signing_sealed=seal(secret, column=SIGNING_COLUMN, row=key.pk))
    return secret


def _update(key: DepartmentKey, **change: object) -> None:
    if not DepartmentKey.objects.filter(pk=key.pk, revoked_at=None).update(**change):
        raise Overtaken("这个密钥已经停用。")


def _audit(acting: Account | System, verb: str, key: DepartmentKey, **detail: object) -> None:
    where = {"department": key.department_id, "prefix": key.prefix}
    record(acting=acting, verb=verb, subject=key, detail=where | detail)
