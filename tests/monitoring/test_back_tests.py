"""Back-tests: past month ends, what was known then, and what findings said."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from grid.models import Household
from monitoring.actions.back_tests import (
    added_up,
    days_tested,
    judged,
    perform_back_test,
    request_back_test,
    retry_back_test,
)
from monitoring.actions.rules import load_shipped_rules
from monitoring.models import (
    Alert,
    BackTest,
    Finding,
    MedicalSettlement,
    RuleVersion,
    ScreeningRun,
    Upload,
)
from tests.monitoring.records import add_settlement
from tests.world import World
from yizhou.audit import SYSTEM
from yizhou.refusals import NotAllowed, Refusal


def test_the_days_are_month_ends_and_today() -> None:
    assert days_tested(date(2026, 3, 31), 2) == [
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2026, 3, 31),
    ]


def test_judgement_of_one_month() -> None:
    assert judged({1, 2, 3, 4}, {1, 5}, {2}) == {
        "hits": 4,
        "known": 3,
        "positive": 2,
        "true": 1,
        "false": 1,
        "lost": 1,
        "unknown": 2,
    }


def test_nothing_known_gives_no_share() -> None:
    total = added_up([judged({1}, set(), set()) | {"overfull": 0}])
    assert (total["precision"], total["recall"]) == (None, None)


# ---- over the county ----


END = days_tested(timezone.localdate(), 1)[0]


@pytest.fixture
def rules(world: World) -> World:
    load_shipped_rules(acting=SYSTEM)
    return world


def settlement(world: World, name: str, yuan: str, days_before: int, received: int) -> None:
    """Paid so many days before the month end, received so many days before it."""
    row = add_settlement(world.people[name], END - timedelta(days=days_before), yuan)
    at = timezone.now() - (timezone.localdate() - END + timedelta(days=received))
    MedicalSettlement.objects.filter(pk=row.pk).update(received_at=at)
    Upload.objects.filter(pk=row.upload_id).update(merged_at=at)


def finding(
    world: World, household: Household, outcome: str, days: int, rule: str = "MED-01"
) -> None:
    """A finding made so many days before the month end."""
    version = RuleVersion.objects.published().get(rule=rule)
    run, _ = ScreeningRun.objects.get_or_create(trigger="schedule", as_of=END)
    alert = Alert.objects.create(
        rule_id=rule,
        rule_version=version,
        household=household,
        code=household.cell_id,
        severity=3,
        state="settled",
        closed_at=timezone.now(),
        value=1,
        sentence="测试",
        evidence_hash=b"0" * 16,
        due_on=END,
        opened_in=run,
        changed_in=run,
    )
    made = Finding.objects.create(
        alert=alert, outcome=outcome, reason="测试", decided_by=world.township_officer
    )
    at = timezone.now() - (timezone.localdate() - END + timedelta(days=days))
    Finding.objects.filter(pk=made.pk).update(decided_at=at)


def tried_out(world: World, months: int = 1) -> dict[str, Any]:
    """Results of MED-01 as published; the first day is the last month end."""
    version = RuleVersion.objects.published().get(rule="MED-01")
    test = request_back_test(acting=world.county_officer, version=version, months=months)
    assert perform_back_test(test.pk)
    test.refresh_from_db()
    assert test.job_state == "done", test.job_error
    return test.results


@pytest.fixture
def verified_county(rules: World) -> World:
    """One true hit, one false, one lost, one hit that nobody verified."""
    settlement(rules, "韦甲", "12000", 40, 20)
    settlement(rules, "蓝甲", "30000", 40, 20)
    settlement(rules, "潘甲", "30000", 40, 20)
    finding(rules, rules.household, "to_monitoring", 10)
    finding(rules, rules.next_household, "no_risk_self_solved", 10)
    finding(rules, rules.lone_household, "to_social_assistance", 10)
    return rules


@pytest.mark.django_db
def test_true_false_and_lost(verified_county: World) -> None:
    results = tried_out(verified_county)
    assert results["months"][0] == {
        "on": END.isoformat(),
        "hindsight": False,
        "overfull": 0,
        **{"hits": 3, "known": 3, "positive": 2, "true": 1, "false": 1, "lost": 1, "unknown": 1},
    }
    assert (results["total"]["precision"], results["total"]["recall"]) == (0.5, 0.5)


@pytest.mark.django_db
def test_what_came_later_was_not_known_then(rules: World) -> None:
    settlement(rules, "韦甲", "12000", 40, -1)
    settlement(rules, "蓝甲", "1", 40, 5)
    finding(rules, rules.household, "to_monitoring", 10)
    then, today = tried_out(rules)["months"]
    assert [(d["hits"], d["lost"], d["hindsight"]) for d in (then, today)] == [
        (0, 1, False),
        (1, 0, False),
    ]


@pytest.mark.django_db
def test_before_the_first_batch_the_day_is_judged_in_hindsight(rules: World) -> None:
    settlement(rules, "韦甲", "12000", 40, -1)
    then, today = tried_out(rules)["months"]
    assert [(d["hits"], d["hindsight"]) for d in (then, today)] == [(1, True), (1, False)]


@pytest.mark.django_db
@pytest.mark.parametrize(("days", "known"), [(89, 1), (91, 0), (-1, 0)])
def test_findings_count_for_ninety_days(rules: World, days: int, known: int) -> None:
    finding(rules, rules.household, "to_monitoring", days)
    assert tried_out(rules)["months"][0]["known"] == known


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("outcomes", "known", "positive"),
    [
        (["not_contactable"], 0, 0),
        (["no_risk_data_error"], 1, 0),
        (["no_risk_data_error", "to_monitoring"], 1, 1),
        (["dept_problem"], 1, 1),
    ],
)
def test_which_findings_speak(rules: World, outcomes: list[str], known: int, positive: int) -> None:
    for outcome in outcomes:
        finding(rules, rules.household, outcome, 10)
    then = tried_out(rules)["months"][0]
    assert (then["known"], then["positive"]) == (known, positive)


@pytest.mark.django_db
def test_findings_of_another_risk_say_nothing(rules: World) -> None:
    finding(rules, rules.household, "to_monitoring", 10, rule="EDU-01")
    assert tried_out(rules)["total"]["known"] == 0


@pytest.mark.django_db
def test_a_trial_leaves_no_alert_and_no_run(verified_county: World) -> None:
    before = (Alert.objects.count(), ScreeningRun.objects.count())
    tried_out(verified_county, months=3)
    assert (Alert.objects.count(), ScreeningRun.objects.count()) == before


@pytest.mark.django_db
def test_an_edited_draft_is_another_test(verified_county: World) -> None:
    version = RuleVersion.objects.published().get(rule="MED-01")
    test = request_back_test(acting=verified_county.county_officer, version=version, months=1)
    changed = version.definition | {"bands": [{"severity": 3, "times": 2}]}
    RuleVersion.objects.filter(pk=version.pk).update(definition=changed)
    perform_back_test(test.pk)
    test.refresh_from_db()
    assert test.results["months"][0]["hits"] == 3


@pytest.mark.django_db
def test_a_second_worker_finds_it_done(verified_county: World) -> None:
    tried_out(verified_county)
    assert perform_back_test(BackTest.objects.get().pk) is False


@pytest.mark.django_db
@pytest.mark.parametrize("months", [0, 25])
def test_months_have_bounds(rules: World, months: int) -> None:
    with pytest.raises(Refusal, match="1 到 24"):
        tried_out(rules, months=months)


@pytest.mark.django_db
def test_others_test_no_rules(rules: World) -> None:
    version = RuleVersion.objects.published().get(rule="MED-01")
    with pytest.raises(NotAllowed):
        request_back_test(acting=rules.leader, version=version, months=1)


@pytest.mark.django_db
def test_one_test_of_a_version_at_a_time(rules: World) -> None:
    version = RuleVersion.objects.published().get(rule="MED-01")
    request_back_test(acting=rules.county_officer, version=version, months=1)
    with pytest.raises(Refusal, match="正在进行"):
        request_back_test(acting=rules.county_officer, version=version, months=1)


@pytest.mark.django_db
def test_a_failed_test_is_asked_for_again(rules: World) -> None:
    version = RuleVersion.objects.published().get(rule="MED-01")
    test = request_back_test(acting=rules.county_officer, version=version, months=1)
    BackTest.objects.filter(pk=test.pk).update(job_state="failed", attempt=5)
    retry_back_test(acting=rules.county_officer, back_test_id=test.pk)
    assert perform_back_test(test.pk)


@pytest.mark.django_db
def test_the_page_lays_two_tests_side_by_side(verified_county: World, signed_in) -> None:
    first = tried_out(verified_county) and BackTest.objects.latest("pk")
    second = tried_out(verified_county, months=2) and BackTest.objects.latest("pk")
    client = signed_in(verified_county.leader)
    page = client.get(f"/rules/MED-01/back-tests/{first.pk}/?with={second.pk}").content.decode()
    assert page.count('<svg class="split-bar"') == 4
    assert "50%" in page
    assert "style=" not in page


@pytest.mark.django_db
def test_the_page_of_a_waiting_test_asks_again(rules: World, signed_in) -> None:
    client = signed_in(rules.county_officer)
    asked = client.post("/rules/MED-01/back-tests/", {"number": "1", "months": "3"})
    page = client.get(asked["Location"]).content.decode()
    assert 'hx-trigger="every 2s"' in page
    assert (
        client.post("/rules/MED-01/back-tests/", {"number": "1", "months": "x"}).status_code == 302
    )
