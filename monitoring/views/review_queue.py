"""The township's verification queue: list on the left, evidence and decision on the right."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from grid.frame import sees_people
from grid.models import Region, WorkItem
from grid.requests import SignedInRequest
from grid.roles import Level
from monitoring.freshness import freshness, last_run
from monitoring.panel import panel_of
from monitoring.queue import Choices, Filters, Queue, choices
from yizhou.refusals import NotAllowed


def selected_id(request: SignedInRequest) -> int | None:
    text = request.GET.get("selected", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


@login_required
@require_GET
def review_queue(request: SignedInRequest) -> HttpResponse:
    """htmx asks for the panel alone; everybody else gets the whole page."""
    if not sees_people(request.user):
        raise NotAllowed("您的职务不查看农户预警。数据报送请从左侧“数据报送”进入。")
    filters = Filters.read(request.GET)
    chosen = selected_id(request)
    if request.htmx and chosen is not None:
        context = {"selected": panel_of(request, chosen), "filters_url": filters.url()}
        return render(request, "monitoring/queue.html#panel", context)
    return render(request, "monitoring/queue.html", queue_context(request, filters, chosen))


def queue_context(
    request: SignedInRequest, filters: Filters, chosen: int | None, panel: Any = None
) -> dict[str, Any]:
    """Everything queue.html draws; `panel` when a refused form must be shown again."""
    queue = Queue(request.user, filters)
    rows, page = queue.page(chosen)
    if chosen is None and rows and panel is None:
        chosen = rows[0].item.pk
        rows[0].selected = True
    if chosen is not None and not request.user.sees(WorkItem).filter(pk=chosen).exists():
        chosen = None
    bar = _filter_bar(request, queue)
    return {
        "rows": rows,
        "page": page,
        "counters": queue.counters(),
        "filters": bar,
        "f": filters,
        "reset_url": Filters(status=filters.status).url(),
        "active_filters": _active(filters, bar),
        "selected": panel or (panel_of(request, chosen) if chosen is not None else None),
        "filters_url": filters.url(page=filters.page),
        "freshness": freshness(),
        "last_run": last_run(),
    }


def _filter_bar(request: SignedInRequest, queue: Queue) -> dict[str, Any]:
    offered: Choices = choices()
    villages = request.user.sees(Region).at(Level.VILLAGE).values_list("code", "name")
    return {
        "severity": queue.severities(),
        "rule": [{"value": v, "label": label} for v, label in offered.rules],
        "department": [{"value": v, "label": label} for v, label in offered.departments],
        "village": [{"value": v, "label": label} for v, label in villages],
    }


LABELS = {
    "severity": "级别",
    "rule": "风险类型",
    "village": "村",
    "department": "来源部门",
    "q": "搜索",
}


def _active(filters: Filters, bar: dict[str, Any]) -> list[dict[str, str]]:
    """The filters in force in words, each with the address without it."""
    shown = []
    for name, label in LABELS.items():
        if value := getattr(filters, name):
            words = {str(option["value"]): option["label"] for option in bar.get(name, [])}
            shown.append(
                {
                    "label": f"{label}：{words.get(value, value)}",
                    "remove_url": filters.url(**{name: ""}),
                }
            )
    return shown
