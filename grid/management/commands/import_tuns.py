"""Bring in the county's list of tun from a CSV file."""

import csv
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from grid.actions.regions import NAME_HEADING, VILLAGE_HEADING, import_tuns
from yizhou.audit import SYSTEM
from yizhou.refusals import Refusal


class Command(BaseCommand):
    """`manage.py import_tuns FILE`: headings 村（社区）代码, 屯代码 (may be empty), 屯名称."""

    help = "导入屯名册（CSV，表头：村（社区）代码,屯代码,屯名称；屯代码可空）。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="CSV 文件，UTF-8 或 GB18030 编码")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            rows = _rows(file)
            counts = import_tuns(acting=SYSTEM, rows=rows)
        except Refusal as refusal:
            raise CommandError(refusal.sentence) from None
        self.stdout.write(f"屯名册已导入：{counts.sentence}。")


def _rows(file: Path) -> list[dict[str, str]]:
    try:
        content = file.read_bytes()
    except OSError as fault:
        raise Refusal(f"打不开 {file}（{fault.strerror}）。请核对路径和权限。") from None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        reader = csv.DictReader(text.splitlines(), strict=True)
        if not {VILLAGE_HEADING, NAME_HEADING} <= set(reader.fieldnames or ()):
            raise Refusal(
                f"表头里没有“{VILLAGE_HEADING}”和“{NAME_HEADING}”两列。请补上表头再导入。"
            )
        try:
            return [row for row in reader if any(row.values())]
        except csv.Error as fault:
            raise Refusal(
                f"第 {reader.line_num} 行引号不成对（{fault}）。请改正后再导入。"
            ) from None
    raise Refusal("文件不是 UTF-8 或 GB18030 编码的文本。请另存为 CSV 再导入。")
