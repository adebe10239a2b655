"""Screening runs and their schedule."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from grid.frame import sees_people
from grid.requests import SignedInRequest
from grid.roles import Act
from monitoring.actions.schedules import change_daily_schedule, daily_schedule
from monitoring.actions.screenings import request_screening, retry_screening
from monitoring.freshness import recent_runs
from yizhou.refusals import NotAllowed, Refusal


def _context(request: SignedInRequest, **more: Any) -> dict[str, Any]:
    runs = recent_runs()
    task = daily_schedule()
    return {
        "runs": runs,
        "busy": any(r.job_state in ("waiting", "working") for r in runs),
        "may_run": request.user.may(Act.RUN_SCREENING),
        "schedule": {
            "hour": task.crontab.hour if task else "",
            "minute": task.crontab.minute if task else "",
            "enabled": bool(task and task.enabled),
            "text": _in_words(task),
            "errors": [],
        },
    } | more


def _in_words(task: Any) -> str:
    if task is None:
        return "还没有安装定时任务，请系统管理员运行 manage.py prepare_county。"
    if not task.enabled:
        return "已停用"
    return f"每天 {int(task.crontab.hour):02}:{int(task.crontab.minute):02}，数据入库后也会自动研判"


@login_required
@require_GET
def runs(request: SignedInRequest) -> HttpResponse:
    if not sees_people(request.user):
        raise NotAllowed("您的职务不查看研判批次。")
    template = "monitoring/runs.html#list" if request.htmx else "monitoring/runs.html"
    return render(request, template, _context(request))


@login_required
@require_POST
def run_now(request: SignedInRequest) -> HttpResponse:
    try:
        request_screening(acting=request.user, trigger="by_hand")
        messages.success(request, "已开始研判，完成后预警会出现在核查队列。")
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
    return redirect("screening")


@login_required
@require_POST
def retry(request: SignedInRequest, pk: int) -> HttpResponse:
    try:
        retry_screening(acting=request.user, run_id=pk)
        messages.success(request, "已重新排队。")
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
    return redirect("screening")


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
        context = _context(request)
        context["schedule"] |= {"hour": hour, "minute": minute, "errors": [refusal.sentence]}
        return render(request, "monitoring/runs.html", context, status=refusal.status)
    messages.success(request, "定时已保存。")
    return redirect("screening")
