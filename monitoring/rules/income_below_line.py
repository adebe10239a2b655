"""INC-01: what departments see of the household's income is below the monitoring line.

Net income per head of the last twelve months, only where every worker's wage is registered (an
unseen wage would make anybody poor), in a household out of poverty, on the edge, or living on one
worker; not on dibao or tekun and not monitored already.

Source: reference 2.3 (income under the line and a risk [P20]; per head and year). The line of
Guangxi for 2022 to 2026 was not found: the rows below are other places' figures, each saying whose,
and to be replaced by the county's.
"""

from datetime import date

from monitoring.rules.shipped import ShippedRule, ShippedThreshold
from monitoring.rules.standings import some, standings

KEY, UNIT = "monitoring_line_per_head_year", "元/人"


def line_of(year: int, yuan: str, source: str) -> ShippedThreshold:
    return ShippedThreshold(
        KEY,
        f"{year} 年防返贫监测收入线（每人每年）",
        yuan,
        UNIT,
        f"广西 {year} 年监测线没有找到。{source}；待核定",
        date(year, 1, 1),
        date(year + 1, 1, 1),
    )


RULE = ShippedRule(
    code="INC-01",
    title="可见收入低于监测线",
    risk="因务工就业不稳",
    owner="农业农村局",
    source="纳入条件：收入低于当年监测线且有风险；广西监测线没有找到，暂用外省数，待核定",
    definition={
        "level": "household",
        "population": {"kinds": ["ordinary", "out_of_poverty"]},
        "measures": {
            "income": {"income": "net", "window": {"months": 12}},
            "wages_known": {
                "feed": "employment_status",
                "op": "latest_is",
                "then": [
                    {"column": "standing", "op": "=", "value": "working"},
                    {"column": "wage_yuan_month", "op": "filled"},
                ],
                "members": {"age": [16, 59], "labour": ["skilled", "ordinary"]},
            },
            "workers": {"fact": "workers"},
            **standings("out_of_poverty", "marginal", "rigid", "dibao", "tekun"),
        },
        "when": {
            "all": [
                some("wages_known"),
                {"measure": "wages_known", "op": ">=", "than": "workers"},
                {
                    "any": [
                        some("out_of_poverty"),
                        some("marginal"),
                        some("rigid"),
                        {"measure": "workers", "op": "<=", "number": 1},
                    ]
                },
                {"none": [some("dibao"), some("tekun")]},
            ]
        },
        "value": "income",
        "direction": "down",
        "lines": [{"threshold": KEY, "label": "当年监测线"}],
        "bands": [{"severity": 3, "times": 0.5}, {"severity": 4, "times": 1}],
        "sentence": "部门数据里人均年收入 {value} 元，低于{line_label} {line} 元",
        "cool_down_days": 180,
        "regrow_share": 0,
    },
    thresholds=(
        ShippedThreshold(
            KEY,
            "2021 年及以前防返贫监测收入线（每人每年）",
            "6000",
            UNIT,
            "国家扶贫标准 1.5 倍（广西按此规则）；2021 年 6,000 元见陕西文件；待核定",
            until_on=date(2022, 1, 1),
        ),
        line_of(2022, "6500", "暂用村级公示所见 6,500 元（推定为甘肃）"),
        line_of(2023, "7300", "暂用贵州 2023 年审计规则 7,300 元"),
        line_of(2024, "8000", "暂用四川 2024 年 8,000 元"),
        line_of(2025, "8700", "暂用云南 2025 年乡镇通知 8,700 元"),
        ShippedThreshold(
            KEY,
            "2026 年起防返贫监测收入线（每人每年）",
            "8700",
            UNIT,
            "广西 2026 年监测线没有找到。沿用云南 2025 年乡镇通知 8,700 元；待核定",
            date(2026, 1, 1),
        ),
    ),
)
