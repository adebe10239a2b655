"""WAT-04: the household has too little water.

The latest test of the last twelve months: less per head and day than the wet-area floor; graver
below the dry-area floor.

Source: reference 4.6, quantity: at least 35 litres per head and day in wet areas, 20 in dry [W1].
"""

from monitoring.rules.shipped import ShippedRule, ShippedThreshold

RULE = ShippedRule(
    code="WAT-04",
    title="饮水水量不足",
    risk="因安全饮水",
    owner="水利局",
    source="《农村饮水安全评价准则》水量：湿润地区每人每天 35 升、干旱地区 20 升",
    definition={
        "level": "household",
        "measures": {
            "litres": {
                "feed": "water_supply",
                "op": "latest",
                "column": "litres_per_head_day",
                "window": {"months": 12},
                "across": "min",
            }
        },
        "when": {"measure": "litres", "op": "<", "threshold": "water_litres_wet_area"},
        "value": "litres",
        "direction": "down",
        "bands": [{"severity": 2, "threshold": "water_litres_dry_area"}, {"severity": 3}],
        "sentence": "每人每天只有 {value} 升水，低于饮水安全标准",
        "lowerable": False,
        "cool_down_days": 120,
        "regrow_share": 0,
    },
    thresholds=(
        ShippedThreshold(
            "water_litres_wet_area",
            "湿润地区每人每天最低水量",
            "35",
            "升",
            "《农村饮水安全评价准则》：湿润地区不小于 35 升",
        ),
        ShippedThreshold(
            "water_litres_dry_area",
            "干旱地区每人每天最低水量",
            "20",
            "升",
            "《农村饮水安全评价准则》：干旱地区不小于 20 升；作橙色分界待核定",
        ),
    ),
)
