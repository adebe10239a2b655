"""What happened to one household, by date: who came, who left, why, and who wrote it down."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from grid import dossier
from grid.models import Household, HouseholdEvent
from grid.places import place_of
from grid.requests import SignedInRequest
from grid.scope import found
from yizhou.audit import record

MOST = 200
TONES = {
    "joined": "green",
    "married_in": "green",
    "registered": "green",
    "died": "red",
    "left": "orange",
    "married_out": "orange",
    "split": "orange",
}


@login_required
@require_GET
def household_events(request: SignedInRequest, pk: int) -> HttpResponse:
    household = found(request.user.sees(Household).select_related("head"), pk)
    record(acting=request.user, verb="read", subject=household)
    present, gone = dossier.members_of(household)
    events = request.user.sees(HouseholdEvent).filter(household=household)
    events = list(events.select_related("recorded_by").order_by("-on", "-id")[:MOST])
    context = {
        "household": household,
        "place": place_of(household.cell_id),
        "rows": [(event, TONES.get(event.kind, "")) for event in events],
        "present": present,
        "gone": gone,
    }
    return render(request, "grid/household_events.html", context)


urlpatterns = [
    path("households/<int:pk>/events/", household_events, name="household-events"),
]
