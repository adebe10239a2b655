"""镇级工作台: what waits for whom, and many visits assigned at once."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from grid.actions.bulk_assigning import (
    MOST_AT_ONCE,
    Pick,
    Plan,
    assign_many,
    plan_assignment,
    read_picks,
    undo_bulk_assignment,
)
from grid.desk import Desk, DeskFilters, assignment_of, may_undo, rows_of, sections, with_purposes
from grid.frame import is_field_worker, sees_people
from grid.models import Account, BulkAssignmentLine, Region, WorkItem
from grid.paging import capped_page
from grid.places import places_of
from grid.requests import SignedInRequest
from grid.roles import Act, Level
from grid.scope import require
from grid.visitors import Visitor, visitors_over
from yizhou.refusals import NotAllowed, Refusal

PER_PAGE = 25


def check_desk(request: SignedInRequest) -> None:
    if not sees_people(request.user) or is_field_worker(request.user):
        raise NotAllowed("镇级工作台由镇、村工作人员使用。您的任务请从左侧“我的任务”进入。")


@login_required
@require_GET
def desk(request: SignedInRequest) -> HttpResponse:
    check_desk(request)
    return render(request, "grid/desk.html", desk_context(request, DeskFilters.read(request.GET)))


def desk_context(request: SignedInRequest, filters: DeskFilters) -> dict[str, Any]:
    shown = Desk(request.user, filters)
    items, page = capped_page(with_purposes(shown.listed()), request, per_page=PER_PAGE)
    villages = request.user.sees(Region).at(Level.VILLAGE).values_list("code", "name")
    return {
        "rows": rows_of(items),
        "page": page,
        "counters": shown.counters(),
        "sections": sections(request),
        "f": filters,
        "villages": villages,
        "workers": shown.workers(),
        "reset_url": DeskFilters(status=filters.status).url(),
        "sheets_query": filters.query(status=""),
        "may_assign": request.user.may(Act.ASSIGN_WORK),
        "most": MOST_AT_ONCE,
    }


@login_required
@require_POST
def check(request: SignedInRequest) -> HttpResponse:
    """The check page: each receiver before and after, nothing written yet."""
    check_desk(request)
    require(request.user, Act.ASSIGN_WORK)
    try:
        picks = _picks(request)
    except Refusal as no:
        filters = DeskFilters.read(QueryDict(request.POST.get("query", "")))
        context = desk_context(request, filters) | {"error": no.sentence}
        return render(request, "grid/desk.html", context, status=no.status)
    return _check_page(request, picks)


def _picks(request: SignedInRequest) -> list[Pick]:
    """The ticked ones, or everything under the filters when that was the button."""
    if request.POST.get("every") != "1":
        return read_picks(request.POST.getlist("ticked"))
    filters = DeskFilters.read(QueryDict(request.POST.get("query", "")))
    rows = Desk(request.user, filters).listed().filter(state=WorkItem.State.TO_VISIT)
    return read_picks(f"{pk}-{v}" for pk, v in rows.values_list("pk", "version")[:201])


def _check_page(
    request: SignedInRequest, picks: list[Pick], *, error: str = "", status: int = 200
) -> HttpResponse:
    items = _items(request, picks)
    offered = visitors_over((item.code for item in items), on=timezone.localdate())
    to = _receiver(request, offered)
    plan = plan_assignment(items, picks, to)
    context = {
        "plan": plan,
        "groups": _groups(plan, offered),
        "left": _left(plan),
        "picks": picks,
        "gone": len(picks) - len(items),
        "choices": _choices(offered, items),
        "to": to,
        "chosen": request.POST.get("to", ""),
        "note": request.POST.get("note", ""),
        "query": request.POST.get("query", ""),
        "key": request.POST.get("key") or uuid.uuid4(),
        "error": error,
    }
    return render(request, "grid/desk_assign.html", context, status=status)


def _items(request: SignedInRequest, picks: list[Pick]) -> list[WorkItem]:
    rows = with_purposes(request.user.sees(WorkItem).filter(pk__in=[p.item_id for p in picks]))
    return list(rows.order_by("code", "due_on", "pk"))


def _receiver(request: SignedInRequest, offered: list[Visitor]) -> Account | None:
    """The chosen person among those who may visit, or None: by the chain again."""
    chosen = request.POST.get("to", "")
    return next((v.account for v in offered if str(v.account.pk) == chosen), None)


def _choices(offered: list[Visitor], items: list[WorkItem]) -> list[tuple[str, str]]:
    """Each person once, by the nearest post, with how many of the ticked ones they may take."""
    first: dict[int, Visitor] = {}
    for visitor in offered:
        first.setdefault(visitor.account.pk, visitor)
    regions: dict[int, list[str]] = {}
    for visitor in offered:
        regions.setdefault(visitor.account.pk, []).append(visitor.region)
    return [
        (
            str(pk),
            f"{v.account.name}（{v.region_name} {v.label}，能接 "
            f"{sum(item.code.startswith(tuple(regions[pk])) for item in items)} 件）",
        )
        for pk, v in first.items()
    ]


def _groups(plan: Plan, offered: list[Visitor]) -> list[dict[str, Any]]:
    """Receivers with what they get; their open visits before and after."""
    people = {v.account.pk: v for v in reversed(offered)}
    places = places_of(change.item.code for change in plan.changes)
    groups: dict[int, dict[str, Any]] = {}
    for change in plan.with_result(BulkAssignmentLine.Result.ASSIGNED):
        pk = change.to_id or 0
        group = groups.setdefault(
            pk,
            {
                "visitor": people.get(pk),
                "before": plan.before[pk],
                "after": plan.after[pk],
                "changes": [],
            },
        )
        group["changes"].append((change.item, places[change.item.code]))
    return sorted(groups.values(), key=lambda g: g["changes"][0][0].code)


def _left(plan: Plan) -> list[dict[str, Any]]:
    """What would stay as it is, by reason."""
    kinds = BulkAssignmentLine.Result
    reasons = (kinds.OVERTAKEN, kinds.NO_POST, kinds.NOBODY, kinds.UNCHANGED)
    return [
        {"label": kind.label, "items": [change.item for change in plan.with_result(kind)]}
        for kind in reasons
        if plan.with_result(kind)
    ]


@login_required
@require_POST
def assign(request: SignedInRequest) -> HttpResponse:
    """Do what the check page showed; a refusal shows it again with what was chosen."""
    check_desk(request)
    require(request.user, Act.ASSIGN_WORK)
    picks = read_picks(request.POST.getlist("ticked"))
    items = _items(request, picks)
    seen = {item.pk for item in items}
    offered = visitors_over((item.code for item in items), on=timezone.localdate())
    to = _receiver(request, offered)
    try:
        if to is None and request.POST.get("to"):
            raise Refusal("选的人现在不能入户，请重新选择后再核对。", code="to")
        bulk = assign_many(
            acting=request.user,
            key=_key(request),
            picks=[pick for pick in picks if pick.item_id in seen],
            to=to,
            note=request.POST.get("note", ""),
        )
    except Refusal as no:
        return _check_page(request, picks, error=no.sentence, status=no.status)
    return redirect("desk-assigned", bulk.pk)


def _key(request: SignedInRequest) -> uuid.UUID:
    try:
        return uuid.UUID(request.POST.get("key", ""))
    except ValueError:
        raise Refusal("页面已过期，请返回镇级工作台重新勾选。", code="key") from None


@login_required
@require_GET
def assigned(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """What the act did, item by item, and the way back while there is time."""
    check_desk(request)
    bulk = assignment_of(request.user, pk)
    lines = list(
        request.user.sees(BulkAssignmentLine)
        .filter(bulk=bulk)
        .select_related("work_item__household__head", "before", "after")
    )
    places = places_of(line.work_item.code for line in lines)
    done = BulkAssignmentLine.Result.ASSIGNED
    context = {
        "bulk": bulk,
        "lines": [(line, places[line.work_item.code]) for line in lines],
        "done": sum(line.result == done for line in lines),
        "left": sum(line.result not in (done, "undone") for line in lines),
        "may_undo": may_undo(request.user, bulk),
        "posts": bulk.posts.select_related("account", "region"),
    }
    return render(request, "grid/desk_assigned.html", context)


@login_required
@require_POST
def undo(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    check_desk(request)
    bulk = assignment_of(request.user, pk)
    try:
        back, kept = undo_bulk_assignment(acting=request.user, bulk=bulk)
    except Refusal as no:
        messages.error(request, no.sentence)
    else:
        more = f"另有 {kept} 件别人已处理，保持现状。" if kept else ""
        messages.success(request, f"已撤回，{back} 件恢复原承办人。{more}")
    return redirect("desk-assigned", pk)


urlpatterns = [
    path("desk/", desk, name="desk"),
    path("desk/assign/check/", check, name="desk-check"),
    path("desk/assign/", assign, name="desk-assign"),
    path("desk/assigned/<uuid:pk>/", assigned, name="desk-assigned"),
    path("desk/assigned/<uuid:pk>/undo/", undo, name="desk-undo"),
]
