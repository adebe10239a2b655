"""Which part of a rule is wrong: the one check, asked of every part by itself.

Each probe is a definition that is right but for the part under test, so the sentence of the refusal
belongs to that part. What only the whole shows stands under "".
"""

from collections.abc import Mapping
from typing import Any

from monitoring.actions.figures import checked_figures
from monitoring.rules.definition import BadRule, check_definition
from monitoring.views.rule_form import Raw, definition_from, names_of, rows, text
from yizhou.refusals import Refusal

Faults = dict[str, str]
TOP = ("population", "when", "bands", "deadline", "sentence", "cool_down_days", "regrow_share")


def faults_of(raw: Raw) -> Faults:
    """Sentences by the path of the form's part; empty when the definition is right."""
    definition = definition_from(raw)
    found = _measures(raw, definition)
    found |= _figures(raw)
    if not any(path.startswith("measures") for path in found):
        found |= _parts(definition)
    if not found and (sentence := refusal_of(definition)):
        found[""] = sentence
    return found


def refusal_of(definition: Mapping[str, Any]) -> str:
    """The sentence of the check, or nothing."""
    try:
        check_definition(definition)
    except BadRule as no:
        return no.sentence.removeprefix("规则写法有误：")
    return ""


def _probe(definition: Mapping[str, Any], measures: Mapping[str, Any], **parts: Any) -> str:
    base = {
        "level": definition["level"],
        "effect": "annotate",
        "measures": measures,
        "value": next(iter(measures), ""),
        "bands": [{"severity": 4}],
        "sentence": "逐项检查",
        "cool_down_days": 0,
        "regrow_share": 0,
    }
    return refusal_of(base | parts)


def _measures(raw: Raw, definition: Mapping[str, Any]) -> Faults:
    found: Faults = {}
    good: dict[str, Any] = {}
    names = list(names_of(raw))
    derived = []
    for place, name in enumerate(names):
        path = f"measures.{place}"
        if names.index(name) != place:
            found[path] = f"名称“{name}”用了两次，请改一个。"
            continue
        measure = definition["measures"][name]
        if "total" in measure or "ratio" in measure:
            derived.append((path, name))
        elif sentence := _probe(definition, {name: measure}):
            found[path] = sentence
        else:
            good[name] = measure
    # Sums and ratios name other measures: they are tried beside everything that is right.
    together = good | {name: definition["measures"][name] for _, name in derived}
    for path, name in derived:
        wanted = {n: together[n] for n in _operands(together, name, []) if n in together}
        if sentence := _probe(definition, wanted):
            found[path] = sentence
    if not names:
        found["measures"] = "至少要有一个测算项。"
    return found


def _operands(measures: Mapping[str, Any], name: str, seen: list[str]) -> list[str]:
    """The measure and everything it is made of."""
    if name in seen:
        return seen
    seen.append(name)
    given = measures.get(name, {})
    parts = [*given.get("ratio", ()), given.get("by")]
    for part in ("plus", "minus"):
        parts += given.get("total", {}).get(part, ())
    for part in parts:
        if part:
            _operands(measures, part, seen)
    return seen


def _parts(definition: Mapping[str, Any]) -> Faults:
    measures = definition["measures"]
    found: Faults = {}
    if definition["value"] not in measures:
        found["value"] = "请选用哪个测算项来分级和显示。"
    with_lines = {"lines": definition["lines"]} if "lines" in definition else {}
    if sentence := _probe(definition, measures, **with_lines):
        found["lines"], with_lines = sentence, {}
    value = definition["value"] if "value" not in found else next(iter(measures))
    for name in TOP:
        if name not in definition:
            continue
        parts = {name: definition[name], "value": value, **with_lines}
        if sentence := _probe(definition, measures, **parts):
            found[name] = sentence
    return found


def _figures(raw: Raw) -> Faults:
    found: Faults = {}
    seen: set[str] = set()
    for place, row in enumerate(rows(raw, "figures")):
        key, path = text(row, "key"), f"figures.{place}"
        if key in seen:
            found[path] = f"标准线“{key}”写了两次，请删去一条。"
        seen.add(key)
        parts = ("label", "value", "unit", "source")
        try:
            checked_figures({key: {n: text(row, n) for n in parts}})
        except Refusal as no:
            found[path] = no.sentence
    return found
