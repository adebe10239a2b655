"""MED-04: a member of a low-income household was diagnosed with a serious illness.

Diagnosed within the last two months and being treated: the bills are still to come. Households
that are not low-income are caught by their bills (MED-01).

Source: reference 4.4 row 2, "new serious-illness patients monthly by the 5th" [A2]. That only
low-income households are visited is a proposal, to be confirmed.
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import IS_LOW_INCOME, LOW_INCOME

RULE = ShippedRule(
    code="MED-04",
    title="低收入家庭新发大病",
    risk="因病",
    owner="卫健局",
    source="卫健局“新发大病患者”月报（参照外地做法）；只看低收入家庭是建议，待核定",
    definition={
        "level": "person",
        "measures": {
            "days": {
                "feed": "serious_illness",
                "op": "latest",
                "column": "diagnosed_on",
                "then": [{"column": "treatment", "op": "=", "value": "treated"}],
                "window": {"months": 2},
            },
            **LOW_INCOME,
        },
        "when": IS_LOW_INCOME,
        "value": "days",
        "bands": [{"severity": 3}],
        "sentence": "低收入家庭的{who} {value} 天前确诊大病，正在治疗",
        "cool_down_days": 90,
        "regrow_share": 1,
    },
)
