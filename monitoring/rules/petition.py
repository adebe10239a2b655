"""PET-01: the household petitioned about hardship.

At least one petition of the last three months about living, illness, schooling, housing, aid or
work that is not closed. A single one waits for the next regular visit.

Source: reference 4.4 row 19, "every one becomes a clue" (a proposal there).
"""

from monitoring.rules.shipped import PROPOSED, ShippedRule, ShippedThreshold
from monitoring.rules.standings import some

RULE = ShippedRule(
    code="PET-01",
    title="反映困难的信访",
    risk="其他",
    owner="信访局",
    source="信访局困难类信访事项；分级次数待核定",
    definition={
        "level": "household",
        "measures": {
            "petitions": {
                "feed": "petition",
                "op": "count",
                "where": [
                    {"column": "topic", "op": "<>", "value": "other"},
                    {"column": "standing", "op": "<>", "value": "closed"},
                ],
                "window": {"months": 3},
            }
        },
        "when": some("petitions"),
        "value": "petitions",
        "bands": [{"severity": 3, "threshold": "petition_times"}, {"severity": 4}],
        "sentence": "近 3 个月信访反映家庭困难 {value} 次，还没有办结",
        "cool_down_days": 60,
        "regrow_share": 0.5,
    },
    thresholds=(ShippedThreshold("petition_times", "信访黄色预警次数", "2", "次", PROPOSED),),
)
