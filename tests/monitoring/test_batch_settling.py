"""Harmless alerts settled together; everything else one by one."""

import uuid
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from grid.actions.visits import Report, file_visit
from grid.models import Account, Outcome, Visit, WorkItem
from grid.scope import sight_of
from monitoring.actions.alerts import collect_reports, settle_alert
from monitoring.actions.batch_settling import settle_together
from monitoring.actions.rules import load_shipped_rules
from monitoring.models import Alert, AlertState, Finding
from tests.monitoring.records import add_settlement
from tests.monitoring.test_alerts import ANSWERS
from tests.monitoring.test_screening import months_ago, screen
from tests.world import World
from yizhou.audit import SYSTEM, AuditEntry
from yizhou.refusals import NotAllowed, Overtaken, Refusal

pytestmark = pytest.mark.django_db
SignIn = Callable[[Account], Client]
PAGE = "/alerts/batch/"
OUTCOMES = {
    "韦甲": Outcome.NO_RISK_SELF_SOLVED,
    "蓝甲": Outcome.NO_RISK_DATA_ERROR,
    "罗甲": Outcome.TO_MONITORING,
    "潘甲": Outcome.NO_RISK_SELF_SOLVED,
}


@pytest.fixture
def visited(world: World) -> World:
    """Four alerts reported: two harmless and one not in 德胜镇, one harmless in 北山镇."""
    load_shipped_rules(acting=SYSTEM)
    for name in OUTCOMES:
        add_settlement(world.people[name], months_ago(2), "60000")
    screen()
    for item in WorkItem.objects.open().select_related("household__head", "assignee"):
        outcome = OUTCOMES[str(item.household.head)]
        file_visit(
            acting=item.assignee,
            visit_id=uuid.uuid4(),
            item=item,
            visited_at=timezone.now(),
            mode=Visit.Mode.IN_PERSON,
            answers=ANSWERS,
            reports=[Report(p.pk, outcome, "票据已看过") for p in item.purposes.all()],
        )
    collect_reports()
    return world


def alert_of(world: World, name: str) -> Alert:
    return Alert.objects.get(household__head=world.people[name])


def pick(world: World, *names: str) -> list[tuple[int, int]]:
    return [(a.pk, a.version) for a in (alert_of(world, name) for name in names)]


def test_harmless_ones_are_settled_with_what_each_visit_reported(visited: World) -> None:
    done = settle_together(
        acting=visited.township_officer,
        picks=pick(visited, "韦甲", "蓝甲"),
        reason="镇里核过走访记录",
    )
    assert len(done.settled) == 2
    for name in ("韦甲", "蓝甲"):
        alert = alert_of(visited, name)
        assert alert.state == AlertState.SETTLED
        finding = alert.finding
        assert (finding.outcome, finding.reason) == (OUTCOMES[name], "镇里核过走访记录")
        assert finding.visit == Visit.objects.get(household=alert.household)
        assert "批量办结" in alert.events.last().sentence
        assert alert.household.work_items.get().state == WorkItem.State.CLOSED
    entry = AuditEntry.objects.get(verb="settled_many_alerts")
    assert sorted(entry.detail["alerts"]) == sorted(done.settled)


def test_any_other_outcome_stays_for_one_by_one(visited: World) -> None:
    done = settle_together(
        acting=visited.township_officer, picks=pick(visited, "韦甲", "罗甲"), reason="镇里核过"
    )
    assert done.one_by_one == [alert_of(visited, "罗甲").pk]
    assert alert_of(visited, "罗甲").state == AlertState.REPORTED


def test_only_others_is_refused(visited: World) -> None:
    with pytest.raises(Refusal, match="请逐条办结"):
        settle_together(
            acting=visited.township_officer, picks=pick(visited, "罗甲"), reason="镇里核过"
        )


def test_overtaken_ones_are_listed_not_lost(visited: World) -> None:
    picks = pick(visited, "韦甲", "蓝甲")
    alert = alert_of(visited, "韦甲")
    settle_alert(
        acting=visited.township_officer,
        alert=alert,
        version_seen=alert.version,
        outcome=Outcome.TO_SOCIAL_ASSISTANCE,
        reason="另有困难",
    )
    done = settle_together(acting=visited.township_officer, picks=picks, reason="镇里核过")
    assert done.overtaken == [alert.pk]
    assert Finding.objects.get(alert=alert).outcome == Outcome.TO_SOCIAL_ASSISTANCE


