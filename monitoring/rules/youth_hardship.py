"""PET-05: a young person of a low-income household needs help that nobody gives yet.

Illness, schooling, joblessness after school or living, reported within three months.

Source: reference 4.4 row 25 (youth league as clue sender [P32]); to be confirmed.
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import IS_LOW_INCOME, LOW_INCOME

KINDS = ["illness", "schooling", "jobless", "living"]

RULE = ShippedRule(
    code="PET-05",
    title="低收入家庭困难青少年",
    risk="其他",
    owner="团委",
    source="团委困难青少年台账（参照旺苍线索部门）；预警条件待核定",
    definition={
        "level": "person",
        "measures": {
            "days": {
                "feed": "youth_hardship",
                "op": "latest",
                "column": "found_on",
                "where": [{"column": "kind", "op": "in", "value": KINDS}],
                "then": [{"column": "help", "op": "=", "value": "needed"}],
                "window": {"months": 3},
            },
            **LOW_INCOME,
        },
        "when": IS_LOW_INCOME,
        "value": "days",
        "bands": [{"severity": 4}],
        "sentence": "{who} {value} 天前由团委登记为困难青少年，需要帮扶",
        "cool_down_days": 90,
        "regrow_share": 1,
    },
)
