"""The figures a draft proposes: checked with it, tried with it, entered when it is published.

A proposal is {key: {label, value, unit, source, confirmed}} with the value as Decimal text.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from grid.models import Region
from grid.roles import Level
from monitoring.models import RuleVersion, Threshold
from monitoring.rules.definition import COUNTED, parsed, threshold_keys, threshold_units
from monitoring.rules.measures import KEY
from monitoring.rules.refusing import BadRule, number
from yizhou.refusals import Refusal

PARTS = ("label", "value", "unit", "source", "confirmed")
LARGEST = Decimal("999999999999.99")  # what the column holds
SHARES = frozenset({"倍", "比例"})

Figures = Mapping[str, Mapping[str, Any]]


def figures_in_force(day: date, proposed: Figures) -> dict[str, dict[str, Any]]:
    """The county's figures of a day by key, those of the proposal in their place."""
    rows = Threshold.objects.on(day).filter(area__level=Level.COUNTY)
    found: dict[str, dict[str, Any]] = {
        row.key: {
            "label": row.label,
            "value": format(row.value.normalize(), "f"),
            "unit": row.unit,
            "source": row.source,
            "confirmed": row.is_confirmed,
        }
        for row in rows
    }
    return found | {key: dict(figure) for key, figure in proposed.items()}


def amounts(figures: Figures) -> dict[str, Decimal]:
    """What the engine compares with."""
    return {key: Decimal(str(figure["value"])) for key, figure in figures.items()}


def checked_figures(given: Any) -> dict[str, dict[str, Any]]:
    """The proposal in its stored form. Raises Refusal with a sentence that names the figure."""
    if not isinstance(given, Mapping) or len(given) > 40:
        raise Refusal("拟定的标准线应为一组“名称键: 内容”，最多 40 条。", code="figures")
    return {str(key): _checked(str(key), figure) for key, figure in sorted(given.items())}


def _checked(key: str, given: Any) -> dict[str, Any]:
    if not KEY.fullmatch(key):
        raise _wrong(key, "名称键应以小写字母开头，只用小写字母、数字和下划线。")
    if not isinstance(given, Mapping):
        raise _wrong(key, "应写明名称、数值、单位和依据。")
    if unknown := sorted(str(name) for name in given if name not in PARTS):
        raise _wrong(key, f"不认识“{'、'.join(unknown)}”。")
    label, unit, source = (
        str(given.get(part) or "").strip() for part in ("label", "unit", "source")
    )
    if not 2 <= len(label) <= 80:
        raise _wrong(key, "名称应为 2 到 80 个字。")
    if not 1 <= len(unit) <= 20:
        raise _wrong(key, "没有单位。请写明，例如 元、天、比例、工作日。")
    if not 2 <= len(source) <= 300:
        raise _wrong(key, "没有依据文件。请写明文件名称和条款；还没有文件的写“待核定”。")
    try:
        value = number(given.get("value"), "数值")
    except BadRule:
        raise _wrong(key, "数值应为一个数。") from None
    if abs(value) > LARGEST or value != round(value, 2):
        raise _wrong(key, "数值最多两位小数。")
    return {
        "label": label,
        "value": format(value, "f"),
        "unit": unit,
        "source": source,
        "confirmed": given.get("confirmed") is True,
    }


def _wrong(key: str, sentence: str) -> Refusal:
    return Refusal(f"标准线“{key}”：{sentence}", code="figures")


def lacking(definition: Mapping[str, Any], figures: Figures, day: date) -> list[str]:
    """Sentences for every figure the definition needs that is missing or does not fit."""
    known = figures_in_force(day, figures)
    units = threshold_units(definition)
    for band in parsed(definition).bands:
        if "deadline" not in definition:
            units[f"deadline_workdays_{band.severity}"] = "工作日"
    found = []
    for key, unit in sorted(units.items()):
        if key not in known:
            found.append(f"{day} 没有标准线“{key}”。请拟定数值、单位和依据。")
        elif not fits(known[key]["unit"], unit):
            found.append(
                f"标准线“{known[key]['label']}”的单位是“{known[key]['unit']}”，"
                f"和它比较的数的单位是“{unit or '次、人、级等'}”，两者不符。"
            )
    unused = sorted(figures.keys() - units.keys())
    return found + [f"拟定的标准线“{key}”没有用在这条规则里，请删去。" for key in unused]


def fits(unit: str, wanted: str) -> bool:
    """Whether a figure of this unit may be compared with a value of the wanted one."""
    if not wanted:
        return unit in COUNTED - {""}
    if wanted in SHARES:
        return unit in SHARES
    return unit.split("/")[0] == wanted.split("/")[0]


def enter_figures(figures: Figures, *, from_on: date) -> None:
    """Write the proposal as the county's thresholds from a day on; the ones before end that day.

    Raises Refusal when a later figure is already entered.
    """
    county = Region.objects.get(level=Level.COUNTY)
    for key, figure in figures.items():
        term = Threshold.objects.select_for_update().filter(key=key, area=county)
        later = term.filter(from_on__gte=from_on).order_by("from_on").first()
        if later is not None:
            raise Refusal(
                f"标准线“{later.label}”从 {later.from_on} 起已有一个数。"
                "请把起用日期改在这一天以后，或删去拟定的数。",
                code="from_on",
            )
        term.make_way(from_on)
        Threshold.objects.create(
            key=key,
            area=county,
            label=figure["label"],
            value=Decimal(figure["value"]),
            unit=figure["unit"],
            source=figure["source"],
            is_confirmed=bool(figure.get("confirmed")),
            from_on=from_on,
        )


def fingerprint(definition: Mapping[str, Any], figures: Figures) -> str:
    """Equal for equal content, whatever the order of keys."""
    text = json.dumps([definition, figures], ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def also_used_by(keys: Collection[str], *, but: str) -> dict[str, list[str]]:
    """Which other published rules compare with these figures: codes by key."""
    found: dict[str, list[str]] = {}
    for version in RuleVersion.objects.published().exclude(rule=but).order_by("rule"):
        try:
            shared = threshold_keys(version.definition) & set(keys)
        except BadRule:
            continue  # a wording of an older language; it is shown nowhere
        for key in shared:
            if version.rule_id not in found.setdefault(key, []):
                found[key].append(version.rule_id)
    return found
