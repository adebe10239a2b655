"""What the dossier of one household shows: people, its timeline, who looked.

The caller has loaded the household through scope; everything here is of that household.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count
from django.utils import timezone

from grid.models import (
    Household,
    HouseholdEvent,
    Membership,
    Person,
    Post,
    Visit,
    WorkItem,
    WorkItemEvent,
)
from grid.pairings import helper_of
from grid.roles import Role
from yizhou.audit import AuditEntry

TIMELINE_LENGTH = 40
LOOKED_DAYS = 30
WORKING = frozenset({"skilled", "ordinary", "weak"})


@dataclass(frozen=True, slots=True)
class Member:
    """One person of the household as the table shows it."""

    person: Person
    relation: str
    joined_on: date
    left_on: date | None
    leave_reason: str
    age: int

    @property
    def works(self) -> bool:
        return self.person.labour in WORKING and 16 <= self.age < 60


def age_on(born_on: date, day: date) -> int:
    """Completed years."""
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))


def members_of(household: Household) -> tuple[list[Member], list[Member]]:
    """Present members, the head first, and those who left, latest first."""
    today = timezone.localdate()
    rows = (
        Membership.objects.filter(household=household)
        .select_related("person")
        .order_by("joined_on", "id")
    )
    members = [
        Member(
            person=row.person,
            relation=row.get_relation_display(),
            joined_on=row.joined_on,
            left_on=row.left_on,
            leave_reason=row.get_leave_reason_display(),
            age=age_on(row.person.born_on, row.person.died_on or today),
        )
        for row in rows
    ]
    present = [m for m in members if m.left_on is None]
    present.sort(key=lambda m: m.person.pk != household.head_id)
    gone = [m for m in members if m.left_on is not None]
    return present, sorted(gone, key=lambda m: m.left_on or today, reverse=True)


def workers_of(household: Household) -> dict[str, Any]:
    """Who visits: workers of the grid today, and the one second-level worker paired with it."""
    posts = (
        Post.objects.current(timezone.localdate())
        .filter(region=household.cell_id, role__in=[Role.GRID_WORKER_1, Role.GRID_WORKER_2])
        .select_related("account")
    )
    return {
        "first": [p for p in posts if p.role == Role.GRID_WORKER_1],
        "second": [p for p in posts if p.role == Role.GRID_WORKER_2],
        "helper": helper_of(household, on=timezone.localdate()),
    }


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of the timeline. `on` alone is known for registry events, `at` for the rest."""

    sort_key: datetime
    on: date
    at: datetime | None
    who: str
    label: str
    sentence: str
    tone: str


def timeline_of(household: Household) -> list[Moment]:
    """Registry events, steps of work items and visits, latest first."""
    moments = [*_events(household), *_steps(household), *_visits(household)]
    moments.sort(key=lambda m: m.sort_key, reverse=True)
    return moments[:TIMELINE_LENGTH]


def _events(household: Household) -> list[Moment]:
    events = HouseholdEvent.objects.filter(household=household).select_related("recorded_by")
    return [
        Moment(
            sort_key=event.recorded_at,
            on=event.on,
            at=None,
            who=event.recorded_by.name if event.recorded_by else "",
            label=event.get_kind_display(),
            sentence=event.sentence,
            tone="",
        )
        for event in events[:TIMELINE_LENGTH]
    ]


def _steps(household: Household) -> list[Moment]:
    events = WorkItemEvent.objects.filter(work_item__household=household).exclude(
        verb=WorkItemEvent.Verb.VISITED  # the visit itself says more
    )
    tones = {WorkItemEvent.Verb.OPENED: "red", WorkItemEvent.Verb.CLOSED: "good"}
    return [
        Moment(
            sort_key=event.at,
            on=timezone.localdate(event.at),
            at=event.at,
            who=event.by_name,
            label=event.get_verb_display(),
            sentence=event.sentence,
            tone=tones.get(
                WorkItemEvent.Verb(event.verb), "system" if event.by_name == "系统" else ""
            ),
        )
        for event in events.order_by("-at")[:TIMELINE_LENGTH]
    ]


def _visits(household: Household) -> list[Moment]:
    visits = (
        Visit.objects.filter(household=household, corrected_by=None)
        .select_related("by")
        .prefetch_related("reports__purpose")
    )
    return [
        Moment(
            sort_key=visit.visited_at,
            on=timezone.localdate(visit.visited_at),
            at=visit.visited_at,
            who=visit.by.name,
            label=f"完成走访（{visit.get_mode_display()}）",
            sentence="；".join(
                f"{report.purpose.title}：{report.get_outcome_display()}"
                for report in visit.reports.all()
            )
            or visit.note,
            tone="good",
        )
        for visit in visits[:TIMELINE_LENGTH]
    ]


def open_item_of(household: Household) -> WorkItem | None:
    return (
        WorkItem.objects.open()
        .filter(household=household)
        .select_related("assignee")
        .prefetch_related("purposes")
        .first()
    )


def who_looked(household: Household) -> dict[str, Any]:
    """How often the dossier was opened and something sealed was revealed, in the last 30 days."""
    since = timezone.now() - timedelta(days=LOOKED_DAYS)
    read = AuditEntry.objects.filter(
        subject_type="grid.household", subject_id=str(household.pk), verb="read", at__gte=since
    ).aggregate(times=Count("pk"), people=Count("actor", distinct=True))
    people = Person.objects.filter(memberships__household=household).values_list("pk", flat=True)
    revealed = AuditEntry.objects.filter(
        subject_type="grid.person",
        subject_id__in=[str(pk) for pk in set(people)],
        verb__in=["revealed_identity", "revealed_phone"],
        at__gte=since,
    )
    return {
        "days": LOOKED_DAYS,
        "times": read["times"],
        "people": read["people"],
        "revealed": revealed.count(),
        "last_revealed": revealed.order_by("-at").first(),
    }
