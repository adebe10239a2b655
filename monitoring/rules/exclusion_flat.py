"""EXC-02: the household owns one commercial flat besides its village home.

A note for the visit, no more: many families bought one for a child's school or wedding.

Source: reference 4.4 row 14 [A12]; that one flat only annotates is a proposal, to be confirmed.
"""

from monitoring.rules.shipped import ShippedRule

RULE = ShippedRule(
    code="EXC-02",
    title="有一套商品房",
    risk="其他",
    owner="自然资源局",
    source="参照外地财产条件；一套只作注明是建议，待核定",
    definition={
        "level": "household",
        "effect": "annotate",
        "measures": {
            "flats": {
                "feed": "property_title",
                "op": "count",
                "where": [
                    {"column": "kind", "op": "=", "value": "flat"},
                    {"column": "standing", "op": "=", "value": "held"},
                    {"column": "origin", "op": "<>", "value": "relocated"},
                ],
            }
        },
        "value": "flats",
        "bands": [{"severity": 4, "equals": 1}],
        "sentence": "名下有 1 套商品房，入户时请了解购房情况",
        "cool_down_days": 180,
        "regrow_share": 0.5,
    },
)
