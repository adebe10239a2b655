"""The whole road in the database: the demo township's files go in, and the alerts are the truth.

test_truth.py asks a plain-Python interpreter; here the real intake and the real engine answer.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from grid.models import Department, Severity, WorkItem
from grid.signing import KeyUser
from monitoring.actions.screenings import perform_screening, request_screening
from monitoring.actions.uploads import advance_upload, receive_upload
from monitoring.feeds import FEEDS
from monitoring.models import Alert, Hit, ScreeningRun, Upload
from tests.demo.conftest import ANCHOR, AS_OF
from yizhou.audit import SYSTEM
from yizhou.demo.keys import department_keys
from yizhou.demo.load import build

# The mark is what makes pytest-django create the database when this file runs alone.
pytestmark = pytest.mark.django_db
Found = set[tuple[str, str, str | None, str]]


def deliver(folder: Path, entry: dict[str, Any]) -> Upload:
    """What the API does with one file, and then the worker."""
    feed = FEEDS[entry["feed"]]
    department = Department.objects.get(pk=feed.department)
    with (folder / entry["file"]).open("rb") as file:
        upload, _ = receive_upload(
            acting=KeyUser(department.keys.latest("id")),
            feed=feed.code,
            file=file,
            filename=entry["file"],
            channel=Upload.Channel.API_FILE,
            on_faults=Upload.OnFaults.TAKE_GOOD,
        )
    while advance_upload(upload.pk):
        pass
    return Upload.objects.get(pk=upload.pk)


def screened() -> ScreeningRun:
    run = request_screening(acting=SYSTEM, trigger=ScreeningRun.Trigger.SCHEDULE, as_of=AS_OF)
    perform_screening(run.pk)
    run.refresh_from_db()
    return run


@pytest.fixture(scope="module")
def uploads(
    delivery: tuple[Path, dict[str, Any]],
    django_db_setup: None,
    django_db_blocker: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, tuple[Upload, dict[str, int]]]]:
    """The county built, the files merged, the rules run once; rolled back at the module's end."""
    folder, manifest = delivery
    patch = pytest.MonkeyPatch()
    patch.setattr("django.conf.settings.VAR_DIR", tmp_path_factory.mktemp("var"))
    with django_db_blocker.unblock(), transaction.atomic():
        build(scale="one", today=ANCHOR, say=lambda text: None)
        department_keys(
            sorted({FEEDS[f["feed"]].department for f in manifest["files"]}), today=AS_OF
        )
        merged = {f["file"]: (deliver(folder, f), f["expected"]) for f in manifest["files"]}
        assert screened().job_state == "done"
        yield merged
        transaction.set_rollback(True)
    patch.undo()


def truth_of(folder: Path) -> Found:
    rows = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    return {(t["rule"], t["household_number"], t["person_id_tail"], t["severity"]) for t in rows}


def alerted() -> Found:
    hits = Hit.objects.filter(alert__in=Alert.objects.open()).select_related(
        "alert__household", "person"
    )
    return {
        (
            h.alert.rule_id,
            h.alert.household.number,
            h.person.id_tail if h.person else None,
            Severity(h.severity).name,
        )
        for h in hits
    }


def test_every_planted_truth_is_alerted_and_nothing_else(
    uploads: dict[str, Any], delivery: tuple[Path, dict[str, Any]]
) -> None:
    assert alerted() == truth_of(delivery[0])


def test_receipts_are_exactly_what_the_clerks_files_hold(uploads: dict[str, Any]) -> None:
    wrong = {
        name: (counts, expected)
        for name, (upload, expected) in uploads.items()
        if (counts := {key: getattr(upload, key) for key in expected}) != expected
    }
    assert wrong == {}


def test_one_open_work_item_per_alerted_household(uploads: dict[str, Any]) -> None:
    households = Alert.objects.open().values("household").distinct().count()
    assert WorkItem.objects.open().count() == households


def test_screening_again_changes_nothing(uploads: dict[str, Any]) -> None:
    before = alerted()
    run = screened()
    assert (run.alerts_opened, run.alerts_grown, run.alerts_withdrawn) == (0, 0, 0)
    assert alerted() == before
