"""MED-01: the household paid a lot of its own for care in twelve months.

All living members' own payments after the three tiers are added up; reversals come off. Low-income
households have a lower line than others.

Source: medical families, reference 4.3: thresholds differ by county (Xi'an 2025: over 10,000 for
low-income people, over 26,000 for others [A6]; a Guangxi case of 9,295 was pushed [G5]). The
county's own figures are to be confirmed; they are Threshold rows.
"""

from monitoring.rules.shipped import ShippedRule, ShippedThreshold

RULE = ShippedRule(
    code="MED-01",
    title="大额医疗支出",
    risk="因病",
    owner="医保局",
    source="参照西安 2025 年筛查线；广西马山 2025 年有 9,295 元推送的例子；宜州区待核定",
    definition={
        "level": "household",
        "measures": {
            "paid": {
                "feed": "medical_settlement",
                "op": "sum",
                "column": "self_paid_yuan",
                "window": {"months": 12, "on": "settled_on"},
            }
        },
        "value": "paid",
        "lines": [
            {
                "when": {
                    "kinds": [
                        "out_of_poverty",
                        "unstable_out_of_poverty",
                        "marginal_prone",
                        "sudden_difficulty",
                    ],
                    "statuses": ["dibao"],
                },
                "threshold": "medical_self_paid_low_income",
                "label": "低收入家庭",
            },
            {"threshold": "medical_self_paid_ordinary", "label": "一般家庭"},
        ],
        "bands": [
            {"severity": 1, "times": 3},
            {"severity": 2, "times": 2},
            {"severity": 3, "times": 1},
        ],
        "sentence": "近 12 个月医疗自付 {value} 元，达到{line_label}监测线 {line} 元",
        "cool_down_days": 90,
        "regrow_share": 0.2,
    },
    thresholds=(
        ShippedThreshold(
            "medical_self_paid_low_income",
            "低收入家庭 12 个月医疗自付监测线",
            "10000",
            "元",
            "参照西安 2025 年筛查线，宜州区待核定",
        ),
        ShippedThreshold(
            "medical_self_paid_ordinary",
            "一般家庭 12 个月医疗自付监测线",
            "26000",
            "元",
            "参照西安 2025 年筛查线，宜州区待核定",
        ),
    ),
)
