"""Explanations agree with the engine, their changes really turn it, past days come back."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import count

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from grid.models import Household, HouseholdKind, Person
from monitoring.actions.rules import load_shipped_rules
from monitoring.engine import Frozen, FrozenRule, measured, screen
from monitoring.engine.behind import rows_behind
from monitoring.explaining import Explanation, explain
from monitoring.explaining_logic import Case, Flip
from monitoring.explaining_moments import asked, explained_alert
from monitoring.feeds.temporary_relief import TemporaryRelief
from monitoring.models import Alert, DibaoPayment, MedicalSettlement, Rule, RuleVersion, Upload
from tests.monitoring.random_county import THRESHOLDS, County, Hints, write
from tests.monitoring.records import add_settlement
from tests.monitoring.test_engine_agrees import random_cases
from tests.monitoring.test_screening import months_ago
from tests.monitoring.test_screening import screen as run_screening
from tests.monitoring.test_shipped_rules import (
    DIBAO,
    EXAMPLES,
    TEKUN,
    TODAY,
    Example,
    Row,
    Village,
    ago,
    figures,
    row,
    stay,
)
from tests.world import World
from yizhou.audit import SYSTEM
from yizhou.refusals import Refusal

pytestmark = pytest.mark.django_db


@contextmanager
def rolled_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def rules(world: World) -> dict[str, FrozenRule]:
    """The shipped rules as published versions, by code."""
    load_shipped_rules(acting=SYSTEM)
    versions = RuleVersion.objects.published(TODAY)
    return {v.rule_id: FrozenRule(v.rule_id, v.pk, v.definition) for v in versions}


def frozen_on(day: date, rule: FrozenRule) -> Frozen:
    return Frozen(day, timezone.now(), [rule], figures())


# ---- the same truth as the engine ----


def assert_agrees(frozen: Frozen, rule: FrozenRule, household: Household) -> Explanation:
    """The explanation's own logic says what the engine says, for every subject."""
    told = explain(frozen, rule, household)
    engine = {m.person_id: m for m in measured(frozen, household.pk)}
    assert {s.person_id for s in told.subjects} == engine.keys()
    for subject in told.subjects:
        m = engine[subject.person_id]
        line = subject.case.class_of_line
        assert subject.severity == m.severity, rule.rule_id
        assert subject.case.severity == m.severity, rule.rule_id
        assert subject.case.line == m.line, rule.rule_id
        assert (line.label if line else "") == (m.line_label or ""), rule.rule_id
    return told


def test_every_shipped_rule_is_explained_as_the_engine_grades_it(
    world: World, rules: dict[str, FrozenRule]
) -> None:
    village = Village()
    for code, example in EXAMPLES.items():
        village.settle(code, example)
        village.settle(f"{code} not", example.twin())
    village.write()
    households = Household.objects.in_bulk(field_name="number")
    for code, example in EXAMPLES.items():
        frozen = frozen_on(TODAY, rules[code])
        fires = assert_agrees(frozen, rules[code], households[code])
        quiet = assert_agrees(frozen, rules[code], households[f"{code} not"])
        assert (fires.severity, quiet.severity) == (example.severity, None), code
        assert "{" not in fires.sentence, fires.sentence
        assert fires.shown[0].changes, code
        assert quiet.shown[0].changes, code


def test_rows_behind_a_hit_are_its_evidence(world: World, rules: dict[str, FrozenRule]) -> None:
    village = Village()
    numbers = {village.settle(code, example): code for code, example in EXAMPLES.items()}
    village.write()
    for household, code in numbers.items():
        frozen = frozen_on(TODAY, rules[code])
        screen(frozen)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT person_id, evidence::text FROM hit WHERE household_id = %s", [household]
            )
            hits = cursor.fetchall()
        assert hits, code
        behind = rows_behind(frozen, rules[code], household)
        for person, evidence in hits:
            found: dict[str, set[int]] = {}
            for rows in behind[person].values():
                for feed, pk in rows:
                    found.setdefault(feed, set()).add(pk)
            assert {f: sorted(ids) for f, ids in found.items()} == json.loads(evidence), code


def test_random_rules_over_random_counties_are_explained_as_graded(world: World) -> None:
    shared = {"number": 1, "state": "published", "from_on": date(2020, 1, 1), "source": "测试"}
    seen: set[bool] = set()

    @settings(max_examples=25, deadline=None, database=None)
    @given(drawn=random_cases(2))
    def agree(drawn: tuple[County, dict[str, dict], Hints]) -> None:
        county, definitions, hints = drawn
        with rolled_back():
            write(county, hints)
            for code, definition in definitions.items():
                rule = Rule.objects.create(code=code, title=code, risk="其他", owner="测试")
                version = RuleVersion.objects.create(
                    rule=rule, definition=definition, review_on=county.as_of, **shared
                )
                frozen_rule = FrozenRule(code, version.pk, definition)
                frozen = Frozen(county.as_of, county.known_at, [frozen_rule], THRESHOLDS)
                for household in Household.objects.filter(number__startswith="R"):
                    told = assert_agrees(frozen, frozen_rule, household)
                    assert_changes_turn_it(told)
                    seen.add(told.fires)

    agree()
    assert seen == {True, False}


