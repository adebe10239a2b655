"""The rule language, what it refuses and in which words; the shipped rules and their figures."""

import sys
from collections import defaultdict
from copy import deepcopy
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from grid.departments import DEPARTMENTS
from monitoring.feeds import FEEDS
from monitoring.rules import DEADLINES, GATES, SHIPPED, ShippedRule, ShippedThreshold, shipped
from monitoring.rules.definition import (
    BadRule,
    check_definition,
    feeds_read,
    parsed,
    threshold_units,
)

BY_CODE = {rule.code: rule for rule in SHIPPED}
MEDICAL = BY_CODE["MED-01"].definition
PAID = MEDICAL["measures"]["paid"]

RISKS = {  # list 100A27, reference 3.4
    *("因病", "因学", "因残", "因自然灾害", "因意外事故", "因产业(项目)失败"),
    *("因务工就业不稳", "缺劳动力", "因住房", "因安全饮水", "其他"),
}
FAMILIES = {
    *("INC", "MED", "DIS", "EDU", "JOB", "HOU", "WAT", "DIZ", "ACC", "CRI", "IND", "PET"),
    *("WEL", "LOA", "COM", "EXC", "ENT", "PAY"),
}
BESIDE_ANY = {"monitoring_line_per_head_year"}  # compared with 元 and 元/人 alike

every_rule = pytest.mark.parametrize("rule", SHIPPED, ids=lambda r: r.code)


def changed(**parts: Any) -> dict[str, Any]:
    return deepcopy(dict(MEDICAL)) | parts


def measured(**parts: Any) -> dict[str, Any]:
    return changed(measures={"paid": deepcopy(dict(PAID)) | parts})


def figures() -> dict[str, list[ShippedThreshold]]:
    found = defaultdict(list)
    for figure in (*DEADLINES, *GATES, *(t for rule in SHIPPED for t in rule.thresholds)):
        found[figure.key].append(figure)
    return dict(found)


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        (measured(feed="weather"), "没有数据集"),
        (changed(level="county"), "level"),
        (measured(window={"months": 0, "on": "settled_on"}), "1 到 120"),
        (measured(window={"months": 12, "on": "hospital"}), "不是日期列"),
        (measured(window={"months": 12, "on": "nothing"}), "没有“nothing”"),
        (measured(op="drop table"), "drop table"),
        (measured(column="hospital"), "不是数值列"),
        (measured(column="id_digest"), "id_digest"),
        (measured(op="latest"), "across"),
        (measured(per="person"), "不能按人"),
        (measured(where=[{"column": "care", "op": "like", "value": "x"}]), "like"),
        (measured(where=[{"column": "care", "op": "=", "value": "mars"}]), "mars"),
        (measured(where=[{"column": "self_paid_yuan", "op": ">=", "value": 500}]), "单位是元"),
        (measured(sql="DELETE"), "sql"),
        (changed(lines=[]), "标准线"),
        (changed(lines=[{"when": {"kinds": ["ordinary"]}, "threshold": "x"}]), "最后一条"),
        (changed(bands=[]), "bands"),
        (changed(bands=[{"severity": 9, "times": 1}]), "severity"),
        (changed(when={"measure": "paid", "op": ">=", "number": 500}), "单位是元"),
        (changed(when={"measure": "other", "op": "known"}), "other"),
        (changed(value="other"), "other"),
        (changed(population={"age": [6, 15]}), "人"),
        (changed(sentence="医疗自付 {password}"), "password"),
        (changed(sentence=""), "缺少"),
        (changed(cool_down_days=-1), "cool_down_days"),
        (changed(regrow_share=-1), "regrow_share"),
        (changed(sql="DELETE"), "sql"),
        (changed(effect="hide"), "effect"),
        (changed(lines=[], bands=[{"severity": 3}]), "没有任何条件"),
    ],
)
def test_bad_definition_is_refused_in_words(definition: dict[str, Any], words: str) -> None:
    with pytest.raises(BadRule, match=words):
        check_definition(definition)


@every_rule
def test_shipped_definitions_pass(rule: ShippedRule) -> None:
    check_definition(rule.definition)


def test_there_are_enough_rules_of_every_family() -> None:
    assert len(SHIPPED) >= 35
    assert {rule.code.split("-")[0] for rule in SHIPPED} == FAMILIES


