"""The township's desk: which open visits wait for whom; counters, list and page of one query."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Prefetch, Q, Value, When
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string

from grid.actions.bulk_assigning import UNDO_WITHIN
from grid.models import (
    BulkAssignment,
    BulkAssignmentLine,
    ClockPause,
    WorkItem,
    WorkItemPurpose,
)
from grid.places import Place, places_of
from grid.region_codes import current_code
from grid.scope import in_subtrees
from yizhou.refusals import NotFound

SOON_DAYS = 3  # as due_words() has it
State = WorkItem.State
Condition = Callable[[date], Q]

# name -> (label, tone, condition).
FILTERS: dict[str, tuple[str, str, Condition]] = {
    "": ("全部未办结", "", lambda on: ~Q(state=State.CLOSED)),
    "unassigned": ("无人承办", "red", lambda on: Q(state=State.TO_VISIT, assignee=None)),
    "overdue": ("已超期", "red", lambda on: ~Q(state=State.CLOSED) & Q(due_on__lt=on)),
    "soon": (
        f"{SOON_DAYS} 天内到期",
        "orange",
        lambda on: Q(state=State.TO_VISIT, due_on__range=(on, on + timedelta(days=SOON_DAYS))),
    ),
    "paused": (
        "已暂停",
        "",
        lambda on: Q(Exists(ClockPause.objects.filter(work_item=OuterRef("pk"), ended_at=None))),
    ),
    "returned": (
        "退回补充",
        "orange",
        lambda on: Q(state=State.TO_VISIT) & ~Q(returned_because=""),
    ),
    "reported": ("已回传，待办结", "", lambda on: Q(state=State.VISITED)),
}
# The longest kept waiting first; where nobody has the visit in hand it comes before the same day.
ORDER = ("due_on", "severity", "id")


@dataclass(frozen=True, slots=True)
class DeskFilters:
    """What the address asks for; what it cannot mean is dropped, so a pasted link never fails."""

    status: str = ""
    village: str = ""
    worker: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> "DeskFilters":
        def digits(name: str, most: int) -> str:
            text = query.get(name, "")
            return text if text.isascii() and text.isdigit() and len(text) <= most else ""

        status = query.get("status", "")
        return cls(
            status=status if status in FILTERS else "",
            village=current_code(digits("village", 17)),
            worker=digits("worker", 18),
        )

    def query(self, **changes: str) -> str:
        values = replace(self, **changes)
        kept = {f.name: getattr(values, f.name) for f in fields(values)}
        return urlencode({name: value for name, value in kept.items() if value})

    def url(self, **changes: str) -> str:
        query = self.query(**changes)
        return reverse("desk") + (f"?{query}" if query else "")

    @property
    def is_narrow(self) -> bool:
        return bool(self.village or self.worker)


@dataclass(slots=True)
class DeskRow:
    """A work item with what the list shows beside it."""

    item: WorkItem
    place: Place
    purposes: list[WorkItemPurpose]

    @property
    def more_purposes(self) -> int:
        return max(0, len(self.purposes) - 1)

    @property
    def pick(self) -> str:
        """The item and the version that was seen, for a tick."""
        return f"{self.item.pk}-{self.item.version}"


class Desk:
    """What one account sees of the open visits under some filters."""

    def __init__(self, account: Any, filters: DeskFilters) -> None:
        self.account = account
        self.filters = filters
        self.today = timezone.localdate()

    def everything(self) -> Any:
        """Open visits in the chosen place and of the chosen worker, whatever their status."""
        items = self.account.sees(WorkItem).open()
        if self.filters.village:
            items = items.filter(in_subtrees("code", (self.filters.village,)))
        if self.filters.worker:
            items = items.filter(assignee=int(self.filters.worker))
        return items

    def listed(self) -> Any:
        condition = FILTERS[self.filters.status][2](self.today)
        return self.everything().filter(condition).order_by(*ORDER)

    def counters(self) -> list[dict[str, Any]]:
        """Every counter in one grouped query with the list's own scope."""
        counts = self.everything().aggregate(
            **{
                f"n_{key}": Count("pk", filter=condition(self.today))
                for key, (_, _, condition) in FILTERS.items()
            }
        )
        return [
            {
                "label": label,
                "tone": tone,
                "count": counts[f"n_{key}"],
                "url": self.filters.url(status=key),
                "current": key == self.filters.status,
            }
            for key, (label, tone, _) in FILTERS.items()
        ]

    def workers(self) -> list[tuple[str, str]]:
        """Who has open visits in sight, with how many, for the filter."""
        held = (
            self.account.sees(WorkItem)
            .open()
            .filter(assignee__isnull=False)
            .values_list("assignee", "assignee__name")
            .annotate(n=Count("pk"))
            .order_by("assignee__name", "assignee")
        )
        if self.filters.village:
            held = held.filter(in_subtrees("code", (self.filters.village,)))
        return [(str(pk), f"{name}（{n}）") for pk, name, n in held[:400]]


def with_purposes(items: Any) -> Any:
    """Heads, holders and live purposes of the items: three queries whatever the number."""
    live = WorkItemPurpose.objects.filter(state__in=["wanted", "reported"])
    return items.select_related("household__head", "assignee").prefetch_related(
        Prefetch("purposes", queryset=live.order_by("severity", "id"))
    )


def rows_of(items: list[WorkItem]) -> list[DeskRow]:
    places = places_of(item.code for item in items)
    return [DeskRow(item, places[item.code], list(item.purposes.all())) for item in items]


def by_hamlet(items: Any) -> Any:
    """In the order of the road: hamlet, grid, house."""
    urgent = Case(
        When(due_on__lt=timezone.localdate(), then=Value(0)),
        default=Value(1),
        output_field=IntegerField(),
    )
    return items.order_by("code", "household__address", urgent, "due_on", "id")


def sections(request: Any) -> list[dict[str, Any]]:
    """Counts and links that other parts hang in (settings.DESK_SECTIONS, dotted names).

    Each function takes the request and gives dicts with label, count, url and tone.
    """
    return [part for name in settings.DESK_SECTIONS for part in import_string(name)(request)]


def assignment_of(account: Any, key: uuid.UUID) -> BulkAssignment:
    """One's own bulk assignment, or one of whose items one sees any. Raises NotFound."""
    bulk = (
        BulkAssignment.objects.filter(pk=key)
        .select_related("by", "to", "undone_by", "balanced")
        .first()
    )
    if bulk is None or not account.sees(BulkAssignmentLine).filter(bulk=bulk).exists():
        raise NotFound()
    return bulk


def may_undo(account: Any, bulk: BulkAssignment) -> bool:
    fresh = timezone.now() - bulk.at <= UNDO_WITHIN
    return fresh and bulk.undone_at is None and bulk.by_id == account.pk
