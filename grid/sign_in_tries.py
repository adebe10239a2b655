"""How often a password may be tried, at the sign-in page and on phones together.

A try is counted before the password is looked at and taken off when it was right, so that tries
made at once are no more than tries made in turn. Three counts, each with a bound of its own:
a name from one address; the name from everywhere, so that changing addresses helps nobody, and
wide, so that nobody elsewhere easily keeps its owner out; and the address, widest of all, for a
whole office or many phones may stand behind one. The bounds are settings, to be confirmed.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from unicodedata import normalize

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from grid.client_address import address_of
from grid.models import Account, SignInTries
from grid.refused import Stranger
from yizhou.audit import record
from yizhou.refusals import Refusal
from yizhou.sealed import digest

NAME_HERE, NAME, ADDRESS = "name_here", "name", "address"

# Counts since a moment; when that lies a window back, counting begins anew.
ONE_MORE = """
INSERT INTO grid_signintries AS kept (key, since, count) VALUES (%(key)s, %(now)s, 1)
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN kept.since <= %(begin)s THEN 1 ELSE kept.count + 1 END,
    since = CASE WHEN kept.since <= %(begin)s THEN %(now)s ELSE kept.since END
RETURNING since, count
"""


class TooManyTries(Refusal):
    """The same words whether the name exists or not."""

    status = 429

    def __init__(self, until: datetime, *, whole_address: bool) -> None:
        to_the_minute = timezone.localtime(until + timedelta(seconds=59))
        whose = "您所在的网络登录出错太多次" if whole_address else "登录试错太多次"
        super().__init__(
            f"{whose}，暂停登录。请 {to_the_minute:%H:%M} 以后再试；忘记密码请联系系统管理员。",
            code="too_many_tries",
        )


def count_try(username: str, request: HttpRequest) -> None:
    """Before the password is looked at. Raises TooManyTries.

    The first count that is full ends it: who goes on behind a closed name wears out neither the
    name for its owner elsewhere nor the address for the colleagues.
    """
    for kind, key, most in _counts(username, address_of(request)):
        since, count = _one_more(key)
        if count <= most:
            continue
        refusal = TooManyTries(since + _within(), whole_address=kind == ADDRESS)
        if count == most + 1:  # once each time it closes: a flood must not fill the trail
            _trace("blocked_sign_in", username, request, refusal.sentence, kind)
        raise refusal


def take_off(username: str, request: HttpRequest) -> None:
    """The password was right: the try counts nowhere, and mistakes made here are forgotten."""
    here, *others = (key for _, key, _ in _counts(username, address_of(request)))
    SignInTries.objects.filter(key=here).delete()
    SignInTries.objects.filter(key__in=others, count__gt=0).update(count=F("count") - 1)


def note_wrong(username: str, request: HttpRequest, sentence: str, *, verb: str) -> None:
    """The audit trail of a wrong password; the name typed is not kept."""
    _trace(verb, username, request, sentence)


def forget_tries() -> int:
    """Drop counts that would begin anew anyway. Returns how many."""
    return SignInTries.objects.filter(since__lte=timezone.now() - _within()).delete()[0]


def _within() -> timedelta:
    return timedelta(minutes=settings.SIGN_IN_WITHIN_MINUTES)


def _counts(username: str, address: str | None) -> Iterator[tuple[str, str, int]]:
    """(kind, key, bound); an address that cannot be read has no count of its own."""
    name = normalize("NFKC", username).strip()
    yield NAME_HERE, _key(NAME_HERE, f"{name}\0{address}"), settings.SIGN_IN_TRIES
    yield NAME, _key(NAME, name), settings.SIGN_IN_TRIES_OF_A_NAME
    if address is not None:
        yield ADDRESS, _key(ADDRESS, address), settings.SIGN_IN_TRIES_OF_AN_ADDRESS


def _key(kind: str, text: str) -> str:
    readable = text.encode("utf-8", "replace").decode()
    return digest(readable, kind=f"sign_in_{kind}").hex()


def _one_more(key: str) -> tuple[datetime, int]:
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(ONE_MORE, {"key": key, "now": now, "begin": now - _within()})
        since, count = cursor.fetchone()
    return since, count


def _trace(verb: str, username: str, request: HttpRequest, sentence: str, kind: str = "") -> None:
    account = Account.objects.filter(username=normalize("NFKC", username).strip()).first()
    record(
        acting=Stranger(),
        verb=verb,
        subject=("grid.account", account.pk if account is not None else ""),
        reason=sentence,
        detail={"count": kind} if kind else {},
        address=address_of(request),
    )
