"""Phones: enrolled with the password once, counted on, wiped by order, ended."""

import secrets
import uuid
from datetime import datetime, timedelta
from hashlib import sha256
from os.path import commonprefix
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from grid.envelopes import make_key
from grid.models import Account, FieldKey, Phone
from grid.roles import CODE_LENGTH, Act
from grid.scope import may, require, sight_of
from yizhou.audit import System, record
from yizhou.refusals import NotAllowed, NotFound, Overtaken, reason_given

CONTACT_EVERY = timedelta(minutes=5)


def hash_token(token: str) -> bytes:
    """256 random bits need no slow hash."""
    return sha256(token.encode()).digest()


def place_of_posts(account: Account) -> str:
    """The smallest place that holds all the account's posts; empty without any."""
    shared = commonprefix([h.region for h in sight_of(account).holdings if h.region])
    lengths = [n for n in CODE_LENGTH.values() if n <= len(shared)]
    return shared[: max(lengths)] if lengths else ""


def works_in_the_field(account: Account) -> bool:
    return may(account, Act.RECORD_VISIT) or may(account, Act.REPORT_HOUSEHOLD)


@transaction.atomic
def enrol_phone(
    *, acting: Account, install: uuid.UUID, name: str, address: str | None
) -> tuple[Phone, str]:
    """The phone and its token, which is shown to nobody but the cookie. Raises NotAllowed.

    The same installation again gets a new token and a clean state; under another account the
    earlier one ends there, for a phone works for one person at a time.
    """
    if not works_in_the_field(acting):
        raise NotAllowed("您现在没有入户走访的职务，不能登记手机。请联系乡镇或系统管理员。")
    now = timezone.now()
    Phone.objects.filter(install=install, ended_at=None).exclude(account=acting).update(
        ended_at=now, end_reason="这台手机改由别的账号使用"
    )
    token = secrets.token_urlsafe(32)
    phone, _ = Phone.objects.update_or_create(
        account=acting,
        install=install,
        defaults={
            "name": " ".join(name.split())[:60],
            "code": place_of_posts(acting),
            "token_hash": hash_token(token),
            "enrolled_at": now,
            "expires_at": now + timedelta(days=settings.FIELD_TOKEN_DAYS),
            "last_contact_at": now,
            "last_address": address,
            "wipe_ordered_at": None,
            "wipe_ordered_by": None,
            "wipe_reason": "",
            "wiped_at": None,
            "ended_at": None,
            "end_reason": "",
        },
    )
    record(acting=acting, verb="enrolled_phone", subject=phone, address=address)
    return phone, token


def note_contact(
    *, phone: Phone, unsent: int, oldest: datetime | None, address: str | None = None
) -> bool:
    """Keep what the phone says of itself; at most once in five minutes unless that changed."""
    now = timezone.now()
    told = (unsent, oldest if unsent else None)
    fresh = now - phone.last_contact_at < CONTACT_EVERY
    if fresh and told == (phone.unsent, phone.oldest_unsent_at):
        return False
    Phone.objects.filter(pk=phone.pk).update(
        last_contact_at=now, unsent=told[0], oldest_unsent_at=told[1], last_address=address
    )
    return True


def _manage(acting: Account, phone: Phone) -> None:
    """The worker's own phone, or one in the acting's places. Raises NotFound, NotAllowed."""
    if phone.account_id == acting.pk:
        return
    if not acting.sees(Phone).filter(pk=phone.pk).exists():
        raise NotFound()
    require(acting, Act.ASSIGN_WORK, code=phone.code)


@transaction.atomic
def order_wipe(*, acting: Account, phone: Phone, reason: str) -> None:
    """At its next contact the phone wipes what it can read; its sealed work may still arrive."""
    _manage(acting, phone)
    said = reason_given(reason, ask="请写明清除的事由，例如“手机丢失”，2 到 200 个字。")
    changed = Phone.objects.filter(pk=phone.pk, wipe_ordered_at=None, ended_at=None).update(
        wipe_ordered_at=timezone.now(), wipe_ordered_by=acting, wipe_reason=said
    )
    if not changed:
        raise Overtaken("这台手机已经停用，或已下令清除。请刷新页面。")
    record(acting=acting, verb="ordered_wipe", subject=phone, reason=said)


@transaction.atomic
def end_phone(*, acting: Account, phone: Phone, reason: str) -> None:
    """From now on its token opens nothing; what it still holds waits for the next enrolment."""
    _manage(acting, phone)
    said = reason_given(reason, ask="请写明停用的事由，2 到 200 个字。")
    if not Phone.objects.filter(pk=phone.pk, ended_at=None).update(
        ended_at=timezone.now(), end_reason=said
    ):
        raise Overtaken("这台手机已经停用。请刷新页面。")
    record(acting=acting, verb="ended_phone", subject=phone, reason=said)


@transaction.atomic
def take_pack(*, acting: Account, phone: Phone, households: int) -> None:
    """The phone carries names and phone numbers out: who took how many, and when."""
    now = timezone.now()
    Phone.objects.filter(pk=phone.pk).update(
        pack_taken_at=now, last_contact_at=now, code=place_of_posts(acting) or phone.code
    )
    record(acting=acting, verb="took_pack", subject=phone, detail={"households": households})


@transaction.atomic
def wiped(*, acting: Account, phone: Phone) -> None:
    """The phone says that nothing readable is left on it. Saying it again changes nothing."""
    if Phone.objects.filter(pk=phone.pk, wiped_at=None).update(wiped_at=timezone.now()):
        record(acting=acting, verb="wiped_phone", subject=phone, reason=phone.wipe_reason)


@transaction.atomic
def sign_out_phone(*, acting: Account, phone: Phone) -> None:
    """The worker signed out on the phone itself."""
    if Phone.objects.filter(pk=phone.pk, ended_at=None).update(
        ended_at=timezone.now(), end_reason="在手机上退出"
    ):
        record(acting=acting, verb="ended_phone", subject=phone, reason="在手机上退出")


def account_named(username: str) -> Account | None:
    """For counting tries; whether the name exists is told to nobody."""
    return Account.objects.filter(username=username).first()


# ---- the key phones seal to ----


def current_key() -> FieldKey:
    """The key for new letters; the first use makes it. Two first uses at once agree on one."""
    found = FieldKey.objects.filter(retired_at=None).first()
    if found is not None:
        return found
    FieldKey.objects.bulk_create([make_key()], ignore_conflicts=True)
    return FieldKey.objects.get(retired_at=None)


@transaction.atomic
def rotate_field_key(*, acting: Any | System) -> FieldKey:
    """A new key; the old one opens letters for 60 days more."""
    require(acting, Act.MANAGE_KEYS)
    FieldKey.objects.filter(retired_at=None).update(retired_at=timezone.now())
    fresh = make_key()
    fresh.save(force_insert=True)
    record(acting=acting, verb="rotated_field_key", subject=fresh)
    return fresh
