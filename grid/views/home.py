"""The workbench: what waits for this person, by role."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.module_loading import import_string
from django.views.decorators.http import require_GET

from grid.frame import is_field_worker, only_reports
from grid.models import WorkItem
from grid.places import places_of
from grid.requests import SignedInRequest
from grid.scope import sight_of


@login_required
@require_GET
def home(request: SignedInRequest) -> HttpResponse:
    if is_field_worker(request.user):
        return redirect("own-reports" if only_reports(request.user) else "my-work")
    cards = [card for name in settings.HOME_CARDS for card in import_string(name)(request)]
    context = {
        "cards": cards,
        "sections": [
            *_own_visits(request),
            *(s for name in settings.HOME_SECTIONS for s in import_string(name)(request)),
        ],
        "no_post": not sight_of(request.user).holdings,
    }
    return render(request, "grid/home.html", context)


def _own_visits(request: SignedInRequest) -> list[dict[str, Any]]:
    """Own visits first: village officers and township staff visit too."""
    own = list(
        request.user.sees(WorkItem)
        .to_visit()
        .filter(assignee=request.user)
        .select_related("household__head")[:10]
    )
    if not own:
        return []
    places = places_of(item.code for item in own)
    rows = [
        {
            "text": f"{item.household.head.name} 户",
            "small": f"{places[item.code]} · {item.due_on:%m-%d} 前",
            "url": f"/my-work/{item.pk}/visit/",
        }
        for item in own
    ]
    return [{"title": "派给我的入户", "rows": rows}]
