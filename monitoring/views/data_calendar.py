"""When department data are due, what came, and how good it was; reminders to the departments."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from grid.requests import SignedInRequest
from grid.roles import Act, Role
from grid.scope import found, has_role
from monitoring.actions import reminders
from monitoring.feeds import FEEDS, Feed
from monitoring.freshness import (
    MARKS_IN_WORDS,
    Freshness,
    State,
    due_in_words,
    feeds_in_sight,
    follows_data,
    freshness,
    rules_reading,
)
from monitoring.models import DataReminder
from monitoring.quality import WEIGHTS, quality
from yizhou.refusals import NotAllowed, Refusal

TONES = {State.REPORTED: "green", State.DUE: "blue", State.LATE: "red", State.NEVER: "orange"}


def _feeds(request: SignedInRequest) -> list[Feed]:
    if not follows_data(request.user):
        raise NotAllowed("您的职务不查看部门数据的报送情况。请联系县级监测专员。")
    return feeds_in_sight(request.user)


@login_required
@require_GET
def data_calendar(request: SignedInRequest) -> HttpResponse:
    """The data sets by department, narrowed to one state when asked."""
    fresh = freshness(feeds=_feeds(request))
    state = request.GET.get("state", "")
    shown = [f for f in fresh if f.state == state] if state in State.values else fresh
    context = {
        "departments": _by_department(shown, _reminded(request, shown)),
        "states": _states(fresh, state),
        "marks": MARKS_IN_WORDS.items(),
        "any": bool(fresh),
        "may_remind": has_role(request.user, Role.COUNTY_OFFICER),
        "may_send": request.user.may(Act.UPLOAD_DATA),
    }
    return render(request, "monitoring/data_calendar.html", context)


def _by_department(
    shown: list[Freshness], reminded: dict[str, DataReminder]
) -> list[dict[str, Any]]:
    rules = rules_reading()
    groups: dict[str, dict[str, Any]] = {}
    for fresh in shown:
        group = groups.setdefault(
            fresh.department_code, {"name": fresh.department, "late": 0, "rows": []}
        )
        group["late"] += fresh.late
        group["rows"].append(
            {
                "fresh": fresh,
                "tone": TONES[fresh.state],
                "due": due_in_words(FEEDS[fresh.feed]),
                "rules": rules.get(fresh.feed, []),
                "reminded": reminded.get(fresh.feed),
            }
        )
    return list(groups.values())


def _reminded(request: SignedInRequest, shown: list[Freshness]) -> dict[str, DataReminder]:
    """The latest reminder of the due day that is open, by data set."""
    due = {f.feed: f.due_on for f in shown if f.state != State.REPORTED}
    rows = request.user.sees(DataReminder).filter(feed__in=due, due_on__in=set(due.values()))
    latest: dict[str, DataReminder] = {}
    for reminder in rows:
        if due[reminder.feed] == reminder.due_on:
            latest.setdefault(reminder.feed, reminder)
    return latest


def _states(fresh: list[Freshness], current: str) -> list[dict[str, Any]]:
    every = [{"label": "全部", "value": "", "count": len(fresh), "current": not current}]
    return every + [
        {
            "label": state.label,
            "value": state.value,
            "count": sum(f.state == state for f in fresh),
            "current": current == state,
        }
        for state in State
    ]


@login_required
@require_POST
def remind(request: SignedInRequest, code: str) -> HttpResponse:
    """The county officer reminds the department by hand."""
    try:
        reminder = reminders.remind_department(
            acting=request.user, feed=code, reason=request.POST.get("reason", "")
        )
        messages.success(
            request, f"已催报：{reminder.feed_title}。提醒显示在该部门的“数据报送”页上。"
        )
    except NotAllowed:
        raise
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
    return redirect("data-calendar")


@login_required
@require_POST
def seen(request: SignedInRequest, pk: int) -> HttpResponse:
    """The clerk has read a reminder; the banner goes."""
    reminder = found(request.user.sees(DataReminder), pk)
    reminders.mark_seen(acting=request.user, reminder=reminder)
    return redirect("upload-data")


@login_required
@require_GET
def data_quality(request: SignedInRequest) -> HttpResponse:
    """Score and trend of every data set in sight."""
    context = {"qualities": quality(_feeds(request)), "weights": WEIGHTS}
    return render(request, "monitoring/data_quality.html", context)


urlpatterns = [
    path("data/calendar/", data_calendar, name="data-calendar"),
    path("data/calendar/<slug:code>/remind/", remind, name="remind-department"),
    path("data/reminders/<int:pk>/seen/", seen, name="reminder-seen"),
    path("data/quality/", data_quality, name="data-quality"),
]
