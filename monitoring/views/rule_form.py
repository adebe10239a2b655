"""The editor's form: a definition as fields, and fields as a definition.

The state of the form is a plain tree ("raw"): what the boxes hold, as text, nested as the names of
the fields say (measures.0.where.1.column). Nothing is lost on the way when it is wrong: the check
refuses it, the form shows it again.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from copy import deepcopy
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import models
from django.http import QueryDict

from monitoring.feeds import FEEDS, Feed
from monitoring.rules.definition import JOINS
from monitoring.rules.language import HOUSEHOLD
from monitoring.rules.measures import OF_CHANGE, OF_LATEST, OF_ROWS, OPERANDS

Raw = dict[str, Any]
SEVERAL = frozenset(
    {"kinds", "labour", "health", "statuses", "plus", "minus", "among", "was", "becomes"}
)
LISTS = frozenset({"measures", "where", "then", "parts", "lines", "bands", "figures"})
SEPARATORS = re.compile(r"\s*[、，,；;]\s*")
DEEPEST = 14  # parts of a field's name
WITH_COLUMN = ("sum", "max", "min", "latest", "change", "changed")
FROM_FEED = (*OF_ROWS, *OF_LATEST, *OF_CHANGE)
COLUMNLESS = frozenset({"id_number", "person_name"})


# ---- what the browser sent ----


def raw_from_post(post: QueryDict) -> Raw:
    """The tree of the posted fields; names that lead nowhere are dropped."""
    tree: Raw = {}
    for name in post:
        steps = name.split(".")
        if len(steps) > DEEPEST or not all(steps):
            continue
        place = tree
        for step in steps[:-1]:
            inner = place.setdefault(step, {})
            if not isinstance(inner, dict):
                break
            place = inner
        else:
            last = steps[-1]
            place[last] = post.getlist(name) if last in SEVERAL else str(post[name]).strip()
    return _listed(tree)


def _listed(tree: Any) -> Any:
    """Numbered parts as lists, in the order of their numbers."""
    if not isinstance(tree, dict):
        return tree
    numbered = sorted((k for k in tree if k.isascii() and k.isdigit()), key=int)
    if numbered and len(numbered) == len(tree):
        return [_listed(tree[number]) for number in numbered]
    return {name: _listed(part) for name, part in tree.items()}


def rows(raw: Any, name: str) -> list[Raw]:
    """The numbered parts under a name; whatever else was sent there counts as none."""
    found = raw.get(name) if isinstance(raw, Mapping) else None
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def text(raw: Mapping[str, Any], name: str) -> str:
    found = raw.get(name)
    return found if isinstance(found, str) else ""


def several(raw: Mapping[str, Any], name: str) -> list[str]:
    found = raw.get(name)
    return [v for v in found if isinstance(v, str) and v] if isinstance(found, list) else []


def number(given: str) -> Any:
    """A JSON number from what was typed, full-width digits too; what is none stays text."""
    plain = unicodedata.normalize("NFKC", given).replace(",", "").strip()
    try:
        value = Decimal(plain)
    except InvalidOperation:
        return given
    if not value.is_finite():
        return given
    return int(value) if value == value.to_integral_value() else float(value)


# ---- fields -> definition ----


def definition_from(raw: Raw) -> dict[str, Any]:
    """The definition the fields stand for, right or wrong."""
    level = text(raw, "level") or HOUSEHOLD
    made: dict[str, Any] = {"level": level}
    if text(raw, "effect") not in ("", "alert"):
        made["effect"] = text(raw, "effect")
    if population := _population(raw.get("population") or {}):
        made["population"] = population
    made["measures"] = {text(row, "name"): _measure(row, level) for row in rows(raw, "measures")}
    when = raw.get("when") or {}
    if isinstance(when, dict) and rows(when, "parts"):
        tree = _tree(when)
        alone = list(tree) == ["all"] and len(tree["all"]) == 1
        made["when"] = tree["all"][0] if alone else tree
    made["value"] = text(raw, "value")
    if text(raw, "direction") == "down":
        made["direction"] = "down"
    if lines := rows(raw, "lines"):
        made["lines"] = [_line(row, row is lines[-1]) for row in lines]
    made["bands"] = [_band(row) for row in rows(raw, "bands")]
    if text(raw, "deadline"):
        made["deadline"] = text(raw, "deadline")
    made["sentence"] = text(raw, "sentence")
    made["cool_down_days"] = number(text(raw, "cool_down_days"))
    made["regrow_share"] = number(text(raw, "regrow_share"))
    if text(raw, "lowerable") == "no":
        made["lowerable"] = False
    return made


def figures_from(raw: Raw) -> dict[str, dict[str, Any]]:
    """The proposed figures; a row without a key is left to the check of its key."""
    return {
        text(row, "key"): {
            "label": text(row, "label"),
            "value": str(number(text(row, "value"))),
            "unit": text(row, "unit"),
            "source": text(row, "source"),
            "confirmed": text(row, "confirmed") == "1",
        }
        for row in rows(raw, "figures")
    }


def _people(raw: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    low, high = text(raw, "age_from"), text(raw, "age_to")
    if low or high:
        made["age"] = [number(low or "0"), number(high or "150")]
    if text(raw, "sex"):
        made["sex"] = text(raw, "sex")
    for name in ("labour", "health"):
        if several(raw, name):
            made[name] = several(raw, name)
    return made


def _population(raw: Mapping[str, Any]) -> dict[str, Any]:
    made = _people(raw)
    if several(raw, "kinds"):
        made["kinds"] = several(raw, "kinds")
    if text(raw, "head"):
        made["head"] = text(raw, "head") == "true"
    return made


def _measure(raw: Raw, level: str) -> dict[str, Any]:
    kind = text(raw, "kind")
    if kind in FROM_FEED:
        return _from_feed(raw, kind, level)
    head, _, rest = kind.partition(".")
    if head == "fact":
        people = _people(raw) if rest == "members" else {}
        return {"fact": rest} | ({"members": people} if people else {})
    if head == "status":
        return {"status": text(raw, "status")} | _per(raw, level)
    if head == "income":
        return {"income": rest, "window": _window(raw, None)}
    if head == "total":
        made: dict[str, Any] = {
            "total": {n: several(raw, n) for n in ("plus", "minus") if several(raw, n)}
        }
        if text(raw, "by"):
            made["by"] = text(raw, "by")
        if text(raw, "times") not in ("", "1"):
            made["times"] = number(text(raw, "times"))
        return made
    if head == "ratio":
        return {"ratio": [text(raw, "top"), text(raw, "bottom")]}
    return {}


def _per(raw: Raw, level: str) -> dict[str, str]:
    per = text(raw, "per")
    return {"per": per} if per and per != level else {}


def _window(raw: Raw, feed: Feed | None) -> dict[str, Any]:
    made = {n: number(text(raw, n)) for n in ("months", "ago") if text(raw, n)}
    if made.get("ago") == 0:
        del made["ago"]
    if feed is not None and text(raw, "on") not in ("", feed.valid_on):
        made["on"] = text(raw, "on")
    return made


def _from_feed(raw: Raw, op: str, level: str) -> dict[str, Any]:
    feed = FEEDS.get(text(raw, "feed"))
    made: dict[str, Any] = {"feed": text(raw, "feed"), "op": op}
    if op in WITH_COLUMN:
        made["column"] = text(raw, "column")
    for name in ("where", "then"):
        if name == "then" and op not in OF_LATEST:
            continue
        if conds := [_cond(row, feed) for row in rows(raw, name)]:
            made[name] = conds
    if window := _window(raw, feed):
        made["window"] = window
    made |= _per(raw, level)
    if people := _people(raw):
        made["members"] = people
    if op in ("latest", "change") and made.get("per", level) == HOUSEHOLD:
        made["across"] = text(raw, "across") or "sum"
    return made | (_from_to(raw, feed, made["column"]) if op == "changed" else {})


def _from_to(raw: Raw, feed: Feed | None, column: str) -> dict[str, Any]:
    return {
        part: [_typed(feed, column, v) for v in listed(raw, name, feed, column)]
        for name, part in (("was", "from"), ("becomes", "to"))
        if listed(raw, name, feed, column)
    }


def _cond(raw: Raw, feed: Feed | None) -> dict[str, Any]:
    column, op, kind = text(raw, "column"), text(raw, "op"), text(raw, "with")
    made: dict[str, Any] = {"column": column, "op": op}
    if op in ("filled", "empty"):
        return made
    if op == "in":
        return made | {
            "value": [_typed(feed, column, v) for v in listed(raw, "among", feed, column)]
        }
    if kind in ("days", "year"):
        return made | {kind: number(text(raw, "operand"))}
    if kind in ("threshold", "than"):
        return made | {kind: text(raw, "operand")}
    return made | {"value": _typed(feed, column, text(raw, "operand"))}


def listed(raw: Raw, name: str, feed: Feed | None, column: str) -> list[str]:
    """The chosen values; of a column without choices they stand in one box, with 、 between."""
    given = several(raw, name)
    if getattr(field_of(feed, column), "flatchoices", None):
        return given
    return [word for part in given for word in SEPARATORS.split(part) if word]


def _typed(feed: Feed | None, column: str, given: str) -> Any:
    """A literal as the column holds it."""
    field = field_of(feed, column)
    for key, _ in getattr(field, "flatchoices", None) or ():
        if str(key) == given:
            return key
    quantity = isinstance(field, models.DecimalField | models.IntegerField)
    return number(given) if quantity else given


def field_of(feed: Feed | None, column: str) -> Any:
    """The model field behind a column of the contract, or None."""
    if feed is None or column not in feed.contract or column in COLUMNLESS:
        return None
    return feed.model._meta.get_field(column)


def _tree(raw: Raw) -> dict[str, Any]:
    if "how" in raw:
        return {text(raw, "how"): [_tree(part) for part in rows(raw, "parts")]}
    made: dict[str, Any] = {"measure": text(raw, "measure"), "op": text(raw, "op")}
    kind = text(raw, "with")
    if made["op"] in ("known", "unknown"):
        return made
    if kind == "number":
        return made | {"number": number(text(raw, "operand"))}
    made[kind] = True if kind == "line" else text(raw, "operand")
    if text(raw, "times") not in ("", "1"):
        made["times"] = number(text(raw, "times"))
    return made


def _line(raw: Raw, last: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"threshold": text(raw, "threshold")}
    if text(raw, "label"):
        made["label"] = text(raw, "label")
    if not last:
        made["when"] = {n: several(raw, n) for n in ("kinds", "statuses") if several(raw, n)}
    return made


def _band(raw: Raw) -> dict[str, Any]:
    made: dict[str, Any] = {"severity": number(text(raw, "severity"))}
    kind, operand = text(raw, "with"), text(raw, "operand")
    if kind in ("times", "equals"):
        made[kind] = number(operand)
    elif kind == "threshold":
        made[kind] = operand
    return made


# ---- definition -> fields ----


def raw_from(definition: Mapping[str, Any], figures: Mapping[str, Any]) -> Raw:
    """The fields that stand for a definition."""
    level = definition["level"]
    return {
        "level": level,
        "effect": definition.get("effect", "alert"),
        "population": _people_raw(definition.get("population", {})),
        "measures": [
            {"name": name} | _measure_raw(measure, level)
            for name, measure in definition["measures"].items()
        ],
        "when": _tree_raw(definition["when"], top=True)
        if "when" in definition
        else {"how": "all", "parts": []},
        "value": definition["value"],
        "direction": definition.get("direction", "up"),
        "lines": [
            {"threshold": line["threshold"], "label": line.get("label", "")}
            | deepcopy(dict(line.get("when") or {}))
            for line in definition.get("lines", [])
        ],
        "bands": [_band_raw(band) for band in definition["bands"]],
        "deadline": definition.get("deadline", ""),
        "sentence": definition["sentence"],
        "cool_down_days": str(definition["cool_down_days"]),
        "regrow_share": str(definition["regrow_share"]),
        "lowerable": "yes" if definition.get("lowerable", True) else "no",
        "figures": [
            {"key": key} | dict(figure) | {"confirmed": "1" if figure.get("confirmed") else ""}
            for key, figure in figures.items()
        ],
    }


def _people_raw(given: Mapping[str, Any]) -> Raw:
    raw = {name: part for name, part in given.items() if name not in ("age", "head")}
    if "age" in given:
        raw["age_from"], raw["age_to"] = (str(age) for age in given["age"])
    if "head" in given:
        raw["head"] = "true" if given["head"] else "false"
    return raw


def _measure_raw(given: Mapping[str, Any], level: str) -> Raw:
    window = {n: str(v) for n, v in given.get("window", {}).items()}
    if "feed" in given:
        return {
            "kind": given["op"],
            "feed": given["feed"],
            "column": given.get("column", ""),
            "per": given.get("per", level),
            "across": given.get("across", ""),
            "where": [_cond_raw(cond) for cond in given.get("where", [])],
            "then": [_cond_raw(cond) for cond in given.get("then", [])],
            "was": [str(v) for v in given.get("from", [])],
            "becomes": [str(v) for v in given.get("to", [])],
            **window,
            **_people_raw(given.get("members", {})),
        }
    if "fact" in given:
        return {"kind": f"fact.{given['fact']}", **_people_raw(given.get("members", {}))}
    if "status" in given:
        per = given.get("per", level)
        return {"kind": "status", "status": given["status"], "per": per}
    if "income" in given:
        return {"kind": f"income.{given['income']}", **window}
    if "total" in given:
        return {
            "kind": "total",
            "plus": list(given["total"].get("plus", [])),
            "minus": list(given["total"].get("minus", [])),
            "by": given.get("by") or "",
            "times": str(given.get("times", 1)),
        }
    return {"kind": "ratio", "top": given["ratio"][0], "bottom": given["ratio"][1]}


def _cond_raw(cond: Mapping[str, Any]) -> Raw:
    kind = next((k for k in OPERANDS if k in cond), "value")
    raw = {"column": cond["column"], "op": cond["op"], "with": kind}
    operand = cond.get(kind, "")
    if isinstance(operand, list | tuple):
        return raw | {"among": [str(v) for v in operand]}
    return raw | {"operand": str(operand)}


def _tree_raw(tree: Mapping[str, Any], *, top: bool = False) -> Raw:
    for how in JOINS:
        if how in tree:
            return {"how": how, "parts": [_tree_raw(part) for part in tree[how]]}
    if top:
        return {"how": "all", "parts": [_tree_raw(tree)]}
    kind = next((k for k in ("number", "threshold", "than", "line") if k in tree), "number")
    return {
        "measure": tree["measure"],
        "op": tree["op"],
        "with": kind,
        "operand": "" if kind == "line" else str(tree.get(kind, "")),
        "times": str(tree.get("times", 1)),
    }


def _band_raw(band: Mapping[str, Any]) -> Raw:
    kind = next((k for k in ("times", "threshold", "equals") if k in band), "always")
    return {"severity": str(band["severity"]), "with": kind, "operand": str(band.get(kind, ""))}


def names_of(raw: Raw) -> Iterable[str]:
    """Names of the measures, in the order of the form."""
    return (text(row, "name") for row in rows(raw, "measures"))
