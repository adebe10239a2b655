"""Two runs side by side: asked for, followed while it is computed, read rule by rule."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import may, require
from monitoring.actions.comparisons import request_comparison, retry_comparison
from monitoring.models import RunComparison
from monitoring.runs import UNDER_WAY
from monitoring.runs_compared import compared_rules, comparison_of, examples_of
from monitoring.views.screening import readers_only
from yizhou.refusals import Refusal


@login_required
@require_POST
def compare(request: SignedInRequest) -> HttpResponse:
    readers_only(request)
    require(request.user, Act.RUN_SCREENING)
    given = [request.POST.get(name, "") for name in ("first", "second")]
    first, second = (int(g) if g.isascii() and g.isdigit() and len(g) < 19 else 0 for g in given)
    try:
        if not (first and second):
            raise Refusal("请选一次研判来对比。", code="no_run")
        comparison = request_comparison(acting=request.user, first_id=first, second_id=second)
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
        return redirect("run", first) if first else redirect("screening")
    return redirect("comparison", comparison.pk)


@login_required
@require_GET
def comparison(request: SignedInRequest, pk: int) -> HttpResponse:
    readers_only(request)
    asked = comparison_of(pk)
    busy = asked.job_state in UNDER_WAY
    context: dict[str, Any] = {
        "comparison": asked,
        "sides": (asked.first, asked.second),
        "busy": busy,
        "may_run": may(request.user, Act.RUN_SCREENING),
    }
    if asked.results:
        context |= _results_context(request, asked)
    template = "monitoring/run_comparison.html" + ("#live" if request.htmx else "")
    return render(request, template, context)


def _results_context(request: SignedInRequest, asked: RunComparison) -> dict[str, Any]:
    rules = compared_rules(asked)
    both = [rule for rule in rules if rule.ran == "both"]
    code = request.GET.get("rule", "")
    chosen = next((rule for rule in both if rule.code == code), None)
    examples, elsewhere = examples_of(request.user, chosen) if chosen else ([], 0)
    return {
        "differ": [rule for rule in both if rule.differ],
        "equal": [rule for rule in both if not rule.differ],
        "one_sided_hit": [r for r in rules if r.ran != "both" and r.hits_of_one],
        "one_sided_quiet": [r for r in rules if r.ran != "both" and not r.hits_of_one],
        "households": asked.results["households"],
        "totals": {
            part: sum(getattr(rule, part) for rule in both)
            for part in ("only_first", "only_second", "changed", "same")
        },
        "off": [
            (side, hits)
            for side, hits in zip(
                (asked.first, asked.second), asked.results["recomputed"], strict=True
            )
            if hits != side.hits
        ],
        "chosen": chosen,
        "examples": examples,
        "elsewhere": elsewhere,
    }


@login_required
@require_POST
def retry(request: SignedInRequest, pk: int) -> HttpResponse:
    readers_only(request)
    try:
        retry_comparison(acting=request.user, comparison_id=comparison_of(pk).pk)
        messages.success(request, "已重新排队。")
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
    return redirect("comparison", pk)


urlpatterns = [
    path("screening/compare/", compare, name="compare-runs"),
    path("screening/compare/<int:pk>/", comparison, name="comparison"),
    path("screening/compare/<int:pk>/retry/", retry, name="retry-comparison"),
]
