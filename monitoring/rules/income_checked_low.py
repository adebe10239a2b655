"""INC-04: civil affairs checked the income, and it is below the monitoring line.

Recognised as dibao-marginal or rigid-expense within three months with a monthly income per head
that makes less than the line in a year; not on dibao or tekun and not monitored.

Source: reference 4.4 row 3 (marginal and rigid lists), 2.3 for the line; to be confirmed.
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import some, standings

RULE = ShippedRule(
    code="INC-04",
    title="核对收入低于监测线",
    risk="其他",
    owner="民政局",
    source="民政局低收入家庭认定的人均月收入，与当年监测线比较；监测线待核定",
    definition={
        "level": "household",
        "population": {"kinds": ["ordinary", "out_of_poverty"]},
        "measures": {
            "month": {
                "feed": "low_income_list",
                "op": "latest",
                "column": "per_head_yuan_month",
                "window": {"months": 3},
                "across": "min",
            },
            "year": {"total": {"plus": ["month"]}, "times": 12},
            **standings("dibao", "tekun"),
        },
        "when": {"none": [some("dibao"), some("tekun")]},
        "value": "year",
        "direction": "down",
        "lines": [{"threshold": "monitoring_line_per_head_year", "label": "当年监测线"}],
        "bands": [{"severity": 4, "times": 1}],
        "sentence": "民政核对人均月收入 {month} 元，一年 {value} 元，低于{line_label} {line} 元",
        "cool_down_days": 180,
        "regrow_share": 0,
    },
)
