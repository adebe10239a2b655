"""Hits become alerts: budgets, annotations, quiet and regrowth, withdrawal, races and kills."""

import threading
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import psycopg2
import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from grid.models import Household, Outcome, Relation, WorkItem, WorkItemPurpose
from monitoring.actions import undos
from monitoring.actions.alerts import settle_alert
from monitoring.actions.dispatching import Sent, send_held, send_now, week_began
from monitoring.actions.freezing import freeze
from monitoring.actions.raising import Raised, raise_alerts
from monitoring.engine import COUNTY, Within, screen
from monitoring.models import (
    Alert,
    AlertEvent,
    AlertState,
    Annotation,
    DibaoPayment,
    Hit,
    Rule,
    RuleVersion,
    ScreeningRun,
    Threshold,
)
from tests.monitoring.batches import as_csv, dibao, send, titles, work
from tests.monitoring.records import add_certificate, add_dibao_payment, add_settlement
from tests.world import World, add_household, build_world
from yizhou.audit import SYSTEM, AuditEntry
from yizhou.refusals import NotAllowed, Overtaken, Refusal
from yizhou.workdays import add_workdays

pytestmark = pytest.mark.django_db

PAID = {
    "level": "household",
    "measures": {
        "paid": {"feed": "medical_settlement", "op": "sum", "column": "self_paid_yuan"},
        "bills": {"feed": "medical_settlement", "op": "count"},
        "half": {"total": {"plus": ["paid"]}, "times": 0.5},
    },
    "value": "paid",
    "lines": [{"threshold": "test_line", "label": "一般家庭"}],
    "bands": [
        {"severity": 1, "times": 4},
        {"severity": 2, "times": 3},
        {"severity": 3, "times": 2},
        {"severity": 4, "times": 1},
    ],
    "sentence": "自付 {value} 元，{line_label}线 {line} 元，{bills} 次，一半是 {half} 元",
    "cool_down_days": 90,
    "regrow_share": 0.2,
}
DISABLED = {
    "level": "person",
    "measures": {"level": {"feed": "disability_certificate", "op": "latest", "column": "level"}},
    "value": "level",
    "bands": [{"severity": 2, "equals": 1}, {"severity": 3, "equals": 2}],
    "sentence": "{who}等 {people} 人残疾（{value} 级）",
    "cool_down_days": 180,
    "regrow_share": 0,
}
BENEFIT = {
    "level": "household",
    "effect": "lower",
    "measures": {"got": {"feed": "dibao_payment", "op": "sum", "column": "amount_yuan"}},
    "value": "got",
    "when": {"measure": "got", "op": ">", "number": 0},
    "bands": [{"severity": 4}],
    "sentence": "已领 {value} 元",
    "cool_down_days": 0,
    "regrow_share": 0,
}
TODAY = timezone.localdate


def publish(code: str, definition: dict[str, Any]) -> RuleVersion:
    rule, _ = Rule.objects.get_or_create(
        code=code, defaults={"title": f"规则 {code}", "risk": "因病", "owner": "测试"}
    )
    rule.versions.update(state=RuleVersion.State.DISCARDED)
    return RuleVersion.objects.create(
        rule=rule,
        number=rule.versions.count() + 1,
        state=RuleVersion.State.PUBLISHED,
        definition=definition,
        source="测试",
        review_on=date(2099, 1, 1),
        from_on=date(2020, 1, 1),
    )


def figure(world: World, key: str, value: str, unit: str = "户") -> None:
    Threshold.objects.update_or_create(
        key=key,
        area=world.county,
        defaults={
            "label": key,
            "value": Decimal(value),
            "unit": unit,
            "from_on": date(2020, 1, 1),
            "source": "测试",
        },
    )


def prepare(world: World) -> None:
    publish("PAID", PAID)
    figure(world, "test_line", "1000", "元")
    for severity, days in enumerate((2, 5, 10, 20), start=1):
        figure(world, f"deadline_workdays_{severity}", str(days), "工作日")


