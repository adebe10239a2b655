"""DIZ-05: a household waits to be moved away from a geological hazard.

The latest state of the point is "to be moved". Points that are only watched raise nothing: they
have their own watchers.

Source: reference 4.4 row 14 (geological hazard points, hazard relocation); days to be confirmed.
"""

from monitoring.rules.shipped import PROPOSED, ShippedRule, ShippedThreshold

RULE = ShippedRule(
    code="DIZ-05",
    title="地质灾害隐患点待搬迁户",
    risk="因自然灾害",
    owner="自然资源局",
    source="自然资源局地质灾害隐患点台账；天数待核定",
    definition={
        "level": "household",
        "measures": {
            "days": {
                "feed": "hazard_point",
                "op": "latest",
                "column": "found_on",
                "then": [{"column": "standing", "op": "=", "value": "leaving"}],
                "across": "max",
            }
        },
        "when": {"measure": "days", "op": "known"},
        "value": "days",
        "bands": [{"severity": 2, "threshold": "hazard_leaving_days"}, {"severity": 3}],
        "sentence": "住在地质灾害隐患点，认定已 {value} 天，还在等待搬迁",
        "cool_down_days": 60,
        "regrow_share": 1,
    },
    thresholds=(
        ShippedThreshold("hazard_leaving_days", "隐患点待搬迁橙色预警天数", "180", "天", PROPOSED),
    ),
)
