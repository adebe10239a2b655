"""Rules in words: every part of the language has a sentence, and a difference is said in them."""

from copy import deepcopy
from typing import Any

import pytest

from monitoring.rules import SHIPPED
from monitoring.rules.definition import check_definition
from monitoring.rules.wording import (
    Change,
    diff,
    figure_words,
    filled,
    measure_in_words,
    phrases,
    summary,
)
from monitoring.rules.words import amount

MEDICAL = next(rule for rule in SHIPPED if rule.code == "MED-01").definition
SCHOOL = {"feed": "school_status", "op": "latest_is", "window": {"months": 12}}


def rule(**parts: Any) -> dict[str, Any]:
    return deepcopy(dict(MEDICAL)) | parts


def measured(measure: dict[str, Any], level: str = "household") -> str:
    """The words of one measure; the rule around it is right, so the check agrees first."""
    definition = {
        "level": level,
        "effect": "annotate",
        "measures": {"m": measure, "other": {"fact": "size"}},
        "value": "m",
        "bands": [{"severity": 4}],
        "sentence": "逐项检查",
        "cool_down_days": 0,
        "regrow_share": 0,
    }
    check_definition(definition)
    return measure_in_words(definition, "m")


def conditioned(when: dict[str, Any], **parts: Any) -> list[str]:
    definition = rule(when=when, **parts)
    check_definition(definition)
    return [p.text for p in phrases(definition) if p.path.startswith("when")]


@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda r: r.code)
def test_every_shipped_rule_has_words_without_holes(shipped) -> None:
    figures = {
        t.key: {"label": t.label, "value": t.value, "unit": t.unit} for t in shipped.thresholds
    }
    said = phrases(shipped.definition, figure_words(figures))
    assert all(p.text and p.title for p in said)
    texts = "".join(p.text for p in said if p.path != "sentence")
    assert not any(word in texts for word in ("None", "{", "True", "household", "person"))
    assert summary(shipped.definition)


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        (
            {"feed": "medical_settlement", "op": "count", "window": {"months": 6, "ago": 3}},
            "全户在“医疗费用结算”里3 个月前的 6 个月记录的条数",
        ),
        (
            {
                "feed": "medical_settlement",
                "op": "sum",
                "column": "self_paid_yuan",
                "where": [{"column": "care", "op": "in", "value": ["inpatient", "chronic"]}],
                "members": {"age": [60, 150], "sex": "F"},
            },
            "全户（只算60 周岁以上、女的人）在“医疗费用结算”里“个人自付”合计，"
            "只算“就诊类别”为住院或门诊慢特病",
        ),
        (
            {
                "feed": "disability_certificate",
                "op": "latest",
                "column": "valid_until_on",
                "then": [{"column": "valid_until_on", "op": "<=", "days": 30}],
                "across": "max",
            },
            "全户在“残疾人证”里最近一条的“有效期至”距研判日的天数，"
            "这一条须“有效期至”不晚于研判日后 30 天，各人的数取最大",
        ),
        ({"status": "dibao"}, "全户是否低保"),
        ({"fact": "members", "members": {"age": [0, 15]}}, "符合条件的人数（0 至 15 周岁的人）"),
        ({"income": "net", "window": {"months": 12}}, "近 12 个月的人均纯收入（部门可见部分）"),
        (
            {"total": {"plus": ["other"]}, "by": "other", "times": 2},
            "（家庭人口（other））除以 家庭人口（other），乘以 2",
        ),
        ({"ratio": ["other", "other"]}, "家庭人口（other） 除以 家庭人口（other）"),
    ],
)
def test_a_measure_in_words(measure: dict[str, Any], words: str) -> None:
    assert measured(measure) == words


