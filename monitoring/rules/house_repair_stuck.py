"""HOU-03: the repair of a dangerous house does not come to an end.

A lived-in house of grade C or D has been "under repair" for longer than the line since it was
appraised.

Source: to be confirmed (reference 4.4 row 7 names the grades only).
"""

from monitoring.rules.shipped import PROPOSED, ShippedRule, ShippedThreshold

RULE = ShippedRule(
    code="HOU-03",
    title="危房改造久未完成",
    risk="因住房",
    owner="住建局",
    source="建议的规则，依据文件待核定",
    definition={
        "level": "household",
        "measures": {
            "days": {
                "feed": "house_safety",
                "op": "latest",
                "column": "appraised_on",
                "where": [{"column": "lived_in", "op": "=", "value": "lived_in"}],
                "then": [
                    {"column": "grade", "op": "in", "value": ["C", "D"]},
                    {"column": "remedy", "op": "=", "value": "repairing"},
                ],
                "across": "max",
            }
        },
        "value": "days",
        "bands": [{"severity": 3, "threshold": "house_repair_days"}],
        "sentence": "危房鉴定已 {value} 天，改造还没有完成，仍有人居住",
        "lowerable": False,
        "cool_down_days": 90,
        "regrow_share": 0.5,
    },
    thresholds=(ShippedThreshold("house_repair_days", "危房改造预警天数", "180", "天", PROPOSED),),
)
