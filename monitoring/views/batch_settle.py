"""批量办结: visits that found no risk, looked at together and settled with one reason."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from grid.models import Outcome, Region
from grid.paging import capped_page
from grid.region_codes import current_code
from grid.requests import SignedInRequest
from grid.roles import Act, Level
from grid.scope import require
from monitoring.actions.batch_settling import MOST_AT_ONCE, settle_together
from monitoring.harmless import HARMLESS, harmless_alerts, rows_of
from yizhou.refusals import Refusal


@login_required
@require_GET
def batch_list(request: SignedInRequest) -> HttpResponse:
    require(request.user, Act.SETTLE_ALERT)
    return render(request, "monitoring/batch_settle.html", _list_context(request))


def _list_context(request: SignedInRequest) -> dict[str, Any]:
    """Unknown filters are dropped."""
    village, outcome = request.GET.get("village", ""), request.GET.get("outcome", "")
    f = {
        "village": current_code(village) if village.isascii() and village.isdigit() else "",
        "outcome": outcome if outcome in HARMLESS else "",
    }
    alerts, page = capped_page(harmless_alerts(request.user, **f), request)
    return {
        "rows": rows_of(alerts),
        "page": page,
        "f": f,
        "filtered": any(f.values()),
        "villages": request.user.sees(Region).at(Level.VILLAGE).values_list("code", "name"),
        "outcomes": [(o.value, o.label) for o in HARMLESS],
        "most": MOST_AT_ONCE,
    }


def _picks(request: SignedInRequest) -> list[tuple[int, int]]:
    """(alert, version seen) pairs; what is not of that shape is dropped."""
    pairs = (text.partition("-") for text in request.POST.getlist("ticked"))
    return list(
        {
            int(alert): (int(alert), min(int(version), 2**31 - 1))
            for alert, _, version in pairs
            if all(t.isascii() and t.isdigit() and len(t) < 19 for t in (alert, version))
        }.values()
    )


@login_required
@require_POST
def batch_check(request: SignedInRequest) -> HttpResponse:
    """What would be settled, by outcome; nothing written yet."""
    require(request.user, Act.SETTLE_ALERT)
    return _check_page(request, _picks(request))


def _check_page(
    request: SignedInRequest, picks: list[tuple[int, int]], *, error: str = "", status: int = 200
) -> HttpResponse:
    alerts = harmless_alerts(request.user).filter(pk__in=[pk for pk, _ in picks[:MOST_AT_ONCE]])
    rows = rows_of(list(alerts))
    if not rows and not error:
        error = "没有勾选可以批量办结的预警。请返回勾选。"
    groups = [
        {"label": Outcome(o).label, "rows": [r for r in rows if r.report.outcome == o]}
        for o in HARMLESS
    ]
    context = {
        "groups": [group for group in groups if group["rows"]],
        "rows": rows,
        "gone": len(picks) - len(rows),
        "reason": request.POST.get("reason", ""),
        "error": error,
    }
    return render(request, "monitoring/batch_settle_check.html", context, status=status)


@login_required
@require_POST
def batch_settle(request: SignedInRequest) -> HttpResponse:
    require(request.user, Act.SETTLE_ALERT)
    picks = _picks(request)
    seen = set(
        harmless_alerts(request.user)
        .filter(pk__in=[pk for pk, _ in picks])
        .values_list("pk", flat=True)
    )
    try:
        done = settle_together(
            acting=request.user,
            picks=[pick for pick in picks if pick[0] in seen],
            reason=request.POST.get("reason", ""),
        )
    except Refusal as no:
        return _check_page(request, picks, error=no.sentence, status=no.status)
    left = len(picks) - len(done.settled)
    more = f"另有 {left} 条别人已处理或须逐条办结，没有动。" if left else ""
    messages.success(request, f"已办结 {len(done.settled)} 条预警。{more}")
    return redirect("batch-settle")


urlpatterns = [
    path("alerts/batch/", batch_list, name="batch-settle"),
    path("alerts/batch/check/", batch_check, name="batch-settle-check"),
    path("alerts/batch/settle/", batch_settle, name="batch-settle-do"),
]
