"""IND-01: an assisted industry project failed.

Failed within twelve months. The more of its own money the household had put in, the graver. The
list holds assisted households only, so no second sign is asked for.

Source: reference 4.4 row 12 (failed project), 3.4 (risk "failed industry project"); the figure is
to be confirmed.
"""

from monitoring.rules.shipped import PROPOSED, ShippedRule, ShippedThreshold

RULE = ShippedRule(
    code="IND-01",
    title="帮扶产业项目失败",
    risk="因产业(项目)失败",
    owner="农业农村局",
    source="农业农村局帮扶产业项目台账；金额待核定",
    definition={
        "level": "household",
        "measures": {
            "invested": {
                "feed": "industry_project",
                "op": "sum",
                "column": "invested_yuan",
                "where": [{"column": "standing", "op": "=", "value": "failed"}],
                "window": {"months": 12, "on": "failed_on"},
            }
        },
        "when": {"measure": "invested", "op": "known"},
        "value": "invested",
        "bands": [{"severity": 2, "threshold": "industry_invested_orange"}, {"severity": 3}],
        "sentence": "近 12 个月帮扶产业项目失败，自家投入 {value} 元",
        "cool_down_days": 120,
        "regrow_share": 0.3,
    },
    thresholds=(
        ShippedThreshold(
            "industry_invested_orange", "产业失败橙色预警自筹投入", "20000", "元", PROPOSED
        ),
    ),
)
