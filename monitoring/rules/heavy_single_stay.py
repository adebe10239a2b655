"""MED-02: one hospital stay cost a low-income household a lot of its own.

The dearest settled stay of a person in the last two months reaches the line, and so does what the
person paid for stays in all (a reversed settlement takes itself off). Monitored households have
the lower line. Households that are not low-income are left to MED-01.

Source: reference 4.3 (unnamed county 2025: single stay over 6,000 for monitored, over 10,000 for
others [A7]; Qixian 2021: over 10,000 a stay [A9]). To be confirmed for Yizhou.
"""

from monitoring.rules.shipped import ShippedRule, ShippedThreshold
from monitoring.rules.standings import IS_LOW_INCOME, LOW_INCOME, MONITORED_KINDS

INPATIENT = {"column": "care", "op": "=", "value": "inpatient"}

RULE = ShippedRule(
    code="MED-02",
    title="低收入家庭单次住院自付较高",
    risk="因病",
    owner="医保局",
    source="参照外地县 2025 年单次住院筛查线（监测对象 6,000 元、其他 10,000 元）；宜州区待核定",
    definition={
        "level": "person",
        "measures": {
            "stay": {
                "feed": "medical_settlement",
                "op": "max",
                "column": "self_paid_yuan",
                "where": [INPATIENT, {"column": "kind", "op": "=", "value": "normal"}],
                "window": {"months": 2},
            },
            "paid": {
                "feed": "medical_settlement",
                "op": "sum",
                "column": "self_paid_yuan",
                "where": [INPATIENT],
                "window": {"months": 2},
            },
            **LOW_INCOME,
        },
        "when": {"all": [{"measure": "paid", "op": ">=", "line": True}, IS_LOW_INCOME]},
        "value": "stay",
        "lines": [
            {
                "when": {"kinds": MONITORED_KINDS},
                "threshold": "stay_self_paid_monitored",
                "label": "监测对象",
            },
            {"threshold": "stay_self_paid_low_income", "label": "低收入家庭"},
        ],
        "bands": [{"severity": 2, "times": 2}, {"severity": 3, "times": 1}],
        "sentence": "{who}近 2 个月一次住院自付 {value} 元，达到{line_label}监测线 {line} 元",
        "cool_down_days": 60,
        "regrow_share": 0.2,
    },
    thresholds=(
        ShippedThreshold(
            "stay_self_paid_monitored",
            "监测对象单次住院自付监测线",
            "6000",
            "元",
            "参照外地县 2025 年筛查线（单次超过 6,000 元），宜州区待核定",
        ),
        ShippedThreshold(
            "stay_self_paid_low_income",
            "低收入家庭单次住院自付监测线",
            "10000",
            "元",
            "参照外地县 2025 年、杞县 2021 年筛查线（单次超过 10,000 元），宜州区待核定",
        ),
    ),
)
