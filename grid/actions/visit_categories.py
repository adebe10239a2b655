"""How often whom: the county's rhythms, dated, with their source."""

from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from grid.actions.deadlines import install_steps
from grid.actions.figures import install_figures
from grid.models import Account, PlanEntry, Rhythm, VisitCategory
from grid.roles import Act
from grid.scope import require
from grid.visit_groups import BY_KEY
from yizhou.audit import record
from yizhou.refusals import Refusal, reason_given

UNCONFIRMED = "系统建议，待县里核定"
ASK_SOURCE = "请写明依据，2 到 200 个字，例如文件名和文号。"
# Source: reference 5.2: elsewhere every household monthly [R2]; proposed lighter here (the page
# counts the burden), to be confirmed by the county.
RHYTHMS = {
    "monitored": (Rhythm.MONTHLY, Rhythm.MONTHLY),
    "tekun_at_home": (Rhythm.MONTHLY, Rhythm.NEVER),
    "low_income": (Rhythm.QUARTERLY, Rhythm.QUARTERLY),
    "serious_illness": (Rhythm.QUARTERLY, Rhythm.NEVER),
    "dibao_new": (Rhythm.QUARTERLY, Rhythm.QUARTERLY),
    "disabled_new": (Rhythm.QUARTERLY, Rhythm.NEVER),
    "many_students": (Rhythm.QUARTERLY, Rhythm.QUARTERLY),
    "unstable_job": (Rhythm.QUARTERLY, Rhythm.QUARTERLY),
    "major_change": (Rhythm.MONTHLY, Rhythm.NEVER),
    "out_of_poverty": (Rhythm.QUARTERLY, Rhythm.QUARTERLY),
    "everybody": (Rhythm.HALF_YEARLY, Rhythm.HALF_YEARLY),
}


@transaction.atomic
def change_category(
    *,
    acting: Account,
    key: str,
    months: int,
    away_months: int,
    from_on: date,
    source: str,
    is_confirmed: bool,
) -> None:
    """A group's rhythm from a day on; the one before ends that day. Raises NotAllowed, Refusal."""
    require(acting, Act.PLAN_VISITS)
    source = reason_given(source, ask=ASK_SOURCE)
    if key not in BY_KEY:
        raise Refusal("没有这类农户。请回到走访频次重新选择。", code="key")
    if months not in Rhythm.values or away_months not in Rhythm.values:
        raise Refusal("请从列表里选择频次。", code="months")
    if from_on < timezone.localdate():
        raise Refusal("起用日期不能早于今天。", code="from_on")
    same = VisitCategory.objects.select_for_update().filter(key=key)
    if PlanEntry.objects.filter(category__in=same.filter(from_on__gte=from_on)).exists():
        raise Refusal("这类农户从这一天起的安排已经排好。请把起用日期改晚一天。", code="from_on")
    same.make_way(from_on)
    row = VisitCategory.objects.create(
        key=key,
        months=months,
        away_months=away_months,
        from_on=from_on,
        source=source,
        is_confirmed=is_confirmed,
    )
    record(
        acting=acting,
        verb="changed_visit_category",
        subject=row,
        reason=source,
        detail={
            "key": key,
            "months": months,
            "away_months": away_months,
            "from_on": f"{from_on}",
            "confirmed": is_confirmed,
        },
    )


@transaction.atomic
def install_routine(*, acting: Any, from_on: date | None = None) -> int:
    """The proposed rhythms, figures and rungs where none are; what officials changed stays."""
    from_on = from_on or timezone.localdate()
    known = set(VisitCategory.objects.values_list("key", flat=True))
    fresh = [
        VisitCategory(key=key, months=months, away_months=away, from_on=from_on, source=UNCONFIRMED)
        for key, (months, away) in RHYTHMS.items()
        if key not in known
    ]
    VisitCategory.objects.bulk_create(fresh)
    install_figures(from_on)
    install_steps(from_on)
    if fresh:
        record(
            acting=acting,
            verb="installed_routine",
            subject=("installation", "routine"),
            detail={"categories": len(fresh)},
        )
    return len(fresh)
