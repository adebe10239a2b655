"""What a household report asks, where it may be about, whom it may mean, what became of it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from grid.models import Household, HouseholdReport, Outcome, Person, Region, ReportLimit
from grid.models.discovery import Difficulty
from grid.places import Place, places_of
from grid.roles import CODE_LENGTH, ROLES, Act, Level
from grid.scope import in_subtrees, may, sight_of
from yizhou.sealed import unseal
from yizhou.workdays import add_workdays

PLACE_LEVELS = (Level.VILLAGE, Level.TUN, Level.GRID)
CANDIDATES = 8
# In force until the county enters its own rows. Source: to be confirmed (migration 0006).
SHIPPED_LIMITS = {ReportLimit.Step.DECIDE: 2, ReportLimit.Step.VISIT: 3}
State = HouseholdReport.State
Groups = list[tuple[str, list[tuple[str, str]]]]


def may_report(account: Any) -> bool:
    return may(account, Act.REPORT_HOUSEHOLD)


def may_decide(account: Any) -> bool:
    return may(account, Act.SETTLE_ALERT)


def reads_reports(account: Any) -> bool:
    """Offices: who decides, and village officers who may look."""
    return bool(sight_of(account).codes) and any(
        ROLES[h.role].level in (Level.COUNTY, Level.TOWNSHIP, Level.VILLAGE)
        for h in sight_of(account).holdings
    )


def reporting_areas(account: Any) -> tuple[str, ...]:
    """Codes within which the account may report: the townships of its posts, or the county."""
    return tuple(
        sorted(
            {
                h.region[: CODE_LENGTH[Level.TOWNSHIP]]
                for h in sight_of(account).holdings
                if h.region and Act.REPORT_HOUSEHOLD in ROLES[h.role].acts
            }
        )
    )


def reportable_place(account: Any, code: str) -> Region | None:
    """The tun, grid or village with this code, where the account may report it."""
    if not code.startswith(reporting_areas(account) or ("-",)):
        return None
    return Region.objects.filter(pk=code, level__in=PLACE_LEVELS).first()


def place_choices(account: Any) -> Groups:
    """Hamlets of the own villages by name, then the other villages; two queries.

    Whoever works for the whole county chooses the village: 5,000 hamlets are no list.
    """
    regions = [
        h.region
        for h in sight_of(account).holdings
        if h.region and Act.REPORT_HOUSEHOLD in ROLES[h.role].acts
    ]
    areas = in_subtrees("code", reporting_areas(account))
    villages = list(Region.objects.filter(areas).at(Level.VILLAGE))
    county = any(len(code) < CODE_LENGTH[Level.TOWNSHIP] for code in regions)
    own = tuple(code[: CODE_LENGTH[Level.VILLAGE]] for code in regions) if not county else ("-",)
    near = [v for v in villages if v.code.startswith(own)]
    tuns: dict[str, list[tuple[str, str]]] = defaultdict(list)
    hamlets = Region.objects.at(Level.TUN).filter(in_subtrees("code", tuple(v.code for v in near)))
    for tun in hamlets:
        tuns[tun.code[:12]].append((tun.code, tun.name))
    groups = [(v.name, [*tuns[v.code], (v.code, f"{v.name}，不清楚哪个屯")]) for v in near]
    return groups + _far(villages, near, county)


def _far(villages: Sequence[Region], near: Sequence[Region], county: bool) -> Groups:
    rest = [v for v in villages if v not in near]
    if not county:
        return [("本乡镇其他村", [(v.code, v.name) for v in rest])] if rest else []
    townships = places_of(v.code for v in rest)
    groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for village in rest:
        groups[townships[village.code].township].append((village.code, village.name))
    return list(groups.items())


def home_place(account: Any) -> str:
    """The hamlet most likely meant: the one of the account's own post; else nothing."""
    codes = [h.region for h in sight_of(account).holdings if h.region and len(h.region) >= 15]
    return codes[0][:15] if codes else ""


def due_day(step: ReportLimit.Step, on: date) -> date:
    """The last day of a step that begins on `on`, in working days of the limit then in force."""
    limit = ReportLimit.objects.on(on).filter(step=step).first()
    return add_workdays(on, limit.workdays if limit else SHIPPED_LIMITS[step])


def own_reports(account: Any) -> QuerySet[HouseholdReport]:
    rows: QuerySet[HouseholdReport] = account.sees(HouseholdReport).filter(by=account)
    return rows.select_related("place")


def untold(account: Any) -> QuerySet[HouseholdReport]:
    """Decisions on own reports that the reporter has not looked at."""
    decided = Q(decided_at__isnull=False) | Q(outcome_at__isnull=False)
    return own_reports(account).filter(decided, told_at=None)


