"""COM-03: high school costs in a household that lives on one worker.

What all students of the latest year cost after aid, at any school, reaches the line of EDU-02; at
most one worker and at least three people.

Source: reference 2.3 (students beyond compulsory school weighed together [P20]), 4.4 row 5 [A2];
the combination is to be confirmed.
"""

from monitoring.rules.shipped import ShippedRule

RULE = ShippedRule(
    code="COM-03",
    title="教育支出大且只有一个劳动力",
    risk="因学",
    owner="教育局",
    source="多项风险叠加的建议规则，待核定",
    definition={
        "level": "household",
        "measures": {
            "cost": {
                "feed": "education_cost",
                "op": "latest",
                "column": "net_yuan",
                "window": {"months": 12},
                "across": "sum",
            },
            "workers": {"fact": "workers"},
            "size": {"fact": "size"},
        },
        "when": {
            "all": [
                {"measure": "workers", "op": "<=", "number": 1},
                {"measure": "size", "op": ">=", "number": 3},
            ]
        },
        "value": "cost",
        "lines": [{"threshold": "school_cost_after_aid", "label": "教育支出监测线"}],
        "bands": [{"severity": 3, "times": 2}, {"severity": 4, "times": 1}],
        "sentence": "{size} 口人只有 {workers} 个劳动力，资助后教育支出 {value} 元",
        "cool_down_days": 180,
        "regrow_share": 0.3,
    },
)
