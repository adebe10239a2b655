"""Refused access leaves a trace: written on its own, after the refused transaction is gone."""

from typing import Any

from django.http import HttpRequest

from grid.client_address import address_of
from yizhou.audit import record
from yizhou.refusals import Denial, Refusal


class Stranger:
    """Nobody signed in."""

    pk = None
    account_id = None
    display_name = "未登录"


def record_refused(user: Any, request: HttpRequest, refusal: Denial) -> None:
    acting = user if getattr(user, "is_authenticated", False) else Stranger()
    record(
        acting=acting,
        verb="refused",
        subject=("page", request.path[:64]),
        reason=refusal.sentence,
        detail={"code": refusal.code, "method": request.method},
        address=address_of(request),
    )


def as_refusal(exc: Exception) -> Exception:
    """A NUL among the text sent, which PostgreSQL does not keep and the driver names with a bare
    ValueError, as the sentence for it; every other exception as it is.
    """
    if isinstance(exc, ValueError) and "NUL (0x00)" in str(exc):
        return Refusal("提交的内容里有无法保存的字符。请删去后再提交。", code="unreadable")
    return exc
