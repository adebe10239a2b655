"""Rules for everybody who sees people: the list with hit rates, a rule, a version, its file."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from grid.frame import sees_people
from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import may
from monitoring.actions.rules import export_rule
from monitoring.models import Alert
from monitoring.published import (
    RuleRow,
    changes_of,
    lines_of,
    rule_page,
    rule_rows,
    version_of,
    versions_of,
    words_of,
)
from yizhou.refusals import NotAllowed

STATES = {"in_force": "在用", "draft": "有草稿", "review": "该复审", "stopped": "已停用"}


def readers_only(request: SignedInRequest) -> None:
    """Raises NotAllowed for those who see no people."""
    if not sees_people(request.user):
        raise NotAllowed("您的职务不查看研判规则。")


def _is(row: RuleRow, state: str) -> bool:
    if state == "in_force":
        return row.version is not None
    if state == "draft":
        return row.draft is not None
    if state == "review":
        return bool(row.review)
    return row.standing == "已停用"


def _fits(row: RuleRow, words: str, risk: str) -> bool:
    told = f"{row.rule.code} {row.rule.title} {row.rule.owner} {row.summary}".lower()
    return (not risk or row.rule.risk == risk) and all(w in told for w in words.lower().split())


@login_required
@require_GET
def rule_list(request: SignedInRequest) -> HttpResponse:
    readers_only(request)
    state = request.GET.get("state", "in_force")
    state = state if state in STATES else "in_force"
    words, risk = request.GET.get("q", "")[:40], request.GET.get("risk", "")
    every = rule_rows(request.user.sees(Alert), today=timezone.localdate())
    found = [row for row in every if _fits(row, words, risk)]
    context = {
        "rows": [row for row in found if _is(row, state)],
        "counters": [(s, t, sum(_is(r, s) for r in found), s == state) for s, t in STATES.items()],
        "f": {"state": state, "q": words, "risk": risk},
        "risks": sorted({row.rule.risk for row in every}),
        "may_write": may(request.user, Act.WRITE_RULES),
    }
    return render(request, "monitoring/rules.html", context)


@login_required
@require_GET
def rule(request: SignedInRequest, code: str) -> HttpResponse:
    readers_only(request)
    today = timezone.localdate()
    page = rule_page(code, request.user.sees(Alert), today=today)
    context = {"page": page, "rule": page.rule, "may_write": may(request.user, Act.WRITE_RULES)}
    return render(request, "monitoring/rule.html", context)


@login_required
@require_GET
def rule_version(request: SignedInRequest, code: str, number: int) -> HttpResponse:
    readers_only(request)
    today, version = timezone.localdate(), version_of(code, number)
    others = [v for v in versions_of(code) if v.pk != version.pk]
    asked = request.GET.get("with", "")
    other: Any = next((v for v in others if str(v.number) == asked), None)
    other = other or version.based_on or next((v for v in others if v.number < number), None)
    context = {
        "rule": version.rule,
        "version": version,
        "phrases": words_of(version, today),
        "lines": lines_of(version, today),
        "others": others,
        "other": other,
        "changes": changes_of(other, version, today) if other else [],
    }
    return render(request, "monitoring/rule_version.html", context)


@login_required
@require_POST
def export(request: SignedInRequest, code: str, number: int) -> HttpResponse:
    readers_only(request)
    content = export_rule(acting=request.user, version=version_of(code, number))
    answer = HttpResponse(content, content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{code}-v{number}.json"'
    return answer


urlpatterns = [
    path("rules/", rule_list, name="rules"),
    path("rules/<slug:code>/", rule, name="rule"),
    path("rules/<slug:code>/versions/<int:number>/", rule_version, name="rule-version"),
    path("rules/<slug:code>/versions/<int:number>/export/", export, name="export-rule"),
]
