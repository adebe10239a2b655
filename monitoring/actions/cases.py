"""Cases: opened by a clue, moved step by step, paused; every act is a row nobody can change."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from grid.models import Household
from grid.roles import ROLES, Role
from grid.scope import sight_of
from monitoring.actions.case_effects import enter_stage
from monitoring.actions.case_given import READ
from monitoring.clock import clock_of, facts_of_clock
from monitoring.models import (
    Case,
    CaseStep,
    Clue,
    Duty,
    Procedure,
    ProcedureStep,
    Relative,
    Risk,
    Stage,
)
from monitoring.models.stage import ENDED
from monitoring.papers import OnFile, papers_now
from monitoring.procedure import Move, step_named, why_not, words_of
from yizhou.audit import record
from yizhou.refusals import NotAllowed, Overtaken, Refusal, broken_constraint
from yizhou.workdays import add_workdays

ONE_DUTY = "case_step_one_duty_a_person"
FIELDS = {"mode": "elimination_mode"}  # where a fact has another name in the row


@transaction.atomic
def open_case(*, acting: Any, clue: Clue) -> Case:
    """A case for the clue's household, which has no open one. Raises Refusal without procedure.

    A clue that a visit confirmed begins with the authorisation; the visit is on file.
    """
    today = timezone.localdate()
    household = Household.objects.get(pk=clue.household_id)
    procedure = procedure_for(household.cell_id, on=today)
    if procedure is None:
        raise Refusal("县里还没有发布办理程序，请县级监测专员先发布。", code="no_procedure")
    now = timezone.now()
    previous = Case.objects.filter(household=household).order_by("-id").first()
    case = Case(
        number=_next_number(household.cell_id, today),
        household=household,
        code=household.cell_id,
        procedure=procedure,
        stage=Stage.CLUE if clue.visit_id is None else Stage.AUTHORIZING,
        opened_on=today,
        stage_since=now,
        round_since=now,
        total_due_on=add_workdays(today, procedure.total_workdays),
        risks=[clue.risk] if clue.risk in Risk.values else [],
        kind_before=household.kind,
        previous=previous,
    )
    case.step_due_on = _step_due(case, today)
    case.save(force_insert=True)
    Clue.objects.filter(pk=clue.pk).update(case=case)
    write_step(
        acting, case, "opened", before="", sentence=f"{clue.get_source_display()}：{clue.sentence}"
    )
    record(acting=acting, verb="opened_case", subject=case)
    enter_stage(acting=acting, case=case)
    return case


@transaction.atomic
def join_case(*, acting: Any, case: Case, clue: Clue) -> None:
    """A further clue of the same household: joins its open case, and its risk is added."""
    Clue.objects.filter(pk=clue.pk).update(case=case)
    if clue.risk in Risk.values and clue.risk not in case.risks and len(case.risks) < 5:
        Case.objects.filter(pk=case.pk).update(
            risks=[*case.risks, clue.risk], version=F("version") + 1
        )
    sentence = f"{clue.get_source_display()}：{clue.sentence}"
    write_step(acting, case, "joined", before=case.stage, sentence=sentence)
    record(acting=acting, verb="joined_case", subject=case, detail={"clue": clue.pk})


@transaction.atomic
def move_case(
    *,
    acting: Any,
    case: Case,
    move: Move,
    version_seen: int,
    given: Mapping[str, Any] | None = None,
    shown: Mapping[str, Any] | None = None,
) -> CaseStep:
    """Make one move of MOVES. `given`: what the move asks for; `shown`: further facts on screen.

    Raises NotAllowed, Refusal, Overtaken; nothing is half-written.
    """
    case = (
        Case.objects.select_related("household", "procedure")
        .prefetch_related("procedure__steps", "clues__visit__by", "pauses")
        .get(pk=case.pk)
    )
    if case.version != version_seen:
        raise Overtaken(_who_was_faster(case))
    step = step_named(case.procedure, case.stage)
    if no := why_not(move, case=case, step=step, account=acting):
        raise (Refusal if case.stage not in move.sources else NotAllowed)(no)
    check_person(acting, case, move)
    given_now = {FIELDS.get(name, name): READ[name](given or {}) for name in move.asks}
    papers = papers_now([case])[case.pk]
    if move.forward and (missing := [p for p in papers if not p.is_there]):
        raise Refusal(missing[0].sentence, code=f"missing_{missing[0].paper}")
    _refuse_while_paused(case, move)
    snapshot = snapshot_of(case, papers) | dict(shown or {})
    before, reason = case.stage, str(given_now.pop("reason", ""))
    _advance(case, move, version_seen, given_now)
    made = write_step(
        acting, case, move.name, before=before, sentence=reason, duty=move.duty, snapshot=snapshot
    )
    record(
        acting=acting,
        verb="moved_case",
        subject=case,
        reason=reason,
        detail={"move": move.name, "from": before, "to": case.stage},
    )
    enter_stage(acting=acting, case=case)
    return made


def _changes_of(case: Case, move: Move) -> dict[str, Any]:
    """What the row says after the move, beside what was given with it."""
    now, today = timezone.now(), timezone.localdate()
    changes: dict[str, Any] = {"stage": move.target, "stage_since": now}
    if move.again:
        changes |= {"round": case.round + 1, "round_since": now}
    if move.target in ENDED:
        changes["closed_at"] = now
    elif case.closed_at is not None:
        changes |= {"closed_at": None, "eliminated_on": None, "elimination_mode": ""}
    further: dict[str, dict[str, Any]] = {
        "county_approve": {"identified_on": today},
        "register": {"total_due_on": None},
        "keep": {"total_due_on": None},
        "roll_back": {"total_due_on": None},
        "out_announce": {"eliminated_on": today},
        "propose_elimination": {"total_due_on": add_workdays(today, case.procedure.out_workdays)},
    }
    return changes | further.get(move.name, {})


def _advance(case: Case, move: Move, version_seen: int, given: Mapping[str, Any]) -> None:
    """The conditional UPDATE; `case` then says what the row says."""
    changes = {**given, **_changes_of(case, move)}
    for name, value in changes.items():
        setattr(case, name, value)
    changes["step_due_on"] = case.step_due_on = _step_due(case, timezone.localdate())
    try:
        with transaction.atomic():
            moved = Case.objects.filter(
                pk=case.pk, stage__in=move.sources, version=version_seen
            ).update(version=F("version") + 1, **changes)
    except IntegrityError as broken:
        if broken_constraint(broken) != "case_one_open_per_household":
            raise
        raise Refusal(
            "这户已有一个正在办理的新个案，请在那个个案里办理。", code="open_case"
        ) from None
    if not moved:
        raise Overtaken(_who_was_faster(case))
    case.version = version_seen + 1


def write_step(
    acting: Any,
    case: Case,
    name: str,
    *,
    before: str,
    sentence: str = "",
    duty: Duty | None = None,
    snapshot: dict[str, Any] | None = None,
) -> CaseStep:
    """A row of the case's history. Raises NotAllowed for a second duty in the same round."""
    try:
        with transaction.atomic():
            return CaseStep.objects.create(
                case=case,
                move=name,
                from_stage=before,
                to_stage=case.stage,
                round=case.round,
                duty=duty,
                by_id=acting.pk,
                by_name=acting.display_name,
                by_post=post_words(acting, case.code),
                sentence=sentence[:500],
                snapshot=snapshot or {},
            )
    except IntegrityError as broken:
        if broken_constraint(broken) != ONE_DUTY:
            raise
        raise NotAllowed(OTHER_DUTY) from None


