"""Previews: counts over the county, visits, overlap; and nothing of the trial stays."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from monitoring.actions import rule_previews
from monitoring.actions.rule_drafts import change_draft, start_draft
from monitoring.actions.rule_previews import preview_version
from monitoring.actions.rules import load_shipped_rules
from monitoring.models import Alert, RuleVersion, Threshold
from tests.monitoring.records import add_certificate, add_settlement
from tests.monitoring.test_screening import months_ago, screen
from tests.world import World
from yizhou.audit import SYSTEM
from yizhou.refusals import NotAllowed, Overtaken, Refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def county(world: World) -> World:
    """Two households over their line, in two townships."""
    load_shipped_rules(acting=SYSTEM)
    add_settlement(world.people["韦甲"], months_ago(2), "12000")
    add_settlement(world.people["潘甲"], months_ago(2), "90000")
    return world


def draft(world: World) -> RuleVersion:
    return start_draft(acting=world.county_officer, code="MED-01")


def preview(world: World, version: RuleVersion) -> dict[str, Any]:
    return preview_version(
        acting=world.county_officer, version=version, version_seen=version.version
    )


def test_counts_by_severity_household_and_township(county: World) -> None:
    seen = preview(county, draft(county))
    assert (seen["hits"], seen["households"], seen["by_severity"]) == (2, 2, {"1": 1, "3": 1})
    assert dict(seen["townships"]) == {"德胜镇": 1, "北山镇": 1}
    assert seen["people"] == county.household.size + county.other_household.size


def test_visits_go_to_the_workers_who_would_make_them(county: World) -> None:
    seen = preview(county, draft(county))
    workers = {county.worker_1.name: 1, county.other_worker.name: 1}
    assert (seen["new_visits"], dict(seen["busiest"])) == (2, workers)


def test_a_household_that_is_visited_anyway_is_no_new_visit(county: World) -> None:
    screen()
    seen = preview(county, draft(county))
    assert (seen["new_visits"], seen["kept"], seen["gone"]) == (0, 2, 0)


def test_overlap_with_other_rules(county: World) -> None:
    add_certificate(county.people["韦甲"], months_ago(1), 1)
    screen()
    others = set(
        Alert.objects.filter(household=county.household)
        .exclude(rule="MED-01")
        .values_list("rule", flat=True)
    )
    seen = preview(county, draft(county))
    assert {code for code, _ in seen["overlap"]} >= others != set()
    assert seen["already"] >= 1


def test_the_proposed_figure_is_what_counts(county: World) -> None:
    version = draft(county)
    change_draft(
        acting=county.county_officer,
        version=version,
        version_seen=version.version,
        definition=version.definition,
        figures={
            "medical_self_paid_low_income": {
                "label": "低收入家庭监测线",
                "value": "15000",
                "unit": "元",
                "source": "待核定",
            }
        },
        source="待核定",
        why="提高",
        review_on=timezone.localdate() + timedelta(days=90),
    )
    assert preview(county, version)["households"] == 1
    assert Threshold.objects.get(key="medical_self_paid_low_income").value == 10000


def test_nothing_of_the_trial_stays(county: World) -> None:
    preview(county, draft(county))
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('pg_temp.hit'), current_setting('statement_timeout')")
        assert cursor.fetchone() == (None, "0")
    assert Alert.objects.count() == 0


def test_a_slow_preview_is_stopped(county: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_previews, "WITHIN_MS", 1)
    monkeypatch.setattr(
        rule_previews, "_counted", lambda rule_id: connection.cursor().execute("SELECT pg_sleep(1)")
    )
    version = draft(county)
    with pytest.raises(Refusal, match="预览超过 10 秒"):
        preview(county, version)
    assert RuleVersion.objects.get(pk=version.pk).preview == {}


def test_a_preview_of_an_overtaken_draft_is_not_kept(county: World) -> None:
    version = draft(county)
    RuleVersion.objects.filter(pk=version.pk).update(version=9)
    with pytest.raises(Overtaken):
        preview(county, version)


def test_others_preview_no_rules(county: World) -> None:
    version = draft(county)
    with pytest.raises(NotAllowed):
        preview_version(acting=county.leader, version=version, version_seen=version.version)
