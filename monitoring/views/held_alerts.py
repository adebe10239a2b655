"""排队待派: what exceeds the workers' budgets of the week, for the township to look at and send."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from grid.frame import sees_people
from grid.models import Region, Severity
from grid.paging import capped_page
from grid.places import place_of
from grid.requests import SignedInRequest
from grid.roles import Act, Level
from grid.scope import found, require
from monitoring.actions.alerts import settle_alert
from monitoring.actions.dispatching import MOST_AT_ONCE, send_now
from monitoring.evidence import Evidence, evidence_of
from monitoring.held import grouped, held_alerts
from monitoring.lifecycle import BY_NAME, why_not
from monitoring.models import Alert
from monitoring.panel import annotations_of, outcomes_of, why_not_settle
from yizhou.refusals import NotAllowed, Overtaken, Refusal


def _within_sight(request: SignedInRequest) -> None:
    if not sees_people(request.user):
        raise NotAllowed("您的职务不查看农户预警。数据报送请从左侧“数据报送”进入。")


@login_required
@require_GET
def held_list(request: SignedInRequest) -> HttpResponse:
    _within_sight(request)
    return render(request, "monitoring/held.html", _list_context(request))


def _list_context(request: SignedInRequest) -> dict[str, Any]:
    """Unknown filters are dropped; `typed` and `ticked` come back after a refusal."""
    village, severity = request.GET.get("village", ""), request.GET.get("severity", "")
    f = {
        "village": village if village.isascii() and village.isdigit() else "",
        "severity": severity if severity in {"1", "2", "3", "4"} else "",
    }
    rows, page = capped_page(held_alerts(request.user, **f), request)
    return {
        "groups": grouped(rows),
        "page": page,
        "f": f,
        "filtered": any(f.values()),
        "villages": request.user.sees(Region).at(Level.VILLAGE).values_list("code", "name"),
        "severities": Severity.choices,
        "may_send": request.user.may(Act.ASSIGN_WORK),
        "reason": request.POST.get("reason", ""),
        "ticked": set(request.POST.getlist("ticked")),
    }


@login_required
@require_POST
def send_several(request: SignedInRequest) -> HttpResponse:
    """The ticked ones, at once; a refusal shows the list again with what was typed."""
    _within_sight(request)
    require(request.user, Act.ASSIGN_WORK)
    ticked = [int(t) for t in request.POST.getlist("ticked") if t.isascii() and t.isdigit()]
    keys = [pk for pk in ticked if pk < 2**63][: MOST_AT_ONCE + 1]
    chosen = list(request.user.sees(Alert).filter(pk__in=keys).order_by("pk"))
    try:
        sent = send_now(acting=request.user, alerts=chosen, reason=request.POST.get("reason", ""))
    except Refusal as no:
        context = _list_context(request) | {"error": no.sentence}
        return render(request, "monitoring/held.html", context, status=no.status)
    messages.success(request, f"已派出 {sent.households} 户、{len(sent.alerts)} 条预警。")
    return redirect("held")


@login_required
@require_http_methods(["GET", "POST"])
def held_one(request: SignedInRequest, pk: int) -> HttpResponse:
    """One alert with its evidence: send it at once, or settle it without a visit."""
    alert: Alert = found(request.user.sees(Alert).select_related("rule", "household__head"), pk)
    errors: list[str] = []
    status = 200
    if request.method == "POST":
        try:
            messages.success(request, _decided(request, alert))
            return redirect("held")
        except Refusal as no:
            errors, status = [no.sentence], no.status
    context = _one_context(request, alert) | {"errors": errors, "typed": request.POST.dict()}
    return render(request, "monitoring/held_one.html", context, status=status)


def _decided(request: SignedInRequest, alert: Alert) -> str:
    name, reason = str(alert.household.head), request.POST.get("reason", "")
    if request.POST.get("decision") == "send":
        sent = send_now(acting=request.user, alerts=[alert], reason=reason)
        return f"{name} 户已派出，{len(sent.alerts)} 条预警。"
    seen = request.POST.get("version", "")
    if seen != str(alert.version):
        raise Overtaken()
    settle_alert(
        acting=request.user,
        alert=alert,
        version_seen=alert.version,
        outcome=request.POST.get("outcome", ""),
        reason=reason.strip()[:500],
    )
    return f"{name} 户的“{alert.rule.title}”已办结。"


def _one_context(request: SignedInRequest, alert: Alert) -> dict[str, Any]:
    account, code = request.user, alert.code
    return {
        "alert": alert,
        "place": place_of(code),
        "evidence": evidence_of([alert]).get(alert.pk, Evidence()),
        "annotations": annotations_of(account, alert.household_id),
        "events": alert.events.all(),
        "outcomes": outcomes_of(alert),
        "why_not_send": why_not(BY_NAME["send_now"], state=alert.state, account=account, code=code),
        "why_not_settle": why_not_settle(account, alert),
    }


urlpatterns = [
    path("held/", held_list, name="held"),
    path("held/send/", send_several, name="send-held"),
    path("held/<int:pk>/", held_one, name="held-alert"),
]
