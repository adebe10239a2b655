"""CRI-03: a court awarded damages to a low-income household, and the money has not come.

Victim in a case of the last two years whose award is not paid in full.

Source: reference 4.4 row 23 (compensation, enforcement; debtor or victim); figure to be confirmed.
"""

from monitoring.rules.shipped import PROPOSED, ShippedRule, ShippedThreshold
from monitoring.rules.standings import IS_LOW_INCOME, LOW_INCOME


def awarded(column: str) -> dict[str, object]:
    return {
        "feed": "court_case",
        "op": "sum",
        "column": column,
        "where": [
            {"column": "part", "op": "=", "value": "victim"},
            {"column": "standing", "op": "in", "value": ["running", "stopped"]},
        ],
        "window": {"months": 24},
    }


RULE = ShippedRule(
    code="CRI-03",
    title="低收入家庭应得赔偿未到位",
    risk="因意外事故",
    owner="法院",
    source="法院涉案执行情况；金额待核定",
    definition={
        "level": "household",
        "measures": {
            "claimed": awarded("claimed_yuan"),
            "received": awarded("received_yuan"),
            "left": {"total": {"plus": ["claimed"], "minus": ["received"]}},
            **LOW_INCOME,
        },
        "when": IS_LOW_INCOME,
        "value": "left",
        "bands": [{"severity": 4, "threshold": "award_unpaid"}],
        "sentence": "法院判给的赔偿还有 {value} 元没有拿到，可告知司法救助",
        "cool_down_days": 180,
        "regrow_share": 0.5,
    },
    thresholds=(ShippedThreshold("award_unpaid", "应得赔偿未到位金额", "5000", "元", PROPOSED),),
)
