"""Households in difficulty that somebody met: report, follow one's own, the township decides."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from grid.actions.discovery import (
    join_report,
    open_report,
    see_decisions,
    set_aside_report,
    take_up_report,
)
from grid.actions.identity import reveal_phone
from grid.discovery import (
    TABS,
    became,
    candidates,
    conditions,
    counts_by_state,
    may_decide,
    own_reports,
    reads_reports,
    repeats_of,
    seen_position,
)
from grid.frame import is_field_worker
from grid.models import Household, HouseholdReport, WorkItem
from grid.paging import capped_page
from grid.places import places_of
from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import found, in_subtrees, require
from grid.views.identity import ReasonForm
from grid.views.report_forms import ReportForm, TakeUpForm
from yizhou.refusals import NotAllowed, Refusal


@login_required
@require_http_methods(["GET", "POST"])
def new_report(request: SignedInRequest) -> HttpResponse:
    require(request.user, Act.REPORT_HOUSEHOLD)
    form = ReportForm(request.POST or None, viewer=request.user, about=_about(request))
    if request.method == "POST" and form.is_valid() and (report := form.perform(request.user)):
        messages.success(request, report.receipt_sentence)
        return redirect("own-reports")
    page = (
        "grid/report_new.html" if is_field_worker(request.user) else "grid/report_new_office.html"
    )
    return render(request, page, {"form": form}, status=422 if form.errors else 200)


def _framed(request: SignedInRequest, page: str) -> str:
    """The page for the phone, or for the desk."""
    return f"{page}.html" if is_field_worker(request.user) else f"{page}_office.html"


def _about(request: SignedInRequest) -> Household | None:
    """The household of the registry from whose page the reporter came."""
    asked = request.GET.get("household", "")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 19):
        return None
    rows = request.user.sees(Household).living().select_related("head")
    about: Household | None = rows.filter(pk=asked).first()
    return about


@login_required
@require_GET
def own(request: SignedInRequest) -> HttpResponse:
    """Own reports with what became of each; looking at them is what counts as told."""
    require(request.user, Act.REPORT_HOUSEHOLD)
    reports, page = capped_page(own_reports(request.user), request)
    places = places_of(r.place_id for r in reports)
    rows = [
        {
            "report": r,
            "place": places[r.place_id],
            "became": became(r),
            "new": r.told_at is None and (r.decided_at or r.outcome_at),
        }
        for r in reports
    ]
    see_decisions(acting=request.user)
    name = (
        "grid/reports_own.html" if is_field_worker(request.user) else "grid/reports_own_office.html"
    )
    return render(request, name, {"rows": rows, "page": page})


@login_required
@require_GET
def inbox(request: SignedInRequest) -> HttpResponse:
    if not reads_reports(request.user):
        raise NotAllowed("您的职务不处理困难户上报。您自己上报的在“我的上报”里。")
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else "waiting"
    everything = request.user.sees(HouseholdReport)
    village = request.GET.get("village", "")
    if village.isascii() and village.isdigit():
        everything = everything.filter(in_subtrees("place", (village,)))
    counts = counts_by_state(everything)
    shown = everything.filter(conditions()[tab]).select_related("by", "place", "household")
    order = ("due_on", "received_at") if tab in ("waiting", "late") else ("-received_at",)
    reports, page = capped_page(shown.order_by(*order), request)
    context = {
        "rows": _lines(request, reports),
        "page": page,
        "tab": tab,
        "tabs": [(key, label, counts[key], key == tab) for key, label in TABS.items()],
        "may_decide": may_decide(request.user),
    }
    return render(request, "grid/reports.html", context)


def _lines(request: SignedInRequest, reports: list[HouseholdReport]) -> list[dict[str, Any]]:
    """Rows of the inbox: place, and how many told of the same. Two queries whatever the number."""
    places = places_of(r.place_id for r in reports)
    repeats = repeats_of(request.user, reports)
    return [
        {
            "report": r,
            "place": places[r.place_id],
            "became": became(r),
            "repeats": len(repeats[r.pk]),
        }
        for r in reports
    ]


@login_required
@require_http_methods(["GET", "POST"])
def decide(request: SignedInRequest, pk: UUID) -> HttpResponse:
    if not reads_reports(request.user):
        raise NotAllowed("您的职务不处理困难户上报。您自己上报的在“我的上报”里。")
    report = found(request.user.sees(HouseholdReport).select_related("by", "place", "same_as"), pk)
    may = request.user.may(Act.SETTLE_ALERT, code=report.place_id)
    offered = candidates(request.user, report) if may and report.decided_at is None else []
    form = TakeUpForm(request.POST or None, viewer=request.user, report=report, offered=offered)
    error = None
    if request.method == "POST":
        try:
            messages.success(request, _decided(request, report, form))
            return redirect("reports")
        except Refusal as no:
            error = no
    elif may:
        open_report(acting=request.user, report=report)
    context = _decide_context(request, report, offered, may) | {"form": form, "error": error}
    return render(request, "grid/report.html", context, status=error.status if error else 200)


def _decided(request: SignedInRequest, report: HouseholdReport, form: TakeUpForm) -> str:
    seen = request.POST.get("version", "")
    known: dict[str, Any] = {
        "acting": request.user,
        "report": report,
        "version_seen": int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 9 else 0,
    }
    what = request.POST.get("decision")
    if what == "set_aside":
        set_aside_report(**known, reason=request.POST.get("reason", ""))
        return f"{report.name} 的上报不予采纳，原因已告诉上报人。"
    if what == "join":
        others = {str(o.pk): o for o in repeats_of(request.user, [report])[report.pk]}
        if (other := others.get(request.POST.get("other", ""))) is None:
            raise Refusal("请选择并入哪一份上报。", code="other")
        join_report(**known, other=other)
        return f"{report.name} 的上报已并入另一份，一并处理。"
    if what != "take_up" or not form.is_valid():
        raise Refusal("请选择怎样处理。", code="decision")
    household = form.chosen()
    take_up_report(**known, household=household)
    return _sent(request, report, household)


def _sent(request: SignedInRequest, report: HouseholdReport, household: Household) -> str:
    items = request.user.sees(WorkItem).open().select_related("assignee")
    item = items.filter(household=household).first()
    if item is None or item.assignee is None:
        return f"{report.name} 的上报已采纳。网格到村没有在岗人员，请派单。"
    who = f"{item.get_assigned_role_display()}{item.assignee.name}"
    return f"{report.name} 的上报已采纳，由{who}在 {item.due_on:%m-%d} 前入户。"


def _decide_context(
    request: SignedInRequest, report: HouseholdReport, offered: list[Any], may: bool
) -> dict[str, Any]:
    return {
        "report": report,
        "place": places_of([report.place_id])[report.place_id],
        "became": became(report),
        "offered": offered,
        "repeats": [(o, became(o)) for o in repeats_of(request.user, [report])[report.pk]],
        "may_decide": may and report.decided_at is None,
        "may_register": request.user.may(Act.EDIT_REGISTRY, code=report.place_id),
        "position": seen_position(report) if may else None,
        "reporter_role": report.by.posts.order_by("-from_on").first(),
    }


@login_required
@require_http_methods(["GET", "POST"])
def report_phone(request: SignedInRequest, pk: UUID) -> HttpResponse:
    report = found(request.user.sees(HouseholdReport), pk)
    require(request.user, Act.REVEAL_IDENTITY, code=report.place_id)
    form = ReasonForm(request.POST or None)
    shown = ""
    if request.method == "POST" and form.is_valid():
        try:
            reason = form.cleaned_data["reason"]
            shown = reveal_phone(acting=request.user, subject=report, reason=reason)
        except Refusal as no:
            form.add_error("reason" if no.code == "reason" else None, no.sentence)
    context = {"form": form, "subject": report, "what": "电话", "shown": shown}
    return render(request, "grid/reveal.html", context, status=422 if form.errors else 200)


urlpatterns = [
    path("reports/", inbox, name="reports"),
    path("reports/new/", new_report, name="new-report"),
    path("reports/mine/", own, name="own-reports"),
    path("reports/<uuid:pk>/", decide, name="decide-report"),
    path("reports/<uuid:pk>/phone/", report_phone, name="report-phone"),
]
