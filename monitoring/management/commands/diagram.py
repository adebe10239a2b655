"""Draw the lives of alerts and cases into docs/, or check that the drawing is fresh."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from grid.roles import Role
from monitoring import lifecycle, procedure
from monitoring.actions.procedures import STEPS

DRAWING = Path(settings.ROOT) / "docs" / "lifecycle.md"


def page() -> str:
    """The whole file: drawings and tables, made from the tables of moves and the shipped steps."""
    return "\n".join(
        (
            "# 办理过程：预警和个案",
            "",
            "由 `make diagram` 从 `monitoring/lifecycle.py`、`monitoring/procedure.py` 的 MOVES 表"
            "和 `monitoring/actions/procedures.py` 的 STEPS 表画出，请勿手改。",
            "",
            "## 预警",
            "",
            f"```mermaid\n{lifecycle.diagram()}```",
            "",
            "| 从 | 动作 | 到 | 谁办 | 须有 |\n| --- | --- | --- | --- | --- |",
            *(
                f"| {m.source.label} | {m.label} | {m.target.label} | {m.turn} | {m.needs} |"
                for m in lifecycle.MOVES
            ),
            "",
            "## 个案",
            "",
            f"```mermaid\n{procedure.diagram()}```",
            "",
            "从任何在办环节都可以：整户迁出、并入他户、整户自然减少（乡镇或县办理）。",
            "",
            "| 从 | 动作 | 到 | 职责 | 须填 | 告知农户 | 新一轮 |",
            "| --- | --- | --- | --- | --- | --- | --- |",
            *(_move(m) for m in procedure.MOVES),
            "",
            "## 时限和材料（随程序安装的第一版，县里可改，各有生效日期）",
            "",
            "| 环节 | 谁办 | 工作日 | 须有材料 | 依据 |",
            "| --- | --- | --- | --- | --- |",
            *(
                f"| {stage.label} | {'、'.join(Role(r).label for r in roles)} | {days or '不限'} |"
                f" {'、'.join(p.label for p in papers) or '—'} | {source} |"
                for stage, roles, days, papers, source in STEPS
            ),
            "",
        )
    )


def _move(m: procedure.Move) -> str:
    anywhere = set(m.sources) == set(procedure.ANY_OPEN)
    sources = "任何在办环节" if anywhere else "、".join(s.label for s in m.sources)
    asks = "、".join(procedure.ASKED[name] for name in m.asks) or "—"
    return (
        f"| {sources} | {m.label} | {m.target.label} | {m.duty.label if m.duty else '—'} |"
        f" {asks} | {'是' if m.told else ''} | {'是' if m.again else ''} |"
    )


class Command(BaseCommand):
    help = "把预警和个案的办理过程画到 docs/lifecycle.md"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="只检查图是否最新")

    def handle(self, *args: Any, check: bool = False, **options: Any) -> None:
        fresh = page()
        if not check:
            DRAWING.write_text(fresh, encoding="utf-8")
            self.stdout.write(f"已写入 {DRAWING.relative_to(settings.ROOT)}")
        elif not DRAWING.exists() or DRAWING.read_text(encoding="utf-8") != fresh:
            raise CommandError("docs/lifecycle.md 不是最新的，请运行 make diagram。")
