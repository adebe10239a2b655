"""Small Chinese words for parts of a definition: people, windows, days, choices, amounts."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import models

from grid.models.person import Health, Labour, Sex
from monitoring.feeds import Feed


def amount(value: Decimal | float | int | str | None) -> str:
    """12345.60 -> 12,345.6; a whole number without its .00; nothing as 不详."""
    if value is None or value == "":
        return "不详"
    text = f"{Decimal(str(value)):,.4f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def people(given: Mapping[str, Any]) -> str:
    """Which people: 16 至 59 周岁、女、劳动技能为普通劳动力的人."""
    parts = []
    if "age" in given:
        low, high = given["age"]
        parts.append(f"{low} 至 {high} 周岁" if high < 120 else f"{low} 周岁以上")
    if given.get("sex"):
        parts.append(str(Sex(given["sex"]).label))
    if given.get("labour"):
        parts.append(either([str(Labour(v).label) for v in given["labour"]]))
    if given.get("health"):
        parts.append(either([str(Health(v).label) for v in given["health"]]))
    if "head" in given:
        parts.append("户主" if given["head"] else "非户主")
    return "、".join(parts) + "的人" if parts else ""


def window(window: Mapping[str, Any], feed: Feed | None) -> str:
    ago, months = window.get("ago", 0), window.get("months")
    if months is None:
        text = f"到 {ago} 个月前为止" if ago else ""
    else:
        text = f"{ago} 个月前的 {months} 个月" if ago else f"近 {months} 个月"
    on = window.get("on")
    if feed is not None and on and on != feed.valid_on:
        text += f"（按{feed.header(on)}）"
    return text


def from_to(given: Mapping[str, Any], feed: Feed) -> str:
    text = ""
    for part, word in (("from", "由"), ("to", "变为")):
        if part in given:
            values = [choice(feed, given["column"], v) for v in given[part]]
            text += f"{word}{either(values)}"
    return f"（{text}）" if text else ""


def choice(feed: Feed, column: str, value: Any) -> str:
    """A literal as the column's choices name it."""
    field: Any = feed.model._meta.get_field(column)
    labels = {str(key): str(label) for key, label in field.flatchoices or ()}
    if str(value) in labels:
        return labels[str(value)]
    return f"“{value}”" if isinstance(value, str) else f" {amount(value)}"


def either(words: Sequence[str]) -> str:
    return "或".join(word.strip() for word in words)


def day(days: int) -> str:
    if not days:
        return "研判日"
    return f"研判日后 {days} 天" if days > 0 else f"研判日前 {-days} 天"


def year(years: int) -> str:
    if not years:
        return "当年"
    return f"当年的{'后' if years > 0 else '前'} {abs(years)} 年"


def is_date(feed: Feed, column: str) -> bool:
    """A date column is measured as days up to the day of screening."""
    return isinstance(feed.model._meta.get_field(column), models.DateField)
