"""COM-02: medical bills at half the line, and a worker has lost the job.

Own payments of twelve months reach half of the MED-01 line but not the line, and a worker of the
household is unemployed or back home. Two lesser signs that each stay silent.

Source: reference 2.3 (route c: rigid expenses and a lost job weighed together [P20]); half is a
proposal, to be confirmed.
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import LOW_INCOME_CLASS, some

RULE = ShippedRule(
    code="COM-02",
    title="医疗支出较大又失业",
    risk="因病",
    owner="医保局",
    source="多项风险叠加的建议规则（医疗自付达监测线一半），待核定",
    definition={
        "level": "household",
        "measures": {
            "paid": {
                "feed": "medical_settlement",
                "op": "sum",
                "column": "self_paid_yuan",
                "window": {"months": 12},
            },
            "jobless": {
                "feed": "employment_status",
                "op": "latest_is",
                "then": [{"column": "standing", "op": "in", "value": ["unemployed", "returned"]}],
                "window": {"months": 12},
                "members": {"age": [16, 59], "labour": ["skilled", "ordinary"]},
            },
        },
        "when": {"all": [some("jobless"), {"measure": "paid", "op": "<", "line": True}]},
        "value": "paid",
        "lines": [
            {
                "when": LOW_INCOME_CLASS,
                "threshold": "medical_self_paid_low_income",
                "label": "低收入家庭",
            },
            {"threshold": "medical_self_paid_ordinary", "label": "一般家庭"},
        ],
        "bands": [{"severity": 3, "times": 0.5}],
        "sentence": "近 12 个月医疗自付 {value} 元，超过监测线一半，又有 {jobless} 人失业",
        "cool_down_days": 120,
        "regrow_share": 0.2,
    },
)
