"""WEL-01: dibao has stopped and nothing has taken its place.

Stopped within six months and not paid for a later month; the household is on no other list and
not monitored. It left at its own wish, for not answering, or for another reason; or for income or
property although nobody can work or a member is severely disabled.

Source: reference 4.4 row 3 (exit from dibao); which reasons count is to be confirmed.
"""

from monitoring.rules.shipped import ShippedRule
from monitoring.rules.standings import nothing, some, standings

OTHER_SUPPORT = standings("tekun", "marginal", "rigid", "monitored")


def left_for(*reasons: str) -> dict[str, object]:
    return {
        "feed": "dibao_exit",
        "op": "latest_is",
        "then": [{"column": "reason", "op": "in", "value": list(reasons)}],
        "window": {"months": 6},
    }


RULE = ShippedRule(
    code="WEL-01",
    title="低保停发后无其他保障",
    risk="其他",
    owner="民政局",
    source="民政局低保退出名册；预警条件待核定",
    definition={
        "level": "household",
        "measures": {
            "days": {
                "feed": "dibao_exit",
                "op": "latest",
                "column": "stopped_on",
                "window": {"months": 6},
                "across": "min",
            },
            "paid_days": {
                "feed": "dibao_payment",
                "op": "latest",
                "column": "month_on",
                "across": "min",
            },
            "unexplained": left_for("own_wish", "no_answer", "other"),
            "better_off": left_for("income", "property"),
            "workers": {"fact": "workers"},
            "severe": {"status": "severely_disabled"},
            **OTHER_SUPPORT,
        },
        "when": {
            "all": [
                {
                    "any": [
                        some("unexplained"),
                        {
                            "all": [
                                some("better_off"),
                                {"any": [nothing("workers"), some("severe")]},
                            ]
                        },
                    ]
                },
                {"none": [{"measure": "paid_days", "op": "<", "than": "days"}]},
                {"none": [some(name) for name in OTHER_SUPPORT]},
            ]
        },
        "value": "days",
        "bands": [{"severity": 3}],
        "sentence": "低保已停发 {value} 天，没有转入其他保障，请核对生活来源",
        "cool_down_days": 120,
        "regrow_share": 1,
    },
)
