"""The rule language: what a rule's definition may say, the one check of it, and its meaning.

A definition is data (JSON). It names feeds, windows, conditions, measures, lines, severity bands
and one sentence; nothing in it is executed and every name is looked up. docs/rules.md is the
reference. `parsed` gives the typed form, macros expanded, that monitoring/engine compiles.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from grid.models import HouseholdKind, Severity
from monitoring.feeds import FEEDS
from monitoring.rules import measures as reading
from monitoring.rules.language import (
    HOUSEHOLD,
    PERSON,
    Band,
    Definition,
    Joined,
    Leaf,
    Line,
    Measure,
    Population,
    Tree,
)
from monitoring.rules.refusing import BadRule, listed, number, only, whole
from monitoring.rules.statuses import STATUSES

EFFECTS = ("alert", "lower", "annotate")
PARTS = frozenset(
    {
        *("level", "effect", "population", "measures", "when", "value", "direction", "lines"),
        *("bands", "deadline", "sentence", "cool_down_days", "regrow_share", "lowerable"),
    }
)
COMPARISONS = (">=", ">", "<=", "<", "=", "<>")
JOINS = {"all": "全部满足", "any": "任一满足", "none": "都不满足"}
SLOTS = frozenset({"value", "line", "line_label", "who", "people"})
DEEPEST = 6
MOST_MEASURES = 12
COUNTED = frozenset({"", "次", "人", "岁", "级", "个月", "户", "行"})

__all__ = ["BadRule", "check_definition", "feeds_read", "parsed", "threshold_keys", "unit_of"]


def check_definition(definition: Any) -> None:
    """Raise BadRule with a sentence that names the part that is wrong."""
    parsed(definition)


def parsed(definition: Any) -> Definition:
    """The definition as typed values. Raises BadRule."""
    if not isinstance(definition, Mapping):
        raise BadRule("规则内容应为一组“名称: 值”。")
    only(definition, PARTS, "规则")
    level = definition.get("level")
    if level not in (HOUSEHOLD, PERSON):
        raise BadRule("level（对象）应为 household（户）或 person（人）。")
    if definition.get("effect", "alert") not in EFFECTS:
        raise BadRule("effect（作用）应为 alert（预警）、lower（降级）或 annotate（注明）。")
    if definition.get("direction", "up") not in ("up", "down"):
        raise BadRule("direction（方向）应为 up（越高越重）或 down（越低越重）。")
    if not isinstance(definition.get("lowerable", True), bool):
        raise BadRule("lowerable（可否降级）应为 true 或 false。")
    measures = _measures(definition, level)
    value = definition.get("value")
    if value not in measures:
        raise BadRule(f"value（显示的数）“{value}”不在 measures（测算项）里。")
    lines = _lines(definition.get("lines", []), measures)
    made = Definition(
        level=level,
        effect=definition.get("effect", "alert"),
        population=_population(definition.get("population", {}), level),
        measures=measures,
        when=_tree(definition["when"], measures, bool(lines), 1) if "when" in definition else None,
        value=value,
        direction=definition.get("direction", "up"),
        lines=lines,
        bands=_bands(definition.get("bands"), bool(lines)),
        deadline=_key(definition["deadline"], "deadline") if definition.get("deadline") else None,
        sentence=_sentence(definition.get("sentence"), measures),
        cool_down_days=whole(definition.get("cool_down_days"), 0, 3650, "cool_down_days"),
        regrow_share=number(definition.get("regrow_share"), "regrow_share"),
        lowerable=definition.get("lowerable", True),
    )
    if made.regrow_share < 0:
        raise BadRule("regrow_share（再次预警的增幅）不能小于 0。")
    if made.effect == "alert" and not made.lines and not made.when and not _narrowed(made):
        raise BadRule("规则没有任何条件，会把所有人都选进来。请至少写一个条件或标准线。")
    return made


def _narrowed(made: Definition) -> bool:
    return all(band.kind != "always" for band in made.bands)


def _measures(definition: Mapping[str, Any], level: str) -> dict[str, Measure]:
    given = definition.get("measures")
    if not isinstance(given, Mapping) or not 1 <= len(given) <= MOST_MEASURES:
        raise BadRule(f"measures（测算项）应有 1 到 {MOST_MEASURES} 项。")
    for name in given:
        if not reading.NAME.fullmatch(str(name)) or name in SLOTS:
            raise BadRule(f"测算项名称“{name}”应由小写字母、数字和下划线组成，且不与保留名重复。")
    return reading.read_measures(given, level)


def _population(given: Any, level: str) -> Population:
    if not isinstance(given, Mapping):
        raise BadRule("population（范围）应为一组条件。")
    only(given, {"kinds", "age", "sex", "labour", "health", "head"}, "population（范围）")
    rest = {name: part for name, part in given.items() if name != "kinds"}
    if rest and level != PERSON:
        raise BadRule("population 里的年龄、性别、劳动力、健康、户主只能用于“人”的规则。")
    kinds = None
    if "kinds" in given:
        kinds = listed(given["kinds"], HouseholdKind.values, "户类型")
    return Population(kinds, reading.read_members(rest, head=True))


def _lines(given: Any, measures: dict[str, Measure]) -> tuple[Line, ...]:
    if not isinstance(given, list) or len(given) > 6:
        raise BadRule("lines（标准线）应为列表，最多 6 条。")
    lines = []
    for place, line in enumerate(given, start=1):
        if not isinstance(line, Mapping):
            raise BadRule("每条标准线都要写明 threshold。")
        only(line, {"when", "threshold", "label"}, "lines（标准线）")
        if ("when" in line) == (place == len(given)):
            raise BadRule("最后一条标准线不带条件、其余都要带条件，否则有的家庭没有标准。")
        when = line.get("when") or {}
        only(when, {"kinds", "statuses"}, "标准线的条件")
        if "when" in line and not when:
            raise BadRule("标准线的条件是空的。请写明户类型或身份，或删去这一条。")
        kinds = listed(when["kinds"], HouseholdKind.values, "户类型") if "kinds" in when else ()
        names = listed(when["statuses"], STATUSES, "身份") if "statuses" in when else ()
        lines.append(
            Line(
                _key(line.get("threshold"), "标准线"),
                str(line.get("label", ""))[:30],
                kinds,
                tuple(reading.hidden_status(name, HOUSEHOLD, measures) for name in names),
            )
        )
    return tuple(lines)


def _bands(given: Any, has_line: bool) -> tuple[Band, ...]:
    if not isinstance(given, list) or not 1 <= len(given) <= 8:
        raise BadRule("bands（分级）至少要有一档。")
    bands = []
    for place, band in enumerate(given, start=1):
        if not isinstance(band, Mapping) or band.get("severity") not in Severity.values:
            raise BadRule("severity（级别）应为 1（红）到 4（蓝）。")
        only(band, {"severity", "times", "threshold", "equals"}, "bands（分级）")
        kinds = [k for k in ("times", "threshold", "equals") if k in band]
        if len(kinds) > 1:
            raise BadRule("每一档只能写 times、threshold、equals 中的一个。")
        if not kinds and place != len(given):
            raise BadRule("没有条件的一档只能放在最后，否则后面的档永远用不到。")
        kind = kinds[0] if kinds else "always"
        operand: Any = None
        if kind == "times":
            operand = number(band["times"], "times")
            if not has_line or operand <= 0:
                raise BadRule("用倍数分档时，要有标准线，倍数要大于 0。")
        elif kind == "threshold":
            operand = _key(band["threshold"], "分级")
        elif kind == "equals":
            operand = number(band["equals"], "equals")
        bands.append(Band(band["severity"], kind, operand))
    return tuple(bands)


def _key(key: Any, where: str) -> str:
    if not isinstance(key, str) or not reading.KEY.fullmatch(key):
        raise BadRule(f"{where}要写标准线的名称键（小写字母、数字、下划线）。")
    return key


def _tree(given: Any, measures: Mapping[str, Measure], has_line: bool, depth: int) -> Tree:
    if not isinstance(given, Mapping):
        raise BadRule("条件应为 all、any、none 或一条比较。")
    if depth > DEEPEST:
        raise BadRule(f"条件最多嵌套 {DEEPEST} 层。")
    for how in JOINS:
        if how in given:
            only(given, {how}, "条件组")
            parts = given[how]
            if not isinstance(parts, list) or not 1 <= len(parts) <= 20:
                raise BadRule(f"{how}（{JOINS[how]}）里要有 1 到 20 条条件。")
            return Joined(how, tuple(_tree(p, measures, has_line, depth + 1) for p in parts))
    return _leaf(given, measures, has_line)


def _leaf(given: Mapping[str, Any], measures: Mapping[str, Measure], has_line: bool) -> Leaf:
    only(given, {"measure", "op", "number", "threshold", "than", "line", "times"}, "比较")
    name, op = str(given.get("measure")), given.get("op")
    if name not in measures or "." in name:
        raise BadRule(f"条件里的“{name}”不在 measures（测算项）里。")
    operands = [k for k in ("number", "threshold", "than", "line") if k in given]
    if op in ("known", "unknown"):
        if operands or "times" in given:
            raise BadRule("known、unknown 后面不写数。")
        return Leaf(name, str(op), "none")
    if op not in COMPARISONS:
        raise BadRule(f"不认识的比较“{op}”。可用：{'、'.join(COMPARISONS)}、known、unknown。")
    if len(operands) != 1:
        raise BadRule(f"“{name}”要和一个数、一条标准线或另一个测算项比较，只写一个。")
    kind = operands[0]
    if kind == "number" and "times" in given:
        raise BadRule("直接写数时不用 times。")
    times = number(given.get("times", 1), "times")
    return Leaf(name, str(op), kind, _operand(kind, given, measures, has_line), times)


def _operand(
    kind: str, given: Mapping[str, Any], measures: Mapping[str, Measure], has_line: bool
) -> Any:
    """What a leaf compares its measure with."""
    name, operand = given["measure"], given[kind]
    if kind == "number":
        unit, operand = unit_of(measures, name), number(operand, "number")
        if unit not in COUNTED and operand != 0:
            raise BadRule(
                f"“{name}”的单位是{unit}，不能直接写 {operand}。"
                "金额、天数、比例要用标准线（threshold），以便注明单位和依据。"
            )
    elif kind == "threshold":
        return _key(operand, "条件")
    elif kind == "than":
        if operand not in measures or "." in str(operand):
            raise BadRule(f"条件里的“{operand}”不在 measures（测算项）里。")
    elif operand is not True or not has_line:
        raise BadRule("和标准线比较要写 line: true，并写明 lines。")
    else:
        return None
    return operand


def _sentence(given: Any, measures: Mapping[str, Measure]) -> str:
    if not isinstance(given, str) or not 4 <= len(given) <= 200:
        raise BadRule("缺少一句话原因（4 到 200 字）。")
    known = SLOTS | {name for name in measures if "." not in name}
    for slot in given.split("{")[1:]:
        name, closed, _ = slot.partition("}")
        if not closed or name not in known:
            raise BadRule(f"原因里不认识“{{{name}}}”。可用：{'、'.join(sorted(known))}。")
    return given


def threshold_keys(definition: Mapping[str, Any]) -> set[str]:
    """Every threshold the definition compares with."""
    return set(threshold_units(definition))


def threshold_units(definition: Mapping[str, Any]) -> dict[str, str]:
    """Each threshold the definition names, and the unit of what is compared with it."""
    made = parsed(definition)
    unit = unit_of(made.measures, made.value)
    units = {line.threshold: unit for line in made.lines}
    units |= {band.operand: unit for band in made.bands if band.kind == "threshold"}
    for leaf in leaves(made.when):
        if leaf.kind == "threshold":
            units[leaf.operand] = unit_of(made.measures, leaf.measure)
    for measure in made.from_feeds().values():
        for cond in (*measure.where, *getattr(measure, "then", ())):
            if cond.kind == "threshold":
                units[cond.operand] = FEEDS[measure.feed].column(cond.column).unit
    if made.deadline:
        units[made.deadline] = "工作日"
    return units


def leaves(tree: Tree | None) -> list[Leaf]:
    """Every comparison of the tree, in the order written."""
    if tree is None:
        return []
    if isinstance(tree, Leaf):
        return [tree]
    return [leaf for part in tree.parts for leaf in leaves(part)]


def feeds_read(definition: Mapping[str, Any]) -> set[str]:
    """Codes of the feeds whose rows the definition reads."""
    return {m.feed for m in parsed(definition).from_feeds().values()}


def unit_of(measures: Mapping[str, Measure], name: str) -> str:
    """The unit of a measure's value, as it is shown behind the figure."""
    return reading.unit(measures, name)


def factor(value: Decimal) -> str:
    """A factor as people write it: 3, 1.5."""
    return format(value.normalize(), "f")
