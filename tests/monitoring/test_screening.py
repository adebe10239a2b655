"""The three shipped rules over hand-made records, and what a run may and may not change."""

from datetime import date, timedelta
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from django.utils import timezone

from grid.models import WorkItem, WorkItemPurpose
from monitoring.actions.rules import load_shipped_rules
from monitoring.actions.screenings import perform_screening, request_screening
from monitoring.models import Alert, AlertState, Hit, ScreeningRun, Threshold
from monitoring.rules import SHIPPED
from tests.monitoring.records import (
    add_certificate,
    add_dibao_payment,
    add_school_status,
    add_settlement,
)
from tests.world import World
from yizhou.audit import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rules(world: World) -> None:
    load_shipped_rules(acting=SYSTEM)


def screen(**asked: Any) -> ScreeningRun:
    run = request_screening(acting=SYSTEM, trigger=ScreeningRun.Trigger.SCHEDULE, **asked)
    assert perform_screening(run.pk)
    run.refresh_from_db()
    assert run.job_state == "done", run.job_error
    return run


def months_ago(months: int, *, days: int = 0) -> date:
    return timezone.localdate() - relativedelta(months=months) + timedelta(days=days)


def fired(rule: str) -> dict[str, int]:
    """Severity by head of household of the open alerts of one rule."""
    alerts = Alert.objects.open().filter(rule=rule)
    return {a.household.head.name: a.severity for a in alerts.select_related("household__head")}


def test_medical_sum_of_a_low_income_household_at_the_line_is_yellow(world: World) -> None:
    add_settlement(world.people["韦甲"], months_ago(2), "6000")
    add_settlement(world.people["覃乙"], months_ago(4), "4000")
    screen()
    assert fired("MED-01") == {"韦甲": 3}


def test_medical_sum_just_below_the_line_is_quiet(world: World) -> None:
    add_settlement(world.people["韦甲"], months_ago(2), "9999.99")
    screen()
    assert fired("MED-01") == {}


def test_ordinary_household_has_the_higher_line(world: World) -> None:
    add_settlement(world.people["蓝甲"], months_ago(2), "10500")
    screen()
    assert fired("MED-01") == {}


def test_dibao_in_the_last_three_months_lowers_the_line(world: World) -> None:
    add_settlement(world.people["蓝甲"], months_ago(2), "10500")
    add_dibao_payment(world.people["罗乙"], months_ago(1).replace(day=1))
    screen()
    assert fired("MED-01") == {"蓝甲": 3}


def test_settlement_of_the_first_day_outside_the_window_does_not_count(world: World) -> None:
    add_settlement(world.people["韦甲"], months_ago(12), "30000")
    screen()
    assert fired("MED-01") == {}


def test_settlement_of_the_first_day_inside_the_window_counts(world: World) -> None:
    add_settlement(world.people["韦甲"], months_ago(12, days=1), "30000")
    screen()
    assert fired("MED-01") == {"韦甲": 1}


def test_reversal_brings_the_sum_below_the_line(world: World) -> None:
    add_settlement(world.people["韦甲"], months_ago(2), "12000")
    add_settlement(world.people["韦甲"], months_ago(1), "-4000")
    screen()
    assert fired("MED-01") == {}


def test_dead_patient_does_not_count(world: World) -> None:
    add_settlement(world.people["莫戊"], months_ago(2), "30000")
    world.people["莫戊"].died_on = months_ago(1)
    world.people["莫戊"].household = None
    world.people["莫戊"].save()
    screen()
    assert fired("MED-01") == {}


def test_alert_keeps_every_evidence_row(world: World) -> None:
    rows = [add_settlement(world.people["韦甲"], months_ago(n), "6000") for n in (1, 2)]
    screen()
    hit = Hit.objects.get(alert__rule="MED-01")
    assert hit.evidence == {"medical_settlement": sorted(r.pk for r in rows)}


def test_sentence_says_the_figures(world: World) -> None:
    add_settlement(world.people["韦甲"], months_ago(2), "12345.60")
    screen()
    assert (
        Alert.objects.get().sentence
        == "近 12 个月医疗自付 12,345.60 元，达到低收入家庭监测线 10,000 元"
    )


def test_new_level_one_certificate_is_orange(world: World) -> None:
    add_certificate(world.people["蓝甲"], months_ago(1), 1)
    screen()
    assert fired("DIS-01") == {"蓝甲": 2}


def test_level_three_certificate_is_quiet(world: World) -> None:
    add_certificate(world.people["蓝甲"], months_ago(1), 3)
    screen()
    assert fired("DIS-01") == {}


def test_renewed_severe_certificate_is_not_new(world: World) -> None:
    add_certificate(world.people["蓝甲"], months_ago(40), 2)
    add_certificate(world.people["蓝甲"], months_ago(1), 2)
    screen()
    assert fired("DIS-01") == {}


def test_cancelled_certificate_is_quiet(world: World) -> None:
    add_certificate(world.people["蓝甲"], months_ago(1), 1, standing="cancelled")
    screen()
    assert fired("DIS-01") == {}


@pytest.mark.parametrize(("days", "severity"), [(30, 1), (29, 2), (10, 2), (9, 3)])
def test_dropout_severity_by_days_absent(world: World, days: int, severity: int) -> None:
    child = world.people["潘乙"]
    add_school_status(child, months_ago(0), "suspected_dropout", absent_days=days)
    screen()
    assert fired("EDU-01") == {"潘甲": severity}


