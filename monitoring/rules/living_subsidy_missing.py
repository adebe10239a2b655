"""ENT-02: a disabled member of a dibao family gets no living subsidy.

A valid certificate three months ago, dibao in the household, no living subsidy on the one-card in
the last three months although the household gets other payments by it.

Source: reference 6.4 (living subsidy for disabled people of dibao families [S8]); 7.4 "not
enjoyed" [C12]. The names of the subsidy on the one-card are to be confirmed.
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import some, standings

NAMES = ["困难残疾人生活补贴", "残疾人生活补贴", "残疾人两项补贴"]
PAID = {"column": "standing", "op": "=", "value": "paid"}
VALID = {"column": "standing", "op": "=", "value": "valid"}

RULE = ShippedRule(
    code="ENT-02",
    title="低保残疾人未领生活补贴",
    risk="因残",
    owner="残联",
    source="广西残疾人两项补贴（生活补贴发给低保家庭残疾人）；一卡通项目名称待核定",
    definition={
        "level": "person",
        "measures": {
            "level": {
                "feed": "disability_certificate",
                "op": "latest",
                "column": "level",
                "then": [VALID],
                "window": {"ago": 3},
            },
            "still_valid": {"feed": "disability_certificate", "op": "latest_is", "then": [VALID]},
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
            **standings("dibao", "tekun"),
        },
        "when": {
            "all": [
                some("still_valid"),
                some("unpaid"),
                some("card_used"),
                some("dibao"),
                {"none": [some("tekun")]},
            ]
        },
        "value": "level",
        "bands": [{"severity": 3}],
        "sentence": "低保家庭的{who}持 {value} 级残疾证，近 3 个月没有生活补贴到账",
        "cool_down_days": 120,
        "regrow_share": 0,
    },
)
