"""The clock of a visit: paused with a reason until a day, resumed; and the ladder of notices."""

from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from grid.actions.figures import figure
from grid.models import (
    Account,
    ClockPause,
    NoticeStep,
    RoutineFigure,
    Stage,
    WorkItem,
    WorkItemEvent,
    WorkItemPurpose,
)
from grid.roles import Act
from grid.scope import require
from yizhou.audit import SYSTEM, record
from yizhou.refusals import Overtaken, Refusal, reason_given
from yizhou.workdays import add_workdays, workdays_between

UNCONFIRMED = "系统建议，待县里核定"
# Source: proposed after reference 5.2 and 4.7; nobody has confirmed them for Yizhou.
STEPS: tuple[tuple[Stage, str, int], ...] = (
    (Stage.BEFORE, NoticeStep.Told.ASSIGNEE, 2),
    (Stage.ORANGE, NoticeStep.Told.ASSIGNEE, 75),
    (Stage.ORANGE, NoticeStep.Told.TUN_HEAD, 75),
    (Stage.RED, NoticeStep.Told.ASSIGNEE, 1),
    (Stage.RED, NoticeStep.Told.TUN_HEAD, 1),
    (Stage.RED, NoticeStep.Told.VILLAGE_HEAD, 2),
    (Stage.RED, NoticeStep.Told.INFO_OFFICER, 2),
    (Stage.RED, NoticeStep.Told.TOWNSHIP_OFFICER, 3),
    (Stage.RED, NoticeStep.Told.TOWNSHIP_HEAD, 5),
    (Stage.RED, NoticeStep.Told.COUNTY_OFFICER, 5),
    (Stage.RED, NoticeStep.Told.COUNTY_HEAD, 10),
)
ASK_PAUSE = "请写明为什么暂停，2 到 200 个字，例如“全家外出，约定 12 月 10 日返家后入户”。"
ASK_RESUME = "请写明为什么提前恢复，2 到 200 个字。"
ASK_SOURCE = "请写明依据，2 到 200 个字，例如文件名和文号。"
OVER = """
WITH over AS (
    UPDATE grid_clockpause p SET ended_at = %(now)s
    FROM grid_workitem i
    WHERE i.id = p.work_item_id AND p.ended_at IS NULL
      AND (p.until_on <= %(today)s OR i.state <> 'to_visit')
    RETURNING p.id, p.work_item_id, i.state, i.due_on
)
INSERT INTO grid_workitemevent (work_item_id, verb, at, by_name, sentence)
SELECT work_item_id, 'resumed', %(now)s, %(by)s,
       '暂停到期，恢复计时，时限 ' || to_char(due_on, 'YYYY-MM-DD')
FROM over WHERE state = 'to_visit' ORDER BY work_item_id
"""


@transaction.atomic
def pause_clock(
    *, acting: Account, item: WorkItem, version_seen: int, until_on: date, reason: str
) -> ClockPause:
    """Stop the clock of a visit from today until a day; its deadline moves by as many working days.

    Raises NotAllowed, Refusal (no reason, a day past or too far), Overtaken.
    """
    require(acting, Act.SETTLE_ALERT, code=item.code)
    reason = reason_given(reason, ask=ASK_PAUSE)
    today = timezone.localdate()
    if until_on <= today:
        raise Refusal("恢复日要在今天以后。请重新选择。", code="until_on")
    longest = figure(RoutineFigure.Key.LONGEST_PAUSE, today)
    if (furthest := add_workdays(today, longest)) < until_on:
        raise Refusal(
            f"一次最多暂停 {longest} 个工作日，恢复日不能晚于 {furthest}。到期后仍有需要可以再办。",
            code="until_on",
        )
    days = workdays_between(today, until_on)
    due_on = add_workdays(item.due_on, days)
    _move(item, version_seen, days)
    try:
        with transaction.atomic():
            pause = ClockPause.objects.create(
                work_item=item,
                household_id=item.household_id,
                code=item.code,
                from_on=today,
                until_on=until_on,
                due_before=item.due_on,
                reason=reason,
                paused_by=acting,
            )
    except IntegrityError:
        raise Overtaken("这一户已经在暂停计时。请刷新页面查看。") from None
    _note(item, "paused", acting, f"暂停到 {until_on}，时限改为 {due_on}：{reason}")
    record(
        acting=acting,
        verb="paused_clock",
        subject=item,
        reason=reason,
        detail={"until_on": f"{until_on}", "due_on": f"{due_on}"},
    )
    return pause