def test_codes_and_titles_are_given_once() -> None:
    assert len({rule.code for rule in SHIPPED}) == len(SHIPPED)
    assert len({rule.title for rule in SHIPPED}) == len(SHIPPED)


def test_every_file_of_a_rule_is_registered() -> None:
    folder = Path(shipped.__file__).parent
    files = {f.stem for f in folder.glob("*.py") if "RULE = ShippedRule(" in f.read_text("utf-8")}
    registered = {module_of(rule).__name__.rpartition(".")[2] for rule in SHIPPED}
    assert files == registered


def module_of(rule: ShippedRule) -> Any:
    """The file the rule was written in."""
    return next(
        module
        for name, module in list(sys.modules.items())
        if name.startswith("monitoring.rules.") and getattr(module, "RULE", None) is rule
    )


@every_rule
def test_rule_is_told_in_its_file(rule: ShippedRule) -> None:
    told = module_of(rule).__doc__
    assert told.startswith(f"{rule.code}: ")
    assert "Source: " in told


@every_rule
def test_rule_names_risk_owner_and_source(rule: ShippedRule) -> None:
    assert rule.risk in RISKS
    assert rule.owner in {short for _, short in DEPARTMENTS.values()}
    assert rule.source
    assert len(rule.title) <= 60


@every_rule
def test_sentence_is_short_and_never_quotes_what_it_does_not_measure(rule: ShippedRule) -> None:
    sentence = rule.definition["sentence"]
    assert len(sentence) <= 62
    assert ("{line}" in sentence or "{line_label}" in sentence) <= ("lines" in rule.definition)
    assert ("{who}" in sentence) <= (rule.definition["level"] == "person")


@every_rule
def test_every_figure_of_a_rule_is_shipped_in_the_unit_it_is_compared_in(
    rule: ShippedRule,
) -> None:
    known = figures()
    for key, unit in threshold_units(rule.definition).items():
        assert key in known
        if unit and key not in BESIDE_ANY:
            assert {figure.unit for figure in known[key]} == {unit}


def test_every_shipped_figure_is_used() -> None:
    used = {key for rule in SHIPPED for key in threshold_units(rule.definition)}
    assert {t.key for rule in SHIPPED for t in rule.thresholds} - used == set()


@pytest.mark.parametrize("key", sorted(figures()))
def test_figure_has_unit_source_and_one_value_on_any_day(key: str) -> None:
    rows = sorted(figures()[key], key=lambda figure: figure.from_on)
    for figure in rows:
        assert figure.unit
        assert figure.source
        assert Decimal(figure.value) == Decimal(figure.value).quantize(Decimal("0.01"))
        assert len(figure.source) <= 300
    for earlier, later in zip(rows, rows[1:], strict=False):
        assert earlier.until_on == later.from_on
    assert rows[0].from_on == shipped.SHIPPED_FROM
    assert rows[-1].until_on is None


def test_line_of_the_year_says_that_guangxis_is_not_known() -> None:
    for figure in figures()["monitoring_line_per_head_year"]:
        assert "待核定" in figure.source
        assert figure.until_on is None or figure.until_on - figure.from_on >= timedelta(days=365)


def test_every_data_set_is_read_by_some_rule() -> None:
    read = {feed for rule in SHIPPED for feed in feeds_read(rule.definition)}
    assert set(FEEDS) - read == set()


def test_only_exclusion_evidence_lowers_or_annotates() -> None:
    softening = {r.code[:3] for r in SHIPPED if parsed(r.definition).effect != "alert"}
    assert softening == {"EXC"}
    assert {parsed(r.definition).effect for r in SHIPPED if r.code[:3] == "EXC"} == {
        "lower",
        "annotate",
    }


def test_red_is_kept_for_life_and_safety() -> None:
    """Source: reference 4.7; MED-01 grades by multiples of its line."""
    red = {
        rule.code
        for rule in SHIPPED
        if any(band["severity"] == 1 for band in rule.definition["bands"])
    }
    assert red == {"MED-01", "EDU-01", "MED-07", "HOU-01", "DIZ-01", "PET-04"}


def test_violence_at_home_never_raises_an_alert() -> None:
    """An alert at the door could endanger her; the women's federation goes itself."""
    for rule in SHIPPED:
        for measure in parsed(rule.definition).from_feeds().values():
            if measure.feed == "women_case":
                kinds = [c.operand for c in measure.where if c.column == "kind"]
                assert kinds
                assert all("rights" not in kind for kind in kinds)
