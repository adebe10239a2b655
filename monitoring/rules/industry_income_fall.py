"""IND-02: an assisted project still runs but earns far less than last year.

Income of all running projects against the same time last year, as the agriculture bureau counts
it; only where last year's income was worth speaking of.

Source: reference 4.4 row 12 (income fall against last year); figures to be confirmed.
"""

from monitoring.rules.shipped import PROPOSED, ShippedRule, ShippedThreshold


def counted(column: str) -> dict[str, object]:
    return {
        "feed": "industry_project",
        "op": "sum",
        "column": column,
        "where": [
            {"column": "standing", "op": "in", "value": ["running", "struggling"]},
            {"column": "last_income_yuan", "op": "filled"},
            {"column": "project_year", "op": ">=", "year": -1},
        ],
        "window": {"months": 6},
    }


RULE = ShippedRule(
    code="IND-02",
    title="帮扶产业收入大幅下降",
    risk="因产业(项目)失败",
    owner="农业农村局",
    source="农业农村局帮扶产业项目台账；比例和金额待核定",
    definition={
        "level": "household",
        "measures": {
            "this_year": counted("income_yuan"),
            "last_year": counted("last_income_yuan"),
            "share": {"ratio": ["this_year", "last_year"]},
        },
        "when": {"measure": "last_year", "op": ">=", "threshold": "industry_income_worth"},
        "value": "share",
        "direction": "down",
        "bands": [
            {"severity": 3, "threshold": "industry_income_share_yellow"},
            {"severity": 4, "threshold": "industry_income_share_blue"},
        ],
        "sentence": "帮扶产业今年收入 {this_year} 元，只有上年同期 {last_year} 元的 {value} 倍",
        "cool_down_days": 120,
        "regrow_share": 0,
    },
    thresholds=(
        ShippedThreshold(
            "industry_income_worth", "产业收入比较起点（上年同期）", "5000", "元", PROPOSED
        ),
        ShippedThreshold(
            "industry_income_share_yellow", "产业收入下降黄色预警倍数", "0.3", "倍", PROPOSED
        ),
        ShippedThreshold(
            "industry_income_share_blue", "产业收入下降蓝色预警倍数", "0.5", "倍", PROPOSED
        ),
    ),
)
