"""What a move asks of the person who makes it: read, checked, refused with a sentence."""

from collections.abc import Callable, Mapping
from typing import Any

from monitoring.models import Category, EliminationMode, Risk
from yizhou.refusals import Refusal, reason_given

ASK_REASON = "请写明理由，2 到 500 个字，告知农户时要用。"


def _reason(given: Mapping[str, Any]) -> str:
    return reason_given(str(given.get("reason", "")), ask=ASK_REASON, most=500)


def _category(given: Mapping[str, Any]) -> str:
    if (value := given.get("category")) not in Category.values:
        raise Refusal("请选择监测对象类别。", code="category")
    return str(value)


def _risks(given: Mapping[str, Any]) -> list[str]:
    chosen = list(dict.fromkeys(given.get("risks") or []))
    if not 1 <= len(chosen) <= 5 or not set(chosen) <= set(Risk.values):
        raise Refusal("请选择 1 到 5 个风险类型。", code="risks")
    return chosen


def _mode(given: Mapping[str, Any]) -> str:
    if (value := given.get("mode")) not in EliminationMode.values:
        raise Refusal("请选择风险消除方式：帮扶消除或自然消除。", code="mode")
    return str(value)


def _national_number(given: Mapping[str, Any]) -> str:
    """May stay empty: the national system is open for entries at certain times only."""
    number = str(given.get("national_number", "")).strip()
    if number and not (number.isascii() and number.isalnum() and 4 <= len(number) <= 24):
        raise Refusal(
            "全国系统户编号是 4 到 24 位字母或数字；还没有编号可以先空着。", code="number"
        )
    return number


READ: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "reason": _reason,
    "category": _category,
    "risks": _risks,
    "mode": _mode,
    "national_number": _national_number,
}
