"""COM-04: a low-income household's power is cut because it did not pay.

The latest month of a home account within three months says so. Use itself, high or low, raises
nothing: workers who are away use none.

Source: reference 4.4 row 24 (power, an idea only); to be confirmed.
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import IS_LOW_INCOME, LOW_INCOME

RULE = ShippedRule(
    code="COM-04",
    title="低收入家庭欠费停电",
    risk="其他",
    owner="供电局",
    source="供电数据只作参考的建议规则，待核定",
    definition={
        "level": "household",
        "measures": {
            "owed": {
                "feed": "power_use",
                "op": "latest",
                "column": "owed_yuan",
                "where": [{"column": "supply", "op": "=", "value": "home"}],
                "then": [{"column": "standing", "op": "=", "value": "cut"}],
                "window": {"months": 3},
                "across": "sum",
            },
            **LOW_INCOME,
        },
        "when": IS_LOW_INCOME,
        "value": "owed",
        "bands": [{"severity": 4}],
        "sentence": "家中因欠电费 {value} 元停电，请核对生活困难",
        "cool_down_days": 120,
        "regrow_share": 0.5,
    },
)
