"""PAY-07: a household draws dibao although its property speaks against it.

Dibao in the last three months, and at least two of: deposits above the limit, a car bought within
a year, business premises, an open company. One alone is only evidence at the visit (EXC).

Source: reference 6.2 (check while receiving [S14]; property limits elsewhere [S16]); 7.4 "condition
not met" [C12]. That two signs are needed is a proposal.
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import some, standings


def there_is(feed: str, window: int | None, **where: str | list[str]) -> dict[str, object]:
    made: dict[str, object] = {
        "feed": feed,
        "op": "exists",
        "where": [
            {"column": column, "op": "in" if isinstance(value, list) else "=", "value": value}
            for column, value in where.items()
        ],
    }
    return made | ({"window": {"months": window}} if window else {})


SIGNS = {
    "deposit": there_is("bank_deposit", 12, result="above"),
    "car": there_is(
        "vehicle_registration", 12, kind=["car", "bus", "lorry"], standing=["held", "overdue"]
    ),
    "premises": there_is("property_title", None, kind=["shop", "factory"], standing="held"),
    "company": there_is(
        "business_registration",
        None,
        kind="company",
        standing="open",
        capacity=["owner", "legal_person", "shareholder"],
    ),
}

RULE = ShippedRule(
    code="PAY-07",
    title="低保家庭财产与条件不符",
    risk="其他",
    owner="民政局",
    source="凡保必核；参照外地财产条件；广西清单没有找到，待核定",
    definition={
        "level": "household",
        "measures": {**SIGNS, "signs": {"total": {"plus": [*SIGNS]}}, **standings("dibao")},
        "when": {"all": [{"measure": "signs", "op": ">=", "number": 2}, some("dibao")]},
        "value": "signs",
        "bands": [{"severity": 4}],
        "sentence": "正在领低保，存款、汽车、商铺厂房、企业中有 {value} 项线索，请核对条件",
        "cool_down_days": 180,
        "regrow_share": 0.5,
    },
)
