"""集中排查: begin one, see how far it is by place, stop it with a reason."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from grid import campaigns
from grid.actions.campaigns import open_campaign, stop_campaign
from grid.models import Campaign, Region
from grid.paging import capped_page
from grid.requests import SignedInRequest
from grid.roles import Act, Level
from grid.scope import found, require, works_at
from grid.views.campaign_forms import CampaignForm
from grid.views.routine_forms import ReasonForm
from grid.views.visit_plans import coverage_context, place_asked, within_sight
from yizhou.refusals import Overtaken, Refusal


@login_required
@require_GET
def listed(request: SignedInRequest) -> HttpResponse:
    within_sight(request)
    rows, page = capped_page(campaigns.campaigns_seen(request.user), request, per_page=20)
    counts = campaigns.progress_of(request.user, rows)
    context = {
        "rows": [{"campaign": c, "counts": counts[c.pk]} for c in rows],
        "page": page,
        "may_open": request.user.may(Act.OPEN_CAMPAIGN),
    }
    return render(request, "grid/campaigns.html", context)


def _places(request: SignedInRequest) -> list[tuple[str, str]]:
    """What an officer may tick: the county's townships, or the villages of the own township."""
    level = Level.TOWNSHIP if works_at(request.user, Level.COUNTY) else Level.VILLAGE
    return list(request.user.sees(Region).at(level).values_list("code", "name"))


@login_required
@require_http_methods(["GET", "POST"])
def begin(request: SignedInRequest) -> HttpResponse:
    require(request.user, Act.OPEN_CAMPAIGN)
    form = CampaignForm(request.POST or None, places=_places(request))
    effect = None
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            if "preview" not in request.POST:
                made = open_campaign(acting=request.user, **asked)
                messages.success(request, f"“{made.name}”已发起，今晚排好，明早起分周派出。")
                return redirect("campaign", made.pk)
            effect = campaigns.effect_of_check(
                asked["places"], asked["groups"], asked["from_on"], asked["until_on"]
            )
        except Refusal as no:
            form.add_error(no.code if no.code in form.fields else None, no.sentence)
    context = {"form": form, "effect": effect}
    return render(request, "grid/campaign_new.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def one(request: SignedInRequest, pk: int) -> HttpResponse:
    within_sight(request)
    campaign: Campaign = found(campaigns.campaigns_seen(request.user), pk)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            _stop(request, campaign, form.cleaned_data["reason"])
            messages.success(request, f"“{campaign.name}”已停止，没有走访的都已撤回。")
            return redirect("campaign", pk)
        except Refusal as no:
            form.add_error(no.code if no.code in form.fields else None, no.sentence)
    context = _campaign_context(request, campaign) | {"form": form}
    return render(request, "grid/campaign.html", context, status=422 if form.errors else 200)


def _stop(request: SignedInRequest, campaign: Campaign, reason: str) -> None:
    if request.POST.get("version") != str(campaign.version):
        raise Overtaken()
    stop_campaign(
        acting=request.user, campaign=campaign, version_seen=campaign.version, reason=reason
    )


def _campaign_context(request: SignedInRequest, campaign: Campaign) -> dict[str, Any]:
    rows = campaigns.entries_of(request.user, campaign)
    return coverage_context(request, rows, place_asked(request)) | {
        "campaign": campaign,
        "groups": campaigns.group_labels(campaign),
        "villages": campaign.villages.count(),
        "filled": rows.exists(),
        "may_stop": campaign.state == Campaign.State.RUNNING
        and all(
            request.user.may(Act.OPEN_CAMPAIGN, code=code)
            for code in campaign.villages.values_list("village_id", flat=True)
        ),
    }


urlpatterns = [
    path("campaigns/", listed, name="campaigns"),
    path("campaigns/new/", begin, name="begin-campaign"),
    path("campaigns/<int:pk>/", one, name="campaign"),
]