@pytest.fixture(autouse=True)
def rules(request: pytest.FixtureRequest) -> None:
    """Tests that commit for other connections to see build their world themselves."""
    marker = request.node.get_closest_marker("django_db")
    if not (marker and marker.kwargs.get("transaction")):
        prepare(request.getfixturevalue("world"))


@transaction.atomic
def raised(
    within: Within = COUNTY, rules: Sequence[str] | None = None, known_at: Any = None
) -> Raised:
    frozen = freeze(as_of=TODAY())
    run = ScreeningRun.objects.create(
        trigger=ScreeningRun.Trigger.SCHEDULE,
        as_of=frozen.as_of,
        known_at=known_at or frozen.known_at,
        job_state="done",
    )
    screen(frozen, within=within)
    if known_at:
        frozen = type(frozen)(
            frozen.as_of, known_at, frozen.rules, frozen.thresholds, frozen.not_yet
        )
    names = [r.rule_id for r in frozen.rules] if rules is None else list(rules)
    return raise_alerts(run=run, frozen=frozen, within=within, rules=names)


def pay(household: Household, yuan: str) -> Any:
    return add_settlement(household.head, TODAY() - timedelta(days=40), yuan)


def neighbours(world: World, *yuan: str) -> list[Household]:
    """Households of one vacant tun, all on the information officer, with what each paid."""
    made = []
    for n, amount in enumerate(yuan):
        made.append(
            add_household(
                world.far_grid,
                f"104-207-8{n:03}",
                [(f"邻{n}", "M", date(1970, 1, 1), Relation.HEAD)],
                serial=100 + n,
            )
        )
        pay(made[-1], amount)
    return made


def states() -> dict[str, str]:
    return {
        a.household.head.name: a.state
        for a in Alert.objects.select_related("household__head").order_by("pk")
    }


def settled(world: World, alert: Alert, outcome: str = Outcome.NO_RISK_DATA_ERROR) -> None:
    alert.refresh_from_db()
    settle_alert(
        acting=world.township_officer,
        alert=alert,
        version_seen=alert.version,
        outcome=outcome,
        reason="核实过了，情况不符",
    )


def a_week_later() -> None:
    """What was sent this week becomes what was sent the week before."""
    WorkItem.objects.update(opened_at=week_began() - timedelta(days=1))


def everything() -> list[Any]:
    models = (Alert, Hit, Annotation, AlertEvent, WorkItem, WorkItemPurpose)
    return [list(model.objects.order_by("pk").values()) for model in models]


# ---- opened, grown ----


def test_sentence_says_measures_as_people_read_them(world: World) -> None:
    pay(world.household, "1500.50")
    pay(world.household, "2000")
    raised()
    assert Alert.objects.get().sentence == (
        "自付 3,500.50 元，一般家庭线 1,000 元，2 次，一半是 1,750.25 元"
    )


def test_second_raising_writes_nothing(world: World) -> None:
    figure(world, "visits_per_week_4", "1")
    publish("BENEFIT", BENEFIT)
    pay(world.household, "3000")
    add_dibao_payment(world.people["覃乙"], TODAY())
    neighbours(world, "1100", "1200")
    raised()
    before = everything()
    assert raised() == Raised(0, 0, 0, 0, 0)
    assert everything() == before


def test_gravest_person_speaks_for_the_household(world: World) -> None:
    publish("DISABLED", DISABLED)
    add_certificate(world.people["韦甲"], TODAY() - timedelta(days=9), 2)
    add_certificate(world.people["覃乙"], TODAY() - timedelta(days=9), 1)
    raised()
    alert = Alert.objects.get()
    assert (alert.severity, alert.value) == (2, 1)
    assert alert.sentence == "韦甲、覃乙等 2 人残疾（1 级）"


