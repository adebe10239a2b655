"""DIZ-02: what a disaster destroyed is far more than the relief paid.

Direct loss less relief of the last six months, by class of household.

Source: reference 4.4 row 9 (house damage, relief; after each disaster [A2]); figures to be
confirmed.
"""

from monitoring.rules.shipped import PROPOSED, ShippedRule, ShippedThreshold
from monitoring.rules.standings import LOW_INCOME_CLASS


def summed(column: str) -> dict[str, object]:
    return {
        "feed": "disaster_damage",
        "op": "sum",
        "column": column,
        "window": {"months": 6},
    }


RULE = ShippedRule(
    code="DIZ-02",
    title="受灾损失大、救助不足",
    risk="因自然灾害",
    owner="应急局",
    source="应急管理局灾情统计（参照外地“每次灾后筛查”）；金额待核定",
    definition={
        "level": "household",
        "measures": {
            "loss": summed("loss_yuan"),
            "relief": summed("relief_yuan"),
            "gap": {"total": {"plus": ["loss"], "minus": ["relief"]}},
        },
        "value": "gap",
        "lines": [
            {
                "when": LOW_INCOME_CLASS,
                "threshold": "disaster_loss_low_income",
                "label": "低收入家庭",
            },
            {"threshold": "disaster_loss_ordinary", "label": "一般家庭"},
        ],
        "bands": [{"severity": 2, "times": 3}, {"severity": 3, "times": 1}],
        "sentence": "近 6 个月受灾损失 {loss} 元，扣除救助还差 {value} 元",
        "cool_down_days": 60,
        "regrow_share": 0.3,
    },
    thresholds=(
        ShippedThreshold(
            "disaster_loss_low_income", "低收入家庭受灾净损失监测线", "5000", "元", PROPOSED
        ),
        ShippedThreshold(
            "disaster_loss_ordinary", "一般家庭受灾净损失监测线", "20000", "元", PROPOSED
        ),
    ),
)
