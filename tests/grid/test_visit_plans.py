"""The visit plan: who is visited how often, spread, sent out, counted, collected."""

import uuid
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grid.actions.figures import change_figure
from grid.actions.plan_reports import collect_plan_reports, decide_plan_report
from grid.actions.visit_categories import change_category, install_routine
from grid.actions.visit_plans import draw_up_plan, open_plan
from grid.actions.visits import Report, file_visit
from grid.models import (
    Account,
    Household,
    HouseholdKind,
    Outcome,
    PlanEntry,
    Relation,
    RoutineFigure,
    Visit,
    VisitCategory,
    WorkItem,
)
from grid.visit_plans import (
    Wish,
    categories_on,
    effect_of,
    pack_section,
    period_of,
    slots_of,
    to_decide,
    with_change,
)
from tests.grid.field_phone import answers
from tests.grid.routine import LONG_AGO, noon, open_visit
from tests.world import World, add_household
from yizhou.audit import SYSTEM
from yizhou.refusals import NotAllowed, Overtaken, Refusal

pytestmark = pytest.mark.django_db
SignIn = Callable[[Account], Client]
State = PlanEntry.State


@pytest.fixture
def plan(world: World) -> World:
    """The proposed rhythms for a long time: monitored monthly, formerly poor quarterly, the rest
    half-yearly.
    """
    install_routine(acting=SYSTEM, from_on=LONG_AGO)
    return world


def draw(day: date | None = None):
    return draw_up_plan(acting=SYSTEM, today=day)


def entry(household: Household) -> PlanEntry:
    return PlanEntry.objects.exclude(state=State.DROPPED).get(household=household)


def visit(
    household: Household,
    outcome: str = Outcome.NO_RISK_SELF_SOLVED,
    mode: str = Visit.Mode.IN_PERSON,
    by: Account | None = None,
) -> Visit:
    """The household's open visit is made now and collected at once."""
    item = WorkItem.objects.open().get(household=household)
    wanted = item.purposes.filter(state="wanted")
    made = file_visit(
        acting=by or item.assignee,
        visit_id=uuid.uuid4(),
        item=item,
        visited_at=timezone.now(),
        mode=mode,
        answers=answers(kinds=[p.kind for p in wanted]),
        reports=[Report(p.pk, outcome, "看过票据和家里情况") for p in wanted],
        note="去了两次，邻居说外出务工",
    )
    collect_plan_reports(work_item_id=item.pk)
    return made


def push(*, days: int = 0) -> date:
    """Draw up and send out today, everything as if its week had come."""
    today = timezone.localdate() + timedelta(days=days)
    draw(today)
    PlanEntry.objects.filter(state=State.PLANNED).update(week_on=today)
    open_plan(acting=SYSTEM, today=today)
    return today


# ---- drawing up ----


@pytest.mark.parametrize(
    ("months", "day", "first", "after"),
    [
        (1, date(2026, 12, 31), date(2026, 12, 1), date(2027, 1, 1)),
        (3, date(2026, 11, 24), date(2026, 10, 1), date(2027, 1, 1)),
        (6, date(2026, 6, 30), date(2026, 1, 1), date(2026, 7, 1)),
        (12, date(2026, 2, 3), date(2026, 1, 1), date(2027, 1, 1)),
    ],
)
def test_periods_follow_the_calendar(months: int, day: date, first: date, after: date) -> None:
    assert period_of(months, day) == (first, after)


def test_every_rhythm_has_weeks_to_the_end_of_its_period() -> None:
    for span in slots_of(date(2026, 11, 24)):
        assert span.days[0] == date(2026, 11, 24)
        assert all(day.weekday() == 0 for day in span.days[1:])
        assert span.days[-1] < span.period_until


def test_every_living_household_has_one_entry_by_its_kind(plan: World) -> None:
    Household.objects.filter(pk=plan.lone_household.pk).update(kind=HouseholdKind.MARGINAL_PRONE)
    draw()
    months = {e.household_id: e.months for e in PlanEntry.objects.all()}
    assert months == {
        plan.household.pk: 3,
        plan.next_household.pk: 6,
        plan.lone_household.pk: 1,
        plan.bare_household.pk: 6,
        plan.other_household.pk: 6,
    }


