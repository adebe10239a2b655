"""INC-03: a low-income household's income fell far against the year before.

Net income per head of the last twelve months against the twelve before, as departments see it; only
where the year before was worth speaking of.

Source: reference 4.4 row 12 (income fall against last year; a proposal there); figures to be
confirmed.
"""

from monitoring.rules.shipped import PROPOSED, ShippedRule, ShippedThreshold
from monitoring.rules.standings import IS_LOW_INCOME, LOW_INCOME

RULE = ShippedRule(
    code="INC-03",
    title="收入比上年大幅下降",
    risk="其他",
    owner="农业农村局",
    source="农业农村局“收入比上年下降”筛查；比例和金额待核定",
    definition={
        "level": "household",
        "measures": {
            "now": {"income": "net", "window": {"months": 12}},
            "before": {"income": "net", "window": {"months": 12, "ago": 12}},
            "share": {"ratio": ["now", "before"]},
            **LOW_INCOME,
        },
        "when": {
            "all": [
                {"measure": "before", "op": ">=", "threshold": "income_before_worth"},
                IS_LOW_INCOME,
            ]
        },
        "value": "share",
        "direction": "down",
        "bands": [
            {"severity": 3, "threshold": "income_share_yellow"},
            {"severity": 4, "threshold": "income_share_blue"},
        ],
        "sentence": "部门数据里人均年收入 {now} 元，只有上年 {before} 元的 {value} 倍",
        "cool_down_days": 180,
        "regrow_share": 0,
    },
    thresholds=(
        ShippedThreshold(
            "income_before_worth", "收入比较起点（上年每人）", "3000", "元/人", PROPOSED
        ),
        ShippedThreshold("income_share_yellow", "收入下降黄色预警倍数", "0.5", "倍", PROPOSED),
        ShippedThreshold("income_share_blue", "收入下降蓝色预警倍数", "0.7", "倍", PROPOSED),
    ),
)
