"""LOA-02: a court makes a low-income household pay a large debt.

Debtor in cases of the last two years that are not settled: what is still to pay.

Source: reference 4.4 row 23 (enforcement; debtor); figure to be confirmed.
"""

from monitoring.rules.shipped import PROPOSED, ShippedRule, ShippedThreshold
from monitoring.rules.standings import IS_LOW_INCOME, LOW_INCOME


def claimed(column: str) -> dict[str, object]:
    return {
        "feed": "court_case",
        "op": "sum",
        "column": column,
        "where": [
            {"column": "part", "op": "=", "value": "debtor"},
            {"column": "standing", "op": "in", "value": ["running", "stopped"]},
        ],
        "window": {"months": 24},
    }


RULE = ShippedRule(
    code="LOA-02",
    title="低收入家庭被执行债务",
    risk="其他",
    owner="法院",
    source="法院涉案执行情况；金额待核定",
    definition={
        "level": "household",
        "measures": {
            "claimed": claimed("claimed_yuan"),
            "received": claimed("received_yuan"),
            "left": {"total": {"plus": ["claimed"], "minus": ["received"]}},
            **LOW_INCOME,
        },
        "when": IS_LOW_INCOME,
        "value": "left",
        "lines": [{"threshold": "court_debt", "label": "被执行债务"}],
        "bands": [{"severity": 3, "times": 3}, {"severity": 4, "times": 1}],
        "sentence": "法院执行的债务还有 {value} 元没有还清",
        "cool_down_days": 180,
        "regrow_share": 0.5,
    },
    thresholds=(ShippedThreshold("court_debt", "被执行债务监测线", "10000", "元", PROPOSED),),
)