def test_drawing_up_twice_changes_nothing(plan: World) -> None:
    draw()
    again = draw()
    assert (again.new, again.dropped, again.lapsed, again.counted) == (0, 0, 0, 0)


def test_a_visit_of_this_period_counts_before_anything_is_planned(plan: World) -> None:
    open_visit(
        plan.household,
        opened_on=timezone.localdate(),
        due_on=timezone.localdate(),
    )
    visit(plan.household)
    draw()
    found = entry(plan.household)
    assert (found.state, found.done_on) == (State.DONE, timezone.localdate())


def test_a_shorter_rhythm_replaces_what_is_planned(plan: World) -> None:
    draw()
    Household.objects.filter(pk=plan.household.pk).update(kind=HouseholdKind.MARGINAL_PRONE)
    drawn = draw()
    assert (drawn.dropped, drawn.new, entry(plan.household).months) == (1, 1, 1)


def test_a_period_that_is_over_lapses_and_the_next_begins(plan: World) -> None:
    today = push()
    after = entry(plan.household).period_until
    drawn = draw(after)
    states = list(
        PlanEntry.objects.filter(household=plan.household)
        .order_by("period_from")
        .values_list("state", flat=True)
    )
    assert drawn.lapsed >= 1
    assert states == [State.LAPSED, State.PLANNED]
    assert today < after
    assert not WorkItem.objects.open().filter(household=plan.household).exists()


def test_a_rhythm_begun_late_in_the_period_waits_for_the_next(world: World) -> None:
    day = date(2026, 11, 24)
    install_routine(acting=SYSTEM, from_on=day)
    draw(day)
    assert not PlanEntry.objects.exists()
    draw(date(2027, 1, 4))
    assert PlanEntry.objects.count() == 5


def test_visits_are_spread_over_the_weeks_by_hamlet(plan: World) -> None:
    for n in range(24):
        add_household(
            plan.grid if n % 2 else plan.next_grid,
            f"104-207-1{n:03}",
            [("蒙甲", "M", date(1970, 1, 1 + n), Relation.HEAD)],
            kind=HouseholdKind.MARGINAL_PRONE,
            serial=20 + n,
        )
    draw(date(2026, 11, 2))
    for grid in (plan.grid, plan.next_grid):
        weeks = list(
            PlanEntry.objects.filter(code=grid.pk, months=1)
            .order_by("household__number")
            .values_list("week_on", flat=True)
        )
        assert weeks == sorted(weeks)
        assert {weeks.count(day) for day in set(weeks)} <= {2, 3}


def test_the_number_of_statements_does_not_grow_with_the_county(plan: World) -> None:
    counts = []
    for n in range(2):
        for k in range(3):
            add_household(
                plan.grid,
                f"104-207-2{n}{k}",
                [("蒙乙", "M", date(1971, 1, 1 + n * 3 + k), Relation.HEAD)],
                serial=50 + n * 3 + k,
            )
        with CaptureQueriesContext(connection) as caught:
            draw()
            PlanEntry.objects.update(week_on=timezone.localdate())
            open_plan(acting=SYSTEM)
        counts.append(len(caught))
    assert counts[1] <= counts[0]


# ---- sending out ----


def test_what_is_due_becomes_a_visit_of_the_grid_s_worker(plan: World) -> None:
    push()
    item = WorkItem.objects.open().get(household=plan.household)
    purpose = item.purposes.get()
    assert (item.assignee, purpose.kind, purpose.subject, purpose.title) == (
        plan.worker_1,
        "routine",
        entry(plan.household).pk,
        "脱贫户每季度走访",
    )
    assert entry(plan.household).state == State.OPENED


def test_what_is_not_due_yet_is_not_sent(plan: World) -> None:
    draw()
    PlanEntry.objects.update(week_on=timezone.localdate() + timedelta(days=1))
    assert open_plan(acting=SYSTEM) == 0


def test_a_household_open_for_an_alert_is_not_knocked_at_twice(plan: World) -> None:
    today = timezone.localdate()
    open_visit(plan.household, opened_on=today, due_on=today)
    push()
    assert WorkItem.objects.open().get(household=plan.household).purposes.count() == 1
    visit(plan.household)
    draw()
    assert entry(plan.household).state == State.DONE


