"""Kinds of the corpus: workbooks, honest and hostile."""

import io
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Any

import xlsxwriter
import xlwt

from tests.monitoring.batches import as_xlsx, dibao, medical, person_id, titles, write_sheet
from tests.monitoring.corpus import MEDICAL, kind, rows, table

NOON = datetime(2026, 10, 18, 12)  # noqa: DTZ001 - as a workbook holds it
SHEET = "xl/worksheets/sheet1.xml"


def book(**sheets: list[Any]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as made:
        for name, cells in sheets.items():
            sheet = write_sheet(made, name.lstrip("_"), cells)
            if name.startswith("_"):
                sheet.hide()
    return out.getvalue()


def with_sheet(change: Callable[[Any, Any], object], **options: Any) -> bytes:
    """Heading and three good rows, then what `change(book, sheet)` writes."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, options) as made:
        change(made, write_sheet(made, "数据", table()))
    return out.getvalue()


def rezipped(change: Callable[[str, bytes], bytes], content: bytes | None = None) -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content or as_xlsx(table()))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.infolist():
            new.writestr(entry.filename, change(entry.filename, old.read(entry)))
    return out.getvalue()


def in_sheet(pattern: bytes, replacement: bytes) -> bytes:
    return rezipped(
        lambda name, data: re.sub(pattern, replacement, data) if name == SHEET else data
    )


def zipped(**entries: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), data)
    return out.getvalue()


def old_book(cells: list[Any], *, hidden: bool = False) -> bytes:
    made = xlwt.Workbook(encoding="utf-8")
    day = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    sheet = made.add_sheet("数据")
    for r, row in enumerate(cells):
        for c, value in enumerate(row):
            sheet.write(r, c, value, day) if isinstance(value, date) else sheet.write(r, c, value)
    if hidden:
        made.add_sheet("旧").visibility = 1
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def one(**cells: Any) -> list[Any]:
    return [titles(), dibao(0, **cells), dibao(1), dibao(2)]


def row_below(row: list[Any]) -> bytes:
    return as_xlsx([*table(), row])


# ---- honest ones ----

kind("xlsx:plain", lambda: as_xlsx(table()), good=3)
kind(
    "xlsx:typed cells",
    lambda: as_xlsx(one(people=3, amount_yuan=735.0, paid_on=date(2026, 10, 18))),
    good=3,
    reads={"people": "3", "amount_yuan": "735.00", "paid_on": "2026-10-18"},
)
kind(
    "xlsx:1904",
    lambda: as_xlsx(one(paid_on=date(2026, 10, 18)), date_1904=True),
    good=3,
    reads={"paid_on": "2026-10-18"},
)
kind(
    "xlsx:1904 serial",
    lambda: as_xlsx(one(paid_on=(date(2026, 10, 18) - date(1904, 1, 1)).days), date_1904=True),
    good=3,
    reads={"paid_on": "2026-10-18"},
)
kind(
    "xlsx:1900 serial",
    lambda: as_xlsx(one(paid_on=(date(2026, 10, 18) - date(1899, 12, 30)).days)),
    good=3,
    reads={"paid_on": "2026-10-18"},
)
kind(
    "xlsx:day and time",
    lambda: as_xlsx(one(paid_on=NOON)),
    good=3,
    reads={"paid_on": "2026-10-18"},
)  # noqa: DTZ001
kind(
    "xlsx:20261018 as a number",
    lambda: as_xlsx(one(paid_on=20261018)),
    good=3,
    reads={"paid_on": "2026-10-18"},
)
kind(
    "xlsx:a month as 2025.1",
    lambda: as_xlsx(one(month_on=2025.1)),
    good=2,
    faulty=1,
    codes="month_ambiguous",
    at=3,
)
kind(
    "xlsx:a month as 202510",
    lambda: as_xlsx(one(month_on=202510)),
    good=3,
    reads={"month_on": "2025-10-01"},
)
kind(
    "xlsx:an ID as a number",
    lambda: as_xlsx(one(id_number=float(person_id(0)[:17]))),
    good=2,
    faulty=1,
    codes="id_scientific",
    at=3,
)
kind(
    "xlsx:an amount with dust",
    lambda: as_xlsx(one(amount_yuan=0.1 + 0.2)),
    good=3,
    reads={"amount_yuan": "0.30"},
)
kind(
    "xlsx:an amount of 1e300",
    lambda: as_xlsx(one(amount_yuan=1e300)),
    good=2,
    faulty=1,
    codes="not_an_amount",
    at=3,
)
kind(
    "xlsx:a negative serial",
    lambda: as_xlsx(one(paid_on=-5)),
    good=2,
    faulty=1,
    codes="not_a_day",
    at=3,
)
kind(
    "xlsx:a number as a name",
    lambda: as_xlsx(one(person_name=12)),
    good=2,
    faulty=1,
    codes="not_a_name",
    at=3,
)
kind(
    "xlsx:a truth value as a name",
    lambda: as_xlsx(one(person_name=True)),
    good=2,
    faulty=1,
    codes="not_a_name",
    at=3,
)
kind(
    "xlsx:a long number as text",
    lambda: as_xlsx([titles(MEDICAL), medical(0, settlement_no=202611000123456789.0), medical(1)]),
    feed=MEDICAL,
    good=1,
    faulty=1,
    codes="became_number",
    at=3,
)
kind("xlsx:blank rows inside", lambda: as_xlsx([*table(), [], [""] * 7, dibao(3)]), good=4, blank=2)
kind(
    "xlsx:formatted rows below",
    lambda: with_sheet(lambda b, s: s.set_row(5000, 20, b.add_format({"bold": True}))),
    good=3,
)
kind("xlsx:spaces far below", lambda: with_sheet(lambda _, s: s.write(999, 0, "  ")), good=3)
kind("xlsx:data far to the right", lambda: with_sheet(lambda _, s: s.write(2, 400, "x")), good=3)
kind(
    "xlsx:data far below",
    lambda: with_sheet(lambda _, s: s.write_row(2999, 0, dibao(9))),
    good=4,
    blank=2995,
)
kind(
    "xlsx:starts in C4",
    lambda: as_xlsx([[], [], [], *[["", "", *row] for row in table()]]),
    good=3,
    at=5,
)
kind(
    "xlsx:totals and signature",
    lambda: as_xlsx([*table(), ["合计", "", "", 9, "", 2205], ["制表人：韦某"]]),
    good=3,
    passed=2,
)
kind("xlsx:5000 rows", lambda: as_xlsx(table(*rows(5000))), good=5000)

# ---- headings over two rows, merged cells ----

TWO = titles(MEDICAL)


def merged_heading(made: Any, group: str) -> None:
    sheet = made.add_worksheet()
    sheet.merge_range(0, 0, 0, 12, "医疗费用结算表")
    for i in range(8):
        sheet.merge_range(1, i, 2, i, TWO[i])
    sheet.merge_range(1, 8, 1, 12, group)
    sheet.write_row(2, 8, TWO[8:])
    sheet.write_row(3, 0, medical())


def merged_book(group: str) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as made:
        merged_heading(made, group)
    return out.getvalue()


kind(
    "heading of two rows:merged below a title",
    lambda: merged_book("费用"),
    feed=MEDICAL,
    good=1,
    at=4,
    reads={"self_paid_yuan": "350.00"},
)
kind(
    "heading of two rows:unit in the group",
    lambda: merged_book("费用（万元）"),
    feed=MEDICAL,
    good=1,
    at=4,
    reads={"self_paid_yuan": "3500000.00"},
)


def merged_people(made: Any, sheet: Any) -> None:
    sheet.merge_range(4, 0, 5, 0, "蒙丁")
    for r, n in ((4, 4), (5, 5)):
        sheet.write_row(r, 1, dibao(n)[1:])


kind(
    "merged cells:a name over two rows",
    lambda: with_sheet(merged_people),
    good=4,
    faulty=1,
    codes="required",
)

# ---- formulas and errors ----

kind(
    "formula:with a kept value",
    lambda: with_sheet(
        lambda _, s: (s.write_row(4, 0, dibao(4)), s.write_formula(4, 5, "=700+35", None, 735))
    ),
    good=4,
    at=5,
    reads={"amount_yuan": "735.00"},
)
kind(
    "formula:text",
    lambda: with_sheet(
        lambda _, s: (
            s.write_row(4, 0, dibao(4)),
            s.write_formula(4, 0, '="韦"&"甲"', None, "韦甲"),
        )
    ),
    good=4,
    at=5,
    reads={"person_name": "韦甲"},
)
kind(
    "formula:without a value",
    lambda: with_sheet(
        lambda _, s: (s.write_row(4, 0, dibao(4)), s.write_formula(4, 5, "=F3", None, ""))
    ),
    good=3,
    faulty=1,
    codes="required",
)


def with_error(error: str) -> bytes:
    def change(_: Any, sheet: Any) -> None:
        sheet.write_row(4, 0, dibao(4))
        sheet.write_formula(4, 5, "=1/0", None, error)

    return with_sheet(change)


for error in ("#N/A", "#REF!", "#DIV/0!", "#VALUE!"):
    kind(f"error cell:{error}", partial(with_error, error), good=3, faulty=1, codes="error_cell")


kind(
    "error cell:in an optional column",
    lambda: rezipped(
        lambda name, data: (
            data.replace(
                b'<c r="G2" t="s"><v>', b'<c r="G2" t="e"><v>#N/A</v></c><c r="ZZ2" t="s"><v>'
            )
            if name == SHEET
            else data
        ),
        as_xlsx([titles(MEDICAL), medical(disease="x"), medical(1)]),
    ),
    feed=MEDICAL,
    good=1,
    faulty=1,
    codes="error_cell",
    at=3,
)

# ---- several sheets ----

kind("sheets:an empty one beside", lambda: book(数据=table(), Sheet2=[]), good=3)
kind("sheets:notes beside", lambda: book(说明=[["请先看这里"]], 数据=table()), good=3)
kind("sheets:a hidden one with data", lambda: book(数据=table(), _旧=table(*rows(9))), good=3)
kind("sheets:two with data", lambda: book(一月=table(), 二月=table()), refused="two_tables")
kind("sheets:none with data", lambda: book(a=[], b=[]), refused="no_rows")
kind("sheets:only the heading", lambda: book(数据=[titles()]), good=0)
kind(
    "sheets:a chart sheet",
    lambda: with_sheet(lambda b, s: b.add_chartsheet("图").set_chart(_chart(b))),
    good=3,
)


def _chart(made: Any) -> Any:
    chart = made.add_chart({"type": "line"})
    chart.add_series({"values": "=数据!$F$2:$F$4"})
    return chart


# ---- the old format ----

kind("xls:plain", lambda: old_book(table()), good=3)
kind(
    "xls:typed cells",
    lambda: old_book(one(people=3, amount_yuan=735.0, paid_on=date(2026, 10, 18))),
    good=3,
    reads={"people": "3", "paid_on": "2026-10-18"},
)
kind(
    "xls:an ID as a number",
    lambda: old_book(one(id_number=4.5e17)),
    good=2,
    faulty=1,
    codes="id_scientific",
    at=3,
)
kind("xls:a hidden sheet", lambda: old_book(table(), hidden=True), good=3)
kind("xls:totals", lambda: old_book([*table(), ["合计"]]), good=3, passed=1)
kind("xls:only the heading", lambda: old_book([titles()]), good=0)
kind(
    "xls:truncated",
    lambda: old_book(table())[:3000],
    refused=("damaged", "reading_died", "not_a_table"),
)
kind(
    "xls:60 columns to the right",
    lambda: old_book([[*row, *["x"] * 60] for row in table()]),
    good=3,
)
