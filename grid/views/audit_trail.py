"""The audit trail, for auditors: who did what to which row, when, and why."""

from datetime import date, datetime, time
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET

from grid.paging import capped_page
from grid.places import Place, places_of
from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import in_subtrees, require
from yizhou.audit import AuditEntry, record
from yizhou.audit_words import VERBS, kind_in_words

FILTERS = ("verb", "actor", "code", "subject", "since", "until")


def _day(text: str) -> date | None:
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return day if day and 2000 <= day.year < 9999 else None


def _start(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def listed(rows: QuerySet[AuditEntry], query: QueryDict) -> QuerySet[AuditEntry]:
    """The trail under the filters of a query string; what cannot be read is dropped."""
    if verb := query.get("verb", ""):
        rows = rows.filter(verb=verb)
    if actor := query.get("actor", "").strip():
        rows = rows.filter(actor_name__contains=actor)
    if (code := query.get("code", "").strip()).isdigit():
        rows = rows.filter(in_subtrees("code", (code,)))
    if subject := query.get("subject", "").strip():
        rows = rows.filter(subject_id=subject)
    if since := _day(query.get("since", "")):
        rows = rows.filter(at__gte=_start(since))
    if until := _day(query.get("until", "")):
        rows = rows.filter(at__lt=_start(date.fromordinal(until.toordinal() + 1)))
    return rows


def _in_words(rows: list[AuditEntry]) -> list[tuple[AuditEntry, str, str, Place | None]]:
    """Each row with its verb, its subject's kind and its place in words."""
    places = places_of(row.code for row in rows if row.code)
    return [
        (
            row,
            VERBS.get(row.verb, row.verb),
            kind_in_words(row.subject_type),
            places.get(row.code),
        )
        for row in rows
    ]


@login_required
@require_GET
def audit_trail(request: SignedInRequest) -> HttpResponse:
    require(request.user, Act.READ_AUDIT)
    rows, page = capped_page(listed(request.user.sees(AuditEntry), request.GET), request)
    asked = {name: request.GET.get(name, "") for name in FILTERS}
    record(
        acting=request.user,
        verb="read_audit",
        subject=("yizhou.auditentry", ""),
        detail={name: value for name, value in asked.items() if value},
    )
    context: dict[str, Any] = {
        "rows": _in_words(rows),
        "page": page,
        "verbs": sorted(VERBS.items(), key=lambda pair: pair[1]),
        "f": asked,
        "filtered": any(asked.values()),
    }
    return render(request, "grid/audit_trail.html", context)


urlpatterns = [path("audit/", audit_trail, name="audit-trail")]
