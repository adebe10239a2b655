"""The procedure of a case: every stage, role and move; people, versions, clocks, clues."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from grid.models import HouseholdEvent, HouseholdKind, Outcome, WorkItem, WorkItemPurpose
from grid.roles import ROLES, Role
from grid.scope import forget_sight
from monitoring.actions.case_clock import open_green, pause_case, resume_case
from monitoring.actions.case_visits import collect_case_visits
from monitoring.actions.cases import move_case
from monitoring.actions.clues import raise_clue, take_up_clues
from monitoring.actions.procedures import STEPS, install_procedure
from monitoring.clock import clock_of
from monitoring.models import (
    Case,
    CaseStep,
    Clue,
    Duty,
    ProcedureStep,
    Relative,
    Stage,
)
from monitoring.models.stage import ENDED
from monitoring.papers import papers_now
from monitoring.procedure import ANY_OPEN, BY_NAME, MOVES, moves_from, roles_of, step_named, why_not
from tests.monitoring.cases import GIVEN, lead, move, open_case_of, procedure
from tests.monitoring.test_alerts import visit
from tests.world import World, add_account, add_post
from yizhou.audit import SYSTEM, AuditEntry
from yizhou.refusals import NotAllowed, Overtaken, Refusal
from yizhou.workdays import add_workdays

pytestmark = pytest.mark.django_db
ROLES_THERE = [r for r in Role if ROLES[r].level is not None]


@pytest.fixture
def case(world: World) -> Case:
    procedure()
    return open_case_of(world.household)


def put(case: Case, stage: str) -> Case:
    """The case at a stage, whatever the way."""
    facts: dict[str, Any] = {"category": "marginal_prone", "risks": ["因病"]}
    if stage in ENDED:
        facts["closed_at"] = timezone.now()
    today = timezone.localdate()
    facts |= {"identified_on": today, "elimination_mode": "assisted", "eliminated_on": today}
    Case.objects.filter(pk=case.pk).update(stage=stage, **facts)
    case.refresh_from_db()
    return case


@pytest.mark.parametrize("role", ROLES_THERE)
def test_every_stage_and_move_asks_the_role(world: World, case: Case, role: Role) -> None:
    """Each cell of stage x role x move: allowed exactly where table and procedure say so."""
    level = ROLES[role].level
    region = {"county": "451203", "township": "451203104", "village": "451203104207"}.get(
        str(level), world.grid.code if level == "grid" else "451203104207001"
    )
    holder = add_account(f"holder_{role}", "甲子")
    add_post(holder, role, region=world.county.__class__.objects.get(pk=region), seat=7)
    steps = list(case.procedure.steps.all())
    shipped = {stage: roles for stage, roles, *_ in STEPS}
    for stage, made in product(Stage, MOVES):
        case.stage = stage
        step = next((s for s in steps if s.stage == stage), None)
        sentence = why_not(made, case=case, step=step, account=holder)
        turn = made.turn or shipped.get(stage, ())
        allowed = stage in made.sources and role in turn
        assert (sentence == "") == allowed, (stage, made.name, role, sentence)


@pytest.mark.parametrize(
    ("stage", "name"), [(s, m.name) for s in Stage for m in moves_from(s)], ids=str
)
def test_every_move_is_made_by_its_roles_alone(
    world: World, case: Case, stage: Stage, name: str
) -> None:
    """The action itself: the first role of the turn may, a worker of another grid may not."""
    put(case, stage)
    made = BY_NAME[name]
    step = step_named(case.procedure, stage)
    role = Role(roles_of(made, step)[0])
    holder = add_account("holder", "甲子")
    level = str(ROLES[role].level)
    place = {"county": world.county, "township": world.township, "village": world.village}.get(
        level, world.grid
    )
    add_post(holder, role, region=place, seat=7)
    with pytest.raises(NotAllowed):
        move(world.other_worker, case, name)
    case.refresh_from_db()
    assert case.stage == stage
    move(holder, case, name)
    assert case.stage == made.target
    assert CaseStep.objects.filter(case=case, move=name, by=holder).count() == 1


@pytest.mark.parametrize("stage", Stage)
def test_no_other_move_leaves_a_stage(stage: Stage) -> None:
    """A hand-made request for a skipped step is refused with a sentence, whoever asks."""
    for made in MOVES:
        if stage not in made.sources:
            no = why_not(made, case=Case(stage=stage, code="4512"), step=None, account=SYSTEM)
            assert "请刷新页面" in no


def test_a_case_goes_in_and_out(world: World, case: Case) -> None:
    lead(world, case, until=Stage.ASSISTING)
    world.household.refresh_from_db()
    assert world.household.kind == HouseholdKind.MARGINAL_PRONE
    assert case.identified_on == timezone.localdate()
    lead(world, case, until=Stage.ELIMINATED)
    world.household.refresh_from_db()
    assert world.household.kind == case.kind_before
    assert case.closed_at is not None
    kinds = HouseholdEvent.objects.filter(household=world.household).values_list("kind", flat=True)
    assert list(kinds).count("classified") == 2


def test_roll_back_opens_the_case_again(world: World, case: Case) -> None:
    lead(world, case, until=Stage.ELIMINATED)
    move(world.township_officer, case, "roll_back")
    assert (case.stage, case.closed_at, case.eliminated_on) == (Stage.ASSISTING, None, None)
    lead(world, case, until=Stage.ELIMINATED)


def test_roll_back_waits_while_a_later_case_is_open(world: World, case: Case) -> None:
    lead(world, case, until=Stage.ELIMINATED)
    later = open_case_of(world.household)
    assert later.previous == case
    with pytest.raises(Refusal, match="新个案"):
        move(world.township_officer, case, "roll_back")


def test_second_clue_joins_the_open_case(world: World, case: Case) -> None:
    again = open_case_of(world.household, risk="因学", sentence="孩子上大学")
    again.refresh_from_db()
    assert again == case
    assert again.risks == ["因病", "因学"]
    assert Clue.objects.filter(case=case).count() == 2


def test_clue_waits_until_a_procedure_is_published(world: World) -> None:
    clue = raise_clue(
        acting=SYSTEM,
        household=world.household,
        source=Clue.Source.SELF_DECLARED,
        risk="因病",
        sentence="住院",
    )
    assert (clue.case, take_up_clues()) == (None, 0)
    install_procedure(acting=SYSTEM)
    assert (take_up_clues(), take_up_clues()) == (1, 0)
    assert Case.objects.get(clues=clue).stage == Stage.CLUE


def test_maker_is_never_checker(world: World, case: Case) -> None:
    add_post(world.info_officer, Role.TOWNSHIP_OFFICER, region=world.township, seat=9)
    lead(world, case, until=Stage.TOWNSHIP_REVIEW)
    with pytest.raises(NotAllowed, match="不同的人"):
        move(world.info_officer, case, "township_pass")
    move(world.township_officer, case, "township_pass")


def test_database_holds_one_duty_a_person(world: World, case: Case) -> None:
    lead(world, case, until=Stage.TOWNSHIP_REVIEW)
    with pytest.raises(IntegrityError), transaction.atomic():
        CaseStep.objects.create(
            case=case,
            move="township_pass",
            from_stage=case.stage,
            to_stage=case.stage,
            round=case.round,
            duty=Duty.CHECK,
            by=world.info_officer,
            by_name="x",
        )


@pytest.mark.parametrize("attack", ["UPDATE monitoring_casestep SET sentence = ''", "DELETE"])
def test_history_cannot_be_changed(world: World, case: Case, attack: str) -> None:
    statement = attack if " " in attack else "DELETE FROM monitoring_casestep"
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_nobody_decides_on_a_declared_relative(world: World, case: Case) -> None:
    Relative.objects.create(
        account=world.info_officer, household=world.household, relation="堂兄弟"
    )
    with pytest.raises(NotAllowed, match="回避"):
        move(world.info_officer, case, "accept")


def test_stale_page_says_who_was_faster(world: World, case: Case) -> None:
    seen = case.version
    move(world.info_officer, case, "accept")
    with pytest.raises(Overtaken, match=f"{world.info_officer.name}刚刚"):
        move_case(
            acting=world.township_officer,
            case=case,
            move=BY_NAME["accept"],
            version_seen=seen,
            given=GIVEN,
        )
    assert CaseStep.objects.filter(case=case, move="accept").count() == 1


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("dismiss", {"reason": " "}, "理由"),
        ("dismiss", {"reason": "字" * 501}, "理由"),
        ("pass_meeting", {"category": "ordinary"}, "类别"),
        ("pass_meeting", {"risks": []}, "风险类型"),
        ("pass_meeting", {"risks": ["没有这个"]}, "风险类型"),
        ("propose_elimination", {"mode": ""}, "消除方式"),
        ("register", {"national_number": "不是编号"}, "户编号"),
    ],
)
def test_what_a_move_asks_is_checked(
    world: World, case: Case, name: str, change: dict[str, Any], says: str
) -> None:
    made = BY_NAME[name]
    put(case, made.sources[0])
    step = step_named(case.procedure, case.stage)
    assert step is not None
    of_township = "township_officer" in step.roles
    who = world.township_officer if of_township else world.info_officer
    with pytest.raises(Refusal, match=says):
        move(who, case, name, **change)
    case.refresh_from_db()
    assert case.stage == made.sources[0]


def test_step_waits_for_its_papers(world: World) -> None:
    procedure(papers=True)
    case = open_case_of(world.household)
    move(world.info_officer, case, "accept")
    assert WorkItemPurpose.objects.get(kind="case").subject == case.pk
    with pytest.raises(Refusal, match="入户核查记录"):
        move(world.info_officer, case, "find_risk")
    visit(world, outcome=Outcome.TO_MONITORING)
    assert (collect_case_visits(), collect_case_visits()) == (1, 0)
    assert WorkItem.objects.get().state == WorkItem.State.CLOSED
    step = move(world.info_officer, case, "find_risk")
    assert step.snapshot["papers"][0]["is_there"] is True


def test_new_round_needs_a_new_visit(world: World) -> None:
    procedure(papers=True)
    case = open_case_of(world.household)
    move(world.info_officer, case, "accept")
    visit(world)
    collect_case_visits()
    ProcedureStep.objects.exclude(stage=Stage.VISITING).update(papers=[])
    lead(world, case, until=Stage.TOWNSHIP_REVIEW)
    move(world.township_officer, case, "township_return_visit")
    assert (case.round, case.stage) == (2, Stage.VISITING)
    with pytest.raises(Refusal, match="入户核查记录"):
        move(world.info_officer, case, "find_risk")


def test_papers_are_asked_set_based(
    world: World, case: Case, django_assert_max_num_queries: Any
) -> None:
    procedure()
    put(case, Stage.VISITING)
    ProcedureStep.objects.filter(stage=Stage.VISITING).update(papers=["visit"])
    second = put(open_case_of(world.next_household), Stage.VISITING)
    cases = list(
        Case.objects.filter(pk__in=[case.pk, second.pk]).prefetch_related(
            "procedure__steps", "clues__visit__by"
        )
    )
    with django_assert_max_num_queries(1):
        assert {len(p) for p in papers_now(cases).values()} == {1}


def test_leaving_the_stage_ends_its_visit(world: World) -> None:
    procedure()
    case = open_case_of(world.household)
    move(world.info_officer, case, "accept")
    move(world.township_officer, case, "move_away")
    assert WorkItemPurpose.objects.get(kind="case").state == WorkItemPurpose.State.DROPPED


def test_limits_count_working_days(world: World, case: Case) -> None:
    today = timezone.localdate()
    assert case.total_due_on == add_workdays(today, 15)
    assert case.step_due_on == add_workdays(today, 1)
    move(world.info_officer, case, "accept")
    assert case.step_due_on == add_workdays(today, 2)


def test_pause_moves_the_limits(world: World, case: Case) -> None:
    pause_case(
        acting=world.township_officer, case=case, version_seen=case.version, reason="全家外出"
    )
    with pytest.raises(Refusal, match="恢复计时"):
        move(world.info_officer, case, "accept")
    began = timezone.localdate() - timedelta(days=14)
    case.pauses.update(from_on=began)
    due = case.total_due_on
    assert due is not None
    case.refresh_from_db()
    resume_case(acting=world.township_officer, case=case, version_seen=case.version)
    case.refresh_from_db()
    assert case.total_due_on is not None
    assert case.total_due_on > due
    assert clock_of(case).paused is None


def test_clock_turns_red_after_the_limit(world: World, case: Case) -> None:
    past = timezone.localdate() - timedelta(days=60)
    Case.objects.filter(pk=case.pk).update(
        opened_on=past, total_due_on=past + timedelta(days=21), step_due_on=past
    )
    case.refresh_from_db()
    clock = clock_of(case)
    assert clock.tone == "red"
    assert clock.late > 20
    assert clock.total == clock.used + (clock.left or 0)


def test_green_channel_has_its_own_clock(world: World, case: Case) -> None:
    open_green(
        acting=world.township_officer, case=case, version_seen=case.version, reason="房屋倒塌"
    )
    case.refresh_from_db()
    assert case.is_green
    assert case.green_due_on == add_workdays(timezone.localdate(), 5)
    with pytest.raises(Refusal, match="绿色通道"):
        open_green(
            acting=world.township_officer, case=case, version_seen=case.version, reason="再来一次"
        )


def test_every_step_is_audited(world: World, case: Case) -> None:
    lead(world, case, until=Stage.ELIMINATED)
    assert AuditEntry.objects.filter(verb="moved_case").count() == 18


def test_stranger_and_neighbours_see_no_case(world: World, case: Case) -> None:
    for account in (world.stranger, world.other_township_officer, world.clerk_medical):
        forget_sight(account)
        assert not account.sees(Case).exists()
        assert not account.sees(CaseStep).exists()
    assert world.township_officer.sees(Case).exists()


def test_ends_and_open_stages_cover_all() -> None:
    assert set(ANY_OPEN) | set(ENDED) == set(Stage)
    assert not set(ANY_OPEN) & set(ENDED)
