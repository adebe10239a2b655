"""The rule language: what it refuses, and in which words."""

from copy import deepcopy
from typing import Any

import pytest

from monitoring.rules import SHIPPED
from monitoring.rules.definition import BadRule, check_definition

MEDICAL = next(rule for rule in SHIPPED if rule.code == "MED-01").definition


def changed(**parts: Any) -> dict[str, Any]:
    return deepcopy(dict(MEDICAL)) | parts


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        (changed(feed="weather"), "没有数据集"),
        (changed(level="county"), "level"),
        (changed(window={"months": 0, "on": "settled_on"}), "1 到 120"),
        (changed(window={"months": 12, "on": "hospital"}), "不是日期列"),
        (changed(window={"months": 12, "on": "nothing"}), "没有“nothing”"),
        (changed(measure={"op": "drop table", "column": "self_paid_yuan"}), "measure"),
        (changed(measure={"op": "sum", "column": "hospital"}), "不是数值列"),
        (changed(measure={"op": "latest", "column": "self_paid_yuan"}), "个人"),
        (changed(where=[{"column": "care", "op": "like", "value": "x"}]), "like"),
        (changed(where=[{"column": "care", "op": "=", "value": "mars"}]), "mars"),
        (changed(lines=[]), "标准线"),
        (changed(lines=[{"when": {"kinds": ["ordinary"]}, "threshold": "x"}]), "最后一条"),
        (changed(bands=[]), "bands"),
        (changed(bands=[{"severity": 9, "times": 1}]), "severity"),
        (changed(sentence="{password}"), "password"),
        (changed(sentence=""), "缺少"),
        (changed(cool_down_days=-1), "cool_down_days"),
        (changed(sql="DELETE"), "sql"),
    ],
)
def test_bad_definition_is_refused_in_words(definition: dict[str, Any], words: str) -> None:
    with pytest.raises(BadRule, match=words):
        check_definition(definition)


@pytest.mark.parametrize("rule", SHIPPED, ids=lambda r: r.code)
def test_shipped_definitions_pass(rule) -> None:
    assert check_definition(rule.definition) is None
