"""DIZ-01: a disaster made the house unfit to live in.

Heavily damaged or collapsed within the last three months, whatever the household earns.

Source: reference 4.4 row 9, "after each disaster" [A2]; 2.3 (an unsafe only house) [P21].
"""

from monitoring.rules.shipped import ShippedRule

RULE = ShippedRule(
    code="DIZ-01",
    title="因灾房屋严重损坏或倒塌",
    risk="因自然灾害",
    owner="应急局",
    source="应急管理局灾情统计（参照外地“每次灾后筛查”）；分级待核定",
    definition={
        "level": "household",
        "measures": {
            "rooms": {
                "feed": "disaster_damage",
                "op": "sum",
                "column": "rooms",
                "where": [{"column": "house", "op": "in", "value": ["heavy", "collapsed"]}],
                "window": {"months": 3},
            }
        },
        "when": {"measure": "rooms", "op": "known"},
        "value": "rooms",
        "bands": [{"severity": 1}],
        "sentence": "近 3 个月因灾房屋严重损坏或倒塌 {value} 间，请核对住处是否安全",
        "lowerable": False,
        "cool_down_days": 30,
        "regrow_share": 0.5,
    },
)
