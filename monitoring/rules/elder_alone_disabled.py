"""COM-01: an old person lives alone, is severely disabled, and nobody supports them.

65 or older, the only member, valid certificate of level 1 or 2, on no list of civil affairs and
not monitored. Each sign alone says little.

Source: reference 2.3 (own ability to cope is weighed together [P1]); the combination and the ages
are to be confirmed.
"""

from monitoring.rules.shipped import PROPOSED, ShippedRule, ShippedThreshold
from monitoring.rules.standings import IS_UNSUPPORTED, SUPPORT, some

RULE = ShippedRule(
    code="COM-01",
    title="独居重度残疾老人无保障",
    risk="缺劳动力",
    owner="民政局",
    source="多项风险叠加的建议规则，依据文件待核定",
    definition={
        "level": "person",
        "population": {"age": [65, 150]},
        "measures": {
            "age": {"fact": "age"},
            "size": {"fact": "size"},
            "severe": {"status": "severely_disabled"},
            **SUPPORT,
        },
        "when": {
            "all": [
                {"measure": "size", "op": "=", "number": 1},
                some("severe"),
                IS_UNSUPPORTED,
            ]
        },
        "value": "age",
        "bands": [{"severity": 3, "threshold": "elder_age_high"}, {"severity": 4}],
        "sentence": "{who}（{value} 岁）独自居住，重度残疾，没有低保等保障",
        "cool_down_days": 180,
        "regrow_share": 1,
    },
    thresholds=(ShippedThreshold("elder_age_high", "高龄", "80", "岁", PROPOSED),),
)