@pytest.mark.parametrize(("direction", "value"), [("up", 900), ("down", 300)])
def test_of_two_equally_grave_the_one_farther_over_speaks(
    world: World, direction: str, value: int
) -> None:
    one_each = {
        "level": "person",
        "measures": {
            "paid": {"feed": "medical_settlement", "op": "sum", "column": "self_paid_yuan"}
        },
        "when": {"measure": "paid", "op": "known"},
        "value": "paid",
        "direction": direction,
        "bands": [{"severity": 3}],
        "sentence": "{who}自付 {paid} 元",
        "cool_down_days": 0,
        "regrow_share": 0,
    }
    publish("PAID", one_each)
    for name, yuan in (("韦甲", "500"), ("覃乙", "900"), ("韦丙", "300")):
        add_settlement(world.people[name], TODAY(), yuan)
    raised()
    alert = Alert.objects.get()
    assert (alert.value, alert.sentence) == (value, f"韦甲、覃乙、韦丙自付 {value} 元")


def test_hit_keeps_measures_in_the_order_of_their_names(world: World) -> None:
    row = pay(world.household, "3000")
    raised()
    hit = Hit.objects.get()
    assert hit.measured == [1, 1500, 3000]  # bills, half, paid
    assert hit.evidence == {"medical_settlement": [row.pk]}


def test_rule_with_its_own_deadline_has_that_many_days(world: World) -> None:
    publish("PAID", PAID | {"deadline": "test_days"})
    figure(world, "test_days", "3", "工作日")
    pay(world.household, "1500")
    raised()
    assert Alert.objects.get().due_on == add_workdays(TODAY(), 3)


def test_falling_value_reaches_downwards(world: World) -> None:
    falling = PAID | {
        "direction": "down",
        "bands": [{"severity": 2, "times": 0.5}, {"severity": 3, "times": 1}],
    }
    publish("PAID", falling)
    pay(world.household, "400")
    raised()
    assert Alert.objects.get().severity == 2


def test_only_the_households_within_are_touched(world: World) -> None:
    row = pay(world.household, "3000")
    pay(world.next_household, "3000")
    raised()
    row.superseded_at = timezone.now()
    row.save()
    result = raised(Within(households=[world.next_household.pk]))
    assert (result.withdrawn, Alert.objects.open().count()) == (0, 2)
    low, high = world.next_grid.code, world.next_grid.code + "~"
    assert raised(Within(low=low, high=high)).withdrawn == 0
    low, high = world.grid.code, world.grid.code + "~"
    assert raised(Within(low=low, high=high)).withdrawn == 1


def test_alert_of_a_moved_household_is_not_withdrawn_at_its_old_place(world: World) -> None:
    pay(world.household, "3000")
    raised()
    world.household.cell = world.other_grid
    world.household.save()
    place = Within(low=world.township.code, high=world.township.code + "~")
    assert raised(place).withdrawn == 0
    raised(Within(households=[world.household.pk]))
    assert Alert.objects.get().code == world.other_grid.code


def test_only_the_given_rules_are_touched(world: World) -> None:
    row = pay(world.household, "3000")
    raised()
    row.superseded_at = timezone.now()
    row.save()
    assert raised(rules=[]).withdrawn == 0
    assert raised(rules=["PAID"]).withdrawn == 1


def test_late_raising_leaves_alone_what_a_newer_run_wrote(world: World) -> None:
    earlier = timezone.now() - timedelta(hours=1)
    row = pay(world.household, "3000")
    raised()
    row.superseded_at = timezone.now()
    row.save()
    assert raised(known_at=earlier).withdrawn == 0
    assert Alert.objects.get().state == AlertState.TO_VERIFY


# ---- quiet after a settlement ----


def test_settled_alert_is_quiet_until_the_value_grew_by_the_share(world: World) -> None:
    pay(world.household, "3000")
    raised()
    settled(world, Alert.objects.get())
    assert raised().opened == 0
    pay(world.household, "500")  # 3,500 is less than a fifth more
    assert raised().opened == 0
    pay(world.household, "100")
    assert raised().opened == 1


def test_after_the_rest_new_rows_are_needed_still(world: World) -> None:
    pay(world.household, "3000")
    raised()
    alert = Alert.objects.get()
    settled(world, alert)
    Alert.objects.update(closed_at=timezone.now() - timedelta(days=91))
    assert raised().opened == 0
    pay(world.household, "1")
    assert raised().opened == 1


