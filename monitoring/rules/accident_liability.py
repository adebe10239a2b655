"""ACC-02: a member of a low-income household caused an accident and must pay.

Fully or mainly liable for an accident with casualties within six months.

Source: reference 4.4 row 11 [P33] for the list; that liability is a burden is to be confirmed.
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import IS_LOW_INCOME, LOW_INCOME

RULE = ShippedRule(
    code="ACC-02",
    title="低收入家庭成员负事故主责",
    risk="因意外事故",
    owner="交警",
    source="交警事故伤亡台账；预警条件待核定",
    definition={
        "level": "person",
        "measures": {
            "days": {
                "feed": "traffic_accident",
                "op": "latest",
                "column": "happened_on",
                "then": [{"column": "liability", "op": "in", "value": ["full", "main"]}],
                "window": {"months": 6},
            },
            **LOW_INCOME,
        },
        "when": IS_LOW_INCOME,
        "value": "days",
        "bands": [{"severity": 4}],
        "sentence": "{who} {value} 天前出交通事故，负全部或主要责任，可能要赔偿",
        "cool_down_days": 120,
        "regrow_share": 1,
    },
)
