"""Delimited text: its encoding, its delimiter, and its rows in blocks.

No Django here: the disposable child process imports this file.
"""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from monitoring.intake.reader import CellFault
from monitoring.intake.rowblocks import Block, BrokenLine

JOINED_LINES = 3  # physical lines that one quoted cell may span
DELIMITERS = (",", "\t", ";", "|")
LOOKED_AT = 20  # lines that settle the delimiter and the usual width
PIECE = 1 << 18  # bytes: about 2,000 rows
SPOKEN = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}


def utf16_of(head: bytes) -> str:
    """utf-16-le or utf-16-be when the first bytes are such text without a mark, else nothing.

    ASCII characters, which every table has, put a zero into every second byte.
    """
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if not even and not odd or 4 * min(even, odd) > max(even, odd):
        return ""
    name = "utf-16-le" if odd > even else "utf-16-be"
    text = head[: len(head) // 2 * 2].decode(name, "replace").rstrip("\ufffd")
    usual = all(c.isprintable() or c in "\t\r\n\u3000\xa0" for c in text)
    return name if usual and "\ufffd" not in text else ""


def encoding_of(file: BinaryIO) -> tuple[str, str]:
    """(codec, how to treat errors), judged by the whole file."""
    file.seek(0)
    head = file.read(4096)
    for bom, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if head.startswith(bom):
            return name, "replace"
    if name := utf16_of(head):
        return name, "replace"
    broken, whole = _tried_as_utf8(file)
    if not broken:
        return "utf-8", "strict"
    # GB18030 decodes almost anything; as UTF-8 it breaks at nearly every character.
    return ("utf-8" if broken < whole else "gb18030"), "replace"


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(PIECE):
        yield piece


def _tried_as_utf8(file: BinaryIO) -> tuple[int, int]:
    """(broken, whole): how many characters beyond ASCII do not, and do, decode as UTF-8."""
    utf8 = codecs.getincrementaldecoder("utf-8")
    decoder = utf8()
    try:
        for piece in _pieces(file):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        pass
    else:
        return 0, 0
    decoder, broken, whole = utf8("replace"), 0, 0
    for piece in _pieces(file):
        text = decoder.decode(piece)
        broken += text.count("\ufffd")
        whole += len(text) - len(text.encode("ascii", "ignore"))
    return broken, whole - broken


def decoded(file: BinaryIO, notes: dict[str, Any]) -> Iterator[str]:
    """The text in pieces, every line end as one newline."""
    name, errors = encoding_of(file)
    notes["encoding"] = SPOKEN.get(name, name.upper())
    decoder = io.IncrementalNewlineDecoder(
        codecs.getincrementaldecoder(name)(errors), translate=True
    )
    for piece in _pieces(file):
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


def line_blocks(pieces: Iterable[str]) -> Iterator[list[str]]:
    """Lists of whole lines, without their line ends."""
    parts: list[str] = []
    for piece in pieces:
        if "\n" not in piece:
            parts.append(piece)
            continue
        head, _, tail = piece.rpartition("\n")
        lines = "".join((*parts, head)).split("\n")
        parts = [tail]
        yield lines
    if rest := "".join(parts):
        yield [rest]


def delimiter_of(lines: Iterable[str]) -> str:
    """The delimiter that cuts the first lines into the most cells."""
    text = "\n".join(lines)
    return max(DELIMITERS, key=text.count)


def text_blocks(file: BinaryIO, notes: dict[str, Any]) -> Iterator[Block]:
    """Rows of delimited text: one stray quote spoils its own line, no other."""
    blocks = line_blocks(decoded(file, notes))
    first: list[str] = []
    while len(first) < LOOKED_AT and (more := next(blocks, None)) is not None:
        first += more
    delimiter = delimiter_of(first[:LOOKED_AT])
    notes["delimiter"] = {"\t": "制表符"}.get(delimiter, delimiter)
    return _cut(first, blocks, delimiter)


def _cut(first: list[str], rest: Iterator[list[str]], delimiter: str) -> Iterator[Block]:
    number, width = 1, 0
    lines: list[str] | None = first
    while lines is not None:
        more = next(rest, None)
        rows = _whole_lines(lines, delimiter, width) if width else None
        ahead: list[str] = []
        if rows is None:
            rows, ahead = _careful(lines, delimiter, width, final=more is None)
        if not width:
            width = max((len(row) for row in rows[:LOOKED_AT]), default=0)
        if rows:
            yield number, rows
        number += len(rows)
        lines = None if more is None else ahead + more


def _whole_lines(lines: list[str], delimiter: str, width: int) -> list[list[Any]] | None:
    """One row a line, when no cell spans lines and no quote is stray; otherwise None."""
    if '"' not in "".join(lines):
        return [line.split(delimiter) for line in lines]
    try:
        rows = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    # As many rows as lines: every row is one line. An odd width is left to the careful cut.
    return rows if len(rows) == len(lines) and set(map(len, rows)) == {width} else None


def _careful(
    lines: list[str], delimiter: str, width: int, *, final: bool
) -> tuple[list[list[Any]], list[str]]:
    """(rows, lines left over that need the next block to be judged)."""
    rows: list[list[Any]] = []
    at, end = 0, len(lines)
    while at < end:
        line = lines[at]
        if '"' not in line:
            rows.append(line.split(delimiter))
            at += 1
        elif at + JOINED_LINES > end and not final:
            break
        else:
            widest = width or max((len(row) for row in rows[:LOOKED_AT]), default=0)
            cells, used = _quoted(lines[at : at + JOINED_LINES], delimiter, widest)
            rows.append(cells)
            at += 1 + used
    return rows, lines[at:]


def _quoted(lines: list[str], delimiter: str, width: int) -> tuple[list[Any], int]:
    """Cut a line with quotes, joined with the next ones only when that makes a whole row."""
    for used in range(len(lines)):
        joined = [part + "\n" for part in lines[: used + 1]]
        try:
            rows = list(csv.reader(joined, delimiter=delimiter, strict=True))
        except csv.Error:
            continue
        if len(rows) == 1 and (used == 0 or len(rows[0]) == width):
            return rows[0], used
    stray = CellFault("stray_quote", "引号不成对，这一行读不准", "删去多余的英文双引号后重报。")
    return BrokenLine(lines[0].split(delimiter), stray), 0
