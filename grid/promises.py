"""Promises to households: own lists, the section of a dossier, the part of a phone's pack."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from grid.models import Household, Promise
from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import may

SOON = timedelta(days=7)
STILL_SHOWN = timedelta(days=30)  # what was kept or not stays in the pack so long
SHOWN = 20
TABS = {"open": "待兑现", "overdue": "已过期", "ended": "已结束"}


def own_promises(account: Any) -> QuerySet[Promise]:
    rows: QuerySet[Promise] = account.sees(Promise).filter(by=account)
    return rows


def conditions() -> dict[str, Q]:
    is_open = Q(state=Promise.State.OPEN)
    return {
        "open": is_open,
        "overdue": is_open & Q(due_on__lt=timezone.localdate()),
        "ended": ~is_open,
    }


def promises_due(account: Any) -> QuerySet[Promise]:
    """Own open promises that are due within a week or overdue."""
    soon = timezone.localdate() + SOON
    return own_promises(account).filter(state=Promise.State.OPEN, due_on__lte=soon)


def dossier_section(request: SignedInRequest, household: Household) -> dict[str, Any] | None:
    """Promises made to the household; none and nobody who could make one: no section."""
    promises = list(
        request.user.sees(Promise)
        .filter(household=household)
        .select_related("by")
        .order_by("ended_on", "due_on")[:SHOWN]
    )
    may_promise = household.dissolved_on is None and may(
        request.user, Act.RECORD_VISIT, code=household.cell_id
    )
    if not promises and not may_promise:
        return None
    return {
        "title": "帮扶承诺",
        "template": "grid/dossier_promises.html",
        "context": {
            "promises": promises,
            "may_promise": may_promise,
            "today": timezone.localdate(),
        },
    }


def pack_section(account: Any, household_ids: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    """Per household what was promised: open, or ended in the last 30 days. One query."""
    since = timezone.localdate() - STILL_SHOWN
    found: dict[int, list[dict[str, Any]]] = {}
    rows = (
        account.sees(Promise)
        .filter(household__in=list(household_ids))
        .filter(Q(state=Promise.State.OPEN) | Q(ended_on__gte=since))
        .order_by("due_on", "id")
        .values_list("household_id", "id", "sentence", "due_on", "state")
    )
    for household, pk, sentence, due_on, state in rows:
        told = {"id": pk, "sentence": sentence, "due_on": due_on.isoformat(), "state": state}
        found.setdefault(household, []).append(told)
    return found


# Changes whenever the section does, within a day (grid/offline.py).
PACK_STAMP = """SELECT concat_ws(':', count(*), sum(version), max(id)) FROM grid_promise
    WHERE household_id IN (SELECT id FROM homes)"""