@transaction.atomic
def resume_clock(*, acting: Account, item: WorkItem, version_seen: int, reason: str) -> None:
    """Let the clock run again today; the deadline keeps only the working days really paused.

    Raises NotAllowed, Refusal, Overtaken.
    """
    require(acting, Act.SETTLE_ALERT, code=item.code)
    reason = reason_given(reason, ask=ASK_RESUME)
    pause = ClockPause.objects.select_for_update().filter(work_item=item, ended_at=None).first()
    if pause is None:
        raise Overtaken("这一户没有在暂停计时。请刷新页面查看。")
    today = timezone.localdate()
    given_back = workdays_between(max(pause.from_on, today), max(pause.until_on, today))
    _move(item, version_seen, -given_back, since=pause.paused_at)
    ClockPause.objects.filter(pk=pause.pk).update(ended_at=timezone.now())
    due_on = WorkItem.objects.values_list("due_on", flat=True).get(pk=item.pk)
    _note(item, "resumed", acting, f"提前恢复计时，时限改为 {due_on}：{reason}")
    record(acting=acting, verb="resumed_clock", subject=item, reason=reason)


def _move(item: WorkItem, version_seen: int, days: int, *, since: datetime | None = None) -> None:
    """Put the deadline and those of the purposes off by working days, or bring them back; not of
    purposes added after `since`, which no pause put off.
    """
    wanted = list(
        WorkItemPurpose.objects.filter(work_item=item, state=WorkItemPurpose.State.WANTED)
    )
    added = [p for p in wanted if since is not None and p.added_at > since]
    if any(p.due_on == item.due_on for p in added):
        days_of_item = 0  # the visit's day is that of what came since
    else:
        days_of_item = days
    changed = WorkItem.objects.filter(
        pk=item.pk, version=version_seen, state=WorkItem.State.TO_VISIT
    ).update(due_on=_moved(item.due_on, days_of_item), version=F("version") + 1)
    if not changed:
        raise Overtaken()
    for purpose in [p for p in wanted if p not in added]:
        WorkItemPurpose.objects.filter(pk=purpose.pk).update(due_on=_moved(purpose.due_on, days))


def _moved(day: date, workdays: int) -> date:
    """The day so many working days later, or earlier for a negative number."""
    if workdays == 0:
        return day
    if workdays > 0:
        return add_workdays(day, workdays)
    earlier = day
    while workdays_between(earlier, day) < -workdays:
        earlier = date.fromordinal(earlier.toordinal() - 1)
    return earlier


def _note(item: WorkItem, verb: str, acting: Any, sentence: str) -> None:
    WorkItemEvent.objects.create(
        work_item=item, verb=verb, by_name=acting.display_name, sentence=sentence[:300]
    )


@transaction.atomic
def end_pauses(*, acting: Any = SYSTEM, today: date | None = None) -> int:
    """Pauses whose day has come end by themselves, with a line in the history. How many."""
    values = {
        "now": timezone.now(),
        "today": today or timezone.localdate(),
        "by": acting.display_name,
    }
    with connection.cursor() as cursor:
        cursor.execute(OVER, values)
        resumed = int(cursor.rowcount)
    if resumed:
        record(
            acting=acting,
            verb="resumed_clock",
            subject=("grid.clockpause", f"{values['today']}"),
            detail={"count": resumed},
        )
    return resumed


@transaction.atomic
def change_step(
    *,
    acting: Account,
    stage: int,
    told: str,
    at: int | None,
    from_on: date,
    source: str,
    is_confirmed: bool,
) -> None:
    """A rung of the ladder from a day on; `at` None: nobody is told there any more.

    Raises NotAllowed, Refusal.
    """
    require(acting, Act.PLAN_VISITS)
    source = reason_given(source, ask=ASK_SOURCE)
    if stage not in Stage.values or told not in NoticeStep.Told.values:
        raise Refusal("没有这种提醒。请刷新页面重新选择。", code="step")
    most = {Stage.BEFORE: 30, Stage.ORANGE: 100, Stage.RED: 90}[Stage(stage)]
    if at is not None and not 1 <= at <= most:
        raise Refusal(f"请填 1 到 {most} 的整数；不提醒请选“停用”。", code="at")
    if from_on < timezone.localdate():
        raise Refusal("起用日期不能早于今天。", code="from_on")
    NoticeStep.objects.select_for_update().filter(stage=stage, told=told).make_way(from_on)
    if at is not None:
        NoticeStep.objects.create(
            stage=stage,
            told=told,
            at=at,
            from_on=from_on,
            source=source,
            is_confirmed=is_confirmed,
        )
    record(
        acting=acting,
        verb="changed_notice_step",
        subject=("grid.noticestep", f"{stage}/{told}"),
        reason=source,
        detail={"at": at, "from_on": f"{from_on}", "confirmed": is_confirmed},
    )


def install_steps(from_on: date) -> None:
    """The proposed ladder where none is; what officials changed stays."""
    if NoticeStep.objects.exists():
        return
    NoticeStep.objects.bulk_create(
        NoticeStep(stage=stage, told=told, at=at, from_on=from_on, source=UNCONFIRMED)
        for stage, told, at in STEPS
    )
