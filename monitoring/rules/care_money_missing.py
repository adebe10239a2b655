"""ENT-05: a person in tekun who needs care is granted no care money.

The latest grant says half or full care and a care standard of 0.

Source: reference 6.4 (care standard by three levels [S21]); 7.4 "not enjoyed" [C12].
"""

from monitoring.rules.shipped import ShippedRule

RULE = ShippedRule(
    code="ENT-05",
    title="特困失能人员没有护理费",
    risk="因残",
    owner="民政局",
    source="特困供养分档护理标准；广西河池金额没有找到，待核定",
    definition={
        "level": "person",
        "measures": {
            "basic": {
                "feed": "tekun_support",
                "op": "latest",
                "column": "basic_yuan_month",
                "then": [
                    {"column": "care", "op": "in", "value": ["half", "full"]},
                    {"column": "care_yuan_month", "op": "=", "value": 0},
                ],
            }
        },
        "when": {"measure": "basic", "op": "known"},
        "value": "basic",
        "bands": [{"severity": 3}],
        "sentence": "特困人员{who}需要护理，只有基本生活费 {value} 元，没有护理费",
        "cool_down_days": 120,
        "regrow_share": 1,
    },
)
