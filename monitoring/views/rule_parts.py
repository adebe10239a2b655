"""The editor's form as parts and fields, for one small template that draws any of them."""

from collections.abc import Mapping
from typing import Any

from django.db import models

from grid.departments import DEPARTMENTS
from grid.models import HouseholdKind, Severity
from grid.models.person import Health, Labour, Sex
from monitoring.feeds import FEEDS, Feed
from monitoring.rules.definition import JOINS
from monitoring.rules.language import HOUSEHOLD, PERSON
from monitoring.rules.measures import OF_CHANGE, OF_LATEST
from monitoring.rules.statuses import STATUSES
from monitoring.rules.wording import (
    ACROSS,
    COMPARED,
    DIRECTIONS,
    EFFECTS,
    FACTS,
    INCOMES,
    LEVELS,
    OPS,
)
from monitoring.views.rule_boxes import Box, Options, Part, flat
from monitoring.views.rule_columns import (
    FILLED,
    choices_of,
    columns_of,
    is_a,
    operands_of,
    operators_of,
)
from monitoring.views.rule_form import FROM_FEED, WITH_COLUMN, Raw, names_of, rows, several, text

DEEPEST_GROUP = 4
LOWERABLE = flat({"yes": "降一级", "no": "不降级"})

KINDS: Options = [
    ("数据集里的记录", [(op, OPS[op]) for op in OPS]),
    ("户籍登记", [(f"fact.{name}", label) for name, label in FACTS.items()]),
    ("身份", [("status", "是否某种身份")]),
    ("收入", [(f"income.{name}", label) for name, label in INCOMES.items()]),
    ("由别的测算项算出", [("total", "加减合成"), ("ratio", "两数之比")]),
]


def _by_department() -> Options:
    groups: dict[str, list[tuple[str, str]]] = {}
    for feed in FEEDS.values():
        groups.setdefault(DEPARTMENTS[feed.department][1], []).append((feed.code, feed.title))
    return list(groups.items())


