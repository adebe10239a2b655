"""EXC-06: a member is registered as self-employed.

A note for the visit: a family shop may earn little (elsewhere it may be re-examined).

Source: reference 4.4 row 15 [A12]; 6.2, a wife-and-husband shop may be re-examined [S16].
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import some

RULE = ShippedRule(
    code="EXC-06",
    title="有个体经营",
    risk="其他",
    owner="市场监管局",
    source="参照外地财产条件（夫妻店可复核）；只作注明是建议，待核定",
    definition={
        "level": "household",
        "effect": "annotate",
        "measures": {
            "shops": {
                "feed": "business_registration",
                "op": "count",
                "where": [
                    {"column": "kind", "op": "=", "value": "self_employed"},
                    {"column": "standing", "op": "=", "value": "open"},
                ],
            }
        },
        "when": some("shops"),
        "value": "shops",
        "bands": [{"severity": 4}],
        "sentence": "有个体工商户登记 {value} 户，入户时请了解经营情况",
        "cool_down_days": 180,
        "regrow_share": 0.5,
    },
)
