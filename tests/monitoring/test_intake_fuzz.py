"""Any cell and any bytes: a canonical text or a fault, counts or a refusal, never anything else."""

import io
import random
import zipfile
from datetime import date, time, timedelta
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.feeds import FEEDS
from monitoring.intake import cells
from monitoring.intake.cells import READERS, masked
from monitoring.intake.contract import contract_of
from monitoring.intake.reader import NULL, CellFault, Reader
from tests.monitoring.batches import Outcome, as_csv, as_xlsx, dibao, person_id, titles
from tests.monitoring.corpus import as_json, as_lines, objects, table
from yizhou.refusals import Refusal

TODAY = date(2026, 11, 24)
PIECES = (
    *"0123456789Xx０１９Ｘ.,-/年月日元万:' \t\n\0\"\\=E+韦甲·•●㼆𠮷#%¥()（）",
    "2026", "2025.1", "20251018", "2026-10", person_id(0), person_id(1)[:17], "1_000", "NaN",
    "Infinity", "农村低保", "#N/A", "TRUE", "\ufffd", "\ud800", "\u202e", "\u200b", "٣", "Ⅹ", "²",
    "\x85", "\x1c", "\u3000", "\xa0", "\U000e0041", "ﬀ", "㎡", "½",
)  # fmt: skip
CELLS: st.SearchStrategy[Any] = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.text(st.characters(), max_size=30),
    st.integers(),
    st.integers(min_value=-(10**40), max_value=10**40),
    st.floats(),
    st.datetimes(),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.none(),
)
FEED_CODES = ("dibao_payment", "medical_settlement")


def readers() -> list[Reader]:
    plans: tuple[dict[str, Any], ...] = (
        {},
        {"serials": True, "date1904": True},
        {"heading_unit": "万元"},
    )
    columns = [column for code in FEED_CODES for column in contract_of(FEEDS[code])]
    return [READERS[c["kind"]](c | more, TODAY) for c in columns for more in plans]


ALL = readers()


def read_anew(reader: Reader, cell: Any) -> str | None:
    """Without what the reader remembers of earlier cells."""
    reader.clear()
    return read(reader, cell)


def read(reader: Reader, cell: Any) -> str | None:
    try:
        return reader[cell]
    except CellFault:
        return None


@given(CELLS)
def test_any_cell_reads_or_is_a_fault(cell: Any) -> None:
    for reader in ALL:
        value = read_anew(reader, cell)
        assert value is None or ("\t" not in value and "\n" not in value)
    assert len(masked(cell, is_id=True)) <= 120


@given(CELLS)
def test_canonical_text_reads_to_itself(cell: Any) -> None:
    for reader in ALL:
        if reader.column.get("heading_unit"):  # 万元 converts each time it is read
            continue
        value = read_anew(reader, cell)
        if value and value != NULL:
            assert read_anew(reader, value.replace("\\\\", "\\")) == value


@given(st.lists(CELLS, min_size=1, max_size=20), st.sampled_from((0, cells.KEPT)))
def test_a_column_reads_like_its_cells_one_by_one(column: list[Any], kept: int) -> None:
    for reader in ALL:
        expected = [read_anew(reader, cell) for cell in column]
        reader.clear()
        bad: set[int] = set()
        with mock.patch.object(cells, "KEPT", kept):
            values = list(reader.column_of(column, bad))
        assert bad == {at for at, value in enumerate(expected) if value is None}
        assert [None if at in bad else v for at, v in enumerate(values)] == expected


@pytest.mark.parametrize("cell", [time(12), timedelta(hours=30), date.max, date.min, -0.0])
def test_odd_kinds_of_cells_are_faults_or_text(cell: Any) -> None:
    assert all(isinstance(read_anew(reader, cell), str | None) for reader in ALL)


def end_of(content: bytes) -> str:
    """Counts that add up, or a refusal other than a crash of our own code."""
    try:
        outcome = Outcome(content)
    except Refusal as refusal:
        return refusal.code
    assert outcome.end["good"] == len(outcome.rows)
    assert len({row for row, *_ in outcome.faults}) == outcome.end["faulty"]
    return "read"


SEEDS: dict[str, bytes] = {
    "csv": as_csv(table()),
    "gb18030": as_csv(table(), encoding="gb18030"),
    "utf-16": as_csv(table(), encoding="utf-16"),
    "json": as_json(objects()),
    "ndjson": as_lines(objects()),
    "xlsx": as_xlsx([titles(), dibao(0), dibao(1)]),
}
# calamine may abort on hostile workbooks; that it takes only the child along is what counts.
MAY_DIE = ("xlsx",)


def mutated(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.randrange(1, 12)):
        at = chance.randrange(len(changed))
        match chance.randrange(5):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                del changed[at : at + chance.randrange(1, 40)]
            case 2:
                changed[at:at] = chance.randbytes(chance.randrange(1, 6))
            case 3:
                changed[at:at] = changed[at : at + chance.randrange(1, 80)]
            case _:
                changed[at:at] = chance.choice((b'"', b"\0", b"\n", b",", b"{", b"]", b"\r", b"\\"))
    return bytes(changed)


@pytest.mark.parametrize("name", SEEDS)
@pytest.mark.parametrize("seed", range(10))
def test_a_mutated_file_ends_with_counts_or_a_refusal(name: str, seed: int) -> None:
    content = mutated(SEEDS[name], random.Random(f"{name} {seed}"))
    assert end_of(content) != "reading_died" or name in MAY_DIE


@pytest.mark.parametrize("seed", range(6))
def test_a_workbook_with_mutated_xml_ends_with_counts_or_a_refusal(seed: int) -> None:
    chance, out = random.Random(seed), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(SEEDS["xlsx"])) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            is_mutated = entry.filename.startswith("xl/worksheets") or chance.random() < 0.1
            data = old.read(entry)
            new.writestr(entry.filename, mutated(data, chance) if is_mutated else data)
    assert end_of(out.getvalue())


@pytest.mark.parametrize("seed", range(12))
def test_random_bytes_end_with_a_refusal(seed: int) -> None:
    chance = random.Random(seed)
    start = chance.choice(
        (b"", b"PK\x03\x04", b"\x1f\x8b\x08", b"[{", b"\xff\xfe", b"\xd0\xcf\x11")
    )
    assert end_of(start + chance.randbytes(chance.randrange(1, 5000))) not in (
        "read",
        "reading_died",
    )
