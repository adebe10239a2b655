"""The schedule that beat follows: rows of django-celery-beat, changed on the screening page."""

import json
from typing import Any

from django.db import transaction
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from grid.roles import Act
from grid.scope import require
from yizhou.audit import record
from yizhou.refusals import Refusal

DAILY = "每日研判"
DAILY_AT = (2, 30)  # before work begins; the county may change it
COMPARING = "比对部门数据"
COMPARED_AT = ("0-5", 10)  # every hour of the night: it reads all departments' records
SENDING = "派出排队的预警"
SENDING_AT = (7, 30)  # after the night's screening, before workers set out; to be confirmed
REMINDING = "报送提醒"
REMINDING_AT = (8, 0)  # when offices open; to be confirmed
PLANNING = "排走访计划"
PLANNED_AT = (4, 10)  # before work, after the night's screening; to be confirmed
OPENING = "派出计划走访"
OPENED_AT = (7, 40)  # after the alerts, which come first; to be confirmed
TELLING = "时限提醒"
TELLING_AT = (8, 10)  # when people begin to work; to be confirmed
EVERY_SECONDS = {
    "收取走访结果": ("monitoring.tasks.collect_visit_reports", 30),
    "留存测算项": ("monitoring.tasks.keep_measures", 600),
    "补跑研判": ("monitoring.tasks.sweep_screenings", 20),
    "补跑规则回测": ("monitoring.tasks.sweep_back_tests", 60),
    "补跑研判对比": ("monitoring.tasks.sweep_comparisons", 60),
    "补跑数据报送": ("monitoring.tasks.sweep_uploads", 20),
    "补配人员和户籍变动建议": ("monitoring.tasks.follow_registry", 600),
    "清理到期文件": ("monitoring.tasks.clear_kept_files", 86_400),
    "清理断点续传": ("monitoring.tasks.sweep_transfers", 300),
    "清理签名防重记录": ("grid.tasks.forget_nonces", 600),
    "清理登录试错计数": ("grid.tasks.forget_tries", 3600),
    "回访到期的承诺": ("grid.tasks.follow_promises", 600),
    "收取计划走访结果": ("grid.tasks.collect_plan_reports", 60),
    "外发提醒消息": ("grid.tasks.send_messages", 60),
    "改派无人在岗的事项": ("grid.tasks.reroute_stranded", 600),
}


@transaction.atomic
def install_schedule() -> None:
    """Create the schedule rows that are missing; leaves alone what officials changed."""
    for name, task, at in (
        (DAILY, "monitoring.tasks.screen_on_schedule", DAILY_AT),
        (SENDING, "monitoring.tasks.send_held_alerts", SENDING_AT),
        (REMINDING, "monitoring.tasks.remind_departments", REMINDING_AT),
        (PLANNING, "grid.tasks.draw_up_plan", PLANNED_AT),
        (OPENING, "grid.tasks.open_plan", OPENED_AT),
        (TELLING, "grid.tasks.tell_of_deadlines", TELLING_AT),
    ):
        if not PeriodicTask.objects.filter(name=name).exists():
            PeriodicTask.objects.create(
                name=name, task=task, crontab=_crontab(*at), args=json.dumps([])
            )
    if not PeriodicTask.objects.filter(name=COMPARING).exists():
        PeriodicTask.objects.create(
            name=COMPARING,
            task="monitoring.tasks.compare_departments",
            crontab=_crontab(*COMPARED_AT),
            args=json.dumps([]),
            expire_seconds=3600,
        )
    for name, (task, seconds) in EVERY_SECONDS.items():
        if not PeriodicTask.objects.filter(name=name).exists():
            every, _ = IntervalSchedule.objects.get_or_create(
                every=seconds, period=IntervalSchedule.SECONDS
            )
            # expires: a bell that waited longer than its interval is of no use
            PeriodicTask.objects.create(
                name=name, task=task, interval=every, expire_seconds=seconds
            )


def _crontab(hour: int | str, minute: int) -> CrontabSchedule:
    schedule, _ = CrontabSchedule.objects.get_or_create(
        minute=str(minute),
        hour=str(hour),
        day_of_week="*",
        day_of_month="*",
        month_of_year="*",
        timezone="Asia/Shanghai",
    )
    return schedule


@transaction.atomic
def change_daily_schedule(*, acting: Any, hour: int, minute: int, enabled: bool) -> PeriodicTask:
    """Set when the daily screening runs. Raises Refusal for an impossible time."""
    require(acting, Act.RUN_SCREENING)
    if not (0 <= hour <= 23 and 0 <= minute <= 59):
        raise Refusal("时间应在 00:00 到 23:59 之间。", code="bad_time")
    task = PeriodicTask.objects.select_for_update().get(name=DAILY)
    task.crontab = _crontab(hour, minute)
    task.enabled = enabled
    task.save()  # the package tells beat about the change from its own save()
    record(
        acting=acting,
        verb="changed_schedule",
        subject=("schedule", task.pk),
        detail={"at": f"{hour:02}:{minute:02}", "enabled": enabled},
    )
    return task


def daily_schedule() -> PeriodicTask | None:
    return PeriodicTask.objects.select_related("crontab").filter(name=DAILY).first()
