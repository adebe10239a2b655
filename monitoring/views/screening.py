"""Screening runs and their schedule: the list, starting, stopping and retrying a run."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from grid.frame import sees_people
from grid.paging import capped_page
from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import require
from monitoring.actions.schedules import change_daily_schedule, daily_schedule
from monitoring.actions.screenings import request_screening, retry_screening, stop_screening
from monitoring.runs import (
    RunRow,
    other_schedules,
    run_of,
    runs_in_order,
    shards_of,
    with_shards,
)
from yizhou.refusals import NotAllowed, Refusal

PER_PAGE = 20


def readers_only(request: SignedInRequest) -> None:
    """Raises NotAllowed for those who see no people."""
    if not sees_people(request.user):
        raise NotAllowed("您的职务不查看研判批次。")


def _list_context(request: SignedInRequest) -> dict[str, Any]:
    runs, page = capped_page(runs_in_order(), request, per_page=PER_PAGE)
    rows = with_shards(runs)
    return {
        "rows": rows,
        "page": page,
        "busy": any(row.busy for row in rows),
        "may_run": request.user.may(Act.RUN_SCREENING),
    }


def _page_context(request: SignedInRequest, **typed: Any) -> dict[str, Any]:
    """The list and the schedule; `typed` comes back after a refusal."""
    task = daily_schedule()
    schedule: dict[str, Any] = {
        "hour": task.crontab.hour if task else "",
        "minute": task.crontab.minute if task else "",
        "enabled": bool(task and task.enabled),
        "last_run": task.last_run_at if task else None,
        "text": _in_words(task),
        "errors": [],
    }
    others = {"schedule": schedule | typed, "others": other_schedules()}
    return _list_context(request) | others


def _in_words(task: Any) -> str:
    if task is None:
        return "还没有安装定时任务，请系统管理员运行 manage.py prepare_county。"
    if not task.enabled:
        return "已停用"
    return f"每天 {int(task.crontab.hour):02}:{int(task.crontab.minute):02}，数据入库后也会自动研判"


@login_required
@require_GET
def runs(request: SignedInRequest) -> HttpResponse:
    readers_only(request)
    if request.htmx:
        return render(request, "monitoring/runs.html#list", _list_context(request))
    return render(request, "monitoring/runs.html", _page_context(request))


@login_required
@require_POST
def run_now(request: SignedInRequest) -> HttpResponse:
    try:
        run = request_screening(acting=request.user, trigger="by_hand")
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
        return redirect("screening")
    messages.success(request, f"第 {run.pk} 次研判已开始，完成后预警会出现在核查队列。")
    return redirect("screening")


@login_required
@require_POST
def retry(request: SignedInRequest, pk: int) -> HttpResponse:
    try:
        retry_screening(acting=request.user, run_id=pk)
        messages.success(request, f"第 {pk} 次研判已重新排队，做完的分片不重做。")
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
    return redirect("run", pk)


@login_required
@require_http_methods(["GET", "POST"])
def stop(request: SignedInRequest, pk: int) -> HttpResponse:
    """What stopping means, then the stop."""
    require(request.user, Act.RUN_SCREENING)
    run = run_of(pk)
    errors, status = [], 200
    if request.method == "POST":
        try:
            stop_screening(acting=request.user, run_id=pk)
            messages.success(request, f"第 {pk} 次研判已停止。")
            return redirect("run", pk)
        except Refusal as refusal:
            errors, status = [refusal.sentence], refusal.status
    shards = shards_of(run)
    done = sum(shard.job_state == "done" for shard in shards)
    context = {"row": RunRow(run, done, len(shards)), "errors": errors}
    return render(request, "monitoring/run_stop.html", context, status=status)


@login_required
@require_POST
def change_schedule(request: SignedInRequest) -> HttpResponse:
    hour, minute = request.POST.get("hour", ""), request.POST.get("minute", "")
    try:
        if not (hour.isascii() and hour.isdigit() and minute.isascii() and minute.isdigit()):
            raise Refusal("时和分都要填整数，例如 2 和 30。", code="bad_time")
        change_daily_schedule(
            acting=request.user,
            hour=int(hour),
            minute=int(minute),
            enabled=request.POST.get("enabled") == "1",
        )
    except Refusal as refusal:
        context = _page_context(request, hour=hour, minute=minute, errors=[refusal.sentence])
        return render(request, "monitoring/runs.html", context, status=refusal.status)
    messages.success(request, "定时已保存。")
    return redirect("screening")
