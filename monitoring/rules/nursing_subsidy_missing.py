"""ENT-01: a severely disabled person gets no nursing subsidy.

Level 1 or 2 now and three months ago, no nursing subsidy on the one-card in the last three months,
not in tekun (the two exclude each other). The household gets other one-card payments, so its
payments are seen at all.

Source: reference 6.4 (nursing subsidy, level 1-2 [S7][S8]; not with tekun [S23]); 7.4 "not
enjoyed" [C12]. The names of the subsidy on the one-card are to be confirmed.
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import some, standings

NAMES = ["重度残疾人护理补贴", "残疾人护理补贴", "重残护理补贴", "残疾人两项补贴"]
PAID = {"column": "standing", "op": "=", "value": "paid"}

RULE = ShippedRule(
    code="ENT-01",
    title="重度残疾未领护理补贴",
    risk="因残",
    owner="残联",
    source="广西残疾人两项补贴（护理补贴发给一、二级）；一卡通项目名称待核定",
    definition={
        "level": "person",
        "measures": {
            "level": {
                "feed": "disability_certificate",
                "op": "latest",
                "column": "level",
                "then": [
                    {"column": "level", "op": "in", "value": [1, 2]},
                    {"column": "standing", "op": "=", "value": "valid"},
                ],
                "window": {"ago": 3},
            },
            "severe": {"status": "severely_disabled"},
            "unpaid": {
                "feed": "one_card_payment",
                "op": "absent",
                "where": [{"column": "project", "op": "in", "value": NAMES}, PAID],
                "window": {"months": 3},
            },
            "card_used": {
                "feed": "one_card_payment",
                "op": "exists",
                "where": [PAID],
                "window": {"months": 6},
                "per": "household",
            },
            **standings("tekun"),
        },
        "when": {
            "all": [
                some("severe"),
                some("unpaid"),
                some("card_used"),
                {"none": [some("tekun")]},
            ]
        },
        "value": "level",
        "bands": [{"severity": 4}],
        "sentence": "{who}持 {value} 级残疾证，近 3 个月没有护理补贴到账，请核对应享未享",
        "cool_down_days": 120,
        "regrow_share": 0,
    },
)
