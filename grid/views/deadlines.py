"""One visit's clock: how far, who was told when, pause and resume."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from grid import deadlines
from grid.actions.deadlines import pause_clock, resume_clock
from grid.models import WorkItem
from grid.places import place_of
from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import found
from grid.views.routine_forms import PauseForm, ReasonForm
from yizhou.refusals import Overtaken, Refusal


@login_required
@require_http_methods(["GET", "POST"])
def clock(request: SignedInRequest, pk: int) -> HttpResponse:
    items = request.user.sees(WorkItem).select_related("household__head", "assignee")
    item: WorkItem = found(items, pk)
    shown = deadlines.clock_of(item)
    form = (ReasonForm if shown.stands else PauseForm)(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            messages.success(request, _turned(request, item, form, stands=shown.stands))
            return redirect("work-item-clock", pk)
        except Refusal as no:
            form.add_error(no.code if no.code in form.fields else None, no.sentence)
    context = _clock_context(request, item, shown) | {"form": form}
    return render(request, "grid/clock.html", context, status=422 if form.errors else 200)


def _turned(request: SignedInRequest, item: WorkItem, form: Any, *, stands: bool) -> str:
    """Pause or resume, whichever the page offered. Raises Overtaken when it was another version."""
    if request.POST.get("version") != str(item.version):
        raise Overtaken()
    asked = form.cleaned_data
    if stands:
        resume_clock(
            acting=request.user, item=item, version_seen=item.version, reason=asked["reason"]
        )
        return "已恢复计时。"
    pause = pause_clock(
        acting=request.user,
        item=item,
        version_seen=item.version,
        until_on=asked["until_on"],
        reason=asked["reason"],
    )
    return f"已暂停计时，{pause.until_on} 自动恢复。"


def _clock_context(
    request: SignedInRequest, item: WorkItem, shown: deadlines.Clock
) -> dict[str, Any]:
    open_still = item.state == WorkItem.State.TO_VISIT
    return {
        "item": item,
        "household": item.household,
        "place": place_of(item.code),
        "clock": shown,
        "told": deadlines.told_of(item),
        "ahead": deadlines.steps_ahead(shown),
        "pauses": item.pauses.select_related("paused_by"),
        "purposes": item.purposes.all(),
        "may_pause": open_still and request.user.may(Act.SETTLE_ALERT, code=item.code),
    }


urlpatterns = [path("work-items/<int:pk>/clock/", clock, name="work-item-clock")]
