"""MED-05: a member of a low-income household has no basic medical insurance this year.

The latest enrolment row of the year says not insured, and no row of the year says insured (a
person may stand in two schemes).

Source: reference 4.4 row 1 (not enrolled; target at least 99 % [A11]); basic medical care is one
of the three guarantees, 3.6. That others are left to the department is a proposal.
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import IS_LOW_INCOME, LOW_INCOME, nothing, some

RULE = ShippedRule(
    code="MED-05",
    title="低收入家庭成员未参加医保",
    risk="因病",
    owner="医保局",
    source="防返贫摸排表“有家庭成员未参加基本医疗保险”；先看低收入家庭是建议，待核定",
    definition={
        "level": "person",
        "measures": {
            "uninsured": {
                "feed": "medical_enrolment",
                "op": "latest_is",
                "where": [{"column": "insured_year", "op": "=", "year": 0}],
                "then": [{"column": "standing", "op": "=", "value": "uninsured"}],
            },
            "insured": {"status": "insured"},
            **LOW_INCOME,
        },
        "when": {"all": [some("uninsured"), nothing("insured"), IS_LOW_INCOME]},
        "value": "uninsured",
        "bands": [{"severity": 3}],
        "sentence": "低收入家庭的{who}今年没有参加基本医疗保险",
        "cool_down_days": 90,
        "regrow_share": 0,
    },
)