def waiting(account: Any) -> QuerySet[HouseholdReport]:
    """Reports in sight that wait for the township."""
    rows: QuerySet[HouseholdReport] = account.sees(HouseholdReport).waiting()
    return rows


@dataclass(frozen=True, slots=True)
class Became:
    """What became of a report, in words for its reporter."""

    label: str
    tone: str
    sentence: str


def became(report: HouseholdReport) -> Became:
    if report.state == State.RECEIVED:
        return Became("已收到", "blue", f"等乡镇处理，最迟 {report.due_on:%m-%d}。")
    if report.state == State.WITH_TOWNSHIP:
        again = "入户没有联系上，乡镇再定。" if report.outcome else ""
        return Became(
            "乡镇处理中", "blue", again or f"乡镇已经打开，最迟 {report.due_on:%m-%d} 定。"
        )
    if report.state == State.SET_ASIDE:
        return Became("不予采纳", "", report.reason)
    if report.outcome:
        return Became("已入户核实", "green", f"{Outcome(report.outcome).label}。")
    if report.same_as_id:
        return Became("已采纳", "green", "与别人上报的是同一户，一并处理。")
    return Became("已采纳", "green", "已派人入户核实。")


def hamlet_of(code: str) -> str:
    return code[: CODE_LENGTH[Level.TUN]]


def repeats_of(account: Any, reports: Iterable[HouseholdReport]) -> dict[Any, list[Any]]:
    """Per report the others in sight of the same name and hamlet, 30 days apart at most; a report
    of the village alone matches every hamlet of it. One query.
    """
    asked = list(reports)
    apart = timedelta(days=settings.REPORT_REPEAT_DAYS)
    if not asked:
        return {}
    rows = list(
        account.sees(HouseholdReport)
        .filter(name__in={r.name for r in asked})
        .filter(received_at__gte=min(r.received_at for r in asked) - apart)
        .filter(received_at__lte=max(r.received_at for r in asked) + apart)
        .select_related("by", "place")
    )
    return {
        r.pk: [
            other
            for other in rows
            if other.pk != r.pk
            and other.name == r.name
            and abs(other.received_at - r.received_at) <= apart
            and _same_hamlet(other.place_id, r.place_id)
        ]
        for r in asked
    }


def _same_hamlet(one: str, other: str) -> bool:
    a, b = hamlet_of(one), hamlet_of(other)
    return a.startswith(b) or b.startswith(a)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A household of the registry that may be the one reported."""

    household: Household
    place: Place
    who: str  # the member who bears the name
    same_hamlet: bool


def candidates(account: Any, report: HouseholdReport) -> list[Candidate]:
    """Living households in sight, in the same village, with somebody of that name; own hamlet
    first. Three queries.
    """
    village = report.place_id[: CODE_LENGTH[Level.VILLAGE]]
    people = list(
        account.sees(Person)
        .filter(in_subtrees("code", (village,)), name=report.name, died_on=None)
        .exclude(household=None)
        .select_related("household__head")[: 4 * CANDIDATES]
    )
    places = places_of(person.code for person in people)
    found = {
        person.household_id: Candidate(
            person.household,
            places[person.code],
            person.name,
            _same_hamlet(person.code, report.place_id),
        )
        for person in people
        if person.household is not None and person.household.dissolved_on is None
    }
    return sorted(found.values(), key=lambda c: (not c.same_hamlet, c.household.number))[
        :CANDIDATES
    ]


def counts_by_state(rows: Any) -> dict[str, int]:
    """Waiting, taken up and being visited, visited, set aside; and those past their day."""
    counted: dict[str, int] = rows.aggregate(
        **{name: Count("pk", filter=where) for name, where in conditions().items()}
    )
    return counted


def conditions() -> dict[str, Q]:
    """The lists of the inbox."""
    undecided = Q(state__in=HouseholdReport.WAITING)
    return {
        "waiting": undecided,
        "late": undecided & Q(due_on__lt=timezone.localdate()),
        "visiting": Q(state=State.TAKEN_UP, outcome=""),
        "visited": Q(state=State.TAKEN_UP) & ~Q(outcome=""),
        "aside": Q(state=State.SET_ASIDE),
    }


TABS = {
    "waiting": "待处理",
    "late": "超过时限",
    "visiting": "入户核实中",
    "visited": "已核实",
    "aside": "不予采纳",
}
DIFFICULTIES = Difficulty.choices


def seen_position(report: HouseholdReport) -> dict[str, float] | None:
    """Where the reporter stood: latitude, longitude, metres of doubt."""
    if report.position_sealed is None:
        return None
    column = "grid_householdreport.position_sealed"
    point: dict[str, float] = json.loads(
        unseal(report.position_sealed, column=column, row=report.pk)
    )
    return point
