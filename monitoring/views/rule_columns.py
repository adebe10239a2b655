"""The columns of a data set as the editor offers them: headings, choices, what fits to what."""

from django.db import models

from monitoring.feeds import Feed
from monitoring.rules.measures import UNQUANTIFIED
from monitoring.views.rule_form import COLUMNLESS, field_of

SIGNS = {">=": "≥ 不低于", ">": "> 高于", "<=": "≤ 不高于", "<": "< 低于"}
EQUALS = {"=": "= 是", "<>": "≠ 不是"}
AMONG = {"in": "是其中之一"}
FILLED = {"filled": "已填", "empty": "没有填"}


def is_a(feed: Feed | None, column: str, *kinds: type) -> bool:
    return isinstance(field_of(feed, column), kinds)


def columns_of(feed: Feed | None, op: str) -> list[tuple[str, str]]:
    """Columns an operation may use, with their units."""
    if feed is None:
        return []
    kinds: tuple[type, ...] = (models.Field,)
    if op in ("sum", "max", "min", "change"):
        kinds = (models.DecimalField, models.IntegerField)
    elif op == "latest":
        kinds = (models.DecimalField, models.IntegerField, models.DateField)
    return [
        (c.name, f"{feed.header(c.name)}{f'（{c.unit}）' if c.unit else ''}")
        for c in feed.columns
        if c.name not in COLUMNLESS and is_a(feed, c.name, *kinds)
    ]


def choices_of(feed: Feed | None, column: str) -> list[tuple[str, str]]:
    found = field_of(feed, column)
    return [(str(key), str(label)) for key, label in getattr(found, "flatchoices", None) or ()]


def operators_of(feed: Feed | None, column: str) -> dict[str, str]:
    """Comparisons that make sense for the column."""
    if is_a(feed, column, models.DateField):
        return SIGNS | {"not_before": "没有填或不早于"} | FILLED
    if choices_of(feed, column):
        return EQUALS | AMONG | FILLED
    if is_a(feed, column, models.DecimalField, models.IntegerField):
        return SIGNS | EQUALS | AMONG | FILLED
    return EQUALS | AMONG | FILLED


def operands_of(feed: Feed | None, column: str) -> list[tuple[str, str]]:
    """What the column may be compared with; the first is the usual one."""
    if is_a(feed, column, models.DateField):
        return [("days", "距研判日的天数"), ("than", "另一个日期列")]
    if feed is None or choices_of(feed, column):
        return [("value", "值")]
    if not is_a(feed, column, models.DecimalField, models.IntegerField):
        return [("value", "文字")]
    unit = feed.column(column).unit
    usual = [("threshold", "标准线"), ("value", "0"), ("than", "另一列")]
    if unit in UNQUANTIFIED:
        usual = [("value", "一个数"), *usual[::2]]
    return usual + ([("year", "年份")] if is_a(feed, column, models.IntegerField) else [])
