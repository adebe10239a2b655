"""JOB-02: wages are owed to a household that needs them.

What employers still owe all members, from cases of the last twelve months that are not settled.
Low-income households have the lower line; others count only when they live on one worker.

Source: reference 4.4 row 6 (wage arrears); both figures are to be confirmed.
"""

from monitoring.rules.shipped import PROPOSED, ShippedRule, ShippedThreshold
from monitoring.rules.standings import IS_LOW_INCOME, LOW_INCOME, LOW_INCOME_CLASS


def still_open(column: str) -> dict[str, object]:
    return {
        "feed": "wage_arrears",
        "op": "sum",
        "column": column,
        "where": [{"column": "standing", "op": "<>", "value": "paid"}],
        "window": {"months": 12},
    }


RULE = ShippedRule(
    code="JOB-02",
    title="务工工资被拖欠",
    risk="因务工就业不稳",
    owner="人社局",
    source="人社局劳动保障监察台账；金额待核定",
    definition={
        "level": "household",
        "measures": {
            "owed": still_open("owed_yuan"),
            "paid": still_open("paid_yuan"),
            "left": {"total": {"plus": ["owed"], "minus": ["paid"]}},
            "workers": {"fact": "workers"},
            **LOW_INCOME,
        },
        "when": {"any": [IS_LOW_INCOME, {"measure": "workers", "op": "<=", "number": 1}]},
        "value": "left",
        "lines": [
            {
                "when": LOW_INCOME_CLASS,
                "threshold": "wages_owed_low_income",
                "label": "低收入家庭",
            },
            {"threshold": "wages_owed_ordinary", "label": "一般家庭"},
        ],
        "bands": [{"severity": 2, "times": 3}, {"severity": 3, "times": 1}],
        "sentence": "被拖欠工资还有 {value} 元没有追回，达到{line_label}监测线 {line} 元",
        "cool_down_days": 60,
        "regrow_share": 0.3,
    },
    thresholds=(
        ShippedThreshold("wages_owed_low_income", "低收入家庭欠薪监测线", "5000", "元", PROPOSED),
        ShippedThreshold("wages_owed_ordinary", "一般家庭欠薪监测线", "20000", "元", PROPOSED),
    ),
)
