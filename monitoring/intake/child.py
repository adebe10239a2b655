"""The disposable process that reads a department's file: python -m monitoring.intake.child FD

Standard input is the file itself (already unlinked), FD holds the job as JSON. It knows no Django,
no database and no secret, and lives under limits of memory and CPU, so a hostile file can end
nothing but this process. Lines on standard output, tab-separated and escaped as COPY wants:

    R  row number, then the columns in the job's order, the identity number first
    F  row number, column, code, seen, problem, fix
    H  row number, identity number if it reads, name if it reads, day of birth (digits 7 to 14)
       if plausible, 1 if the identity number is faulty: who a faulty row is about
    O  [row number, cells as sent] as JSON: a row that did not read, or one asked for (mode
       "extract")
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
from itertools import chain, repeat
from typing import Any, BinaryIO

from monitoring.intake import delimited, json_file, reading
from monitoring.intake.cells import READERS, masked
from monitoring.intake.heading import LOOKED_AT, Heading, find_heading, plain
from monitoring.intake.id_cells import BirthDays, IdReader
from monitoring.intake.reader import NULL, Cell, CellFault, Reader, packed, written
from monitoring.intake.rowblocks import Block, BrokenLine
from yizhou.refusals import Refusal

Write = Callable[[str], object]
STDIN, STDOUT = 0, 1
FAULTS_LISTED = 100_000
BLANK_KINDS = ("text", "json", "rows")  # below a sheet's last row there is no row
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
        self.notes: dict[str, Any] = {}
        file, self.kind = reading.opened(file, job["kind"])
        top, rest = self._opened(file)
        above = [row for _, rows in top for row in rows][: self.heading.rows]
        self.money_unit = self._unit_above(above)
        self.blocks: Iterator[Block] = chain(_without(top, self.heading.rows), rest)
        if self.kind in ("rows", "json"):
            self.heading.rows = 0
        else:
            self.notes["heading_row"] = self.heading.rows
        if self.heading.unused:
            self.notes["unused_columns"] = self.heading.unused[:50]

    def _opened(self, file: BinaryIO) -> tuple[list[Block], Iterator[Block]]:
        if self.kind == "text":
            return self._under_heading(delimited.text_blocks(file, self.notes))
        if self.kind == "json":
            return self._under_heading(
                json_file.json_blocks(file, self.notes, self.columns), look_at=1
            )
        if self.kind == "rows":
            return self._under_heading(reading.sent_blocks(file), look_at=1)
        return self._in_workbook(file)

    def _under_heading(
        self, blocks: Iterator[Block], look_at: int = LOOKED_AT
    ) -> tuple[list[Block], Iterator[Block]]:
        """The first blocks, with at least `look_at` rows if there are so many, and the rest."""
        top: list[Block] = []
        rows: list[list[Any]] = []
        while len(rows) < look_at and (block := next(blocks, None)) is not None:
            top.append(block)
            rows += block[1]
        self.heading: Heading = find_heading(rows[:look_at], self.columns)
        return top, blocks

    def _in_workbook(self, file: BinaryIO) -> tuple[list[Block], Iterator[Block]]:
        """The one visible sheet with our heading; two of them are refused, others are noted."""
        found: list[tuple[str, list[Block], Iterator[Block], Heading]] = []
        others: list[str] = []
        refusal = Refusal("表格里没有数据。请检查后再报送。", code="no_rows")
        for name, blocks in reading.workbook_sheets(file, self.kind, self.notes):
            try:
                top, rest = self._under_heading(blocks)
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

    def _unit_above(self, above: list[list[Any]]) -> str:
        """A unit that a title line gives for the whole table (单位：万元)."""
        for cells in above:
            for cell in cells:
                if isinstance(cell, str) and (found := MONEY_UNIT.search(packed(cell))):
                    self.notes["money_unit"] = found[1]
                    return found[1]
        return ""

    def places_sent(self) -> list[int]:
        """Cell index of each column in the job's order, -1 when the sender left it out."""
        return [self.heading.places.get(column["name"], -1) for column in self.columns]

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


def _without(blocks: list[Block], count: int) -> Iterator[Block]:
    """The blocks without their first rows."""
    for number, rows in blocks:
        if count < len(rows):
            yield number + count, rows[count:]
        count = max(0, count - len(rows))


class Absent(Reader):
    """An optional column the sender left out."""

    def __missing__(self, cell: Cell) -> str:
        return "" if self.column["kind"] in ("text", "name") else NULL


