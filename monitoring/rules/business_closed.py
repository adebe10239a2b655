"""IND-03: a household that lived on a small business has closed it.

A business of a member as owner or legal person was closed or revoked within six months, and the
household is low-income or has at most one worker.

Source: reference 4.4 row 15, "deregistration = risk" (a proposal there, to be confirmed).
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import IS_LOW_INCOME, LOW_INCOME, some

RULE = ShippedRule(
    code="IND-03",
    title="经营户停业注销",
    risk="因产业(项目)失败",
    owner="市场监管局",
    source="市场监管局登记信息；预警条件待核定",
    definition={
        "level": "household",
        "measures": {
            "closed": {
                "feed": "business_registration",
                "op": "count",
                "where": [
                    {"column": "standing", "op": "in", "value": ["closed", "revoked"]},
                    {"column": "capacity", "op": "in", "value": ["owner", "legal_person"]},
                ],
                "window": {"months": 6},
            },
            "workers": {"fact": "workers"},
            **LOW_INCOME,
        },
        "when": {
            "all": [
                some("closed"),
                {"any": [IS_LOW_INCOME, {"measure": "workers", "op": "<=", "number": 1}]},
            ]
        },
        "value": "closed",
        "bands": [{"severity": 4}],
        "sentence": "近 6 个月有 {value} 个经营主体注销或吊销，请核对家庭收入来源",
        "cool_down_days": 180,
        "regrow_share": 0.5,
    },
)
