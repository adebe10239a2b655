"""PAY-02: benefits are still paid to somebody the household register says is dead.

As PAY-01, by the police's register.

Source: reference 4.4 row 10 (household register, deaths), 7.4 [C9][C10].
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import some

RULE = ShippedRule(
    code="PAY-02",
    title="户籍注销死亡后仍有补助",
    risk="其他",
    owner="民政局",
    source="户籍死亡登记与补助发放比对（参照外地死亡仍领案例）；分级天数待核定",
    definition={
        "level": "person",
        "measures": {
            "dead_days": {
                "feed": "household_register_change",
                "op": "latest",
                "column": "happened_on",
                "where": [{"column": "kind", "op": "=", "value": "death"}],
            },
            "card_days": {
                "feed": "one_card_payment",
                "op": "latest",
                "column": "month_on",
                "where": [{"column": "standing", "op": "=", "value": "paid"}],
                "window": {"months": 12, "on": "month_on"},
            },
            "dibao_days": {
                "feed": "dibao_payment",
                "op": "latest",
                "column": "month_on",
                "window": {"months": 12},
            },
            "in_tekun": {"status": "tekun"},
        },
        "when": {
            "any": [
                {"measure": "card_days", "op": "<", "than": "dead_days"},
                {"measure": "dibao_days", "op": "<", "than": "dead_days"},
                {
                    "all": [
                        some("in_tekun"),
                        {"measure": "dead_days", "op": ">=", "threshold": "tekun_after_death"},
                    ]
                },
            ]
        },
        "value": "dead_days",
        "bands": [{"severity": 2, "threshold": "paid_after_death_orange"}, {"severity": 3}],
        "sentence": "户籍登记显示{who}已去世 {value} 天，补助仍在发放，请核实停发",
        "cool_down_days": 30,
        "regrow_share": 0.3,
    },
)
