"""PET-03: a counter saw that a low-income household is in trouble.

A matter of the last three months on illness, schooling, disaster, housing, closing or living, in
a low-income household; not one that was withdrawn.

Source: reference 4.4 row 25 (clue senders in Wangcang [P32]).
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import IS_LOW_INCOME, LOW_INCOME, some

RULE = ShippedRule(
    code="PET-03",
    title="窗口发现的困难家庭",
    risk="其他",
    owner="审批局",
    source="行政审批局窗口台账（参照旺苍线索部门）；预警条件待核定",
    definition={
        "level": "household",
        "measures": {
            "clues": {
                "feed": "approvals_clue",
                "op": "count",
                "where": [{"column": "result", "op": "<>", "value": "withdrawn"}],
                "window": {"months": 3},
            },
            **LOW_INCOME,
        },
        "when": {"all": [some("clues"), IS_LOW_INCOME]},
        "value": "clues",
        "bands": [{"severity": 4}],
        "sentence": "近 3 个月在办事窗口反映困难 {value} 次",
        "cool_down_days": 90,
        "regrow_share": 0.5,
    },
)
