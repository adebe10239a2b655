"""每个人的工作量: what everybody has in hand, by place; and a proposal to even it out."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from grid import loads
from grid.actions.balancing import AFTER_LAST_DUE, Wanted, accept_balance
from grid.frame import is_field_worker, sees_people
from grid.models import Region
from grid.places import places_of
from grid.region_codes import current_code
from grid.requests import SignedInRequest
from grid.roles import Act, Level
from grid.scope import found, highest_place
from yizhou.refusals import NotAllowed, Refusal

PER_PAGE = 50
COLUMNS = (
    ("households", "管户"),
    ("to_visit", "待入户"),
    ("this_week", "本周到期"),
    ("overdue", "其中超期"),
    ("minutes", "估计小时"),
)


def _region(request: SignedInRequest) -> Region:
    if not sees_people(request.user) or is_field_worker(request.user):
        raise NotAllowed("工作量由镇、村工作人员查看。您的任务请从左侧“我的任务”进入。")
    code = request.GET.get("region") or highest_place(request.user) or ""
    region: Region = found(request.user.sees(Region), current_code(code))
    return region


@login_required
@require_GET
def load_page(request: SignedInRequest) -> HttpResponse:
    region, today = _region(request), timezone.localdate()
    sort = request.GET.get("sort", "")
    everybody = loads.loads_in(region, on=today, sort=sort)
    page = Paginator(everybody, PER_PAGE).get_page(request.GET.get("page"))
    places = places_of(load.place for load in page.object_list if load.posts)
    context = {
        "region": region,
        "rows": [(load, places.get(load.place)) for load in page.object_list],
        "page": page,
        "columns": [(name, label, name == sort) for name, label in COLUMNS],
        "sort": sort if sort in loads.SORTS else "",
        "villages": _villages(request),
        "week_end": loads.week_end(today),
        "minutes": _minutes_words(loads.minutes_on(today)),
        "unconfirmed": loads.unconfirmed_minutes(today),
        "hamlets": _hamlets(request, region, today),
        "may_balance": _may_balance(request, region),
    }
    return render(request, "grid/staffing_loads.html", context)


def _minutes_words(minutes: dict[str, int]) -> list[tuple[str, int]]:
    return [(settings.VISIT_PURPOSES.get(k, "其他走访"), n) for k, n in sorted(minutes.items())]


def _villages(request: SignedInRequest) -> list[tuple[str, str]]:
    return list(request.user.sees(Region).at(Level.VILLAGE).values_list("code", "name"))


def _may_balance(request: SignedInRequest, region: Region) -> bool:
    code = region.code
    return request.user.may(Act.ASSIGN_WORK, code=code) and request.user.may(Act.APPOINT, code=code)


def _hamlets(request: SignedInRequest, region: Region, today: Any) -> list[dict[str, Any]]:
    """Places with several first-level workers: the whole village, and its hamlets."""
    if region.level not in (Level.VILLAGE, Level.TUN) or not _may_balance(request, region):
        return []
    tuns = [(tun.name, tun.code) for tun, _ in loads.hamlets_to_balance(region, on=today)]
    whole = [] if region.level == Level.TUN else [(f"{region.name}全村", region.code)]
    return [
        {"name": name, "url": reverse("balance", query={"region": code})}
        for name, code in (*tuns, *whole)
    ]


@login_required
@require_http_methods(["GET", "POST"])
def balance_page(request: SignedInRequest) -> HttpResponse:
    """The proposal with its reasons; POST accepts the ticked moves in one act."""
    region = _region(request)
    if not _may_balance(request, region):
        raise NotAllowed("均衡工作量由乡镇审核员办理，您现在的职务没有这项权限。")
    if region.level not in (Level.VILLAGE, Level.TUN):
        raise Refusal("均衡只在一个屯或一个村里做。请先在工作量页选村。", code="region")
    error, status = "", 200
    if request.method == "POST":
        try:
            done = accept_balance(acting=request.user, region=region, wanted=_wanted(request))
        except Refusal as no:
            error, status = no.sentence, no.status
        else:
            messages.success(request, _sentence(done))
            return redirect("desk-assigned", done.act.pk)
    context = _balance_context(region) | {"error": error}
    return render(request, "grid/staffing_balance.html", context, status=status)


def _sentence(done: Any) -> str:
    posts = f"，{len(done.posts)} 人次临时任邻近网格二级网格员" if done.posts else ""
    left = f"；{len(done.overtaken)} 件别人已处理，没有动" if done.overtaken else ""
    return f"已移 {done.moved} 件{posts}{left}。"


def _wanted(request: SignedInRequest) -> list[Wanted]:
    parts = (text.split("-") for text in request.POST.getlist("move"))
    return [
        Wanted(*map(int, three))
        for three in parts
        if len(three) == 3 and all(t.isascii() and t.isdigit() and len(t) < 10 for t in three)
    ]


def _balance_context(region: Region) -> dict[str, Any]:
    balance = loads.propose_balance(region, on=timezone.localdate())
    places = places_of(move.item.code for move in balance.moves)
    return {
        "region": region,
        "balance": balance,
        "moves": [(move, places[move.item.code]) for move in balance.moves],
        "after_days": AFTER_LAST_DUE.days,
    }


urlpatterns = [
    path("staffing/loads/", load_page, name="loads"),
    path("staffing/balance/", balance_page, name="balance"),
]
