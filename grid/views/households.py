"""Households: the list, the dossier, and the changes of the registry."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from grid import dossier
from grid.finding import find_by_id_number, listed_households, looks_like_id_number
from grid.frame import sees_households
from grid.models import Household, HouseholdKind, HouseholdReport, Person, Region, WorkItem
from grid.paging import capped_page
from grid.places import place_of, places_of
from grid.requests import SignedInRequest
from grid.roles import CODE_LENGTH, Act, Level
from grid.scope import found, require, sight_of
from grid.views.household_forms import CHANGES as REGISTRY_CHANGES
from grid.views.household_forms import RegisterForm
from grid.views.marriage_forms import MARRIAGES
from yizhou.audit import record
from yizhou.dossier import sections
from yizhou.refusals import NotAllowed, NotFound, Refusal

CHANGES = REGISTRY_CHANGES | MARRIAGES
LONGEST_NUMBER = 12  # digits; more than a household number has may be an ID number, mistyped
FILTERS = ("q", "kind", "village", "dissolved")


@login_required
@require_GET
def households(request: SignedInRequest) -> HttpResponse:
    if not sees_households(request.user) and not sight_of(request.user).exceptions:
        raise NotAllowed("您现在的职务看不到农户资料。")
    if number := looks_like_id_number(request.GET.get("q", "")):
        return _open_by_id_number(request, number)
    rows, page = capped_page(listed_households(request.user, request.GET), request)
    context = {
        "rows": _with_places(request, rows),
        "page": page,
        "kinds": HouseholdKind.choices,
        "villages": _villages(request),
        "f": {name: request.GET.get(name, "") for name in FILTERS},
        "filtered": any(request.GET.get(name) for name in FILTERS),
        "may_register": request.user.may(Act.EDIT_REGISTRY),
    }
    return render(request, "grid/households.html", context)


@login_required
@require_POST
def find(request: SignedInRequest) -> HttpResponse:
    """A search by POST, so that no ID number stands in an address or a log."""
    words = request.POST.get("q", "").strip()
    if number := looks_like_id_number(words):
        return _open_by_id_number(request, number)
    if sum(c.isdigit() for c in words) >= LONGEST_NUMBER:
        messages.warning(request, "身份证号应为 18 位。请核对后重新输入。")
        return redirect("households")
    return redirect(reverse("households", query={"q": words} if words else None))


def _open_by_id_number(request: SignedInRequest, number: str) -> HttpResponse:
    person = find_by_id_number(request.user, number)
    if person is None:
        messages.warning(request, "您的管辖范围内没有这个身份证号的人。请核对号码。")
    elif person.household_id is None:
        messages.warning(request, f"{person.name} 已登记，但现在不属于任何一户。")
    else:
        return redirect("household", person.household_id)
    return redirect("households")


def _with_places(request: SignedInRequest, rows: list[Household]) -> list[dict[str, Any]]:
    places = places_of(row.cell_id for row in rows)
    items = {
        item.household_id: item
        for item in request.user.sees(WorkItem).open().filter(household__in=rows)
    }
    words = request.GET.get("q", "").strip()
    matched: dict[int, list[str]] = {}
    if words and not words[0].isdigit():
        people = request.user.sees(Person).filter(household__in=rows, name__contains=words)
        for person in people:
            matched.setdefault(person.household_id, []).append(person.name)
    return [
        {
            "household": row,
            "place": places[row.cell_id],
            "item": items.get(row.pk),
            "matched": [n for n in matched.get(row.pk, []) if n != str(row.head)],
        }
        for row in rows
    ]


def _villages(request: SignedInRequest) -> list[tuple[str, str]]:
    villages = list(request.user.sees(Region).at(Level.VILLAGE))
    places = places_of(village.code for village in villages)
    several = len({village.code[:9] for village in villages}) > 1
    return [
        (v.code, f"{places[v.code].township} {v.name}" if several else v.name) for v in villages
    ]


def _household(request: SignedInRequest, pk: int) -> Household:
    household: Household = found(request.user.sees(Household).select_related("head", "cell"), pk)
    return household


@login_required
@require_GET
def household(request: SignedInRequest, pk: int) -> HttpResponse:
    found = _household(request, pk)
    record(acting=request.user, verb="read", subject=found)
    present, gone = dossier.members_of(found)
    may_edit = request.user.may(Act.EDIT_REGISTRY, code=found.cell_id)
    context = {
        "household": found,
        "place": place_of(found.cell_id),
        "present": present,
        "gone": gone,
        "labour": sum(member.works for member in present),
        "workers": dossier.workers_of(found),
        "item": dossier.open_item_of(found),
        "timeline": dossier.timeline_of(found),
        "looked": dossier.who_looked(found),
        "sections": sections(request, found),
        "may_reveal": request.user.may(Act.REVEAL_IDENTITY, code=found.cell_id),
        "changes": _changes(found) if may_edit else [],
        "may_report": request.user.may(Act.REPORT_HOUSEHOLD) and found.dissolved_on is None,
    }
    return render(request, "grid/household.html", context)


def _changes(found: Household) -> list[tuple[str, str]]:
    if found.dissolved_on is not None:
        return []
    return [(what, form.title) for what, form in CHANGES.items()]


@login_required
@require_http_methods(["GET", "POST"])
def change_household(request: SignedInRequest, pk: int, what: str) -> HttpResponse:
    found = _household(request, pk)
    if what not in CHANGES or found.dissolved_on is not None:
        raise NotFound("没有这种变更，或这一户已经销户。")
    require(request.user, Act.EDIT_REGISTRY, code=found.cell_id)
    form = CHANGES[what](
        request.POST or None, household=found, viewer=request.user, initial=_day_said(request)
    )
    if request.method == "POST" and form.is_valid():
        try:
            form.perform(request.user)
        except Refusal as no:
            form.refuse(no)
        else:
            messages.success(request, form.done)
            return redirect("household", pk)
    context = {"form": form, "household": found, "place": place_of(found.cell_id)}
    status = 422 if form.errors else 200
    return render(request, "grid/household_change.html", context, status=status)


def _day_said(request: SignedInRequest) -> dict[str, str]:
    """The day that a link from elsewhere fills in (?on=)."""
    return {"on": request.GET["on"]} if request.GET.get("on") else {}


@login_required
@require_http_methods(["GET", "POST"])
def register(request: SignedInRequest) -> HttpResponse:
    require(request.user, Act.EDIT_REGISTRY)
    report = _reported(request)
    initial = _day_said(request) | _told(report)
    form = RegisterForm(request.POST or None, viewer=request.user, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            fresh = form.perform(request.user, report)
        except Refusal as no:
            form.refuse(no)
        else:
            messages.success(request, form.done)
            return _after(report, fresh.pk)
    status = 422 if form.errors else 200
    context = {"form": form, "report": report}
    return render(request, "grid/household_register.html", context, status=status)


def _after(report: HouseholdReport | None, household: int) -> HttpResponse:
    if report is None:
        return redirect("household", household)
    return redirect("decide-report", report.pk)


def _reported(request: SignedInRequest) -> HouseholdReport | None:
    """The report from which the household is registered (?report=)."""
    try:
        pk = UUID(request.GET.get("report", ""))
    except ValueError:
        return None
    waiting = request.user.sees(HouseholdReport).waiting()
    report: HouseholdReport | None = waiting.filter(pk=pk, household=None).first()
    return report


def _told(report: HouseholdReport | None) -> dict[str, str]:
    """What the report knows of the household; the phone stays sealed."""
    if report is None:
        return {}
    cell = report.place_id if len(report.place_id) == CODE_LENGTH[Level.GRID] else ""
    return {"name": report.name, "address": report.address, "cell": cell}


urlpatterns = [
    path("households/", households, name="households"),
    path("households/find/", find, name="find-household"),
    path("households/new/", register, name="register-household"),
    path("households/<int:pk>/", household, name="household"),
    path("households/<int:pk>/change/<slug:what>/", change_household, name="change-household"),
]
