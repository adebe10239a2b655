"""ENT-06: somebody whose medical premium should be subsidised paid all of it.

Severely disabled, or in dibao or tekun; this year's enrolment in the residents' scheme says "paid
by oneself".

Source: reference 6.8 (Yizhou grants the premium subsidy for severely disabled people without
application, seed); for dibao and tekun to be confirmed.
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import some, standings

RULE = ShippedRule(
    code="ENT-06",
    title="应资助参保人员全额自缴",
    risk="其他",
    owner="医保局",
    source="宜州区重度残疾人医保补贴“免申即享”；低保、特困资助办法待核定",
    definition={
        "level": "person",
        "measures": {
            "premium": {
                "feed": "medical_enrolment",
                "op": "latest",
                "column": "paid_yuan",
                "where": [
                    {"column": "insured_year", "op": "=", "year": 0},
                    {"column": "scheme", "op": "=", "value": "resident"},
                ],
                "then": [{"column": "payer", "op": "=", "value": "self"}],
            },
            "severe": {"status": "severely_disabled"},
            **standings("dibao", "tekun"),
        },
        "when": {"any": [some("severe"), some("dibao"), some("tekun")]},
        "value": "premium",
        "bands": [{"severity": 4}],
        "sentence": "{who}应享受参保资助，今年却全额自缴医保 {value} 元",
        "cool_down_days": 180,
        "regrow_share": 0.5,
    },
)
