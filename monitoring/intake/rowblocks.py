"""What every reader of files gives: blocks of rows, rows that did not cut well, and refusals.

No Django here: the disposable child process imports this file.
"""

from typing import Any

from monitoring.intake.reader import CellFault
from yizhou.refusals import Refusal

Block = tuple[int, list[list[Any]]]  # number of the first row, as the sender sees it; rows
BLOCK_ROWS = 2_000
ACCEPTED = (
    "请用 Excel 打开后另存为 .xlsx，或导出 CSV（UTF-8 或 GB18030 编码）、JSON、NDJSON 再报送。"
)


class Unreadable(Refusal):
    """The content is not one of the accepted formats."""

    status = 415


def damaged() -> Unreadable:
    return Unreadable(f"表格文件已损坏，打不开。{ACCEPTED}", code="damaged")


def too_much() -> Unreadable:
    return Unreadable("压缩包里的内容过大或过多，不像正常的表格。" + ACCEPTED, code="zip_bomb")


class BrokenLine(list[Any]):
    """A row that could not be cut into cells; what is in it is a rough cut."""

    def __init__(self, cells: list[Any], fault: CellFault, title: str = "") -> None:
        super().__init__(cells)
        self.fault, self.title = fault, title
