"""Several harmless alerts settled together, with one reason, each at the version that was seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from grid.actions.work_items import end_purposes
from grid.models import Account, Outcome, VisitReport, WorkItemPurpose
from grid.roles import Act
from grid.scope import require
from monitoring.actions.dispatching import PURPOSE
from monitoring.harmless import HARMLESS, with_last_report
from monitoring.lifecycle import BY_NAME
from monitoring.models import Alert, AlertEvent, Finding
from yizhou.audit import record
from yizhou.refusals import Overtaken, Refusal

MOST_AT_ONCE = 200
SHORTEST_REASON = 4


@dataclass(frozen=True, slots=True)
class Settled:
    """Alerts settled, and those that stayed: changed by others, or not harmless."""

    settled: list[int]
    overtaken: list[int]
    one_by_one: list[int]


@transaction.atomic
def settle_together(*, acting: Account, picks: Sequence[tuple[int, int]], reason: str) -> Settled:
    """Settle (alert, version seen) pairs whose visit reported one of HARMLESS; others stay.

    Each takes the outcome its visit reported. Raises NotAllowed, Refusal (reason, too many, none
    harmless), Overtaken when none is as it was seen.
    """
    reason = _checked(picks, reason)
    seen = dict(picks)
    locked = Alert.objects.select_for_update().filter(pk__in=seen).order_by("pk")
    alerts = {alert.pk: alert for alert in locked}
    for code in {alert.code for alert in alerts.values()}:
        require(acting, Act.SETTLE_ALERT, code=code)
    move = BY_NAME["settle"]
    found = with_last_report(Alert.objects.filter(pk__in=alerts))
    reported = {pk: (report, said) for pk, report, said in found.values_list(*COLUMNS)}
    current = [a for a in alerts.values() if a.state == move.source and a.version == seen[a.pk]]
    taken = [a.pk for a in current if reported[a.pk][1] in HARMLESS]
    others = [a.pk for a in current if a.pk not in set(taken)]
    overtaken = sorted(set(seen) - {a.pk for a in current})
    if not taken:
        if not others:
            raise Overtaken()
        raise Refusal("勾选的预警都不是“无风险”或“数据有误”，请逐条办结。", code="one_by_one")
    _write(acting, taken, reported, reason, move.target)
    end_purposes(
        acting=acting,
        kind=PURPOSE,
        subjects=taken,
        state=WorkItemPurpose.State.SETTLED,
        sentence="无风险，批量办结",
    )
    record(
        acting=acting,
        verb="settled_many_alerts",
        subject=("monitoring.alert", taken[0]),
        reason=reason,
        detail={"alerts": taken, "outcomes": {str(pk): reported[pk][1] for pk in taken}},
    )
    return Settled(taken, overtaken, others)


COLUMNS = ("pk", "report_id", "reported")


def _checked(picks: Sequence[tuple[int, int]], reason: str) -> str:
    if not picks:
        raise Refusal("没有勾选预警。请先勾选要办结的。", code="nothing_ticked")
    if len(picks) > MOST_AT_ONCE:
        raise Refusal(f"一次最多办结 {MOST_AT_ONCE} 条，请分几次办理。", code="too_many")
    said = " ".join(reason.split())
    if len(said) < SHORTEST_REASON:
        raise Refusal(
            f"请写明依据和理由（至少 {SHORTEST_REASON} 个字），它会写进每一条。", code="reason"
        )
    return said[:500]


def _write(
    acting: Account, taken: list[int], reported: dict[int, Any], reason: str, target: str
) -> None:
    """Alerts, findings and events of all at once. The finding names the visit it rests on."""
    visits = dict(
        VisitReport.objects.filter(pk__in=[reported[pk][0] for pk in taken]).values_list(
            "pk", "visit_id"
        )
    )
    Alert.objects.filter(pk__in=taken).update(
        state=target, closed_at=timezone.now(), version=F("version") + 1
    )
    Finding.objects.bulk_create(
        Finding(
            alert_id=pk,
            visit_id=visits[reported[pk][0]],
            outcome=reported[pk][1],
            reason=reason,
            decided_by=acting,
        )
        for pk in taken
    )
    AlertEvent.objects.bulk_create(
        AlertEvent(
            alert_id=pk,
            verb=AlertEvent.Verb.SETTLED,
            by_name=acting.name,
            sentence=f"批量办结，{Outcome(reported[pk][1]).label}：{reason}"[:300],
        )
        for pk in taken
    )
