"""PAY-06: one person is in tekun and draws the nursing subsidy for severe disability.

Paid in the last three months in the person's own name.

Source: reference 6.4 (the disability subsidies do not go with tekun [S23]). Names to be confirmed.
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import some

NAMES = ["重度残疾人护理补贴", "残疾人护理补贴", "重残护理补贴", "残疾人两项补贴"]

RULE = ShippedRule(
    code="PAY-06",
    title="特困人员重复领护理补贴",
    risk="其他",
    owner="民政局",
    source="残疾人两项补贴不与特困供养重复（参照贵港）；一卡通项目名称待核定",
    definition={
        "level": "person",
        "measures": {
            "amount": {
                "feed": "one_card_payment",
                "op": "sum",
                "column": "amount_yuan",
                "where": [
                    {"column": "project", "op": "in", "value": NAMES},
                    {"column": "standing", "op": "=", "value": "paid"},
                ],
                "window": {"months": 3},
            },
            "in_tekun": {"status": "tekun"},
        },
        "when": {"all": [some("in_tekun"), {"measure": "amount", "op": ">", "number": 0}]},
        "value": "amount",
        "bands": [{"severity": 4}],
        "sentence": "特困人员{who}近 3 个月领护理补贴 {value} 元，请核对重复享受",
        "cool_down_days": 90,
        "regrow_share": 0.5,
    },
)
