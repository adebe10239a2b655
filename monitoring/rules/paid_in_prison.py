"""PAY-05: benefits are paid in the name of somebody who is held.

Held by the latest record; dibao, tekun or the one-card was paid for a month that began after.
The sentence does not say where the person is (the feed forbids it).

Source: reference 4.4 row 23 (imprisoned recipient: stop payment).
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import some

RULE = ShippedRule(
    code="PAY-05",
    title="应停发人员仍有补助",
    risk="其他",
    owner="民政局",
    source="司法局名册与补助发放比对；哪些补助应停待核定",
    definition={
        "level": "person",
        "measures": {
            "held_days": {
                "feed": "imprisonment",
                "op": "latest",
                "column": "started_on",
                "then": [{"column": "standing", "op": "=", "value": "held"}],
            },
            "card_days": {
                "feed": "one_card_payment",
                "op": "latest",
                "column": "month_on",
                "where": [{"column": "standing", "op": "=", "value": "paid"}],
                "window": {"months": 6, "on": "month_on"},
            },
            "dibao_days": {
                "feed": "dibao_payment",
                "op": "latest",
                "column": "month_on",
                "window": {"months": 6},
            },
            "in_tekun": {"status": "tekun"},
        },
        "when": {
            "any": [
                {"measure": "card_days", "op": "<", "than": "held_days"},
                {"measure": "dibao_days", "op": "<", "than": "held_days"},
                {"all": [some("in_tekun"), {"measure": "held_days", "op": "known"}]},
            ]
        },
        "value": "held_days",
        "bands": [{"severity": 3}],
        "sentence": "{who}按司法局名册应停发补助已 {value} 天，仍在发放，请核对（不得公开）",
        "cool_down_days": 60,
        "regrow_share": 1,
    },
)
