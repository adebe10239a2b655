"""CRI-01: a member was badly hurt in a crime, and nobody has made it good.

Seriously injured, disabled or dead within twelve months, not or only partly compensated. The
sentence says "harmed" only: what happened belongs to the police.

Source: reference 4.4 row 10, "worker killed, injured or disabled in a criminal case" [P33].
"""

from monitoring.rules.shipped import ShippedRule

RULE = ShippedRule(
    code="CRI-01",
    title="受刑事侵害重伤致残未获赔",
    risk="因意外事故",
    owner="公安局",
    source="公安局刑事案件伤亡名单（参照峨山等地做法）；分级待核定",
    definition={
        "level": "person",
        "measures": {
            "days": {
                "feed": "criminal_case_harm",
                "op": "latest",
                "column": "happened_on",
                "then": [
                    {"column": "harm", "op": "in", "value": ["serious", "disabled", "dead"]},
                    {"column": "compensation", "op": "in", "value": ["none", "partly"]},
                ],
                "window": {"months": 12},
            }
        },
        "when": {"measure": "days", "op": "known"},
        "value": "days",
        "bands": [{"severity": 2}],
        "sentence": "{who}受侵害重伤、致残或死亡，还没有赔足，请核对生活困难",
        "cool_down_days": 90,
        "regrow_share": 1,
    },
)
