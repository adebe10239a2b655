"""The township's verification queue: one query object for counters, list and page."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, Prefetch, Q
from django.db.models.functions import Left
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from grid.models import Department, Region, Severity, WorkItem, WorkItemPurpose
from grid.places import Place, places_of
from monitoring.actions.dispatching import PURPOSE
from monitoring.feeds import FEEDS
from monitoring.models import Alert, AlertState, Rule

PER_PAGE = 12
COUNT_CAP = 1000  # beyond this the page says "1,000+", counting on is not worth the wait
State = WorkItem.State

STATUSES: dict[str, tuple[str, str]] = {
    "": ("全部待办", ""),
    "overdue": ("已超期", "red"),
    "today": ("今天到期", "org"),
    "unassigned": ("未派单", ""),
    "verifying": ("网格员核查中", ""),
    "reported": ("已回传，待审核", ""),
    "returned": ("退回补充", ""),
    "done": ("近 7 天办结", ""),
}
SORTS = {
    "": ("due_on", "severity", "id"),
    "severity": ("severity", "due_on", "id"),
    "newest": ("-opened_at", "id"),
}


def status_condition(status: str, today: date) -> Q:
    is_open = ~Q(state=State.CLOSED)
    return {
        "": is_open,
        "overdue": is_open & Q(due_on__lt=today),
        "today": is_open & Q(due_on=today),
        "unassigned": Q(state=State.TO_VISIT, assignee=None),
        "verifying": Q(state=State.TO_VISIT, assignee__isnull=False),
        "reported": Q(state=State.VISITED),
        "returned": Q(state=State.TO_VISIT) & ~Q(returned_because=""),
        "done": Q(state=State.CLOSED, closed_at__gte=timezone.now() - timedelta(days=7)),
    }[status]


def to_verify(account: Any) -> Any:
    """Items in sight that an alert is behind; routine visits and checks have pages of their own."""
    alerts = WorkItemPurpose.objects.filter(work_item=OuterRef("pk"), kind=PURPOSE)
    return account.sees(WorkItem).filter(Exists(alerts))


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for; unknown values are dropped, so a pasted link never fails."""

    status: str = ""
    severity: str = ""
    rule: str = ""
    village: str = ""
    department: str = ""
    q: str = ""
    sort: str = ""
    page: int = 1

    @classmethod
    def read(cls, query: QueryDict) -> "Filters":
        page = query.get("page", "1")
        return cls(
            status=query.get("status", "") if query.get("status", "") in STATUSES else "",
            severity=query.get("severity", "") if query.get("severity", "") in "1234" else "",
            rule=query.get("rule", "")[:20],
            village=query.get("village", "")[:17],
            department=query.get("department", "")[:30],
            q=query.get("q", "").strip()[:40],
            sort=query.get("sort", "") if query.get("sort", "") in SORTS else "",
            page=min(int(page), 100_000) if page.isascii() and page.isdigit() else 1,
        )

    def url(self, **changes: Any) -> str:
        """The queue's address with some filters changed; the page starts again at 1."""
        values = {name: getattr(self, name) for name in self.__slots__} | {"page": 1} | changes
        kept = {k: v for k, v in values.items() if v and not (k == "page" and v == 1)}
        return "/queue/" + (f"?{urlencode(kept)}" if kept else "")


@dataclass(slots=True)
class Row:
    """A work item with what the list shows beside it."""

    item: WorkItem
    place: Place
    purposes: list[WorkItemPurpose]
    sources: list[str]
    url: str
    selected: bool

    @property
    def top_purpose(self) -> WorkItemPurpose | None:
        return self.purposes[0] if self.purposes else None

    @property
    def more_purposes(self) -> int:
        return max(0, len(self.purposes) - 1)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.item, name)