def test_a_worker_s_week_has_a_limit(plan: World) -> None:
    change_figure(
        acting=plan.county_officer,
        key=RoutineFigure.Key.ROUTINE_A_WEEK,
        value=2,
        from_on=timezone.localdate(),
        source="会议纪要",
        is_confirmed=True,
    )
    for n in range(5):
        add_household(
            plan.grid,
            f"104-207-3{n}",
            [("蒙丙", "M", date(1972, 1, 1 + n), Relation.HEAD)],
            serial=60 + n,
        )
    push()
    mine = WorkItem.objects.open().filter(assignee=plan.worker_1)
    assert mine.count() == 2
    open_plan(acting=SYSTEM)
    assert mine.count() == 2
    monday = timezone.localdate() + timedelta(days=7 - timezone.localdate().weekday())
    open_plan(acting=SYSTEM, today=monday)
    assert mine.count() == 4


def test_sending_twice_opens_nothing_more(plan: World) -> None:
    push()
    assert open_plan(acting=SYSTEM) == 0


# ---- what visits say ----


def test_a_visit_without_risk_settles_at_once(plan: World) -> None:
    push()
    visit(plan.household)
    found = entry(plan.household)
    assert (found.state, found.found_risk) == (State.DONE, False)
    assert not WorkItem.objects.open().filter(household=plan.household).exists()


def test_a_visit_that_found_risk_waits_for_the_township(plan: World) -> None:
    push()
    visit(plan.household, Outcome.TO_MONITORING)
    found = entry(plan.household)
    assert (found.state, found.found_risk) == (State.DONE, True)
    assert list(to_decide(plan.township_officer)) == [found]
    decide_plan_report(acting=plan.township_officer, entry=found, reason="已转入识别程序")
    assert not WorkItem.objects.open().filter(household=plan.household).exists()
    with pytest.raises(Overtaken):
        decide_plan_report(acting=plan.township_officer, entry=found, reason="已转入识别程序")


def test_a_worker_does_not_decide(plan: World) -> None:
    push()
    visit(plan.household, Outcome.TO_MONITORING)
    with pytest.raises(NotAllowed):
        decide_plan_report(
            acting=plan.worker_1, entry=entry(plan.household), reason="已转入识别程序"
        )


def test_nobody_met_is_tried_again_by_phone_and_then_given_up(plan: World) -> None:
    PlanEntry.objects.all().delete()
    push()
    PlanEntry.objects.update(period_until=timezone.localdate() + timedelta(days=60))
    visit(plan.household, Outcome.NOT_CONTACTABLE, Visit.Mode.NOT_MET)
    found = entry(plan.household)
    assert (found.state, found.mode, found.tries) == (State.PLANNED, "phone", 1)
    assert found.week_on == timezone.localdate() + timedelta(days=7)
    open_plan(acting=SYSTEM, today=found.week_on)
    assert (
        WorkItem.objects.open()
        .get(household=plan.household)
        .purposes.get()
        .title.endswith("电话走访")
    )
    visit(plan.household, Outcome.NOT_CONTACTABLE, Visit.Mode.NOT_MET)
    assert entry(plan.household).state == State.NOT_MET


def test_those_away_are_called(plan: World) -> None:
    today = timezone.localdate()
    open_visit(plan.household, opened_on=today, due_on=today)
    visit(plan.household, Outcome.NOT_CONTACTABLE, Visit.Mode.NOT_MET)
    WorkItem.objects.open().update(state="closed", closed_at=timezone.now())
    draw()
    assert entry(plan.household).mode == PlanEntry.Mode.PHONE


def test_collecting_twice_changes_nothing(plan: World) -> None:
    push()
    visit(plan.household)
    assert collect_plan_reports() == 0


# ---- settings and their effect ----


def test_the_county_changes_a_rhythm_from_a_day_on(plan: World) -> None:
    day = timezone.localdate() + timedelta(days=3)
    change_category(
        acting=plan.county_officer,
        key="everybody",
        months=3,
        away_months=0,
        from_on=day,
        source="县里会议纪要",
        is_confirmed=True,
    )
    rows = VisitCategory.objects.filter(key="everybody").order_by("from_on")
    assert [(r.months, r.until_on) for r in rows] == [(6, day), (3, None)]