def test_new_person_wakes_a_settled_alert(world: World) -> None:
    publish("DISABLED", DISABLED | {"regrow_share": 5})
    add_certificate(world.people["韦甲"], TODAY() - timedelta(days=9), 2)
    raised()
    settled(world, Alert.objects.get())
    add_certificate(world.people["韦甲"], TODAY() - timedelta(days=8), 2, category="visual")
    assert raised().opened == 0
    add_certificate(world.people["覃乙"], TODAY() - timedelta(days=8), 2)
    assert raised().opened == 1


def test_alert_without_rows_may_come_back_after_the_rest(world: World) -> None:
    absent = {
        "level": "household",
        "measures": {
            "never": {"feed": "medical_settlement", "op": "absent"},
            "size": {"fact": "size"},
        },
        "when": {
            "all": [
                {"measure": "never", "op": "=", "number": 1},
                {"measure": "size", "op": ">=", "number": 5},
            ]
        },
        "value": "size",
        "bands": [{"severity": 3}],
        "sentence": "{size} 口人没有一次结算",
        "cool_down_days": 30,
        "regrow_share": 1,
    }
    publish("ABSENT", absent)
    assert raised().opened == 1
    settled(world, Alert.objects.get())
    assert raised().opened == 0
    Alert.objects.update(closed_at=timezone.now() - timedelta(days=31))
    assert raised().opened == 1


# ---- withdrawn ----


def test_corrected_row_withdraws_the_alert_and_says_so(world: World) -> None:
    row = pay(world.household, "3000")
    raised()
    row.superseded_at = timezone.now()
    row.save()
    assert raised().withdrawn == 1
    assert WorkItem.objects.get().state == WorkItem.State.CLOSED
    event = AlertEvent.objects.get(verb=AlertEvent.Verb.WITHDRAWN)
    assert event.sentence == "“医保结算”1 行已由部门更正，不再符合规则，自动撤销".replace(
        "医保结算", title_of("medical_settlement")
    )


def title_of(feed: str) -> str:
    from monitoring.feeds import FEEDS

    return FEEDS[feed].title


def test_held_alert_is_withdrawn_too(world: World) -> None:
    figure(world, "visits_per_week_4", "0")
    row = pay(world.household, "1500")
    assert raised().held == 1
    row.superseded_at = timezone.now()
    row.save()
    assert raised().withdrawn == 1
    assert Alert.objects.get().state == AlertState.WITHDRAWN


def test_undone_batch_withdraws_its_alerts(world: World) -> None:
    publish("BENEFIT", BENEFIT | {"effect": "alert"})
    table = [titles(), dibao(id_number=world.id_number_of("韦甲"))]
    upload = work(send(world.clerk_civil, as_csv(table)))
    raised()
    assert Alert.objects.get().state == AlertState.TO_VERIFY
    request = undos.request_undo(
        acting=world.clerk_civil, upload=upload, reason="报成了上个月的文件"
    )
    undos.advance_undo(request.pk)
    assert raised().withdrawn == 1
    assert "已由部门撤回" in AlertEvent.objects.get(verb="withdrawn").sentence
    assert WorkItem.objects.get().state == WorkItem.State.CLOSED


# ---- budget ----


def test_what_exceeds_the_week_s_budget_waits(world: World) -> None:
    figure(world, "visits_per_week_3", "2")
    neighbours(world, "2100", "2900", "2500")
    result = raised()
    assert (result.opened, result.held, result.work_items) == (3, 1, 2)
    assert states() == {"邻0": "held", "邻1": "to_verify", "邻2": "to_verify"}


def test_held_alert_has_no_visit_and_says_why(world: World) -> None:
    figure(world, "visits_per_week_3", "0")
    neighbours(world, "2100")
    raised()
    assert not WorkItem.objects.exists()
    assert [e.verb for e in Alert.objects.get().events.all()] == ["opened", "held"]


def test_each_severity_has_its_own_budget(world: World) -> None:
    figure(world, "visits_per_week_2", "1")
    figure(world, "visits_per_week_3", "1")
    neighbours(world, "3100", "3200", "2100", "2200")
    raised()
    assert states() == {"邻0": "held", "邻1": "to_verify", "邻2": "held", "邻3": "to_verify"}


