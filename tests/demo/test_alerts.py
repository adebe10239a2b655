"""The whole way: files by REST API, a real worker, screening, work items; then the truth."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Count
from django.utils import timezone

from grid.models import Account, Household, Severity, WorkItem
from monitoring.models import Alert, Upload
from yizhou.demo.load import build
from yizhou.demo.sending import send
from yizhou.local.processes import Child


def quiet(text: str) -> None:
    pass


@pytest.mark.jobs
def test_departments_files_become_exactly_the_planted_alerts(
    live_server: Any,
    celery_worker_process: Child,
    settings: Any,
    tmp_path: Path,
    subtests: Any,
) -> None:
    settings.VAR_DIR = tmp_path
    today = timezone.localdate()
    build(scale="one", today=today, say=quiet)
    assert send(scale="one", address=live_server.url, today=today, say=quiet)

    truths = json.loads((tmp_path / "demo/one/truth.json").read_text(encoding="utf-8"))
    planted = {t["rule"] for t in truths}

    with subtests.test("the rules with planted truths find each of them and nothing else"):
        alerts = Alert.objects.open().filter(rule__in=planted)
        found = alerts.values_list("rule", "household__number", "severity", "lowered_from")
        assert {(rule, number, Severity(was or s).name) for rule, number, s, was in found} == {
            (t["rule"], t["household_number"], t["severity"]) for t in truths
        }

    with subtests.test("no rule floods the township"):
        households = Household.objects.living().count()
        by_rule = Alert.objects.open().values("rule").annotate(n=Count("pk")).order_by("-n")
        assert by_rule[0]["n"] <= households * 0.01
        assert by_rule.count() >= 40

    with subtests.test("every receipt says what the manifest expects"):
        manifest = json.loads((tmp_path / "demo/one/manifest.json").read_text(encoding="utf-8"))
        for file in manifest["files"]:
            upload = Upload.objects.get(sha256=file["sha256"])
            assert {name: getattr(upload, name) for name in file["expected"]} == file["expected"]

    with subtests.test("a household alerted twice is visited once"):
        sent = Alert.objects.filter(state="to_verify").values("household").distinct()
        assert WorkItem.objects.open().count() == sent.count()

    with subtests.test("the worker of the table has alerts to verify"):
        worker = Account.objects.get(username="worker1")
        assert WorkItem.objects.to_visit().filter(assignee=worker).count() >= 3

    with subtests.test("a grid without worker goes to the head of its tun"):
        head = Account.objects.get(username="tun")
        assert WorkItem.objects.open().filter(assignee=head).exists()

    with subtests.test("a village without anybody waits for the township"):
        assert WorkItem.objects.open().filter(assignee=None).exists()

    with subtests.test("sending again sends nothing"):
        assert not send(scale="one", address=live_server.url, today=today, say=quiet)
