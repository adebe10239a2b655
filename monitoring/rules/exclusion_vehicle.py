"""EXC-03: the household bought a car in the last year, or has two or more.

Cars, buses and lorries that are still its own; not motorcycles and farm vehicles. The price is
unknown, so evidence only.

Source: reference 6.2 (no vehicle of 50,000 or more bought in the last 12 months [S17], no vehicle
[S16], neither Guangxi); 2.3, the Leye refusal names a van [G1].
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import some

OWN = [
    {"column": "kind", "op": "in", "value": ["car", "bus", "lorry"]},
    {"column": "standing", "op": "in", "value": ["held", "overdue"]},
]

RULE = ShippedRule(
    code="EXC-03",
    title="新购汽车或有多辆汽车",
    risk="其他",
    owner="交警",
    source="参照昆明等地财产条件（近 12 个月购车）；广西清单没有找到，待核定",
    definition={
        "level": "household",
        "effect": "lower",
        "measures": {
            "cars": {"feed": "vehicle_registration", "op": "count", "where": OWN},
            "bought": {
                "feed": "vehicle_registration",
                "op": "count",
                "where": OWN,
                "window": {"months": 12},
            },
        },
        "when": {"any": [some("bought"), {"measure": "cars", "op": ">=", "number": 2}]},
        "value": "cars",
        "bands": [{"severity": 4}],
        "sentence": "名下有汽车 {value} 辆，其中近 12 个月新登记 {bought} 辆，入户时请核对",
        "cool_down_days": 180,
        "regrow_share": 0.5,
    },
)
