"""Back-tests of a rule: asked for, followed while they run, read, laid side by side."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import may
from monitoring.actions.back_tests import MOST_MONTHS, request_back_test, retry_back_test
from monitoring.models import BackTest
from monitoring.published import back_test_of, back_tests_of, version_of, versions_of
from monitoring.views.rule_list import readers_only
from yizhou.refusals import Refusal

KINDS = (("true", "命中且核实属实"), ("false", "命中但核实无风险"), ("lost", "属实却没有命中"))


@login_required
@require_http_methods(["GET", "POST"])
def back_tests(request: SignedInRequest, code: str) -> HttpResponse:
    readers_only(request)
    if request.method == "POST":
        number, months = request.POST.get("number", ""), request.POST.get("months", "")
        try:
            if not (number.isdecimal() and months.isdecimal() and len(number + months) < 8):
                raise Refusal(f"请选版本，月数填 1 到 {MOST_MONTHS}。", code="months")
            version = version_of(code, int(number))
            test = request_back_test(acting=request.user, version=version, months=int(months))
        except Refusal as no:
            messages.error(request, no.sentence)
            return redirect("back-tests", code)
        return redirect("back-test", code, test.pk)
    versions = versions_of(code)
    context = {
        "code": code,
        "versions": versions,
        "rule": versions[0].rule if versions else None,
        "tests": back_tests_of(code),
        "may_write": may(request.user, Act.WRITE_RULES),
        "most_months": MOST_MONTHS,
    }
    return render(request, "monitoring/rule_back_tests.html", context)


@login_required
@require_GET
def back_test(request: SignedInRequest, code: str, pk: int) -> HttpResponse:
    readers_only(request)
    test = back_test_of(code, pk)
    others = [t for t in back_tests_of(code) if t.pk != pk and t.job_state == "done"]
    asked = request.GET.get("with", "")
    other = next((t for t in others if str(t.pk) == asked), None)
    tests = [t for t in (test, other) if t is not None and t.results]
    context = {
        "test": test,
        "rule": test.rule_version.rule,
        "others": others,
        "other": other,
        "columns": [(t, _totals(t)) for t in tests],
        "months": _months(tests),
        "kinds": KINDS,
        "busy": test.job_state in ("waiting", "working"),
        "may_write": may(request.user, Act.WRITE_RULES),
    }
    template = "monitoring/rule_back_test.html" + ("#state" if request.htmx else "")
    return render(request, template, context)


def _totals(test: BackTest) -> dict[str, Any]:
    total = test.results["total"]
    return total | {
        name: None if total[name] is None else round(100 * total[name])
        for name in ("precision", "recall")
    }


def _months(tests: list[BackTest]) -> list[dict[str, Any]]:
    """A row a month, newest first, with a bar for each test; one scale for all bars."""
    rows: dict[str, list[Any]] = {}
    for place, test in enumerate(tests):
        for month in test.results["months"]:
            said = month | {"number": test.rule_version.number}
            rows.setdefault(month["on"], [None] * len(tests))[place] = said
    parts = [sum(m[k] for k, _ in KINDS) for ms in rows.values() for m in ms if m]
    most = max(parts, default=0) or 1
    return [
        {"on": on, "tests": [m and (m | {"bar": _bar(m, most)}) for m in rows[on]]}
        for on in sorted(rows, reverse=True)
    ]


def _bar(month: dict[str, Any], most: int) -> list[dict[str, Any]]:
    """Where each piece of the bar begins and how wide it is, in hundredths of the scale."""
    pieces, at = [], 0.0
    for kind, label in KINDS:
        width = 100 * month[kind] / most
        pieces.append({"kind": kind, "label": label, "n": month[kind], "x": at, "width": width})
        at += width
    return pieces


@login_required
@require_POST
def retry(request: SignedInRequest, code: str, pk: int) -> HttpResponse:
    try:
        retry_back_test(acting=request.user, back_test_id=back_test_of(code, pk).pk)
        messages.success(request, "已重新排队。")
    except Refusal as no:
        messages.error(request, no.sentence)
    return redirect("back-test", code, pk)


urlpatterns = [
    path("rules/<slug:code>/back-tests/", back_tests, name="back-tests"),
    path("rules/<slug:code>/back-tests/<int:pk>/", back_test, name="back-test"),
    path("rules/<slug:code>/back-tests/<int:pk>/retry/", retry, name="retry-back-test"),
]
