"""WEL-03: the recognition as a low-income family runs out soon.

The latest recognition ends within the days of the line and the household gets no dibao or tekun:
re-check before the help stops.

Source: to be confirmed (re-check duties in reference 6.2; the same trap as 7.4 [C11]).
"""

from monitoring.rules.shipped import PROPOSED, ShippedRule, ShippedThreshold
from monitoring.rules.standings import some, standings

RULE = ShippedRule(
    code="WEL-03",
    title="低收入认定即将到期",
    risk="其他",
    owner="民政局",
    source="建议的规则，依据文件待核定",
    definition={
        "level": "household",
        "measures": {
            "past_end": {
                "feed": "low_income_list",
                "op": "latest",
                "column": "valid_until_on",
                "then": [{"column": "valid_until_on", "op": ">=", "days": 0}],
                "across": "min",
            },
            "days_left": {"total": {"minus": ["past_end"]}},
            **standings("dibao", "tekun"),
        },
        "when": {"none": [some("dibao"), some("tekun")]},
        "value": "days_left",
        "direction": "down",
        "bands": [{"severity": 4, "threshold": "recognition_days_left"}],
        "sentence": "低收入家庭认定还有 {value} 天到期，请提醒复核",
        "cool_down_days": 60,
        "regrow_share": 0,
    },
    thresholds=(
        ShippedThreshold("recognition_days_left", "低收入认定到期预警天数", "30", "天", PROPOSED),
    ),
)
