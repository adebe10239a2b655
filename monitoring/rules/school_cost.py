"""EDU-02: school costs a low-income household more than it can bear, after aid.

What the family pays itself for public senior and vocational school in the latest school year, all
its students together.

Source: reference 4.4 row 5, "yearly school cost over 10,000 after aid (public senior/vocational),
by end of April" [A2]. That others than low-income households are left out is a proposal; see
COM-03.
"""

from monitoring.rules.shipped import ShippedRule, ShippedThreshold
from monitoring.rules.standings import IS_LOW_INCOME, LOW_INCOME

RULE = ShippedRule(
    code="EDU-02",
    title="低收入家庭教育支出较大",
    risk="因学",
    owner="教育局",
    source="参照外地县筛查线（公办高中、中职资助后年支出 10,000 元）；宜州区待核定",
    definition={
        "level": "household",
        "measures": {
            "cost": {
                "feed": "education_cost",
                "op": "latest",
                "column": "net_yuan",
                "where": [
                    {"column": "ownership", "op": "=", "value": "public"},
                    {"column": "stage", "op": "in", "value": ["senior", "vocational"]},
                ],
                "window": {"months": 12},
                "across": "sum",
            },
            **LOW_INCOME,
        },
        "when": IS_LOW_INCOME,
        "value": "cost",
        "lines": [{"threshold": "school_cost_after_aid", "label": "教育支出监测线"}],
        "bands": [{"severity": 2, "times": 3}, {"severity": 3, "times": 1}],
        "sentence": "资助后一学年仍自付学费生活费 {value} 元，达到监测线 {line} 元",
        "lowerable": False,
        "cool_down_days": 180,
        "regrow_share": 0.2,
    },
    thresholds=(
        ShippedThreshold(
            "school_cost_after_aid",
            "资助后学年教育支出监测线",
            "10000",
            "元",
            "参照外地县筛查线（公办高中、中职），宜州区待核定",
        ),
    ),
)
