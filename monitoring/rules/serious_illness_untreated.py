"""MED-03: a person with a newly found serious illness is not treated, or has given up.

The latest report of the last twelve months says so, and the diagnosis is older than the days a
family needs to get going.

Source: reference 4.4 row 2 (new serious-illness patients monthly [A2]); 4.5 (the seed says all of
the listed diseases are to be treated). The days are to be confirmed.
"""

from monitoring.rules.shipped import PROPOSED, ShippedRule, ShippedThreshold

RULE = ShippedRule(
    code="MED-03",
    title="大病没有救治或放弃治疗",
    risk="因病",
    owner="卫健局",
    source="卫健局“新发大病患者”月报（参照外地做法），天数待核定",
    definition={
        "level": "person",
        "measures": {
            "days": {
                "feed": "serious_illness",
                "op": "latest",
                "column": "diagnosed_on",
                "then": [{"column": "treatment", "op": "in", "value": ["waiting", "given_up"]}],
                "window": {"months": 12},
            }
        },
        "value": "days",
        "bands": [{"severity": 2, "threshold": "illness_untreated_days"}],
        "sentence": "{who}确诊大病 {value} 天，没有救治或已放弃治疗",
        "cool_down_days": 30,
        "regrow_share": 1,
    },
    thresholds=(
        ShippedThreshold("illness_untreated_days", "确诊大病未救治预警天数", "15", "天", PROPOSED),
    ),
)
