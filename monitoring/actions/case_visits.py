"""Visits made for cases come back; the paper is on file and the case waits for its next step."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from grid.actions.work_items import end_purposes
from grid.models import VisitReport, WorkItemPurpose
from monitoring.models import Case
from monitoring.papers import VISIT_PURPOSE
from yizhou.audit import SYSTEM, record


@transaction.atomic
def collect_case_visits(*, acting: Any = SYSTEM, work_item_id: int | None = None) -> int:
    """Take what visits found for cases. Doing it twice changes nothing. Returns how many."""
    taken = VisitReport.objects.to_collect(VISIT_PURPOSE, work_item_id=work_item_id)
    seen = set(
        Case.objects.filter(pk__in=[r.purpose.subject for r in taken]).values_list("pk", flat=True)
    )
    taken = [r for r in taken if r.purpose.subject in seen]
    for report in taken:
        end_purposes(
            acting=acting,
            kind=VISIT_PURPOSE,
            subjects=[report.purpose.subject],
            state=WorkItemPurpose.State.SETTLED,
            sentence=report.get_outcome_display(),
        )
    VisitReport.objects.filter(pk__in=[r.pk for r in taken]).update(collected_at=timezone.now())
    if taken:
        record(
            acting=acting,
            verb="collected_case_visits",
            subject=("grid.visitreport", taken[0].pk),
            detail={"count": len(taken)},
        )
    return len(taken)
