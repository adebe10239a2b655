"""The disposable process that reads a department's file: python -m monitoring.intake.child FD

Standard input is the file itself (already unlinked), FD holds the job as JSON. It knows no Django,
no database and no secret, and lives under limits of memory and CPU, so a hostile file can end
nothing but this process. Lines on standard output, tab-separated and escaped as COPY wants:

    R  row number, then the columns in the job's order, the identity number first
    F  row number, column, code, seen, problem, fix
    O  [row number, cells as sent] as JSON (mode "extract")
    P  per cent read
    E  counts and notes as JSON: the last line of a whole reading
    X  {"sentence", "code"} as JSON: refused
"""

import json
import os
import re
import resource
import sys
from collections.abc import Callable, Iterator
from datetime import date
from itertools import chain, islice
from typing import Any, BinaryIO

from monitoring.intake import reading
from monitoring.intake.cells import (
    NULL,
    READERS,
    Cell,
    CellFault,
    IdReader,
    Reader,
    masked,
    packed,
    written,
)
from monitoring.intake.heading import LOOKED_AT, Heading, find_heading, plain
from yizhou.refusals import Refusal

Write = Callable[[str], object]
STDIN, STDOUT = 0, 1
FAULTS_LISTED = 100_000
EVERY = 10_000  # rows between two progress lines
TOTALS = re.compile(r"(本页|本月|全县|全区)?(合计|总计|小计|累计|共计)")
SIGNED = re.compile(
    r"(制表|填表|填报|审核|复核|经办|负责|统计|报送单位|填报单位|单位负责人|联系|备注|注|说明)"
    r"(人|日期|时间|单位|电话|人签字)?:"
)
MONEY_UNIT = re.compile(r"单位:?(?:人民币)?(千元|万元|元|角|分)")
ESCAPES = str.maketrans({"\\": "\\\\", "\t": " ", "\n": " ", "\r": " "})


class Table:
    """An opened file: heading found, rows below it still to come."""

    def __init__(self, job: dict[str, Any], file: BinaryIO) -> None:
        self.columns: list[dict[str, Any]] = job["columns"]
        self.kind: str = job["kind"]
        self.notes: dict[str, Any] = {}
        top, rest = self._opened(file)
        self.money_unit = self._unit_above(top[: self.heading.rows])
        self.rows: Iterator[reading.Row] = chain(top[self.heading.rows :], rest)
        if self.kind == "rows":
            self.heading.rows = 0
        else:
            self.notes["heading_row"] = self.heading.rows
        if self.heading.unused:
            self.notes["unused_columns"] = self.heading.unused[:50]

    def _opened(self, file: BinaryIO) -> tuple[list[reading.Row], Iterator[reading.Row]]:
        if self.kind == "text":
            return self._under_heading(reading.text_rows(file, self.notes))
        if self.kind == "rows":
            return self._under_heading(reading.json_rows(file), look_at=1)
        return self._in_workbook(file)

    def _under_heading(
        self, rows: Iterator[reading.Row], look_at: int = LOOKED_AT
    ) -> tuple[list[reading.Row], Iterator[reading.Row]]:
        top = list(islice(rows, look_at))
        self.heading: Heading = find_heading([cells for _, cells in top], self.columns)
        return top, rows

    def _in_workbook(self, file: BinaryIO) -> tuple[list[reading.Row], Iterator[reading.Row]]:
        """The one visible sheet with our heading; two of them are refused, others are noted."""
        found: list[tuple[str, list[reading.Row], Iterator[reading.Row], Heading]] = []
        others: list[str] = []
        refusal = Refusal("表格里没有数据。请检查后再报送。", code="no_rows")
        for name, rows in reading.workbook_sheets(file, self.kind, self.notes):
            try:
                top, rest = self._under_heading(rows)
            except Refusal as why:
                refusal = why if not others or why.code == "columns_missing" else refusal
                others.append(name)
            else:
                found.append((name, top, rest, self.heading))
        if not found:
            raise refusal
        if len(found) > 1:
            names = "、".join(name for name, *_ in found)
            raise Refusal(
                f"有几张工作表都有数据：{names}。请合成一张，或分成几个文件报送。",
                code="two_tables",
            )
        name, top, rest, self.heading = found[0]
        self.notes["sheet"] = name
        if others:
            self.notes["other_sheets"] = others
        if self.kind == "xlsx":
            self.date1904 = reading.counts_from_1904(file)
        return top, rest

    date1904 = False

    def _unit_above(self, above: list[reading.Row]) -> str:
        """A unit that a title line gives for the whole table (单位：万元)."""
        for _, cells in above:
            for cell in cells:
                if isinstance(cell, str) and (found := MONEY_UNIT.search(packed(cell))):
                    self.notes["money_unit"] = found[1]
                    return found[1]
        return ""

    def readers(self, today: date) -> list[tuple[Reader, int]]:
        """(reader, cell index) for each column; absent optional columns read empty."""
        plan: list[tuple[Reader, int]] = []
        for column in self.columns:
            settings = column | {
                "date1904": self.date1904,
                "serials": self.kind in ("xlsx", "xls"),
                "heading_unit": self.heading.units.get(column["name"]) or self.money_unit,
            }
            place = self.heading.places.get(column["name"])
            if place is None:
                plan.append((Absent(settings, today), 0))
            else:
                plan.append((READERS[column["kind"]](settings, today), place))
        return plan


