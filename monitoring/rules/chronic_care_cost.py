"""MED-08: chronic care eats into a low-income household month after month.

Own payments for outpatient and chronic care of all members in three months reach three times the
monthly figure.

Source: reference 4.3 (unnamed county about 2020: outpatient and special disease 500 or more a
month [A2]). To be confirmed for Yizhou.
"""

from monitoring.rules.shipped import ShippedRule, ShippedThreshold
from monitoring.rules.standings import IS_LOW_INCOME, LOW_INCOME

RULE = ShippedRule(
    code="MED-08",
    title="低收入家庭门诊慢特病负担重",
    risk="因病",
    owner="医保局",
    source="参照外地县 2020 年前后筛查线（门诊慢特病每月自付 500 元）；宜州区待核定",
    definition={
        "level": "household",
        "measures": {
            "paid": {
                "feed": "medical_settlement",
                "op": "sum",
                "column": "self_paid_yuan",
                "where": [{"column": "care", "op": "in", "value": ["chronic", "outpatient"]}],
                "window": {"months": 3},
            },
            **LOW_INCOME,
        },
        "when": IS_LOW_INCOME,
        "value": "paid",
        "lines": [{"threshold": "outpatient_self_paid_month", "label": "每月监测线"}],
        "bands": [{"severity": 3, "times": 9}, {"severity": 4, "times": 3}],
        "sentence": "近 3 个月门诊和慢特病自付 {value} 元，每月超过 {line} 元",
        "cool_down_days": 120,
        "regrow_share": 0.5,
    },
    thresholds=(
        ShippedThreshold(
            "outpatient_self_paid_month",
            "低收入家庭门诊慢特病每月自付监测线",
            "500",
            "元",
            "参照外地县 2020 年前后筛查线，宜州区待核定",
        ),
    ),
)
