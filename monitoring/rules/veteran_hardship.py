"""PET-08: a veteran in hardship has had no aid, and nobody else helps.

Recognised within six months, no day of aid; the household is on no list of civil affairs and not
monitored.

Source: reference 4.4 row 20 (hardship veterans); to be confirmed.
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import IS_UNSUPPORTED, SUPPORT

RULE = ShippedRule(
    code="PET-08",
    title="困难退役军人未获帮扶",
    risk="其他",
    owner="退役军人局",
    source="退役军人局困难帮扶台账；预警条件待核定",
    definition={
        "level": "person",
        "measures": {
            "days": {
                "feed": "veteran_aid",
                "op": "latest",
                "column": "found_on",
                "then": [{"column": "aided_on", "op": "empty"}],
                "window": {"months": 6},
            },
            **SUPPORT,
        },
        "when": IS_UNSUPPORTED,
        "value": "days",
        "bands": [{"severity": 4}],
        "sentence": "退役军人{who} {value} 天前认定有困难，还没有帮扶",
        "cool_down_days": 120,
        "regrow_share": 1,
    },
)
