"""PET-07: the union filed a member as deeply in hardship, and nobody else helps.

Filed within six months, still listed, deep or by accident; the household is on no list of civil
affairs and not monitored.

Source: reference 4.4 row 22 (hardship workers; new case); to be confirmed.
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import IS_UNSUPPORTED, SUPPORT

RULE = ShippedRule(
    code="PET-07",
    title="困难职工家庭无其他保障",
    risk="因务工就业不稳",
    owner="总工会",
    source="总工会困难职工档案；预警条件待核定",
    definition={
        "level": "person",
        "measures": {
            "days": {
                "feed": "union_hardship",
                "op": "latest",
                "column": "filed_on",
                "then": [
                    {"column": "standing", "op": "=", "value": "listed"},
                    {"column": "grade", "op": "in", "value": ["deep", "accident"]},
                ],
                "window": {"months": 6},
            },
            **SUPPORT,
        },
        "when": IS_UNSUPPORTED,
        "value": "days",
        "bands": [{"severity": 4}],
        "sentence": "{who} {value} 天前由工会建档为困难职工，家庭没有其他保障",
        "cool_down_days": 120,
        "regrow_share": 1,
    },
)
