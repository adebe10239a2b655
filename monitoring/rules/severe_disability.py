"""DIS-01: a person newly certified with severe disability (level 1 or 2).

The latest certificate of the last three months is valid and of level 1 or 2, and no certificate
from before that was.

Source: reference 4.4 row 4, "new severe disability" [A3]; severe means level 1-2 [S7]. Severity
bands are proposed and to be confirmed.
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import some

SEVERE = {"column": "level", "op": "in", "value": [1, 2]}

RULE = ShippedRule(
    code="DIS-01",
    title="重度残疾新增",
    risk="因残",
    owner="残联",
    source="残联“新增重度残疾”筛查（参照烟台等地做法），分级待核定",
    definition={
        "level": "person",
        "measures": {
            "level": {
                "feed": "disability_certificate",
                "op": "latest",
                "column": "level",
                "then": [SEVERE, {"column": "standing", "op": "=", "value": "valid"}],
                "window": {"months": 3, "on": "issued_on"},
            },
            "never_before": {
                "feed": "disability_certificate",
                "op": "absent",
                "where": [SEVERE],
                "window": {"on": "issued_on", "ago": 3},
            },
        },
        "when": some("never_before"),
        "value": "level",
        "bands": [{"severity": 2, "equals": 1}, {"severity": 3, "equals": 2}],
        "sentence": "{who}近 3 个月新评定为重度残疾（{value} 级）",
        "cool_down_days": 180,
        "regrow_share": 0,
    },
)
