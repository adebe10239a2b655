"""What a household earns and must spend, as far as departments' records show it.

One table of terms; rules name it as the measure "income", the statement of a case is pre-filled
from it. Source: reference 3.5 [D1][P30][P31]: net = a wages + b business + c property
+ d transfers - e business costs; reference = net + f insurance payouts - g compliant self-paid
expense; one-off and earmarked aid is not counted. What no department sees (sales at the market,
gifts) is not in it: a low figure is a reason to ask, not a finding. Wages are counted once, as
registered with the labour office; tax declarations of wages are few here and serve as exclusion
evidence.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class IncomeTerm:
    """`measure` is a rows or latest measure of the rule language without a window.

    `part`: "net" counts in both, "reference" only in the reference income. `times` makes a yearly
    amount of a monthly one; a `latest` measure is a standing amount and is not summed.
    """

    code: str
    label: str
    part: str
    sign: int
    measure: dict[str, Any]
    times: Decimal = Decimal(1)


def _paid(feed: str, column: str, where: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"feed": feed, "op": "sum", "column": column, "where": where or []}


INCOME_TERMS: tuple[IncomeTerm, ...] = (
    IncomeTerm(
        "wages",
        "登记的务工月工资",
        "net",
        1,
        {
            "feed": "employment_status",
            "op": "latest",
            "column": "wage_yuan_month",
            "then": [{"column": "standing", "op": "=", "value": "working"}],
            "across": "sum",
        },
        Decimal(12),
    ),
    IncomeTerm(
        "business",
        "申报的经营所得",
        "net",
        1,
        _paid("salary_tax", "income_yuan", [{"column": "kind", "op": "=", "value": "business"}]),
    ),
    IncomeTerm("industry", "帮扶产业收入", "net", 1, _paid("industry_project", "income_yuan")),
    IncomeTerm("dibao", "低保金", "net", 1, _paid("dibao_payment", "amount_yuan")),
    IncomeTerm(
        "tekun",
        "特困供养金",
        "net",
        1,
        {
            "feed": "tekun_support",
            "op": "latest",
            "column": "basic_yuan_month",
            "across": "sum",
        },
        Decimal(12),
    ),
    IncomeTerm(
        "one_card",
        "惠民惠农补贴",
        "net",
        1,
        _paid(
            "one_card_payment", "amount_yuan", [{"column": "standing", "op": "=", "value": "paid"}]
        ),
    ),
    IncomeTerm(
        "payouts",
        "防贫保理赔",
        "reference",
        1,
        _paid("insurance_claim", "paid_yuan", [{"column": "standing", "op": "=", "value": "paid"}]),
    ),
    IncomeTerm(
        "medical",
        "医疗合规自付",
        "reference",
        -1,
        _paid("medical_settlement", "self_paid_yuan"),
    ),
    IncomeTerm("schooling", "教育净支出", "reference", -1, _paid("education_cost", "net_yuan")),
)
