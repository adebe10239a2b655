"""Alerts come back from the visit, and the township settles them; some become clues."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from grid.actions.work_items import end_purposes, return_work_item
from grid.models import (
    Account,
    Outcome,
    VisitReport,
    WorkItem,
    WorkItemPurpose,
)
from grid.roles import Act
from grid.scope import require
from monitoring.actions.clues import raise_clue
from monitoring.actions.dispatching import PURPOSE
from monitoring.actions.raising import follow_moves
from monitoring.lifecycle import BY_NAME
from monitoring.models import Alert, AlertEvent, AlertState, Clue, Finding
from yizhou.audit import SYSTEM, record
from yizhou.refusals import Overtaken, Refusal

# Outcomes that begin the procedure; every other one ends with the finding.
CLUE_OUTCOMES = frozenset(
    {
        Outcome.TO_MONITORING,
        Outcome.ALREADY_MONITORED_UPDATE,
        Outcome.ALREADY_ELIMINATED_ROLLBACK,
    }
)


@transaction.atomic
def collect_reports(*, acting: Any = SYSTEM, work_item_id: int | None = None) -> int:
    """Take what visits reported on alerts. Doing it twice changes nothing. Returns how many."""
    if work_item_id is None:  # beat's work: the page that just wrote has one visit to hand in
        follow_moves()
    taken = VisitReport.objects.to_collect(PURPOSE, work_item_id=work_item_id)
    # An alert that a move took behind the wall stays for beat, which stands in front of it.
    subjects = {r.purpose.subject for r in taken}
    seen = set(Alert.objects.filter(pk__in=subjects).values_list("pk", flat=True))
    taken = [r for r in taken if r.purpose.subject in seen]
    move = BY_NAME["report"]
    for report in taken:
        moved = Alert.objects.filter(pk=report.purpose.subject, state=move.source).update(
            state=move.target, version=F("version") + 1
        )
        if moved:
            AlertEvent.objects.create(
                alert_id=report.purpose.subject,
                verb=AlertEvent.Verb.REPORTED,
                by_name=report.visit.by.name,
                sentence=_reported(report),
            )
    VisitReport.objects.filter(pk__in=[r.pk for r in taken]).update(collected_at=timezone.now())
    if taken:
        record(
            acting=acting,
            verb="collected_reports",
            subject=("grid.visitreport", taken[0].pk),
            detail={"count": len(taken)},
        )
    return len(taken)


def _reported(report: VisitReport) -> str:
    text = report.get_outcome_display()
    return (f"{text}：{report.note}" if report.note else text)[:300]


@transaction.atomic
def settle_alert(
    *, acting: Account, alert: Alert, version_seen: int, outcome: str, reason: str
) -> Finding:
    """Close an alert with an outcome and its reason; outcomes of CLUE_OUTCOMES raise a clue.

    Before a visit, sent out or still in line, only outcomes that need none are allowed. Raises
    Refusal, Overtaken.
    """
    require(acting, Act.SETTLE_ALERT, code=alert.code)
    if outcome not in Outcome.values:
        raise Refusal("请选择核实结果。", code="outcome_missing")
    if len(reason.strip()) < 4:
        raise Refusal("请写明依据和理由（至少 4 个字）。", code="reason_missing")
    move = BY_NAME[SETTLED_BY.get(alert.state, "settle")]
    if alert.state in SETTLED_BY and outcome not in WITHOUT_VISIT:
        raise Refusal("这个结果要有入户核实，请先派人入户。", code="visit_missing")
    changed = Alert.objects.filter(pk=alert.pk, state=move.source, version=version_seen).update(
        state=move.target, closed_at=timezone.now(), version=F("version") + 1
    )
    if not changed:
        raise Overtaken()
    report = _latest_report([alert.pk])
    finding = Finding.objects.create(
        alert=alert,
        visit=report.visit if report else None,
        outcome=outcome,
        reason=reason,
        decided_by=acting,
    )
    label = Outcome(outcome).label
    if outcome in CLUE_OUTCOMES:
        raise_clue(
            acting=acting,
            household=alert.household,
            source=Clue.Source.DEPT_ALERT,
            alert=alert,
            risk=alert.rule.risk,
            sentence=alert.sentence,
            visit=finding.visit,
        )
    AlertEvent.objects.create(
        alert=alert,
        verb=AlertEvent.Verb.SETTLED,
        by_name=acting.name,
        sentence=f"{label}：{reason}"[:300],
    )
    end_purposes(
        acting=acting,
        kind=PURPOSE,
        subjects=[alert.pk],
        state=WorkItemPurpose.State.SETTLED,
        sentence=label,
    )
    record(
        acting=acting,
        verb="settled_alert",
        subject=alert,
        reason=reason,
        detail={"outcome": outcome},
    )
    return finding


# The move that settles an alert nobody has visited, by its state.
SETTLED_BY: dict[str, str] = {
    AlertState.TO_VERIFY: "settle_unvisited",
    AlertState.HELD: "settle_held",
}

# A township may close without a visit only what needs no look at the household.
WITHOUT_VISIT = frozenset(
    {Outcome.NO_RISK_DATA_ERROR, Outcome.DECEASED_OR_MOVED, Outcome.DEPT_PROBLEM}
)


def _latest_report(alert_ids: Sequence[int]) -> VisitReport | None:
    return (
        VisitReport.objects.filter(purpose__kind=PURPOSE, purpose__subject__in=alert_ids)
        .select_related("visit")
        .order_by("-id")
        .first()
    )


@transaction.atomic
def return_visit(*, acting: Account, item: WorkItem, version_seen: int, reason: str) -> None:
    """Send a reported visit back to its worker; the alerts behind it are to be verified again."""
    require(acting, Act.SETTLE_ALERT, code=item.code)
    move = BY_NAME["return"]
    subjects = list(
        WorkItemPurpose.objects.filter(
            work_item=item, kind=PURPOSE, state=WorkItemPurpose.State.REPORTED
        ).values_list("subject", flat=True)
    )
    # Alerts before items, as everywhere: two people deciding at once wait, they do not deadlock.
    list(Alert.objects.select_for_update().filter(pk__in=subjects).order_by("pk"))
    return_work_item(acting=acting, item=item, version_seen=version_seen, reason=reason)
    moved = list(
        Alert.objects.filter(pk__in=subjects, state=move.source).values_list("pk", flat=True)
    )
    Alert.objects.filter(pk__in=moved).update(state=move.target, version=F("version") + 1)
    AlertEvent.objects.bulk_create(
        AlertEvent(
            alert_id=pk,
            verb=AlertEvent.Verb.RETURNED,
            by_name=acting.name,
            sentence=reason[:300],
        )
        for pk in moved
    )