OTHER_DUTY = (
    "您在本轮已经以另一种职责办过这个个案，经办、审核、审定要由不同的人。"
    "请交给有这项职务的其他同事。"
)


def check_person(acting: Any, case: Case, move: Move) -> None:
    """Nobody decides on a declared relative, or in two duties. Raises NotAllowed."""
    if acting.pk is None:
        return
    if Relative.objects.standing().filter(account=acting.pk, household=case.household_id).exists():
        raise NotAllowed(
            "您申报过与这户的亲属关系，应当回避。请交给其他同事办理。", code="relative"
        )
    if move.duty is None:
        return
    others = CaseStep.objects.filter(
        case=case, round=case.round + move.again, by=acting.pk, duty__isnull=False
    ).exclude(duty=move.duty)
    if others.exists():
        raise NotAllowed(OTHER_DUTY, code="one_duty")


def _refuse_while_paused(case: Case, move: Move) -> None:
    if move.forward and any(p.until_on is None for p in case.pauses.all()):
        raise Refusal("这个个案暂停计时。请先恢复计时，再往下办理。", code="paused")


def _who_was_faster(case: Case) -> str:
    last = CaseStep.objects.filter(case=case).order_by("-id").first()
    if last is None:
        return Overtaken().sentence
    at = timezone.localtime(last.at)
    return (
        f"{last.by_name}刚刚（{at:%m-%d %H:%M}）办理了“{words_of(last.move)}”，"
        "您的这一步没有提交。请刷新页面，看清现在的进展再办。"
    )


def snapshot_of(case: Case, papers: list[OnFile]) -> dict[str, Any]:
    """What stands on the page beside the decision, kept with it. Names stay in the registry."""
    return {
        "household": {
            "number": case.household.number,
            "size": case.household.size,
            "kind": case.household.kind,
            "version": case.household.version,
        },
        "category": case.category,
        "risks": list(case.risks),
        "clues": [
            {
                "source": clue.source,
                "risk": clue.risk,
                "sentence": clue.sentence,
                "at": clue.raised_at.isoformat(),
            }
            for clue in case.clues.all()
        ],
        "papers": [paper.as_json() for paper in papers],
        "clock": facts_of_clock(clock_of(case)),
    }


def procedure_for(code: str, *, on: date) -> Procedure | None:
    """The version in force there: of the nearest area above the place; None: not published."""
    fitting = [
        p for p in Procedure.objects.on(on).prefetch_related("steps") if code.startswith(p.area_id)
    ]
    return max(fitting, key=lambda p: len(p.area_id), default=None)


def _step_due(case: Case, today: date) -> date | None:
    step: ProcedureStep | None = step_named(case.procedure, case.stage)
    return add_workdays(today, step.workdays) if step and step.workdays is not None else None


def _next_number(code: str, today: date) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('monitoring_case_number')")
        (number,) = cursor.fetchone()
    return f"{code[:6]}{today.year}{number:06d}"


def post_words(acting: Any, code: str) -> str:
    """The post in which somebody acts at the place, in words; empty for the program."""
    if acting.pk is None:
        return ""
    held = [
        h
        for h in sight_of(acting).holdings
        if h.region and code.startswith(h.region) and not ROLES[h.role].only_reports
    ]
    return Role(max(held, key=lambda h: len(h.region or "")).role).label if held else ""


def change_case(case: Case, version_seen: int, **changes: Any) -> None:
    changed = Case.objects.filter(pk=case.pk, version=version_seen, closed_at=None).update(
        version=F("version") + 1, **changes
    )
    if not changed:
        raise Overtaken(_who_was_faster(case))
    for name, value in changes.items():
        setattr(case, name, value)
    case.version = version_seen + 1
