"""The life of an alert: one table of moves. Pages ask it to draw, actions ask it to refuse."""

from dataclasses import dataclass
from typing import Any

from grid.roles import Act
from grid.scope import may
from monitoring.models.alert import AlertState


@dataclass(frozen=True, slots=True)
class Move:
    """From one state to another: whose turn, which right, what must be on file."""

    name: str
    label: str
    source: AlertState
    target: AlertState
    turn: str
    act: Act | None  # None: the program itself
    needs: str = ""


S = AlertState
MOVES: tuple[Move, ...] = (
    Move("send", "有名额时派出", S.HELD, S.TO_VERIFY, "系统", None, "承办人本周名额"),
    Move("send_now", "立即派出", S.HELD, S.TO_VERIFY, "乡镇", Act.ASSIGN_WORK, "理由"),
    Move("report", "入户核实回传", S.TO_VERIFY, S.REPORTED, "网格员", None, "走访记录和核实结果"),
    Move("return", "退回补充", S.REPORTED, S.TO_VERIFY, "乡镇", Act.SETTLE_ALERT, "退回原因"),
    Move("settle", "确认办结", S.REPORTED, S.SETTLED, "乡镇", Act.SETTLE_ALERT, "结论和理由"),
    Move(
        "settle_unvisited",
        "不入户办结",
        S.TO_VERIFY,
        S.SETTLED,
        "乡镇",
        Act.SETTLE_ALERT,
        "结论和理由",
    ),
    Move("settle_held", "不入户办结", S.HELD, S.SETTLED, "乡镇", Act.SETTLE_ALERT, "结论和理由"),
    Move("withdraw", "依据消失，自动撤销", S.TO_VERIFY, S.WITHDRAWN, "系统", None, "研判批次"),
    Move("withdraw_held", "依据消失，自动撤销", S.HELD, S.WITHDRAWN, "系统", None, "研判批次"),
)

BY_NAME = {move.name: move for move in MOVES}


def why_not(move: Move, *, state: str, account: Any, code: str) -> str:
    """Empty when the move may happen now; else the sentence for the disabled button."""
    if state != move.source:
        return f"这条预警现在是“{AlertState(state).label}”，不能{move.label}。"
    if move.act is not None and not may(account, move.act, code=code):
        return f"{move.label}由{move.turn}办理，您现在的职务没有这项权限。"
    return ""


def diagram() -> str:
    """The table as a Mermaid state diagram, for docs/ (make diagram)."""
    lines = ["stateDiagram-v2", "    direction LR"]
    lines += [f"    {state.value}: {state.label}" for state in AlertState]
    lines += [
        f"    [*] --> {S.TO_VERIFY.value}: 研判命中",
        f"    [*] --> {S.HELD.value}: 研判命中，承办人本周名额已满",
    ]
    for move in MOVES:
        needs = f"（{move.needs}）" if move.needs else ""
        lines.append(
            f"    {move.source.value} --> {move.target.value}: {move.turn}·{move.label}{needs}"
        )
    lines += [f"    {S.SETTLED.value} --> [*]", f"    {S.WITHDRAWN.value} --> [*]"]
    return "\n".join(lines) + "\n"
