"""Standings of a household that many shipped rules ask for, as parts of a definition.

A department's list alone raises far more alerts than true cases (reference 4.9: 0.2-3 %). Most
rules therefore ask a second question: is the household low-income, or has it no support at all?
Source: reference 1.1 and 6.1 for the terms; which of them count here is to be confirmed.
"""

from typing import Any


def standings(*names: str) -> dict[str, Any]:
    """Measures of the household's standings, each under its own name."""
    return {name: {"status": name, "per": "household"} for name in names}


def some(measure: str) -> dict[str, Any]:
    """At least one: the standing is held, the sign is there."""
    return {"measure": measure, "op": ">=", "number": 1}


def nothing(measure: str) -> dict[str, Any]:
    """Not one."""
    return {"measure": measure, "op": "=", "number": 0}


MONITORED_KINDS = ["unstable_out_of_poverty", "marginal_prone", "sudden_difficulty"]

# Below every other household: on a list of civil affairs, monitored, or out of poverty.
LOW_INCOME = standings("dibao", "tekun", "marginal", "rigid", "monitored", "out_of_poverty")
IS_LOW_INCOME = {"any": [some(name) for name in LOW_INCOME]}
LOW_INCOME_CLASS = {
    "kinds": ["out_of_poverty", *MONITORED_KINDS],
    "statuses": ["dibao", "tekun", "marginal", "rigid"],
}

# Nobody looks after the household yet: on no list of civil affairs, and not monitored.
SUPPORT = standings("dibao", "tekun", "marginal", "rigid", "monitored")
IS_UNSUPPORTED = {"none": [some(name) for name in SUPPORT]}