def assert_changes_turn_it(told: Explanation) -> None:
    """Every stated set of changes turns the result, and none of its parts is superfluous."""
    for subject in told.subjects:
        for way in subject.flips:
            assert _after(subject.case, way).fires != subject.fires
            for left_out in way if len(way) > 1 else ():
                rest = [flip for flip in way if flip is not left_out]
                assert _after(subject.case, rest).fires == subject.fires


def _after(case: Case, flips: Iterable[Flip]) -> Case:
    for flip in flips:
        case = case.supposing(flip)
    return case


# ---- the smallest change really turns the result ----

SERIALS = count(20_000_000)
LISTED = {"recognised_on": ago(30), "valid_until_on": ago(-300)}
STANDINGS: dict[str, Row] = {
    "dibao": DIBAO,
    "tekun": TEKUN,
    "marginal": row("low_income_list", kind="marginal", **LISTED),
    "rigid": row("low_income_list", kind="rigid", **LISTED),
}
CHRONIC = {"care": "chronic", "kind": "normal", "settled_on": ago(20)}


def add_rows(household: Household, *rows: Row) -> None:
    village = Village()
    village.serials = SERIALS
    head = Person.objects.get(pk=household.head_id)
    for feed, _, columns in rows:
        village.rows[feed].append(village._record(feed, head, columns))
    village.write()


def make_true(flip: Flip, household: Household) -> None:
    """Change rows or registry so that the measure becomes what the flip says."""
    name = flip.what.removeprefix("status.")
    if name == "kind":
        Household.objects.filter(pk=household.pk).update(kind=flip.to)
    elif name in STANDINGS and flip.to:
        add_rows(household, STANDINGS[name])
    elif name in STANDINGS:
        assert name == "dibao"
        DibaoPayment.objects.filter(person__household=household).delete()
    elif name == "paid":
        more = flip.to - (flip.was or 0)
        add_rows(household, ("medical_settlement", "head", CHRONIC | {"self_paid_yuan": more}))
    elif name == "left":
        more = flip.to - (flip.was or 0)
        side = {"owed_yuan": more} if more >= 0 else {"paid_yuan": -more}
        add_rows(household, row("wage_arrears", **OWING, **side))
    elif name == "times":
        fewer = int(flip.was - flip.to)
        relieved = TemporaryRelief.objects.filter(person__household=household).order_by("pk")
        TemporaryRelief.objects.filter(pk__in=[r.pk for r in relieved[: max(0, fewer)]]).delete()
        for _ in range(-fewer):
            add_rows(household, row("temporary_relief", **RELIEF))
    else:
        assert name == "workers", flip
        people = list(Person.objects.filter(household=household).order_by("born_on"))
        for place, person in enumerate(p for p in people if p.born_on.year < 2000):
            labour = "ordinary" if place < flip.to else "lost"
            Person.objects.filter(pk=person.pk).update(labour=labour)


OWING = {"standing": "handling", "reported_on": ago(30)}
RELIEF = {"decided_on": ago(30), "paid_on": ago(20), "amount_yuan": 500}
AMOUNTS = st.sampled_from([1499, 1500, 4999, 5000, 9999, 10_000, 20_000, 26_000, 90_000])


@st.composite
def households(draw: st.DrawFn) -> Example:
    rows: list[Row] = []
    for paid in draw(st.lists(AMOUNTS, max_size=2)):
        rows.append(("medical_settlement", "head", CHRONIC | {"self_paid_yuan": paid}))
    rows += [row("wage_arrears", **OWING, owed_yuan=n) for n in draw(st.lists(AMOUNTS, max_size=2))]
    rows += [row("temporary_relief", **RELIEF)] * draw(st.integers(0, 3))
    if draw(st.booleans()):
        rows.append(DIBAO)
    return Example(1, tuple(rows), draw(st.sampled_from(HouseholdKind.values)))


