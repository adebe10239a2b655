"""Reminding departments of data that are due or late: daily by the clock, or by hand."""

from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from grid.models import Account, Department
from grid.roles import Act, Role
from grid.scope import has_role, require, sight_of
from monitoring.feeds import FEEDS
from monitoring.freshness import Freshness, State, freshness
from monitoring.models import DataReminder
from yizhou.audit import record
from yizhou.refusals import NotAllowed, NotFound, Overtaken, Refusal

DAYS_BEFORE = 3  # 待核定
FIRST_DAY_LATE = 1  # 待核定
THEN_EVERY_DAYS = 7  # 待核定
Kind = DataReminder.Kind


def wanted(fresh: Freshness, today: date) -> tuple[str, int] | None:
    """Which reminder stands today: (kind, days), or None. A missed day of the clock is made up."""
    if fresh.days_late >= FIRST_DAY_LATE:
        steps = (fresh.days_late - FIRST_DAY_LATE) // THEN_EVERY_DAYS
        return Kind.LATE, FIRST_DAY_LATE + steps * THEN_EVERY_DAYS
    if fresh.state == State.DUE and (fresh.due_on - today).days <= DAYS_BEFORE:
        return Kind.BEFORE, -DAYS_BEFORE
    return None


@transaction.atomic
def make_reminders(*, acting: Any, today: date | None = None) -> int:
    """Write the reminders that stand today and are not written yet; how many were new."""
    today = today or timezone.localdate()
    present = set(Department.objects.values_list("pk", flat=True))
    made = 0
    for fresh in freshness(today):
        due = wanted(fresh, today)
        if due is None or fresh.department_code not in present:
            continue
        reminder, is_new = DataReminder.objects.get_or_create(
            feed=fresh.feed,
            due_on=fresh.due_on,
            kind=due[0],
            days=due[1],
            defaults={"department_id": fresh.department_code},
        )
        if is_new:
            made += 1
            _told(acting, reminder)
    return made


@transaction.atomic
def remind_department(*, acting: Account, feed: str, reason: str = "") -> DataReminder:
    """Remind by hand, once a day at most. Raises NotAllowed, NotFound, Refusal, Overtaken."""
    require(acting, Act.UPLOAD_DATA)
    if not has_role(acting, Role.COUNTY_OFFICER):
        raise NotAllowed("催报由县级监测专员办理。请联系县级监测专员。")
    if feed not in FEEDS:
        raise NotFound("没有这个数据集。请回到数据日历重新选择。")
    if len(reason := reason.strip()) > 200:
        raise Refusal("催报说明不能超过 200 个字，请写短一些。", code="reason")
    (fresh,) = freshness(feeds=[FEEDS[feed]])
    if fresh.state == State.REPORTED:
        raise Overtaken("这个数据集本期已经报送，不用催报。请刷新页面。")
    if not Department.objects.filter(pk=fresh.department_code).exists():
        raise NotFound("负责这个数据集的部门还没有建立。请联系系统管理员。")
    today = timezone.localdate()
    try:
        with transaction.atomic():
            reminder = DataReminder.objects.create(
                feed=feed,
                department_id=fresh.department_code,
                due_on=fresh.due_on,
                kind=Kind.BY_HAND,
                days=(today - fresh.due_on).days,
                reason=reason,
                made_by=acting,
            )
    except IntegrityError:
        raise Overtaken("今天已经催报过这个数据集。请明天再催，或电话联系该部门。") from None
    _told(acting, reminder, reason)
    return reminder


def _told(acting: Any, reminder: DataReminder, reason: str = "") -> None:
    record(
        acting=acting,
        verb="reminded_department",
        subject=reminder,
        reason=reason,
        detail={
            "feed": reminder.feed,
            "due_on": f"{reminder.due_on}",
            "kind": reminder.kind,
            "days": reminder.days,
        },
    )


@transaction.atomic
def mark_seen(*, acting: Account, reminder: DataReminder) -> None:
    """The department has read it; the other reminders of that due day are seen with it.

    Raises NotAllowed for who does not report for the department.
    """
    if reminder.department_id not in sight_of(acting).departments:
        raise NotAllowed("提醒由收到它的部门确认。您的部门没有收到这一条。")
    seen = DataReminder.objects.filter(
        feed=reminder.feed, due_on=reminder.due_on, seen_at=None, made_at__lte=reminder.made_at
    ).update(seen_at=timezone.now(), seen_by=acting)
    if seen:
        record(acting=acting, verb="saw_reminder", subject=reminder, detail={"feed": reminder.feed})


def standing_reminders(acting: Any, fresh: list[Freshness]) -> list[DataReminder]:
    """Unseen reminders of the clerk's own departments whose data have not come, one a data set."""
    own = sight_of(acting).departments
    waiting = {f.feed: f.due_on for f in fresh if f.state != State.REPORTED}
    unseen = DataReminder.objects.filter(department__in=own, seen_at=None, feed__in=waiting)
    latest: dict[str, DataReminder] = {}
    for reminder in unseen.select_related("made_by") if own else ():
        if reminder.due_on == waiting[reminder.feed]:
            latest.setdefault(reminder.feed, reminder)
    return list(latest.values())
