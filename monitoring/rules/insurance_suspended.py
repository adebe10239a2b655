"""MED-06: medical insurance of a low-income household's member is suspended this year.

Suspended means nothing is paid for a stay until somebody acts; often a lost job or a premium that
did not arrive.

Source: to be confirmed (feed medical_enrolment, reference 3.6: uninsured member).
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import IS_LOW_INCOME, LOW_INCOME, nothing, some

RULE = ShippedRule(
    code="MED-06",
    title="低收入家庭成员医保暂停",
    risk="因病",
    owner="医保局",
    source="建议的规则，依据文件待核定",
    definition={
        "level": "person",
        "measures": {
            "suspended": {
                "feed": "medical_enrolment",
                "op": "latest_is",
                "where": [{"column": "insured_year", "op": "=", "year": 0}],
                "then": [{"column": "standing", "op": "=", "value": "suspended"}],
            },
            "insured": {"status": "insured"},
            **LOW_INCOME,
        },
        "when": {"all": [some("suspended"), nothing("insured"), IS_LOW_INCOME]},
        "value": "suspended",
        "bands": [{"severity": 4}],
        "sentence": "低收入家庭的{who}今年医保处于暂停状态，看病不能报销",
        "cool_down_days": 90,
        "regrow_share": 0,
    },
)
