"""Kinds of the corpus: workbooks that lie, are damaged or mean harm."""

import gzip
import io
import struct
import zipfile

import openpyxl
import xlsxwriter

from tests.monitoring.batches import as_xlsx
from tests.monitoring.corpus import kind, rows, table
from tests.monitoring.corpus_books import SHEET, in_sheet, old_book, with_sheet, zipped

ZIP_END = b"PK\x05\x06"

# ---- lies and attacks ----

kind(
    "dimension:too small",
    lambda: in_sheet(rb'<dimension ref="[^"]*"/>', b'<dimension ref="A1:G2"/>'),
    good=3,
)
kind(
    "dimension:too large",
    lambda: in_sheet(rb'<dimension ref="[^"]*"/>', b'<dimension ref="A1:XFD1048576"/>'),
    good=3,
)
kind(
    "dimension:nonsense",
    lambda: in_sheet(rb'<dimension ref="[^"]*"/>', b'<dimension ref="??"/>'),
    refused=("damaged", "reading_died"),
)
kind("dimension:missing", lambda: in_sheet(rb'<dimension ref="[^"]*"/>', b""), good=3)
kind(
    "corner:both ends of the sheet",
    lambda: with_sheet(lambda _, s: s.write("XFD1048576", "x")),
    refused=("reading_died",),
)
kind("corner:a lone cell", lambda: book_with("XFD1048576"), refused="heading_not_found")
kind("zip:truncated", lambda: as_xlsx(table())[:-300], refused="damaged")
kind("zip:half", lambda: as_xlsx(table())[:3000], refused="damaged")
kind("zip:only its first bytes", b"PK\x03\x04", refused="damaged")
kind("zip:only its end", ZIP_END + b"\0" * 18, refused=("not_a_table", "damaged"))
kind("zip:a damaged sheet", lambda: damaged_sheet(), refused=("damaged", "reading_died"))
kind(
    "zip:sheet missing", lambda: without(SHEET), refused=("damaged", "no_rows", "heading_not_found")
)
kind(
    "zip:strings missing",
    lambda: without("xl/sharedStrings.xml"),
    refused=("damaged", "heading_not_found", "reading_died", "no_rows"),
)
kind("zip:workbook missing", lambda: without("xl/workbook.xml"), refused="not_a_table")
kind(
    "zip:relations missing",
    lambda: without("xl/_rels/workbook.xml.rels"),
    refused=("damaged", "no_rows"),
)
kind("zip:a document of Word", lambda: zipped(word__document_xml=b"<w/>"), refused="not_a_table")
kind(
    "zip:OpenDocument",
    lambda: zipped(mimetype=b"application/vnd.oasis.opendocument.spreadsheet", content_xml=b"<a/>"),
    refused="not_a_table",
)
kind("zip:a CSV inside", lambda: zipped(data_csv=b"a,b"), refused="not_a_table")
kind(
    "zip:bomb",
    lambda: zipped(xl__workbook_xml=b"<workbook/>", xl__worksheets__sheet1_xml=b"0" * (80 << 20)),
    refused="zip_bomb",
)
kind(
    "zip:a million entries",
    b"PK\x03\x04"
    + b"\0" * 100
    + ZIP_END
    + struct.pack("<HHHHIIH", 0, 0, 65000, 65000, 2**31, 0, 0),
    refused="zip_bomb",
)
kind(
    "zip:entities in the sheet",
    lambda: in_sheet(
        rb"<worksheet", b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><worksheet'
    ),
    good=3,
)
kind("zip:encrypted entries", lambda: flagged(), refused="encrypted")
kind(
    "compound:a password",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    + b"\0" * 600
    + "EncryptedPackage".encode("utf-16-le")
    + b"\0" * 400,
    refused="encrypted",
)
kind(
    "compound:a document of Word",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "WordDocument".encode("utf-16-le"),
    refused="not_a_table",
)
kind("gzip:xlsx", lambda: gzip.compress(as_xlsx(table())), good=3)
kind("gzip:xls", lambda: gzip.compress(old_book(table())), good=3)
kind("gzip:a truncated xlsx", lambda: gzip.compress(as_xlsx(table())[:-300]), refused="damaged")
kind(
    "gzip:a zip that is no workbook",
    lambda: gzip.compress(zipped(data_csv=b"a,b")),
    refused="not_a_table",
)


def book_with(cell: str) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as made:
        made.add_worksheet().write(cell, "x")
    return out.getvalue()


def without(path: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(as_xlsx(table()))) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            if entry.filename != path:
                new.writestr(entry, old.read(entry))
    return out.getvalue()


def damaged_sheet() -> bytes:
    content = bytearray(as_xlsx(table(*rows(200))))
    at = content.index(SHEET.encode()) + 200
    content[at : at + 60] = b"\xff" * 60
    return bytes(content)


def flagged() -> bytes:
    content = bytearray(as_xlsx(table()))
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    return bytes(content)


def _openpyxl() -> bytes:
    made = openpyxl.Workbook()
    for row in table():
        made.active.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


kind("xlsx:written by openpyxl", _openpyxl, good=3)
