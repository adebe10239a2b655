"""PET-06: a woman with cancer, or in hardship, needs help that nobody gives yet.

Two cancers or living, reported within three months, help needed, household low-income or without
another worker. Cases of rights (violence at home among them) are left out on purpose: an alert at
the door could endanger her, the women's federation goes itself.

Source: reference 4.4 row 21 (two-cancer patients; new case); to be confirmed.
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import IS_LOW_INCOME, LOW_INCOME

RULE = ShippedRule(
    code="PET-06",
    title="困难妇女待帮扶",
    risk="因病",
    owner="妇联",
    source="妇联两癌救助台账；权益维护个案不进研判；预警条件待核定",
    definition={
        "level": "person",
        "population": {"sex": "F"},
        "measures": {
            "days": {
                "feed": "women_case",
                "op": "latest",
                "column": "found_on",
                "where": [{"column": "kind", "op": "in", "value": ["two_cancers", "living"]}],
                "then": [{"column": "help", "op": "=", "value": "needed"}],
                "window": {"months": 3},
            },
            "workers": {"fact": "workers"},
            **LOW_INCOME,
        },
        "when": {"any": [IS_LOW_INCOME, {"measure": "workers", "op": "<=", "number": 1}]},
        "value": "days",
        "bands": [{"severity": 3}],
        "sentence": "{who}患病或生活困难，需要帮扶，请由妇联陪同核实",
        "cool_down_days": 90,
        "regrow_share": 1,
    },
)
