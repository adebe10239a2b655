"""PET-04: a child has nobody to look after it.

The youth league's latest report of the last six months: under 16, without care, help needed.

Source: reference 4.4 row 25 (youth league as clue sender [P32]); severity and age to be confirmed.
"""

from monitoring.rules.shipped import ShippedRule

RULE = ShippedRule(
    code="PET-04",
    title="儿童无人照料",
    risk="其他",
    owner="团委",
    source="团委困难青少年台账（参照旺苍线索部门）；分级待核定",
    definition={
        "level": "person",
        "population": {"age": [0, 15]},
        "measures": {
            "days": {
                "feed": "youth_hardship",
                "op": "latest",
                "column": "found_on",
                "where": [{"column": "kind", "op": "=", "value": "alone"}],
                "then": [{"column": "help", "op": "=", "value": "needed"}],
                "window": {"months": 6},
            }
        },
        "when": {"measure": "days", "op": "known"},
        "value": "days",
        "bands": [{"severity": 1}],
        "sentence": "{who}无人照料，{value} 天前发现，还没有安排帮扶",
        "lowerable": False,
        "cool_down_days": 30,
        "regrow_share": 1,
    },
)
