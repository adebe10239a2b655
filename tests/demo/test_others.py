"""The further departments' files: read by the real engine, every row as the manifest expects."""

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from grid.departments import DEPARTMENTS
from grid.models import Department
from monitoring.feeds import FEEDS
from monitoring.models import Upload
from tests.demo.conftest import ANCHOR, ONE
from tests.monitoring.batches import send, work
from tests.world import World
from yizhou.demo.departments import File, populated
from yizhou.demo.families import families_of
from yizhou.demo.others import SHEETS, Others, sheet_of
from yizhou.demo.truth import Plan

PUBLISHED = {"medical_settlement", "disability_certificate", "school_status", "dibao_payment"}
COUNTED = ("rows_in", "faulty", "duplicate", "blank")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[bytes, dict[str, int]]]:
    """Content and expected counts by data set, as of today."""
    folder, today = tmp_path_factory.mktemp("others"), timezone.localdate()
    others = Others(today)
    written = {}
    for code in SHEETS:
        sheet = sheet_of(code)
        written[code] = File(sheet, folder / f"{code}{sheet.suffix}", today)
    for _township, village in populated(ONE):
        for code, cells in others.rows(village, families_of(village, ANCHOR), Plan()):
            written[code].good(cells)
    return {
        code: (file.path.read_bytes(), expected)
        for code, file in written.items()
        for expected in [file.close()["expected"]]
    }


def test_every_data_set_has_a_file(delivery: tuple[Path, dict[str, Any]]) -> None:
    assert {file["feed"] for file in delivery[1]["files"]} == set(FEEDS)


def test_the_rules_read_none_of_them() -> None:
    assert set(FEEDS) - set(SHEETS) == PUBLISHED


@pytest.mark.django_db
@pytest.mark.parametrize("code", SHEETS)
def test_the_receipt_says_what_is_expected(
    code: str, world: World, files: dict[str, tuple[bytes, dict[str, int]]]
) -> None:
    for department, (name, short) in DEPARTMENTS.items():
        Department.objects.get_or_create(
            code=department, defaults={"name": name, "short_name": short}
        )
    content, expected = files[code]
    upload = work(send(world.county_officer, content, feed=code))
    told = list(upload.faults.values_list("row_number", "column", "code", "seen")[:5])
    assert (upload.stage, upload.refusal) == (Upload.Stage.MERGED, ""), told
    assert {n: getattr(upload, n) for n in COUNTED} == {n: expected[n] for n in COUNTED}, told
    assert upload.accepted > 0


def test_the_dead_who_are_paid_are_told(delivery: tuple[Path, dict[str, Any]]) -> None:
    planted = delivery[1]["contradictions"]
    assert [c["feed"] for c in planted] == ["funeral_record", "household_register_change"]


def test_few_have_died(delivery: tuple[Path, dict[str, Any]]) -> None:
    rows = {file["feed"]: file["expected"]["rows_in"] for file in delivery[1]["files"]}
    assert 5 <= rows["funeral_record"] <= 40
    assert rows["household_register_change"] <= 40
