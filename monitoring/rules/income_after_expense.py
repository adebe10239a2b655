"""INC-02: the income is enough, but not after what illness and school took.

Net income per head is at or above the line; the reference income (net, plus insurance payouts,
less own medical and school payments) is below it, and what was taken is not small change. Not on
dibao or tekun.

Source: reference 2.3 route (c) [P20] and the Guizhou case [K1]; 3.5 for the formula.
"""

from monitoring.rules.shipped import PROPOSED, ShippedRule, ShippedThreshold
from monitoring.rules.standings import some, standings

RULE = ShippedRule(
    code="INC-02",
    title="扣除刚性支出后低于监测线",
    risk="因病",
    owner="农业农村局",
    source="纳入条件：收入高于监测线、扣除刚性支出后低于监测线；监测线待核定",
    definition={
        "level": "household",
        "measures": {
            "net": {"income": "net", "window": {"months": 12}},
            "reference": {"income": "reference", "window": {"months": 12}},
            "taken": {"total": {"plus": ["net"], "minus": ["reference"]}},
            **standings("dibao", "tekun"),
        },
        "when": {
            "all": [
                {"measure": "net", "op": ">=", "line": True},
                {"measure": "reference", "op": "<", "line": True},
                {"measure": "taken", "op": ">=", "threshold": "rigid_expense_per_head"},
                {"none": [some("dibao"), some("tekun")]},
            ]
        },
        "value": "reference",
        "direction": "down",
        "lines": [{"threshold": "monitoring_line_per_head_year", "label": "当年监测线"}],
        "bands": [{"severity": 2, "times": 0.5}, {"severity": 3, "times": 1}],
        "sentence": "人均收入 {net} 元，扣除看病上学自付后 {value} 元，低于{line_label} {line} 元",
        "cool_down_days": 120,
        "regrow_share": 0,
    },
    thresholds=(
        ShippedThreshold(
            "rigid_expense_per_head", "刚性支出起点（每人每年）", "2000", "元/人", PROPOSED
        ),
    ),
)
