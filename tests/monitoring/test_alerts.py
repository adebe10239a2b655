"""From the visit back to the settled alert."""

import uuid
from typing import Any

import pytest
from django.utils import timezone

from grid.actions.visits import Incomplete, Report, file_visit
from grid.actions.work_items import assign_work_item
from grid.models import Outcome, Visit, WorkItem
from monitoring.actions.alerts import collect_reports, return_visit, settle_alert
from monitoring.actions.rules import load_shipped_rules
from monitoring.models import Alert, AlertState, Clue
from tests.monitoring.records import add_certificate, add_settlement
from tests.monitoring.test_screening import months_ago, screen
from tests.world import World
from yizhou.audit import SYSTEM, AuditEntry
from yizhou.refusals import NotAllowed, Overtaken, Refusal

pytestmark = pytest.mark.django_db
ANSWERS: dict[str, Any] = {
    "members_right": "yes",
    "away": "1",
    "water_safe": "no",
    "water_problems": ["quantity"],
    "water_evidence": "水柜干了，每天挑水两趟",
    "house_safe": "yes",
    "school_ok": "yes",
    "insured": "yes",
    "income_change": "same",
    "spending": [{"item": "medical", "month": "", "yuan": "12,000"}],
    "risk": "no",
    "need_help": "no",
    "alert_right": "yes",
    "alert_seen": ["papers"],
}


@pytest.fixture
def alert(world: World) -> Alert:
    load_shipped_rules(acting=SYSTEM)
    add_settlement(world.people["韦甲"], months_ago(2), "12000")
    screen()
    return Alert.objects.get()


def visit(world: World, outcome: str = Outcome.TO_MONITORING, **change: Any) -> Visit:
    item = WorkItem.objects.open().get()
    values = {
        "acting": world.worker_1,
        "visit_id": uuid.uuid4(),
        "item": item,
        "visited_at": timezone.now(),
        "mode": Visit.Mode.IN_PERSON,
        "answers": ANSWERS,
        "reports": [Report(p.pk, outcome, "票据看过，借款两万") for p in item.purposes.all()],
    }
    filed = file_visit(**(values | change))
    collect_reports()
    return filed


def test_visit_reports_the_alert(world: World, alert: Alert) -> None:
    visit(world)
    alert.refresh_from_db()
    assert alert.state == AlertState.REPORTED


def test_same_visit_sent_twice_is_kept_once(world: World, alert: Alert) -> None:
    key = uuid.uuid4()
    item = WorkItem.objects.get()
    first = visit(world, visit_id=key)
    again = visit_again(world, key, item)
    assert (first.pk, Visit.objects.count()) == (again.pk, 1)


def visit_again(world: World, key: uuid.UUID, item: WorkItem) -> Visit:
    return file_visit(
        acting=world.worker_1,
        visit_id=key,
        item=item,
        visited_at=timezone.now(),
        mode=Visit.Mode.IN_PERSON,
        answers=ANSWERS,
        reports=[],
    )


def test_incomplete_form_names_each_field(world: World, alert: Alert) -> None:
    with pytest.raises(Incomplete) as refused:
        visit(world, answers=ANSWERS | {"house_safe": "", "away": "很多"})
    assert set(refused.value.errors) == {"q_house_safe", "q_away"}


def test_worker_of_another_grid_may_not_visit(world: World, alert: Alert) -> None:
    with pytest.raises(NotAllowed):
        visit(world, acting=world.other_worker)


def test_settled_as_risk_becomes_a_clue(world: World, alert: Alert) -> None:
    visit(world)
    alert.refresh_from_db()
    settle_alert(
        acting=world.township_officer,
        alert=alert,
        version_seen=alert.version,
        outcome=Outcome.TO_MONITORING,
        reason="核实属实，负担过重",
    )
    assert Clue.objects.get().risk == "因病"
    assert WorkItem.objects.get().state == WorkItem.State.CLOSED


