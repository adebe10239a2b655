"""How a township's finding speaks about the rule that raised the alert, and the rates from it.

Source: proposed, to be confirmed by the county. "Confirmed": the visit found something that had to
be acted on, whoever acts. "Refuted": there was nothing, or the record was wrong. A household that
could not be reached says neither.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncMonth

from grid.models import Outcome
from monitoring.models.alert import OPEN

CONFIRMED = frozenset(
    {
        Outcome.TO_MONITORING,
        Outcome.ALREADY_MONITORED_UPDATE,
        Outcome.ALREADY_ELIMINATED_ROLLBACK,
        Outcome.TO_SOCIAL_ASSISTANCE,
        Outcome.DEPT_PROBLEM,
        Outcome.REFUSED,
    }
)
REFUTED = frozenset(
    {Outcome.NO_RISK_SELF_SOLVED, Outcome.NO_RISK_DATA_ERROR, Outcome.DECEASED_OR_MOVED}
)


@dataclass(frozen=True, slots=True)
class Rate:
    """Alerts of one rule (and month) and what became of them."""

    rule_id: str
    month: date | None
    alerts: int = 0
    verified: int = 0
    confirmed: int = 0
    refuted: int = 0
    open: int = 0
    overdue: int = 0

    @property
    def judged(self) -> int:
        return self.confirmed + self.refuted

    @property
    def percent(self) -> int | None:
        """Confirmed of those judged; None while nothing is judged."""
        return round(100 * self.confirmed / self.judged) if self.judged else None


def _counts(today: date) -> dict[str, Count]:
    still_open = Q(state__in=OPEN)
    return {
        "alerts": Count("pk"),
        "verified": Count("pk", filter=Q(finding__isnull=False)),
        "confirmed": Count("pk", filter=Q(finding__outcome__in=CONFIRMED)),
        "refuted": Count("pk", filter=Q(finding__outcome__in=REFUTED)),
        "open": Count("pk", filter=still_open),
        "overdue": Count("pk", filter=still_open & Q(due_on__lt=today)),
    }


def rates(alerts: "QuerySet[Any]", *, today: date) -> dict[str, Rate]:
    """By rule, over the alerts given (narrowed by sight and time). One query."""
    rows = alerts.order_by().values("rule_id").annotate(**_counts(today))
    return {row["rule_id"]: Rate(month=None, **row) for row in rows}


def rates_by_month(alerts: "QuerySet[Any]", *, today: date) -> list[Rate]:
    """By rule and month of opening, newest month first. One query."""
    rows = (
        alerts.order_by()
        .annotate(month=TruncMonth("opened_at"))
        .values("rule_id", "month")
        .annotate(**_counts(today))
        .order_by("-month", "rule_id")
    )
    return [Rate(**(row | {"month": row["month"].date()})) for row in rows]
