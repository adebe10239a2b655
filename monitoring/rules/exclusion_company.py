"""EXC-05: a member runs or owns part of a company.

A company that is open, as owner, legal person or shareholder. Members of a farmers' cooperative do
not count: many are members in name, through land.

Source: reference 4.4 row 15 (registered business = exclusion evidence [A12]); 6.2 [S16][S17].
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import some

RULE = ShippedRule(
    code="EXC-05",
    title="有存续企业",
    risk="其他",
    owner="市场监管局",
    source="参照外地财产条件（无工商登记）；广西清单没有找到，待核定",
    definition={
        "level": "household",
        "effect": "lower",
        "measures": {
            "companies": {
                "feed": "business_registration",
                "op": "count",
                "where": [
                    {"column": "kind", "op": "=", "value": "company"},
                    {"column": "standing", "op": "=", "value": "open"},
                    {
                        "column": "capacity",
                        "op": "in",
                        "value": ["owner", "legal_person", "shareholder"],
                    },
                ],
            }
        },
        "when": some("companies"),
        "value": "companies",
        "bands": [{"severity": 4}],
        "sentence": "家庭成员在 {value} 家存续企业任职或持股，入户时请核对",
        "cool_down_days": 180,
        "regrow_share": 0.5,
    },
)
