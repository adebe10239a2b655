"""The visit form: on line first; the phone without signal comes through the same action."""

import logging
import uuid
from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.module_loading import import_string
from django.views.decorators.http import require_GET, require_http_methods

from grid.actions.visits import Incomplete, Report, file_visit
from grid.models import Outcome, Visit, WorkItem, WorkItemPurpose
from grid.places import places_of
from grid.requests import SignedInRequest
from grid.scope import found
from grid.visit_form import QUESTIONS, STEPS, Question, in_words
from yizhou.refusals import Refusal

log = logging.getLogger("yizhou.visits")


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
        return render(request, "grid/record_visit.html", form_context(request, item, {}, {}))
    try:
        visit = _file(request, item)
        _offer(visit)
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
    return file_visit(
        acting=request.user,
        visit_id=visit_id,
        item=item,
        confirmed=posted.get("confirmed") == "1",
        visited_at=_visited_at(posted.get("visited_on", "")),
        mode=posted.get("mode", ""),
        answers=_answers(posted),
        reports=[
            Report(
                purpose_id=p.pk,
                outcome=posted.get(f"outcome_{p.pk}", ""),
                note=posted.get(f"outcome_note_{p.pk}", "").strip()[:500],
            )
            for p in _wanted(item)
        ],
        note=posted.get("note", "").strip()[:2000],
    )


def _offer(visit: Visit) -> None:
    """Let the floors above take the reports at once; what fails here, beat collects."""
    for name in settings.VISIT_COLLECTORS:
        try:
            import_string(name)(work_item_id=visit.work_item_id)
        except Exception:
            log.exception("reports of visit %s were not collected at once", visit.pk)


def _wanted(item: WorkItem) -> list[WorkItemPurpose]:
    return list(item.purposes.filter(state=WorkItemPurpose.State.WANTED))


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


def _answers(posted: Any) -> dict[str, Any]:
    return {
        name: posted.getlist(f"q_{name}") if q.kind == "chips" else posted.get(f"q_{name}")
        for name, q in QUESTIONS.items()
    }


def form_context(
    request: SignedInRequest, item: WorkItem, posted: Any, errors: Mapping[str, str]
) -> dict[str, Any]:
    """What record_visit.html draws: questions with what was typed, or last said, and errors."""
    last = (
        request.user.sees(Visit)
        .filter(household=item.household_id)
        .exclude(mode=Visit.Mode.NOT_MET)
        .first()
    )
    return {
        "item": item,
        "household": item.household,
        "place": places_of([item.code])[item.code],
        "members": _members(item),
        "steps": [
            {
                "number": number,
                "title": title,
                "questions": [_drawn(q, posted, last, errors) for q in questions],
            }
            for number, (title, questions) in enumerate(STEPS, start=1)
        ],
        "purposes": [
            {
                "purpose": p,
                "outcome_options": Outcome.choices,
                "outcome": posted.get(f"outcome_{p.pk}", ""),
                "note": posted.get(f"outcome_note_{p.pk}", ""),
                "error": errors.get(f"outcome_{p.pk}", ""),
                "note_error": errors.get(f"outcome_note_{p.pk}", ""),
            }
            for p in _wanted(item)
        ],
        "mode_options": Visit.Mode.choices,
        "mode": posted.get("mode", Visit.Mode.IN_PERSON),
        "note": posted.get("note", ""),
        "visited_on": posted.get("visited_on", timezone.localdate().isoformat()),
        "visit_id": posted.get("visit_id") or str(uuid.uuid4()),
        "confirmed": posted.get("confirmed") == "1",
        "version": item.version,
        "errors": [{"anchor": name, "sentence": s} for name, s in errors.items()],
        "field_errors": errors,
    }


def _members(item: WorkItem) -> list[dict[str, Any]]:
    today = timezone.localdate()
    memberships = item.household.memberships.filter(left_on=None).select_related("person")
    return [
        {
            "name": m.person.name,
            "relation_label": m.get_relation_display(),
            "age": today.year
            - m.person.born_on.year
            - ((today.month, today.day) < (m.person.born_on.month, m.person.born_on.day)),
            "sex_label": m.person.get_sex_display(),
        }
        for m in memberships
    ]


def _drawn(
    question: Question, posted: Any, last: Visit | None, errors: Mapping[str, str]
) -> dict[str, Any]:
    """One question. An untouched form is pre-filled from the last visit."""
    name = f"q_{question.name}"
    before = last.answers.get(question.name) if last else None
    if posted:
        value = posted.getlist(name) if question.kind == "chips" else posted.get(name, "")
    else:
        value = before if before is not None else ("" if question.kind != "chips" else [])
    chosen = value if isinstance(value, list) else [value]
    said = (
        f"上次 {last.visited_at:%m 月 %d 日}：{in_words(question.name, before)}"
        if (last and before is not None)
        else ""
    )
    return {
        "name": question.name,
        "label": question.label,
        "kind": question.kind,
        "options": [
            {"value": v, "label": label, "checked": v in chosen} for v, label in question.options
        ],
        "value": value,
        "last": said,
        "error": errors.get(name, ""),
        "help": question.help,
        "min": 0,
        "max": question.maximum,
        "unit": question.unit,
        "bad_value": question.bad_value,
        "shown_when": {"name": question.shown_when[0], "value": question.shown_when[1]}
        if question.shown_when
        else None,
        "required": question.required,
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
        "receipt_number": visit.pk.hex[:8].upper(),
        "next_item": following,
        "reports": visit.reports.select_related("purpose"),
    }
    return render(request, "grid/visit_done.html", context)
