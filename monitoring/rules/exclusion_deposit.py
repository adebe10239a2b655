"""EXC-08: the bank says the deposits are above the limit.

An authorised check of the last twelve months; the feed holds the answer only, no balance.

Source: reference 4.4 row 18 (deposit above limit = exclusion), 6.2 [S16][G6]. The limit is the
bank check's own, to be confirmed.
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import some

RULE = ShippedRule(
    code="EXC-08",
    title="存款超过限额",
    risk="其他",
    owner="金融机构",
    source="经授权的存款限额核对；限额待核定",
    definition={
        "level": "household",
        "effect": "lower",
        "measures": {
            "above": {
                "feed": "bank_deposit",
                "op": "count",
                "where": [{"column": "result", "op": "=", "value": "above"}],
                "window": {"months": 12},
            }
        },
        "when": some("above"),
        "value": "above",
        "bands": [{"severity": 4}],
        "sentence": "近 12 个月存款核对有 {value} 次超过限额，入户时请了解用途",
        "cool_down_days": 180,
        "regrow_share": 0.5,
    },
)