def test_sending_twice_settles_once(visited: World) -> None:
    picks = pick(visited, "韦甲")
    settle_together(acting=visited.township_officer, picks=picks, reason="镇里核过")
    with pytest.raises(Overtaken):
        settle_together(acting=visited.township_officer, picks=picks, reason="镇里核过")
    assert Finding.objects.count() == 1


@pytest.mark.parametrize("reason", ["", "   ", "同意"])
def test_one_reason_is_needed(visited: World, reason: str) -> None:
    with pytest.raises(Refusal, match="依据和理由"):
        settle_together(acting=visited.township_officer, picks=pick(visited, "韦甲"), reason=reason)


def test_another_township_s_alert_is_not_settled(visited: World) -> None:
    with pytest.raises(NotAllowed):
        settle_together(
            acting=visited.township_officer, picks=pick(visited, "潘甲"), reason="镇里核过"
        )


def test_more_alerts_take_no_more_statements(visited: World) -> None:
    def queries(*names: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            settle_together(
                acting=visited.county_officer, picks=pick(visited, *names), reason="核过走访记录"
            )
        return len(captured) - len(names)  # pick() asks once for each

    sight_of(visited.county_officer)  # read once a request
    assert queries("韦甲") == queries("蓝甲", "潘甲")


# Pages


def test_list_shows_harmless_ones_in_sight(visited: World, signed_in: SignIn) -> None:
    rows = signed_in(visited.township_officer).get(PAGE).context["rows"]
    assert sorted(str(row.alert.household.head) for row in rows) == ["蓝甲", "韦甲"]


def test_list_takes_the_same_queries_for_one_and_two(visited: World, signed_in: SignIn) -> None:
    client = signed_in(visited.township_officer)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(PAGE).status_code == 200
        return len(captured)

    two = queries()
    settle_together(acting=visited.township_officer, picks=pick(visited, "韦甲"), reason="镇里核过")
    assert queries() == two


def test_filters_by_village_and_outcome(visited: World, signed_in: SignIn) -> None:
    client = signed_in(visited.county_officer)
    rows = client.get(PAGE, {"village": visited.other_village.code}).context["rows"]
    assert [str(row.alert.household.head) for row in rows] == ["潘甲"]
    rows = client.get(PAGE, {"outcome": Outcome.NO_RISK_DATA_ERROR}).context["rows"]
    assert [str(row.alert.household.head) for row in rows] == ["蓝甲"]
    rows = client.get(PAGE, {"outcome": Outcome.TO_MONITORING, "village": "x"}).context["rows"]
    assert len(rows) == 3


def test_check_and_settle_by_page(visited: World, signed_in: SignIn) -> None:
    client = signed_in(visited.township_officer)
    ticked = [f"{pk}-{version}" for pk, version in pick(visited, "韦甲", "蓝甲", "罗甲")]
    checked = client.post(reverse("batch-settle-check"), {"ticked": ticked})
    assert len(checked.context["rows"]) == 2
    assert "另有 1 条" in checked.content.decode()
    refused = client.post(reverse("batch-settle-do"), {"ticked": ticked, "reason": "好"})
    assert refused.status_code == 400
    assert "依据和理由" in refused.content.decode()
    assert not Finding.objects.exists()
    done = client.post(
        reverse("batch-settle-do"), {"ticked": ticked, "reason": "镇里核过"}, follow=True
    )
    assert "已办结 2 条预警。另有 1 条" in done.content.decode()


@pytest.mark.parametrize("name", ["worker_1", "village_head", "auditor", "stranger", "leader"])
def test_page_is_for_who_settles(visited: World, signed_in: SignIn, name: str) -> None:
    client = signed_in(visited.accounts()[name])
    assert client.get(PAGE).status_code == 403
    assert client.post(reverse("batch-settle-do"), {}).status_code == 403


def test_desk_counts_both_kinds(visited: World, signed_in: SignIn) -> None:
    sections = signed_in(visited.township_officer).get("/desk/").context["sections"]
    assert [(s["label"], s["count"]) for s in sections] == [
        ("入户后无风险、可批量办结", 2),
        ("须逐条定结论", 1),
        ("手机来件待定", 0),
    ]