def test_red_has_no_limit(world: World) -> None:
    for severity in (2, 3, 4):
        figure(world, f"visits_per_week_{severity}", "0")
    neighbours(world, "4000", "5000", "6000")
    assert raised().held == 0


def test_household_with_an_open_visit_costs_nothing(world: World) -> None:
    publish("DISABLED", DISABLED)
    pay(world.household, "4000")
    raised()
    figure(world, "visits_per_week_2", "0")
    add_certificate(world.people["韦甲"], TODAY() - timedelta(days=9), 1)
    result = raised()
    assert (result.opened, result.held) == (1, 0)
    assert WorkItem.objects.get().purposes.count() == 2


def test_household_with_an_open_visit_takes_nobody_s_place(world: World) -> None:
    publish("DISABLED", DISABLED)
    homes = neighbours(world, "4000", "100")
    raised()
    figure(world, "visits_per_week_2", "1")
    for home in homes:
        add_certificate(home.head, TODAY() - timedelta(days=9), 1)
    assert raised().held == 0


def test_place_that_a_graver_alert_frees_is_filled_at_once(world: World) -> None:
    """The visit of the first household becomes orange: the yellow place is another's."""
    publish("DISABLED", DISABLED)
    figure(world, "visits_per_week_3", "1")
    first, _ = neighbours(world, "2900", "2100")
    raised()
    assert states() == {"邻0": "to_verify", "邻1": "held"}
    add_certificate(first.head, TODAY() - timedelta(days=9), 1)
    raised()
    assert Alert.objects.filter(state="held").count() == 0
    assert raised().work_items == 0


def test_household_sent_this_week_counts_once(world: World) -> None:
    figure(world, "visits_per_week_4", "1")
    (home,) = neighbours(world, "1500")
    raised()
    settled(world, Alert.objects.get())
    pay(home, "400")
    result = raised()
    assert (result.opened, result.held) == (1, 0)


def test_other_workers_have_their_own_budget(world: World) -> None:
    figure(world, "visits_per_week_4", "1")
    neighbours(world, "1500")
    pay(world.household, "1500")
    assert raised().held == 0


def test_vacant_chain_is_the_township_s_not_a_budget_s(world: World) -> None:
    figure(world, "visits_per_week_4", "0")
    pay(world.bare_household, "1500")
    raised()
    assert WorkItem.objects.get().assignee is None


def test_no_figure_no_limit(world: World) -> None:
    neighbours(world, *["1500"] * 5)
    assert raised().held == 0


def test_share_over_the_line_goes_before_age(world: World) -> None:
    figure(world, "visits_per_week_3", "0")
    neighbours(world, "2100")
    raised()
    pay(world.lone_household, "2900")
    raised()
    figure(world, "visits_per_week_3", "1")
    send_held(acting=SYSTEM)
    assert states() == {"邻0": "held", "罗甲": "to_verify"}


def test_gravest_alert_of_a_held_household_decides_its_place(world: World) -> None:
    publish("DISABLED", DISABLED)
    for severity in (2, 3, 4):
        figure(world, f"visits_per_week_{severity}", "0")
    light, heavy = neighbours(world, "1900", "1100")
    add_certificate(heavy.head, TODAY() - timedelta(days=9), 1)
    raised()
    figure(world, "visits_per_week_2", "1")
    assert send_held(acting=SYSTEM) == 2
    assert set(Alert.objects.filter(state="to_verify").values_list("household", flat=True)) == {
        heavy.pk
    }


def test_same_week_sends_nobody_more(world: World) -> None:
    figure(world, "visits_per_week_3", "1")
    neighbours(world, "2100", "2200")
    raised()
    assert send_held(acting=SYSTEM) == 0


