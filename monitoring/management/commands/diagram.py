"""Draw the life of an alert into docs/, or check that the drawing is fresh."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitoring.lifecycle import MOVES, diagram

DRAWING = Path(settings.ROOT) / "docs" / "alert-lifecycle.md"


def page() -> str:
    """The whole file: drawing and table, made from MOVES."""
    rows = "\n".join(
        f"| {m.source.label} | {m.label} | {m.target.label} | {m.turn} | {m.needs} |" for m in MOVES
    )
    return (
        "# 预警的办理过程\n\n"
        "由 `make diagram` 从 `monitoring/lifecycle.py` 的 MOVES 表画出，请勿手改。\n\n"
        f"```mermaid\n{diagram()}```\n\n"
        "| 从 | 动作 | 到 | 谁办 | 须有 |\n| --- | --- | --- | --- | --- |\n"
        f"{rows}\n"
    )


class Command(BaseCommand):
    help = "把预警办理过程画到 docs/alert-lifecycle.md"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="只检查图是否最新")

    def handle(self, *args: Any, check: bool = False, **options: Any) -> None:
        fresh = page()
        if not check:
            DRAWING.write_text(fresh, encoding="utf-8")
            self.stdout.write(f"已写入 {DRAWING.relative_to(settings.ROOT)}")
        elif not DRAWING.exists() or DRAWING.read_text(encoding="utf-8") != fresh:
            raise CommandError("docs/alert-lifecycle.md 不是最新的，请运行 make diagram。")
