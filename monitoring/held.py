"""Alerts that wait in line: by village and by the worker who would visit, with budgets used."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case, DecimalField, F, QuerySet, Value, When
from django.db.models.functions import Greatest, Left
from django.utils import timezone

from grid.actions.work_items import route
from grid.models import Account, Severity
from grid.places import Place, places_of
from grid.roles import Role
from monitoring.actions.dispatching import limits, used_this_week
from monitoring.actions.freezing import figures_on
from monitoring.models import Alert, AlertState

HOW_FAR = Case(
    When(line=None, then=Value(1)),
    When(line__lte=0, then=Value(1)),
    When(
        rule_version__definition__direction="down",
        then=F("line") / Greatest(F("value"), Value(1)),
    ),
    default=F("value") / F("line"),
    output_field=DecimalField(max_digits=20, decimal_places=4),
)


@dataclass(frozen=True, slots=True)
class Budget:
    """What a worker was sent this week of one severity; `most` None without a limit."""

    severity: Severity
    used: int
    most: int

    @property
    def full(self) -> bool:
        return self.used >= self.most


@dataclass(slots=True)
class Waiting:
    """One alert in line and for how many days."""

    alert: Alert
    place: Place
    days: int

    def __getattr__(self, name: str) -> Any:
        return getattr(self.alert, name)


@dataclass(slots=True)
class Group:
    """Alerts of one village that one worker would verify."""

    village: str
    worker: str
    budgets: list[Budget]
    rows: list[Waiting] = field(default_factory=list)


def held_alerts(account: Any, *, village: str = "", severity: str = "") -> QuerySet[Alert]:
    """In the order in which they are sent: village by village, gravest and farthest over first."""
    rows: QuerySet[Alert] = account.sees(Alert).filter(state=AlertState.HELD)
    if village:
        rows = rows.filter(code__gte=village, code__lt=village + "~")
    if severity:
        rows = rows.filter(severity=int(severity))
    return (
        rows.select_related("rule", "household__head")
        .annotate(how_far=HOW_FAR)
        .order_by(Left("code", 12), "severity", "-how_far", "opened_at", "pk")
    )


def grouped(alerts: Sequence[Alert]) -> list[Group]:
    """The alerts of one page; as many queries for many as for few."""
    today = timezone.localdate()
    places = places_of(a.code for a in alerts)
    routes = route((a.code for a in alerts), on=today)
    workers = {account for account, _ in routes.values()}
    names = dict(Account.objects.filter(pk__in=workers).values_list("pk", "name"))
    used = used_this_week(workers)
    most = limits(figures_on(today))
    groups: dict[tuple[str, int | None], Group] = {}
    for alert in alerts:
        account, role = routes.get(alert.code, (None, ""))
        place = places[alert.code]
        group = groups.setdefault(
            (alert.code[:12], account),
            Group(
                village=f"{place.township} {place.village}",
                worker=f"{Role(role).label} {names[account]}" if account else "",
                budgets=[
                    Budget(s, used.get((account or 0, s.value), 0), n) for s, n in most.items()
                ]
                if account
                else [],
            ),
        )
        days = (today - timezone.localdate(alert.opened_at)).days
        group.rows.append(Waiting(alert, place, days))
    return list(groups.values())
