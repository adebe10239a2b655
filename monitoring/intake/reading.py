"""Opening what a department sent: what kind of file it is, and its rows one after the other.

No Django here: the disposable child process imports this file. Nothing is believed that the file
says of itself (name, size, <dimension>); what cannot be read is refused with one sentence.
"""

import codecs
import gzip
import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO
from xml.etree import ElementTree

from monitoring.intake.delimited import utf16_of
from monitoring.intake.rowblocks import (
    ACCEPTED,
    BLOCK_ROWS,
    Block,
    Unreadable,
    damaged,
    too_much,
)

ErrorCells = dict[int, list[tuple[int, str]]]  # row -> (cell index, #N/A ...)
MAX_ENTRIES = 3_000
MAX_UNPACKED = 1_500 * 1024 * 1024
MAX_RATIO = 200
MAX_IN_MEMORY = 128 * 1024 * 1024  # a workbook inside a gzip file is unpacked whole
RATIO_FREE = 50 * 1024 * 1024  # below this size a high ratio does no harm
HEAD = 4096
GZIP = "gzip:"  # stands before the kind of what is inside
ERRORS_KEPT = 50_000  # rows of a sheet
XLS = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PAGES = (b"<html", b"<!doctype", b"<table", b"<?xml", b"<head", b"<meta", b"mime-version:")
OTHERS: tuple[bytes, ...] = (
    b"%PDF",
    b"Rar!",
    b"7z\xbc\xaf",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"BZh",
)
OTHERS += (b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"{\\rtf", b"\xff\xfe\0\0", b"\0\0\xfe\xff")
JSON_START = re.compile(rb'\{\s*["}]|\[\s*(?:[\[{"\]]|$|-?[\d.eE+]+\s*,|(?:true|false|null|NaN)\b)')


def sniff(file: BinaryIO) -> str:
    """xlsx, xls, text or json, judged by content; "gzip:" before it when packed.

    Raises Unreadable for everything else.
    """
    file.seek(0)
    head = file.read(HEAD)
    file.seek(0)
    if head[:2] == b"\x1f\x8b":
        return GZIP + _inside(file)
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        check_workbook(file)
        return "xlsx"
    if head[:8] == XLS:
        return _sniff_compound(file)
    return _text_or_json(head)


def _inside(file: BinaryIO) -> str:
    """The kind of what a gzip file holds, by its first bytes alone."""
    head = Unpacked(file).read(HEAD)
    file.seek(0)
    if head[:2] == b"\x1f\x8b":
        raise Unreadable("压缩包里还是压缩包。请只压缩一次再报送。", code="nested_gzip")
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return "xlsx"
    return "xls" if head[:8] == XLS else _text_or_json(head)


def _text_or_json(head: bytes) -> str:
    if head.startswith(OTHERS):
        raise Unreadable(f"这不是表格文件。{ACCEPTED}", code="not_a_table")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        head = head.decode("utf-16", "ignore").encode("utf-8", "replace")
    elif name := utf16_of(head):
        head = head.decode(name, "ignore").encode("utf-8", "replace")
    start = head.removeprefix(codecs.BOM_UTF8).lstrip(b" \t\r\n")
    if not start and len(head) < HEAD:
        raise Unreadable("文件是空的。请检查导出是否成功，再重新报送。", code="empty_file")
    if start[:20].lower().startswith(PAGES):
        raise Unreadable(f"这是网页格式的文件，只是名字像表格。{ACCEPTED}", code="web_page")
    if b"\0" in head:
        raise Unreadable(f"这不是表格文件。{ACCEPTED}", code="not_a_table")
    return "json" if JSON_START.match(start) else "text"


def _sniff_compound(file: BinaryIO) -> str:
    content = file.read(8 * 1024 * 1024)
    file.seek(0)
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise Unreadable("表格加了打开密码。请取消密码，另存后再报送。", code="encrypted")
    if "Workbook".encode("utf-16-le") in content or "Book".encode("utf-16-le") in content:
        return "xls"
    raise Unreadable(f"这不是表格文件。{ACCEPTED}", code="not_a_table")


class Unpacked(io.RawIOBase):
    """What a gzip file holds, read as it comes; a bomb or damage raises Unreadable."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self.packed = file
        self.size = file.seek(0, io.SEEK_END)
        self.seek(0)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Only back to the beginning."""
        if offset or whence:
            raise io.UnsupportedOperation
        self.packed.seek(0)
        self.stream = gzip.GzipFile(fileobj=self.packed)
        self.unpacked = 0
        return 0

    def readinto(self, buffer: Any) -> int:
        try:
            piece = self.stream.read1(len(buffer))
        except (EOFError, zlib.error, OSError):
            raise damaged() from None
        self.unpacked += len(piece)
        high = self.unpacked > RATIO_FREE and self.unpacked > MAX_RATIO * self.size
        if high or self.unpacked > MAX_UNPACKED:
            raise too_much()
        buffer[: len(piece)] = piece
        return len(piece)


