"""JOB-01: a worker on whom the household depends has been without work for months.

The latest report says unemployed, or back home without work. The household is low-income, or this
is its only worker and others live on it.

Source: reference 4.4 row 6 (lost job or back home for 1-3 months, a proposal there); the days are
to be confirmed.
"""

from monitoring.rules.shipped import PROPOSED, ShippedRule, ShippedThreshold
from monitoring.rules.standings import IS_LOW_INCOME, LOW_INCOME

RULE = ShippedRule(
    code="JOB-01",
    title="失业或返乡未就业",
    risk="因务工就业不稳",
    owner="人社局",
    source="人社局就业失业登记；1 至 3 个月是建议值，待核定",
    definition={
        "level": "person",
        "population": {"age": [16, 59], "labour": ["skilled", "ordinary"]},
        "measures": {
            "days": {
                "feed": "employment_status",
                "op": "latest",
                "column": "since_on",
                "then": [{"column": "standing", "op": "in", "value": ["unemployed", "returned"]}],
                "window": {"months": 12},
            },
            "workers": {"fact": "workers"},
            "size": {"fact": "size"},
            **LOW_INCOME,
        },
        "when": {
            "any": [
                IS_LOW_INCOME,
                {
                    "all": [
                        {"measure": "workers", "op": "<=", "number": 1},
                        {"measure": "size", "op": ">=", "number": 3},
                    ]
                },
            ]
        },
        "value": "days",
        "bands": [
            {"severity": 3, "threshold": "job_lost_days_yellow"},
            {"severity": 4, "threshold": "job_lost_days_blue"},
        ],
        "sentence": "{who}失业或返乡已 {value} 天，还没有找到工作",
        "cool_down_days": 90,
        "regrow_share": 1,
    },
    thresholds=(
        ShippedThreshold("job_lost_days_yellow", "失业返乡黄色预警天数", "90", "天", PROPOSED),
        ShippedThreshold("job_lost_days_blue", "失业返乡蓝色预警天数", "30", "天", PROPOSED),
    ),
)