def test_the_stated_change_turns_the_engine(world: World, rules: dict[str, FrozenRule]) -> None:
    turned = {"up": 0, "down": 0}

    @settings(max_examples=80, deadline=None, database=None)
    @given(example=households(), code=st.sampled_from(["MED-01", "MED-08", "JOB-02", "WEL-02"]))
    def turn(example: Example, code: str) -> None:
        with rolled_back():
            village = Village()
            pk = village.settle("X", example)
            village.write()
            household = Household.objects.get(pk=pk)
            frozen = frozen_on(TODAY, rules[code])
            told = explain(frozen, rules[code], household)
            for way in told.subjects[0].flips:
                with rolled_back():
                    for flip in way:
                        make_true(flip, household)
                    later = frozen_on(TODAY, rules[code])
                    [after] = measured(later, pk)
                    assert (after.severity is not None) != told.fires, (code, way)
                    turned["down" if told.fires else "up"] += 1

    turn()
    assert min(turned.values()) > 3, turned


def test_money_is_told_to_the_cent_and_a_count_to_the_next_one(
    world: World, rules: dict[str, FrozenRule]
) -> None:
    village = Village()
    pk = village.settle("X", Example(1, (stay(22_900), row("temporary_relief", **RELIEF))))
    village.write()
    household = Household.objects.get(pk=pk)
    told = explain(frozen_on(TODAY, rules["MED-01"]), rules["MED-01"], household)
    assert any("再多 3,100 元，达到一般家庭" in s for s in told.shown[0].changes)
    told = explain(frozen_on(TODAY, rules["WEL-02"]), rules["WEL-02"], household)
    assert any("再多 1 次，达到" in s for s in told.shown[0].changes)


# ---- days gone by ----


def test_three_past_days_are_answered_as_their_runs_were(
    world: World, rules: dict[str, FrozenRule]
) -> None:
    today = timezone.localdate()
    days = [today - timedelta(days=n) for n in (30, 20, 10)]
    then: list[int | None] = []

    def run(day: date) -> None:
        run_screening(as_of=day)
        open_ = Alert.objects.open().filter(household=world.household, rule="MED-01").first()
        then.append(open_.severity if open_ else None)

    first = add_settlement(world.people["韦甲"], months_ago(3), "12000")
    run(days[0])
    add_settlement(world.people["覃乙"], months_ago(2), "21000")
    run(days[1])
    MedicalSettlement.objects.filter(pk=first.pk).update(
        superseded_at=timezone.now(), superseded_by=first.upload
    )
    Household.objects.filter(pk=world.household.pk).update(kind="ordinary")
    run(days[2])
    world.household.refresh_from_db()
    replayed = [
        explain(q.frozen, q.rule, world.household).severity
        for q in (asked(world.household, "MED-01", day, None) for day in days)
    ]
    assert then == [3, 1, None]
    assert replayed == then


def test_what_has_changed_since_is_told(world: World, rules: dict[str, FrozenRule]) -> None:
    add_settlement(world.people["韦甲"], months_ago(3), "12000")
    run_screening()
    alert = Alert.objects.get(household=world.household, rule="MED-01")
    assert explained_alert(alert)[1] == []
    add_settlement(world.people["覃乙"], months_ago(2), "9000")
    told, differences = explained_alert(alert)
    assert told.severity == 3
    assert [(d.then, d.now) for d in differences] == [
        ("12,000 元", "21,000 元"),
        ("符合，黄色", "符合，橙色"),
    ]


@pytest.fixture
def some_data(world: World, rules: dict[str, FrozenRule]) -> None:
    add_settlement(world.people["韦甲"], months_ago(3), "8000")


def refusal(world: World, code: str, day: date, **more: object) -> str:
    with pytest.raises(Refusal) as caught:
        asked(world.household, code, day, more.get("known_by"))  # type: ignore[arg-type]
    return caught.value.sentence


def test_a_day_to_come_is_refused(world: World, some_data: None) -> None:
    assert "不能晚于今天" in refusal(world, "MED-01", timezone.localdate() + timedelta(days=1))


def test_a_moment_to_come_is_refused(world: World, some_data: None) -> None:
    later = timezone.now() + timedelta(hours=1)
    assert "不能晚于现在" in refusal(world, "MED-01", timezone.localdate(), known_by=later)


def test_a_day_before_the_first_data_is_refused_with_the_way_out(
    world: World, some_data: None
) -> None:
    said = refusal(world, "MED-01", timezone.localdate() - timedelta(days=200))
    assert "还没有部门数据入库" in said
    assert "数据截至" in said


def test_a_rule_not_in_force_then_is_refused(world: World, some_data: None) -> None:
    assert "还没有生效" in refusal(world, "MED-01", date(2019, 5, 1))
    RuleVersion.objects.filter(rule="MED-01").update(until_on=timezone.localdate())
    assert "已停用" in refusal(world, "MED-01", timezone.localdate())
    assert "没有这条规则" in refusal(world, "NO-99", timezone.localdate())


def test_a_household_not_yet_registered_is_refused(world: World, some_data: None) -> None:
    Upload.objects.update(merged_at=timezone.now() - timedelta(days=900))
    said = refusal(world, "MED-01", timezone.localdate() - timedelta(days=100))
    assert "才登记" in said
