"""Cases for tests: opened by a clue in the small world, led on step by step by the right people."""

from typing import Any

from django.utils import timezone

from grid.models import Account, Household
from grid.scope import forget_sight
from monitoring.actions.cases import move_case
from monitoring.actions.clues import raise_clue
from monitoring.actions.procedures import install_procedure
from monitoring.models import Case, CaseStep, Clue, Procedure, ProcedureStep
from monitoring.procedure import BY_NAME
from tests.world import World
from yizhou.audit import SYSTEM

# Who makes each move of the way through, by names of the small world.
GIVEN: dict[str, Any] = {
    "reason": "核对过，情况属实",
    "category": "marginal_prone",
    "risks": ["因病"],
    "mode": "assisted",
    "national_number": "",
}


def procedure(*, papers: bool = False) -> Procedure:
    """The shipped procedure; without papers, so that a test of the order needs no files."""
    install_procedure(acting=SYSTEM)
    if not papers:
        ProcedureStep.objects.update(papers=[])
    return Procedure.objects.get()


def open_case_of(household: Household, acting: Any = SYSTEM, **more: Any) -> Case:
    values = {
        "acting": acting,
        "household": household,
        "source": Clue.Source.SELF_DECLARED,
        "risk": "因病",
        "sentence": "住院花了三万",
    }
    clue = raise_clue(**(values | more))
    assert clue.case is not None
    return clue.case


def move(acting: Account | Any, case: Case, name: str, **given: Any) -> CaseStep:
    case.refresh_from_db()
    if acting is not SYSTEM:
        forget_sight(acting)
    made = move_case(
        acting=acting,
        case=case,
        move=BY_NAME[name],
        version_seen=case.version,
        given=GIVEN | given,
    )
    case.refresh_from_db()
    return made


IN = (
    ("accept", "info_officer"),
    ("find_risk", "info_officer"),
    ("authorize", "info_officer"),
    ("finish_search", "township_officer"),
    ("pass_meeting", "info_officer"),
    ("finish_notice", "info_officer"),
    ("township_pass", "township_officer"),
    ("county_approve", "county_officer"),
    ("announce", "info_officer"),
    ("register", "township_officer"),
    ("plan", "info_officer"),
)
OUT = (
    ("propose_elimination", "info_officer"),
    ("out_visited", "info_officer"),
    ("out_pass_meeting", "info_officer"),
    ("out_finish_notice", "info_officer"),
    ("out_township_pass", "township_officer"),
    ("out_county_approve", "county_officer"),
    ("out_announce", "info_officer"),
)


def lead(world: World, case: Case, *, until: str, way: Any = (*IN, *OUT)) -> Case:
    """Make the moves one after the other until the case stands at the stage."""
    for name, who in way:
        if case.stage == until:
            break
        if case.stage in BY_NAME[name].sources:
            move(getattr(world, who), case, name)
    assert case.stage == until, case.stage
    return case


def today() -> Any:
    return timezone.localdate()