class Absent(Reader):
    """An optional column the sender left out."""

    def __missing__(self, cell: Cell) -> str:
        return "" if self.column["kind"] in ("text", "name") else NULL


class Checking:
    """One pass: good rows out, every fault of every other row out, lines that are no rows noted."""

    def __init__(self, table: Table, today: date, write: Write) -> None:
        self.table, self.write = table, write
        self.plan = table.readers(today)
        self.id_at = next(i for r, i in self.plan if isinstance(r, IdReader))
        self.width = len(table.heading.texts) if table.kind == "text" else 0
        self.good = self.faulty = self.blank = self.listed = self.trailing = 0
        self.passed_over: dict[str, list[int]] = {}

    def run(self, progress: Callable[[], int]) -> dict[str, Any]:
        plan, width, write = self.plan, self.width, self.write
        for count, (number, cells) in enumerate(self.table.rows, start=1):
            if not count % EVERY:
                write(f"P\t{progress()}\n")
            try:
                if width and (len(cells) != width or type(cells) is not list):
                    self.check_width(cells)
                values = [reader[cells[i]] for reader, i in plan]
            except (CellFault, IndexError):
                self.bad_row(number, cells)
                continue
            if self.trailing:
                self.blank, self.trailing = self.blank + self.trailing, 0
            self.good += 1
            write(f"R\t{number}\t" + "\t".join(values) + "\n")
        if self.table.kind in ("text", "rows"):  # below a sheet's last row there is no row
            self.blank += self.trailing
        return self.counts()

    def check_width(self, cells: list[Any]) -> None:
        if isinstance(cells, reading.BrokenLine):
            raise CellFault(
                "stray_quote", "引号不成对，这一行读不准", "删去多余的英文双引号后重报。"
            )
        if len(cells) < self.width or any(str(c).strip() for c in cells[self.width :]):
            raise CellFault(
                "row_width",
                f"这一行有 {len(cells)} 格，表头有 {self.width} 格",
                "检查内容里是否有多余或漏掉的分隔符，建议改用 .xlsx 报送。",
            )

    def bad_row(self, number: int, cells: list[Any]) -> None:
        """A row that did not read: blank, a totals or signature line, or faulty."""
        filled = [c for c in cells if c is not None and str(c).strip()]
        if not filled:
            self.trailing += 1
            return
        if self.trailing:
            self.blank, self.trailing = self.blank + self.trailing, 0
        if why := self.no_row(cells, packed(written(filled[0]))):
            self.passed_over.setdefault(why, []).append(number)
            return
        self.faulty += 1
        try:
            if self.width:
                self.check_width(cells)
        except CellFault as fault:
            self.report(number, "", fault, "")
            return
        for (reader, i), column in zip(self.plan, self.table.columns, strict=True):
            cell = cells[i] if i < len(cells) else ""
            try:
                reader[cell]
            except CellFault as fault:
                seen = masked(cell, is_id=column["kind"] == "id") if cell is not None else ""
                self.report(number, column["title"], fault, seen)

    def no_row(self, cells: list[Any], first: str) -> str:
        """totals_lines, signature_lines, repeated_headings, or nothing."""
        id_cell = cells[self.id_at] if self.id_at < len(cells) else ""
        if len(packed(written(id_cell))) >= 15:
            return ""
        if TOTALS.match(first):
            return "totals_lines"
        if SIGNED.match(first):
            return "signature_lines"
        if [plain(cell) for cell in cells] == self.table.heading.texts:
            return "repeated_headings"
        return ""

    def report(self, number: int, title: str, fault: CellFault, seen: str) -> None:
        self.listed += 1
        if self.listed > FAULTS_LISTED:
            return
        parts = (title, fault.code, seen, fault.problem[:200], fault.fix[:200])
        self.write(f"F\t{number}\t" + "\t".join(p.translate(ESCAPES) for p in parts) + "\n")

    def counts(self) -> dict[str, Any]:
        notes = self.table.notes | {
            why: {"count": len(rows), "rows": rows[:10]} for why, rows in self.passed_over.items()
        }
        if self.listed > FAULTS_LISTED:
            notes["faults_not_listed"] = self.listed - FAULTS_LISTED
        return {"good": self.good, "faulty": self.faulty, "blank": self.blank, "notes": notes}


