"""EDU-01: a child of compulsory-school age reported as suspected drop-out.

The latest report of the last six months says suspected drop-out at primary, junior or special
school. The longer the child has been away, the graver.

Source: reference 4.4 row 5 [P33]; compulsory education is one of the three guarantees [P1]. The
days that separate the bands are to be confirmed.
"""

from monitoring.rules.shipped import PROPOSED, ShippedRule, ShippedThreshold

RULE = ShippedRule(
    code="EDU-01",
    title="义务教育疑似辍学",
    risk="因学",
    owner="教育局",
    source="教育局“疑似失学辍学”筛查（参照峨山等地做法），分级天数待核定",
    definition={
        "level": "person",
        "population": {"age": [6, 15]},
        "measures": {
            "absent_days": {
                "feed": "school_status",
                "op": "latest",
                "column": "absent_days",
                "then": [
                    {"column": "standing", "op": "=", "value": "suspected_dropout"},
                    {"column": "stage", "op": "in", "value": ["primary", "junior", "special"]},
                ],
                "window": {"months": 6, "on": "status_on"},
            }
        },
        "when": {"measure": "absent_days", "op": "known"},
        "value": "absent_days",
        "bands": [
            {"severity": 1, "threshold": "dropout_absent_days_red"},
            {"severity": 2, "threshold": "dropout_absent_days_orange"},
            {"severity": 3},
        ],
        "sentence": "{who}连续 {value} 天未到校，学校报疑似辍学",
        "lowerable": False,
        "cool_down_days": 30,
        "regrow_share": 1,
    },
    thresholds=(
        ShippedThreshold("dropout_absent_days_red", "疑似辍学红色预警天数", "30", "天", PROPOSED),
        ShippedThreshold(
            "dropout_absent_days_orange", "疑似辍学橙色预警天数", "10", "天", PROPOSED
        ),
    ),
)
