"""One visit: its answers, versions and attachments; and its correction by the one who made it."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from grid.actions.visits import Incomplete, correct_visit, kinds_of
from grid.models import Visit
from grid.places import place_of
from grid.requests import SignedInRequest
from grid.scope import found
from grid.views.visit_questions import Sheet, given_answers
from grid.visit_form import form_of, spoken
from grid.visit_history import editions_of, told_of
from yizhou.audit import record
from yizhou.refusals import NotAllowed, Refusal


def _visit(request: SignedInRequest, pk: uuid.UUID) -> Visit:
    visits = request.user.sees(Visit).select_related("household__head", "by", "work_item")
    visit: Visit = found(visits, pk)
    return visit


@login_required
@require_GET
def visit(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    shown = _visit(request, pk)
    record(acting=request.user, verb="read", subject=shown)
    editions = editions_of(shown)
    latest = editions[-1].visit
    context = {
        "visit": shown,
        "household": shown.household,
        "place": place_of(shown.code),
        "parts": spoken(shown.answers, version=shown.form_version),
        "editions": editions,
        "number": next(e.number for e in editions if e.visit.pk == shown.pk),
        "latest": latest,
        "told": told_of(shown, chain=[e.visit for e in editions]),
        "reports": editions[0].visit.reports.select_related("purpose"),
        "may_correct": latest.pk == shown.pk and shown.by_id == request.user.pk,
    }
    return render(request, "grid/visit.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def correct(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    shown = _visit(request, pk)
    if shown.by_id != request.user.pk:
        raise NotAllowed("只能更正自己的走访记录。")
    if request.method == "GET":
        return render(request, "grid/correct_visit.html", correction_context(shown, None, {}))
    kinds, posted = kinds_of(shown), request.POST
    try:
        fresh = correct_visit(
            acting=request.user,
            visit=shown,
            reason=posted.get("reason", "").strip()[:200],
            answers=given_answers(posted, form_of(shown.form_version), kinds),
            note=posted.get("note", "").strip()[:2000],
        )
    except Refusal as no:
        errors = no.errors if isinstance(no, Incomplete) else {ANCHORS.get(no.code, "page"): no}
        context = correction_context(shown, posted, {k: str(e) for k, e in errors.items()})
        return render(request, "grid/correct_visit.html", context, status=no.status)
    messages.success(request, "更正已保存为新的版本，原来的版本还在。")
    return redirect("visit", pk=fresh.pk)


ANCHORS = {"reason_missing": "reason"}


def correction_context(shown: Visit, posted: Any, errors: Mapping[str, str]) -> dict[str, Any]:
    """The form in the visit's own version, with its answers or with what was typed."""
    form, kinds = form_of(shown.form_version), kinds_of(shown)
    answers = shown.answers if posted is None else given_answers(posted, form, kinds)
    day = timezone.localdate(shown.visited_at)
    sheet = Sheet(form, kinds, answers, day, errors=errors)
    met = shown.mode != Visit.Mode.NOT_MET
    return {
        "visit": shown,
        "household": shown.household,
        "steps": sheet.steps() + sheet.sections() if met else [],
        "reason": "" if posted is None else posted.get("reason", ""),
        "note": shown.note if posted is None else posted.get("note", ""),
        "errors": [{"anchor": name, "sentence": s} for name, s in errors.items()],
        "field_errors": errors,
    }


urlpatterns = [
    path("visits/<uuid:pk>/", visit, name="visit"),
    path("visits/<uuid:pk>/correct/", correct, name="correct-visit"),
]