class Desk:
    """Draws the whole form. `figures`: {key: words} of the lines one may choose."""

    def __init__(
        self, raw: Raw, figures: Mapping[str, str], faults: Mapping[str, str], said: Any
    ) -> None:
        self.raw, self.faults, self.said = raw, faults, said
        self.level = text(raw, "level") or HOUSEHOLD
        self.figures = flat({"": "请选择", **{k: f"{v}（{k}）" for k, v in figures.items()}})
        self.names = flat([("", "请选择"), *((n, n) for n in names_of(raw))])

    def parts(self) -> list[Part]:
        return [
            self._subject(),
            self._measures(),
            self._conditions(),
            self._value(),
            self._lines(),
            self._bands(),
            self._telling(),
            self._figures(),
        ]

    def _part(self, path: str, title: str, **more: Any) -> Part:
        return Part(path, title, error=self.faults.get(path, ""), **more)

    # ---- whom it looks at ----

    def _subject(self) -> Part:
        raw = self.raw.get("population") or {}
        boxes = [
            Box("level", "对象", self.level, "select", flat(LEVELS), again=True),
            Box("effect", "作用", text(self.raw, "effect"), "select", flat(EFFECTS)),
            self._several("population.kinds", "户类型（不选为全部）", raw, HouseholdKind.choices),
        ]
        if self.level == PERSON:
            boxes += self._people("population.", raw)
            heads = flat({"": "不限", "true": "是户主", "false": "不是户主"})
            boxes.append(Box("population.head", "户主", text(raw, "head"), "select", heads))
        return self._part("population", "1. 看谁", boxes=boxes)

    def _people(self, prefix: str, raw: Mapping[str, Any]) -> list[Box]:
        sexes = flat([("", "不限"), *Sex.choices])
        return [
            Box(f"{prefix}age_from", "年龄从（周岁）", text(raw, "age_from"), "number"),
            Box(f"{prefix}age_to", "到（周岁）", text(raw, "age_to"), "number"),
            Box(f"{prefix}sex", "性别", text(raw, "sex"), "select", sexes),
            self._several(f"{prefix}labour", "劳动技能（不选为全部）", raw, Labour.choices),
            self._several(f"{prefix}health", "健康状况（不选为全部）", raw, Health.choices),
        ]

    def _several(self, name: str, label: str, raw: Mapping[str, Any], choices: Any) -> Box:
        last = name.rpartition(".")[2]
        return Box(name, label, several(raw, last), "several", flat(choices))

    def _listed(self, name: str, label: str, raw: Mapping[str, Any], choices: Any) -> Box:
        """Values to tick, or one box to write them in where the column has no choices."""
        if choices:
            return self._several(name, label, raw, choices)
        words = "、".join(several(raw, name.rpartition(".")[2]))
        return Box(name, f"{label}，用“、”隔开", words, wide=True)

    # ---- measures ----

    def _measures(self) -> Part:
        parts = [self._measure(n, row) for n, row in enumerate(rows(self.raw, "measures"))]
        return self._part(
            "measures",
            "2. 测算什么",
            parts=parts,
            adds=[("加一个测算项", "add measures")],
            hint="每个测算项是一个数，名称用小写英文，在条件和原因里引用。",
        )

    def _measure(self, place: int, raw: Raw) -> Part:
        path, kind = f"measures.{place}", text(raw, "kind")
        boxes = [
            Box(f"{path}.name", "名称", text(raw, "name"), hint="例如 paid"),
            Box(f"{path}.kind", "算法", kind, "select", KINDS, again=True),
        ]
        part = self._part(path, f"测算项 {text(raw, 'name')}", boxes=boxes, removable=True)
        part.words = self.said(text(raw, "name")) if not part.error else ""
        if kind in FROM_FEED:
            self._from_feed(part, raw, kind)
        else:
            boxes += self._derived(path, raw, kind)
        return part

    def _derived(self, path: str, raw: Raw, kind: str) -> list[Box]:
        if kind == "fact.members":
            return self._people(f"{path}.", raw)
        if kind == "status":
            labels = flat({code: s.label for code, s in STATUSES.items()})
            chosen = Box(f"{path}.status", "身份", text(raw, "status"), "select", labels)
            return [chosen, *self._per(path, raw)]
        if kind.startswith("income."):
            return self._window(path, raw)
        own = [(n, n) for n in names_of(self.raw) if n != text(raw, "name")]
        others = flat([("", "请选择"), *own])
        if kind == "total":
            return [
                self._several(f"{path}.plus", "加", raw, own),
                self._several(f"{path}.minus", "减", raw, own),
                Box(f"{path}.by", "再除以（可不选）", text(raw, "by"), "select", others),
                Box(f"{path}.times", "乘以", text(raw, "times") or "1", "number"),
            ]
        if kind == "ratio":
            return [
                Box(f"{path}.top", "分子", text(raw, "top"), "select", others),
                Box(f"{path}.bottom", "分母", text(raw, "bottom"), "select", others),
            ]
        return []

    def _per(self, path: str, raw: Raw) -> list[Box]:
        if self.level != PERSON:
            return []
        pers = flat({PERSON: "本人", HOUSEHOLD: "全户"})
        value = text(raw, "per") or PERSON
        return [Box(f"{path}.per", "算谁的", value, "select", pers, again=True)]

    def _window(self, path: str, raw: Raw) -> list[Box]:
        return [
            Box(f"{path}.months", "看几个月", text(raw, "months"), "number"),
            Box(f"{path}.ago", "往前推几个月", text(raw, "ago"), "number"),
        ]

    def _from_feed(self, part: Part, raw: Raw, op: str) -> None:
        path, feed = part.path, FEEDS.get(text(raw, "feed"))
        feeds = _by_department()
        part.boxes.append(
            Box(f"{path}.feed", "数据集", text(raw, "feed"), "select", feeds, again=True)
        )
        if op in WITH_COLUMN:
            columns = flat(columns_of(feed, op))
            part.boxes.append(
                Box(f"{path}.column", "列", text(raw, "column"), "select", columns, again=True)
            )
        part.boxes += self._window(path, raw)
        dates = [(n, t) for n, t in columns_of(feed, "any") if is_a(feed, n, models.DateField)]
        if len(dates) > 1 and feed is not None:
            on = text(raw, "on") or feed.valid_on
            part.boxes.append(Box(f"{path}.on", "按哪个日期", on, "select", flat(dates)))
        part.boxes += self._per(path, raw)
        if op in ("latest", "change") and (text(raw, "per") or self.level) == HOUSEHOLD:
            across = text(raw, "across") or "sum"
            part.boxes.append(Box(f"{path}.across", "各人的数取", across, "select", flat(ACROSS)))
        if op == "changed":
            choices = choices_of(feed, text(raw, "column"))
            part.boxes.append(self._listed(f"{path}.was", "由（可不填）", raw, choices))
            part.boxes.append(self._listed(f"{path}.becomes", "变为（可不填）", raw, choices))
        part.parts.append(self._conds(path, "where", "只算符合这些条件的记录", raw, feed))
        if op in OF_LATEST:
            part.parts.append(self._conds(path, "then", "最近一条还须", raw, feed))
        if op not in OF_CHANGE and self.level == HOUSEHOLD:
            people = Part(f"{path}.members", "只算这些家庭成员（不填为全部）")
            people.boxes = self._people(f"{path}.", raw)
            people.folded = not any(box.value for box in people.boxes)
            part.parts.append(people)

    def _conds(self, path: str, name: str, title: str, raw: Raw, feed: Feed | None) -> Part:
        inner = f"{path}.{name}"
        parts = [self._cond(f"{inner}.{n}", row, feed) for n, row in enumerate(rows(raw, name))]
        return self._part(inner, title, parts=parts, adds=[("加一个条件", f"add {inner}")])

    def _cond(self, path: str, raw: Raw, feed: Feed | None) -> Part:
        column, op = text(raw, "column"), text(raw, "op") or "="
        ops = operators_of(feed, column)
        part = Part(path, "条件", removable=True)
        part.boxes = [
            Box(
                f"{path}.column", "列", column, "select", flat(columns_of(feed, "any")), again=True
            ),
            Box(f"{path}.op", "比较", op, "select", flat(ops), again=True),
        ]
        if op in FILLED:
            return part
        choices = choices_of(feed, column)
        if op == "in":
            part.boxes.append(self._listed(f"{path}.among", "其中之一", raw, choices))
            return part
        kinds = operands_of(feed, column)
        kind = text(raw, "with") if text(raw, "with") in dict(kinds) else kinds[0][0]
        if len(kinds) > 1:
            part.boxes.append(Box(f"{path}.with", "和什么比", kind, "select", flat(kinds), True))
        else:
            part.boxes.append(Box(f"{path}.with", "", kind, "hidden"))
        part.boxes.append(self._operand(path, raw, kind, choices, feed))
        return part

    def _operand(self, path: str, raw: Raw, kind: str, choices: Any, feed: Feed | None) -> Box:
        name, value = f"{path}.operand", text(raw, "operand")
        if kind == "value" and choices:
            return Box(name, "值", value, "select", flat(choices))
        if kind == "threshold":
            return Box(name, "标准线", value, "select", self.figures, wide=True)
        if kind == "than":
            return Box(name, "另一列", value, "select", flat(columns_of(feed, "any")))
        labels = {"days": "研判日起第几天（负数为以前）", "year": "距当年几年（负数为以前）"}
        return Box(name, labels.get(kind, "值"), value, "text" if kind == "value" else "number")

    # ---- conditions ----

    def _conditions(self) -> Part:
        raw = self.raw.get("when") or {}
        group = self._group("when", raw if isinstance(raw, dict) else {}, 1)
        group.title, group.removable = "3. 什么情况下触发", False
        group.hint = "没有条件时只看分级。"
        return group

    def _group(self, path: str, raw: Raw, depth: int) -> Part:
        part = self._part(path, "一组条件", removable=True)
        joins = flat({how: f"以下{words}" for how, words in JOINS.items()})
        part.boxes = [Box(f"{path}.how", "怎样才算", text(raw, "how") or "all", "select", joins)]
        for place, row in enumerate(rows(raw, "parts")):
            inner = f"{path}.parts.{place}"
            made = self._group(inner, row, depth + 1) if "how" in row else self._leaf(inner, row)
            part.parts.append(made)
        part.adds = [("加一条比较", f"add {path}.parts")]
        if depth < DEEPEST_GROUP:
            part.adds.append(("加一组条件", f"group {path}.parts"))
        return part

    def _leaf(self, path: str, raw: Raw) -> Part:
        op = text(raw, "op") or ">="
        ops = flat(COMPARED | {"known": "有数", "unknown": "没有数"})
        part = Part(path, "比较", removable=True)
        part.boxes = [
            Box(f"{path}.measure", "测算项", text(raw, "measure"), "select", self.names),
            Box(f"{path}.op", "比较", op, "select", ops, again=True),
        ]
        if op in ("known", "unknown"):
            return part
        kinds = {"number": "一个数", "threshold": "标准线", "than": "另一个测算项"}
        kinds |= {"line": "适用标准线"} if rows(self.raw, "lines") else {}
        kind = text(raw, "with") or "number"
        part.boxes.append(Box(f"{path}.with", "和什么比", kind, "select", flat(kinds), again=True))
        name, value = f"{path}.operand", text(raw, "operand")
        if kind == "number":
            part.boxes.append(Box(name, "数（次数、人数、级别等）", value, "number"))
            return part
        if kind != "line":
            options = self.figures if kind == "threshold" else self.names
            part.boxes.append(Box(name, kinds[kind], value, "select", options, wide=True))
        part.boxes.append(Box(f"{path}.times", "倍数", text(raw, "times") or "1", "number"))
        return part

    # ---- value, lines, bands ----

    def _value(self) -> Part:
        return self._part(
            "value",
            "4. 按哪个数分级",
            boxes=[
                Box("value", "显示和分级的数", text(self.raw, "value"), "select", self.names),
                Box("direction", "方向", text(self.raw, "direction"), "select", flat(DIRECTIONS)),
            ],
        )

    def _lines(self) -> Part:
        given = rows(self.raw, "lines")
        parts = []
        for place, row in enumerate(given):
            path, last = f"lines.{place}", place == len(given) - 1
            part = Part(path, "其他家庭" if last and place else "标准线", removable=True)
            if not last:
                part.title = "这些家庭"
                part.boxes.append(
                    self._several(f"{path}.kinds", "户类型", row, HouseholdKind.choices)
                )
                labels = [(code, s.label) for code, s in STATUSES.items()]
                part.boxes.append(self._several(f"{path}.statuses", "或身份", row, labels))
            part.boxes += [
                Box(f"{path}.threshold", "用哪条标准线", text(row, "threshold"), "select"),
                Box(f"{path}.label", "称呼", text(row, "label"), hint="例如 低收入家庭"),
            ]
            part.boxes[-2].options, part.boxes[-2].wide = self.figures, True
            parts.append(part)
        adds = [("加一类家庭的标准线" if parts else "加标准线", "add lines")]
        return self._part("lines", "5. 标准线", parts=parts, adds=adds)

    def _bands(self) -> Part:
        parts = []
        for place, row in enumerate(rows(self.raw, "bands")):
            path, kind = f"bands.{place}", text(row, "with") or "always"
            kinds = {"times": "达到标准线的几倍", "threshold": "达到一条标准线"}
            kinds |= {"equals": "等于", "always": "其余都是"}
            part = Part(path, f"第 {place + 1} 档", removable=True)
            colours = flat([(str(v), f"{label}色") for v, label in Severity.choices])
            part.boxes = [
                Box(f"{path}.severity", "级别", text(row, "severity"), "select", colours),
                Box(f"{path}.with", "条件", kind, "select", flat(kinds), again=True),
            ]
            name, value = f"{path}.operand", text(row, "operand")
            if kind == "threshold":
                part.boxes.append(Box(name, "标准线", value, "select", self.figures, wide=True))
            elif kind in ("times", "equals"):
                part.boxes.append(Box(name, "倍数" if kind == "times" else "数", value, "number"))
            parts.append(part)
        adds = [("加一档", "add bands")]
        hint = "从上到下，先符合的为准。"
        return self._part("bands", "6. 分级", parts=parts, adds=adds, hint=hint)

    # ---- what people read ----

    def _telling(self) -> Part:
        raw = self.raw
        slots = ["value", "line", "line_label", "who", "people", *names_of(raw)]
        part = self._part("sentence", "7. 原因和时限")
        part.error = next(
            (
                self.faults[n]
                for n in ("sentence", "deadline", "cool_down_days", "regrow_share")
                if n in self.faults
            ),
            "",
        )
        part.hint = (
            "原因里可以写："
            + "、".join("{" + slot + "}" for slot in slots)
            + "。value 测得的数，line 标准线，line_label 标准线的称呼，who 姓名，people 人数。"
        )
        part.boxes = [
            Box("sentence", "原因写法", text(raw, "sentence"), "area"),
            Box("deadline", "核查时限（不选按级别）", text(raw, "deadline"), "select"),
            Box("cool_down_days", "办结后几天内不重复", text(raw, "cool_down_days"), "number"),
            Box(
                "regrow_share", "再变动多少除外（0.2 为两成）", text(raw, "regrow_share"), "number"
            ),
            Box(
                "lowerable",
                "有房产、车辆等旁证时",
                text(raw, "lowerable") or "yes",
                "select",
                LOWERABLE,
            ),
        ]
        part.boxes[1].options, part.boxes[1].wide = self.figures, True
        return part

    def _figures(self) -> Part:
        parts = []
        for place, row in enumerate(rows(self.raw, "figures")):
            path = f"figures.{place}"
            part = self._part(path, f"拟定 {text(row, 'key')}", removable=True)
            part.boxes = [
                Box(f"{path}.key", "名称键", text(row, "key"), hint="小写英文，例如 school_cost"),
                Box(f"{path}.label", "名称", text(row, "label"), wide=True),
                Box(f"{path}.value", "数值", text(row, "value"), "number"),
                Box(f"{path}.unit", "单位", text(row, "unit"), hint="元、天、比例……"),
                Box(
                    f"{path}.source",
                    "依据文件",
                    text(row, "source"),
                    hint="没有的写“待核定”",
                    wide=True,
                ),
                Box(f"{path}.confirmed", "已由文件核定", text(row, "confirmed"), "tick"),
            ]
            parts.append(part)
        return self._part(
            "figures",
            "8. 拟定的标准线",
            parts=parts,
            adds=[("新拟一条标准线", "add figures")],
            hint="发布时从起用日期开始生效，原来的数到那天为止。",
        )
