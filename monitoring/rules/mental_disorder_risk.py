"""MED-07: a person under care for severe mental disorder is assessed as dangerous.

The latest assessment of the last twelve months reaches the level. The sentence names neither the
illness nor the level: it is shown on a phone in the village. The visit needs company.

Source: reference 4.4 row 2 (severe mental illness); the levels 0-5 are the feed's. From which
level on a household is visited is to be confirmed.
"""

from monitoring.rules.shipped import PROPOSED, ShippedRule, ShippedThreshold

RULE = ShippedRule(
    code="MED-07",
    title="健康管理评估为高风险",
    risk="因病",
    owner="卫健局",
    source="卫健局严重精神障碍管理名册的危险性评估；分级待核定",
    definition={
        "level": "person",
        "measures": {
            "risk": {
                "feed": "severe_mental_disorder",
                "op": "latest",
                "column": "risk",
                "window": {"months": 12},
            }
        },
        "value": "risk",
        "bands": [
            {"severity": 1, "threshold": "mental_risk_red"},
            {"severity": 2, "threshold": "mental_risk_orange"},
        ],
        "sentence": "{who}健康管理评估为高风险，请与村医、民警一同入户，不要独自前往",
        "lowerable": False,
        "cool_down_days": 60,
        "regrow_share": 0.2,
    },
    thresholds=(
        ShippedThreshold("mental_risk_red", "危险性评估红色预警等级", "4", "级", PROPOSED),
        ShippedThreshold("mental_risk_orange", "危险性评估橙色预警等级", "3", "级", PROPOSED),
    ),
)
