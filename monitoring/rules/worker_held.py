"""CRI-02: the only worker is away in prison, and children or elders are left.

A working-age member is held, the registry knows no other worker, and somebody under 16 or over 64
lives there. The sentence does not say where the worker is (the feed forbids it).

Source: reference 4.4 row 23 (prisoners), 3.4 (risk "lack of labour"); to be confirmed.
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import some

WORKING_AGE = {"age": [16, 59], "labour": ["skilled", "ordinary"]}

RULE = ShippedRule(
    code="CRI-02",
    title="主要劳动力长期不在家",
    risk="缺劳动力",
    owner="司法局",
    source="司法局名册；入户只核实家庭困难；预警条件待核定",
    definition={
        "level": "household",
        "measures": {
            "held": {
                "feed": "imprisonment",
                "op": "latest_is",
                "then": [{"column": "standing", "op": "=", "value": "held"}],
                "members": WORKING_AGE,
            },
            "workers": {"fact": "workers"},
            "children": {"fact": "members", "members": {"age": [0, 15]}},
            "elders": {"fact": "members", "members": {"age": [65, 150]}},
            "dependants": {"total": {"plus": ["children", "elders"]}},
        },
        "when": {
            "all": [
                some("held"),
                {"measure": "workers", "op": "<=", "than": "held"},
                some("dependants"),
            ]
        },
        "value": "dependants",
        "bands": [{"severity": 3}],
        "sentence": "家中主要劳动力长期不在家，有 {value} 名老人儿童需要照看",
        "cool_down_days": 180,
        "regrow_share": 0.5,
    },
)
