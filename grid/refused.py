"""Refused access leaves a trace: written on its own, after the refused transaction is gone."""

from typing import Any

from django.http import HttpRequest

from yizhou.audit import record
from yizhou.refusals import Denial


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
        address=request.META.get("REMOTE_ADDR") or None,
    )
