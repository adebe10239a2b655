"""A worker's own list: due today, this week, done."""

from datetime import date, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from grid.deadlines import standing_pauses
from grid.models import Household, WorkItem
from grid.places import places_of, short_name
from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import highest_place, may
from yizhou.refusals import NotAllowed

MOST = 100
# A grid's code begins with its hamlet's: by code a worker walks one hamlet after the other.
ORDERS = {"due": ("due_on", "severity", "id"), "route": ("code", "household__number", "id")}
State = WorkItem.State
Tabs = dict[str, tuple[str, Q]]


def tabs_of(today: date) -> Tabs:
    week_end = today + timedelta(days=7)
    to_visit = Q(state=State.TO_VISIT)
    done_since = timezone.now() - timedelta(days=30)
    return {
        "today": ("今天", to_visit & Q(due_on__lte=today + timedelta(days=1))),
        "week": ("本周", to_visit & Q(due_on__lte=week_end)),
        "all": ("全部", to_visit),
        "done": (
            "已完成",
            Q(state=State.VISITED) | Q(state=State.CLOSED, closed_at__gte=done_since),
        ),
    }


@login_required
@require_GET
def my_work(request: SignedInRequest) -> HttpResponse:
    if not may(request.user, Act.RECORD_VISIT):
        raise NotAllowed("您的职务没有入户走访任务。")
    tabs = tabs_of(timezone.localdate())
    own = request.user.sees(WorkItem).filter(assignee=request.user)
    counts = own.aggregate(**{key: Count("pk", filter=where) for key, (_, where) in tabs.items()})
    tab = request.GET.get("tab", "")
    if tab not in tabs:
        tab = next((key for key in ("today", "week", "all") if counts[key]), "all")
    order = "route" if request.GET.get("order") == "route" else "due"
    items = _shown(own.filter(tabs[tab][1]).order_by(*ORDERS[order]))
    place = highest_place(request.user)
    context = {
        "tab": tab,
        "tabs": _tabs(tabs, counts, tab, order),
        "order": order,
        "items": items,
        "grid_name": short_name(place) if place else "我的任务",
        "household_count": request.user.sees(Household).living().count(),
    }
    return render(request, "grid/my_work.html", context)


def _tabs(tabs: Tabs, counts: dict[str, int], current: str, order: str) -> list[dict[str, Any]]:
    return [
        {
            "key": key,
            "label": label,
            "count": counts[key],
            "url": f"?tab={key}" + ("&order=route" if order == "route" else ""),
            "current": key == current,
        }
        for key, (label, _) in tabs.items()
    ]


def _shown(items: QuerySet[WorkItem]) -> list[dict[str, Any]]:
    """Work items with place and gravest purpose; four queries whatever the number."""
    found = list(items.select_related("household__head").prefetch_related("purposes")[:MOST])
    places = places_of(item.code for item in found)
    pauses = standing_pauses(item.pk for item in found)
    shown = []
    for item in found:
        live = [p for p in item.purposes.all() if p.state in ("wanted", "reported")]
        purposes = live or list(item.purposes.all())
        shown.append(
            {
                "item": item,
                "household": item.household,
                "severity": item.severity,
                "state": item.state,
                "due_on": item.due_on,
                "returned_because": item.returned_because,
                "pause": pauses.get(item.pk),
                "place": places[item.code],
                "top_purpose": purposes[0] if purposes else None,
                "more_purposes": max(0, len(purposes) - 1),
                "url": f"/my-work/{item.pk}/visit/",
            }
        )
    return shown
