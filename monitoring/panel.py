"""The decision panel of one work item: evidence, history, and what may be decided now."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from grid.models import Account, Outcome, Visit, VisitReport, WorkItem
from grid.places import Place, places_of
from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import found
from grid.visit_form import spoken
from grid.visitors import Visitor, visitors_over
from monitoring.actions.alerts import SETTLED_BY, WITHOUT_VISIT
from monitoring.actions.dispatching import PURPOSE
from monitoring.evidence import Evidence, evidence_of, evidence_of_annotations
from monitoring.lifecycle import BY_NAME, why_not
from monitoring.models import Alert, Annotation


@dataclass(slots=True)
class ShownAlert:
    """One alert with its evidence, its report and whether it can be settled now."""

    alert: Alert
    evidence: Evidence
    report: VisitReport | None
    outcomes: list[tuple[str, str]]
    why_not: str

    @property
    def can_settle(self) -> bool:
        return not self.why_not

    def __getattr__(self, name: str) -> Any:
        return getattr(self.alert, name)


@dataclass(frozen=True, slots=True)
class ShownAnnotation:
    """A sign that lowers the household's alerts or stands beside them, with its source rows."""

    annotation: Annotation
    evidence: Evidence

    def __getattr__(self, name: str) -> Any:
        return getattr(self.annotation, name)


@dataclass(slots=True)
class Worker:
    """Somebody who could make the visit, nearest post first, with the visits already open."""

    account: Account
    role: str
    open_count: int
    current: bool

    @property
    def id(self) -> int:
        return self.account.pk

    @property
    def name(self) -> str:
        return self.account.name


@dataclass(slots=True)
class Panel:
    item: WorkItem
    place: Place
    alerts: list[ShownAlert]
    annotations: list[ShownAnnotation]
    history: list[Any]
    visit: Visit | None
    answers: list[tuple[str, str, bool]]
    workers: list[Worker]
    may_assign: bool
    may_settle: bool
    why_not: str
    errors: list[dict[str, str]] = field(default_factory=list)
    typed: dict[str, str] = field(default_factory=dict)
    earliest_due: date | None = None

    @property
    def household(self) -> Any:
        return self.item.household

    @property
    def lowered(self) -> bool:
        """Whether an alert is milder for an annotation; a blue one cannot be."""
        return any(entry.alert.lowered_from for entry in self.alerts)

    @property
    def only_alert(self) -> bool:
        return len(self.alerts) == 1


def panel_of(
    request: SignedInRequest,
    item_id: int,
    *,
    errors: list[dict[str, str]] | None = None,
    typed: dict[str, str] | None = None,
) -> Panel:
    """Raises NotFound outside the account's sight."""
    items = request.user.sees(WorkItem).select_related("household__head", "assignee")
    item = found(items, item_id)
    account = request.user
    visit = Visit.objects.filter(work_item=item).select_related("by").first()
    may_assign = account.may(Act.ASSIGN_WORK, code=item.code)
    alerts = _alerts(account, item)
    annotations = annotations_of(account, item.household_id)
    return Panel(
        item=item,
        place=places_of([item.code])[item.code],
        alerts=alerts,
        annotations=annotations,
        history=list(item.events.all()),
        visit=visit,
        answers=_answers(visit),
        workers=workers_for(item) if may_assign else [],
        may_assign=may_assign and item.state == WorkItem.State.TO_VISIT,
        may_settle=account.may(Act.SETTLE_ALERT, code=item.code),
        why_not=next((a.why_not for a in alerts if a.why_not), ""),
        errors=errors or [],
        typed=typed or {},
        earliest_due=timezone.localdate(),
    )


def _alerts(account: Any, item: WorkItem) -> list[ShownAlert]:
    subjects = item.purposes.filter(kind=PURPOSE).values_list("subject", flat=True)
    alerts = list(
        account.sees(Alert).filter(pk__in=list(subjects)).select_related("rule", "rule_version")
    )
    evidence = evidence_of(alerts)
    reports = {
        r.purpose.subject: r
        for r in VisitReport.objects.filter(
            purpose__kind=PURPOSE, purpose__subject__in=[a.pk for a in alerts]
        )
        .select_related("purpose", "visit__by")
        .order_by("id")
    }
    return [
        ShownAlert(
            alert=alert,
            evidence=evidence.get(alert.pk, Evidence()),
            report=reports.get(alert.pk),
            outcomes=outcomes_of(alert),
            why_not=why_not_settle(account, alert),
        )
        for alert in alerts
    ]


def annotations_of(account: Any, household_id: int) -> list[ShownAnnotation]:
    """What stands beside the household's alerts now, those that lower first."""
    rows = account.sees(Annotation).standing().filter(household=household_id)
    standing = list(rows.select_related("rule").order_by("-lowers", "rule"))
    evidence = evidence_of_annotations(standing)
    return [ShownAnnotation(a, evidence[a.pk]) for a in standing]


def outcomes_of(alert: Alert) -> list[tuple[str, str]]:
    """What the township may choose: all after a visit, only some before."""
    if alert.state in SETTLED_BY:
        return [(o.value, o.label) for o in Outcome if o in WITHOUT_VISIT]
    return list(Outcome.choices)


def why_not_settle(account: Any, alert: Alert) -> str:
    """Empty when the account may settle the alert now."""
    move = BY_NAME[SETTLED_BY.get(alert.state, "settle")]
    return why_not(move, state=alert.state, account=account, code=alert.code)


def _answers(visit: Visit | None) -> list[tuple[str, str, bool]]:
    """(question, answer in words, whether it is a bad sign)."""
    if visit is None:
        return []
    parts = spoken(visit.answers, version=visit.form_version)
    return [(line.label, line.words, line.is_bad) for _, lines in parts for line in lines]


def workers_for(item: WorkItem) -> list[Worker]:
    """Everybody who visits the item's place today, stand-ins for the absent, nearest first."""
    nearest: dict[int, Visitor] = {}
    for visitor in visitors_over([item.code], on=timezone.localdate()):
        nearest.setdefault(visitor.account.pk, visitor)
    loads = dict(
        Account.objects.filter(pk__in=nearest)
        .annotate(n=Count("work_items", filter=~Q(work_items__state=WorkItem.State.CLOSED)))
        .values_list("pk", "n")
    )
    return [
        Worker(
            account=visitor.account,
            role=visitor.label,
            open_count=loads[pk],
            current=pk == item.assignee_id,
        )
        for pk, visitor in nearest.items()
    ]
