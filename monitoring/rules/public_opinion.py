"""PET-02: the press or the net tells of the household's hardship.

At least one clue of the last three months, fund-raising included.

Source: reference 4.4 row 25 (clue senders in Wangcang [P32]).
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import some

RULE = ShippedRule(
    code="PET-02",
    title="舆情反映的困难家庭",
    risk="其他",
    owner="宣传部",
    source="宣传部（网信办）舆情线索（参照旺苍线索部门）；分级待核定",
    definition={
        "level": "household",
        "measures": {
            "clues": {"feed": "public_opinion_clue", "op": "count", "window": {"months": 3}}
        },
        "when": some("clues"),
        "value": "clues",
        "bands": [{"severity": 3}],
        "sentence": "近 3 个月媒体、网络或筹款平台反映家庭困难 {value} 次",
        "cool_down_days": 60,
        "regrow_share": 0.5,
    },
)
