"""WAT-01: the household's drinking water was judged unsafe, or its quality is bad.

The latest test of the last twelve months says so. One failed test is enough.

Source: reference 4.6 [W1], "one failed test = not safe" [W2]; 2.3 (a water problem counts whatever
the income).
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import some


def latest_says(column: str, value: str) -> dict[str, object]:
    return {
        "feed": "water_supply",
        "op": "latest_is",
        "then": [{"column": column, "op": "=", "value": value}],
        "window": {"months": 12},
    }


def latest_figure(column: str) -> dict[str, object]:
    return {
        "feed": "water_supply",
        "op": "latest",
        "column": column,
        "window": {"months": 12},
        "across": "max",
    }


RULE = ShippedRule(
    code="WAT-01",
    title="饮水不安全",
    risk="因安全饮水",
    owner="水利局",
    source="《农村饮水安全评价准则》：一项不达标即不安全；分级待核定",
    definition={
        "level": "household",
        "measures": {
            "unsafe": latest_says("verdict", "unsafe"),
            "bad_quality": latest_says("quality", "bad"),
            "litres": latest_figure("litres_per_head_day"),
            "minutes": latest_figure("fetch_minutes"),
        },
        "when": {"any": [some("unsafe"), some("bad_quality")]},
        "value": "litres",
        "direction": "down",
        "bands": [{"severity": 2}],
        "sentence": "饮水评价不安全：每人每天 {value} 升，取水往返 {minutes} 分钟，请核对水质",
        "lowerable": False,
        "cool_down_days": 60,
        "regrow_share": 0,
    },
)
