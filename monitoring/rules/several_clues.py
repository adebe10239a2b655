"""COM-05: several departments independently heard of the household's hardship.

Within three months at least two of: petition, temporary relief, insurance claim, press or net,
counter. The household is on no list of civil affairs and not monitored.

Source: reference 4.9 (merge signals per household); the number is to be confirmed.
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import IS_UNSUPPORTED, SUPPORT


def heard(feed: str) -> dict[str, object]:
    return {"feed": feed, "op": "exists", "window": {"months": 3}}


SOURCES = {
    "petition": heard("petition"),
    "relief": heard("temporary_relief"),
    "claim": heard("insurance_claim"),
    "opinion": heard("public_opinion_clue"),
    "counter": heard("approvals_clue"),
}

RULE = ShippedRule(
    code="COM-05",
    title="多个部门都有线索",
    risk="其他",
    owner="农业农村局",
    source="多项线索叠加的建议规则（按户合并信号），待核定",
    definition={
        "level": "household",
        "measures": {**SOURCES, "sources": {"total": {"plus": [*SOURCES]}}, **SUPPORT},
        "when": {"all": [{"measure": "sources", "op": ">=", "number": 2}, IS_UNSUPPORTED]},
        "value": "sources",
        "bands": [{"severity": 3, "equals": 2}, {"severity": 2}],
        "sentence": "近 3 个月有 {value} 个部门反映家庭困难，还没有任何保障",
        "cool_down_days": 90,
        "regrow_share": 0.3,
    },
)
