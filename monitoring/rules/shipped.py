"""The shape of a rule that ships with the program: one file each, loaded as a published version."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ShippedThreshold:
    """A figure with its unit and source; "to be confirmed" until the county confirms it."""

    key: str
    label: str
    value: str  # Decimal text
    unit: str
    source: str


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
    ShippedThreshold("deadline_workdays_1", "红色预警核查时限", "2", "工作日", "建议值，待核定"),
    ShippedThreshold("deadline_workdays_2", "橙色预警核查时限", "5", "工作日", "建议值，待核定"),
    ShippedThreshold("deadline_workdays_3", "黄色预警核查时限", "10", "工作日", "建议值，待核定"),
    ShippedThreshold("deadline_workdays_4", "蓝色预警核查时限", "20", "工作日", "建议值，待核定"),
)

# The quality gate of department data. Source: to be confirmed.
GATES = (
    ShippedThreshold(
        "gate_rows_missing_share", "整批核实线：比上批少", "0.5", "比例", "建议值，待核定"
    ),
    ShippedThreshold(
        "gate_rows_changed_share", "整批核实线：已有记录变化", "0.9", "比例", "建议值，待核定"
    ),
)
