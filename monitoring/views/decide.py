"""The decisions of the queue: assign, settle, return. Each form calls one action."""

from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from grid.actions.work_items import assign_work_item
from grid.models import WorkItem
from grid.requests import SignedInRequest
from grid.scope import found
from monitoring.actions.alerts import return_visit, settle_alert
from monitoring.actions.dispatching import PURPOSE
from monitoring.models import Alert
from monitoring.panel import panel_of, workers_for
from monitoring.queue import Filters
from monitoring.views.review_queue import queue_context
from yizhou.refusals import NotFound, Refusal


def version_of(request: SignedInRequest) -> int:
    text = request.POST.get("version", "")
    if not (text.isascii() and text.isdigit()):
        raise Refusal("页面已过期，请刷新后再提交。", code="version_missing")
    return int(text)


def back_url(request: SignedInRequest, fallback: str = "/queue/") -> str:
    url = request.POST.get("back", fallback)
    return url if url_has_allowed_host_and_scheme(url, allowed_hosts=None) else fallback


def decide(request: SignedInRequest, item_id: int, act: Callable[[], str]) -> HttpResponse:
    """Run the act; a refusal shows the queue again with what was typed and the sentence."""
    try:
        sentence = act()
    except Refusal as refusal:
        errors = [{"field": refusal.code, "sentence": refusal.sentence}]
        panel = panel_of(request, item_id, errors=errors, typed=request.POST.dict())
        query = QueryDict(urlsplit(back_url(request)).query)
        context = queue_context(request, Filters.read(query), item_id, panel)
        return render(request, "monitoring/queue.html", context, status=refusal.status)
    messages.success(request, sentence)
    return redirect(back_url(request))


@login_required
@require_POST
def assign(request: SignedInRequest, pk: int) -> HttpResponse:
    item = found(request.user.sees(WorkItem), pk)

    def act() -> str:
        offered = {str(w.id): w.account for w in workers_for(item)}
        assignee = offered.get(request.POST.get("assignee", ""))
        if assignee is None:
            raise Refusal("请选择派给谁。", code="assignee")
        assign_work_item(
            acting=request.user,
            item=item,
            assignee=assignee,
            version_seen=version_of(request),
            due_on=_day(request.POST.get("due_on", "")),
            note=request.POST.get("note", "").strip()[:300],
        )
        return f"已派给{assignee.name}。"

    return decide(request, pk, act)


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise Refusal("入户时限写成年-月-日，例如 2026-11-30。", code="due_on")
    return day


@login_required
@require_POST
def settle(request: SignedInRequest, pk: int) -> HttpResponse:
    alert = found(request.user.sees(Alert), pk)
    item_id = _item_of(request.user, alert)

    def act() -> str:
        settle_alert(
            acting=request.user,
            alert=alert,
            version_seen=version_of(request),
            outcome=request.POST.get("outcome", ""),
            reason=request.POST.get("reason", "").strip()[:500],
        )
        return "已办结。"

    return decide(request, item_id, act)


def _item_of(account: Any, alert: Alert) -> int:
    item = (
        account.sees(WorkItem)
        .filter(purposes__kind=PURPOSE, purposes__subject=alert.pk)
        .order_by("-id")
        .first()
    )
    if item is None:
        raise NotFound()
    return int(item.pk)


@login_required
@require_POST
def send_back(request: SignedInRequest, pk: int) -> HttpResponse:
    item = found(request.user.sees(WorkItem), pk)

    def act() -> str:
        return_visit(
            acting=request.user,
            item=item,
            version_seen=version_of(request),
            reason=request.POST.get("reason", "").strip()[:300],
        )
        return "已退回补充。"

    return decide(request, pk, act)
