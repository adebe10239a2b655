"""走访计划: how far the month is by place, whose rhythm is what, what visits found."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from grid import visit_plans
from grid.actions.figures import figure
from grid.actions.plan_reports import decide_plan_report
from grid.actions.visit_categories import change_category
from grid.frame import follows_plans
from grid.models import PlanEntry, Region, RoutineFigure
from grid.paging import capped_page
from grid.places import places_of
from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import found, highest_place, require
from grid.views.routine_forms import CategoryForm
from grid.visit_groups import BY_KEY
from grid.visit_plans import Wish
from yizhou.refusals import NotAllowed, NotFound, Refusal


def within_sight(request: SignedInRequest) -> None:
    if not follows_plans(request.user):
        raise NotAllowed("走访计划由村、乡镇和县里查看。您的走访在“我的任务”里。")


def place_asked(request: SignedInRequest) -> str:
    """The place the page is about: the asked one within reach, else the widest of one's own."""
    own = highest_place(request.user) or ""
    asked = request.GET.get("place", "")
    return asked if asked.isdigit() and asked.startswith(own) and len(asked) <= 17 else own


def crumbs(request: SignedInRequest, place: str) -> list[Region]:
    """The regions from the reader's own down to the place."""
    own = highest_place(request.user) or ""
    lengths = [n for n in (6, 9, 12, 17) if len(own) <= n <= len(place)]
    codes = [place[:n] for n in lengths]
    return list(request.user.sees(Region).filter(code__in=codes).order_by("code"))


def coverage_context(request: SignedInRequest, rows: Any, place: str) -> dict[str, Any]:
    """Counts, the places one step below, or a grid's households themselves."""
    today = timezone.localdate()
    inside = rows.filter(code__gte=place, code__lt=f"{place}~") if place else rows
    context = {
        "counts": visit_plans.counted(inside, today),
        "place": place,
        "crumbs": crumbs(request, place),
        "only_behind": request.GET.get("behind") == "1",
    }
    if len(place) < 17:
        lines = visit_plans.by_place(inside, length=visit_plans.BELOW[len(place)], today=today)
        if context["only_behind"]:
            lines = [line for line in lines if line["behind"]]
        return context | {"lines": lines}
    entries, page = capped_page(visit_plans.households_of(inside), request)
    return context | {"entries": entries, "page": page}


@login_required
@require_GET
def overview(request: SignedInRequest) -> HttpResponse:
    within_sight(request)
    place = place_asked(request)
    rows = visit_plans.entries_of_month(request.user, today=timezone.localdate())
    context = coverage_context(request, rows, place) | {
        "to_decide": visit_plans.to_decide(request.user)[:1000].count(),
        "planned_at_all": rows.exists(),
    }
    return render(request, "grid/visit_plans.html", context)


def _effect(wishes: list[Wish]) -> visit_plans.Effect:
    a_week = figure(RoutineFigure.Key.ROUTINE_A_WEEK, timezone.localdate())
    return visit_plans.effect_of(wishes, place="", a_week=a_week)


@login_required
@require_GET
def rhythms(request: SignedInRequest) -> HttpResponse:
    within_sight(request)
    today = timezone.localdate()
    context = {
        "groups": visit_plans.group_rows(today),
        "effect": _effect(visit_plans.categories_on(today)),
        "a_week": figure(RoutineFigure.Key.ROUTINE_A_WEEK, today),
        "may_plan": request.user.may(Act.PLAN_VISITS),
    }
    return render(request, "grid/visit_rhythms.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def change_rhythm(request: SignedInRequest, key: str) -> HttpResponse:
    require(request.user, Act.PLAN_VISITS)
    rows = visit_plans.group_rows(timezone.localdate())
    row = next((r for r in rows if r["group"].key == key), None)
    if row is None:
        raise NotFound("没有这类农户。请回到走访频次重新选择。")
    form = CategoryForm(request.POST or None, initial=_in_force(row))
    if request.method == "POST" and form.is_valid() and "preview" not in request.POST:
        try:
            change_category(acting=request.user, key=key, **form.cleaned_data)
        except Refusal as no:
            form.add_error(no.code if no.code in form.fields else None, no.sentence)
        else:
            messages.success(request, f"“{row['group'].label}”的走访频次已保存。")
            return redirect("visit-rhythms")
    context = {"form": form, "row": row} | _compared(form, key)
    return render(request, "grid/visit_rhythm.html", context, status=422 if form.errors else 200)


def _in_force(row: dict[str, Any]) -> dict[str, Any]:
    shown = row["later"] or row["now"]
    if shown is None:
        return {}
    return {
        "months": shown.months,
        "away_months": shown.away_months,
        "source": shown.source,
        "is_confirmed": shown.is_confirmed,
    }


def _compared(form: CategoryForm, key: str) -> dict[str, Any]:
    """What the plan asks now and what it would ask; only once the form can be read."""
    if not form.is_bound or not form.is_valid():
        return {}
    today = timezone.localdate()
    now = visit_plans.categories_on(today)
    asked = form.cleaned_data
    change = Wish(key, asked["months"], asked["away_months"], today)
    return {"before": _effect(now), "after": _effect(visit_plans.with_change(now, change))}


@login_required
@require_GET
def findings(request: SignedInRequest) -> HttpResponse:
    within_sight(request)
    return render(request, "grid/plan_findings.html", _findings_context(request))


def _findings_context(request: SignedInRequest) -> dict[str, Any]:
    rows, page = capped_page(visit_plans.to_decide(request.user), request)
    places = places_of(row.code for row in rows)
    for row in rows:
        row.place = places[row.code]
        row.label = BY_KEY[row.category.key].label if row.category else row.campaign.name
        row.report = row.visit.reports.filter(purpose__subject=row.pk).first()
    may_decide = request.user.may(Act.SETTLE_ALERT)
    return {"rows": rows, "page": page, "may_decide": may_decide}


@login_required
@require_POST
def decide(request: SignedInRequest, pk: int) -> HttpResponse:
    """What follows from one finding; a refusal shows the list again with what was typed."""
    within_sight(request)
    entry: PlanEntry = found(request.user.sees(PlanEntry).select_related("household__head"), pk)
    reason = request.POST.get("reason", "")
    try:
        decide_plan_report(acting=request.user, entry=entry, reason=reason)
    except Refusal as no:
        context = _findings_context(request) | {"error": no.sentence, "at": pk, "typed": reason}
        return render(request, "grid/plan_findings.html", context, status=no.status)
    messages.success(request, f"{entry.household.head} 户的走访发现已处理。")
    return redirect("plan-findings")


urlpatterns = [
    path("visit-plans/", overview, name="visit-plans"),
    path("visit-plans/rhythms/", rhythms, name="visit-rhythms"),
    path("visit-plans/rhythms/<str:key>/", change_rhythm, name="change-visit-rhythm"),
    path("visit-plans/findings/", findings, name="plan-findings"),
    path("visit-plans/findings/<int:pk>/", decide, name="decide-plan-finding"),
]
