"""Row-level security, the second wall: what this connection may see, set for each request.

Policies compare a row's code with `yizhou.low` and `yizhou.high`, its household with
`yizhou.exceptions`, and letters also with `yizhou.account`: a worker sees what he sent himself,
wherever the household lives now.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection

from grid.scope import ABOVE_ALL_CODES, sight_of

Bounds = tuple[str, str, str, str]
NOTHING: Bounds = (ABOVE_ALL_CODES, "", "{}", "")
EVERYTHING: Bounds = ("", ABOVE_ALL_CODES, "{}", "")
NAMES = ("yizhou.low", "yizhou.high", "yizhou.exceptions", "yizhou.account")


def at_rest() -> Bounds:
    """Web connections rest with nothing in sight; jobs and commands see the county."""
    return NOTHING if settings.WALL_UP else EVERYTHING


def bounds_of(account: Any) -> Bounds:
    sight = sight_of(account)
    exceptions = "{" + ",".join(map(str, sight.exceptions)) + "}"
    return (*sight.interval, exceptions, str(account.pk or ""))


def raise_wall(bounds: Bounds) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('yizhou.low', %s, false), set_config('yizhou.high', %s, false),"
            " set_config('yizhou.exceptions', %s, false), set_config('yizhou.account', %s, false)",
            bounds,
        )


@contextmanager
def whole_county() -> Iterator[None]:
    """The program looks past the wall for one question whose answer shows nobody a household."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('yizhou.low', true), current_setting('yizhou.high', true),"
            " current_setting('yizhou.exceptions', true), current_setting('yizhou.account', true),"
            " set_config('yizhou.low', '', false), set_config('yizhou.high', '~', false)"
        )
        low, high, exceptions, account, *_ = cursor.fetchone()
    try:
        yield
    finally:
        with suppress(DatabaseError):  # a transaction that failed takes the settings back itself
            raise_wall((low or "", high or "", exceptions or "{}", account or ""))
