"""Refusing a definition with a sentence, and the small checks every part of it needs."""

from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from yizhou.refusals import Refusal

LARGEST = Decimal(10) ** 12


class BadRule(Refusal):
    """The definition says something the engine does not know."""

    def __init__(self, sentence: str) -> None:
        super().__init__(f"规则写法有误：{sentence}", code="bad_rule")


def only(given: Any, known: Collection[str], where: str) -> None:
    if not isinstance(given, Mapping):
        raise BadRule(f"{where}应为一组“名称: 值”。")
    if unknown := sorted(str(name) for name in given if name not in known):
        raise BadRule(f"{where}里不认识“{'、'.join(unknown)}”。")


def number(given: Any, where: str) -> Decimal:
    """A finite number, written as a JSON number or as its text."""
    if isinstance(given, bool) or not isinstance(given, int | float | str | Decimal):
        raise BadRule(f"{where} 应为一个数。")
    try:
        value = Decimal(str(given))
    except InvalidOperation:
        raise BadRule(f"{where} 应为一个数，不是“{str(given)[:20]}”。") from None
    if not value.is_finite() or abs(value) >= LARGEST:
        raise BadRule(f"{where} 的数太大或不是数。")
    return value


def whole(given: Any, least: int, most: int, where: str) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not least <= given <= most:
        raise BadRule(f"{where} 应为 {least} 到 {most} 的整数。")
    return given


def listed(given: Any, known: Collection[Any], what: str) -> tuple[str, ...]:
    """A list of known values, without repetition."""
    if not isinstance(given, list) or not given:
        raise BadRule(f"{what}应为不空的列表。")
    for value in given:
        if isinstance(value, list | dict) or value not in known:
            raise BadRule(f"没有{what}“{value}”。")
    return tuple(dict.fromkeys(str(value) for value in given))