def test_child_back_at_school_is_quiet(world: World) -> None:
    child = world.people["潘乙"]
    add_school_status(child, months_ago(2), "suspected_dropout", term="2026春")
    add_school_status(child, months_ago(1), "enrolled")
    screen()
    assert fired("EDU-01") == {}


def test_sixteen_year_old_is_past_compulsory_school(world: World) -> None:
    child = world.people["潘乙"]
    child.born_on = timezone.localdate() - relativedelta(years=16)
    child.save()
    add_school_status(child, months_ago(0), "suspected_dropout", stage="junior")
    screen()
    assert fired("EDU-01") == {}


def test_day_before_the_sixteenth_birthday_still_counts(world: World) -> None:
    child = world.people["潘乙"]
    child.born_on = timezone.localdate() - relativedelta(years=16) + timedelta(days=1)
    child.save()
    add_school_status(child, months_ago(0), "suspected_dropout", stage="junior")
    screen()
    assert fired("EDU-01") == {"潘甲": 2}


def test_two_rules_make_one_work_item_with_two_purposes(world: World) -> None:
    add_settlement(world.people["韦甲"], months_ago(2), "12000")
    add_certificate(world.people["覃乙"], months_ago(1), 1)
    screen()
    item = WorkItem.objects.get()
    assert (item.purposes.count(), item.severity) == (2, 2)


def test_work_item_goes_to_the_first_level_worker(world: World) -> None:
    add_settlement(world.people["韦甲"], months_ago(2), "12000")
    screen()
    assert WorkItem.objects.get().assignee == world.worker_1


def test_vacant_grid_goes_up_to_the_tun_head(world: World) -> None:
    add_settlement(world.people["蓝甲"], months_ago(2), "30000")
    screen()
    assert WorkItem.objects.get().assignee == world.tun_head


def test_vacant_chain_waits_for_the_township(world: World) -> None:
    add_settlement(world.people["黄甲"], months_ago(2), "30000")
    screen()
    assert WorkItem.objects.get().assignee is None


def test_second_run_changes_nothing(world: World) -> None:
    add_settlement(world.people["韦甲"], months_ago(2), "12000")
    screen()
    before = list(Alert.objects.values()) + list(WorkItem.objects.values())
    run = screen()
    assert (run.alerts_opened, run.alerts_grown, run.work_items_opened) == (0, 0, 0)
    assert list(Alert.objects.values()) + list(WorkItem.objects.values()) == before


def test_more_evidence_grows_the_open_alert(world: World) -> None:
    add_settlement(world.people["韦甲"], months_ago(2), "12000")
    screen()
    add_settlement(world.people["韦甲"], months_ago(1), "20000")
    run = screen()
    alert = Alert.objects.get(rule="MED-01")
    assert (run.alerts_grown, alert.severity, alert.value) == (1, 1, 32000)


def test_grown_alert_renews_the_worker_s_sentence(world: World) -> None:
    add_settlement(world.people["韦甲"], months_ago(2), "12000")
    screen()
    add_settlement(world.people["韦甲"], months_ago(1), "20000")
    screen()
    item = WorkItem.objects.get()
    purpose = item.purposes.get(severity=1)
    assert ("32,000" in purpose.sentence, item.severity) == (True, 1)


def test_corrected_source_withdraws_the_alert_and_closes_the_visit(world: World) -> None:
    row = add_settlement(world.people["韦甲"], months_ago(2), "12000")
    screen()
    row.superseded_at = timezone.now()
    row.save()
    run = screen()
    assert run.alerts_withdrawn == 1
    assert Alert.objects.get().state == AlertState.WITHDRAWN
    assert WorkItem.objects.get().state == WorkItem.State.CLOSED
    assert WorkItemPurpose.objects.get().state == WorkItemPurpose.State.DROPPED


def test_alert_follows_a_household_that_moved(world: World) -> None:
    add_settlement(world.people["韦甲"], months_ago(2), "12000")
    screen()
    world.household.cell = world.far_grid
    world.household.save()
    screen()
    assert Alert.objects.get().code == world.far_grid.code


def test_rule_without_its_figure_is_left_out_and_named(world: World) -> None:
    Threshold.objects.filter(key="medical_self_paid_ordinary").delete()
    run = screen()
    assert "MED-01" not in run.frozen["rules"]
    assert "medical_self_paid_ordinary" in run.frozen["skipped"]["MED-01"]


def test_missing_deadline_fails_the_run_with_its_name(world: World) -> None:
    Threshold.objects.filter(key="deadline_workdays_1").delete()
    run = request_screening(acting=SYSTEM, trigger=ScreeningRun.Trigger.SCHEDULE)
    perform_screening(run.pk)
    run.refresh_from_db()
    assert run.job_state == "failed"
    assert "deadline_workdays_1" in run.job_error


def test_run_is_done_once_however_often_the_bell_rings(world: World) -> None:
    run = request_screening(acting=SYSTEM, trigger=ScreeningRun.Trigger.SCHEDULE)
    assert [perform_screening(run.pk) for _ in range(3)] == [True, False, False]


def test_run_freezes_rules_and_figures(world: World) -> None:
    run = screen()
    assert run.frozen["thresholds"]["medical_self_paid_ordinary"] == "26000.00"
    assert set(run.frozen["rules"]) == {rule.code for rule in SHIPPED}