def test_next_monday_sends_the_held_and_counts_its_days_from_then(world: World) -> None:
    figure(world, "visits_per_week_3", "1")
    neighbours(world, "2100", "2200", "2300")
    raised()
    a_week_later()
    Alert.objects.update(due_on=TODAY() - timedelta(days=3))
    assert send_held(acting=SYSTEM) == 1
    sent = Alert.objects.get(events__verb=AlertEvent.Verb.SENT)
    assert (sent.household.head.name, sent.state) == ("邻1", "to_verify")
    assert sent.due_on == add_workdays(TODAY(), 10)
    item = WorkItem.objects.get(household=sent.household)
    assert (item.assignee, item.due_on) == (world.info_officer, sent.due_on)


def test_screening_sends_the_held_of_the_places_it_covers(world: World) -> None:
    figure(world, "visits_per_week_3", "1")
    neighbours(world, "2100", "2200")
    raised()
    a_week_later()
    assert raised().work_items == 1
    assert set(states().values()) == {"to_verify"}


def test_held_alert_that_turns_red_goes_at_once(world: World) -> None:
    figure(world, "visits_per_week_3", "0")
    (home,) = neighbours(world, "2100")
    raised()
    pay(home, "2000")
    raised(Within(households=[home.pk]))
    alert = Alert.objects.get()
    assert (alert.state, alert.severity, alert.due_on) == (
        "to_verify",
        1,
        add_workdays(TODAY(), 2),
    )


def test_sending_is_audited(world: World) -> None:
    figure(world, "visits_per_week_3", "0")
    neighbours(world, "2100")
    raised()
    figure(world, "visits_per_week_3", "5")
    send_held(acting=SYSTEM)
    assert AuditEntry.objects.get(verb="sent_held_alerts").detail == {
        "alerts": 1,
        "households": 1,
    }


# ---- sent by hand, settled in line ----


@pytest.fixture
def held(world: World, rules: None) -> Alert:
    publish("DISABLED", DISABLED)
    for severity in (2, 3, 4):
        figure(world, f"visits_per_week_{severity}", "0")
    (home,) = neighbours(world, "2100")
    add_certificate(home.head, TODAY() - timedelta(days=9), 2)
    raised()
    return Alert.objects.get(rule="PAID")


def sent_now(acting: Any, *alerts: Alert, reason: str = "村里反映很急") -> Sent:
    return send_now(acting=acting, alerts=alerts, reason=reason)


def test_township_sends_at_once_all_of_the_household(world: World, held: Alert) -> None:
    sent = sent_now(world.township_officer, held)
    assert (len(sent.alerts), sent.households, sent.work_items) == (2, 1, 1)
    assert set(states().values()) == {"to_verify"}
    event = held.events.get(verb=AlertEvent.Verb.SENT)
    assert (event.by_name, "村里反映很急" in event.sentence) == (
        world.township_officer.name,
        True,
    )


def test_sending_now_needs_a_reason(world: World, held: Alert) -> None:
    with pytest.raises(Refusal, match="请写明"):
        sent_now(world.township_officer, held, reason=" ")


@pytest.mark.parametrize("who", ["other_township_officer", "worker_1", "leader", "stranger"])
def test_sending_now_needs_the_right_over_that_place(world: World, held: Alert, who: str) -> None:
    with pytest.raises(NotAllowed):
        sent_now(world.accounts()[who], held)


def test_sending_what_is_sent_already_is_overtaken(world: World, held: Alert) -> None:
    sent_now(world.township_officer, held)
    with pytest.raises(Overtaken):
        sent_now(world.township_officer, held)


def test_sending_nothing_is_refused(world: World) -> None:
    with pytest.raises(Refusal, match="没有勾选"):
        sent_now(world.township_officer)


def test_held_alert_is_settled_without_a_visit(world: World, held: Alert) -> None:
    settled(world, held)
    held.refresh_from_db()
    assert held.state == AlertState.SETTLED


def test_held_alert_is_no_risk_found_by_nobody(world: World, held: Alert) -> None:
    with pytest.raises(Refusal, match="先派人入户"):
        settled(world, held, Outcome.TO_MONITORING)


# ---- annotations ----


