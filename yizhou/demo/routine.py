"""The routine of the demo county: its plan to the day, and some weeks of visits gone by.

The weeks gone by are those of one village, so that every page of the routine has something on it
and none is flooded. Everything is done by the county's own actions, as if on those days.
"""

import uuid
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from django.utils import timezone

from grid.actions.deadlines import pause_clock
from grid.actions.notices import tell_of_deadlines
from grid.actions.plan_reports import collect_plan_reports
from grid.actions.visit_plans import draw_up_plan, open_plan
from grid.actions.visits import Report, file_visit
from grid.models import Account, Outcome, PlanEntry, Visit, WorkItem
from grid.visit_form import FORM, is_shown
from yizhou.audit import SYSTEM
from yizhou.demo import SEED
from yizhou.demo.county import ONE_TOWNSHIP, county, featured_grids
from yizhou.demo.load import built
from yizhou.workdays import add_workdays, workdays_between

# Sent out so many working days ago, and how many of a hundred visits are still to be made.
SENT_OUT = ((15, 20), (8, 35))
SAID = {
    Outcome.NO_RISK_SELF_SOLVED: "",
    Outcome.NOT_CONTACTABLE: "邻居说一家人外出务工，电话没人接",
    Outcome.TO_SOCIAL_ASSISTANCE: "老人住院自费多，家里说想问低保",
    Outcome.TO_MONITORING: "主要劳动力受伤，半年没有收入",
}
OUTCOMES = tuple(SAID)
WEIGHTS = (86, 8, 3, 3)  # of a hundred visits; invented
WHY_PAUSED = "全家外出务工，约定返家后入户"


def begin_routine(*, today: date, say: Callable[[str], None]) -> bool:
    """The weeks gone by of one village once, the plan of townships that have none yet. False when
    nothing was missing.
    """
    county_built = built()
    if county_built is None or all(map(_is_planned, county_built.townships)):
        return False
    visited = 0 if PlanEntry.objects.exists() else _play_weeks_gone_by(today)
    drawn = draw_up_plan(acting=SYSTEM, today=today)
    told = tell_of_deadlines(acting=SYSTEM, today=today)
    say(f"走访计划排了 {drawn.new} 户，示范村已走访 {visited} 户，时限提醒 {told.told} 条")
    return True


def _is_planned(place: str) -> bool:
    return PlanEntry.objects.filter(code__gte=place, code__lt=f"{place}~").exists()


def _play_weeks_gone_by(today: date) -> int:
    """Visits sent out in one village, most of them made. How many were made."""
    township = next(t for t in county() if t.code == ONE_TOWNSHIP)
    village = featured_grids(township)[0].code[:12]
    rng = Random(f"{SEED}/routine")
    visited = 0
    for ago, to_make in SENT_OUT:
        day = _workdays_before(today, ago)
        draw_up_plan(acting=SYSTEM, today=day, below=village)
        open_plan(acting=SYSTEM, at=_at(day, 8), below=village)
        visited += _visit(day, village, to_make, rng)
    _pause_one(village, today)
    return visited


def _workdays_before(today: date, workdays: int) -> date:
    """The latest day on which a visit sent out has had so many working days by today."""
    day = add_workdays(today - timedelta(days=2 * workdays), 0)
    while workdays_between(day, today) > workdays:
        day += timedelta(days=1)
    return day


def _at(day: date, hour: int) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(hour)))


def _visit(day: date, village: str, to_make: int, rng: Random) -> int:
    """Workers make the visits sent out on the day but for `to_make` of a hundred. How many."""
    sent = WorkItem.objects.to_visit().filter(code__startswith=village, opened_at__date=day)
    visited = 0
    for item in sent.exclude(assignee=None).select_related("assignee").order_by("code", "pk"):
        if rng.random() * 100 < to_make:
            continue
        on = day + timedelta(days=rng.randrange(1, 6))
        _file(item, _at(on, rng.randrange(9, 18)), rng)
        visited += 1
    collect_plan_reports(acting=SYSTEM)
    return visited


def _file(item: WorkItem, at: datetime, rng: Random) -> None:
    assert item.assignee is not None
    (outcome,) = rng.choices(OUTCOMES, WEIGHTS)
    is_met = outcome != Outcome.NOT_CONTACTABLE
    wanted = list(item.purposes.filter(state="wanted"))
    file_visit(
        acting=item.assignee,
        visit_id=uuid.UUID(int=rng.getrandbits(128), version=4),
        item=item,
        visited_at=at,
        mode=Visit.Mode.IN_PERSON if is_met else Visit.Mode.NOT_MET,
        answers=_answers([p.kind for p in wanted]) if is_met else {},
        reports=[Report(p.pk, outcome, SAID[outcome]) for p in wanted],
        note=SAID[outcome],
    )


def _answers(kinds: list[str]) -> dict[str, Any]:
    """Those of an ordinary household: nothing is wrong, nothing is asked for."""
    values: dict[str, Any] = {}
    for question in FORM.questions(kinds).values():
        if question.required and is_shown(question, values):
            good = [value for value, _ in question.options if value != question.bad_value]
            plain: dict[str, Any] = {"stepper": "0", "amount": "0", "text": "没有", "lines": []}
            plain["chips"] = good[:1]
            values[question.name] = plain.get(question.kind) or (good[0] if good else "0")
    return values


def _pause_one(village: str, today: date) -> None:
    """The township puts off the visit that was sent out last."""
    item = WorkItem.objects.to_visit().filter(code__startswith=village).order_by("-pk").first()
    if item is None or item.due_on < today:
        return
    pause_clock(
        acting=Account.objects.get(username="town1"),
        item=item,
        version_seen=item.version,
        until_on=add_workdays(today, 5),
        reason=WHY_PAUSED,
    )
