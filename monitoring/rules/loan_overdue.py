"""LOA-01: a micro-loan for people out of poverty is overdue.

The latest state within three months is overdue. The list holds assisted households only.

Source: reference 4.4 row 18 (overdue micro-loan = risk); the days are to be confirmed.
"""

from monitoring.rules.shipped import PROPOSED, ShippedRule, ShippedThreshold

RULE = ShippedRule(
    code="LOA-01",
    title="小额信贷逾期",
    risk="因产业(项目)失败",
    owner="金融机构",
    source="金融机构逾期小额信贷名单；天数待核定",
    definition={
        "level": "household",
        "measures": {
            "days": {
                "feed": "overdue_loan",
                "op": "latest",
                "column": "overdue_days",
                "where": [{"column": "kind", "op": "=", "value": "micro"}],
                "then": [{"column": "standing", "op": "=", "value": "overdue"}],
                "window": {"months": 3},
                "across": "max",
            },
            "overdue": {
                "feed": "overdue_loan",
                "op": "latest",
                "column": "overdue_yuan",
                "where": [{"column": "kind", "op": "=", "value": "micro"}],
                "then": [{"column": "standing", "op": "=", "value": "overdue"}],
                "window": {"months": 3},
                "across": "sum",
            },
        },
        "value": "days",
        "bands": [
            {"severity": 3, "threshold": "loan_overdue_days_yellow"},
            {"severity": 4, "threshold": "loan_overdue_days_blue"},
        ],
        "sentence": "小额信贷逾期 {value} 天，还有本金 {overdue} 元没还",
        "cool_down_days": 90,
        "regrow_share": 1,
    },
    thresholds=(
        ShippedThreshold(
            "loan_overdue_days_yellow", "小额信贷逾期黄色预警天数", "90", "天", PROPOSED
        ),
        ShippedThreshold(
            "loan_overdue_days_blue", "小额信贷逾期蓝色预警天数", "30", "天", PROPOSED
        ),
    ),
)
