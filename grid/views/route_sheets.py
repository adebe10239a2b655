"""Route sheets on paper: one for each worker, in the order of the road."""

from itertools import groupby
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from grid.desk import Desk, DeskFilters, DeskRow, by_hamlet, rows_of, with_purposes
from grid.models import WorkItem
from grid.requests import SignedInRequest
from grid.views.desk import check_desk
from yizhou.audit import record
from yizhou.sealed import unseal

MOST = 600  # visits on one print; a village or a worker narrows it


@login_required
@require_GET
def route_sheets(request: SignedInRequest) -> HttpResponse:
    """Visits still to be made, by worker and hamlet. No ID numbers; printing is written down."""
    check_desk(request)
    filters = DeskFilters.read(request.GET)
    rows = Desk(request.user, filters).listed().filter(state=WorkItem.State.TO_VISIT)
    count = rows.order_by().count()
    items = list(with_purposes(by_hamlet(rows.exclude(assignee=None)))[:MOST])
    sheets = _sheets(rows_of(items))
    if items:
        record(
            acting=request.user,
            verb="printed_route_sheets",
            subject=("grid.workitem", items[0].pk),
            detail={"sheets": len(sheets), "items": len(items), "filters": filters.query()},
        )
    context = {
        "sheets": sheets,
        "f": filters,
        "printed_at": timezone.now(),
        "shown": len(items),
        "left_off": max(0, count - MOST),
        "back_url": filters.url(),
    }
    return render(request, "grid/route_sheets.html", context)


def _sheets(rows: list[DeskRow]) -> list[dict[str, Any]]:
    """By worker in the order of the first hamlet of each, then by hamlet."""
    first: dict[int, int] = {}
    for at, row in enumerate(rows):
        first.setdefault(row.item.assignee_id or 0, at)
    ordered = sorted(rows, key=lambda row: first[row.item.assignee_id or 0])
    return [
        {"worker": hamlets[0].item.assignee, "count": len(hamlets), "hamlets": _hamlets(hamlets)}
        for hamlets in (list(g) for _, g in groupby(ordered, key=lambda r: r.item.assignee_id))
    ]


def _hamlets(rows: list[DeskRow]) -> list[tuple[str, list[tuple[DeskRow, str]]]]:
    grouped = groupby(rows, key=lambda row: row.item.code[:15])
    return [
        (next_rows[0].place.full, [(row, _phone(row)) for row in next_rows])
        for next_rows in (list(g) for _, g in grouped)
    ]


def _phone(row: DeskRow) -> str:
    """The last four digits; the whole number only where the county's setting says so."""
    household = row.item.household
    owners = [owner for owner in (household, household.head) if owner is not None]
    if settings.ROUTE_SHEET_PHONE == "full":
        for owner in owners:
            if owner.phone_sealed:
                column = f"{owner._meta.db_table}.phone_sealed"
                return unseal(owner.phone_sealed, column=column, row=owner.pk)
    tail = next((owner.phone_tail for owner in owners if owner.phone_tail), "")
    return f"尾号 {tail}" if tail else ""


urlpatterns = [path("desk/route-sheets/", route_sheets, name="route-sheets")]
