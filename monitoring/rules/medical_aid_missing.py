"""ENT-04: a household on a civil-affairs list paid for stays itself, without medical assistance.

Own inpatient payments of six months reach the figure, and no settlement of those months has any
medical assistance in it.

Source: reference 6.5 (classes 1 to 3 get inpatient assistance [M1]); 7.4 "not enjoyed" [C12];
figure to be confirmed.
"""

from monitoring.rules.shipped import PROPOSED, ShippedRule, ShippedThreshold
from monitoring.rules.standings import nothing, some, standings

LISTED = standings("dibao", "tekun", "marginal", "rigid")
INPATIENT = {"column": "care", "op": "=", "value": "inpatient"}

RULE = ShippedRule(
    code="ENT-04",
    title="救助对象住院未享受医疗救助",
    risk="因病",
    owner="医保局",
    source="广西 2022 年医疗救助办法；刚性支出困难家庭和金额待核定",
    definition={
        "level": "household",
        "measures": {
            "paid": {
                "feed": "medical_settlement",
                "op": "sum",
                "column": "self_paid_yuan",
                "where": [INPATIENT],
                "window": {"months": 6},
            },
            "assisted": {
                "feed": "medical_settlement",
                "op": "count",
                "where": [
                    INPATIENT,
                    {"column": "assistance_paid_yuan", "op": ">", "value": 0},
                ],
                "window": {"months": 6},
            },
            **LISTED,
        },
        "when": {"all": [nothing("assisted"), {"any": [some(name) for name in LISTED]}]},
        "value": "paid",
        "bands": [{"severity": 3, "threshold": "stay_paid_without_assistance"}],
        "sentence": "救助对象家庭近 6 个月住院自付 {value} 元，没有医疗救助",
        "cool_down_days": 90,
        "regrow_share": 0.3,
    },
    thresholds=(
        ShippedThreshold(
            "stay_paid_without_assistance", "未享受医疗救助的住院自付", "3000", "元", PROPOSED
        ),
    ),
)
