"""The interpreter itself, by hand-worked examples: it must be right before it judges the engine."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from tests.monitoring.interpreter import (
    Facts,
    HouseholdFact,
    InterpretedHit,
    Moment,
    PersonFact,
    RowFact,
    Weighed,
    age_on,
    cents,
    feeds_of,
    interpret,
    months_before,
    own_columns,
    weigh,
)

AS_OF = date(2026, 5, 31)
KNOWN_AT = datetime(2026, 6, 1, tzinfo=UTC)
EARLY = datetime(2026, 1, 1, tzinfo=UTC)
LATE = datetime(2026, 6, 2, tzinfo=UTC)
MERGED, PENDING, NEWER = UUID(int=1), UUID(int=2), UUID(int=3)
THRESHOLDS = {"low": Decimal("100"), "high": Decimal("300")}
FATHER, MOTHER, CHILD, STRANGER = 1, 2, 3, 4
_ids = count(1)


def row(feed: str, person: int | None, **more: Any) -> RowFact:
    """One row; columns that are not named are empty."""
    columns = dict.fromkeys(own_columns(feed))
    columns |= {name: more.pop(name) for name in list(more) if name in columns}
    system = {"id": next(_ids), "person_id": person, "upload_id": MERGED, "received_at": EARLY}
    return RowFact(**(system | more), columns=columns)


def paid(person: int | None, on: date | None, yuan: str = "100", **more: Any) -> RowFact:
    columns = {"settled_on": on, "self_paid_yuan": Decimal(yuan), "kind": "normal"}
    return row("medical_settlement", person, **(columns | more))


def wage(
    person: int, since: date, yuan: str | None, standing: str = "working", **more: Any
) -> RowFact:
    columns = {"standing": standing, "since_on": since, "wage_yuan_month": yuan and Decimal(yuan)}
    return row("employment_status", person, **columns, **more)


def county(*rows: RowFact, feed: str = "medical_settlement", **feeds: list[RowFact]) -> Facts:
    """A family of three (the child is nine) and a neighbour living alone."""
    return Facts(
        [
            PersonFact(FATHER, 10, "M", date(1980, 6, 1), "ordinary", "healthy"),
            PersonFact(MOTHER, 10, "F", date(1982, 5, 31), "lost", "chronic"),
            PersonFact(CHILD, 10, "F", date(2016, 6, 1), "none", "healthy"),
            PersonFact(STRANGER, 20, "M", date(1950, 1, 1), "weak", "disabled"),
        ],
        [
            HouseholdFact(10, "45120310420700101", "marginal_prone", FATHER),
            HouseholdFact(20, "45120310420700102", "ordinary", STRANGER),
        ],
        {feed: list(rows)} | feeds,
    )


def rule(level: str = "household", **more: Any) -> dict[str, Any]:
    return {"level": level, "value": "x", "bands": [{"severity": 3}]} | more


def amount(op: str = "sum", **more: Any) -> dict[str, Any]:
    column = {"column": "self_paid_yuan"} if op in ("sum", "max", "min", "latest", "change") else {}
    return {"feed": "medical_settlement", "op": op} | column | more


def hits(definition: dict[str, Any], facts: Facts, **more: Any) -> list[InterpretedHit]:
    asked = {"as_of": AS_OF, "known_at": KNOWN_AT, "not_yet": (), "thresholds": THRESHOLDS}
    return interpret(definition, facts, **(asked | more))


def weighed(definition: dict[str, Any], facts: Facts, as_of: date = AS_OF) -> list[Weighed]:
    moment = Moment(facts, as_of=as_of, known_at=KNOWN_AT, not_yet=(PENDING,))
    return weigh(moment, definition, THRESHOLDS)


def values(measure: dict[str, Any], facts: Facts, level: str = "household", **others: Any) -> list:
    definition = rule(level, measures={"x": measure} | others)
    return [w.measured["x"] for w in weighed(definition, facts)]


def test_months_back_end_on_the_last_day_a_month_has() -> None:
    assert months_before(date(2026, 5, 31), 3) == date(2026, 2, 28)
    assert months_before(date(2024, 2, 29), 12) == date(2023, 2, 28)
    assert months_before(date(2026, 2, 28), 1) == date(2026, 1, 28)


def test_age_is_in_completed_years() -> None:
    assert age_on(date(1982, 5, 31), AS_OF) == 44
    assert age_on(date(2016, 6, 1), AS_OF) == 9
    assert age_on(date(2012, 2, 29), date(2026, 2, 28)) == 13


def test_cents_are_rounded_half_up_away_from_zero() -> None:
    assert cents(Decimal("1.005")) == Decimal("1.01")
    assert cents(Decimal("-1.005")) == Decimal("-1.01")


def test_a_window_takes_its_last_day_and_not_the_day_before_its_first() -> None:
    facts = county(
        paid(FATHER, date(2026, 2, 28), "1"),
        paid(FATHER, date(2026, 3, 1), "10"),
        paid(FATHER, date(2026, 5, 31), "100"),
        paid(FATHER, date(2026, 6, 1), "1000"),
    )
    assert values(amount(window={"months": 3}), facts) == [Decimal(110), None]


def test_ago_moves_both_ends_and_each_end_is_counted_from_the_as_of_day() -> None:
    facts = county(
        paid(FATHER, date(2026, 4, 30), "1"),
        paid(FATHER, date(2026, 3, 1), "10"),
        paid(FATHER, date(2026, 3, 31), "100"),
    )
    assert values(amount(window={"months": 1, "ago": 1}), facts)[0] == Decimal(1)
    assert values(amount(window={"months": 1, "ago": 2}), facts)[0] == Decimal(110)


def test_a_measure_without_a_window_reads_everything_up_to_the_day() -> None:
    facts = county(paid(MOTHER, date(1999, 1, 1)), paid(MOTHER, date(2026, 6, 1)))
    assert values(amount("count"), facts) == [1, 0]


def test_a_row_whose_date_is_empty_is_in_no_window() -> None:
    facts = county(paid(FATHER, None))
    assert values(amount("count"), facts)[0] == 0


def test_what_is_unknown_without_rows() -> None:
    facts = county(paid(FATHER, AS_OF, "5"), paid(MOTHER, AS_OF, "7"))
    assert values(amount("sum"), facts) == [12, None]
    assert values(amount("max"), facts) == [7, None]
    assert values(amount("min"), facts) == [5, None]
    assert values(amount("count"), facts) == [2, 0]
    assert values(amount("exists"), facts) == [1, 0]
    assert values(amount("absent"), facts) == [0, 1]
    assert values(amount("latest", across="sum"), facts) == [12, None]


def test_a_leaf_over_unknown_is_false_and_none_of_it_is_true() -> None:
    leaf = {"measure": "x", "op": "<=", "threshold": "low"}
    other = {"y": amount("count")}
    facts = county(paid(FATHER, AS_OF, "500"))
    definition = rule(value="y", measures={"x": amount()} | other, when=leaf)
    assert hits(definition, facts) == []
    definition["when"] = {"none": [leaf]}
    assert [h.household_id for h in hits(definition, facts)] == [10, 20]
    definition["when"] = {"all": [{"measure": "x", "op": "<>", "threshold": "low"}]}
    assert [h.household_id for h in hits(definition, facts)] == [10]
    definition["when"] = {"any": [{"measure": "x", "op": "unknown"}]}
    assert [h.household_id for h in hits(definition, facts)] == [20]


def test_a_hit_needs_a_known_value() -> None:
    definition = rule(measures={"x": amount()}, when={"measure": "x", "op": "unknown"})
    assert hits(definition, county()) == []


def test_the_latest_row_is_found_by_day_then_receipt_then_id() -> None:
    later = datetime(2026, 2, 1, tzinfo=UTC)
    one, two = paid(FATHER, AS_OF, "1", received_at=later), paid(FATHER, AS_OF, "2")
    assert values(amount("latest"), county(one, two), "person")[0] == 1
    three = paid(FATHER, AS_OF, "3", received_at=later)
    assert values(amount("latest"), county(three, one, two), "person")[0] == 3


def test_the_latest_row_outside_window_or_then_is_not_replaced_by_an_older_one() -> None:
    facts = county(
        paid(FATHER, date(2026, 5, 1), "10", kind="reversal"),
        paid(FATHER, date(2026, 3, 31), "20"),
    )
    then = [{"column": "kind", "op": "=", "value": "normal"}]
    assert values(amount("latest", then=then), facts, "person")[0] is None
    assert values(amount("latest_is", then=then), facts, "person")[0] == 0
    assert values(amount("latest", where=then), facts, "person")[0] == 20
    assert values(amount("latest", window={"months": 1, "ago": 1}), facts, "person")[0] is None
    assert values(amount("latest", window={"months": 2, "ago": 1}), facts, "person")[0] == 20


def test_a_date_column_gives_the_days_since_and_ahead() -> None:
    measure = {"feed": "medical_settlement", "op": "latest", "column": "settled_on"}
    assert values(measure, county(paid(CHILD, date(2026, 5, 1))), "person")[2] == 30
    days = {"issued_on": date(2026, 1, 1), "valid_until_on": date(2026, 6, 10)}
    certificate = row("disability_certificate", CHILD, **days)
    measure = {"feed": "disability_certificate", "op": "latest", "column": "valid_until_on"}
    facts = county(certificate, feed="disability_certificate")
    assert values(measure, facts, "person")[2] == -10


def test_change_reads_what_was_the_latest_when_the_window_began() -> None:
    measure = {
        "feed": "employment_status",
        "op": "change",
        "column": "wage_yuan_month",
        "window": {"months": 3},
        "across": "sum",
    }
    facts = county(
        wage(FATHER, date(2026, 2, 1), "3000", superseded_at=EARLY, superseded_by_id=NEWER),
        wage(FATHER, date(2026, 3, 1), "1800"),
        wage(MOTHER, date(2026, 3, 1), "900"),
        feed="employment_status",
    )
    assert values(measure, facts) == [-1200, None]
    assert values(measure, facts, "person") == [-1200, None, None, None]
    [family, _] = weighed(rule(measures={"x": measure}), facts)
    assert len(family.evidence["employment_status"]) == 2


def test_what_was_withdrawn_was_never_the_latest() -> None:
    measure = {"feed": "employment_status", "op": "change", "column": "wage_yuan_month"}
    measure["window"] = {"months": 3}
    first, now = wage(FATHER, date(2026, 1, 1), "3000"), wage(FATHER, date(2026, 3, 1), "1800")

    def changed(*, withdrawn_at: datetime) -> Decimal:
        withdrawn = {"superseded_at": withdrawn_at, "superseded_by_id": MERGED}
        wrong = wage(FATHER, date(2026, 2, 1), "5", **withdrawn)
        facts = county(first, wrong, now, feed="employment_status")
        return values(measure, facts, "person")[0]

    assert changed(withdrawn_at=EARLY) == -1200
    assert changed(withdrawn_at=LATE) == 1795


def test_changed_counts_the_people_whose_column_is_another_one_now() -> None:
    measure = {
        "feed": "employment_status",
        "op": "changed",
        "column": "standing",
        "window": {"months": 3},
    }
    old = [wage(p, date(2026, 2, 1), "1") for p in (FATHER, MOTHER, CHILD)]
    new = [
        wage(FATHER, date(2026, 4, 1), None, "unemployed"),
        wage(MOTHER, date(2026, 4, 1), None, "returned"),
        wage(CHILD, date(2026, 4, 1), "2"),
        wage(STRANGER, date(2026, 4, 1), None, "returned"),
    ]
    facts = county(*old, *new, feed="employment_status")
    assert values(measure, facts) == [2, 0]
    assert values(measure | {"to": ["returned"]}, facts) == [1, 0]
    assert values(measure | {"from": ["returned"]}, facts) == [0, 0]
    [family, _] = weighed(rule(measures={"x": measure | {"to": ["returned"]}}), facts)
    assert family.evidence == {"employment_status": [old[1].id, new[1].id]}


def test_rows_not_received_replaced_or_of_a_later_batch_do_not_exist() -> None:
    facts = county(
        paid(FATHER, AS_OF, "1"),
        paid(FATHER, AS_OF, "10", received_at=LATE),
        paid(FATHER, AS_OF, "100", superseded_at=KNOWN_AT, superseded_by_id=NEWER),
        paid(FATHER, AS_OF, "1000", superseded_at=LATE, superseded_by_id=NEWER),
        paid(FATHER, AS_OF, "10000", superseded_at=EARLY, superseded_by_id=PENDING),
        paid(FATHER, AS_OF, "100000", upload_id=PENDING),
        paid(None, AS_OF, "1000000"),
    )
    assert values(amount(), facts)[0] == 11001


def test_members_narrow_whose_rows_count() -> None:
    facts = county(paid(FATHER, AS_OF, "1"), paid(MOTHER, AS_OF, "10"), paid(CHILD, AS_OF, "100"))
    assert values(amount(members={"age": [0, 17]}), facts)[0] == 100
    assert values(amount(members={"sex": "F", "health": ["chronic"]}), facts)[0] == 10
    people = values(amount("count", members={"labour": ["ordinary"]}), facts, "person")
    assert people == [1, 0, 0, 0]


def test_household_measures_of_a_person_are_those_of_the_persons_household() -> None:
    facts = county(paid(FATHER, AS_OF, "1"), paid(MOTHER, AS_OF, "10"))
    measures = {"x": {"ratio": ["own", "all"]}}
    measures |= {"own": amount(), "all": amount(per="household")}
    found = weighed(rule("person", measures=measures), facts)
    assert [w.measured["all"] for w in found] == [11, 11, 11, None]
    assert found[0].measured["x"] == pytest.approx(Decimal(1) / Decimal(11))
    assert found[0].evidence == found[2].evidence


def test_facts_of_the_registry() -> None:
    assert values({"fact": "size"}, county()) == [3, 1]
    assert values({"fact": "workers"}, county()) == [1, 0]
    assert values({"fact": "members", "members": {"sex": "F"}}, county()) == [2, 0]
    assert values({"fact": "age"}, county(), "person") == [45, 44, 9, 76]
    assert values({"fact": "size"}, county(), "person") == [3, 3, 3, 1]


def test_totals_take_unknown_for_nothing_and_ratios_do_not() -> None:
    facts = county(paid(FATHER, AS_OF, "90"))
    others = {
        "some": amount(),
        "none": amount(where=[{"column": "kind", "op": "=", "value": "reversal"}]),
        "size": {"fact": "size"},
        "zero": amount("absent"),
    }
    total = {"total": {"plus": ["some"], "minus": ["none"]}, "by": "size", "times": 2}
    assert values(total, facts, **others) == [60, None]
    assert values({"total": {"minus": ["some"]}}, facts, **others) == [-90, None]
    assert values({"total": {"plus": ["some"]}, "by": "zero"}, facts, **others) == [None, None]
    assert values({"ratio": ["some", "none"]}, facts, **others) == [None, None]
    assert values({"ratio": ["some", "zero"]}, facts, **others) == [None, None]
    assert values({"ratio": ["some", "size"]}, facts, **others) == [30, None]


def test_bands_go_down_when_the_direction_does() -> None:
    bands = [{"severity": 1, "threshold": "low"}, {"severity": 2, "threshold": "high"}]
    facts = county(paid(FATHER, AS_OF, "100"), paid(STRANGER, AS_OF, "300"))
    definition = rule(measures={"x": amount()}, bands=bands, direction="down")
    assert [h.severity for h in hits(definition, facts)] == [1, 2]
    definition["direction"] = "up"
    assert [h.severity for h in hits(definition, facts)] == [1, 1]
    definition["bands"] = [{"severity": 4, "equals": 300}]
    assert [h.household_id for h in hits(definition, facts)] == [20]


def test_the_line_is_the_first_that_fits_the_class_of_household() -> None:
    lines = [
        {"when": {"kinds": ["sudden_difficulty"], "statuses": ["dibao"]}, "threshold": "low"},
        {"threshold": "high"},
    ]
    lines = [line | {"label": line["threshold"]} for line in lines]
    dibao = row("dibao_payment", STRANGER, month_on=date(2026, 4, 1))
    facts = county(
        paid(FATHER, AS_OF, "300"), paid(STRANGER, AS_OF, "199.999"), dibao_payment=[dibao]
    )
    bands = [{"severity": 2, "times": 2}, {"severity": 3, "times": 1}]
    definition = rule(measures={"x": amount()}, lines=lines, bands=bands)
    found = [(h.line, h.line_label, h.severity, h.value) for h in hits(definition, facts)]
    assert found == [(300, "high", 3, 300), (100, "low", 3, 200)]
    assert feeds_of(definition) == {"medical_settlement", "dibao_payment"}
    definition["when"] = {"measure": "x", "op": ">=", "line": True, "times": Decimal("1.5")}
    assert [h.household_id for h in hits(definition, facts)] == [20]


def test_the_population_bounds_the_subjects() -> None:
    definition = rule("person", measures={"x": amount("count")})

    def who(**population: Any) -> list[int | None]:
        return [h.person_id for h in hits(definition | {"population": population}, county())]

    assert who(kinds=["marginal_prone"], head=False) == [MOTHER, CHILD]
    assert who(age=[9, 44]) == [MOTHER, CHILD]
    assert who(sex="M", labour=["weak", "ordinary"], health=["disabled"]) == [STRANGER]


def test_dead_people_and_dissolved_households_are_no_subjects() -> None:
    facts = county(paid(5, AS_OF))
    facts.people += [
        PersonFact(5, 10, "M", date(1950, 1, 1), "none", "healthy", died_on=date(2026, 1, 1)),
        PersonFact(6, 30, "M", date(1950, 1, 1), "none", "healthy"),
    ]
    facts.households.append(HouseholdFact(30, "x", "ordinary", 6, dissolved_on=date(2026, 1, 1)))
    facts.households.append(HouseholdFact(40, "x", "ordinary", None))
    assert values(amount("count"), facts) == [0, 0]
    assert len(values(amount("count"), facts, "person")) == 4


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        ({"column": "kind", "op": "<>", "value": "reversal"}, True),
        ({"column": "disease", "op": "<>", "value": "流感"}, False),  # empty text
        ({"column": "care", "op": "<>", "value": "chronic"}, False),  # empty column
        ({"column": "disease", "op": "empty"}, True),
        ({"column": "care", "op": "empty"}, True),
        ({"column": "kind", "op": "filled"}, True),
        ({"column": "self_paid_yuan", "op": "in", "value": [1, 100.1]}, True),
        ({"column": "self_paid_yuan", "op": ">", "threshold": "low"}, True),
        ({"column": "self_paid_yuan", "op": "<", "than": "total_yuan"}, True),
        ({"column": "self_paid_yuan", "op": "<", "than": "basic_paid_yuan"}, False),
        ({"column": "settled_on", "op": ">=", "days": -1}, True),
        ({"column": "settled_on", "op": ">", "days": 0}, False),
        ({"column": "settled_on", "op": "<=", "value": "2026-05-31"}, True),
    ],
)
def test_conditions(condition: dict[str, Any], fits: bool) -> None:
    settlement = paid(FATHER, AS_OF, "100.1", disease="", total_yuan=Decimal(200))
    assert values(amount("exists", where=[condition]), county(settlement))[0] == fits


def test_statuses() -> None:
    certificate = {"issued_on": date(2026, 1, 1), "standing": "valid", "level": 2}
    listing = {"kind": "rigid", "recognised_on": date(2025, 1, 1)}
    facts = county(
        dibao_payment=[
            row("dibao_payment", FATHER, month_on=date(2026, 3, 1)),
            row("dibao_payment", STRANGER, month_on=date(2026, 2, 28)),
        ],
        tekun_support=[row("tekun_support", STRANGER, approved_on=date(2001, 1, 1))],
        low_income_list=[
            row("low_income_list", FATHER, valid_until_on=date(2026, 5, 30), **listing),
            row("low_income_list", STRANGER, valid_until_on=AS_OF, **listing),
            row("low_income_list", MOTHER, valid_until_on=None, **listing | {"kind": "marginal"}),
        ],
        disability_certificate=[
            row("disability_certificate", MOTHER, **certificate),
            row("disability_certificate", STRANGER, **certificate),
            row(
                "disability_certificate",
                STRANGER,
                **certificate | {"issued_on": date(2026, 2, 1), "level": 3},
            ),
        ],
        medical_enrolment=[
            row(
                "medical_enrolment", CHILD, counted_on=AS_OF, insured_year=2026, standing="insured"
            ),
            row(
                "medical_enrolment",
                STRANGER,
                counted_on=AS_OF,
                insured_year=2025,
                standing="insured",
            ),
            row(
                "medical_enrolment",
                STRANGER,
                counted_on=AS_OF,
                insured_year=2026,
                standing="suspended",
            ),
        ],
    )
    expected = {
        "dibao": [1, 0],
        "tekun": [0, 1],
        "rigid": [0, 1],
        "marginal": [1, 0],
        "severely_disabled": [1, 0],
        "insured": [1, 0],
        "monitored": [1, 0],
        "out_of_poverty": [0, 0],
    }
    for name, found in expected.items():
        assert values({"status": name}, facts) == found, name
    assert values({"status": "severely_disabled"}, facts, "person") == [0, 1, 0, 0]
    assert values({"status": "monitored"}, facts, "person") == [1, 1, 1, 0]


def test_income_is_per_head_and_year() -> None:
    facts = county(
        dibao_payment=[row("dibao_payment", FATHER, month_on=AS_OF, amount_yuan=Decimal(3000))],
        employment_status=[wage(MOTHER, date(2016, 4, 1), "1000")],
        medical_settlement=[paid(CHILD, date(2026, 5, 1), "600")],
    )
    net = {"income": "net", "window": {"months": 6}}
    assert values(net, facts) == [Decimal((3000 * 2 + 1000 * 12) // 3), None]
    reference = net | {"income": "reference"}
    assert values(reference, facts) == [Decimal((3000 * 2 + 1000 * 12 - 600 * 2) // 3), None]
    [family, _] = weighed(rule(measures={"x": net}), facts)
    assert sorted(family.evidence) == ["dibao_payment", "employment_status"]
