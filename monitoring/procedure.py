"""The procedure of a case: one table of moves. Pages ask it to draw, actions ask it to refuse.

The order is the regulations' (reference 2.2, 2.5); whose turn it is, the days and the papers are
data (monitoring/models/procedure.py). `why_not` needs the step of the case's own version.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from grid.models import Account
from grid.roles import Role
from grid.scope import sight_of
from monitoring.models.case import Case
from monitoring.models.procedure import Procedure, ProcedureStep
from monitoring.models.stage import ELIMINATING, ENDED, IDENTIFYING, MONITORED, Duty, Stage

S = Stage
ANY_OPEN = (*IDENTIFYING, *MONITORED)
OFFICES = (Role.TOWNSHIP_OFFICER, Role.COUNTY_OFFICER)


@dataclass(frozen=True, slots=True)
class Move:
    """From one stage to another. `turn`: who, where it is not the step's own roles.

    `forward` moves leave a step done: its papers must be on file. `again` begins a new round.
    `asks`: what the person must say with it. `told`: the household must be told of it.
    """

    name: str
    label: str
    sources: tuple[Stage, ...]
    target: Stage
    duty: Duty | None = None
    forward: bool = False
    again: bool = False
    asks: tuple[str, ...] = ()
    turn: tuple[Role, ...] = ()
    told: bool = False
    by_program: bool = False


def _chain(
    name: str, label: str, source: Stage, target: Stage, duty: Duty | None, *asks: str
) -> Move:
    return Move(name, label, (source,), target, duty, forward=True, asks=asks)


def _ends(name: str, label: str, sources: tuple[Stage, ...], target: Stage, **more: Any) -> Move:
    return Move(name, label, sources, target, asks=("reason",), **more)


MAKE, CHECK, APPROVE = Duty.MAKE, Duty.CHECK, Duty.APPROVE
MOVES: tuple[Move, ...] = (
    # Identification
    _chain("accept", "研判属实，派人入户", S.CLUE, S.VISITING, MAKE),
    _chain("find_risk", "核实有风险", S.VISITING, S.AUTHORIZING, MAKE),
    _chain("authorize", "授权齐全，开始检索", S.AUTHORIZING, S.SEARCHING, None),
    _chain("finish_search", "检索完毕，提交评议", S.SEARCHING, S.REVIEWING, None),
    _chain(
        "pass_meeting", "评议通过，开始公示", S.REVIEWING, S.NOTICING, MAKE, "category", "risks"
    ),
    _chain("finish_notice", "公示期满无异议，报乡镇", S.NOTICING, S.TOWNSHIP_REVIEW, MAKE),
    _chain(
        "township_pass", "审核通过，报县级", S.TOWNSHIP_REVIEW, S.COUNTY_APPROVAL, CHECK, "reason"
    ),
    _chain("county_approve", "同意纳入", S.COUNTY_APPROVAL, S.ANNOUNCING, APPROVE, "reason"),
    _chain("announce", "已公告", S.ANNOUNCING, S.REGISTERING, None),
    _chain("register", "录入建档完成", S.REGISTERING, S.PLANNING, None, "national_number"),
    _chain("plan", "计划已定，开始帮扶", S.PLANNING, S.ASSISTING, None),
    # Not in
    _ends("dismiss", "不构成风险，结案", (S.CLUE, S.VISITING), S.DISMISSED, duty=MAKE, told=True),
    _ends("decline", "农户不愿纳入", (S.VISITING, S.AUTHORIZING), S.DECLINED, told=True),
    _ends("exclude", "财产不符，不予纳入", (S.SEARCHING,), S.REFUSED, duty=CHECK, told=True),
    _ends("fail_meeting", "评议未通过", (S.REVIEWING,), S.REFUSED, duty=MAKE, told=True),
    _ends("township_refuse", "不予纳入", (S.TOWNSHIP_REVIEW,), S.REFUSED, duty=CHECK, told=True),
    _ends("county_refuse", "不予纳入", (S.COUNTY_APPROVAL,), S.REFUSED, duty=APPROVE, told=True),
    _ends("transfer", "转部门办理", (S.CLUE, S.VISITING), S.TRANSFERRED, told=True),
    # Back
    _ends("uphold_objection", "异议成立，重新核查", (S.NOTICING,), S.VISITING, again=True),
    _ends("township_return", "退回评议", (S.TOWNSHIP_REVIEW,), S.REVIEWING, again=True),
    _ends("township_return_visit", "退回重新核查", (S.TOWNSHIP_REVIEW,), S.VISITING, again=True),
    _ends("county_return", "退回乡镇", (S.COUNTY_APPROVAL,), S.TOWNSHIP_REVIEW),
    # Elimination by the same chain
    Move(
        "propose_elimination",
        "提出风险消除",
        (S.ASSISTING,),
        S.OUT_VISITING,
        MAKE,
        forward=True,
        again=True,
        asks=("mode", "reason"),
    ),
    _chain("out_visited", "核查属实，提交评议", S.OUT_VISITING, S.OUT_REVIEWING, MAKE),
    _chain("out_pass_meeting", "评议通过，开始公示", S.OUT_REVIEWING, S.OUT_NOTICING, MAKE),
    _chain("out_finish_notice", "公示期满无异议，报乡镇", S.OUT_NOTICING, S.OUT_TOWNSHIP, MAKE),
    _chain("out_township_pass", "审核通过，报县级", S.OUT_TOWNSHIP, S.OUT_COUNTY, CHECK, "reason"),
    _chain("out_county_approve", "同意消除", S.OUT_COUNTY, S.OUT_ANNOUNCING, APPROVE, "reason"),
    _chain("out_announce", "已公告，标注消除", S.OUT_ANNOUNCING, S.ELIMINATED, None),
    _ends("keep", "不予消除，继续帮扶", ELIMINATING[:-1], S.ASSISTING, told=True),
    _ends(
        "out_uphold_objection", "异议成立，重新核查", (S.OUT_NOTICING,), S.OUT_VISITING, again=True
    ),
    _ends("out_township_return", "退回评议", (S.OUT_TOWNSHIP,), S.OUT_REVIEWING, again=True),
    _ends("out_county_return", "退回乡镇", (S.OUT_COUNTY,), S.OUT_TOWNSHIP),
    _ends(
        "roll_back", "风险回退，恢复帮扶", (S.ELIMINATED,), S.ASSISTING, turn=OFFICES, again=True
    ),
    # The household is no longer there
    _ends("move_away", "整户迁出", ANY_OPEN, S.MOVED_AWAY, turn=OFFICES),
    _ends("merge", "并入他户", ANY_OPEN, S.MERGED, turn=OFFICES),
    _ends("dissolve", "整户自然减少", ANY_OPEN, S.DISSOLVED, turn=OFFICES),
)
BY_NAME = {move.name: move for move in MOVES}
# What moves ask of the person, in words.
ASKED = {
    "reason": "理由",
    "category": "监测对象类别",
    "risks": "风险类型",
    "mode": "消除方式",
    "national_number": "全国系统户编号",
}
# Facts that are not moves but stand in the same history.
NOTES = {
    "opened": "立案",
    "joined": "并入新线索",
    "opened_green": "开通绿色通道",
    "closed_green": "绿色通道手续补齐",
    "paused": "暂停计时",
    "resumed": "恢复计时",
    "explained": "告知农户",
}


def words_of(name: str) -> str:
    """The label of a move or a note of the history."""
    return BY_NAME[name].label if name in BY_NAME else NOTES[name]


def moves_from(stage: str) -> tuple[Move, ...]:
    """In the order in which pages offer them: forward, ends, back."""
    return tuple(move for move in MOVES if stage in move.sources)


def step_named(procedure: Procedure, stage: str) -> ProcedureStep | None:
    """The step of that stage; None where the version has none. Steps prefetched or not."""
    return next((s for s in procedure.steps.all() if s.stage == stage), None)


def roles_of(move: Move, step: ProcedureStep | None) -> tuple[str, ...]:
    """Who makes the move: its own roles, else those of the step in the case's procedure."""
    if move.turn:
        return tuple(role.value for role in move.turn)
    return tuple(step.roles) if step else ()


