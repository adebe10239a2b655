"""Standings of a person that rules name: each one is a measure over a department's rows.

Source: reference 1.1 for the terms; the window of three months for dibao is to be confirmed (the
list is monthly, one month late). A household has a standing when a living member has it.
"""

from dataclasses import dataclass
from typing import Any

from grid.models import HouseholdKind


@dataclass(frozen=True, slots=True)
class Status:
    """Either `measure` (1 or 0 a person) or `kinds` of the household."""

    label: str
    measure: dict[str, Any] | None = None
    kinds: tuple[str, ...] = ()


def _on_list(kind: str) -> dict[str, Any]:
    """Recognised, and not past its last day; without a last day it stands."""
    return {
        "feed": "low_income_list",
        "op": "latest_is",
        "where": [{"column": "kind", "op": "=", "value": kind}],
        "then": [{"column": "valid_until_on", "op": "not_before", "days": 0}],
    }


STATUSES: dict[str, Status] = {
    "dibao": Status("低保", {"feed": "dibao_payment", "op": "exists", "window": {"months": 3}}),
    "tekun": Status("特困供养", {"feed": "tekun_support", "op": "exists"}),
    "marginal": Status("低保边缘", _on_list("marginal")),
    "rigid": Status("刚性支出困难", _on_list("rigid")),
    "monitored": Status(
        "监测对象",
        kinds=(
            HouseholdKind.UNSTABLE_OUT_OF_POVERTY,
            HouseholdKind.MARGINAL_PRONE,
            HouseholdKind.SUDDEN_DIFFICULTY,
        ),
    ),
    "out_of_poverty": Status("脱贫户", kinds=(HouseholdKind.OUT_OF_POVERTY,)),
    "severely_disabled": Status(
        "重度残疾",
        {
            "feed": "disability_certificate",
            "op": "latest_is",
            "then": [
                {"column": "standing", "op": "=", "value": "valid"},
                {"column": "level", "op": "in", "value": [1, 2]},
            ],
        },
    ),
    "insured": Status(
        "已参保",
        {
            "feed": "medical_enrolment",
            "op": "exists",
            "where": [
                {"column": "insured_year", "op": "=", "year": 0},
                {"column": "standing", "op": "=", "value": "insured"},
            ],
        },
    ),
}
