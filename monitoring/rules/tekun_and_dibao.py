"""PAY-03: one person is in tekun and draws dibao.

Both at the same time, in the person's own name.

Source: reference 6.1 (the higher benefit, not both [M3]); 3.8 for the check.
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import some

RULE = ShippedRule(
    code="PAY-03",
    title="特困和低保重复享受",
    risk="其他",
    owner="民政局",
    source="就高不重复原则；适用范围待核定",
    definition={
        "level": "person",
        "measures": {
            "amount": {
                "feed": "dibao_payment",
                "op": "latest",
                "column": "amount_yuan",
                "window": {"months": 2},
            },
            "in_tekun": {"status": "tekun"},
            "tekun_days": {"feed": "tekun_support", "op": "latest", "column": "approved_on"},
            "dibao_days": {
                "feed": "dibao_payment",
                "op": "latest",
                "column": "month_on",
                "window": {"months": 2},
            },
        },
        "when": {
            "all": [
                some("in_tekun"),
                {"measure": "dibao_days", "op": "<", "than": "tekun_days"},
            ]
        },
        "value": "amount",
        "bands": [{"severity": 3}],
        "sentence": "{who}已是特困人员，仍在领低保 {value} 元，请核对重复享受",
        "cool_down_days": 60,
        "regrow_share": 0.5,
    },
)
