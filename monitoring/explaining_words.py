"""What a rule measures and compares, in Chinese, from the rule and the feeds' headings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import models

from grid.models import Health, HouseholdKind, Labour, Sex
from monitoring.engine.conditions import first_out, last_day
from monitoring.engine.frozen import Frozen
from monitoring.explaining_logic import COMPARE, Case, Flip, is_flag, is_whole
from monitoring.feeds import FEEDS
from monitoring.income import INCOME_TERMS
from monitoring.rules.definition import unit_of
from monitoring.rules.language import (
    PERSON,
    Band,
    Change,
    Cond,
    Definition,
    Fact,
    FromFeed,
    Latest,
    Leaf,
    Members,
    Ratio,
    Rows,
    Total,
    Window,
)
from monitoring.rules.measures import WORKING
from monitoring.rules.statuses import STATUSES

SIGNS = {">=": "≥", ">": "＞", "<=": "≤", "<": "＜", "=": "＝", "<>": "≠"}
SUMMED = {"sum": "合计", "max": "最大值", "min": "最小值"}
INCOMES = {"net": "人均纯收入", "reference": "人均收入参考值"}
ENDINGS = {True: "就会", False: "就不会"}
PLACES = Decimal("0.01")


def figure(value: Any, unit: str = "") -> str:
    """31,200 元; a share or a division keeps two decimals; what is unknown is 没有记录."""
    if value is None:
        return "没有记录"
    rounded = Decimal(value).quantize(PLACES, ROUND_HALF_UP)
    whole = rounded == rounded.to_integral_value()
    text = f"{rounded:,.0f}" if whole else f"{rounded:,.2f}"
    if not whole and not unit.startswith("元"):
        text = text.rstrip("0")
    text = text.replace("-", "−")
    return f"{text} {unit}" if unit else text


def listed(words: Sequence[str]) -> str:
    return "、".join(words)


@dataclass(frozen=True, slots=True)
class Words:
    """The vocabulary of one rule. `named`: labels of thresholds; `given`: measures as written."""

    made: Definition
    frozen: Frozen
    given: Mapping[str, Mapping[str, Any]]
    named: Mapping[str, str] = field(default_factory=dict)

    # ---- measures ----

    def unit(self, name: str) -> str:
        """Behind a figure; a household's amount a head is 元/人."""
        unit = unit_of(self.made.measures, name)
        return unit if unit or not self._counts_people(name) else "人"

    def _counts_people(self, name: str) -> bool:
        measure = self.made.measures[name]
        counted = isinstance(measure, Latest | Change) and measure.op in ("latest_is", "changed")
        return counted and measure.per != PERSON

    def shown(self, name: str, value: Decimal | None) -> str:
        """The value of a measure as people read it: a figure, or yes and no."""
        if not is_flag(self.made.measures[name]):
            return figure(value, self.unit(name))
        if self._counts_people(name) and value:
            return f"是（{figure(value)} 人）"
        return "是" if value else "否"

    def label(self, name: str) -> str:
        """What the measure is called: 近 12 个月医疗费用结算的个人自付合计."""
        measure = self.made.measures[name]
        if (status := self._status(name)) is not None:
            return self._standing(status, measure.per)
        if name in self.given and "income" in self.given[name]:
            window = self.given[name]["window"]
            span = _span(Window("", window["months"], window.get("ago", 0)))
            return f"{span}部门数据里看得到的{INCOMES[self.given[name]['income']]}"
        if isinstance(measure, Rows | Latest | Change):
            whole = self.made.level == PERSON and measure.per != PERSON
            return ("全家" if whole else "") + self._of_feed(measure)
        if isinstance(measure, Fact):
            return _fact(measure)
        return self._derived(name)

    def _status(self, name: str) -> str | None:
        if name.startswith("status."):
            return name.removeprefix("status.")
        return self.given.get(name, {}).get("status")

    def _standing(self, status: str, per: str) -> str:
        found = STATUSES[status]
        if found.measure is None:
            return f"本户是{found.label}"
        is_it = "" if found.label.startswith("已") else "是"
        return f"{'本人' if per == PERSON else '家里有人'}{is_it}{found.label}"

    def _of_feed(self, measure: FromFeed) -> str:
        feed = FEEDS[measure.feed]
        column = feed.header(measure.column) if measure.column else ""
        span, title = _span(measure.window), feed.title
        kept = self._narrowed(measure)
        if isinstance(measure, Rows):
            if measure.op in SUMMED:
                return f"{span}{title}的{column}{SUMMED[measure.op]}{kept}"
            end = {"count": "条数", "exists": "有记录", "absent": "没有记录"}[measure.op]
            return f"{span}{title}{'' if measure.op == 'count' else '里'}{end}{kept}"
        if isinstance(measure, Change):
            return f"{span}{title}的{column}{_changed(measure)}{kept}"
        if measure.op == "latest_is":
            return f"{span}最近一条{title}{kept or '有记录'}"
        is_day = isinstance(feed.model._meta.get_field(str(measure.column)), models.DateField)
        return f"{span}最近一条{title}{kept}的{column}{'至研判日的天数' if is_day else ''}"

    def _narrowed(self, measure: FromFeed) -> str:
        parts = [self.cond(measure.feed, c) for c in measure.where]
        then = [self.cond(measure.feed, c) for c in getattr(measure, "then", ())]
        parts += then
        if who := _people(measure.members):
            parts.append(who)
        return f"（{'；'.join(parts)}）" if parts else ""

    def _derived(self, name: str) -> str:
        measure = self.made.measures[name]
        if isinstance(measure, Ratio):
            return f"{self.short(measure.of)} ÷ {self.short(measure.to)}"
        assert isinstance(measure, Total)  # noqa: S101 - all other kinds are handled
        if (days := self._days_left(measure)) is not None:
            return f"{self.label(days).removesuffix('至研判日的天数')}还剩的天数"
        return self.formula(measure)

    def _days_left(self, measure: Total) -> str | None:
        """The day a total turns round: days since a day to come are negative."""
        if measure.plus or len(measure.minus) != 1 or measure.by or measure.times != 1:
            return None
        [name] = measure.minus
        return name if self.label(name).endswith("至研判日的天数") else None

    def formula(self, measure: Total) -> str:
        """登记工资 ＋ 补贴 − 成本, divided and multiplied as the rule says."""
        text = " ＋ ".join(self.short(name) for name in measure.plus)
        for name in measure.minus:
            text += f" − {self.short(name)}" if text else f"−{self.short(name)}"
        if measure.by is not None:
            text = f"（{text}）÷ {self.short(measure.by)}"
        return text if measure.times == 1 else f"（{text}）× {figure(measure.times)}"

    def short(self, name: str) -> str:
        """The label without window and conditions, for formulas."""
        measure = self.made.measures[name]
        if (term := income_term(name)) is not None:
            return term
        if isinstance(measure, Rows | Latest | Change) and self._status(name) is None:
            feed = FEEDS[measure.feed]
            return feed.header(measure.column) if measure.column else feed.title
        return self.label(name)

    def purpose(self, name: str) -> str:
        """What a row counts for when it counts for this measure."""
        if (status := self._status(name)) is not None:
            return f"身份：{STATUSES[status].label}"
        if (term := income_term(name)) is not None:
            return f"收入：{term}"
        measure = self.made.measures[name]
        if isinstance(measure, Rows):
            return f"计入“{self.short(name)}”"
        return "最近一条" if isinstance(measure, Latest) else "前后对比"

    # ---- conditions on rows ----

    def cond(self, feed: str, cond: Cond) -> str:
        """就诊类别为门诊慢特病、普通门诊."""
        contract = FEEDS[feed]
        header, unit = contract.header(cond.column), contract.column(cond.column).unit
        if cond.kind == "none":
            return f"{'没有填' if cond.op == 'empty' else '填了'}{header}"
        if cond.kind in ("value", "values"):
            values = cond.operand if cond.kind == "values" else (cond.operand,)
            words = listed([_choice(contract.model, cond.column, v) for v in values])
            if cond.op in ("=", "in", "<>"):
                return f"{header}{'不是' if cond.op == '<>' else '为'}{words or '空'}"
            return f"{header} {SIGNS[cond.op]} {words}"
        if cond.kind == "than":
            return f"{header} {SIGNS[cond.op]} {contract.header(cond.operand)}"
        if cond.op == "not_before":
            return f"{header}没有填或不早于 {self._operand(cond)}"
        label = f"{self.named.get(cond.operand, '')} " if cond.kind == "threshold" else ""
        shown = self._operand(cond)
        return f"{header} {SIGNS[cond.op]} {label}{shown}{f' {unit}' if label and unit else ''}"

    def _operand(self, cond: Cond) -> str:
        if cond.kind == "days":
            return f"{self.frozen.as_of + timedelta(days=cond.operand)}"
        if cond.kind == "year":
            return str(self.frozen.as_of.year + cond.operand)
        return figure(self.frozen.figure(cond.operand))

    # ---- comparisons ----

    def leaf(self, case: Case, leaf: Leaf) -> str:
        """医疗自付合计 31,200 元 ≥ 一般家庭监测线 26,000 元."""
        label, value = self.label(leaf.measure), case.values[leaf.measure]
        if leaf.kind == "none":
            return f"{label}：{'有' if leaf.op == 'known' else '没有'}记录"
        if is_flag(case.made.measures[leaf.measure]) and leaf.kind == "number":
            wanted = COMPARE[leaf.op](Decimal(1), Decimal(leaf.operand))
            seen = "" if not value or not self._counts_people(leaf.measure) else f"（{value:f} 人）"
            return f"{label}{seen}" if wanted else f"没有这种情况：{label}{seen}"
        bound = case.bound_of(leaf)
        return (
            f"{label} {figure(value, self.unit(leaf.measure))} {SIGNS[leaf.op]}"
            f" {self.bound(case, leaf, bound)}"
        )

    def band(self, case: Case, band: Band) -> str:
        """个人自付合计 31,200 元 ≥ 监测线 26,000 元的 1 倍 26,000 元."""
        name = case.made.value
        if band.kind == "always":
            return "符合条件的都是这一级" if case.made.when else f"有“{self.label(name)}”的记录"
        sign = "=" if band.kind == "equals" else ">=" if case.made.direction == "up" else "<="
        shown = figure(case.values[name], self.unit(name))
        return f"{self.short(name)} {shown} {SIGNS[sign]} {self.bound(case, band)}"

    def bound(self, case: Case, part: Leaf | Band, at: Decimal | None = None) -> str:
        """The figure compared with, and what it is called."""
        name = part.measure if isinstance(part, Leaf) else case.made.value
        unit = self.unit(name)
        at = case.bound_of(part) if at is None else at
        times = part.operand if isinstance(part, Band) else part.times
        if part.kind in ("number", "equals"):
            return figure(at, unit)
        if part.kind == "threshold":
            called = self.named.get(part.operand, "标准线")
            times = 1 if isinstance(part, Band) else times
        elif part.kind == "than" and isinstance(part, Leaf):
            called = self.label(part.operand)
        else:
            called = self._line_called(case, None if at is None else at / times)
        many = "" if times == 1 else f"的 {figure(times)} 倍 "
        return f"{called}{many or ' '}{figure(at, unit)}"

    def _line_called(self, case: Case, at: Decimal | None) -> str:
        line = case.class_of_line
        if line is None or self.frozen.figure(line.threshold) != at:
            lines = (x for x in case.made.lines if self.frozen.figure(x.threshold) == at)
            line = next(lines, line)
        if line is None:
            return "监测线"
        return self.named.get(line.threshold) or f"{line.label}监测线"

    # ---- population ----

    def kind(self, kind: str) -> str:
        return str(HouseholdKind(kind).label)

    def test(self, case: Case, name: str) -> str:
        """年龄 6 至 15 岁（本人 45 岁）."""
        wanted, member = case.made.population, case.member
        who = wanted.members
        if name == "kinds":
            kinds = listed([HouseholdKind(k).label for k in wanted.kinds or ()])
            return f"户类型是{kinds}（本户是{HouseholdKind(case.kind).label}）"
        assert member is not None  # noqa: S101 - the other tests are about a person
        if name == "age" and who.age:
            return f"年龄 {who.age[0]} 至 {who.age[1]} 岁（本人 {case.age()} 岁）"
        if name == "sex" and who.sex:
            return f"性别{Sex(who.sex).label}（本人{Sex(member.sex).label}）"
        if name == "head":
            return ("是" if who.head else "不是") + "户主"
        if name == "labour":
            allowed = listed([Labour(x).label for x in who.labour or ()])
            return f"劳动技能是{allowed}（本人是{Labour(member.labour).label}）"
        allowed = listed([Health(x).label for x in who.health or ()])
        return f"健康状况是{allowed}（本人是{Health(member.health).label}）"

    # ---- changes ----

    def change(self, case: Case, flip: Flip) -> str:
        """“个人自付合计”低于 26,000 元（现在 31,200 元，差 5,200 元）."""
        if flip.what == "kind":
            return f"户类型改为{HouseholdKind(flip.to).label}"
        if flip.what in case.made.measures:
            return self._change_of(case, flip)
        return self.test(case, flip.what)

    def _change_of(self, case: Case, flip: Flip) -> str:
        label, unit = f"“{self.label(flip.what)}”", self.unit(flip.what)
        if is_flag(case.made.measures[flip.what]):
            return f"{label}{'成立' if flip.to else '不成立'}"
        if flip.to is None:
            return f"没有{label}的记录"
        if flip.bound is None or flip.cause is None:
            return f"有{label}的记录"
        bound = figure(flip.bound, unit)
        if not (isinstance(flip.cause, Leaf) and flip.cause.kind == "than"):
            bound = self.bound(case, flip.cause, flip.bound)
        space = " " if bound[0] in "−0123456789" else ""
        way = "低于" if flip.to < flip.bound else "超过" if flip.to > flip.bound else "达到"
        if flip.was is None:
            return f"{label}{way}{space}{bound}（现在没有记录）"
        now = f"现在 {figure(flip.was, unit)}"
        # Of whole numbers the next one is a whole step away; of amounts the bound itself is told.
        end = flip.to if is_whole(case.made.measures, flip.what) else flip.bound
        apart = figure(abs(flip.was - end), unit)
        if way != "达到":
            return (
                f"{label}{way}{space}{bound}（{now}{f'，差 {apart}' if flip.was != end else ''}）"
            )
        if flip.was < flip.bound:
            return f"{label}再多 {apart}，达到{space}{bound}（{now}）"
        return f"{label}再少 {apart}，降到{space}{bound}（{now}）"


