"""What all readers of cells share: a dict from cell to canonical text, and the fault of a cell.

No Django here: the disposable child process imports this file.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

Cell = Any  # str, int, float, date or datetime, as the file gave it
KEPT = 50_000  # values remembered per column
ERRORS = frozenset(("#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"))
NULL = "\\N"  # what COPY reads as NULL


class CellFault(Exception):
    """What is wrong with one cell, and how the sender puts it right."""

    def __init__(self, code: str, problem: str, fix: str) -> None:
        super().__init__(code)
        self.code, self.problem, self.fix = code, problem, fix


def folded(text: str) -> str:
    """Full-width letters and digits made plain, ="…" and a leading apostrophe taken off."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    text = text.strip().lstrip("'")
    return text[2:-1] if text.startswith('="') and text.endswith('"') else text


def packed(text: str) -> str:
    """folded() without any space inside."""
    return "".join(folded(text).split())


def written(cell: Cell) -> str:
    """A cell as its sender sees it."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ").removesuffix(" 00:00:00")
    return str(cell)


class Reader(dict[Cell, str]):
    """One column's reader. Subclasses answer read(); an empty cell is answered here."""

    empty = NULL

    def __init__(self, column: Mapping[str, Any], today: date) -> None:
        super().__init__()
        self.title: str = column["title"]
        self.required: bool = column["required"]
        self.example: str = column["example"]
        self.column = column
        self.today = today

    def __missing__(self, cell: Cell) -> str:
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            if self.required:
                raise CellFault("required", "必填，没有填", f"填写{self.title}{self.like()}。")
            return self.empty
        if isinstance(cell, str) and cell.strip() in ERRORS:
            raise CellFault("error_cell", "是表格软件的错误值", f"改掉公式，填写{self.title}。")
        value = self.read(cell)
        if len(self) < KEPT:
            self[cell] = value
        return value

    def read(self, cell: Cell) -> str:
        raise NotImplementedError

    def column_of(self, cells: Sequence[Cell], bad: set[int]) -> Sequence[str]:
        """Many cells at once. The place of each that does not read is added to `bad`."""
        try:
            return list(map(self.__getitem__, cells))
        except CellFault:
            return self.one_by_one(cells, bad)

    def one_by_one(self, cells: Sequence[Cell], bad: set[int]) -> list[str]:
        values = []
        for at, cell in enumerate(cells):
            try:
                values.append(self[cell])
            except CellFault:
                values.append("")
                bad.add(at)
        return values

    def like(self) -> str:
        return f"，例如 {self.example}" if self.example else ""
