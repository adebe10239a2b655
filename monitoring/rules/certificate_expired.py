"""DIS-03: a severe disability stands, but the certificate has run out.

The latest certificate is of level 1 or 2, was not cancelled, and ended within the last 180 days.

Source: reference 7.4 (subsidy lost through a certificate that had run out; 46 of about 200 people
got it back [C11]).
"""

from monitoring.rules.shipped import ShippedRule

RULE = ShippedRule(
    code="DIS-03",
    title="重度残疾人证件过期",
    risk="因残",
    owner="残联",
    source="参照连云港 2024 年因证件过期停发补贴的案例；回看 180 天待核定",
    definition={
        "level": "person",
        "measures": {
            "days": {
                "feed": "disability_certificate",
                "op": "latest",
                "column": "valid_until_on",
                "then": [
                    {"column": "level", "op": "in", "value": [1, 2]},
                    {"column": "standing", "op": "<>", "value": "cancelled"},
                    {"column": "valid_until_on", "op": "<", "days": 0},
                    {"column": "valid_until_on", "op": ">=", "days": -180},
                ],
            },
        },
        "when": {"measure": "days", "op": "known"},
        "value": "days",
        "bands": [{"severity": 3}],
        "sentence": "{who}的重度残疾人证已过期 {value} 天，请帮助换证并核对补贴",
        "cool_down_days": 60,
        "regrow_share": 1,
    },
)
