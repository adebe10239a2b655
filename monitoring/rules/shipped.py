"""The shape of a rule that ships with the program: one file each, loaded as a published version."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

SHIPPED_FROM = date(2020, 1, 1)  # early enough that past days can be replayed
PROPOSED = "建议值，待核定"


@dataclass(frozen=True, slots=True)
class ShippedThreshold:
    """A figure with its unit and source; "to be confirmed" until the county confirms it.

    One key may have several figures, each with its own term (`until_on` is the first day it no
    longer holds); terms of one key never overlap.
    """

    key: str
    label: str
    value: str  # Decimal text
    unit: str
    source: str
    from_on: date = SHIPPED_FROM
    until_on: date | None = None


@dataclass(frozen=True, slots=True)
class ShippedRule:
    code: str
    title: str
    risk: str
    owner: str
    source: str
    definition: Mapping[str, Any]
    thresholds: tuple[ShippedThreshold, ...] = ()


# Working days a worker has, by severity. Source: proposed in reference 4.7, to be confirmed.
DEADLINES = (
    ShippedThreshold("deadline_workdays_1", "红色预警核查时限", "2", "工作日", PROPOSED),
    ShippedThreshold("deadline_workdays_2", "橙色预警核查时限", "5", "工作日", PROPOSED),
    ShippedThreshold("deadline_workdays_3", "黄色预警核查时限", "10", "工作日", PROPOSED),
    ShippedThreshold("deadline_workdays_4", "蓝色预警核查时限", "20", "工作日", PROPOSED),
)

# New visits for one worker and week, by severity; red has no limit. Source: to be confirmed.
BUDGETS = (
    ShippedThreshold("visits_per_week_2", "橙色预警每人每周新派户数", "10", "户", PROPOSED),
    ShippedThreshold("visits_per_week_3", "黄色预警每人每周新派户数", "5", "户", PROPOSED),
    ShippedThreshold("visits_per_week_4", "蓝色预警每人每周新派户数", "3", "户", PROPOSED),
)
# The quality gates of department data and of rules. Source: to be confirmed.
GATES = (
    ShippedThreshold("rule_most_share", "一条规则最多可信的命中", "0.2", "比例", PROPOSED),
    ShippedThreshold("gate_rows_missing_share", "整批核实线：比上批少", "0.5", "比例", PROPOSED),
    ShippedThreshold(
        "gate_rows_changed_share", "整批核实线：已有记录变化", "0.9", "比例", PROPOSED
    ),
)
