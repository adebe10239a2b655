"""DIS-04: a disability was assessed again and is worse.

Level 2 became level 1; or, in a low-income household, level 4 became level 3. Light turned severe
is DIS-01.

Source: reference 4.4 row 4 (new or changed certificates, level). Severity to be confirmed.
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import IS_LOW_INCOME, LOW_INCOME, some


def became(old: int, new: int) -> dict[str, object]:
    return {
        "feed": "disability_certificate",
        "op": "changed",
        "column": "level",
        "from": [old],
        "to": [new],
        "where": [{"column": "standing", "op": "<>", "value": "cancelled"}],
        "window": {"months": 6},
    }


RULE = ShippedRule(
    code="DIS-04",
    title="残疾等级加重",
    risk="因残",
    owner="残联",
    source="残联残疾人证等级变更；分级待核定",
    definition={
        "level": "person",
        "measures": {
            "level": {
                "feed": "disability_certificate",
                "op": "latest",
                "column": "level",
                "then": [{"column": "standing", "op": "=", "value": "valid"}],
                "window": {"months": 6},
            },
            "two_to_one": became(2, 1),
            "four_to_three": became(4, 3),
            **LOW_INCOME,
        },
        "when": {
            "any": [some("two_to_one"), {"all": [some("four_to_three"), IS_LOW_INCOME]}],
        },
        "value": "level",
        "direction": "down",
        "bands": [{"severity": 3, "equals": 1}, {"severity": 4}],
        "sentence": "{who}近 6 个月残疾等级加重，现为 {value} 级",
        "cool_down_days": 180,
        "regrow_share": 0,
    },
)
