"""What is on file for a case: one asker a paper, each for many cases at once.

A step names the papers it needs (monitoring/models/procedure.py); pages show each with yes or no
and the way to it, actions refuse to go forward without them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from grid.models import VisitReport
from monitoring.models.case import Case
from monitoring.models.stage import Paper
from monitoring.procedure import step_named

VISIT_PURPOSE = "case"


@dataclass(frozen=True, slots=True)
class OnFile:
    """One paper of one case: whether it is there, what it says, and where to see or make it."""

    paper: Paper
    is_there: bool
    sentence: str
    url: str = ""

    @property
    def label(self) -> str:
        return self.paper.label

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"paper": self.paper.value, "label": self.label}


Asker = Callable[[Sequence[Case]], dict[int, OnFile]]


def visits(cases: Sequence[Case]) -> dict[int, OnFile]:
    """The latest visit made for the case within its round, or the one its clue came from."""
    made: dict[int, Any] = {}
    reports = (
        VisitReport.objects.filter(
            purpose__kind=VISIT_PURPOSE, purpose__subject__in=[c.pk for c in cases]
        )
        .select_related("visit__by", "purpose")
        .order_by("visit__visited_at")
    )
    since = {c.pk: c.round_since for c in cases}
    for report in reports:
        if report.visit.received_at >= since[report.purpose.subject]:
            made[report.purpose.subject] = (report.visit, report.get_outcome_display())
    for case in cases:
        if case.pk not in made and case.round == 1:
            for clue in case.clues.all():
                if clue.visit is not None:
                    made[case.pk] = (clue.visit, clue.sentence)
    return {
        c.pk: OnFile(
            Paper.VISIT,
            c.pk in made,
            f"{made[c.pk][0].visited_at:%Y-%m-%d} {made[c.pk][0].by.name}：{made[c.pk][1]}"
            if c.pk in made
            else "还没有本轮的入户核查记录，等承办人走访回传。",
            f"/visits/{made[c.pk][0].pk}/" if c.pk in made else "",
        )
        for c in cases
    }


ASKERS: dict[Paper, Asker] = {Paper.VISIT: visits}


def papers_of(cases: Sequence[Case], wanted: Iterable[str]) -> dict[int, list[OnFile]]:
    """For each case the named papers, in that order. As many statements as papers, not as cases."""
    found: dict[int, list[OnFile]] = {case.pk: [] for case in cases}
    for name in wanted:
        for pk, paper in ASKERS[Paper(name)](cases).items():
            found[pk].append(paper)
    return found


def papers_now(cases: Sequence[Case]) -> dict[int, list[OnFile]]:
    """Papers that the present step of each case asks for. Needs procedure__steps prefetched."""
    wanted: dict[str, list[Case]] = {}
    order: dict[int, list[str]] = {}
    for case in cases:
        step = step_named(case.procedure, case.stage)
        order[case.pk] = list(step.papers) if step else []
        for name in order[case.pk]:
            wanted.setdefault(name, []).append(case)
    there: dict[tuple[int, str], OnFile] = {}
    for name, those in wanted.items():
        for pk, paper in ASKERS[Paper(name)](those).items():
            there[pk, name] = paper
    return {pk: [there[pk, name] for name in names] for pk, names in order.items()}
