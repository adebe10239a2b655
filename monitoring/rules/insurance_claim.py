"""PET-09: a claim on the insurance against poverty is open or was refused.

A claim of the last six months not paid; the household is low-income, or the loss is large.

Source: reference 4.4 row 26 (claim opened; a proposal there); figure to be confirmed.
"""

from monitoring.rules.shipped import PROPOSED, ShippedRule, ShippedThreshold
from monitoring.rules.standings import IS_LOW_INCOME, LOW_INCOME, some

UNPAID = [{"column": "standing", "op": "<>", "value": "paid"}]

RULE = ShippedRule(
    code="PET-09",
    title="防贫保报案未赔付",
    risk="其他",
    owner="保险机构",
    source="防贫保理赔台账；金额待核定",
    definition={
        "level": "household",
        "measures": {
            "claims": {
                "feed": "insurance_claim",
                "op": "count",
                "where": UNPAID,
                "window": {"months": 6},
            },
            "loss": {
                "feed": "insurance_claim",
                "op": "sum",
                "column": "loss_yuan",
                "where": UNPAID,
                "window": {"months": 6},
            },
            **LOW_INCOME,
        },
        "when": {
            "all": [
                some("claims"),
                {
                    "any": [
                        IS_LOW_INCOME,
                        {"measure": "loss", "op": ">=", "threshold": "claim_loss_large"},
                    ]
                },
            ]
        },
        "value": "claims",
        "bands": [{"severity": 4}],
        "sentence": "近 6 个月防贫保报案 {value} 次，还没有赔付，请核对支出和困难",
        "cool_down_days": 90,
        "regrow_share": 0.5,
    },
    thresholds=(ShippedThreshold("claim_loss_large", "防贫保大额损失", "20000", "元", PROPOSED),),
)
