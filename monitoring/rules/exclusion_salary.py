"""EXC-09: declared wages make the household comfortable.

Wages and fees declared to the tax office in twelve months, per member, reach the figure.

Source: reference 4.4 row 16 (tax = exclusion evidence); figure to be confirmed.
"""

from monitoring.rules.shipped import PROPOSED, ShippedRule, ShippedThreshold

RULE = ShippedRule(
    code="EXC-09",
    title="申报工资较高",
    risk="其他",
    owner="税务局",
    source="税务局个人所得税申报收入；金额待核定",
    definition={
        "level": "household",
        "effect": "lower",
        "measures": {
            "declared": {
                "feed": "salary_tax",
                "op": "sum",
                "column": "income_yuan",
                "where": [{"column": "kind", "op": "in", "value": ["wages", "labour"]}],
                "window": {"months": 12},
            },
            "size": {"fact": "size"},
            "per_head": {"total": {"plus": ["declared"]}, "by": "size"},
        },
        "value": "per_head",
        "bands": [{"severity": 4, "threshold": "declared_wages_per_head_year"}],
        "sentence": "近 12 个月申报工资人均 {value} 元，入户时请核对",
        "cool_down_days": 180,
        "regrow_share": 0.5,
    },
    thresholds=(
        ShippedThreshold(
            "declared_wages_per_head_year", "申报工资较高（每人每年）", "24000", "元/人", PROPOSED
        ),
    ),
)
