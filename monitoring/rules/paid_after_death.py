"""PAY-01: benefits are still paid to somebody the funeral records say is dead.

The one-card or dibao was paid for a month that began after the day of death, or the person is
still listed in tekun long after it. The registry still has the person as living.

Source: reference 7.4 (dead people stay on lists: 17 months of tekun [C9], a Guangxi county paid
for two years [C10]); 4.4 row 3 (death match). Days to be confirmed.
"""

from monitoring.rules.shipped import PROPOSED, ShippedRule, ShippedThreshold
from monitoring.rules.standings import some

RULE = ShippedRule(
    code="PAY-01",
    title="殡葬登记死亡后仍有补助",
    risk="其他",
    owner="民政局",
    source="殡葬与补助发放比对（参照外地死亡仍领案例）；分级天数待核定",
    definition={
        "level": "person",
        "measures": {
            "dead_days": {"feed": "funeral_record", "op": "latest", "column": "died_on"},
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
        "sentence": "殡葬登记显示{who}已去世 {value} 天，补助仍在发放，请核实停发",
        "cool_down_days": 30,
        "regrow_share": 0.3,
    },
    thresholds=(
        ShippedThreshold("tekun_after_death", "去世后仍在特困名册的天数", "45", "天", PROPOSED),
        ShippedThreshold("paid_after_death_orange", "死亡仍领橙色预警天数", "90", "天", PROPOSED),
    ),
)
