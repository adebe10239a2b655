"""WEL-02: temporary relief again and again, and no lasting support.

At least twice in twelve months; on no list of civil affairs and not monitored.

Source: reference 4.4 row 3, "newly added temporary-aid people" [A3]; the number is to be
confirmed.
"""

from monitoring.rules.shipped import PROPOSED, ShippedRule, ShippedThreshold
from monitoring.rules.standings import IS_UNSUPPORTED, SUPPORT

RULE = ShippedRule(
    code="WEL-02",
    title="一年多次临时救助",
    risk="其他",
    owner="民政局",
    source="民政局临时救助台账（参照烟台“新增临时救助”筛查）；次数待核定",
    definition={
        "level": "household",
        "measures": {
            "times": {"feed": "temporary_relief", "op": "count", "window": {"months": 12}},
            **SUPPORT,
        },
        "when": IS_UNSUPPORTED,
        "value": "times",
        "bands": [{"severity": 3, "threshold": "relief_times_year"}],
        "sentence": "近 12 个月临时救助 {value} 次，没有低保等长期保障",
        "cool_down_days": 120,
        "regrow_share": 0.3,
    },
    thresholds=(
        ShippedThreshold("relief_times_year", "12 个月临时救助预警次数", "2", "次", PROPOSED),
    ),
)
