"""EXC-07: a member is paid by the public purse.

Official, in an institution, or retired from one, and still on the list. Contract staff and village
cadres are left out: whether they count is the county's to say.

Source: reference 4.4 row 17 (member on the payroll = exclusion evidence [A13]).
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import some

RULE = ShippedRule(
    code="EXC-07",
    title="有财政供养人员",
    risk="其他",
    owner="财政局",
    source="参照外地比对规则（财政供养人员）；编外和村干部是否算待核定",
    definition={
        "level": "household",
        "effect": "lower",
        "measures": {
            "paid": {
                "feed": "fiscal_payroll",
                "op": "latest_is",
                "then": [
                    {"column": "standing", "op": "=", "value": "serving"},
                    {"column": "kind", "op": "in", "value": ["official", "institution", "retired"]},
                ],
            }
        },
        "when": some("paid"),
        "value": "paid",
        "bands": [{"severity": 4}],
        "sentence": "家中有 {value} 名财政供养人员，入户时请核对收入",
        "cool_down_days": 180,
        "regrow_share": 0.5,
    },
)
