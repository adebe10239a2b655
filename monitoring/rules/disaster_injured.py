"""DIZ-03: people of the household were hurt or killed by a disaster.

The report of the last six months counts at least one.

Source: reference 4.4 row 9, "after each disaster" [A2]; severity to be confirmed.
"""

from monitoring.rules.shipped import ShippedRule

RULE = ShippedRule(
    code="DIZ-03",
    title="因灾伤亡",
    risk="因自然灾害",
    owner="应急局",
    source="应急管理局灾情统计（参照外地“每次灾后筛查”）；分级待核定",
    definition={
        "level": "household",
        "measures": {
            "injured": {
                "feed": "disaster_damage",
                "op": "sum",
                "column": "injured_people",
                "window": {"months": 6},
            }
        },
        "when": {"measure": "injured", "op": ">", "number": 0},
        "value": "injured",
        "bands": [{"severity": 2}],
        "sentence": "近 6 个月因灾伤亡 {value} 人，请核对治疗和生活有没有困难",
        "cool_down_days": 60,
        "regrow_share": 0.5,
    },
)