def holds_one_of(account: Any, roles: Collection[str], code: str) -> bool:
    """Whether a current post of these roles covers the place."""
    if getattr(account, "is_system", False):
        return True
    return any(
        h.role.value in roles and h.region is not None and code.startswith(h.region)
        for h in sight_of(account).holdings
    )


def turn_words(roles: Collection[str]) -> str:
    """网格员、村级网格长：in words for a disabled button."""
    return "、".join(Role(role).label for role in roles)


def why_not(move: Move, *, case: Case, step: ProcedureStep | None, account: Account | Any) -> str:
    """Empty when the move is this account's to make now; else the sentence for its button.

    Papers are asked separately (monitoring/papers.py): they need the database.
    """
    if case.stage not in move.sources:
        return f"个案现在是“{case.get_stage_display()}”，不能“{move.label}”。请刷新页面看清进展。"
    roles = roles_of(move, step)
    if not holds_one_of(account, roles, case.code):
        return f"“{move.label}”由{turn_words(roles)}办理，您现在的职务没有这项权限。"
    return ""


def diagram() -> str:
    """The table as a Mermaid state diagram, for docs/ (make diagram)."""
    lines = ["stateDiagram-v2"]
    lines += [f"    {stage.value}: {stage.label}" for stage in Stage]
    lines.append(f"    [*] --> {S.CLUE.value}: 立案")
    for move in MOVES:
        if set(move.sources) == set(ANY_OPEN):
            continue  # from every open stage: said in words beside the drawing
        lines += [
            f"    {source.value} --> {move.target.value}: {move.label}" for source in move.sources
        ]
    lines += [f"    {stage.value} --> [*]" for stage in ENDED]
    return "\n".join(lines) + "\n"
