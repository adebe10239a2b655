"""A definition as Chinese sentences, and the difference of two of them in the same words.

The desk, the rule pages and explanations all speak through `phrases`. `figures` maps the key of a
threshold to its words (医疗自付监测线 10,000 元); a key without words is shown as it is.
Definitions are taken as checked (monitoring/rules/definition.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from typing import Any

from grid.models import HouseholdKind, Severity
from monitoring.feeds import FEEDS, Feed
from monitoring.rules.language import HOUSEHOLD
from monitoring.rules.statuses import STATUSES
from monitoring.rules.words import (
    amount,
    choice,
    day,
    either,
    from_to,
    is_date,
    people,
    window,
    year,
)

EFFECTS = {
    "alert": "预警，派人核查",
    "lower": "该户其他预警降一级，注明原因",
    "annotate": "只注明，不改级别",
}
LEVELS = {"household": "按户", "person": "按人"}
DIRECTIONS = {"up": "越高越重", "down": "越低越重"}
OPS = {
    "sum": "合计",
    "max": "最大值",
    "min": "最小值",
    "count": "记录数",
    "exists": "有没有记录",
    "absent": "没有记录",
    "latest": "最近一条的数",
    "latest_is": "最近一条是否符合",
    "change": "前后相差",
    "changed": "前后是否变化",
}
FACTS = {
    "age": "年龄",
    "size": "家庭人口",
    "members": "符合条件的人数",
    "workers": "劳动力人数",
}
INCOMES = {"net": "人均纯收入（部门可见部分）", "reference": "人均收入参考（部门可见部分）"}
ACROSS = {"sum": "合计", "max": "最大", "min": "最小"}
COMPARED = {
    ">=": "不低于",
    ">": "高于",
    "<=": "不高于",
    "<": "低于",
    "=": "等于",
    "<>": "不等于",
}
JOINS = {"all": "以下全部满足", "any": "以下任一满足", "none": "以下都不满足"}
YES = {(">=", 1), (">", 0), ("=", 1), ("<>", 0)}
NO = {("=", 0), ("<", 1), ("<=", 0)}

Figures = Mapping[str, str]
NO_FIGURES: Figures = {}


@dataclass(frozen=True, slots=True)
class Phrase:
    """One part of a rule: where it stands, what it is called, what it says."""

    path: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """A part that differs; `before` or `after` is empty where the part is not."""

    path: str
    title: str
    before: str
    after: str


def phrases(definition: Mapping[str, Any], figures: Figures = NO_FIGURES) -> list[Phrase]:
    """The whole rule, part by part."""
    said = _Said(definition, figures)
    found = [Phrase("population", "对象", said.population())]
    found.append(Phrase("effect", "作用", EFFECTS[definition.get("effect", "alert")]))
    found += [
        Phrase(f"measures.{name}", f"测算项 {name}", said.measure(name))
        for name in sorted(definition["measures"])
    ]
    found += said.conditions()
    found.append(Phrase("value", "看的数", said.value()))
    found += said.lines()
    found += said.bands()
    found.append(Phrase("deadline", "核查时限", said.deadline()))
    found.append(Phrase("sentence", "原因写法", definition["sentence"]))
    found.append(Phrase("cool_down", "再次预警", said.cool_down()))
    if not definition.get("lowerable", True):
        found.append(Phrase("lowerable", "旁证", "有房产、车辆等旁证也不降级"))
    return found


def summary(definition: Mapping[str, Any]) -> str:
    """One line: whom the rule looks at, and at which data."""
    feeds = dict.fromkeys(
        FEEDS[m["feed"]].title for m in definition["measures"].values() if "feed" in m
    )
    said = _Said(definition, NO_FIGURES)
    value = definition["measures"][definition["value"]]
    own = "feed" in value  # its name says the data set
    seen = f"，用“{'”“'.join(feeds)}”" if feeds and not (own and len(feeds) == 1) else ""
    return f"{said.population()}{seen}，看{said.bare(definition['value'])}"


def diff(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    old_figures: Figures = NO_FIGURES,
    new_figures: Figures = NO_FIGURES,
) -> list[Change]:
    """What changed, part by part, in the order of the new wording; parts removed come last."""
    before, after = _grouped(phrases(old, old_figures)), _grouped(phrases(new, new_figures))
    changes = []
    for group in [*after, *(g for g in before if g not in after)]:
        changes += _compared(before.get(group, []), after.get(group, []))
    return changes


def filled(sentence: str, slots: Mapping[str, str]) -> str:
    """The sentence with its slots filled; an unknown slot stays."""
    for name, text in slots.items():
        sentence = sentence.replace("{" + name + "}", text)
    return sentence


def figure_words(figures: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Words of thresholds given as {key: {label, value, unit}}."""
    return {k: f"{f['label']} {amount(f['value'])} {f['unit']}" for k, f in figures.items()}


