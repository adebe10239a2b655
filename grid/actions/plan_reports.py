"""What a visit said about the plan's and the checks' purposes.

Without a risk the purpose is settled at once, no office looks at it again. Nobody met: another
try, by phone. Anything else waits for the township, which says what follows.
"""

from collections import defaultdict
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from grid.actions.figures import figure
from grid.actions.visit_plans import CHECK, ROUTINE
from grid.actions.work_items import end_purposes
from grid.models import (
    Account,
    Outcome,
    PlanEntry,
    RoutineFigure,
    VisitReport,
    WorkItemPurpose,
)
from grid.roles import Act
from grid.scope import require
from yizhou.audit import SYSTEM, record
from yizhou.refusals import Overtaken, reason_given

QUIET = frozenset({Outcome.NO_RISK_SELF_SOLVED, Outcome.NO_RISK_DATA_ERROR})
RISK = frozenset(
    {
        Outcome.DEPT_PROBLEM,
        Outcome.TO_SOCIAL_ASSISTANCE,
        Outcome.TO_MONITORING,
        Outcome.ALREADY_MONITORED_UPDATE,
        Outcome.ALREADY_ELIMINATED_ROLLBACK,
        Outcome.REFUSED,
    }
)
ASK = "请写明怎么处理，2 到 200 个字，例如“已转入监测对象识别程序”。"
State = PlanEntry.State
PurposeState = WorkItemPurpose.State


@transaction.atomic
def collect_plan_reports(*, acting: Any = SYSTEM, work_item_id: int | None = None) -> int:
    """Take what visits reported on planned visits. Doing it twice changes nothing. How many."""
    taken = VisitReport.objects.to_collect(ROUTINE, CHECK, work_item_id=work_item_id)
    # An entry that a move took behind the wall stays for beat, which stands in front of it.
    asked = {r.purpose.subject for r in taken}
    seen = set(PlanEntry.objects.filter(pk__in=asked).values_list("pk", flat=True))
    taken = [r for r in taken if r.purpose.subject in seen]
    ended: dict[tuple[str, str], list[int]] = defaultdict(list)
    for report in taken:
        if sentence := _entered(report):
            ended[report.purpose.kind, sentence].append(report.purpose.subject)
    VisitReport.objects.filter(pk__in=[r.pk for r in taken]).update(collected_at=timezone.now())
    for (kind, sentence), entries in ended.items():
        end_purposes(
            acting=acting,
            kind=kind,
            subjects=entries,
            state=PurposeState.SETTLED,
            sentence=sentence,
        )
    if taken:
        record(
            acting=acting,
            verb="collected_plan_reports",
            subject=("grid.visitreport", taken[0].pk),
            detail={"count": len(taken)},
        )
    return len(taken)


def _entered(report: VisitReport) -> str:
    """Write the report on its entry. Returns why the purpose is over, or nothing: it is not."""
    entry = PlanEntry.objects.filter(pk=report.purpose.subject)
    day = timezone.localdate(report.visit.visited_at)
    if report.outcome == Outcome.NOT_CONTACTABLE:
        return _not_met(entry.select_for_update().get(), report)
    entry.update(
        state=State.DONE,
        done_on=day,
        visit=report.visit,
        tries=F("tries") + 1,
        found_risk=report.outcome in RISK,
    )
    return "走访完成，没有风险" if report.outcome in QUIET else ""


def _not_met(entry: PlanEntry, report: VisitReport) -> str:
    """Another try a week on, by phone where the plan allows it, until the tries or the days end."""
    entry.tries += 1
    entry.visit = report.visit
    again = timezone.localdate() + timedelta(days=7)
    most = figure(RoutineFigure.Key.TRIES, timezone.localdate())
    if entry.tries < most and again < entry.period_until:
        entry.state, entry.week_on, entry.work_item = State.PLANNED, again, None
        if entry.campaign_id is None:
            entry.mode = PlanEntry.Mode.PHONE
        sentence = f"没见到人，{again:%m-%d} 起再次联系"
    else:
        entry.state = State.NOT_MET
        sentence = f"去过 {entry.tries} 次没见到人，本期不再安排"
    entry.save(update_fields=["tries", "visit", "state", "week_on", "work_item", "mode"])
    return sentence


@transaction.atomic
def decide_plan_report(*, acting: Account, entry: PlanEntry, reason: str) -> None:
    """The township has seen what a planned visit found and says what follows.

    Raises NotAllowed, Refusal, Overtaken.
    """
    require(acting, Act.SETTLE_ALERT, code=entry.code)
    reason = reason_given(reason, ask=ASK)
    kind = ROUTINE if entry.campaign_id is None else CHECK
    waiting = WorkItemPurpose.objects.select_for_update().filter(
        kind=kind, subject=entry.pk, state=PurposeState.REPORTED
    )
    if not list(waiting):
        raise Overtaken("这一户已经有人处理过。请刷新页面。")
    end_purposes(
        acting=acting,
        kind=kind,
        subjects=[entry.pk],
        state=PurposeState.SETTLED,
        sentence=f"走访发现已处理：{reason}",
    )
    record(
        acting=acting,
        verb="decided_plan_report",
        subject=entry,
        reason=reason,
        detail={"household": entry.household_id},
    )
