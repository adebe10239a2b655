"""Figures of the plan, the clock and of reports: dated, with source; changed by the county."""

from datetime import date

from django.db import transaction
from django.utils import timezone

from grid.models import Account, ReportLimit, RoutineFigure
from grid.roles import Act
from grid.scope import require
from yizhou.audit import record
from yizhou.refusals import Refusal, reason_given

UNCONFIRMED = "系统建议，待县里核定"
ASK_SOURCE = "请写明依据，2 到 200 个字，例如文件名和文号。"
Key = RoutineFigure.Key
# Source: proposed; nobody has confirmed them for Yizhou. They also stand in where a row is missing.
PROPOSED = {
    Key.ROUTINE_A_WEEK: 12,
    Key.CHECK_A_WEEK: 30,
    Key.WORKDAYS_TO_VISIT: 10,
    Key.TRIES: 2,
    Key.LONGEST_PAUSE: 30,
}
MOST = 500
MOST_WORKDAYS = 60


def figure(key: RoutineFigure.Key, day: date) -> int:
    """The figure in force on a day; the proposed one where the county entered none."""
    row = RoutineFigure.objects.on(day).filter(key=key).first()
    return row.value if row else PROPOSED[key]


@transaction.atomic
def change_figure(
    *,
    acting: Account,
    key: str,
    value: int,
    from_on: date,
    source: str,
    is_confirmed: bool,
) -> None:
    """The figure from a day on; the one before ends that day. Raises NotAllowed, Refusal."""
    require(acting, Act.PLAN_VISITS)
    source = reason_given(source, ask=ASK_SOURCE)
    if key not in Key.values:
        raise Refusal("没有这个数值。请刷新页面重新选择。", code="key")
    if not 1 <= value <= MOST:
        raise Refusal(f"请填 1 到 {MOST} 的整数。", code="value")
    if from_on < timezone.localdate():
        raise Refusal("起用日期不能早于今天。", code="from_on")
    RoutineFigure.objects.select_for_update().filter(key=key).make_way(from_on)
    row = RoutineFigure.objects.create(
        key=key, value=value, from_on=from_on, source=source, is_confirmed=is_confirmed
    )
    record(
        acting=acting,
        verb="changed_routine_figure",
        subject=row,
        reason=source,
        detail={"key": key, "value": value, "from_on": f"{from_on}", "confirmed": is_confirmed},
    )


@transaction.atomic
def change_report_limit(
    *,
    acting: Account,
    step: str,
    value: int,
    from_on: date,
    source: str,
    is_confirmed: bool,
) -> None:
    """Working days of a report's step from a day on; reports already in keep their day.

    Raises NotAllowed, Refusal.
    """
    require(acting, Act.PLAN_VISITS)
    source = reason_given(source, ask=ASK_SOURCE)
    if step not in ReportLimit.Step.values:
        raise Refusal("没有这个时限。请刷新页面重新选择。", code="step")
    if not 1 <= value <= MOST_WORKDAYS:
        raise Refusal(f"请填 1 到 {MOST_WORKDAYS} 的整数。", code="value")
    if from_on < timezone.localdate():
        raise Refusal("起用日期不能早于今天。", code="from_on")
    ReportLimit.objects.select_for_update().filter(step=step).make_way(from_on)
    row = ReportLimit.objects.create(
        step=step, workdays=value, from_on=from_on, source=source, is_confirmed=is_confirmed
    )
    record(
        acting=acting,
        verb="changed_report_limit",
        subject=row,
        reason=source,
        detail={
            "step": step,
            "workdays": value,
            "from_on": f"{from_on}",
            "confirmed": is_confirmed,
        },
    )


def install_figures(from_on: date) -> None:
    """The proposed figures where none is; what officials changed stays."""
    known = set(RoutineFigure.objects.values_list("key", flat=True))
    RoutineFigure.objects.bulk_create(
        RoutineFigure(key=key, value=value, from_on=from_on, source=UNCONFIRMED)
        for key, value in PROPOSED.items()
        if key not in known
    )
