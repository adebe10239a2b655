"""DIS-02: the disability certificate of somebody who lives on it runs out soon.

The latest certificate is valid and ends within the days of the line; the person is severely
disabled or the household low-income, so subsidies hang on it.

Source: reference 7.4 (a person lost the subsidy because the certificate had run out; 502 leads in
one county [C11]) and 4.4 row 4. The days are to be confirmed.
"""

from monitoring.rules.shipped import PROPOSED, ShippedRule, ShippedThreshold
from monitoring.rules.standings import IS_LOW_INCOME, LOW_INCOME, some

RULE = ShippedRule(
    code="DIS-02",
    title="残疾人证即将到期",
    risk="因残",
    owner="残联",
    source="参照连云港 2024 年因证件过期停发补贴的案例；天数待核定",
    definition={
        "level": "person",
        "measures": {
            "past_end": {
                "feed": "disability_certificate",
                "op": "latest",
                "column": "valid_until_on",
                "then": [
                    {"column": "standing", "op": "=", "value": "valid"},
                    {"column": "valid_until_on", "op": ">=", "days": 0},
                ],
            },
            "days_left": {"total": {"minus": ["past_end"]}},
            "severe": {"status": "severely_disabled"},
            **LOW_INCOME,
        },
        "when": {"any": [some("severe"), IS_LOW_INCOME]},
        "value": "days_left",
        "direction": "down",
        "bands": [
            {"severity": 3, "threshold": "certificate_days_left_yellow"},
            {"severity": 4, "threshold": "certificate_days_left_blue"},
        ],
        "sentence": "{who}的残疾人证还有 {value} 天到期，请提醒换证，以免补贴停发",
        "cool_down_days": 30,
        "regrow_share": 0,
    },
    thresholds=(
        ShippedThreshold(
            "certificate_days_left_yellow", "残疾人证到期黄色预警天数", "30", "天", PROPOSED
        ),
        ShippedThreshold(
            "certificate_days_left_blue", "残疾人证到期蓝色预警天数", "60", "天", PROPOSED
        ),
    ),
)
