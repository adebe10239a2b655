"""EXC-04: the household has one car, not a new one.

A note for the visit: often a means of earning.

Source: reference 6.2 [S16], 2.3 [G1]; that one older car only annotates is a proposal.
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import nothing

OWN = [
    {"column": "kind", "op": "in", "value": ["car", "bus", "lorry"]},
    {"column": "standing", "op": "in", "value": ["held", "overdue"]},
]

RULE = ShippedRule(
    code="EXC-04",
    title="有一辆汽车",
    risk="其他",
    owner="交警",
    source="参照外地财产条件；一辆旧车只作注明是建议，待核定",
    definition={
        "level": "household",
        "effect": "annotate",
        "measures": {
            "cars": {"feed": "vehicle_registration", "op": "count", "where": OWN},
            "bought": {
                "feed": "vehicle_registration",
                "op": "count",
                "where": OWN,
                "window": {"months": 12},
            },
        },
        "when": nothing("bought"),
        "value": "cars",
        "bands": [{"severity": 4, "equals": 1}],
        "sentence": "名下有 1 辆汽车，入户时请了解用途",
        "cool_down_days": 180,
        "regrow_share": 0.5,
    },
)