def test_settled_without_risk_makes_no_clue(world: World, alert: Alert) -> None:
    visit(world, Outcome.NO_RISK_SELF_SOLVED)
    alert.refresh_from_db()
    settle_alert(
        acting=world.township_officer,
        alert=alert,
        version_seen=alert.version,
        outcome=Outcome.NO_RISK_SELF_SOLVED,
        reason="家庭能够承担",
    )
    assert not Clue.objects.exists()


def test_settling_needs_a_township_of_that_place(world: World, alert: Alert) -> None:
    visit(world)
    alert.refresh_from_db()
    with pytest.raises(NotAllowed):
        settle_alert(
            acting=world.other_township_officer,
            alert=alert,
            version_seen=alert.version,
            outcome=Outcome.TO_MONITORING,
            reason="核实属实",
        )


def test_settling_a_stale_page_is_overtaken(world: World, alert: Alert) -> None:
    visit(world)
    alert.refresh_from_db()
    with pytest.raises(Overtaken):
        settle_alert(
            acting=world.township_officer,
            alert=alert,
            version_seen=alert.version - 1,
            outcome=Outcome.TO_MONITORING,
            reason="核实属实",
        )


def test_unvisited_alert_cannot_be_settled_as_risk(world: World, alert: Alert) -> None:
    with pytest.raises(Refusal, match="入户核实"):
        settle_alert(
            acting=world.township_officer,
            alert=alert,
            version_seen=alert.version,
            outcome=Outcome.TO_MONITORING,
            reason="不用去了",
        )


def test_returned_visit_is_to_be_made_again(world: World, alert: Alert) -> None:
    visit(world)
    item = WorkItem.objects.get()
    return_visit(
        acting=world.township_officer, item=item, version_seen=item.version, reason="缺住院票据"
    )
    alert.refresh_from_db()
    item.refresh_from_db()
    assert (alert.state, item.state) == (AlertState.TO_VERIFY, WorkItem.State.TO_VISIT)


def test_settled_alert_stays_quiet_on_the_same_rows(world: World, alert: Alert) -> None:
    visit(world, Outcome.NO_RISK_SELF_SOLVED)
    alert.refresh_from_db()
    settle_alert(
        acting=world.township_officer,
        alert=alert,
        version_seen=alert.version,
        outcome=Outcome.NO_RISK_SELF_SOLVED,
        reason="家庭能够承担",
    )
    assert screen().alerts_opened == 0


def test_settled_alert_fires_again_when_the_burden_grows(world: World, alert: Alert) -> None:
    test_settled_alert_stays_quiet_on_the_same_rows(world, alert)
    add_settlement(world.people["韦甲"], months_ago(0), "2000")
    assert screen().alerts_opened == 0  # 14,000 is less than a fifth more
    add_settlement(world.people["韦甲"], months_ago(0), "1000")
    assert screen().alerts_opened == 1


def test_new_purpose_reopens_a_visited_item(world: World, alert: Alert) -> None:
    visit(world)
    add_certificate(world.people["覃乙"], months_ago(1), 1)
    screen()
    item = WorkItem.objects.get()
    assert (item.state, item.purposes.count()) == (WorkItem.State.TO_VISIT, 2)


def test_assigning_to_somebody_without_a_post_there_is_refused(world: World, alert: Alert) -> None:
    item = WorkItem.objects.get()
    with pytest.raises(Refusal, match="在任职务"):
        assign_work_item(
            acting=world.township_officer,
            item=item,
            assignee=world.other_worker,
            version_seen=item.version,
        )


def test_every_step_is_audited(world: World, alert: Alert) -> None:
    visit(world)
    alert.refresh_from_db()
    settle_alert(
        acting=world.township_officer,
        alert=alert,
        version_seen=alert.version,
        outcome=Outcome.TO_MONITORING,
        reason="核实属实",
    )
    verbs = set(AuditEntry.objects.values_list("verb", flat=True))
    assert verbs >= {"requested_screening", "screened", "filed_visit", "settled_alert"}