@pytest.mark.parametrize(
    ("cond", "words"),
    [
        ({"column": "disease", "op": "filled"}, "“主要诊断”已填"),
        ({"column": "disease", "op": "<>", "value": "感冒"}, "“主要诊断”不为“感冒”"),
        ({"column": "settled_on", "op": ">=", "days": 0}, "“结算日期”不早于研判日"),
        ({"column": "settled_on", "op": "not_before", "days": -5}, "没有填或不早于研判日前 5 天"),
        ({"column": "total_yuan", "op": ">", "threshold": "x"}, "“总费用”高于【x】"),
        ({"column": "total_yuan", "op": ">", "than": "self_paid_yuan"}, "高于“个人自付”"),
        ({"column": "total_yuan", "op": ">", "value": 0}, "“总费用”高于 0"),
    ],
)
def test_a_condition_on_a_row_in_words(cond: dict[str, Any], words: str) -> None:
    assert words in measured({"feed": "medical_settlement", "op": "count", "where": [cond]})


def test_yes_and_no_measures_read_as_yes_and_no() -> None:
    measures = MEDICAL["measures"] | {"dibao": {"status": "dibao"}}
    when = {
        "all": [
            {"measure": "dibao", "op": "=", "number": 0},
            {"measure": "dibao", "op": ">=", "number": 1},
            {"measure": "dibao", "op": ">=", "number": 2},
        ]
    }
    assert conditioned(when, measures=measures) == [
        "以下全部满足：",
        "不属于低保（dibao）",
        "属于低保（dibao）",
        "低保（dibao）不低于 2",
    ]


def test_groups_inside_groups_stand_in_brackets() -> None:
    leaf = {"measure": "paid", "op": ">", "line": True, "times": 2}
    other = {"measure": "paid", "op": "known"}
    said = conditioned({"any": [leaf, {"all": [leaf, {"none": [other]}]}]})
    name = "“医疗费用结算”“个人自付”合计（paid）"
    assert said == [
        "以下任一满足：",
        f"{name}高于适用标准线的 2 倍",
        f"（{name}高于适用标准线的 2 倍，并且没有这种情况：{name}有数）",
    ]


# ---- differences ----


def test_equal_rules_do_not_differ() -> None:
    assert diff(MEDICAL, rule()) == []


def test_a_longer_window_is_said() -> None:
    measures = deepcopy(MEDICAL["measures"])
    measures["paid"]["window"]["months"] = 24
    (change,) = diff(MEDICAL, rule(measures=measures))
    assert change.path == "measures.paid"
    assert ("近 12 个月" in change.before, "近 24 个月" in change.after) == (True, True)


def test_a_new_figure_is_said_where_it_is_used() -> None:
    key = "medical_self_paid_ordinary"
    old, new = (figure_words({key: {"label": "线", "value": v, "unit": "元"}}) for v in (1, 2))
    changes = diff(MEDICAL, MEDICAL, old_figures=old, new_figures=new)
    assert [(c.title, "【线 1 元】" in c.before, "【线 2 元】" in c.after) for c in changes] == [
        ("标准线", True, True)
    ]


def test_a_part_put_in_front_does_not_make_the_rest_new() -> None:
    bands = [{"severity": 1, "times": 5}, *MEDICAL["bands"]]
    assert diff(MEDICAL, rule(bands=bands)) == [
        Change("bands.0", "分级", "", "达到标准线的 5 倍：红色")
    ]


def test_a_part_taken_out_is_said() -> None:
    changes = diff(MEDICAL, rule(bands=MEDICAL["bands"][1:]))
    assert [(c.before, c.after) for c in changes] == [("达到标准线的 3 倍：红色", "")]


def test_a_measure_taken_out_is_said() -> None:
    more = rule(measures=MEDICAL["measures"] | {"size": {"fact": "size"}})
    (change,) = diff(more, MEDICAL)
    assert (change.title, change.before, change.after) == ("测算项 size", "家庭人口", "")


# ---- small words ----


@pytest.mark.parametrize(
    ("value", "text"),
    [(12345.6, "12,345.6"), ("10000.00", "10,000"), (0, "0"), (None, "不详"), ("-0.00", "0")],
)
def test_amounts(value: Any, text: str) -> None:
    assert amount(value) == text


def test_slots_are_filled_and_strange_ones_stay() -> None:
    assert filled("{value} 元，{other}", {"value": "9"}) == "9 元，{other}"
