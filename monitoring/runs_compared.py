"""Two runs compared, in words: what each rule found otherwise, and what may have caused it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from grid.models import Household, Person
from grid.places import Place, places_of
from monitoring.feeds import FEEDS
from monitoring.models import RuleVersion, RunComparison, ScreeningRun
from monitoring.rules.words import amount
from monitoring.runs import named_figures, rule_titles
from yizhou.refusals import NotFound

KINDS = {
    "only_first": "只有前一次命中",
    "only_second": "只有后一次命中",
    "changed": "数值或级别不同",
}
NOT_THE_SAME = "输入都相同，结果却不同。请联系系统管理员。"
LATER_MATCHED = "期间没有批次入库；可能是以前的行后来才匹配到人。"


@dataclass(slots=True)
class Compared:
    """One rule in both runs. `causes` only when something differs."""

    code: str
    title: str
    versions: list[int | None]
    ran: str
    only_first: int
    only_second: int
    changed: int
    same: int
    overfull: list[int]
    examples: list[list[Any]]
    causes: list[str] = field(default_factory=list)

    @property
    def differ(self) -> int:
        return self.only_first + self.only_second + self.changed

    @property
    def hits(self) -> list[int]:
        """Of the first run, of the second one."""
        both = self.changed + self.same
        return [self.only_first + both, self.only_second + both]

    @property
    def hits_of_one(self) -> int:
        """Of a rule that only one of the runs used."""
        return self.only_first + self.only_second


def comparison_of(pk: int) -> RunComparison:
    """Raises NotFound."""
    sides = ("first__upload", "second__upload", "first__repeats__upload", "second__repeats__upload")
    rows = RunComparison.objects.select_related(*sides, "asked_by")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise NotFound("没有这次对比。")
    return found


def compared_rules(comparison: RunComparison) -> list[Compared]:
    """Every rule, those that differ first."""
    told: Mapping[str, Any] = comparison.results.get("rules", {})
    sides = (comparison.first, comparison.second)
    pks = {pk for side in sides for pk in side.frozen["rules"].values()}
    numbers = dict(RuleVersion.objects.filter(pk__in=pks).values_list("pk", "number").order_by())
    titles = rule_titles(told)
    rows = [
        Compared(
            code=code,
            title=titles.get(code, ""),
            versions=[numbers.get(side.frozen["rules"].get(code, 0)) for side in sides],
            **rule,
        )
        for code, rule in told.items()
    ]
    causes = _Causes(comparison)
    for row in rows:
        if row.ran != "both":
            row.causes = [causes.of_absence(row)]
        elif row.differ:
            row.causes = causes.of(row)
    return sorted(rows, key=lambda row: (-row.differ, row.code))


class _Causes:
    """Sentences for what the two runs were given differently, as far as a rule reads it."""

    def __init__(self, comparison: RunComparison) -> None:
        self.sides = (comparison.first, comparison.second)
        self.inputs: Mapping[str, Any] = comparison.results["inputs"]
        figures = self.inputs["figures"]
        self.named = named_figures(figures, comparison.second.as_of) if figures else {}

    def of(self, row: Compared) -> list[str]:
        first, second = self.sides
        reads = self.inputs["rules"].get(row.code, {"figures": [], "feeds": []})
        found = []
        if row.versions[0] != row.versions[1]:
            found.append(f"规则由第 {row.versions[0]} 版改为第 {row.versions[1]} 版。")
        found += [self._figure(key) for key in reads["figures"]]
        for side, which, count in zip(self.sides, ("前", "后"), row.overfull, strict=True):
            if count:
                found.append(f"{which}一次（第 {side.pk} 次）命中过多（{count:,} 个），没有计入。")
        if first.as_of != second.as_of:
            found.append(f"研判日期由 {first.as_of} 改为 {second.as_of}，时间窗随之移动。")
        found += [self._data(feed) for feed in reads["feeds"]]
        if self.inputs["registry"]:
            found.append("期间户籍有变动。")
        if found:
            return found
        return [LATER_MATCHED if first.known_at != second.known_at else NOT_THE_SAME]

    def _figure(self, key: str) -> str:
        label, unit, _ = self.named[key]
        old, new = (
            "没有" if value is None else f"{amount(Decimal(value))} {unit}"
            for value in self.inputs["figures"][key]
        )
        return f"标准线“{label}”由 {old}改为 {new}。"

    def _data(self, feed: str) -> str:
        title = FEEDS[feed].title if feed in FEEDS else feed
        came, back = (self.inputs[part].get(feed, 0) for part in ("merged", "undone"))
        parts = [f"入库 {came} 批"] if came else []
        parts += [f"撤回 {back} 批"] if back else []
        return f"数据有变化：“{title}”期间{'、'.join(parts)}。"

    def of_absence(self, row: Compared) -> str:
        """Why one of the runs did not use the rule."""
        place = 1 if row.ran == "first" else 0
        side, which = self.sides[place], "前后"[place]
        if (why := side.frozen.get("skipped", {}).get(row.code)) is not None:
            return f"{which}一次没能运行：{why}"
        if (read := _fed_by(side)) is not None:
            return f"{which}一次只用读“{read}”的规则。"
        return f"{which}一次研判的日期，这条规则{'还没有起用' if place == 0 else '已经停用'}。"


def _fed_by(side: ScreeningRun) -> str | None:
    """The data set after whose batch the run, or the one it repeats, was made."""
    upload = (side.repeats or side).upload
    return None if upload is None else upload.feed_title


@dataclass(frozen=True, slots=True)
class Example:
    """One household in sight whose hit differs."""

    home: Household
    place: Place
    who: str
    how: str
    values: list[str]
    severities: list[int | None]


def examples_of(account: Any, row: Compared) -> tuple[list[Example], int]:
    """The examples in the account's sight, and how many lie outside it."""
    homes = account.sees(Household).filter(pk__in=[e[1] for e in row.examples])
    by_pk = homes.select_related("head").in_bulk()
    people = account.sees(Person).in_bulk([e[2] for e in row.examples if e[2]])
    places = places_of(home.cell_id for home in by_pk.values())
    shown = []
    for how, household, person, *rest in row.examples:
        if (home := by_pk.get(household)) is None:
            continue
        who = people.get(person)
        values = ["—" if value is None else amount(Decimal(value)) for value in rest[:2]]
        name = who.name if who else ""
        shown.append(Example(home, places[home.cell_id], name, KINDS[how], values, rest[2:]))
    return shown, len(row.examples) - len(shown)
