"""HOU-01: people live in a house of grade D and nothing has been done.

The latest appraisal of a lived-in house says grade D, not remedied. A danger to life, whatever
the household earns.

Source: reference 4.4 row 7 (new grade C or D), 4.6 (C and D are dangerous [P29]), 2.3 (housing is
one of the three guarantees).
"""

from monitoring.rules.shipped import ShippedRule

RULE = ShippedRule(
    code="HOU-01",
    title="D 级危房有人居住",
    risk="因住房",
    owner="住建局",
    source="住建局住房安全鉴定；C、D 级为危房；分级待核定",
    definition={
        "level": "household",
        "measures": {
            "days": {
                "feed": "house_safety",
                "op": "latest",
                "column": "appraised_on",
                "where": [{"column": "lived_in", "op": "=", "value": "lived_in"}],
                "then": [
                    {"column": "grade", "op": "=", "value": "D"},
                    {"column": "remedy", "op": "=", "value": "pending"},
                ],
                "across": "max",
            }
        },
        "when": {"measure": "days", "op": "known"},
        "value": "days",
        "bands": [{"severity": 1}],
        "sentence": "住房 {value} 天前鉴定为 D 级危房，仍有人居住，还没有处置",
        "lowerable": False,
        "cool_down_days": 30,
        "regrow_share": 1,
    },
)