def income_term(name: str) -> str | None:
    """The label of a term of an income: "net.wages" or "net.wages.rows"."""
    _, _, rest = name.partition(".")
    code, _, _ = rest.partition(".")
    if name.startswith("status."):
        return None
    if code == "size":
        return "家庭人口"
    return next((term.label for term in INCOME_TERMS if term.code == code), None)


def _span(window: Window) -> str:
    if window.months is None:
        return f"到 {window.ago} 个月前为止" if window.ago else ""
    if not window.ago:
        return f"近 {window.months} 个月"
    if window.months == window.ago == 12:
        return "上年同期 12 个月"
    return f"{window.ago + window.months} 至 {window.ago} 个月前"


def days_of(window: Window, frozen: Frozen) -> tuple[date | None, date]:
    """The first and the last day of a window; no first day where it is open."""
    out = first_out(window, frozen)
    return (None if out is None else out + timedelta(days=1)), last_day(window, frozen)


def _changed(measure: Change) -> str:
    if measure.op == "change":
        return "的变化"
    feed = FEEDS[measure.feed]
    was, becomes = (
        listed([_choice(feed.model, measure.column, v) for v in values or ()])
        for values in (measure.was, measure.becomes)
    )
    return f"{f'由 {was} ' if was else ''}变{f'为 {becomes}' if becomes else '了'}"


def _choice(model: type[models.Model], column: str, value: Any) -> str:
    """A literal of a condition as the column's choices call it."""
    labels = dict(getattr(model._meta.get_field(column), "flatchoices", ()) or ())
    return str(labels.get(value, value))


def _fact(fact: Fact) -> str:
    if fact.name == "age":
        return "年龄"
    if fact.name == "kind_is":
        return f"户类型是{listed([HouseholdKind(k).label for k in fact.kinds])}"
    if fact.members == WORKING:
        return "家庭劳动力"
    who = _people(fact.members)
    return f"家里{who}的人数" if who else "家庭人口"


def _people(members: Members) -> str:
    parts = []
    if members.age is not None:
        parts.append(f"{members.age[0]} 至 {members.age[1]} 岁")
    if members.sex is not None:
        parts.append(str(Sex(members.sex).label))
    if members.labour is not None:
        parts.append(listed([Labour(x).label for x in members.labour]))
    if members.health is not None:
        parts.append(listed([Health(x).label for x in members.health]))
    return "，".join(parts)
