"""WAT-03: water must be fetched from too far.

Fetching takes longer than 20 minutes, and neither the way is within 800 m nor the climb within
80 m: each of the three alone would be convenient enough.

Source: reference 4.6, convenience [W1].
"""

from monitoring.rules.shipped import ShippedRule, ShippedThreshold
from monitoring.rules.standings import nothing

SCATTERED = {"column": "supply", "op": "=", "value": "scattered"}


def within(column: str, threshold: str) -> dict[str, object]:
    return {
        "feed": "water_supply",
        "op": "latest_is",
        "then": [{"column": column, "op": "<=", "threshold": threshold}],
        "window": {"months": 12},
    }


RULE = ShippedRule(
    code="WAT-03",
    title="取水太远",
    risk="因安全饮水",
    owner="水利局",
    source="《农村饮水安全评价准则》用水方便程度：20 分钟、800 米或 80 米",
    definition={
        "level": "household",
        "measures": {
            "minutes": {
                "feed": "water_supply",
                "op": "latest",
                "column": "fetch_minutes",
                "then": [SCATTERED],
                "window": {"months": 12},
                "across": "max",
            },
            "near": within("fetch_metres", "water_fetch_metres"),
            "level_way": within("fetch_climb_metres", "water_fetch_climb_metres"),
        },
        "when": {
            "all": [
                {"measure": "minutes", "op": ">", "threshold": "water_fetch_minutes"},
                nothing("near"),
                nothing("level_way"),
            ]
        },
        "value": "minutes",
        "bands": [{"severity": 3}],
        "sentence": "取水往返要 {value} 分钟，路远坡高，不够方便",
        "lowerable": False,
        "cool_down_days": 120,
        "regrow_share": 0.5,
    },
    thresholds=(
        ShippedThreshold(
            "water_fetch_minutes",
            "取水往返时间上限",
            "20",
            "分钟",
            "《农村饮水安全评价准则》：人力取水往返不超过 20 分钟",
        ),
        ShippedThreshold(
            "water_fetch_metres",
            "取水水平距离上限",
            "800",
            "米",
            "《农村饮水安全评价准则》：水平距离不超过 800 米",
        ),
        ShippedThreshold(
            "water_fetch_climb_metres",
            "取水垂直高差上限",
            "80",
            "米",
            "《农村饮水安全评价准则》：垂直高差不超过 80 米",
        ),
    ),
)
