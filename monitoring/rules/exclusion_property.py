"""EXC-01: the household owns more homes than it lives in, or business premises.

Two or more commercial flats, or any shop, factory or store. Flats given in a relocation do not
count. Evidence at the visit; alerts become milder by one step and are never hidden.

Source: reference 4.4 row 14 (property = exclusion evidence [A12]); 6.2 (at most one home, no other
real estate [S16], not Guangxi). Guangxi's list: not found.
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import some


def titles(*kinds: str) -> dict[str, object]:
    return {
        "feed": "property_title",
        "op": "count",
        "where": [
            {"column": "kind", "op": "in", "value": list(kinds)},
            {"column": "standing", "op": "=", "value": "held"},
            {"column": "origin", "op": "<>", "value": "relocated"},
        ],
    }


RULE = ShippedRule(
    code="EXC-01",
    title="多套商品房或商铺厂房",
    risk="其他",
    owner="自然资源局",
    source="参照外地财产条件（不超过 1 套住房、无其他不动产）；广西清单没有找到，待核定",
    definition={
        "level": "household",
        "effect": "lower",
        "measures": {
            "flats": titles("flat"),
            "premises": titles("shop", "factory"),
            "in_all": {"total": {"plus": ["flats", "premises"]}},
        },
        "when": {"any": [{"measure": "flats", "op": ">=", "number": 2}, some("premises")]},
        "value": "in_all",
        "bands": [{"severity": 4}],
        "sentence": "名下有商品房 {flats} 套、商铺厂房 {premises} 处，入户时请核对",
        "cool_down_days": 180,
        "regrow_share": 0.5,
    },
)
