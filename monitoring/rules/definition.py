"""The rule language: what a rule's definition may say, and the one check of it.

A definition is data (JSON). It names a feed, a window on one of its dates, filters, a measure, the
line it is compared with, severity bands, and one sentence. Nothing in it is executed; every name
is looked up in the feed's own model. monitoring/engine.py compiles it.
"""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models

from grid.models import HouseholdKind, Severity
from monitoring.feeds import FEEDS
from yizhou.refusals import Refusal

LEVELS = ("household", "person")
MEASURES = ("sum", "count", "max", "latest")
OPERATORS = ("=", "<>", "in", ">=", "<=")
SLOTS = frozenset({"value", "line", "line_label", "who", "people"})
KNOWN = frozenset(
    {
        "feed",
        "level",
        "age",
        "window",
        "where",
        "measure",
        "after",
        "absent_before",
        "lines",
        "bands",
        "sentence",
        "cool_down_days",
        "regrow_share",
    }
)


class BadRule(Refusal):
    """The definition says something the engine does not know."""

    def __init__(self, sentence: str) -> None:
        super().__init__(f"规则写法有误：{sentence}", code="bad_rule")


def check_definition(definition: Mapping[str, Any]) -> None:
    """Raise BadRule with a sentence that names the part that is wrong."""
    if unknown := set(definition) - KNOWN:
        raise BadRule(f"不认识的部分 {'、'.join(sorted(unknown))}。")
    feed = FEEDS.get(definition.get("feed", ""))
    if feed is None:
        raise BadRule(f"没有数据集“{definition.get('feed')}”。")
    if definition.get("level") not in LEVELS:
        raise BadRule("level 应为 household 或 person。")
    _check_age(definition.get("age"))
    _check_window(definition.get("window"), feed.model)
    _check_measure(definition, feed.model)
    for part in ("where", "after"):
        _check_conditions(definition.get(part, []), feed.model)
    if before := definition.get("absent_before"):
        _check_conditions(before, feed.model)
    _check_lines(definition.get("lines", []))
    _check_bands(definition.get("bands"), has_line=bool(definition.get("lines")))
    _check_sentence(definition.get("sentence", ""))
    for name in ("cool_down_days", "regrow_share"):
        value = definition.get(name)
        if not isinstance(value, int | float) or value < 0:
            raise BadRule(f"{name} 应为不小于 0 的数。")


def _field(model: type[models.Model], name: Any) -> "models.Field[Any, Any]":
    try:
        return model._meta.get_field(name)  # type: ignore[return-value]
    except FieldDoesNotExist:
        raise BadRule(f"数据集里没有“{name}”这一列。") from None


def _check_age(age: Any) -> None:
    if age is None:
        return
    if not (isinstance(age, list) and len(age) == 2 and 0 <= age[0] <= age[1] <= 150):
        raise BadRule("age 应为 [最小, 最大]。")


def _check_window(window: Any, model: type[models.Model]) -> None:
    if not isinstance(window, Mapping) or not isinstance(window.get("months"), int):
        raise BadRule("window 要写明 months（月数）和 on（日期列）。")
    if not 1 <= window["months"] <= 120:
        raise BadRule("时间窗应为 1 到 120 个月。")
    if not isinstance(_field(model, window.get("on")), models.DateField):
        raise BadRule(f"“{window.get('on')}”不是日期列。")


def _check_measure(definition: Mapping[str, Any], model: type[models.Model]) -> None:
    measure = definition.get("measure")
    if not isinstance(measure, Mapping) or measure.get("op") not in MEASURES:
        raise BadRule("measure.op 应为 sum、count、max 或 latest。")
    if measure["op"] == "latest" and definition["level"] != "person":
        raise BadRule("latest 只能用于个人。")
    if measure["op"] != "count":
        numeric = (models.DecimalField, models.IntegerField)
        if not isinstance(_field(model, measure.get("column")), numeric):
            raise BadRule(f"“{measure.get('column')}”不是数值列。")
    if definition.get("after") and measure["op"] != "latest":
        raise BadRule("after 只能和 latest 一起用。")


def _check_conditions(conditions: Any, model: type[models.Model]) -> None:
    if not isinstance(conditions, list):
        raise BadRule("条件应为列表。")
    for condition in conditions:
        field = _field(model, condition.get("column"))
        if condition.get("op") not in OPERATORS:
            raise BadRule(f"不认识的比较“{condition.get('op')}”。")
        values = condition["value"] if condition["op"] == "in" else [condition["value"]]
        choices = dict(field.flatchoices) if field.choices else None
        for value in values:
            if choices is not None and value not in choices:
                raise BadRule(f"“{field.verbose_name}”没有取值“{value}”。")


def _check_lines(lines: Any) -> None:
    for number, line in enumerate(lines, start=1):
        if not line.get("threshold"):
            raise BadRule("每条 lines 都要写明 threshold。")
        when = line.get("when")
        if when is None and number != len(lines):
            raise BadRule("没有条件的标准线只能放在最后。")
        if when is not None and number == len(lines):
            raise BadRule("最后一条标准线不能带条件，否则有的家庭没有标准。")
        for kind in (when or {}).get("kinds", []):
            if kind not in HouseholdKind.values:
                raise BadRule(f"没有户类型“{kind}”。")
        if receives := (when or {}).get("receives"):
            feed = FEEDS.get(receives.get("feed", ""))
            if feed is None:
                raise BadRule(f"没有数据集“{receives.get('feed')}”。")
            _check_window(receives, feed.model)


def _check_bands(bands: Any, *, has_line: bool) -> None:
    if not isinstance(bands, list) or not bands:
        raise BadRule("bands 至少要有一档。")
    for band in bands:
        if band.get("severity") not in Severity.values:
            raise BadRule("severity 应为 1（红）到 4（蓝）。")
        if "times" in band and not has_line:
            raise BadRule("用倍数分档时必须有标准线。")


def _check_sentence(sentence: str) -> None:
    if not sentence:
        raise BadRule("缺少一句话原因。")
    for slot in sentence.split("{")[1:]:
        name, closed, _ = slot.partition("}")
        if not closed or name not in SLOTS:
            raise BadRule(f"原因里不认识“{{{name}}}”。")


def threshold_keys(definition: Mapping[str, Any]) -> set[str]:
    """Every threshold the definition compares with."""
    keys = {line["threshold"] for line in definition.get("lines", [])}
    return keys | {band["at_least"] for band in definition["bands"] if "at_least" in band}
