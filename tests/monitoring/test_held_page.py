"""The township's page of alerts in line, and annotations on the queue and the dossier."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grid.models import Account, Household, Outcome, Relation, WorkItem
from monitoring.models import Alert, AlertState
from tests.monitoring.records import add_certificate, add_dibao_payment
from tests.monitoring.test_raising import (
    BENEFIT,
    DISABLED,
    figure,
    neighbours,
    pay,
    prepare,
    publish,
    raised,
)
from tests.world import World, add_household

pytestmark = pytest.mark.django_db
SignIn = Callable[[Account], Client]


@pytest.fixture(autouse=True)
def line(world: World) -> list[Household]:
    """One yellow household sent to the information officer, two waiting; one of another place."""
    prepare(world)
    figure(world, "visits_per_week_3", "1")
    made = neighbours(world, "2900", "2500", "2100")
    for n in range(2):
        other = add_household(
            world.other_grid,
            f"106-201-8{n:03}",
            [(f"远{n}", "M", date(1970, 1, 1), Relation.HEAD)],
            serial=200 + n,
        )
        pay(other, "2500")
    raised()
    return made


def held(name: str) -> Alert:
    return Alert.objects.get(household__head__name=name, state=AlertState.HELD)


def shown(client: Client, address: str = "/held/") -> str:
    response = client.get(address)
    assert response.status_code == 200, response.content[:300]
    return response.content.decode()


def test_lists_what_waits_in_its_own_place(world: World, signed_in: SignIn) -> None:
    page = shown(signed_in(world.township_officer))
    assert [n in page for n in ("邻0", "邻1", "邻2", "远1")] == [False, True, True, False]


def test_county_sees_every_line(world: World, signed_in: SignIn) -> None:
    page = shown(signed_in(world.county_officer))
    assert [n in page for n in ("邻1", "邻2", "远1")] == [True, True, True]


def test_groups_say_whose_budget_is_used_up(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.township_officer).get("/held/")
    (group,) = response.context["groups"]
    assert (group.village, group.worker) == ("德胜镇 地罗村", "防止返贫监测信息员 信息员甲")
    assert [(b.severity, b.used, b.most) for b in group.budgets] == [(3, 1, 1)]
    assert "1 / 1" in response.content.decode()


def test_farthest_over_the_line_comes_first_with_its_days(world: World, signed_in: SignIn) -> None:
    Alert.objects.update(opened_at=timezone.now() - timedelta(days=6))
    (group,) = signed_in(world.township_officer).get("/held/").context["groups"]
    assert [(r.household.head.name, r.days) for r in group.rows] == [("邻1", 6), ("邻2", 6)]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?severity=3", {"邻1", "邻2"}),
        ("?severity=2", set()),
        ("?village=451203104207", {"邻1", "邻2"}),
        ("?village=451203104202", set()),
        ("?village=451203106201", set()),
        ("?severity=9&village=~&page=zz", {"邻1", "邻2"}),
    ],
)
def test_filters(world: World, signed_in: SignIn, query: str, names: set[str]) -> None:
    groups = signed_in(world.township_officer).get(f"/held/{query}").context["groups"]
    assert {row.household.head.name for g in groups for row in g.rows} == names


def test_nothing_in_line_is_said(world: World, signed_in: SignIn) -> None:
    Alert.objects.all().update(state=AlertState.TO_VERIFY)
    assert "没有排队的预警" in shown(signed_in(world.township_officer))


def test_clerk_is_told_where_to_go(world: World, signed_in: SignIn) -> None:
    assert signed_in(world.clerk_medical).get("/held/").status_code == 403


def test_queue_counts_the_households_in_line(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.township_officer).get("/queue/")
    counter = next(c for c in response.context["counters"] if c["key"] == "held")
    assert (counter["count"], counter["url"]) == (2, "/held/")


def test_as_many_queries_for_many_as_for_few(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.township_officer)

    def queries() -> int:
        client.get("/held/")
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/held/").status_code == 200
        return len(captured)

    few = queries()
    for n in range(9):
        home = add_household(
            world.far_grid,
            f"104-207-7{n:03}",
            [(f"又{n}", "M", date(1970, 1, 1), Relation.HEAD)],
            serial=300 + n,
        )
        pay(home, "2200")
    pay(world.next_household, "2200")
    pay(world.household, "2200")
    figure(world, "visits_per_week_3", "0")
    raised()
    assert Alert.objects.filter(state="held").count() > 10
    assert queries() <= few


# ---- sending ----


def test_ticked_ones_are_sent(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.township_officer)
    chosen = held("邻1")
    response = client.post("/held/send/", {"ticked": [chosen.pk], "reason": "村里反映很急"})
    assert (response.status_code, response["Location"]) == (302, "/held/")
    chosen.refresh_from_db()
    assert chosen.state == AlertState.TO_VERIFY
    assert held("邻2").state == AlertState.HELD
    assert "已派出 1 户、1 条预警" in shown(client)


def test_refusal_keeps_ticks_and_reason(world: World, signed_in: SignIn) -> None:
    chosen = held("邻1")
    response = signed_in(world.township_officer).post(
        "/held/send/", {"ticked": [chosen.pk], "reason": "急"}
    )
    page = response.content.decode()
    assert response.status_code == 400
    assert "请写明为什么不等下周就派" in page
    assert f'value="{chosen.pk}" form="several" aria-label="勾选邻1的规则 PAID" checked' in page
    assert ">急</textarea>" in page


def test_nothing_ticked_is_said(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.township_officer).post("/held/send/", {"reason": "村里反映很急"})
    assert "没有勾选预警" in response.content.decode()


def test_what_is_out_of_sight_is_not_sent(world: World, signed_in: SignIn) -> None:
    chosen = held("远1")
    signed_in(world.township_officer).post(
        "/held/send/", {"ticked": [chosen.pk], "reason": "村里反映很急"}
    )
    chosen.refresh_from_db()
    assert chosen.state == AlertState.HELD


def test_leader_sees_but_does_not_send(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.leader)
    assert "立即派出" not in shown(client).replace("立即派出。", "")
    chosen = held("邻1")
    response = client.post("/held/send/", {"ticked": [chosen.pk], "reason": "村里反映很急"})
    assert response.status_code == 403


# ---- one alert ----


def test_one_alert_shows_its_arithmetic(world: World, signed_in: SignIn) -> None:
    page = shown(signed_in(world.township_officer), f"/held/{held('邻1').pk}/")
    assert all(part in page for part in ("7,500", "−5,000", "2,500", "排队待派"))


def test_one_alert_is_sent(world: World, signed_in: SignIn) -> None:
    chosen = held("邻1")
    signed_in(world.township_officer).post(
        f"/held/{chosen.pk}/", {"decision": "send", "reason": "村里反映很急"}
    )
    assert WorkItem.objects.get(household=chosen.household).assignee == world.info_officer


def test_one_alert_is_settled_without_a_visit(world: World, signed_in: SignIn) -> None:
    chosen = held("邻1")
    response = signed_in(world.township_officer).post(
        f"/held/{chosen.pk}/",
        {
            "decision": "settle",
            "version": chosen.version,
            "outcome": Outcome.NO_RISK_DATA_ERROR,
            "reason": "票据是别人的",
        },
    )
    assert response.status_code == 302
    chosen.refresh_from_db()
    assert chosen.state == AlertState.SETTLED


def test_stale_page_is_409_and_keeps_what_was_typed(world: World, signed_in: SignIn) -> None:
    chosen = held("邻1")
    response = signed_in(world.township_officer).post(
        f"/held/{chosen.pk}/",
        {
            "decision": "settle",
            "version": chosen.version + 1,
            "outcome": Outcome.NO_RISK_DATA_ERROR,
            "reason": "票据是别人的",
        },
    )
    assert response.status_code == 409
    assert "票据是别人的" in response.content.decode()


def test_village_may_send_but_not_settle(world: World, signed_in: SignIn) -> None:
    page = shown(signed_in(world.info_officer), f"/held/{held('邻1').pk}/")
    assert ('decision" value="send' in page, 'decision" value="settle' in page) == (
        True,
        False,
    )


def test_alert_out_of_sight_is_not_found(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.other_township_officer).get(f"/held/{held('邻1').pk}/")
    assert response.status_code == 404


# ---- annotations and evidence elsewhere ----


@pytest.fixture
def annotated(world: World) -> Household:
    publish("BENEFIT", BENEFIT)
    publish("DISABLED", DISABLED)
    pay(world.household, "3000")
    add_certificate(world.people["覃乙"], timezone.localdate() - timedelta(days=9), 2)
    add_dibao_payment(world.people["韦甲"], timezone.localdate())
    raised()
    return world.household


def test_panel_shows_what_lowered_the_alert(
    world: World, signed_in: SignIn, annotated: Household
) -> None:
    item = WorkItem.objects.get(household=annotated)
    page = shown(signed_in(world.township_officer), f"/queue/?selected={item.pk}")
    assert "<b>旁证</b>：已领 300 元，已降一级" in page
    assert "民政局 · 规则 BENEFIT 规则 BENEFIT" in page


def test_dossier_shows_what_lowered_the_alert(
    world: World, signed_in: SignIn, annotated: Household
) -> None:
    page = shown(signed_in(world.township_officer), f"/households/{annotated.pk}/")
    assert "<b>旁证</b>：已领 300 元，已降一级" in page


def test_ended_annotation_is_not_shown(
    world: World, signed_in: SignIn, annotated: Household
) -> None:
    annotated.annotations.update(ended_at=timezone.now())
    item = WorkItem.objects.get(household=annotated)
    page = shown(signed_in(world.township_officer), f"/queue/?selected={item.pk}")
    assert "旁证</b>" not in page


def test_feeds_beside_the_arithmetic_are_plain_rows(
    world: World, signed_in: SignIn, annotated: Household
) -> None:
    two_feeds = DISABLED | {
        "level": "household",
        "measures": {
            "paid": {"feed": "medical_settlement", "op": "sum", "column": "self_paid_yuan"},
            "certificates": {"feed": "disability_certificate", "op": "count"},
        },
        "when": {"measure": "certificates", "op": ">=", "number": 1},
        "value": "paid",
        "bands": [{"severity": 3}],
        "sentence": "自付 {paid} 元，残疾证 {certificates} 本",
    }
    publish("BOTH", two_feeds)
    raised()
    item = WorkItem.objects.get(household=annotated)
    response = signed_in(world.township_officer).get(f"/queue/?selected={item.pk}")
    shown_alert = next(a for a in response.context["selected"].alerts if a.rule_id == "BOTH")
    medical, certificate = shown_alert.evidence.feeds
    assert (medical.total[1], certificate.total, len(certificate.details)) == ("3,000", None, 1)
    assert shown_alert.evidence.department == "医保局、残联"


def test_queue_filters_by_department_of_the_evidence(
    world: World, signed_in: SignIn, annotated: Household
) -> None:
    client = signed_in(world.township_officer)
    rows = client.get("/queue/?department=disabled_federation").context["rows"]
    assert [row.household for row in rows] == [annotated]
    assert rows[0].sources == ["医保局", "残联"]
