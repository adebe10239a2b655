"""ENT-03: a student of a dibao or monitored household gets no aid.

The latest school year within twelve months shows costs above compulsory school and no aid at all.

Source: reference 7.4 "not enjoyed" [C12]; 4.4 row 5 (aid received). Which aid is due: to be
confirmed (6.6, amounts in Guangxi not found).
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import some, standings

POOR = standings("dibao", "tekun", "monitored")

RULE = ShippedRule(
    code="ENT-03",
    title="低保、监测家庭学生未受资助",
    risk="因学",
    owner="教育局",
    source="应享未享核查（参照外地做法）；资助项目待核定",
    definition={
        "level": "person",
        "measures": {
            "cost": {
                "feed": "education_cost",
                "op": "latest",
                "column": "net_yuan",
                "then": [{"column": "aid_yuan", "op": "=", "value": 0}],
                "window": {"months": 12},
            },
            **POOR,
        },
        "when": {"any": [some(name) for name in POOR]},
        "value": "cost",
        "bands": [{"severity": 3}],
        "sentence": "低保或监测家庭的{who}这一学年自付 {value} 元，没有任何资助",
        "cool_down_days": 180,
        "regrow_share": 0.5,
    },
)
