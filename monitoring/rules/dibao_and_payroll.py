"""PAY-04: a household draws dibao while a member is paid by the public purse.

Dibao in the last three months and an official, institution or retired member on the list.

Source: reference 4.4 row 17 (member on the payroll [A13]), 7.4 "condition not met" [C12].
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import some, standings

RULE = ShippedRule(
    code="PAY-04",
    title="低保家庭有财政供养人员",
    risk="其他",
    owner="民政局",
    source="低保与财政供养人员比对（参照外地做法）；编外和村干部是否算待核定",
    definition={
        "level": "household",
        "measures": {
            "paid": {
                "feed": "fiscal_payroll",
                "op": "latest_is",
                "then": [
                    {"column": "standing", "op": "=", "value": "serving"},
                    {"column": "kind", "op": "in", "value": ["official", "institution", "retired"]},
                ],
            },
            **standings("dibao"),
        },
        "when": {"all": [some("paid"), some("dibao")]},
        "value": "paid",
        "bands": [{"severity": 3}],
        "sentence": "正在领低保，家中有 {value} 名财政供养人员，请核对条件",
        "cool_down_days": 90,
        "regrow_share": 0.5,
    },
)