@pytest.fixture
def lowered(world: World, rules: None) -> Alert:
    """An orange alert, made yellow by a sign that came later."""
    publish("BENEFIT", BENEFIT)
    pay(world.household, "3000")
    raised()
    add_dibao_payment(world.people["覃乙"], TODAY())
    raised()
    return Alert.objects.get()


def test_annotation_makes_the_alert_and_its_visit_milder(world: World, lowered: Alert) -> None:
    item = WorkItem.objects.get()
    assert (lowered.severity, lowered.lowered_from, lowered.state) == (3, 2, "to_verify")
    assert (item.severity, item.purposes.get().severity) == (3, 3)
    assert lowered.events.last().sentence == "有旁证（已领 300 元），由橙降为黄"


def test_what_counts_whatever_the_income_is_not_made_milder(world: World, rules: None) -> None:
    publish("BENEFIT", BENEFIT)
    publish("ROOF", PAID | {"lowerable": False})
    pay(world.household, "3000")
    raised()
    add_dibao_payment(world.people["覃乙"], TODAY())
    raised()
    alerts = {a.rule_id: (a.severity, a.lowered_from) for a in Alert.objects.all()}
    assert alerts == {"PAID": (3, 2), "ROOF": (2, None)}


def test_alert_is_as_grave_as_before_when_the_annotation_ends(world: World, lowered: Alert) -> None:
    DibaoPayment.objects.update(superseded_at=timezone.now())
    raised()
    lowered.refresh_from_db()
    item = WorkItem.objects.get()
    assert (lowered.severity, lowered.lowered_from) == (2, None)
    assert (item.severity, item.purposes.get().severity) == (2, 2)
    assert lowered.events.last().sentence == "旁证（已领 300 元）已消失，级别恢复为橙"


def test_annotation_ends_and_stays_on_file(world: World, lowered: Alert) -> None:
    DibaoPayment.objects.update(superseded_at=timezone.now())
    raised()
    assert Annotation.objects.get().ended_at is not None
    assert not Annotation.objects.standing().exists()


def test_annotation_that_comes_back_is_a_new_one(world: World, lowered: Alert) -> None:
    DibaoPayment.objects.update(superseded_at=timezone.now())
    raised()
    DibaoPayment.objects.update(superseded_at=None)
    raised()
    assert (Annotation.objects.count(), Annotation.objects.standing().count()) == (2, 1)


def test_annotation_is_renewed_in_place(world: World, lowered: Alert) -> None:
    add_dibao_payment(world.people["韦甲"], TODAY())
    raised()
    annotation = Annotation.objects.get()
    assert (annotation.value, annotation.sentence) == (600, "已领 600 元")
    assert len(annotation.evidence["dibao_payment"]) == 2


def test_annotations_of_rules_not_screened_stay(world: World, lowered: Alert) -> None:
    DibaoPayment.objects.update(superseded_at=timezone.now())
    raised(rules=["PAID"])
    lowered.refresh_from_db()
    assert (Annotation.objects.standing().count(), lowered.severity) == (1, 3)


def test_annotation_never_raises_an_alert(world: World) -> None:
    publish("BENEFIT", BENEFIT)
    add_dibao_payment(world.people["覃乙"], TODAY())
    assert raised().opened == 0
    assert Annotation.objects.get().lowers


def test_blue_alert_is_never_hidden(world: World) -> None:
    publish("BENEFIT", BENEFIT)
    add_dibao_payment(world.people["覃乙"], TODAY())
    pay(world.household, "1500")
    raised()
    alert = Alert.objects.get()
    assert (alert.severity, alert.lowered_from, alert.state) == (4, None, "to_verify")


def test_open_blue_alert_stays_blue(world: World) -> None:
    publish("BENEFIT", BENEFIT)
    pay(world.household, "1500")
    raised()
    add_dibao_payment(world.people["覃乙"], TODAY())
    assert raised().grown == 0
    alert = Alert.objects.get()
    assert (alert.severity, alert.lowered_from) == (4, None)


