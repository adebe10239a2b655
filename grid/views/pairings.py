"""One-to-one help: households without a helper, who helps whom, pair, move, end."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from grid.actions.pairings import MOST_AT_ONCE, end_pairing, pair_households
from grid.models import Household, Pairing, Region
from grid.paging import capped_page
from grid.pairings import helpers_in, pairings_in, shown, unpaired, unpaired_count
from grid.places import places_of
from grid.requests import SignedInRequest
from grid.roles import Act, Level
from grid.scope import found, highest_place, require
from grid.views.pairing_forms import MoveForm
from yizhou.refusals import NotAllowed, Refusal

MOST_REGION = (Level.COUNTY, Level.TOWNSHIP)  # wider than one village: the village is asked first


def _region(request: SignedInRequest) -> Region:
    require(request.user, Act.ASSIGN_WORK)
    code = request.GET.get("region") or highest_place(request.user)
    if code is None:
        raise NotAllowed("您现在的职务不办理结对。")
    region: Region = found(request.user.sees(Region), code)
    return region


def _page_of(region: Region, **query: str) -> str:
    return reverse("pairings", query={"region": region.code} | query)


@login_required
@require_GET
def pairings(request: SignedInRequest) -> HttpResponse:
    region, today = _region(request), timezone.localdate()
    helpers = helpers_in(region, on=today) if region.level not in MOST_REGION else []
    tab = "paired" if request.GET.get("tab") == "paired" else "unpaired"
    everybody = request.GET.get("kind") == "all"
    if tab == "paired":
        rows, page = capped_page(pairings_in(request.user, region, on=today), request)
        rows = shown(rows, on=today)
    else:
        free = unpaired(request.user, region, on=today, everybody=everybody)
        rows, page = capped_page(free, request)
        rows = _with_places(rows)
    context = {
        "region": region,
        "tab": tab,
        "rows": rows,
        "page": page,
        "everybody": everybody,
        "helpers": helpers,
        "counts": _counts(request, region, today),
        "villages": _villages(request, region),
        "most": MOST_AT_ONCE,
    }
    return render(request, "grid/pairings.html", context)


def _counts(request: SignedInRequest, region: Region, today: Any) -> dict[str, int]:
    return {
        "unpaired": unpaired_count(request.user, region, on=today),
        "paired": int(pairings_in(request.user, region, on=today).order_by()[:1000].count()),
    }


def _with_places(rows: list[Household]) -> list[dict[str, Any]]:
    places = places_of(row.cell_id for row in rows)
    return [{"household": row, "place": places[row.cell_id]} for row in rows]


def _villages(request: SignedInRequest, region: Region) -> list[Region]:
    """Villages to choose from, for those who see more than one."""
    seen = request.user.sees(Region).at(Level.VILLAGE)
    return list(seen.within(region.code[:9])) if len(region.code) >= 9 else list(seen)


@login_required
@require_POST
def pair(request: SignedInRequest) -> HttpResponse:
    """The ticked households to the chosen worker."""
    region = _region(request)
    ticked = [t for t in request.POST.getlist("ticked") if t.isascii() and t.isdigit()]
    keys = [int(t) for t in ticked if len(t) < 19][: MOST_AT_ONCE + 1]
    helpers = {str(h.account.pk): h for h in helpers_in(region, on=timezone.localdate())}
    helper = helpers.get(request.POST.get("worker", ""))
    try:
        if helper is None:
            raise Refusal("请选择帮扶人。", code="worker")
        households = list(request.user.sees(Household).filter(pk__in=keys).order_by("pk"))
        done = pair_households(acting=request.user, worker=helper.account, households=households)
    except Refusal as no:
        messages.error(request, no.sentence)
    else:
        messages.success(request, f"{helper.account.name}新结对 {done} 户。")
    return redirect(_page_of(region))


@login_required
@require_http_methods(["GET", "POST"])
def move(request: SignedInRequest) -> HttpResponse:
    region = _region(request)
    helpers = helpers_in(region, on=timezone.localdate())
    form = MoveForm(
        request.POST or None, helpers=helpers, initial={"from_worker": request.GET.get("from", "")}
    )
    if request.method == "POST" and form.is_valid():
        try:
            moved = form.perform(request.user, region)
        except Refusal as no:
            form.add_error(no.code if no.code in form.fields else None, no.sentence)
        else:
            messages.success(request, f"已转移 {moved} 户。")
            return redirect(_page_of(region, tab="paired"))
    context = {"form": form, "region": region}
    return render(request, "grid/pairings_move.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def end(request: SignedInRequest, pk: int) -> HttpResponse:
    rows = request.user.sees(Pairing).select_related("worker", "household__head")
    pairing: Pairing = found(rows, pk)
    require(request.user, Act.ASSIGN_WORK, code=pairing.household.cell_id)
    error = None
    if request.method == "POST":
        try:
            end_pairing(acting=request.user, pairing=pairing, reason=request.POST.get("reason", ""))
        except Refusal as no:
            error = no
        else:
            messages.success(request, f"{pairing.worker.name}不再帮扶这一户。")
            village = pairing.household.cell_id[:12]
            return redirect(reverse("pairings", query={"region": village, "tab": "paired"}))
    context = {"pairing": pairing, "error": error, "reason": request.POST.get("reason", "")}
    return render(request, "grid/pairing_end.html", context, status=422 if error else 200)


urlpatterns = [
    path("pairings/", pairings, name="pairings"),
    path("pairings/pair/", pair, name="pair-households"),
    path("pairings/move/", move, name="move-pairings"),
    path("pairings/<int:pk>/end/", end, name="end-pairing"),
]
