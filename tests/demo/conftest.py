"""One township's families and files, made once for all tests of the demo county."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from yizhou.demo.county import ONE_TOWNSHIP, county
from yizhou.demo.departments import write_files
from yizhou.demo.families import Household, families_of

AS_OF = date(2026, 11, 24)
ANCHOR = date(2026, 10, 1)
ONE = frozenset({ONE_TOWNSHIP})


@pytest.fixture(scope="session")
def families() -> list[Household]:
    township = next(t for t in county() if t.code == ONE_TOWNSHIP)
    return [f for village in township.villages for f in families_of(village, ANCHOR)]


@pytest.fixture(scope="session")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The folder of one township's files and its manifest."""
    folder = tmp_path_factory.mktemp("delivery")
    return folder, write_files(folder, townships=ONE, anchor=ANCHOR, as_of=AS_OF)
