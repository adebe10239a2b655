"""The planted truth is exactly what the three rules say about the files.

The interpreter below knows nothing of how the files were made: it reads them back as any reader
would, throws out faulty rows, and applies the three rules in plain Python.
"""

import csv
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from tests.demo.conftest import ANCHOR, AS_OF, ONE
from yizhou.demo.departments import write_files
from yizhou.demo.families import Household

WEIGHTS = [pow(2, 17 - i, 11) for i in range(17)]
Row = dict[str, Any]


# Reading the files ------------------------------------------------------------------------------


class Faulty(Exception):
    pass


def valid_id(text: Any) -> str:
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{17}[0-9X]", text):
        raise Faulty
    if "10X98765432"[sum(int(d) * w for d, w in zip(text, WEIGHTS, strict=False)) % 11] != text[17]:
        raise Faulty
    return text


def past_day(value: Any) -> date:
    if not isinstance(value, date):
        found = re.fullmatch(r"(\d{4})\D?(\d{1,2})\D?(\d{1,2})日?", value)
        if found is None:
            raise Faulty
        value = date(*map(int, found.groups()))
    elif isinstance(value, datetime):
        value = value.date()
    if value > AS_OF:
        raise Faulty
    return value


def amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise Faulty from None


def one_of(words: dict[str, Any]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        if text not in words:
            raise Faulty
        return words[text]

    return read


def medical(cells: Row) -> Row:
    row = {
        "id": valid_id(cells["证件号码"]),
        "on": past_day(cells["结算时间"]),
        "is_reversal": one_of({"正常结算": False, "退费": True})(cells["业务类型"]),
        "total": amount(cells["医疗总费用"]),
        "self_paid": amount(cells["三重保障后自付"]),
        "key": cells["结算流水号"],
    }
    parts = sum(amount(cells[h]) for h in ("统筹支付", "大病报销", "医疗救助"))
    if abs(row["self_paid"]) > abs(row["total"]):
        raise Faulty
    if abs(row["total"] - parts - row["self_paid"]) > Decimal("0.05"):
        raise Faulty
    if (row["total"] < 0 or row["self_paid"] < 0) if not row["is_reversal"] else row["total"] > 0:
        raise Faulty
    return row


def disability(cells: Row) -> Row:
    levels = {f"{a}级": n for n, a in enumerate("一二三四", start=1)}
    levels |= {f"{n}级": n for n in range(1, 5)}
    row = {
        "id": valid_id(cells["身份证号码"]),
        "level": one_of(levels)(cells["残疾级别"]),
        "on": past_day(cells["评定日期"]),
        "is_valid": one_of({"正常": True, "过期": False, "注销": False})(cells["状态"]),
    }
    if not cells["有效期"] > row["on"]:
        raise Faulty
    return row | {"key": (row["id"], row["on"])}


def school(cells: Row) -> Row:
    stages = dict.fromkeys(["高中", "中等职业教育", "学前教育", "高职高专及以上"], False)
    stages |= dict.fromkeys([f"{n}年级" for n in "一二三四五六七八九"], True)
    stages |= {"初中": True, "特殊教育": True}
    row = {
        "id": valid_id(cells["学生身份证号"]),
        "is_compulsory": one_of(stages)(cells["学段（年级）"]),
        "dropped_out": one_of({"在校": False, "疑似失学辍学": True})(cells["学籍状态"]),
        "absent": int(amount(cells["未到校天数"])),
        "on": past_day(cells["统计日期"]),
        "key": (cells["学生身份证号"], cells["学年学期"]),
    }
    if not re.fullmatch(r"20\d\d[春秋]", cells["学年学期"]):
        raise Faulty
    if row["dropped_out"] and not row["absent"]:
        raise Faulty
    return row


def dibao(cells: Row) -> Row:
    kind = one_of({"农村": "rural", "城镇低保": "urban"})(cells["低保类别"])
    row = {
        "id": valid_id(cells["申请人身份证号"]),
        "month": date.fromisoformat(f"{cells['月份']}-01"),
        "people": int(cells["保障人口"]),
    }
    past_day(cells["打卡日期"])
    if row["people"] < 1 or amount(cells["保障金额"]) > 3000 * row["people"]:
        raise Faulty
    return row | {"key": (row["id"], kind, row["month"])}


READERS = {
    "medical_settlement": (medical, "gb18030"),
    "disability_certificate": (disability, None),
    "school_status": (school, "utf-8-sig"),
    "dibao_payment": (dibao, "utf-8"),
}
CLOSING = ("合计", "制表人", "审核人")


def lines(path: Path, encoding: str | None) -> Iterator[list[Any]]:
    if encoding is None:
        yield from CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
        return
    with path.open(encoding=encoding, newline="") as file:
        yield from csv.reader(file, strict=True)


@dataclass
class Read:
    good: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


def read_delivery(folder: Path, manifest: Row, known: set[str]) -> Read:
    """Good rows by feed, and what a receipt of each file should say."""
    read = Read()
    for file in manifest["files"]:
        if file["feed"] not in READERS:
            continue
        reader, encoding = READERS[file["feed"]]
        body = list(lines(folder / file["file"], encoding))
        _title, heading, *body = body
        keys: set[Any] = set()
        counts = read.counts[file["file"]]
        for cells in body:
            if str(cells[0]).startswith(CLOSING):
                continue
            counts["rows_in"] += 1
            if not any(cell not in ("", None) for cell in cells):
                counts["blank"] += 1
                continue
            try:
                row = reader(dict(zip(heading, cells, strict=True)))
            except Faulty:
                counts["faulty"] += 1
                continue
            if row["key"] in keys:
                counts["duplicate"] += 1
                continue
            keys.add(row["key"])
            counts["unmatched"] += row["id"] not in known
            read.good[file["feed"]].append(row)
    return read


# The three rules --------------------------------------------------------------------------------


def back(months: int) -> date:
    """`months` before the day of the test, which is no month's end."""
    index = AS_OF.year * 12 + AS_OF.month - 1 - months
    return date(index // 12, index % 12 + 1, AS_OF.day)


Alerts = set[tuple[str, str, str | None, str]]


def heavy_medical(families: list[Household], read: Read) -> Alerts:
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for row in read.good["medical_settlement"]:
        if back(12) < row["on"] <= AS_OF:
            paid[row["id"]] += row["self_paid"]
    supported = {r["id"] for r in read.good["dibao_payment"] if r["month"] > back(3)}
    alerts: Alerts = set()
    for family in families:
        members = {p.id_number for p in family.people}
        is_low = family.kind != "ordinary" or members & supported
        line = Decimal(10_000 if is_low else 26_000)
        times = sum(paid[m] for m in members & paid.keys()) / line
        if times >= 1:
            severity = "RED" if times >= 3 else "ORANGE" if times >= 2 else "YELLOW"
            alerts.add(("MED-01", family.number, None, severity))
    return alerts


def severe_disability(families: list[Household], read: Read) -> Alerts:
    by_person = defaultdict(list)
    for row in read.good["disability_certificate"]:
        by_person[row["id"]].append(row)
    alerts: Alerts = set()
    for family in families:
        for person in family.people:
            rows = sorted(by_person[person.id_number], key=lambda r: r["on"])
            if not rows or not (rows[-1]["level"] <= 2 and rows[-1]["is_valid"]):
                continue
            if rows[-1]["on"] <= back(3):
                continue
            if any(r["level"] <= 2 and r["on"] <= back(3) for r in rows):
                continue
            severity = "ORANGE" if rows[-1]["level"] == 1 else "YELLOW"
            alerts.add(("DIS-01", family.number, person.id_number[-4:], severity))
    return alerts


def suspected_dropout(families: list[Household], read: Read) -> Alerts:
    by_person = defaultdict(list)
    for row in read.good["school_status"]:
        if row["on"] > back(6):
            by_person[row["id"]].append(row)
    alerts: Alerts = set()
    for family in families:
        for person in family.people:
            rows = sorted(by_person[person.id_number], key=lambda r: r["on"])
            if not rows or not 6 <= person.age_on(AS_OF) <= 15:
                continue
            last = rows[-1]
            if last["dropped_out"] and last["is_compulsory"]:
                days = last["absent"]
                severity = "RED" if days >= 30 else "ORANGE" if days >= 10 else "YELLOW"
                alerts.add(("EDU-01", family.number, person.id_number[-4:], severity))
    return alerts


# The claims -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def read(delivery: tuple[Path, Row], families: list[Household]) -> Read:
    known = {p.id_number for f in families for p in (*f.people, *f.departed)}
    return read_delivery(*delivery, known)


@pytest.fixture(scope="module")
def truths(delivery: tuple[Path, Row]) -> list[Row]:
    return list(json.loads((delivery[0] / "truth.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("rule", "code"),
    [(heavy_medical, "MED-01"), (severe_disability, "DIS-01"), (suspected_dropout, "EDU-01")],
)
def test_the_rule_alerts_exactly_the_planted_truth(
    rule: Callable[[list[Household], Read], Alerts],
    code: str,
    families: list[Household],
    read: Read,
    truths: list[Row],
) -> None:
    planted = {
        (t["rule"], t["household_number"], t["person_id_tail"], t["severity"])
        for t in truths
        if t["rule"] == code
    }
    assert rule(families, read) == planted


def test_every_rule_and_severity_occurs(truths: list[Row]) -> None:
    occurring = {(t["rule"], t["severity"]) for t in truths}
    assert occurring == {
        *(("MED-01", s) for s in ("RED", "ORANGE", "YELLOW")),
        *(("EDU-01", s) for s in ("RED", "ORANGE", "YELLOW")),
        *(("DIS-01", s) for s in ("ORANGE", "YELLOW")),
    }


def test_a_township_has_60_to_120_alerts(truths: list[Row]) -> None:
    assert 60 <= len(truths) <= 120


def test_some_household_is_alerted_by_two_rules(truths: list[Row]) -> None:
    rules = defaultdict(set)
    for truth in truths:
        rules[truth["household_number"]].add(truth["rule"])
    assert any(len(named) == 2 for named in rules.values())


def test_near_misses_are_not_alerted(delivery: tuple[Path, Row], truths: list[Row]) -> None:
    misses = json.loads((delivery[0] / "near_misses.json").read_text(encoding="utf-8"))
    assert len({m["why"] for m in misses}) == 15
    assert not {m["household_number"] for m in misses} & {t["household_number"] for t in truths}


@pytest.mark.parametrize("feed", sorted(READERS))
def test_receipts_must_say_what_the_manifest_expects(
    feed: str, delivery: tuple[Path, Row], read: Read
) -> None:
    for file in delivery[1]["files"]:
        if file["feed"] == feed:
            assert read.counts[file["file"]] == file["expected"]
            assert min(file["expected"].values()) > 0


def test_the_same_day_gives_the_same_files(delivery: tuple[Path, Row], tmp_path: Path) -> None:
    again = write_files(tmp_path, townships=ONE, anchor=ANCHOR, as_of=AS_OF)
    assert again == delivery[1]


def test_no_file_is_larger_than_100_mb(delivery: tuple[Path, Row]) -> None:
    folder, manifest = delivery
    assert all((folder / f["file"]).stat().st_size <= 100e6 for f in manifest["files"])