def measure_in_words(
    definition: Mapping[str, Any], name: str, figures: Figures = NO_FIGURES
) -> str:
    """What one measure is: 全户在“医疗费用结算”里近 12 个月“个人自付”合计."""
    return _Said(definition, figures).measure(name)


def measure_name(definition: Mapping[str, Any], name: str) -> str:
    """What a condition calls a measure: “医疗费用结算”“个人自付”合计."""
    return _Said(definition, NO_FIGURES).bare(name)


# ---- parts ----


class _Said:
    """The words of one definition."""

    def __init__(self, definition: Mapping[str, Any], figures: Figures) -> None:
        self.definition, self.figures = definition, figures
        self.measures: Mapping[str, Any] = definition["measures"]

    def population(self) -> str:
        given = self.definition.get("population", {})
        kinds = "、".join(HouseholdKind(k).label for k in given.get("kinds", ())) or "所有农户"
        if self.definition["level"] == HOUSEHOLD:
            return f"按户看：{kinds}"
        who = people(given)
        return f"按人看：{kinds}中 {who}" if who else f"按人看：{kinds}的每个人"

    def measure(self, name: str) -> str:
        given = self.measures[name]
        if "feed" in given:
            return self._from_feed(given)
        if "fact" in given:
            who = people(given.get("members", {}))
            return f"{FACTS[given['fact']]}{f'（{who}）' if who else ''}"
        if "status" in given:
            return f"{self._whose(given)}是否{STATUSES[given['status']].label}"
        if "income" in given:
            return f"{window(given['window'], None)}的{INCOMES[given['income']]}"
        if "total" in given:
            return self._total(given)
        top, bottom = given["ratio"]
        return f"{self.short(top)} 除以 {self.short(bottom)}"

    def short(self, name: str) -> str:
        return f"{self.bare(name)}（{name}）"

    def bare(self, name: str) -> str:
        """What a condition calls the measure."""
        given = self.measures.get(name, {})
        if "feed" in given:
            feed = FEEDS[given["feed"]]
            column = f"“{feed.header(given['column'])}”" if "column" in given else ""
            days = _as_days(given, feed)
            return f"“{feed.title}”{column}{days or OPS[given['op']]}"
        if "fact" in given:
            return FACTS[given["fact"]]
        if "status" in given:
            return STATUSES[given["status"]].label
        if "income" in given:
            return INCOMES[given["income"]]
        if "total" in given:
            return "合成数"
        return "比值" if "ratio" in given else ""

    def _total(self, given: Mapping[str, Any]) -> str:
        text = " + ".join(self.short(n) for n in sorted(given["total"].get("plus", ())))
        for name in sorted(given["total"].get("minus", ())):
            text += f" − {self.short(name)}"
        if given.get("by"):
            text = f"（{text}）除以 {self.short(given['by'])}"
        times = given.get("times", 1)
        return text.strip() + (f"，乘以 {amount(times)}" if Decimal(str(times)) != 1 else "")

    def _whose(self, given: Mapping[str, Any]) -> str:
        per = given.get("per", self.definition["level"])
        who = people(given.get("members", {}))
        if per == HOUSEHOLD:
            return f"全户（只算{who}）" if who else "全户"
        return f"本人（{who}）" if who else "本人"

    def _from_feed(self, given: Mapping[str, Any]) -> str:
        feed, op = FEEDS[given["feed"]], given["op"]
        alone = given.get("per", self.definition["level"]) != HOUSEHOLD
        span = window(given.get("window", {}), feed)
        column = f"“{feed.header(given['column'])}”" if "column" in given else ""
        where = self._rows(given.get("where", ()), feed, "只算")
        then = self._rows(given.get("then", ()), feed, "这一条须")
        across = given.get("across")
        joined = f"，各人的数取{ACROSS[across]}" if across else ""
        what = {
            "sum": f"{column}合计",
            "max": f"{column}最大值",
            "min": f"{column}最小值",
            "count": "记录的条数",
            "exists": "有没有记录（有为 1，没有为 0）",
            "absent": "是不是没有记录（没有为 1，有为 0）",
            "latest": f"最近一条的{column}{_as_days(given, feed)}",
            "latest_is": "最近一条是否符合要求" if alone else "最近一条符合要求的人数",
            "change": f"{column}最近一条减去期初一条",
            "changed": f"{column}与期初相比{'是否变了' if alone else '变了的人数'}"
            f"{from_to(given, feed)}",
        }[op]
        whose = self._whose(given)
        return f"{whose}在“{feed.title}”里{span}{what}{where}{then}{joined}"

    def _rows(self, conds: Sequence[Mapping[str, Any]], feed: Feed, lead: str) -> str:
        if not conds:
            return ""
        return f"，{lead}" + "、".join(self.row_condition(c, feed) for c in conds)

    def row_condition(self, cond: Mapping[str, Any], feed: Feed) -> str:
        """A condition on one row of a feed."""
        column, op = f"“{feed.header(cond['column'])}”", cond["op"]
        if op in ("filled", "empty"):
            return f"{column}{'已填' if op == 'filled' else '没有填'}"
        if op == "not_before":
            return f"{column}没有填或不早于{day(cond['days'])}"
        if "days" in cond:
            order = {">=": "不早于", ">": "晚于", "<=": "不晚于", "<": "早于"}.get(op, COMPARED[op])
            return f"{column}{order}{day(cond['days'])}"
        if op == "in":
            return f"{column}为{either([choice(feed, cond['column'], v) for v in cond['value']])}"
        word = {"=": "为", "<>": "不为"}.get(op, COMPARED[op])
        if "value" in cond:
            return f"{column}{word}{choice(feed, cond['column'], cond['value'])}"
        if "threshold" in cond:
            return f"{column}{COMPARED[op]}{self.figure(cond['threshold'])}"
        if "than" in cond:
            return f"{column}{COMPARED[op]}“{feed.header(cond['than'])}”"
        return f"{column}{word}{year(cond['year'])}"

    def figure(self, key: str) -> str:
        return f"【{self.figures.get(key, key)}】"

    # ---- conditions ----

    def conditions(self) -> list[Phrase]:
        """The tree: its first level a phrase each, what lies below inside brackets."""
        tree = self.definition.get("when")
        if tree is None:
            return []
        for how, words in JOINS.items():
            if how in tree and len(tree[how]) > 1:
                parts = [self.tree(part) for part in tree[how]]
                lead = Phrase("when", "触发条件", f"{words}：")
                return [lead, *(Phrase(f"when.{n}", "条件", t) for n, t in enumerate(parts))]
        lead = Phrase("when", "触发条件", "以下全部满足：")
        return [lead, Phrase("when.0", "条件", self.tree(tree))]

    def tree(self, tree: Mapping[str, Any]) -> str:
        for how, words in (("all", "，并且"), ("any", "，或者"), ("none", "，或者")):
            if how not in tree:
                continue
            parts = [self.tree(part) for part in tree[how]]
            if how == "none":
                return f"没有这种情况：{words.join(parts)}"
            return parts[0] if len(parts) == 1 else f"（{words.join(parts)}）"
        return self.leaf(tree)

    def leaf(self, leaf: Mapping[str, Any]) -> str:
        name, op = leaf["measure"], leaf["op"]
        if op in ("known", "unknown"):
            return f"{self.short(name)}{'有数' if op == 'known' else '没有数'}"
        if "number" in leaf:
            return self._with_number(name, op, leaf["number"])
        times = Decimal(str(leaf.get("times", 1)))
        factor = f"的 {amount(times)} 倍" if times != 1 else ""
        if "threshold" in leaf:
            return f"{self.short(name)}{COMPARED[op]}{self.figure(leaf['threshold'])}{factor}"
        if "than" in leaf:
            return f"{self.short(name)}{COMPARED[op]}{self.short(leaf['than'])}{factor}"
        return f"{self.short(name)}{COMPARED[op]}适用标准线{factor}"

    def _with_number(self, name: str, op: str, number: Any) -> str:
        """Ones and zeros of yes-or-no measures read as yes and no."""
        given, plain = self.measures.get(name, {}), Decimal(str(number))
        case = (op, int(plain)) if plain == int(plain) else None
        if case in YES | NO and (said := self._yes_or_no(given, case in YES)):
            return f"{said}（{name}）"
        return f"{self.short(name)}{COMPARED[op]} {amount(number)}"

    def _yes_or_no(self, given: Mapping[str, Any], yes: bool) -> str:
        if "status" in given:
            return f"{'属于' if yes else '不属于'}{STATUSES[given['status']].label}"
        if given.get("op") not in ("exists", "latest_is", "changed"):
            return ""
        feed = f"“{FEEDS[given['feed']].title}”"
        if given["op"] == "exists":
            return f"{'有' if yes else '没有'}{feed}记录"
        if given["op"] == "latest_is":
            return f"{feed}最近一条{'符合' if yes else '不符合'}"
        column = FEEDS[given["feed"]].header(given["column"])
        return f"{feed}“{column}”{'变了' if yes else '没有变'}"

    def value(self) -> str:
        direction = DIRECTIONS[self.definition.get("direction", "up")]
        return f"{self.short(self.definition['value'])}，{direction}"

    def lines(self) -> list[Phrase]:
        found = []
        for place, line in enumerate(self.definition.get("lines", ())):
            when = line.get("when") or {}
            classes = [HouseholdKind(k).label for k in when.get("kinds", ())]
            classes += [STATUSES[s].label for s in when.get("statuses", ())]
            who = either(classes) if classes else ("其他家庭" if place else "所有家庭")
            label = f"，称“{line['label']}”" if line.get("label") else ""
            text = f"{who}用{self.figure(line['threshold'])}{label}"
            found.append(Phrase(f"lines.{place}", "标准线", text))
        return found

    def bands(self) -> list[Phrase]:
        compared = "达到" if self.definition.get("direction", "up") == "up" else "降到"
        found = []
        for place, band in enumerate(self.definition["bands"]):
            colour = f"{Severity(band['severity']).label}色"
            if "times" in band:
                text = f"{compared}标准线的 {amount(band['times'])} 倍：{colour}"
            elif "threshold" in band:
                text = f"{compared}{self.figure(band['threshold'])}：{colour}"
            elif "equals" in band:
                text = f"等于 {amount(band['equals'])}：{colour}"
            else:
                text = f"{'其余' if place else '一律'}：{colour}"
            found.append(Phrase(f"bands.{place}", "分级", text))
        return found

    def deadline(self) -> str:
        key = self.definition.get("deadline")
        return f"{self.figure(key)}内核查" if key else "按级别的统一时限"

    def cool_down(self) -> str:
        days, share = self.definition["cool_down_days"], self.definition["regrow_share"]
        rise = Decimal(str(share)) * 100
        again = f"，其间数额再变动 {amount(rise)}% 以上时除外" if rise else ""
        return f"核实办结后 {days} 天内不重复预警{again}" if days else "办结后随时可以再次预警"


def _as_days(given: Mapping[str, Any], feed: Feed) -> str:
    if given["op"] == "latest" and is_date(feed, given["column"]):
        return "距研判日的天数"
    return ""


# ---- difference ----

LISTS = ("when.", "lines.", "bands.")


def _grouped(said: Sequence[Phrase]) -> dict[str, list[Phrase]]:
    groups: dict[str, list[Phrase]] = {}
    for phrase in said:
        listed = next((head for head in LISTS if phrase.path.startswith(head)), phrase.path)
        groups.setdefault(listed, []).append(phrase)
    return groups


def _compared(before: Sequence[Phrase], after: Sequence[Phrase]) -> list[Change]:
    """Parts of one list against each other, by what they say."""
    matcher = SequenceMatcher(None, [p.text for p in before], [p.text for p in after], False)
    changes = []
    for tag, i, i_end, j, j_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        old, new = before[i:i_end], after[j:j_end]
        for place in range(max(len(old), len(new))):
            was = old[place] if place < len(old) else None
            now = new[place] if place < len(new) else None
            shown = now or was
            if shown is not None:
                said = (was.text if was else "", now.text if now else "")
                changes.append(Change(shown.path, shown.title, *said))
    return changes
