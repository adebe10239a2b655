"""ACC-01: a traffic accident left a member badly hurt, and nobody has made it good.

Seriously injured, disabled or dead within six months, not or only partly compensated.

Source: reference 4.4 row 11, "accident with injury, disability or death" [P33]. Light injuries are
left out as a proposal.
"""

from monitoring.rules.shipped import ShippedRule

RULE = ShippedRule(
    code="ACC-01",
    title="交通事故重伤致残未获赔",
    risk="因意外事故",
    owner="交警",
    source="交警事故伤亡台账（参照峨山等地做法）；轻伤不预警是建议，待核定",
    definition={
        "level": "person",
        "measures": {
            "days": {
                "feed": "traffic_accident",
                "op": "latest",
                "column": "happened_on",
                "then": [
                    {"column": "harm", "op": "in", "value": ["serious", "disabled", "dead"]},
                    {"column": "compensation", "op": "in", "value": ["none", "partly"]},
                ],
                "window": {"months": 6},
            }
        },
        "when": {"measure": "days", "op": "known"},
        "value": "days",
        "bands": [{"severity": 2}],
        "sentence": "{who} {value} 天前在交通事故中重伤、致残或死亡，还没有赔足",
        "cool_down_days": 60,
        "regrow_share": 1,
    },
)
