"""JOB-03: a welfare post ended and nothing came after it.

Within six months the person went from a welfare post to no work at all. Such posts go to people
who find no other (reference 6.6), so no second sign is asked for.

Source: reference 3.5 a (welfare posts) and 6.6 [J1]; that the loss is a sign is to be confirmed.
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import some

RULE = ShippedRule(
    code="JOB-03",
    title="公益性岗位退出后未就业",
    risk="因务工就业不稳",
    owner="人社局",
    source="广西 2022 年乡村公益性岗位对象范围；预警条件待核定",
    definition={
        "level": "person",
        "measures": {
            "lost": {
                "feed": "employment_status",
                "op": "changed",
                "column": "channel",
                "from": ["welfare_post"],
                "to": ["none"],
                "window": {"months": 6},
            }
        },
        "when": some("lost"),
        "value": "lost",
        "bands": [{"severity": 3}],
        "sentence": "{who}退出公益性岗位后没有就业",
        "cool_down_days": 120,
        "regrow_share": 0,
    },
)