@pytest.mark.parametrize(
    "change",
    [{"months": 2}, {"key": "nobody"}, {"source": ""}, {"from_on": date(2020, 1, 1)}],
)
def test_impossible_rhythms_are_refused(plan: World, change: dict[str, object]) -> None:
    asked = {
        "key": "everybody",
        "months": 3,
        "away_months": 0,
        "from_on": timezone.localdate(),
        "source": "会议纪要",
        "is_confirmed": False,
    }
    with pytest.raises(Refusal):
        change_category(acting=plan.county_officer, **(asked | change))
    assert VisitCategory.objects.filter(key="everybody").count() == 1


def test_the_effect_counts_visits_a_month(plan: World) -> None:
    today = timezone.localdate()
    wishes = categories_on(today)
    before = effect_of(wishes, place="451203", a_week=12)
    # one quarterly and four half-yearly households
    assert (before.households, round(before.visits, 3)) == (5, round(1 / 3 + 4 / 6, 3))
    monthly = with_change(wishes, Wish("everybody", 1, 0, today))
    assert round(effect_of(monthly, place="451203", a_week=12).visits, 3) == 5
    assert effect_of(monthly, place="451203104", a_week=12).households == 4


def test_a_grid_beyond_the_weekly_limit_is_counted(plan: World) -> None:
    for n in range(6):
        add_household(
            plan.grid,
            f"104-207-4{n}",
            [("蒙丁", "M", date(1973, 1, 1 + n), Relation.HEAD)],
            serial=70 + n,
        )
    wishes = with_change(categories_on(timezone.localdate()), Wish("everybody", 1, 0, LONG_AGO))
    assert effect_of(wishes, place="", a_week=1).over == 1


# ---- the phone's pack ----


def test_the_pack_carries_the_next_visit_of_own_households_alone(plan: World) -> None:
    draw()
    keys = [plan.household.pk, plan.other_household.pk]
    packed = pack_section(plan.worker_1, keys)
    found = entry(plan.household)
    assert list(packed) == [plan.household.pk]
    told = packed[plan.household.pk]
    assert (told["next_due"], told["label"]) == (found.last_day.isoformat(), "脱贫户每季度走访")


def test_the_pack_looks_to_the_next_period_when_this_one_is_done(plan: World) -> None:
    push()
    visit(plan.household)
    after = entry(plan.household).period_until
    due = pack_section(plan.worker_1, [plan.household.pk])[plan.household.pk]["next_due"]
    assert due == (period_of(3, after)[1] - timedelta(days=1)).isoformat()


def test_an_old_visit_does_not_count(plan: World) -> None:
    today = timezone.localdate()
    open_visit(plan.household, opened_on=today, due_on=today)
    made = visit(plan.household)
    Visit.objects.filter(pk=made.pk).update(visited_at=noon(today - timedelta(days=200)))
    draw()
    assert entry(plan.household).state == State.PLANNED


# ---- one place, another day ----


def test_the_plan_of_one_place_leaves_the_others_alone(plan: World) -> None:
    draw()
    PlanEntry.objects.filter(household=plan.other_household).update(months=12)
    PlanEntry.objects.filter(household=plan.household).update(months=12)
    again = draw_up_plan(acting=SYSTEM, below=plan.grid.code)
    assert (again.dropped, again.new) == (1, 1)
    assert entry(plan.other_household).months == 12
    assert entry(plan.household).months == 3


def test_only_visits_of_the_asked_place_are_sent_out(plan: World) -> None:
    draw()
    PlanEntry.objects.update(week_on=timezone.localdate())
    open_plan(acting=SYSTEM, below=plan.other_grid.code)
    opened = set(PlanEntry.objects.filter(state=State.OPENED).values_list("household", flat=True))
    assert opened == {plan.other_household.pk}


def test_visits_sent_out_as_of_another_day_count_from_then(plan: World) -> None:
    day = timezone.localdate() - timedelta(days=3)
    draw(day)
    PlanEntry.objects.update(week_on=day)
    open_plan(acting=SYSTEM, at=noon(day))
    item = WorkItem.objects.open().get(household=plan.household)
    assert item.opened_at == noon(day)
    assert item.purposes.get().added_at == noon(day)
    assert entry(plan.household).opened_at == noon(day)
