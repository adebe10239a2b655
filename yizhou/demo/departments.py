"""The departments' files of the demo county, with planted truth and a known amount of dirt.

Everything is streamed village by village; the whole county never sits in memory.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Protocol

import xlsxwriter

from yizhou.demo import SEED, background
from yizhou.demo.clerks import (
    DIBAO,
    DISABILITY,
    MEDICAL,
    SCHOOL,
    Cells,
    Sheet,
    certificate_cells,
    payment_cells,
    school_cells,
    settlement_cells,
)
from yizhou.demo.county import Township, Village, county
from yizhou.demo.families import Household, families_of
from yizhou.demo.ids import STRANGERS, IdNumbers
from yizhou.demo.others import SHEETS, Others, sheet_of
from yizhou.demo.planting import plan_of
from yizhou.demo.rows import Settlement, months_before
from yizhou.demo.truth import Plan

MANIFEST, TRUTH = "manifest.json", "truth.json"
MEDICAL_FILES_FROM = 100_000  # people: a bigger county's settlements come in half-years
ODDITIES = ("mistake", "stranger", "duplicate", "mistake", "stranger", "blank")


@dataclass(slots=True)
class Expected:
    """What the receipt of the file must say."""

    rows_in: int = 0
    faulty: int = 0
    duplicate: int = 0
    blank: int = 0
    unmatched: int = 0


class Paper(Protocol):
    """Where lines go."""

    def line(self, cells: Iterable[Any]) -> None: ...
    def close(self) -> None: ...


class TextPaper:
    def __init__(self, path: Path, encoding: str) -> None:
        self._file = path.open("w", encoding=encoding, newline="")

    def line(self, cells: Iterable[Any]) -> None:
        self._file.write(",".join(map(str, cells)) + "\r\n")

    def close(self) -> None:
        self._file.close()


class WorkbookPaper:
    def __init__(self, path: Path, _encoding: str) -> None:
        self._book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
        self._book.set_properties({"created": datetime(2026, 1, 1)})  # noqa: DTZ001 - same bytes
        self._sheet = self._book.add_worksheet("名册")
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._row = 0

    def line(self, cells: Iterable[Any]) -> None:
        for column, cell in enumerate(cells):
            if isinstance(cell, date):
                self._sheet.write_datetime(self._row, column, cell, self._day)
            elif isinstance(cell, int | float):
                self._sheet.write_number(self._row, column, cell)
            elif cell:
                self._sheet.write_string(self._row, column, cell)
        self._row += 1

    def close(self) -> None:
        self._book.close()


@dataclass
class File:
    """One file being written, good rows and oddities, counted."""

    sheet: Sheet
    path: Path
    as_of: date
    expected: Expected = field(default_factory=Expected)

    def __post_init__(self) -> None:
        kind = WorkbookPaper if self.sheet.suffix == ".xlsx" else TextPaper
        self._paper: Paper = kind(self.path, self.sheet.encoding)
        self._strangers = IdNumbers(STRANGERS)
        self._oddities = 0
        self._good = 0
        self._paper.line([self.sheet.title, *[""] * (len(self.sheet.headings) - 1)])
        self._paper.line(self.sheet.headings)

    def good(self, cells: Cells) -> None:
        self._write(cells)
        self._good += 1
        if self._good % self.sheet.every == self.sheet.every // 3:
            self._odd(list(cells))

    def close(self) -> dict[str, Any]:
        width = len(self.sheet.headings)
        self._paper.line([*self.sheet.closing, *[""] * (width - len(self.sheet.closing))])
        self._paper.close()
        with self.path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return {
            "file": self.path.name,
            "feed": self.sheet.feed,
            "sha256": sha256,
            "expected": asdict(self.expected),
        }

    def _write(self, cells: Cells) -> None:
        self._paper.line(cells)
        self.expected.rows_in += 1

    def _odd(self, cells: Cells) -> None:
        """One thing clerks do wrong, taking turns; most concern a person of nowhere."""
        n, self._oddities = self._oddities, self._oddities + 1
        what = ODDITIES[n % len(ODDITIES)]
        if what == "blank":
            self._write([""] * len(cells))
            self.expected.blank += 1
            return
        if what == "duplicate":
            self._write(cells)
            self.expected.duplicate += 1
            return
        cells[self.sheet.id_at] = self._strangers.next(date(1975 + n % 15, 5, 1 + n % 28), "F")
        cells[self.sheet.name_at] = "外县人"
        if self.sheet.key_at is not None:
            cells[self.sheet.key_at] = f"{cells[self.sheet.key_at]}W"
        if what == "mistake":
            mistakes = self.sheet.mistakes
            mistakes[n // 3 % len(mistakes)](cells, self.as_of)
            self.expected.faulty += 1
        else:
            self.expected.unmatched += 1
        self._write(cells)


def populated(townships: frozenset[str]) -> Iterator[tuple[Township, Village]]:
    for township in county():
        if township.code in townships:
            for village in township.villages:
                yield township, village


def write_files(
    folder: Path, *, townships: frozenset[str], anchor: date, as_of: date
) -> dict[str, Any]:
    """Write all files of the populated townships, truth.json and, last, manifest.json."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    many = sum(t.population for t in county() if t.code in townships) >= MEDICAL_FILES_FROM
    starts = [months_before(as_of, n) for n in (24, 18, 12, 6)] if many else [date.min]
    desk = Desk(folder, as_of, starts)
    truths, near_misses = [], []
    for township, village in populated(townships):
        families = families_of(village, anchor)
        plan = plan_of(township, village, families, as_of)
        desk.write(village, families, plan)
        truths += [asdict(truth) for truth in plan.truths]
        near_misses += [{"household_number": n, "why": why} for n, why in plan.near_misses]
    files = desk.close()
    _dump(folder / TRUTH, truths)
    _dump(folder / "near_misses.json", near_misses)
    manifest = {
        "anchor": anchor.isoformat(),
        "as_of": as_of.isoformat(),
        "seed": SEED,
        "townships": sorted(townships),
        "files": files,
        "contradictions": desk.others.told(),
    }
    _dump(folder / MANIFEST, manifest)
    return manifest


