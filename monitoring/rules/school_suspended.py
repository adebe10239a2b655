"""EDU-03: a student has taken leave from school.

The latest report of the last six months says suspended: at compulsory school for everybody, above
it for low-income households. Illness, money or a drop-out in disguise stand behind it.

Source: to be confirmed (feed school_status; compulsory education is one of the three guarantees).
"""

from monitoring.rules.shipped import ShippedRule, ShippedThreshold
from monitoring.rules.standings import IS_LOW_INCOME, LOW_INCOME, some

RULE = ShippedRule(
    code="EDU-03",
    title="学生休学",
    risk="因学",
    owner="教育局",
    source="建议的规则，依据文件待核定",
    definition={
        "level": "person",
        "population": {"age": [6, 22]},
        "measures": {
            "suspended": {
                "feed": "school_status",
                "op": "latest_is",
                "then": [
                    {"column": "standing", "op": "=", "value": "suspended"},
                    {"column": "stage", "op": "<>", "value": "preschool"},
                ],
                "window": {"months": 6},
            },
            "age": {"fact": "age"},
            **LOW_INCOME,
        },
        "when": {
            "all": [
                some("suspended"),
                {
                    "any": [
                        {"measure": "age", "op": "<=", "threshold": "compulsory_age_most"},
                        IS_LOW_INCOME,
                    ]
                },
            ]
        },
        "value": "age",
        "direction": "down",
        "bands": [{"severity": 3, "threshold": "compulsory_age_most"}, {"severity": 4}],
        "sentence": "{who}（{value} 岁）休学，请问清原因和复学时间",
        "lowerable": False,
        "cool_down_days": 120,
        "regrow_share": 0,
    },
    thresholds=(
        ShippedThreshold(
            "compulsory_age_most",
            "义务教育最大年龄",
            "15",
            "岁",
            "与义务教育疑似辍学筛查年龄一致；待核定",
        ),
    ),
)
