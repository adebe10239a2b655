"""Why a household was alerted, and why it was not on some day."""

from typing import Any, cast

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from grid.models import Household
from grid.places import place_of
from grid.requests import SignedInRequest
from grid.scope import found
from monitoring.explaining import Explanation, explain
from monitoring.explaining_moments import (
    Difference,
    answer,
    asked,
    explained_alert,
    rules_to_choose,
)
from monitoring.models import Alert, Upload
from yizhou.audit import record
from yizhou.refusals import Refusal


class QuestionForm(forms.Form):
    """Which rule, which day and, for the curious, what was known by when."""

    rule = forms.ChoiceField(label="规则", error_messages={"required": "请选一条规则。"})
    day = forms.DateField(
        label="哪一天",
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": "请选日期。", "invalid": "日期应像 2026-11-05 这样写。"},
    )
    known_by = forms.DateTimeField(
        label="数据截至",
        required=False,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="不填就按那一天当时已收到的数据。",
        error_messages={"invalid": "时刻应像 2026-11-05 09:30 这样写。"},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("forms.ChoiceField", self.fields["rule"]).choices = [
            ("", "请选择"),
            *rules_to_choose(),
        ]


@login_required
@require_GET
def why(request: SignedInRequest, pk: int) -> HttpResponse:
    """The alert at its run's frozen inputs, and what differs now."""
    alerts = request.user.sees(Alert).select_related(
        "rule", "household__head", "opened_in", "changed_in"
    )
    alert = found(alerts, pk)
    record(acting=request.user, verb="read_why", subject=alert.household, detail={"alert": pk})
    told: Explanation | None = None
    differing: list[Difference] = []
    refused = ""
    try:
        told, differing = explained_alert(alert)
    except Refusal as refusal:
        refused = refusal.sentence
    context = _shared(request, alert.household, told) | {
        "alert": alert,
        "differences": differing,
        "refused": refused,
    }
    return render(request, "monitoring/why.html", context)


@login_required
@require_GET
def why_not(request: SignedInRequest, pk: int) -> HttpResponse:
    """A rule and a day are asked for; the answer stands first."""
    household = found(request.user.sees(Household).select_related("head"), pk)
    record(acting=request.user, verb="read_why_not", subject=household)
    form = QuestionForm(request.GET or None, initial={"day": timezone.localdate()})
    told, question, said = None, None, ""
    if form.is_valid():
        given = form.cleaned_data
        try:
            question = asked(household, given["rule"], given["day"], given["known_by"])
            told = explain(question.frozen, question.rule, household)
            said = answer(told, question, household)
        except Refusal as refusal:
            form.add_error(None, refusal.sentence)
    context = _shared(request, household, told) | {
        "form": form,
        "answer": said,
        "question": question,
    }
    status = 422 if form.errors else 200
    return render(request, "monitoring/why_not.html", context, status=status)


def _shared(
    request: SignedInRequest, household: Household, told: Explanation | None
) -> dict[str, Any]:
    """What both pages show; `open_uploads` are the batches the reader may open."""
    uploads = {
        row.upload_id
        for subject in (told.subjects if told else ())
        for source in subject.sources
        for row in source.rows
    }
    seen = request.user.sees(Upload).filter(pk__in=uploads).values_list("pk", flat=True)
    return {
        "household": household,
        "place": place_of(household.cell_id),
        "told": told,
        "open_uploads": set(seen) if uploads else set(),
    }


urlpatterns = [
    path("alerts/<int:pk>/why/", why, name="alert-why"),
    path("households/<int:pk>/why-not/", why_not, name="why-not"),
]