class Checking:
    """One pass: good rows out, every fault of every other row out, lines that are no rows noted.

    Rows are read in blocks, column by column, since most cells were met before or look alike;
    only a faulty row is read again cell by cell.
    """

    def __init__(self, table: Table, today: date, write: Write) -> None:
        self.table, self.write = table, write
        self.plan = table.readers(today)
        self.id_at = next(i for r, i in self.plan if isinstance(r, IdReader))
        self.births = BirthDays(today)
        self.least = 1 + max(i for _, i in self.plan)
        self.width = len(table.heading.texts) if table.kind == "text" else 0
        self.good = self.faulty = self.blank = self.listed = self.trailing = 0
        self.passed_over: dict[str, list[int]] = {}
        self.places = table.places_sent()

    def run(self, progress: Callable[[], int]) -> dict[str, Any]:
        count = 0
        for number, rows in self.table.blocks:
            self.block(number, rows)
            if (count + len(rows)) // EVERY > count // EVERY:
                self.write(f"P\t{progress()}\n")
            count += len(rows)
        if self.table.kind in BLANK_KINDS:
            self.blank += self.trailing
        return self.counts()

    def block(self, number: int, rows: list[list[Any]]) -> None:
        """Write the good rows of a block, then what is wrong with the others."""
        bad: set[int] = set()
        cut = self.evenly_cut(rows, bad)
        columns = list(zip(*cut, strict=False))
        values = [reader.column_of(columns[i], bad) for reader, i in self.plan]
        numbers = map(str, range(number, number + len(rows)))
        lines = list(map("\t".join, zip(repeat("R"), numbers, *values, strict=False)))
        seen = -1
        for at in sorted(bad):
            lines[at] = ""
            if at > seen + 1:
                self.end_blank()
            self.bad_row(number + at, rows[at])
            seen = at
        if seen < len(rows) - 1:
            self.end_blank()
        if bad:
            lines = [line for line in lines if line]
        self.good += len(lines)
        if lines:
            lines.append("")
            self.write("\n".join(lines))

    def evenly_cut(self, rows: list[list[Any]], bad: set[int]) -> list[list[Any]]:
        """The rows, those that cannot be read at all marked as bad and replaced by an empty one."""
        kinds, lengths = set(map(type, rows)), set(map(len, rows))
        if kinds == {list} and len(lengths) == 1:
            length = lengths.pop()
            if length == self.width or (not self.width and length >= self.least):
                return rows
        empty, even = [None] * max(self.width, self.least), []
        for at, cells in enumerate(rows):
            try:
                self.check_width(cells)
            except CellFault:
                bad.add(at)
                cells = empty
            even.append(cells)
        return even

    def check_width(self, cells: list[Any]) -> None:
        if isinstance(cells, BrokenLine):
            raise cells.fault
        if not self.width and len(cells) >= self.least:
            return
        if len(cells) < (self.width or self.least) or any(
            str(c).strip() for c in cells[self.width :]
        ):
            raise CellFault(
                "row_width",
                f"这一行有 {len(cells)} 格，表头有 {self.width or self.least} 格",
                "检查内容里是否有多余或漏掉的分隔符，建议改用 .xlsx 报送。",
            )

    def end_blank(self) -> None:
        """Blank rows with a row below them are counted."""
        self.blank, self.trailing = self.blank + self.trailing, 0

    def bad_row(self, number: int, cells: list[Any]) -> None:
        """A row that did not read: blank, a totals or signature line, or faulty."""
        filled = [c for c in cells if c is not None and str(c).strip()]
        if not filled and not isinstance(cells, BrokenLine):
            self.trailing += 1
            return
        self.end_blank()
        first = packed(written(filled[0])) if filled else ""
        if why := self.no_row(cells, first):
            self.passed_over.setdefault(why, []).append(number)
            return
        self.faulty += 1
        if self.faulty <= FAULTS_LISTED:
            self.write(as_sent(number, cells, self.places))
        try:
            self.check_width(cells)
        except CellFault as fault:
            title = cells.title if isinstance(cells, BrokenLine) else ""
            self.report(number, title, fault, "")
            if not (isinstance(cells, BrokenLine) and cells.title):
                self.about(number, self.only_id(cells), "", "", bad_id=False)
                return
        read: dict[str, str] = {}
        for (reader, i), column in zip(self.plan, self.table.columns, strict=True):
            cell = cells[i] if i < len(cells) else ""
            try:
                read[column["kind"]] = reader[cell]
            except CellFault as fault:
                if not isinstance(cells, BrokenLine):
                    seen = masked(cell, is_id=column["kind"] == "id") if cell is not None else ""
                    self.report(number, column["title"], fault, seen)
        id_cell = cells[self.id_at] if self.id_at < len(cells) else ""
        born_on = self.births[packed(written(id_cell))[6:14]]
        id_number = read.get("id", "")
        self.about(number, id_number, read.get("name", ""), born_on, bad_id=not id_number)

    def only_id(self, cells: list[Any]) -> str:
        """The one identity number in a row whose cells cannot be told apart."""
        reader = next(r for r, _ in self.plan if isinstance(r, IdReader))
        found: set[str] = set()
        for cell in cells[:200]:
            try:
                found.add(reader[cell])
            except CellFault:
                continue
        return found.pop() if len(found) == 1 else ""

    def about(self, number: int, id_number: str, name: str, born_on: str, *, bad_id: bool) -> None:
        """Whom a faulty row is about, so that the households it keeps out can be counted."""
        if self.faulty <= FAULTS_LISTED:
            self.write(f"H\t{number}\t{id_number}\t{name}\t{born_on}\t{int(bad_id)}\n")

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


def as_sent(number: int, cells: list[Any], places: list[int]) -> str:
    """The line that gives a row back as it came, in the job's order of columns."""
    sent = [written(cells[i]) if 0 <= i < len(cells) else "" for i in places]
    return f"O\t{json.dumps([number, sent], ensure_ascii=False)}\n"


def extract(table: Table, wanted: set[int], write: Write) -> dict[str, Any]:
    """The wanted rows as they were sent."""
    places = table.places_sent()
    for first, rows in table.blocks:
        for number in sorted(wanted.intersection(range(first, first + len(rows)))):
            write(as_sent(number, rows[number - first], places))
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
