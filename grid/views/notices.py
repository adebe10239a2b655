"""提醒: visits whose time runs out, for everybody whose turn it is; and the county's ladder."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from grid import deadlines
from grid.actions.deadlines import change_step
from grid.actions.figures import (
    MOST,
    MOST_WORKDAYS,
    change_figure,
    change_report_limit,
)
from grid.actions.notices import see_notices
from grid.frame import is_field_worker, sees_people
from grid.paging import capped_page
from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import require
from grid.views.routine_forms import FigureForm, StepForm
from yizhou.refusals import NotAllowed, NotFound, Refusal

WHICH = ("all", "red", "orange", "before", "past")
MOST_AT_ONCE = 500


def _within_sight(request: SignedInRequest) -> None:
    if not sees_people(request.user):
        raise NotAllowed("您现在的职务没有入户事项，不会收到时限提醒。")


@login_required
@require_GET
def inbox(request: SignedInRequest) -> HttpResponse:
    _within_sight(request)
    which = request.GET.get("show", "all")
    which = which if which in WHICH else "all"
    rows, page = capped_page(deadlines.inbox(request.user, which=which), request)
    counts = deadlines.inbox_counts(request.user)
    context = {
        "groups": deadlines.by_village(rows),
        "page": page,
        "show": which,
        "tabs": _tabs(counts, which),
        "counts": counts,
        "may_plan": request.user.may(Act.PLAN_VISITS),
    }
    template = "notices_field" if is_field_worker(request.user) else "notices"
    return render(request, f"grid/{template}.html", context)


def _tabs(counts: dict[str, int], current: str) -> list[dict[str, Any]]:
    labels = {"all": "全部", "red": "红色超期", "orange": "橙色提醒", "before": "将到时限"}
    short = {"all": "全部", "red": "超期", "orange": "橙色", "before": "快到"}
    tabs: list[dict[str, Any]] = [
        {
            "label": label,
            "short": short[key],
            "count": counts[key],
            "url": f"?show={key}",
            "current": key == current,
            "tone": {"red": "red", "orange": "orange"}.get(key, ""),
        }
        for key, label in labels.items()
    ]
    past = {
        "label": "已失效",
        "short": "失效",
        "count": None,
        "url": "?show=past",
        "current": current == "past",
    }
    return [*tabs, past]


@login_required
@require_POST
def see(request: SignedInRequest) -> HttpResponse:
    """Mark the ticked, or all that stand, as read."""
    _within_sight(request)
    own = deadlines.own_notices(request.user).unseen()
    if "all" not in request.POST:
        ticked = [int(t) for t in request.POST.getlist("notice") if t.isascii() and t.isdigit()]
        own = own.filter(pk__in=[pk for pk in ticked if pk < 2**63])
    seen = 0
    while rows := list(own.order_by("pk")[:MOST_AT_ONCE]):
        seen += see_notices(acting=request.user, notices=rows)
    messages.success(request, f"{seen} 条提醒已标为已阅。" if seen else "没有新的提醒要标。")
    return redirect("notices")


@login_required
@require_GET
def rules(request: SignedInRequest) -> HttpResponse:
    """The ladder and the figures: everybody who works under them may read them."""
    _within_sight(request)
    return render(request, "grid/notice_rules.html", _rules_context(request))


def _rules_context(request: SignedInRequest) -> dict[str, Any]:
    today = timezone.localdate()
    return {
        "ladder": deadlines.ladder(today),
        "figures": deadlines.figures(today),
        "limits": deadlines.report_limits(today),
        "may_plan": request.user.may(Act.PLAN_VISITS),
    }


@login_required
@require_http_methods(["GET", "POST"])
def change_rule(request: SignedInRequest, stage: int, told: str) -> HttpResponse:
    require(request.user, Act.PLAN_VISITS)
    ladder = deadlines.ladder(timezone.localdate())
    rung = next((r for r in ladder if (r.stage, r.told) == (stage, told)), None)
    if rung is None:
        raise NotFound("没有这条提醒规则。请回到提醒规则重新选择。")
    form = StepForm(request.POST or None, rung=rung)
    save = partial(change_step, stage=stage, told=told)
    return _changed(request, form, f"{rung.stage.label} · {rung.told.label}", save)


@login_required
@require_http_methods(["GET", "POST"])
def change_number(request: SignedInRequest, key: str) -> HttpResponse:
    require(request.user, Act.PLAN_VISITS)
    figure = _figure(deadlines.figures(timezone.localdate()), key)
    form = FigureForm(request.POST or None, figure=figure, most=MOST)
    return _changed(request, form, figure.label, partial(change_figure, key=key))


@login_required
@require_http_methods(["GET", "POST"])
def change_limit(request: SignedInRequest, step: str) -> HttpResponse:
    require(request.user, Act.PLAN_VISITS)
    figure = _figure(deadlines.report_limits(timezone.localdate()), step)
    form = FigureForm(request.POST or None, figure=figure, most=MOST_WORKDAYS)
    return _changed(request, form, figure.label, partial(change_report_limit, step=step))


def _figure(figures: list[deadlines.Figure], key: str) -> deadlines.Figure:
    figure = next((f for f in figures if f.key == key), None)
    if figure is None:
        raise NotFound("没有这个数值。请回到提醒规则重新选择。")
    return figure


def _changed(
    request: SignedInRequest, form: Any, title: str, save: Callable[..., None]
) -> HttpResponse:
    """Save what was filled in and go back to the rules, or show the form with its errors."""
    if request.method == "POST" and form.is_valid():
        try:
            save(acting=request.user, **form.cleaned_data)
        except Refusal as no:
            form.add_error(no.code if no.code in form.fields else None, no.sentence)
        else:
            messages.success(request, f"“{title}”已保存。")
            return redirect("notice-rules")
    context = {"form": form, "title": title, "back": reverse("notice-rules")}
    return render(request, "grid/routine_change.html", context, status=422 if form.errors else 200)


urlpatterns = [
    path("notices/", inbox, name="notices"),
    path("notices/seen/", see, name="see-notices"),
    path("notices/rules/", rules, name="notice-rules"),
    path("notices/rules/<int:stage>/<str:told>/", change_rule, name="change-notice-rule"),
    path("notices/figures/<str:key>/", change_number, name="change-routine-figure"),
    path("notices/limits/<str:step>/", change_limit, name="change-report-limit"),
]
