"""Monitoring's section of the household dossier: alerts with reasons and outcomes, annotations."""

from typing import Any

from grid.requests import SignedInRequest
from monitoring.evidence import evidence_of
from monitoring.models import Alert
from monitoring.panel import annotations_of


def alerts(request: SignedInRequest, household: Any) -> dict[str, Any]:
    """The household's alerts, open ones first."""
    shown = list(
        request.user.sees(Alert)
        .filter(household=household)
        .select_related("rule", "finding__decided_by")
        .order_by("closed_at", "-opened_at")[:20]
    )
    evidence = evidence_of(shown)
    return {
        "title": "为什么预警",
        "template": "monitoring/dossier_alerts.html",
        "context": {
            "alerts": [(a, evidence.get(a.pk)) for a in shown],
            "annotations": annotations_of(request.user, household.pk),
            "lowered": any(a.lowered_from and a.closed_at is None for a in shown),
        },
    }
