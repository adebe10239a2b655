"""What departments' records propose to the registry: list, confirm, refuse, several at once."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from grid.models import Household
from grid.paging import capped_page
from grid.places import places_of
from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import found, require
from monitoring.actions.proposals import (
    LEAVES,
    MOST_AT_ONCE,
    confirm_proposal,
    confirm_proposals,
    refuse_proposal,
)
from monitoring.conflicts import source_name
from monitoring.feeds import FEEDS, Happening
from monitoring.frame import sees_proposals
from monitoring.models import RegistryProposal
from yizhou.refusals import NotAllowed, Refusal

State = RegistryProposal.State
TONES = {"open": "orange", "confirmed": "green", "refused": "grey", "gone": "grey"}
PROPOSING = [code for code, feed in FEEDS.items() if feed.proposals]


class Reason(forms.CharField):
    """The action says what it wants; confirming needs none."""

    def validate(self, value: Any) -> None:
        return


class RefusalForm(forms.Form):
    reason = Reason(
        label="不予登记的理由",
        help_text="只在不予登记时填写，例如“已入户核实，本人健在”。",
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": 200}),
    )


def _in_sight(request: SignedInRequest) -> QuerySet[RegistryProposal]:
    if not sees_proposals(request.user):
        raise NotAllowed("您的职务不办理户籍变动。")
    rows: QuerySet[RegistryProposal] = request.user.sees(RegistryProposal)
    return rows


def _chosen(request: SignedInRequest) -> dict[str, str]:
    """The filters of the address; what is not offered counts as not given."""
    state, happening = request.GET.get("state", "open"), request.GET.get("happening", "")
    feed = request.GET.get("feed", "")
    return {
        "state": state if state in State.values else "open",
        "happening": happening if happening in Happening.values else "",
        "feed": feed if feed in PROPOSING else "",
    }


@login_required
@require_GET
def proposal_list(request: SignedInRequest) -> HttpResponse:
    f = _chosen(request)
    rows = _in_sight(request).filter(**{k: f[k] for k in ("happening", "feed") if f[k]})
    counts = rows.aggregate(**{s: Count("pk", filter=Q(state=s)) for s in State.values})
    proposals, page = capped_page(rows.filter(state=f["state"]), request, per_page=MOST_AT_ONCE)
    context = {
        "rows": _shown(request, proposals),
        "page": page,
        "f": f,
        "counters": [(s, s.label, counts[s], s == f["state"]) for s in State],
        "happenings": Happening.choices,
        "feeds": [(code, FEEDS[code].title) for code in PROPOSING],
        "filtered": bool(f["happening"] or f["feed"]),
        "several": f["state"] == "open" and f["happening"] == "death" and bool(f["feed"]),
        "may_edit": request.user.may(Act.EDIT_REGISTRY),
    }
    return render(request, "monitoring/registry_proposals.html", context)


def _shown(request: SignedInRequest, proposals: list[RegistryProposal]) -> list[dict[str, Any]]:
    """Rows in words, with the household where the person lives now."""
    places = places_of(p.code for p in proposals)
    people = [p.person_id for p in proposals if p.person_id]
    homes = {
        person: (home, number)
        for home, number, person in request.user.sees(Household)
        .filter(people__in=people)
        .values_list("pk", "number", "people")
    }
    return [
        {
            "proposal": p,
            "place": places[p.code],
            "home": homes.get(p.person_id),
            "source": source_name(p.feed),
            "tone": TONES[p.state],
        }
        for p in proposals
    ]


@login_required
@require_http_methods(["GET", "POST"])
def decide(request: SignedInRequest, pk: int) -> HttpResponse:
    """Confirm or refuse one. A head's death goes through the household's own form."""
    proposal: RegistryProposal = found(_in_sight(request), pk)
    require(request.user, Act.EDIT_REGISTRY, code=proposal.code)
    form = RefusalForm(request.POST or None)
    if request.method == "POST":
        try:
            done = _decided(request, proposal)
        except Refusal as no:
            form.add_error("reason" if no.code == "reason" else None, no.sentence)
        else:
            messages.success(request, done)
            return redirect("registry-proposals")
    (row,) = _shown(request, [proposal])
    context = row | {"form": form, "form_url": _form_url(row), "direct": _direct(proposal)}
    status = 409 if form.errors else 200
    return render(request, "monitoring/registry_proposals_one.html", context, status=status)


def _decided(request: SignedInRequest, proposal: RegistryProposal) -> str:
    if request.POST.get("decision") == "confirm":
        confirm_proposal(acting=request.user, proposal=proposal)
        return f"已登记：{proposal.name} {proposal.get_happening_display()}。"
    reason = request.POST.get("reason", "")
    refuse_proposal(acting=request.user, proposal=proposal, reason=reason)
    return f"{proposal.name} 的{proposal.get_happening_display()}不予登记。"


def _direct(proposal: RegistryProposal) -> bool:
    """Whether one press is enough: the person leaves."""
    return proposal.happening in LEAVES


def _form_url(row: dict[str, Any]) -> str:
    """The household form that does the same by hand, with the day filled in."""
    proposal = row["proposal"]
    day = f"?on={proposal.happened_on:%Y-%m-%d}"
    if proposal.happening not in LEAVES:
        return reverse("register-household") + day
    if row["home"] is None:
        return ""
    what = "death" if proposal.happening == Happening.DEATH else "leave"
    return reverse("change-household", args=[row["home"][0], what]) + day


@login_required
@require_POST
def confirm_several(request: SignedInRequest) -> HttpResponse:
    """The ticked deaths of one source."""
    require(request.user, Act.EDIT_REGISTRY)
    ticked = [int(t) for t in request.POST.getlist("ticked") if t.isascii() and t.isdigit()]
    ticked = [pk for pk in ticked if pk < 2**63]
    chosen = list(_in_sight(request).filter(pk__in=ticked[: MOST_AT_ONCE + 1]))
    said = confirm_proposals(acting=request.user, proposals=chosen)
    if said.done:
        messages.success(request, f"已登记 {said.done} 人死亡。")
    for name, sentence in said.refused:
        messages.warning(request, f"{name} 没有登记：{sentence}")
    return redirect("registry-proposals")


urlpatterns = [
    path("registry-proposals/", proposal_list, name="registry-proposals"),
    path("registry-proposals/confirm/", confirm_several, name="confirm-proposals"),
    path("registry-proposals/<int:pk>/", decide, name="decide-proposal"),
]
