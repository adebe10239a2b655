"""Route sheets on paper, for the township and for a worker: in the order of the road."""

from itertools import groupby
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from grid.desk import Desk, DeskFilters, DeskRow, by_hamlet, rows_of, with_purposes
from grid.models import WorkItem
from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import may
from grid.views.desk import check_desk
from grid.views.my_work import tabs_of
from yizhou.audit import record
from yizhou.refusals import NotAllowed
from yizhou.sealed import unseal

MOST = 600  # visits on one print; a village or a worker narrows it


@login_required
@require_GET
def route_sheets(request: SignedInRequest) -> HttpResponse:
    """The township's: visits still to be made under the desk's filters, a sheet for each worker."""
    check_desk(request)
    filters = DeskFilters.read(request.GET)
    rows = Desk(request.user, filters).listed().filter(state=WorkItem.State.TO_VISIT)
    back = {"back_url": filters.url(), "back_title": "镇级工作台"}
    return _printed(request, rows.exclude(assignee=None), filters.query(), back)


@login_required
@require_GET
def own_route_sheet(request: SignedInRequest) -> HttpResponse:
    """A worker's own visits still to be made, under one of the tabs of 我的任务."""
    if not may(request.user, Act.RECORD_VISIT):
        raise NotAllowed("您的职务没有入户走访任务。")
    tab = request.GET.get("tab", "")
    tab = tab if tab in ("today", "week") else "all"
    label, wanted = tabs_of(timezone.localdate())[tab]
    own = request.user.sees(WorkItem).filter(wanted, assignee=request.user)
    url = reverse("my-work", query={"tab": tab, "order": "route"})
    back = {"back_url": url, "back_title": "我的任务", "label": label}
    return _printed(request, own, f"tab={tab}", back)


def _printed(
    request: SignedInRequest, rows: Any, asked: str, context: dict[str, Any]
) -> HttpResponse:
    """The sheets of these visits. No ID numbers; who printed what and when is written down."""
    count = rows.order_by().count()
    items = list(with_purposes(by_hamlet(rows))[:MOST])
    sheets = _sheets(rows_of(items))
    if items:
        record(
            acting=request.user,
            verb="printed_route_sheets",
            subject=("grid.workitem", items[0].pk),
            detail={"sheets": len(sheets), "items": len(items), "filters": asked},
        )
    context |= {
        "sheets": sheets,
        "printed_at": timezone.now(),
        "shown": len(items),
        "left_off": count - len(items),
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


urlpatterns = [
    path("desk/route-sheets/", route_sheets, name="route-sheets"),
    path("my-work/route/", own_route_sheet, name="route-sheet"),
]
