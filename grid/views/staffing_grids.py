"""Grids of a village: who lives and works there, their history; split, merge, rename."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from grid import grids
from grid.actions.region_changes import merge_grids, rename_grid, split_grid
from grid.models import Household, Post, Region, RegionChange
from grid.places import places_of
from grid.region_codes import current_code
from grid.requests import SignedInRequest
from grid.roles import Act, Level
from grid.scope import found, require
from grid.staffing import account_named
from yizhou.refusals import NotFound, Refusal


def may_change(request: SignedInRequest, code: str) -> bool:
    return request.user.may(Act.EDIT_REGISTRY, code=code) and request.user.may(
        Act.APPOINT, code=code
    )


def _grid(request: SignedInRequest, code: str) -> Region:
    grid: Region = found(request.user.sees(Region).select_related("parent"), code)
    if grid.level != Level.GRID:
        raise NotFound()
    return grid


@login_required
@require_GET
def grid_list(request: SignedInRequest) -> HttpResponse:
    """Grids of one village, by hamlet."""
    code = current_code(request.GET.get("region", ""))[:12]
    villages = list(request.user.sees(Region).at(Level.VILLAGE))
    village = next((v for v in villages if v.code == code), villages[0] if villages else None)
    if village is None:
        raise NotFound("您现在的职务看不到网格。")
    lines = grids.grids_of(village, on=timezone.localdate())
    context = {
        "village": village,
        "villages": [(v.code, v.name) for v in villages],
        "lines": lines,
        "may_change": may_change(request, village.code),
    }
    return render(request, "grid/staffing_grids.html", context)


@login_required
@require_GET
def grid_page(request: SignedInRequest, code: str) -> HttpResponse:
    """One grid and its history; an old code leads to the grid it was merged into."""
    now = current_code(code)
    if now != code:
        _grid(request, now)
        messages.info(request, f"网格代码 {code} 已并入 {now}，下面是现在的网格。")
        return redirect("grid-page", now)
    grid = _grid(request, code)
    context = {
        "grid": grid,
        "place": places_of([code])[code],
        "moving": grids.moving(_homes(request, grid).values("pk")),
        "workers": _workers(request, grid),
        "history": grids.history_of(code),
        "may_change": may_change(request, code),
    }
    return render(request, "grid/staffing_grid.html", context)


def _homes(request: SignedInRequest, grid: Region) -> Any:
    homes = request.user.sees(Household).living().filter(cell=grid)
    return homes.select_related("head").order_by("address", "number")


def _workers(request: SignedInRequest, grid: Region) -> list[Post]:
    posts = request.user.sees(Post).current(timezone.localdate()).filter(region=grid)
    return list(posts.select_related("account").order_by("role", "seat"))


def _opened(request: SignedInRequest, code: str) -> Region:
    grid = _grid(request, current_code(code))
    require(request.user, Act.EDIT_REGISTRY, code=grid.code)
    require(request.user, Act.APPOINT, code=grid.code)
    return grid


def _key(request: SignedInRequest) -> uuid.UUID:
    try:
        return uuid.UUID(request.POST.get("key", ""))
    except ValueError:
        return uuid.uuid4()


def _said(request: SignedInRequest, grid: Region) -> dict[str, Any]:
    """What every one of the three pages needs, with what was typed."""
    return {
        "grid": grid,
        "place": places_of([grid.code])[grid.code],
        "key": _key(request),
        "name": request.POST.get("name", ""),
        "reason": request.POST.get("reason", ""),
    }


def _done(request: SignedInRequest, change: RegionChange) -> HttpResponse:
    messages.success(
        request,
        f"已{change.get_kind_display()}：{change.old_name}（{change.old_code}）→ "
        f"{change.new_name}（{change.new_code}）。",
    )
    return redirect("grid-page", change.new_code)


@login_required
@require_http_methods(["GET", "POST"])
def split(request: SignedInRequest, code: str) -> HttpResponse:
    """Tick households, look at what moves, then confirm."""
    grid = _opened(request, code)
    chosen = {int(t) for t in request.POST.getlist("household") if t.isascii() and t.isdigit()}
    error, status = "", 200
    if request.POST.get("confirm") == "1":
        try:
            return _done(request, _split(request, grid, chosen))
        except Refusal as no:
            error, status = no.sentence, no.status
    homes = list(_homes(request, grid))
    picked = [home.pk for home in homes if home.pk in chosen]
    context = _said(request, grid) | {
        "homes": homes,
        "chosen": set(picked),
        "new_code": grids.next_code(grid.code[:15]),
        "moving": grids.moving(picked) if picked else None,
        "staying": len(homes) - len(picked),
        "username": request.POST.get("username", ""),
        "workers": _workers(request, grid),
        "error": error,
    }
    return render(request, "grid/staffing_split.html", context, status=status)


def _split(request: SignedInRequest, grid: Region, chosen: set[int]) -> RegionChange:
    username = request.POST.get("username", "").strip()
    worker = account_named(username) if username else None
    if username and worker is None:
        raise Refusal(
            f"没有用户名为“{username}”的在用账号。请核对，或留空以后再任。", code="username"
        )
    return split_grid(
        acting=request.user,
        key=_key(request),
        grid=grid,
        households=chosen,
        name=request.POST.get("name", ""),
        reason=request.POST.get("reason", ""),
        first_worker=worker,
    )


@login_required
@require_http_methods(["GET", "POST"])
def merge(request: SignedInRequest, code: str) -> HttpResponse:
    """Choose the grid it goes into, look at what moves, then confirm."""
    grid = _opened(request, code)
    others = [
        line for line in grids.grids_of(grid, on=timezone.localdate()) if line.grid.pk != grid.pk
    ]
    target = next((o.grid for o in others if o.grid.code == request.POST.get("target")), None)
    error, status = "", 200
    if request.POST.get("confirm") == "1":
        try:
            return _done(request, _merge(request, grid, target))
        except Refusal as no:
            error, status = no.sentence, no.status
    context = _said(request, grid) | {
        "others": others,
        "target": target,
        "stays": request.POST.get("stays", "1"),
        "moving": grids.moving(_homes(request, grid).values("pk")),
        "workers": _workers(request, grid),
        "target_first": [
            p for p in (_workers(request, target) if target else []) if p.role == "grid_worker_1"
        ],
        "error": error,
    }
    return render(request, "grid/staffing_merge.html", context, status=status)


def _merge(request: SignedInRequest, grid: Region, target: Region | None) -> RegionChange:
    if target is None:
        raise Refusal("请选择并入哪个网格。", code="target")
    return merge_grids(
        acting=request.user,
        key=_key(request),
        source=grid,
        target=target,
        reason=request.POST.get("reason", ""),
        first_worker_stays=request.POST.get("stays") != "0",
    )


@login_required
@require_http_methods(["GET", "POST"])
def rename(request: SignedInRequest, code: str) -> HttpResponse:
    grid = _opened(request, code)
    error, status = "", 200
    if request.method == "POST":
        try:
            change = rename_grid(
                acting=request.user,
                key=_key(request),
                grid=grid,
                name=request.POST.get("name", ""),
                reason=request.POST.get("reason", ""),
            )
        except Refusal as no:
            error, status = no.sentence, no.status
        else:
            return _done(request, change)
    context = _said(request, grid) | {"error": error}
    return render(request, "grid/staffing_rename.html", context, status=status)


urlpatterns = [
    path("staffing/grids/", grid_list, name="grid-list"),
    path("staffing/grids/<str:code>/", grid_page, name="grid-page"),
    path("staffing/grids/<str:code>/split/", split, name="split-grid"),
    path("staffing/grids/<str:code>/merge/", merge, name="merge-grid"),
    path("staffing/grids/<str:code>/rename/", rename, name="rename-grid"),
]
