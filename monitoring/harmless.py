"""Alerts whose visit found nothing that needs anybody: the only ones settled together."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.urls import reverse

from grid.models import Outcome, VisitReport
from grid.places import Place, places_of
from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import in_subtrees
from monitoring.actions.dispatching import PURPOSE
from monitoring.models import Alert, AlertState

# Source: the county's own proposal (issue of the grid); every other outcome is decided one by one.
HARMLESS = (Outcome.NO_RISK_SELF_SOLVED, Outcome.NO_RISK_DATA_ERROR)


def with_last_report(alerts: QuerySet[Alert]) -> Any:
    """Each alert with the latest visit's report: `report_id` and `reported` (its outcome)."""
    latest = VisitReport.objects.filter(
        purpose__kind=PURPOSE, purpose__subject=OuterRef("pk")
    ).order_by("-id")
    return alerts.annotate(
        report_id=Subquery(latest.values("pk")[:1]), reported=Subquery(latest.values("outcome")[:1])
    )


def harmless_alerts(account: Any, *, village: str = "", outcome: str = "") -> Any:
    """Reported alerts in sight that may be settled together, oldest deadline first."""
    alerts = with_last_report(account.sees(Alert).filter(state=AlertState.REPORTED))
    alerts = alerts.filter(reported__in=[outcome] if outcome in HARMLESS else HARMLESS)
    if village:
        alerts = alerts.filter(in_subtrees("code", (village,)))
    return alerts.select_related("household__head", "rule").order_by("due_on", "severity", "id")


@dataclass(frozen=True, slots=True)
class HarmlessRow:
    """An alert with what the visit said of it."""

    alert: Any
    report: VisitReport
    place: Place

    @property
    def pick(self) -> str:
        return f"{self.alert.pk}-{self.alert.version}"


def rows_of(alerts: list[Any]) -> list[HarmlessRow]:
    """Two queries whatever the number."""
    places = places_of(alert.code for alert in alerts)
    reports = (
        VisitReport.objects.filter(pk__in=[alert.report_id for alert in alerts])
        .select_related("visit__by")
        .in_bulk()
    )
    return [
        HarmlessRow(alert, reports[alert.report_id], places[alert.code])
        for alert in alerts
        if alert.report_id in reports
    ]


def desk_section(request: SignedInRequest) -> list[dict[str, Any]]:
    """What the township's desk shows of alerts (settings.DESK_SECTIONS)."""
    if not request.user.may(Act.SETTLE_ALERT):
        return []
    alerts = with_last_report(request.user.sees(Alert).filter(state=AlertState.REPORTED))
    counts = dict(alerts.order_by().values_list("reported").annotate(Count("pk")))
    harmless = sum(counts.get(outcome, 0) for outcome in HARMLESS)
    return [
        {
            "label": "入户后无风险、可批量办结",
            "count": harmless,
            "unit": "条",
            "url": reverse("batch-settle"),
            "tone": "",
        },
        {
            "label": "须逐条定结论",
            "count": sum(counts.values()) - harmless,
            "unit": "条",
            "url": reverse("queue", query={"status": "reported"}),
            "tone": "",
        },
    ]
