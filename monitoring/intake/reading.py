"""Opening what a department sent: what kind of file it is, and its rows one after the other.

No Django here: the disposable child process imports this file. Nothing is believed that the file
says of itself (name, size, <dimension>); what cannot be read is refused with one sentence.
"""

import codecs
import csv
import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO
from xml.etree import ElementTree

from yizhou.refusals import Refusal

Row = tuple[int, list[Any]]  # number as the sender sees it, cells

ACCEPTED = "请用 Excel 打开后另存为 .xlsx，或导出 CSV（UTF-8 或 GB18030 编码）再报送。"
MAX_ENTRIES = 3_000
MAX_UNPACKED = 1_500 * 1024 * 1024
MAX_RATIO = 200
RATIO_FREE = 50 * 1024 * 1024  # below this size a high ratio does no harm
JOINED_LINES = 3  # physical lines that one quoted cell may span
DELIMITERS = (",", "\t", ";", "|")


class Unreadable(Refusal):
    """The content is not one of the accepted formats."""

    status = 415


class BrokenLine(list[Any]):
    """A line of text whose quotes do not close: cells are a rough cut of it."""


def sniff(file: BinaryIO) -> str:
    """xlsx, xls or text, judged by content. Raises Unreadable for everything else."""
    file.seek(0)
    head = file.read(4096)
    file.seek(0)
    if not head:
        raise Unreadable("文件是空的。请检查导出是否成功，再重新报送。", code="empty_file")
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        check_workbook(file)
        return "xlsx"
    if head[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return _sniff_compound(file)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<html", b"<!doctype", b"<table", b"<?xml", b"<head", b"<meta")):
        raise Unreadable(f"这是网页格式的文件，只是名字像表格。{ACCEPTED}", code="web_page")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "text"
    if b"\0" in head or head.startswith((b"%PDF", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")):
        raise Unreadable(f"这不是表格文件。{ACCEPTED}", code="not_a_table")
    return "text"


def _sniff_compound(file: BinaryIO) -> str:
    content = file.read(8 * 1024 * 1024)
    file.seek(0)
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise Unreadable("表格加了打开密码。请取消密码，另存后再报送。", code="encrypted")
    if "Workbook".encode("utf-16-le") in content or "Book".encode("utf-16-le") in content:
        return "xls"
    raise Unreadable(f"这不是表格文件。{ACCEPTED}", code="not_a_table")


def check_workbook(file: BinaryIO) -> None:
    """Read the zip's directory before anything is unpacked. Raises Unreadable."""
    damaged = Unreadable(f"表格文件已损坏，打不开。{ACCEPTED}", code="damaged")
    end = file.seek(0, io.SEEK_END)
    file.seek(max(0, end - 66_000))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise damaged
    entries, directory = struct.unpack("<HI", tail[at + 10 : at + 16])
    bomb = Unreadable("压缩包里的内容过大或过多，不像正常的表格。" + ACCEPTED, code="zip_bomb")
    if entries > MAX_ENTRIES or directory > 4 * 1024 * 1024:
        raise bomb
    try:
        with zipfile.ZipFile(file) as archive:
            listing = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise damaged from None
    unpacked = sum(entry.file_size for entry in listing)
    if len(listing) > MAX_ENTRIES or unpacked > MAX_UNPACKED:
        raise bomb
    if unpacked > RATIO_FREE and unpacked > MAX_RATIO * end:
        raise bomb
    if any(entry.flag_bits & 1 for entry in listing):
        raise Unreadable("压缩包加了密码。请取消密码后再报送。", code="encrypted")
    if "xl/workbook.xml" not in {entry.filename for entry in listing}:
        raise Unreadable(f"这是压缩包或别的文档，不是 Excel 表格。{ACCEPTED}", code="not_a_table")
    file.seek(0)


# ---- text ----


def encoding_of(file: BinaryIO) -> tuple[str, str]:
    """(codec, how to treat errors), judged by the whole file."""
    file.seek(0)
    head = file.read(4)
    for bom, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if head.startswith(bom):
            return name, "replace"
    broken, whole = _tried_as_utf8(file)
    if not broken:
        return "utf-8", "strict"
    # GB18030 decodes almost anything; as UTF-8 it breaks at nearly every character.
    return ("utf-8" if broken < whole else "gb18030"), "replace"


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(1 << 20):
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


def delimiter_of(lines: Iterable[str]) -> str:
    """The delimiter that cuts the first lines into the most cells."""
    text = "\n".join(lines)
    return max(DELIMITERS, key=text.count)


def text_rows(file: BinaryIO, notes: dict[str, Any]) -> Iterator[Row]:
    """Rows of delimited text, line by line: one stray quote spoils its own line, no other."""
    name, errors = encoding_of(file)
    notes["encoding"] = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16"}.get(name, name.upper())
    file.seek(0)
    lines = iter(io.TextIOWrapper(file, encoding=name, errors=errors, newline=None))
    first = [line.rstrip("\n") for _, line in zip(range(20), lines, strict=False)]
    delimiter = delimiter_of(first)
    notes["delimiter"] = {"\t": "制表符"}.get(delimiter, delimiter)
    return _cut(_chained(first, lines), delimiter)


def _chained(first: list[str], rest: Iterator[str]) -> Iterator[str]:
    yield from first
    for line in rest:
        yield line[:-1] if line.endswith("\n") else line


def _cut(lines: Iterator[str], delimiter: str) -> Iterator[Row]:
    number = 0
    ahead: list[str] = []
    width = 0
    while True:
        line = ahead.pop(0) if ahead else next(lines, None)
        if line is None:
            return
        number += 1
        if '"' not in line:
            cells = line.split(delimiter)
        else:
            cells, used = _quoted(line, ahead, lines, delimiter, width)
            del ahead[:used]
        width = max(width, len(cells)) if number <= 20 else width
        yield number, cells


def _quoted(
    line: str, ahead: list[str], lines: Iterator[str], delimiter: str, width: int
) -> tuple[list[Any], int]:
    """Cut a line with quotes, joined with the next ones only when that makes a whole row."""
    for used in range(JOINED_LINES):
        if used > len(ahead):
            more = next(lines, None)
            if more is None:
                break
            ahead.append(more)
        joined = [part + "\n" for part in (line, *ahead[:used])]
        try:
            rows = list(csv.reader(joined, delimiter=delimiter, strict=True))
        except csv.Error:
            continue
        if len(rows) == 1 and (used == 0 or len(rows[0]) == width):
            return rows[0], used
    return BrokenLine(line.split(delimiter)), 0


# ---- rows sent as JSON, kept as one array a line: the names, then the values ----


def json_rows(file: BinaryIO) -> Iterator[Row]:
    """Row 0 is the names; the sender counts from 1."""
    file.seek(0)
    for number, line in enumerate(file):
        yield number, json.loads(line)


# ---- workbooks ----


def workbook_sheets(
    file: BinaryIO, kind: str, notes: dict[str, Any]
) -> Iterator[tuple[str, Iterator[Row]]]:
    """Visible sheets that have content: (name, rows from row 1 on)."""
    from python_calamine import (
        CalamineError,
        CalamineWorkbook,
        PasswordError,
        SheetTypeEnum,
        SheetVisibleEnum,
    )

    file.seek(0)
    try:
        book = CalamineWorkbook.from_filelike(file)
        metadata = book.sheets_metadata
    except PasswordError:
        raise Unreadable("表格加了打开密码。请取消密码，另存后再报送。", code="encrypted") from None
    except CalamineError:
        raise Unreadable(f"表格文件已损坏，打不开。{ACCEPTED}", code="damaged") from None
    hidden = [m.name for m in metadata if m.visible != SheetVisibleEnum.Visible]
    if hidden:
        notes["hidden_sheets"] = hidden
    try:
        counted = rows_with_values(file) if kind == "xlsx" else {}
    except (zipfile.BadZipFile, zlib.error, EOFError):
        raise Unreadable(f"表格文件已损坏，打不开。{ACCEPTED}", code="damaged") from None
    for meta in metadata:
        if meta.visible != SheetVisibleEnum.Visible or meta.typ != SheetTypeEnum.WorkSheet:
            continue
        try:
            sheet = book.get_sheet_by_name(meta.name)
        except CalamineError:
            raise Unreadable(f"工作表“{meta.name}”读不出来。{ACCEPTED}", code="damaged") from None
        rows_read = sheet.end[0] + 1 if sheet.end else 0
        if not rows_read and not counted.get(meta.name):
            continue
        if rows_read < counted.get(meta.name, 0):
            raise Unreadable(
                f"工作表“{meta.name}”实有 {counted[meta.name]} 行，只读出 {rows_read} 行。"
                + ACCEPTED,
                code="rows_missing",
            )
        yield meta.name, _sheet_rows(sheet)


def _sheet_rows(sheet: Any) -> Iterator[Row]:
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        for i, cell in enumerate(cells):
            if cell is True or cell is False:
                cells[i] = str(cell).upper()
        yield number, cells


_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_VALUE = re.compile(rb"<(?:\w+:)?(?:v|is)>|<(?:\w+:)?(?:v|is)\s")


def counts_from_1904(file: BinaryIO) -> bool:
    file.seek(0)
    with zipfile.ZipFile(file) as archive:
        text = archive.read("xl/workbook.xml")[:20_000]
    return re.search(rb'date1904\s*=\s*"(1|true|on)"', text) is not None


def rows_with_values(file: BinaryIO) -> dict[str, int]:
    """Rows that hold a value, counted in the sheets' own XML: the check on the other reader."""
    file.seek(0)
    counts: dict[str, int] = {}
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
        try:
            targets = {
                relation.get("Id"): relation.get("Target", "")
                for relation in _xml(archive, "xl/_rels/workbook.xml.rels")
            }
            sheets = list(_xml(archive, "xl/workbook.xml").iter())
        except (KeyError, ElementTree.ParseError):
            return {}
        for sheet in (s for s in sheets if s.tag == f"{_MAIN}sheet"):
            target = targets.get(sheet.get(_REL), "").lstrip("/").removeprefix("xl/")
            if (path := f"xl/{target}") in names:
                with archive.open(path) as stream:
                    counts[sheet.get("name", "")] = _count_rows(stream)
    return counts


def _xml(archive: zipfile.ZipFile, path: str) -> ElementTree.Element:
    return ElementTree.fromstring(archive.read(path))  # noqa: S314 - in the disposable process


def _count_rows(stream: Any) -> int:
    count, rest = 0, b""
    while piece := stream.read(1 << 20):
        parts = (rest + piece).split(b"</row>")
        rest = parts.pop()
        count += sum(1 for part in parts if _VALUE.search(part))
    return count