def extract(table: Table, wanted: set[int], write: Write) -> dict[str, Any]:
    """The wanted rows as they were sent, in the job's order of columns."""
    places = [table.heading.places.get(column["name"], -1) for column in table.columns]
    for number, cells in table.rows:
        if number in wanted:
            sent = [written(cells[i]) if 0 <= i < len(cells) else "" for i in places]
            write(f"O\t{json.dumps([number, sent], ensure_ascii=False)}\n")
    return {}


def progress_of(descriptor: int) -> Callable[[], int]:
    """How far the file has been read, in per cent."""
    size = max(1, os.fstat(descriptor).st_size)

    def percent() -> int:
        return min(100, 100 * os.lseek(descriptor, 0, os.SEEK_CUR) // size)

    return percent


def limit(job: dict[str, Any]) -> None:
    """Memory, CPU, no core file, no new file content, no further process."""
    for what, most in (
        (resource.RLIMIT_AS, job["max_memory"]),
        (resource.RLIMIT_CPU, job["max_seconds"]),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 1 << 16),  # the traceback of a crash
    ):
        resource.setrlimit(what, (most, most))


def main(job: dict[str, Any], file: BinaryIO, write: Write) -> None:
    try:
        table = Table(job, file)
        if job["mode"] == "extract":
            end = extract(table, set(job["rows"]), write)
        else:
            today = date.fromisoformat(job["today"])
            end = Checking(table, today, write).run(progress_of(STDIN))
    except Refusal as refusal:
        write(f"X\t{json.dumps({'sentence': refusal.sentence, 'code': refusal.code})}\n")
    else:
        write(f"E\t{json.dumps(end)}\n")


if __name__ == "__main__":
    with os.fdopen(int(sys.argv[1]), "rb") as handed_over:
        the_job = json.load(handed_over)
    limit(the_job)
    with (
        # The text reader closes what it read; the descriptor must still tell how far it came.
        open(STDIN, "rb", closefd=False) as sent,
        open(STDOUT, "w", encoding="utf-8", errors="replace", newline="\n", closefd=False) as out,
    ):
        main(the_job, sent, out.write)
