"""Workbooks for senders: the empty template of a data set, and the faulty rows to correct.

Both have the same columns, so a corrected fault file goes in like any other.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO

import xlsxwriter

from monitoring.feeds import Feed
from monitoring.intake.contract import contract_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FAULT_TITLE = "错误说明"
KINDS = {
    "id": "身份证号（文本）",
    "name": "姓名",
    "text": "文字",
    "day": "日期，如 2026-10-12",
    "month": "年月，如 2026-10",
    "amount": "金额",
    "whole": "整数",
    "choice": "从列表选",
}
LAST_ROW = 5_000  # drop-down lists reach this far down


def template_file(feed: Feed) -> bytes:
    """An empty workbook with headings, text format where digits may be lost, lists, and a guide."""
    content = io.BytesIO()
    columns = contract_of(feed)
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = _sheet(book, feed, columns)
        for i, column in enumerate(columns):
            if column["kind"] == "choice":
                allowed = {"validate": "list", "source": column["labels"]}
                sheet.data_validation(1, i, LAST_ROW, i, allowed)
        _guide(book, feed, columns)
    return content.getvalue()


def _sheet(book: Any, feed: Feed, columns: Sequence[Mapping[str, Any]]) -> Any:
    sheet = book.add_worksheet(feed.title[:31])
    text = book.add_format({"num_format": "@"})
    heading = {"bold": True, "bg_color": "#dbe7f5", "border": 1, "num_format": "@"}
    required, optional = book.add_format(heading), book.add_format(heading | {"bold": False})
    for i, column in enumerate(columns):
        sheet.set_column(i, i, max(12, 2 * len(column["title"]) + 4), text)
        sheet.write_string(0, i, column["title"], required if column["required"] else optional)
    sheet.freeze_panes(1, 0)
    return sheet


def _guide(book: Any, feed: Feed, columns: Sequence[Mapping[str, Any]]) -> None:
    sheet = book.add_worksheet("填写说明")
    bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True})
    sheet.set_column(0, 3, 18)
    sheet.set_column(4, 5, 46, wrapped)
    for i, text in enumerate(("列名", "必填", "类型", "例子", "说明", "可选值或其他列名")):
        sheet.write_string(0, i, text, bold)
    for row, column in enumerate(columns, start=1):
        more = "、".join(column.get("labels") or column["aliases"])
        unit = f"单位：{column['unit']}。" if column["unit"] else ""
        cells = (
            column["title"],
            "必填" if column["required"] else "可不填",
            KINDS[column["kind"]],
            column["example"],
            unit + column["meaning"],
            more,
        )
        for i, text in enumerate(cells):
            sheet.write_string(row, i, text)
    sheet.write_string(len(columns) + 2, 0, f"用途：{feed.purpose}")


def fault_file(
    feed: Feed, rows: Iterable[tuple[int, Sequence[str]]], faults: Mapping[int, str]
) -> BinaryIO:
    """The faulty rows as sent, with what is wrong beside them.

    `rows`: (row number, cells with the identity number first, as the child process gives them).
    """
    content = io.BytesIO()
    columns = contract_of(feed)
    id_at = next(i for i, column in enumerate(columns) if column["kind"] == "id")
    with xlsxwriter.Workbook(content, {"constant_memory": True}) as book:
        sheet = _sheet(book, feed, columns)
        text = book.add_format({"num_format": "@"})
        red = book.add_format({"font_color": "#b42318", "num_format": "@"})
        sheet.set_column(len(columns), len(columns), 70)
        sheet.write_string(0, len(columns), FAULT_TITLE, red)
        for at, (number, sent) in enumerate(rows, start=1):
            cells = [*sent[1:]]
            cells.insert(id_at, sent[0])
            for i, cell in enumerate(cells):
                sheet.write_string(at, i, cell[:32_000], text)
            sheet.write_string(at, len(columns), f"原第 {number} 行。{faults[number]}", red)
    content.seek(0)
    return content
