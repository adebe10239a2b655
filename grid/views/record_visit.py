"""The visit form as a page, on line; a phone without signal comes through the same actions."""

import uuid
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET, require_http_methods

from grid import dossier
from grid.actions.visits import Incomplete, Report, file_visit
from grid.collecting import offer
from grid.envelopes import receipt_of
from grid.known import Known, filled_in, known_about
from grid.models import Outcome, Visit, WorkItem, WorkItemPurpose
from grid.places import places_of
from grid.requests import SignedInRequest
from grid.scope import found
from grid.views.visit_questions import Sheet, given_answers
from grid.visit_form import FORM
from yizhou.refusals import Refusal


def _item(request: SignedInRequest, pk: int) -> WorkItem:
    item: WorkItem = found(request.user.sees(WorkItem).select_related("household__head"), pk)
    return item


@login_required
@require_http_methods(["GET", "POST"])
def record_visit(request: SignedInRequest, pk: int) -> HttpResponse:
    item = _item(request, pk)
    if request.method == "GET":
        done = item.visits.filter(by=request.user).first()
        if item.state != WorkItem.State.TO_VISIT and done is not None:
            return redirect("visit-done", pk=done.pk)
        return render(request, "grid/record_visit.html", form_context(request, item, None, {}))
    try:
        visit = _file(request, item)
        offer(visit)
    except Incomplete as incomplete:
        context = form_context(request, item, request.POST, incomplete.errors)
        return render(request, "grid/record_visit.html", context, status=422)
    except Refusal as refusal:
        context = form_context(request, item, request.POST, {"page": refusal.sentence})
        return render(request, "grid/record_visit.html", context, status=refusal.status)
    return redirect("visit-done", pk=visit.pk)


def _file(request: SignedInRequest, item: WorkItem) -> Visit:
    posted = request.POST
    try:
        visit_id = uuid.UUID(posted.get("visit_id", ""))
    except ValueError:
        raise Refusal("页面已过期，请返回列表重新打开。", code="visit_id") from None
    wanted = _wanted(item)
    return file_visit(
        acting=request.user,
        visit_id=visit_id,
        item=item,
        confirmed=posted.get("confirmed") == "1",
        visited_at=_visited_at(posted.get("visited_on", "")),
        mode=posted.get("mode", ""),
        answers=given_answers(posted, FORM, _kinds(wanted)),
        reports=[
            Report(
                purpose_id=p.pk,
                outcome=posted.get(f"outcome_{p.pk}", ""),
                note=posted.get(f"outcome_note_{p.pk}", "").strip()[:500],
            )
            for p in wanted
        ],
        note=posted.get("note", "").strip()[:2000],
    )


def _wanted(item: WorkItem) -> list[WorkItemPurpose]:
    return list(item.purposes.filter(state=WorkItemPurpose.State.WANTED))


def _kinds(purposes: list[WorkItemPurpose]) -> set[str]:
    return {purpose.kind for purpose in purposes}


def _visited_at(text: str) -> datetime | None:
    """The day of the visit; today means now, an earlier day its noon, nonsense None."""
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        return None
    if day == timezone.localdate():
        return timezone.now()
    return timezone.make_aware(datetime.combine(day, time(12)))


def form_context(
    request: SignedInRequest, item: WorkItem, posted: Any, errors: Mapping[str, str]
) -> dict[str, Any]:
    """What record_visit.html draws. An untouched form begins with what is known."""
    today = timezone.localdate()
    known = known_about([item.household_id], on=today).get(item.household_id, [])
    purposes = _wanted(item)
    kinds = _kinds(purposes)
    answers = filled_in(known) if posted is None else given_answers(posted, FORM, kinds)
    sheet = Sheet(FORM, kinds, answers, today, said=_said(known, today), errors=errors)
    typed: Mapping[str, str] = posted if posted is not None else {}
    return {
        "item": item,
        "household": item.household,
        "place": places_of([item.code])[item.code],
        "members": dossier.members_of(item.household)[0],
        "steps": sheet.steps(),
        "sections": sheet.sections(),
        "purposes": [_reported(p, typed, errors) for p in purposes],
        "mode_options": Visit.Mode.choices,
        "mode": typed.get("mode", Visit.Mode.IN_PERSON),
        "note": typed.get("note", ""),
        "visited_on": typed.get("visited_on", today.isoformat()),
        "visit_id": typed.get("visit_id") or str(uuid.uuid4()),
        "confirmed": typed.get("confirmed") == "1",
        "version": item.version,
        "errors": [{"anchor": name, "sentence": s} for name, s in errors.items()],
        "field_errors": errors,
    }


def _said(known: list[Known], today: date) -> dict[str, list[str]]:
    """Who said what before, under the question it belongs to."""
    said: dict[str, list[str]] = defaultdict(list)
    for entry in known:
        said[entry.question].append(entry.said(today))
    return dict(said)


def _reported(
    purpose: WorkItemPurpose, typed: Mapping[str, str], errors: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "purpose": purpose,
        "outcome_options": Outcome.choices,
        "outcome": typed.get(f"outcome_{purpose.pk}", ""),
        "note": typed.get(f"outcome_note_{purpose.pk}", ""),
        "error": errors.get(f"outcome_{purpose.pk}", ""),
        "note_error": errors.get(f"outcome_note_{purpose.pk}", ""),
    }


@login_required
@require_GET
def visit_done(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    visits = request.user.sees(Visit).select_related("household__head", "work_item")
    visit = found(visits, pk)
    following = (
        request.user.sees(WorkItem)
        .to_visit()
        .filter(assignee=request.user)
        .select_related("household__head")
        .first()
    )
    context = {
        "visit": visit,
        "item": visit.work_item,
        "receipt_number": receipt_of(visit.pk),
        "next_item": following,
        "reports": visit.reports.select_related("purpose"),
    }
    return render(request, "grid/visit_done.html", context)


urlpatterns = [
    path("my-work/<int:pk>/visit/", record_visit, name="record-visit"),
    path("visits/<uuid:pk>/done/", visit_done, name="visit-done"),
]
