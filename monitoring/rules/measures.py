"""Reading the measures of a definition: rows, latest, change, facts, statuses, income, totals."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models

from grid.models.person import Health, Labour, Sex
from monitoring.feeds import FEEDS, Feed
from monitoring.income import INCOME_TERMS
from monitoring.rules.language import (
    HOUSEHOLD,
    PERSON,
    Change,
    Cond,
    Fact,
    Latest,
    Measure,
    Members,
    Ratio,
    Rows,
    Total,
    Window,
)
from monitoring.rules.refusing import BadRule, listed, number, only, whole
from monitoring.rules.statuses import STATUSES

NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
KEY = re.compile(r"[a-z][a-z0-9_]{0,59}")
OF_ROWS = ("sum", "max", "min", "count", "exists", "absent")
OF_LATEST = ("latest", "latest_is")
OF_CHANGE = ("change", "changed")
ACROSS = ("sum", "max", "min")
FACTS = {"age": "岁", "size": "人", "members": "人", "workers": "人"}
WORKING = Members(age=(16, 59), labour=(Labour.SKILLED, Labour.ORDINARY))
UNQUANTIFIED = frozenset({"", "次", "级", "人", "年"})
COLUMN_OPS = ("=", "<>", "in", ">=", "<=", ">", "<")
OPERANDS = ("value", "threshold", "days", "than", "year")


def read_measures(given: Mapping[str, Any], level: str) -> dict[str, Measure]:
    """All measures by name, the hidden ones of macros after them. Raises BadRule."""
    done: dict[str, Measure] = {}
    under_way: list[str] = []

    def read(name: str) -> Measure:
        if name in done:
            return done[name]
        if name in under_way:
            raise BadRule(f"测算项“{'、'.join(under_way)}”互相引用。")
        if name not in given:
            raise BadRule(f"没有测算项“{name}”。")
        under_way.append(name)
        done[name] = _measure(name, given[name], level, read, done)
        under_way.pop()
        return done[name]

    for name in given:
        read(name)
    return done


def _measure(name: str, given: Any, level: str, read: Any, done: dict[str, Measure]) -> Measure:
    if not isinstance(given, Mapping):
        raise BadRule(f"测算项“{name}”应为一组“名称: 值”。")
    if "feed" in given:
        return _from_feed(given, level, name)
    if "fact" in given:
        return _fact(given, level, name)
    if "status" in given:
        only(given, {"status", "per"}, f"测算项“{name}”")
        if given["status"] not in STATUSES:
            raise BadRule(f"没有身份“{given['status']}”。可用：{'、'.join(STATUSES)}。")
        return status(given["status"], _per(given, level, name))
    if "income" in given:
        return _income(name, given, done)
    if "total" in given:
        return _total(name, given, read)
    if "ratio" in given:
        return _ratio(name, given, read)
    raise BadRule(f"测算项“{name}”要写 feed、fact、status、income、total 或 ratio。")


def _per(given: Mapping[str, Any], level: str, name: str) -> str:
    per = given.get("per", level)
    if per not in (HOUSEHOLD, PERSON):
        raise BadRule(f"测算项“{name}”的 per 应为 household（户）或 person（人）。")
    if per == PERSON and level == HOUSEHOLD:
        raise BadRule(f"“户”的规则里，测算项“{name}”不能按人计算。")
    return str(per)


# ---- rows of a feed ----


def _from_feed(given: Mapping[str, Any], level: str, name: str) -> Measure:
    code, op = given.get("feed"), given.get("op")
    feed = FEEDS.get(code) if isinstance(code, str) else None
    if feed is None:
        raise BadRule(f"没有数据集“{code}”。")
    common = {"feed", "op", "where", "window", "per", "members"}
    more = {
        **dict.fromkeys(OF_ROWS, {"column"}),
        "latest": {"column", "then", "across"},
        "latest_is": {"then"},
        "change": {"column", "across"},
        "changed": {"column", "from", "to"},
    }
    if op not in more:
        raise BadRule(f"测算项“{name}”的 op“{op}”不认识。可用：{'、'.join(more)}。")
    only(given, common | more[op], f"测算项“{name}”")
    per = _per(given, level, name)
    window = _window(given.get("window"), feed, name)
    where = _conditions(given.get("where", []), feed, name)
    members = read_members(given.get("members", {}))
    if op in OF_ROWS:
        column = None
        if op in ("sum", "max", "min"):
            column = _numeric(feed, given.get("column"), name)
        elif "column" in given:
            raise BadRule(f"测算项“{name}”只数行，不写 column。")
        return Rows(feed.code, op, column, where, window, per, members)
    across = _across(given, per, name) if op in ("latest", "change") else None
    if op in OF_LATEST:
        then = _conditions(given.get("then", []), feed, name)
        column = _numeric(feed, given.get("column"), name, or_date=True) if op == "latest" else None
        return Latest(feed.code, op, column, where, then, window, per, members, across)
    if window.months is None:
        raise BadRule(f"测算项“{name}”比较前后变化，要写明时间窗。")
    if op == "change":
        column = _numeric(feed, given.get("column"), name)
        return Change(feed.code, op, column, where, window, per, members, across)
    field = _field(feed, given.get("column"))
    values = [
        tuple(_literal(field, v, name) for v in given[part]) if part in given else None
        for part in ("from", "to")
    ]
    return Change(feed.code, op, field.name, where, window, per, members, None, *values)


def _across(given: Mapping[str, Any], per: str, name: str) -> str | None:
    across = given.get("across")
    if per == HOUSEHOLD and across not in ACROSS:
        raise BadRule(f"测算项“{name}”按户取各人的数，要写明 across（sum、max 或 min）。")
    return str(across) if per == HOUSEHOLD else None


def _window(given: Any, feed: Feed, name: str) -> Window:
    if given is None:
        return Window(feed.valid_on)
    only(given, {"months", "on", "ago"}, f"测算项“{name}”的 window（时间窗）")
    months = given.get("months")
    if months is not None and (
        isinstance(months, bool) or not isinstance(months, int) or not 1 <= months <= 120
    ):
        raise BadRule(f"测算项“{name}”的时间窗应为 1 到 120 个月。")
    ago = whole(given.get("ago", 0), 0, 120, "ago")
    on = given.get("on", feed.valid_on)
    field = _field(feed, on)
    if not isinstance(field, models.DateField):
        raise BadRule(f"“{on}”不是日期列。")
    return Window(on, months, ago)


def _field(feed: Feed, column: Any) -> "models.Field[Any, Any]":
    if column not in feed.contract or column in ("id_number", "person_name"):
        raise BadRule(f"数据集“{feed.title}”里没有“{column}”这一列。")
    try:
        return feed.model._meta.get_field(column)  # type: ignore[return-value]
    except FieldDoesNotExist:
        raise BadRule(f"数据集“{feed.title}”里没有“{column}”这一列。") from None


def _numeric(feed: Feed, column: Any, name: str, *, or_date: bool = False) -> str:
    field = _field(feed, column)
    fits = isinstance(field, models.DecimalField | models.IntegerField)
    if not fits and not (or_date and isinstance(field, models.DateField)):
        raise BadRule(f"测算项“{name}”：“{field.verbose_name}”不是数值列。")
    return str(column)


def _conditions(given: Any, feed: Feed, name: str) -> tuple[Cond, ...]:
    if not isinstance(given, list) or len(given) > 12:
        raise BadRule(f"测算项“{name}”的条件应为列表，最多 12 条。")
    return tuple(_condition(part, feed, name) for part in given)


def _condition(given: Any, feed: Feed, name: str) -> Cond:
    only(given, {"column", "op", *OPERANDS}, f"测算项“{name}”的条件")
    column, op = given.get("column"), given.get("op")
    field = _field(feed, column)
    operands = [k for k in OPERANDS if k in given]
    if op not in (*COLUMN_OPS, "not_before", "filled", "empty"):
        raise BadRule(f"不认识的比较“{op}”。可用：{'、'.join(COLUMN_OPS)}、filled、empty。")
    if len(operands) != (op not in ("filled", "empty")):
        raise BadRule(f"“{field.verbose_name}”要和一个值比较，只写一个；filled、empty 不写值。")
    if not operands:
        return Cond(column, op, "none")
    kind, operand = operands[0], given[operands[0]]
    _check_kind(kind, op, field)
    if kind == "value":
        return _literal_cond(field, column, op, operand, feed, name)
    if op == "in":
        raise BadRule("in 后面要写 value 列表。")
    if kind == "threshold":
        if not isinstance(operand, str) or not KEY.fullmatch(operand):
            raise BadRule("threshold 要写标准线的名称键。")
        _numeric(feed, column, name)
    elif kind == "than":
        other = _field(feed, operand)
        if isinstance(other, models.DateField) != isinstance(field, models.DateField):
            raise BadRule(f"“{field.verbose_name}”和“{other.verbose_name}”不能比较。")
        operand = other.name
    else:
        operand = whole(operand, -3650, 3650, kind)
    return Cond(column, op, kind, operand)


def _check_kind(kind: str, op: str, field: Any) -> None:
    """Whether this kind of operand fits the column."""
    is_date = isinstance(field, models.DateField)
    if (kind == "days") != is_date and kind not in ("than", "value"):
        raise BadRule(f"“{field.verbose_name}”的比较写法不对：日期列用 days（距研判日的天数）。")
    if op == "not_before" and kind != "days":
        raise BadRule("not_before（没有填，或不早于）要写 days。")
    if kind == "year" and not isinstance(field, models.IntegerField):
        raise BadRule(f"“{field.verbose_name}”不是年份列。")


def _literal_cond(field: Any, column: str, op: str, operand: Any, feed: Feed, name: str) -> Cond:
    if op == "in":
        if not isinstance(operand, list) or not operand:
            raise BadRule("in 后面要写 value 列表。")
        return Cond(column, op, "values", tuple(_literal(field, v, name) for v in operand))
    value = _literal(field, operand, name)
    unit = feed.column(column).unit
    if not isinstance(value, str | date) and unit not in UNQUANTIFIED and value != 0:
        raise BadRule(
            f"“{field.verbose_name}”的单位是{unit}，不能直接写 {value}。"
            "请用标准线（threshold），以便注明单位和依据。"
        )
    if isinstance(value, str) and op not in ("=", "<>"):
        raise BadRule(f"“{field.verbose_name}”只能用 =、<> 或 in 比较。")
    return Cond(column, op, "value", value)


def _literal(field: Any, value: Any, name: str) -> Any:
    """The value as the column holds it. Raises BadRule when the column can never hold it."""
    if field.choices:
        known = [key for key, _ in field.flatchoices]
        if value not in known:
            raise BadRule(f"“{field.verbose_name}”没有取值“{value}”。")
        return value
    if isinstance(field, models.DateField):
        raise BadRule(f"“{field.verbose_name}”是日期，请用 days（距研判日的天数）。")
    if isinstance(field, models.DecimalField | models.IntegerField):
        return number(value, str(field.verbose_name))
    if not isinstance(value, str):
        raise BadRule(f"测算项“{name}”：“{field.verbose_name}”应写文字。")
    return value


# ---- people ----


def read_members(given: Any, *, head: bool = False) -> Members:
    """Which people count. Raises BadRule."""
    known = {"age", "sex", "labour", "health"} | ({"head"} if head else set())
    only(given, known, "人员条件")
    age = given.get("age")
    if age is not None:
        if not isinstance(age, list) or len(age) != 2:
            raise BadRule("age（年龄）应为 [最小, 最大]。")
        age = (whole(age[0], 0, 150, "age"), whole(age[1], 0, 150, "age"))
        if age[0] > age[1]:
            raise BadRule("age（年龄）的最小不能大于最大。")
    if "sex" in given and given["sex"] not in Sex.values:
        raise BadRule("sex（性别）应为 M 或 F。")
    if "head" in given and not isinstance(given["head"], bool):
        raise BadRule("head（户主）应为 true 或 false。")
    return Members(
        age,
        given.get("sex"),
        listed(given["labour"], Labour.values, "劳动技能") if "labour" in given else None,
        listed(given["health"], Health.values, "健康状况") if "health" in given else None,
        given.get("head"),
    )


def _fact(given: Mapping[str, Any], level: str, name: str) -> Fact:
    fact = given["fact"]
    if fact not in FACTS:
        raise BadRule(f"没有登记情况“{fact}”。可用：{'、'.join(FACTS)}。")
    only(given, {"fact", "members", "per"}, f"测算项“{name}”")
    if "members" in given and fact != "members":
        raise BadRule("只有 members（人数）可以带人员条件。")
    if fact == "age":
        if _per({"per": given.get("per", level)}, level, name) != PERSON:
            raise BadRule("age（年龄）只能用于“人”的规则。")
        return Fact("age", PERSON)
    if given.get("per", HOUSEHOLD) != HOUSEHOLD:
        raise BadRule(f"{fact} 是一户的情况，per 应为 household。")
    if fact == "workers":
        return Fact("members", HOUSEHOLD, WORKING)
    return Fact("members", HOUSEHOLD, read_members(given.get("members", {})))


# ---- macros and derived measures ----


def status(name: str, per: str) -> Measure:
    """The measure behind a status: 1 or 0 (a household: 1 or more when a member has it)."""
    found = STATUSES[name]
    if found.measure is None:
        return Fact("kind_is", per, kinds=found.kinds)
    measure = _from_feed(found.measure | {"per": per}, per, name)
    if isinstance(measure, Latest) and per == HOUSEHOLD:
        return replace(measure, across="max")  # any member, not how many
    return measure


def hidden_status(name: str, per: str, measures: dict[str, Measure]) -> str:
    """Add the status as a hidden measure; its name."""
    hidden = f"status.{name}"
    measures[hidden] = status(name, per)
    return hidden


def _income(name: str, given: Mapping[str, Any], done: dict[str, Measure]) -> Total:
    only(given, {"income", "window"}, f"测算项“{name}”")
    if given["income"] not in ("net", "reference"):
        raise BadRule("income（收入）应为 net（纯收入）或 reference（收入参考）。")
    window: Mapping[str, Any] = given.get("window") or {}
    only(window, {"months", "ago"}, f"测算项“{name}”的 window（时间窗）")
    months = whole(window.get("months"), 1, 120, "months")
    plus: list[str] = []
    minus: list[str] = []
    for term in INCOME_TERMS:
        if term.part != "net" and given["income"] == "net":
            continue
        summed = term.measure["op"] != "latest"
        spoken = dict(window) if summed else {"ago": window.get("ago", 0)}
        inner = f"{name}.{term.code}.rows"
        done[inner] = _from_feed(
            term.measure | {"window": spoken, "per": HOUSEHOLD}, HOUSEHOLD, name
        )
        outer = f"{name}.{term.code}"
        times = term.times * (Decimal(12) / months if summed else 1)
        done[outer] = Total((inner,), (), None, times, HOUSEHOLD)
        (plus if term.sign > 0 else minus).append(outer)
    done[f"{name}.size"] = Fact("members", HOUSEHOLD)
    return Total(tuple(plus), tuple(minus), f"{name}.size", Decimal(1), HOUSEHOLD)


def _finest(parts: list[Measure]) -> str:
    return PERSON if any(part.per == PERSON for part in parts) else HOUSEHOLD


def _total(name: str, given: Mapping[str, Any], read: Any) -> Total:
    only(given, {"total", "by", "times"}, f"测算项“{name}”")
    only(given["total"], {"plus", "minus"}, f"测算项“{name}”的 total")
    plus, minus = given["total"].get("plus", []), given["total"].get("minus", [])
    if not isinstance(plus, list) or not isinstance(minus, list) or not plus + minus:
        raise BadRule(f"测算项“{name}”的 total 要写 plus、minus 列表。")
    by = given.get("by")
    parts = [read(str(part)) for part in [*plus, *minus, *([by] if by else [])]]
    return Total(
        tuple(map(str, plus)),
        tuple(map(str, minus)),
        by,
        number(given.get("times", 1), "times"),
        _finest(parts),
    )


def _ratio(name: str, given: Mapping[str, Any], read: Any) -> Ratio:
    only(given, {"ratio"}, f"测算项“{name}”")
    pair = given["ratio"]
    if not isinstance(pair, list) or len(pair) != 2:
        raise BadRule(f"测算项“{name}”的 ratio 应为 [分子, 分母]。")
    return Ratio(str(pair[0]), str(pair[1]), _finest([read(str(part)) for part in pair]))


def unit(measures: Mapping[str, Measure], name: str) -> str:
    """The unit of a measure's value."""
    measure = measures[name]
    match measure:
        case Rows(op="count"):
            return "次"
        case Rows(op="exists" | "absent") | Latest(op="latest_is") | Change(op="changed"):
            return ""
        case Rows() | Latest() | Change():
            column = str(measure.column)
            if isinstance(FEEDS[measure.feed].model._meta.get_field(column), models.DateField):
                return "天"
            return FEEDS[measure.feed].column(column).unit
        case Fact():
            return FACTS.get(measure.name, "")
        case Ratio():
            return "倍"
        case Total():
            inner = unit(measures, (measure.plus or measure.minus)[0])
            return f"{inner}/人" if measure.by and unit(measures, measure.by) == "人" else inner
