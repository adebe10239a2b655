"""The whole way: files by REST API, a real worker, screening, work items; then the truth."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from psycopg2.sql import SQL

from grid.models import Account, Household, Severity, WorkItem
from monitoring.actions.freezing import freeze
from monitoring.engine import screen
from monitoring.models import Alert, Upload
from monitoring.rules import SHIPPED
from tests.monitoring.interpreter import Facts, Moment, feeds_of, hits_at
from yizhou.demo.load import build
from yizhou.demo.sending import send
from yizhou.local.processes import Child
from yizhou.statements import ask


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

    with subtests.test("the independent interpreter finds the same hits of every rule"):
        assert_interpreter_agrees()

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


def assert_interpreter_agrees() -> None:
    """Engine and interpreter over the whole demo county, all rules in force."""
    with transaction.atomic():
        frozen = freeze(as_of=timezone.localdate())
        screen(frozen)
        found = {
            (rule, household, person): (severity, value, line, json.loads(evidence))
            for rule, household, person, severity, value, line, evidence in ask(
                SQL(
                    "SELECT rule_id, household_id, person_id, severity, value, line,"
                    " evidence::text FROM hit"
                )
            )
        }
    facts = Facts.load(sorted({f for rule in frozen.rules for f in feeds_of(rule.definition)}))
    moment = Moment(facts, as_of=frozen.as_of, known_at=frozen.known_at, not_yet=set())
    expected = {
        (rule.rule_id, hit.household_id, hit.person_id): (
            hit.severity,
            hit.value,
            hit.line,
            hit.evidence,
        )
        for rule in frozen.rules
        for hit in hits_at(moment, rule.definition, frozen.thresholds)
    }
    assert len(frozen.rules) == len(SHIPPED)
    assert found == expected