def opened(file: BinaryIO, kind: str) -> tuple[BinaryIO, str]:
    """The file as its reader takes it, and the kind without what it was packed in."""
    if not kind.startswith(GZIP):
        return file, kind
    inner = kind.removeprefix(GZIP)
    unpacked = io.BufferedReader(Unpacked(file), 1 << 18)
    if inner not in ("xlsx", "xls"):
        return unpacked, inner
    content = io.BytesIO()
    while piece := unpacked.read(1 << 18):
        content.write(piece)
        if content.tell() > MAX_IN_MEMORY:
            raise too_much()
    content.seek(0)
    if inner == "xlsx":
        check_workbook(content)
    elif _sniff_compound(content) != "xls":
        raise damaged()
    return content, inner


def check_workbook(file: BinaryIO) -> None:
    """Read the zip's directory before anything is unpacked. Raises Unreadable."""
    end = file.seek(0, io.SEEK_END)
    file.seek(max(0, end - 66_000))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise damaged()
    entries, directory = struct.unpack("<HI", tail[at + 10 : at + 16])
    if entries > MAX_ENTRIES or directory > 4 * 1024 * 1024:
        raise too_much()
    try:
        with zipfile.ZipFile(file) as archive:
            listing = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise damaged() from None
    unpacked = sum(entry.file_size for entry in listing)
    if len(listing) > MAX_ENTRIES or unpacked > MAX_UNPACKED:
        raise too_much()
    if unpacked > RATIO_FREE and unpacked > MAX_RATIO * end:
        raise too_much()
    if any(entry.flag_bits & 1 for entry in listing):
        raise Unreadable("压缩包加了密码。请取消密码后再报送。", code="encrypted")
    if "xl/workbook.xml" not in {entry.filename for entry in listing}:
        raise Unreadable(f"这是压缩包或别的文档，不是 Excel 表格。{ACCEPTED}", code="not_a_table")
    file.seek(0)


# ---- rows sent as JSON, kept as one array a line: the names, then the values ----


def sent_blocks(file: BinaryIO) -> Iterator[Block]:
    """Row 0 is the names; the sender counts from 1."""
    file.seek(0)
    number = 0
    while rows := [json.loads(line) for line in islice(file, BLOCK_ROWS)]:
        yield number, rows
        number += len(rows)


# ---- workbooks ----


def workbook_sheets(
    file: BinaryIO, kind: str, notes: dict[str, Any]
) -> Iterator[tuple[str, Iterator[Block]]]:
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
        raise damaged() from None
    hidden = [m.name for m in metadata if m.visible != SheetVisibleEnum.Visible]
    if hidden:
        notes["hidden_sheets"] = hidden
    try:
        errors: dict[str, ErrorCells] = {}
        counted = rows_with_values(file, errors) if kind == "xlsx" else {}
    except (zipfile.BadZipFile, zlib.error, EOFError):
        raise damaged() from None
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
        yield meta.name, _sheet_blocks(sheet, errors.get(meta.name, {}))


def _sheet_blocks(sheet: Any, errors: ErrorCells) -> Iterator[Block]:
    """Rows from row 1 on; what the other reader gives as empty or as a truth value is written."""
    rows, number = iter(sheet.iter_rows()), 1
    while block := list(islice(rows, BLOCK_ROWS)):
        for at, cells in enumerate(block, start=number):
            if at in errors:
                for column, text in errors[at]:
                    if column < len(cells):
                        cells[column] = text
            for i, cell in enumerate(cells):
                if cell is True or cell is False:
                    cells[i] = str(cell).upper()
        yield number, block
        number += len(block)


_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_ERROR = re.compile(
    rb'<(?:\w+:)?c\b([^>]*\bt="e"[^>]*)>(?:(?!</c>)[^\0]){0,2000}?<(?:\w+:)?v>([^<]{1,20})<', re.S
)
_PLACE = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_VALUE = re.compile(rb"<(?:\w+:)?(?:v|is)>|<(?:\w+:)?(?:v|is)\s")


def counts_from_1904(file: BinaryIO) -> bool:
    file.seek(0)
    with zipfile.ZipFile(file) as archive:
        text = archive.read("xl/workbook.xml")[:20_000]
    return re.search(rb'date1904\s*=\s*"(1|true|on)"', text) is not None


def rows_with_values(file: BinaryIO, errors: dict[str, ErrorCells]) -> dict[str, int]:
    """Rows that hold a value, counted in the sheets' own XML: the check on the other reader.

    `errors` is filled with the error cells (#N/A ...), which that reader gives as empty.
    """
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
                    name = sheet.get("name", "")
                    counts[name] = _count_rows(stream, errors.setdefault(name, {}))
    return counts


def _xml(archive: zipfile.ZipFile, path: str) -> ElementTree.Element:
    return ElementTree.fromstring(archive.read(path))  # noqa: S314 - in the disposable process


def _count_rows(stream: Any, errors: ErrorCells) -> int:
    count, rest = 0, b""
    while piece := stream.read(1 << 20):
        parts = (rest + piece).split(b"</row>")
        rest = parts.pop()
        count += sum(1 for part in parts if _VALUE.search(part))
        for part in parts:
            if b't="e"' in part and len(errors) < ERRORS_KEPT:
                _note_errors(part, errors)
    return count


def _note_errors(row: bytes, errors: ErrorCells) -> None:
    for attributes, value in _ERROR.findall(row):
        if place := _PLACE.search(attributes):
            column = 0
            for letter in place[1]:
                column = column * 26 + letter - 64
            found = errors.setdefault(int(place[2]), [])
            found.append((column - 1, value.decode("utf-8", "replace")))
