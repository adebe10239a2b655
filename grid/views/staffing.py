"""The people in charge: completeness of the 4+2+2, vacancies, load; appoint, end, hand over."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from grid import staffing
from grid.models import Leave, Post, Region
from grid.places import places_of
from grid.region_codes import current_code
from grid.requests import SignedInRequest
from grid.roles import Act, Level
from grid.scope import found, highest_place, in_subtrees, require, sight_of
from grid.views.staffing_forms import AccountForm, AppointForm, EndForm, HandOverForm
from yizhou.refusals import NotAllowed, Refusal

LISTED = 100  # lines of vacancies, posts and loads on the page; a narrower place shows the rest


def _region(request: SignedInRequest) -> Region:
    """The asked place within sight, or the widest place of the account."""
    code = request.GET.get("region") or highest_place(request.user)
    if code is None:
        raise NotAllowed("您现在的职务看不到网格队伍。")
    region: Region = found(request.user.sees(Region), current_code(code))
    return region


@login_required
@require_GET
def staffing_page(request: SignedInRequest) -> HttpResponse:
    region, today = _region(request), timezone.localdate()
    villages = staffing.completeness(region, on=today)
    vacant = staffing.vacancies(region, on=today)
    loads = staffing.open_load(region, on=today) if sight_of(request.user).codes else []
    narrow = region.level not in (Level.COUNTY, Level.TOWNSHIP)
    places = places_of(vacancy.region.code for vacancy in vacant[:LISTED])
    context = {
        "region": region,
        "above": _above(request, region),
        "below": list(request.user.sees(Region).filter(parent=region)),
        "totals": staffing.totals(villages),
        "villages": villages,
        "vacancies": [(v, places[v.region.code]) for v in vacant[:LISTED]],
        "vacancy_count": len(vacant),
        "loads": [load for load in loads if load.opened or narrow][:LISTED],
        "idle": sum(not load.opened for load in loads),
        "stranded": sum(load.is_stranded for load in loads),
        "posts": _posts(request, region, today),
        "leaves": _leaves(request, region, today),
        "may_appoint": request.user.may(Act.APPOINT, code=region.code),
        "may_hand_over": request.user.may(Act.ASSIGN_WORK, code=region.code),
        "listed": LISTED,
    }
    return render(request, "grid/staffing.html", context)


def _above(request: SignedInRequest, region: Region) -> list[Region]:
    codes = [region.code[:n] for n in (6, 9, 12, 15) if n < len(region.code)]
    return list(request.user.sees(Region).filter(code__in=codes))


def _posts(request: SignedInRequest, region: Region, today: Any) -> list[Post]:
    """Holders at the place itself; below a village, those of the whole village."""
    posts = request.user.sees(Post).current(today).select_related("account", "region", "department")
    if region.level == Level.COUNTY:
        posts = posts.filter(Q(region=region) | Q(region=None))
    elif region.level == Level.TOWNSHIP:
        posts = posts.filter(region=region)
    else:
        posts = posts.filter(in_subtrees("region", (region.code,)))
    return list(posts.order_by("region_id", "role", "seat")[:LISTED])


def _leaves(request: SignedInRequest, region: Region, today: Any) -> list[Leave]:
    """Who is away here now or will be, the nearest day first."""
    leaves = request.user.sees(Leave).exclude(state__in=["ended", "cancelled"])
    return list(
        leaves.filter(in_subtrees("post__region", (region.code,)), until_on__gte=today)
        .select_related("post__account", "post__region", "stand_in")
        .annotate(went=Count("items"))
        .order_by("from_on", "pk")[:LISTED]
    )


@login_required
@require_http_methods(["GET", "POST"])
def appoint(request: SignedInRequest) -> HttpResponse:
    require(request.user, Act.APPOINT)
    role = request.POST.get("role") or request.GET.get("role", "")
    initial = {name: request.GET.get(name, "") for name in ("role", "region", "username")}
    form = AppointForm(request.POST or None, viewer=request.user, role=role, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            post = form.perform(request.user)
        except Refusal as no:
            form.refuse(no)
        else:
            messages.success(request, f"{post.account.name} 已任{post.get_role_display()}。")
            return redirect(_back(post))
    context = {"form": form, "role": role, "roles": form.role_choices}
    return render(request, "grid/appoint.html", context, status=422 if form.errors else 200)


def _back(post: Post) -> str:
    query = {"region": post.region_id[:12]} if post.region_id else None
    return reverse("staffing", query=query)


@login_required
@require_http_methods(["GET", "POST"])
def end(request: SignedInRequest, pk: int) -> HttpResponse:
    post = found(request.user.sees(Post).select_related("account", "region"), pk)
    require(request.user, Act.APPOINT, code=post.region_id)
    form = EndForm(request.POST or None, viewer=request.user, post=post)
    if request.method == "POST" and form.is_valid():
        try:
            form.perform(request.user)
        except Refusal as no:
            form.refuse(no)
        else:
            messages.success(request, f"已办理{post.account.name}离任{post.get_role_display()}。")
            return redirect(_back(post))
    context = {"form": form, "post": post}
    return render(request, "grid/end_post.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def hand_over(request: SignedInRequest) -> HttpResponse:
    require(request.user, Act.ASSIGN_WORK)
    region = _region(request)
    initial = {"from_account": request.GET.get("from", "")}
    form = HandOverForm(request.POST or None, viewer=request.user, region=region, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            moved = form.perform(request.user)
        except Refusal as no:
            form.refuse(no)
        else:
            messages.success(request, f"已移交 {moved} 件未办结的入户事项。")
            return redirect(reverse("staffing", query={"region": region.code}))
    context = {"form": form, "region": region}
    return render(request, "grid/hand_over.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def open_account(request: SignedInRequest) -> HttpResponse:
    require(request.user, Act.APPOINT)
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            account = form.perform(request.user)
        except Refusal as no:
            form.refuse(no)
        else:
            messages.success(request, f"已开通账号 {account.username}。没有任职前看不到任何数据。")
            return redirect(reverse("appoint", query={"username": account.username}))
    status = 422 if form.errors else 200
    return render(request, "grid/open_account.html", {"form": form}, status=status)


urlpatterns = [
    path("staffing/", staffing_page, name="staffing"),
    path("staffing/appoint/", appoint, name="appoint"),
    path("staffing/accounts/new/", open_account, name="open-account"),
    path("staffing/posts/<int:pk>/end/", end, name="end-post"),
    path("staffing/hand-over/", hand_over, name="hand-over"),
]