def _dump(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


class Desk:
    """All files of one delivery, open together. Settlements go to the file of their half-year."""

    def __init__(self, folder: Path, as_of: date, starts: list[date]) -> None:
        def file(sheet: Sheet, part: str = "") -> File:
            return File(sheet, folder / f"{sheet.stem}{part}{sheet.suffix}", as_of)

        self.as_of, self.starts = as_of, starts
        self.dibao, self.disability, self.school = (
            file(DIBAO),
            file(DISABILITY),
            file(SCHOOL),
        )
        self.others = Others(as_of)
        self.further = {code: file(sheet_of(code)) for code in SHEETS}
        self.medical = [
            file(MEDICAL, f"_{n}" if len(starts) > 1 else "") for n in range(1, len(starts) + 1)
        ]

    def close(self) -> list[dict[str, Any]]:
        """In the order of sending: who is low-income must be known before the bills."""
        first = (self.dibao, self.disability, self.school, *self.medical)
        return [f.close() for f in (*first, *self.further.values())]

    def write(self, village: Village, families: list[Household], plan: Plan) -> None:
        rng = Random(f"{SEED}/{village.code}/files/{self.as_of}")
        serial = 0
        for household in families:
            for payment in background.payments(household, plan, self.as_of):
                self.dibao.good(payment_cells(payment, village, 0))
            self._write_people(household, village, plan, rng)
            bills = plan.settlements.get(household.number)
            if bills is None:
                bills = list(background.settlements(household, self.as_of, rng))
            for bill in bills:
                serial += 1
                self._medical_file(bill).good(settlement_cells(bill, village, serial))
        for code, cells in self.others.rows(village, families, plan):
            self.further[code].good(cells)

    def _write_people(
        self, household: Household, village: Village, plan: Plan, rng: Random
    ) -> None:
        told = {p.id_number for p in household.people}
        certificates = list(background.certificates(household, self.as_of, rng))
        certificates += [
            c for id_ in sorted(told & plan.certificates.keys()) for c in plan.certificates[id_]
        ]
        for certificate in certificates:
            serial = self.disability.expected.rows_in + 1
            self.disability.good(certificate_cells(certificate, village, serial))
        for row in background.school_rows(household, self.as_of, rng):
            if row.person.id_number not in plan.school:
                self.school.good(school_cells(row, village, 0))
        for id_ in sorted(told & plan.school.keys()):
            for row in plan.school[id_]:
                self.school.good(school_cells(row, village, 0))

    def _medical_file(self, bill: Settlement) -> File:
        """A reversal goes where its stay went, so that no screening sees one without the other."""
        on = bill.on - timedelta(days=6) if bill.is_reversal else bill.on
        at = sum(1 for start in self.starts[1:] if on >= start)
        return self.medical[at]
