"""Reports of households come back from the visit; what is a risk becomes a clue."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from grid.actions.discovery import PURPOSE, end_report
from grid.actions.work_items import end_purposes
from grid.models import HouseholdReport, VisitReport, WorkItemPurpose
from grid.models.discovery import Difficulty
from monitoring.actions.alerts import CLUE_OUTCOMES
from monitoring.actions.clues import raise_clue
from monitoring.models import Clue
from yizhou.audit import SYSTEM, record

# Words of the risk list (reference 3.4); houses and others have none of their own there.
RISKS: dict[str, str] = {
    Difficulty.ILL: "因病",
    Difficulty.DISABLED: "因残",
    Difficulty.ACCIDENT: "因意外事故",
    Difficulty.DISASTER: "因自然灾害",
    Difficulty.SCHOOLING: "因学",
    Difficulty.JOB_LOST: "因务工就业不稳",
    Difficulty.WATER: "因安全饮水",
    Difficulty.OLD_ALONE: "缺劳动力",
}


@transaction.atomic
def collect_discoveries(*, acting: Any = SYSTEM, work_item_id: int | None = None) -> int:
    """Take what visits found of reported households. Doing it twice changes nothing.

    A report named by its village or tun lies outside a worker's wall and waits for beat.
    """
    taken = VisitReport.objects.to_collect(PURPOSE, work_item_id=work_item_id)
    told = HouseholdReport.objects.in_bulk([r.purpose.subject for r in taken], field_name="number")
    taken = [r for r in taken if r.purpose.subject in told]
    for report in taken:
        _take(acting, report, told[report.purpose.subject])
    VisitReport.objects.filter(pk__in=[r.pk for r in taken]).update(collected_at=timezone.now())
    if taken:
        record(
            acting=acting,
            verb="collected_reports",
            subject=("grid.visitreport", taken[0].pk),
            detail={"count": len(taken)},
        )
    return len(taken)


def _take(acting: Any, report: VisitReport, told: HouseholdReport) -> None:
    visit = report.visit
    end_report(acting=acting, report=told, outcome=report.outcome)
    if report.outcome in CLUE_OUTCOMES:
        raise_clue(
            acting=visit.by,
            household=visit.household,
            source=Clue.Source.CADRE_CHECK,
            risk=RISKS.get(told.difficulty, "其他"),
            sentence=report.note or told.sentence,
            visit=visit,
        )
    end_purposes(
        acting=acting,
        kind=PURPOSE,
        subjects=[told.number],
        state=WorkItemPurpose.State.SETTLED,
        sentence=report.get_outcome_display(),
    )
