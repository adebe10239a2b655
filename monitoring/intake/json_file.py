"""JSON and NDJSON files: an array of objects, {"rows": [...]}, or one object a line.

Read piece by piece: no more than one row and one piece are held. Row 0 is the names; the sender
counts rows from 1 (in NDJSON: lines). No Django here: the disposable child process imports this.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from monitoring.intake.delimited import decoded, line_blocks
from monitoring.intake.heading import LOOKED_AT, Aliases, plain
from monitoring.intake.reader import CellFault
from monitoring.intake.rowblocks import BLOCK_ROWS, Block, BrokenLine, Unreadable

LONGEST = 1 << 20  # characters of one row
NAMES_LISTED = 50
LIKE = "文件应是由对象组成的数组，例如 [{…}, {…}]，或每行一个对象（NDJSON）。"
BLANK = re.compile(r"[ \t\n\r]*")
ROWS = re.compile(
    r'[ \t\n]*\{(?:\s*"(?:[^"\\]|\\.){0,200}"\s*:\s*(?:"(?:[^"\\]|\\.){0,500}"|[\w.+-]{1,40})\s*,)'
    r'{0,20}\s*"rows"\s*:\s*\['
)
BROKEN_LINE = CellFault(
    "json_line", "这一行不是完整的 JSON 对象", "核对括号、引号和逗号；每行只写一个对象，不要断行。"
)
NO_OBJECT = CellFault("not_an_object", "这一行不是对象", "每一行写成 {“列名”: 值, …} 的对象。")


class Doubled(dict[str, Any]):
    """An object in which a name stands twice; which value was meant nobody can know."""

    name = ""


class Constant(str):
    """NaN or Infinity, which JSON does not have."""

    __slots__ = ()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    doubled = Doubled(found)
    names = [name for name, _ in pairs]
    doubled.name = next(name for name in names if names.count(name) > 1)
    return doubled


def _whole(text: str) -> int | str:
    return int(text) if len(text) <= 18 else text  # longer ones keep every digit as text


def _decimal(text: str) -> float | str:
    return number if math.isfinite(number := float(text)) else Constant(text[:40])


DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=Constant, parse_int=_whole, parse_float=_decimal
)


def json_blocks(
    file: BinaryIO, notes: dict[str, Any], columns: Sequence[Mapping[str, Any]]
) -> Iterator[Block]:
    """Row 0 holds the names; every further row its cells in their order."""
    pieces = decoded(file, notes)
    start = ""
    while len(start) < LONGEST and (piece := next(pieces, None)) is not None:
        start += piece
        if len(start) > 1 << 16:
            break
    text = _Text(start, pieces)
    if start.lstrip().startswith("["):
        notes["format"] = "JSON"
        text.at = start.index("[") + 1
        values: Iterator[Any] = _array(text, closing="")
    elif found := ROWS.match(start):
        notes["format"] = "JSON"
        text.at = found.end()
        values = _array(text, closing='{"rows":[]')
    elif any(isinstance(_line(line), dict) for line in start.split("\n")[:LOOKED_AT]):
        notes["format"] = "NDJSON"
        values = (_line(line) for lines in line_blocks(text.all()) for line in lines)
    else:
        raise Unreadable(f"没有读到数据行。{LIKE}", code="json_shape")
    return _blocks(values, notes, columns)


def _line(line: str) -> Any:
    """The value of one line; a BrokenLine when it is none, None for an empty line."""
    if not line.strip():
        return BLANK
    try:
        if len(line) <= LONGEST:
            return DECODER.decode(line)
    except (ValueError, RecursionError):
        pass
    return BrokenLine([line[:200]], BROKEN_LINE)


class _Text:
    """The part of the text in hand and the pieces still to come."""

    def __init__(self, text: str, pieces: Iterator[str]) -> None:
        self.text, self.at, self.pieces = text, 0, pieces

    def all(self) -> Iterator[str]:
        yield self.text
        yield from self.pieces

    def more(self) -> bool:
        """Drop what is read and append the next piece. False at the end of the file."""
        piece = next(self.pieces, None)
        if piece is None:
            return False
        self.text, self.at = self.text[self.at :] + piece, 0
        return True

    def next_mark(self) -> str:
        """The next character that is no blank, or nothing at the end. Stays in front of it."""
        while True:
            found = BLANK.match(self.text, self.at)
            self.at = found.end() if found else self.at
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""

    def value(self, row: int) -> Any:
        """The value that begins here, and the mark behind it still in front."""
        while True:
            try:
                value, end = DECODER.raw_decode(self.text, self.at)
            except RecursionError:
                raise _broken(row) from None
            except ValueError:
                value, end = None, -1
            found = BLANK.match(self.text, end) if end >= 0 else None
            if found and found.end() < len(self.text):
                self.at = found.end()
                return value
            if len(self.text) - self.at > LONGEST or not self.more():
                raise _broken(row)


def _broken(row: int) -> Unreadable:
    return Unreadable(
        f"JSON 在第 {row} 行数据处断了或写错了，后面的无法读，没有入库。请重新导出后报送。",
        code="json_broken",
    )


def _array(text: _Text, *, closing: str) -> Iterator[Any]:
    """The values of an array up to its end; nothing but what closes it may follow."""
    row = 1
    mark = text.next_mark()
    while mark != "]":
        yield text.value(row)
        mark = text.text[text.at]
        if mark not in ",]":
            raise _broken(row)
        row += 1
        if mark == ",":
            text.at += 1
            if text.next_mark() in ("]", ""):
                raise _broken(row)
    text.at += 1
    rest = text.text[text.at :]
    while len(rest) <= LONGEST and text.more():
        rest += text.text
        text.at = len(text.text)
    try:
        whole = isinstance(json.loads(closing + rest), dict) if closing else not rest.strip()
    except (ValueError, RecursionError):
        whole = False
    if not whole:
        raise Unreadable(
            "JSON 的数据后面还有别的内容。请只报送一个数组，重新导出后报送。", code="json_trailing"
        )


def _blocks(
    values: Iterator[Any], notes: dict[str, Any], columns: Sequence[Mapping[str, Any]]
) -> Iterator[Block]:
    first = [value for _, value in zip(range(LOOKED_AT), values, strict=False)]
    objects = [value for value in first if isinstance(value, dict)]
    if not objects:
        raise Unreadable(f"没有读到数据行。{LIKE}", code="json_shape" if first else "no_rows")
    names = _Names(objects, columns, notes)
    yield 0, [list(names.titles)]
    number, rows = 1, [names.row(value) for value in first]
    for value in values:
        if len(rows) >= BLOCK_ROWS:
            yield number, rows
            number, rows = number + len(rows), []
        rows.append(names.row(value))
    yield number, rows


class _Names:
    """Which cell each name of an object fills."""

    def __init__(
        self,
        objects: Iterable[Mapping[str, Any]],
        columns: Sequence[Mapping[str, Any]],
        notes: dict[str, Any],
    ) -> None:
        self.aliases, self.notes = Aliases(columns), notes
        self.titles = list(dict.fromkeys(name for row in objects for name in row))[:1000]
        found = [self.aliases.find(plain(title)) for title in self.titles]
        self.by_column: dict[str, int] = {}
        for i, match in enumerate(found):
            if match:
                self.by_column.setdefault(match[0], i)
        for column in columns:
            if not column["required"] and column["name"] not in self.by_column:
                self.by_column[column["name"]] = len(self.titles)
                self.titles.append(column["title"])
        self.choices = {self.by_column.get(c["name"]) for c in columns if c["kind"] == "choice"}
        self.places = {title: i for i, title in reversed(list(enumerate(self.titles)))}

    def place(self, name: str) -> int:
        """Where a name that the first rows did not have belongs; -1 for nowhere."""
        match = self.aliases.find(plain(name))
        place = self.by_column.get(match[0], -1) if match and not match[1] else -1
        if place < 0 and len(unused := self.notes.setdefault("unused_columns", [])) < NAMES_LISTED:
            unused.append(name[:40])
        if len(self.places) < 10_000:
            self.places[name] = place
        return place

    def row(self, value: Any) -> list[Any]:
        if value is BLANK:
            return []
        if isinstance(value, BrokenLine):
            return value
        if not isinstance(value, dict):
            return BrokenLine([str(value)[:200]], NO_OBJECT)
        cells: list[Any] = [None] * len(self.titles)
        fault: tuple[CellFault, str] | None = None
        if isinstance(value, Doubled):
            fault = (
                CellFault("duplicate_name", "同一行里列名重复", "每个列名只写一次。"),
                value.name,
            )
        for name, cell in value.items():
            place = self.places.get(name)
            place = self.place(name) if place is None else place
            if place < 0:
                continue
            if not isinstance(cell, str | int | float | None) or isinstance(cell, bool | Constant):
                allowed = isinstance(cell, bool) and place in self.choices
                if not allowed:
                    fault = fault or (_odd(cell), name)
                cell = str(cell).upper() if isinstance(cell, bool) else str(cell)[:200]
            cells[place] = cell
        return cells if fault is None else BrokenLine(cells, fault[0], fault[1][:40])


def _odd(cell: Any) -> CellFault:
    if isinstance(cell, bool):
        return CellFault("boolean", "是 true 或 false，不是这一列的内容", "写成文字或数字。")
    if isinstance(cell, Constant):
        return CellFault("not_a_number", "不是有限的数", "NaN、Infinity 不是数；没有就填 null。")
    return CellFault("nested_value", "是数组或对象", "每一格只能是文字、数字或 null。")
