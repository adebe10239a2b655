"""WAT-02: the household's water was cut for too long.

Cut for more than a month at a stretch, or for more than 36 days in the year.

Source: reference 4.4 row 8, "cut over 1 month" [P21]; 4.6: cut-off or shortage of at most 36 days
a year [W1].
"""

from monitoring.rules.shipped import ShippedRule, ShippedThreshold


def latest_days(column: str) -> dict[str, object]:
    return {
        "feed": "water_supply",
        "op": "latest",
        "column": column,
        "window": {"months": 12},
        "across": "max",
    }


RULE = ShippedRule(
    code="WAT-02",
    title="停水时间长",
    risk="因安全饮水",
    owner="水利局",
    source="元谋 2023 年纳入条件（停水超过 1 个月）；《农村饮水安全评价准则》供水保证率",
    definition={
        "level": "household",
        "measures": {
            "longest": latest_days("longest_cut_days"),
            "in_all": latest_days("cut_days"),
        },
        "when": {
            "any": [
                {"measure": "longest", "op": ">=", "threshold": "water_longest_cut_days"},
                {"measure": "in_all", "op": ">", "threshold": "water_cut_days_year"},
            ]
        },
        "value": "longest",
        "bands": [{"severity": 2, "threshold": "water_longest_cut_days"}, {"severity": 3}],
        "sentence": "最长连续停水 {value} 天，一年共停水 {in_all} 天",
        "lowerable": False,
        "cool_down_days": 60,
        "regrow_share": 0.5,
    },
    thresholds=(
        ShippedThreshold(
            "water_longest_cut_days",
            "连续停水预警天数（超过 1 个月，31 天起）",
            "31",
            "天",
            "参照元谋 2023 年纳入条件（停水超过 1 个月），宜州区待核定",
        ),
        ShippedThreshold(
            "water_cut_days_year",
            "一年停水天数上限",
            "36",
            "天",
            "《农村饮水安全评价准则》：一年停水或缺水不超过 36 天",
        ),
    ),
)