class Queue:
    """What one account sees under some filters."""

    def __init__(self, account: Any, filters: Filters) -> None:
        self.account = account
        self.filters = filters
        self.today = timezone.localdate()

    def everything(self) -> Any:
        """Items with an alert to verify, within sight, under all filters but the status."""
        f = self.filters
        rows = to_verify(self.account)
        if f.severity:
            rows = rows.filter(severity=int(f.severity))
        if f.village:
            rows = rows.filter(code__gte=f.village, code__lt=f.village + "~")
        if f.rule or f.department:
            rows = rows.filter(self._has_alert(f.rule, f.department))
        if f.q:
            rows = rows.filter(
                Q(household__head__name__startswith=f.q)
                | Q(household__number=f.q)
                | Q(household__head__id_tail=f.q[-4:].upper())
                if len(f.q) == 4 and f.q[:3].isdigit()
                else Q(household__head__name__startswith=f.q) | Q(household__number=f.q)
            )
        return rows

    def _has_alert(self, rule: str, department: str) -> Exists:
        alerts = Alert.objects.filter(household=OuterRef("household"))
        if rule:
            alerts = alerts.filter(rule=rule)
        if department:
            feeds = [code for code, feed in FEEDS.items() if feed.department == department]
            alerts = alerts.filter(hits__evidence__has_any_keys=feeds)
        return Exists(alerts)

    def listed(self) -> Any:
        return (
            self.everything()
            .filter(status_condition(self.filters.status, self.today))
            .order_by(*SORTS[self.filters.sort])
        )

    def counters(self) -> list[dict[str, Any]]:
        """All counters in one grouped query with the list's own scope."""
        counts = self.everything().aggregate(
            **{
                f"n_{key}": Count("pk", filter=status_condition(key, self.today))
                for key in STATUSES
            }
        )
        return [
            {
                "key": key,
                "label": label,
                "tone": tone,
                "count": counts[f"n_{key}"],
                "url": self.filters.url(status=key),
                "current": key == self.filters.status,
            }
            for key, (label, tone) in STATUSES.items()
        ] + [
            {
                "key": "held",
                "label": AlertState.HELD.label,
                "tone": "",
                "count": self._held(),
                "url": reverse("held"),
                "current": False,
            }
        ]

    def _held(self) -> int:
        """Households in sight whose alerts wait for a worker's budget: another list, no filters."""
        held = self.account.sees(Alert).filter(state=AlertState.HELD)
        return int(held.aggregate(n=Count("household", distinct=True))["n"])

    def by_place(self, *, below: str) -> list["PlaceCount"]:
        """Open work by the regions one level below `below`, busiest first; two queries."""
        length = next((n for n in (9, 12, 15, 17) if n > len(below)), 17)
        counts = (
            self.everything()
            .open()
            .order_by()
            .annotate(place=Left("code", length))
            .values("place")
            .annotate(
                open=Count("pk"),
                overdue=Count("pk", filter=status_condition("overdue", self.today)),
                unassigned=Count("pk", filter=status_condition("unassigned", self.today)),
                reported=Count("pk", filter=status_condition("reported", self.today)),
            )
            .order_by("-overdue", "-open")[:30]
        )
        rows = list(counts)
        names = dict(
            Region.objects.filter(code__in=[r["place"] for r in rows]).values_list("code", "name")
        )
        return [
            PlaceCount(
                code=r["place"],
                name=names.get(r["place"], ""),
                open=r["open"],
                overdue=r["overdue"],
                unassigned=r["unassigned"],
                reported=r["reported"],
            )
            for r in rows
        ]

    def severities(self) -> list[dict[str, Any]]:
        base = Queue(self.account, _without(self.filters, "severity"))
        counts = dict(
            base.listed().order_by().values_list("severity").annotate(n=Count("pk")).order_by()
        )
        return [
            {
                "value": grade.value,
                "label": grade.label,
                "count": counts.get(grade.value, 0),
                "url": self.filters.url(severity=grade.value),
                "current": self.filters.severity == str(grade.value),
            }
            for grade in Severity
        ]

    def page(self, selected: int | None) -> tuple[list[Row], dict[str, Any]]:
        """The rows of this page and what the pager needs."""
        capped = min(self.listed()[: COUNT_CAP + 1].count(), COUNT_CAP + 1)
        pages = Paginator(range(min(capped, COUNT_CAP)), PER_PAGE)
        number = max(1, min(self.filters.page, pages.num_pages))
        start = (number - 1) * PER_PAGE
        items = list(
            self.listed()
            .select_related("household__head", "assignee")
            .prefetch_related(
                Prefetch("purposes", queryset=WorkItemPurpose.objects.order_by("severity", "id"))
            )[start : start + PER_PAGE]
        )
        f = self.filters
        return self._rows(items, selected), {
            "number": number,
            "has_previous": number > 1,
            "has_next": number < pages.num_pages,
            "previous_url": f.url(page=number - 1),
            "next_url": f.url(page=number + 1),
            "count": min(capped, COUNT_CAP),
            "count_capped": capped > COUNT_CAP,
            "start": start + 1 if items else 0,
            "end": start + len(items),
            "pages": [
                {"n": n, "url": f.url(page=n), "current": n == number}
                for n in pages.get_elided_page_range(number, on_each_side=2, on_ends=1)
            ],
        }

    def _rows(self, items: list[WorkItem], selected: int | None) -> list[Row]:
        places = places_of(item.code for item in items)
        purposes = {item.pk: _shown_purposes(item) for item in items}
        sources = _sources([p for shown in purposes.values() for p in shown])
        return [
            Row(
                item=item,
                place=places[item.code],
                purposes=purposes[item.pk],
                sources=sorted({s for p in purposes[item.pk] for s in sources[p.subject]}),
                url=self.filters.url(page=self.filters.page, selected=item.pk),
                selected=item.pk == selected,
            )
            for item in items
        ]


def _without(filters: Filters, name: str) -> Filters:
    values = {n: getattr(filters, n) for n in Filters.__slots__}
    return Filters(**(values | {name: type(values[name])()}))


def _shown_purposes(item: WorkItem) -> list[WorkItemPurpose]:
    """Live purposes; for a closed item all it had."""
    every = list(item.purposes.all())
    live = [p for p in every if p.state in ("wanted", "reported")]
    return live or every


def _sources(purposes: list[WorkItemPurpose]) -> dict[int, set[str]]:
    """Short names of the departments whose data stand behind each alert."""
    subjects = {p.subject for p in purposes if p.kind == PURPOSE}
    departments = dict(Department.objects.values_list("code", "short_name"))
    found: dict[int, set[str]] = defaultdict(set)
    hits = Alert.objects.filter(pk__in=subjects).values_list("pk", "hits__evidence")
    for alert, evidence in hits:
        for feed in evidence or ():
            if feed in FEEDS:
                found[alert].add(departments.get(FEEDS[feed].department, ""))
    return found


@dataclass(frozen=True, slots=True)
class PlaceCount:
    """Open work of one region."""

    code: str
    name: str
    open: int
    overdue: int
    unassigned: int
    reported: int


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filter bar offers."""

    rules: list[tuple[str, str]] = field(default_factory=list)
    departments: list[tuple[str, str]] = field(default_factory=list)


def choices() -> Choices:
    wanted = {feed.department for feed in FEEDS.values()}
    return Choices(
        rules=list(Rule.objects.values_list("code", "title")),
        departments=list(
            Department.objects.filter(code__in=wanted).values_list("code", "short_name")
        ),
    )
