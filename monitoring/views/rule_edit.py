"""Adding and removing parts of the form; each button posts the whole form and gets it back."""

from collections.abc import Mapping
from typing import Any

from monitoring.feeds import FEEDS
from monitoring.rules.definition import MOST_MEASURES
from monitoring.views.rule_columns import columns_of
from monitoring.views.rule_form import Raw, names_of, rows, text

LEAF: Raw = {"measure": "", "op": ">=", "with": "number", "operand": "1", "times": "1"}


def edited(raw: Raw, act: str, *, code: str, figures: Mapping[str, Mapping[str, Any]]) -> Raw:
    """The tree after "add PATH", "group PATH", "remove PATH", "propose KEY"; else unchanged.

    `figures` are the lines in force, which a proposal begins with.
    """
    verb, _, path = act.partition(" ")
    if verb == "propose":
        _append(raw, "figures", {"key": path} | _line_of(figures.get(path, {})))
    elif verb == "remove":
        _remove(raw, path)
    elif verb == "group":
        _append(raw, path, {"how": "any", "parts": [dict(LEAF)]})
    elif verb == "add":
        _append(raw, path, _fresh(raw, path, code))
    return raw


def _line_of(figure: Mapping[str, Any]) -> Raw:
    return {name: str(figure.get(name) or "") for name in ("label", "value", "unit", "source")}


def _fresh(raw: Raw, path: str, code: str) -> Raw:
    """What a new part begins with."""
    last = path.rpartition(".")[2]
    if last == "measures":
        return _measure(raw)
    if last in ("where", "then"):
        measure = _at(raw, path.rpartition(".")[0])
        feed = FEEDS.get(text(measure, "feed") if isinstance(measure, dict) else "")
        return {"column": next((name for name, _ in columns_of(feed, "any")), ""), "op": "="}
    if last == "parts":
        return dict(LEAF)
    if last == "bands":
        return {"severity": "3", "with": "times" if rows(raw, "lines") else "threshold"}
    if last == "figures":
        taken = {text(row, "key") for row in rows(raw, "figures")}
        stem = code.lower().replace("-", "_")
        key = next(k for n in range(1, 99) if (k := f"{stem}_line_{n}") not in taken)
        return {"key": key, "label": "", "value": "", "unit": "", "source": "待核定"}
    return {}


def _measure(raw: Raw) -> Raw:
    taken = set(names_of(raw))
    name = next(n for k in range(1, 99) if (n := f"m{k}") not in taken)
    feed = next((text(r, "feed") for r in rows(raw, "measures") if text(r, "feed")), "")
    return {"name": name, "kind": "count", "feed": feed or next(iter(FEEDS)), "months": "12"}


def _at(raw: Any, path: str) -> Any:
    """The part of the tree at a path, or None."""
    for step in path.split("."):
        if isinstance(raw, list):
            raw = raw[int(step)] if step.isdigit() and int(step) < len(raw) else None
        else:
            raw = raw.get(step) if isinstance(raw, dict) else None
    return raw


def _append(raw: Raw, path: str, part: Raw) -> None:
    head, _, last = path.rpartition(".")
    owner = _at(raw, head) if head else raw
    if not isinstance(owner, dict):
        return
    found = owner.get(last)
    owner[last] = [*found, part] if isinstance(found, list) else [part]
    if path == "measures":
        owner[last] = owner[last][:MOST_MEASURES]
    if path == "lines" and len(owner[last]) > 1:  # the last line is for everybody else
        owner[last] = [*owner[last][:-2], part, owner[last][-2]]


def _remove(raw: Raw, path: str) -> None:
    head, _, last = path.rpartition(".")
    owner = _at(raw, head)
    if isinstance(owner, list) and last.isdigit() and int(last) < len(owner):
        del owner[int(last)]
