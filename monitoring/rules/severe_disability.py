"""DIS-01: a person newly certified with severe disability (level 1 or 2).

Source: reference 4.4 row 4, "new severe disability" [A3]; severe means level 1-2 [S7]. Severity
bands are proposed and to be confirmed.
"""

from monitoring.rules.shipped import ShippedRule

SEVERE = {"column": "level", "op": "in", "value": [1, 2]}

RULE = ShippedRule(
    code="DIS-01",
    title="重度残疾新增",
    risk="因残",
    owner="残联",
    source="残联“新增重度残疾”筛查（参照烟台等地做法），分级待核定",
    definition={
        "feed": "disability_certificate",
        "level": "person",
        "window": {"months": 3, "on": "issued_on"},
        "where": [],
        "measure": {"op": "latest", "column": "level"},
        "after": [SEVERE, {"column": "standing", "op": "=", "value": "valid"}],
        "absent_before": [SEVERE],
        "bands": [{"severity": 2, "equals": 1}, {"severity": 3, "equals": 2}],
        "sentence": "{who}近 3 个月新评定为重度残疾（{value} 级）",
        "cool_down_days": 180,
        "regrow_share": 0,
    },
)