def test_new_alert_of_an_annotated_household_opens_lowered(world: World) -> None:
    publish("BENEFIT", BENEFIT)
    add_dibao_payment(world.people["覃乙"], TODAY())
    pay(world.household, "3000")
    raised()
    alert = Alert.objects.get()
    assert (alert.severity, alert.lowered_from) == (3, 2)
    assert alert.due_on == add_workdays(TODAY(), 10)
    assert "由橙降为黄" in alert.events.first().sentence


def test_annotating_rule_lowers_nothing(world: World) -> None:
    publish("BENEFIT", BENEFIT | {"effect": "annotate"})
    add_dibao_payment(world.people["覃乙"], TODAY())
    pay(world.household, "3000")
    raised()
    assert (Alert.objects.get().severity, Annotation.objects.get().lowers) == (2, False)


def test_lowered_alert_that_grows_stays_one_milder(world: World, lowered: Alert) -> None:
    pay(world.household, "2000")
    raised()
    lowered.refresh_from_db()
    assert (lowered.severity, lowered.lowered_from) == (2, 1)


def test_two_annotations_lower_once(world: World, lowered: Alert) -> None:
    publish("AGAIN", BENEFIT)
    raised()
    lowered.refresh_from_db()
    assert (lowered.severity, Annotation.objects.standing().count()) == (3, 2)


# ---- at once and cut off ----


def in_a_thread(work: Callable[[], Any]) -> tuple[threading.Thread, list[BaseException]]:
    failed: list[BaseException] = []

    def carry_out() -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=carry_out)
    thread.start()
    return thread, failed


@pytest.mark.django_db(transaction=True)
def test_two_raisings_at_once_double_nothing() -> None:
    world = build_world()
    prepare(world)
    figure(world, "visits_per_week_3", "2")
    publish("BENEFIT", BENEFIT)
    homes = neighbours(world, "2100", "2200", "2300", "2400")
    add_dibao_payment(homes[0].head, TODAY())
    part = Within(households=[h.pk for h in homes])
    threads = [in_a_thread(raised), in_a_thread(lambda: raised(part))]
    for thread, _ in threads:
        thread.join(60)
    assert [failed for _, failed in threads] == [[], []]
    assert (Alert.objects.count(), Annotation.objects.count()) == (4, 1)
    assert (Hit.objects.count(), AlertEvent.objects.filter(verb="opened").count()) == (4, 4)
    # 邻0 is blue for its annotation and has no limit; of the yellow ones two are sent.
    assert sorted(states().values()) == ["held", "to_verify", "to_verify", "to_verify"]
    assert WorkItem.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_raising_killed_in_the_middle_leaves_nothing_and_is_done_again() -> None:
    world = build_world()
    prepare(world)
    neighbours(world, "2100", "2200")
    written, go_on = threading.Event(), threading.Event()
    backend: list[int] = []

    @transaction.atomic
    def killed() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            backend.append(cursor.fetchone()[0])
        assert raised().opened == 2
        written.set()
        go_on.wait(60)

    thread, failed = in_a_thread(killed)
    assert written.wait(60)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", backend)
    go_on.set()
    thread.join(60)
    assert [type(error) for error in failed] in ([OperationalError], [psycopg2.OperationalError])
    assert (Alert.objects.count(), WorkItem.objects.count(), Hit.objects.count()) == (0, 0, 0)
    assert raised().opened == 2
    assert (Alert.objects.count(), WorkItem.objects.count(), Hit.objects.count()) == (2, 2, 2)


@pytest.mark.django_db(transaction=True)
def test_township_is_not_kept_waiting_by_a_screening() -> None:
    world = build_world()
    prepare(world)
    figure(world, "visits_per_week_3", "0")
    neighbours(world, "2100")
    raised()
    alert = Alert.objects.get()
    refused: list[str] = []

    def send_meanwhile() -> None:
        with pytest.raises(Refusal, match="正在研判") as no:
            sent_now(world.township_officer, alert)
        refused.append(no.value.code)

    with transaction.atomic():
        raised()
        thread, failed = in_a_thread(send_meanwhile)
        thread.join(60)
    assert (failed, refused) == ([], ["busy"])
    assert len(sent_now(world.township_officer, alert).alerts) == 1
