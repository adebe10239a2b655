"""DIZ-04: a household lost trees and was not compensated.

Losses at least two months and at most a year old that are not compensated, by class of household.

Source: reference 4.4 row 13 (fires, pests, compensation; crop or forest loss); figures to be
confirmed.
"""

from monitoring.rules.shipped import PROPOSED, ShippedRule, ShippedThreshold
from monitoring.rules.standings import LOW_INCOME_CLASS

RULE = ShippedRule(
    code="DIZ-04",
    title="林木受损未获补偿",
    risk="因自然灾害",
    owner="林业局",
    source="林业局林业受损台账；金额待核定",
    definition={
        "level": "household",
        "measures": {
            "loss": {
                "feed": "forest_loss",
                "op": "sum",
                "column": "loss_yuan",
                "where": [{"column": "standing", "op": "<>", "value": "compensated"}],
                "window": {"months": 10, "ago": 2},
            }
        },
        "value": "loss",
        "lines": [
            {
                "when": LOW_INCOME_CLASS,
                "threshold": "forest_loss_low_income",
                "label": "低收入家庭",
            },
            {"threshold": "forest_loss_ordinary", "label": "一般家庭"},
        ],
        "bands": [{"severity": 3, "times": 3}, {"severity": 4, "times": 1}],
        "sentence": "林木受损 {value} 元，过了 2 个月还没有补偿",
        "cool_down_days": 120,
        "regrow_share": 0.3,
    },
    thresholds=(
        ShippedThreshold(
            "forest_loss_low_income", "低收入家庭林业受损监测线", "3000", "元", PROPOSED
        ),
        ShippedThreshold("forest_loss_ordinary", "一般家庭林业受损监测线", "20000", "元", PROPOSED),
    ),
)
