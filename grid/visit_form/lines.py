"""Items of the income and spending lists, and which part of the arithmetic each belongs to.

Source: reference 3.5 (detail lines of a county sheet [D1], what is not counted [P31]).
Codes are never reused; an item that falls away keeps its label for old visits.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    """One kind of income or spending. `part` is a to g of the statement, or "out": not counted."""

    code: str
    label: str
    part: str


PARTS = {
    "a": "工资性收入",
    "b": "生产经营性收入",
    "c": "财产性收入",
    "d": "转移性收入",
    "e": "生产经营性支出",
    "f": "保险理赔收入",
    "g": "合规自付支出",
    "out": "一次性、专项救助（不计入）",
}

INCOME: tuple[Item, ...] = (
    Item("wages", "务工工资", "a"),
    Item("welfare_post", "公益岗工资", "a"),
    Item("planting", "种植收入", "b"),
    Item("breeding", "养殖收入", "b"),
    Item("forestry", "林果收入", "b"),
    Item("business", "其他经营收入", "b"),
    Item("dividend", "分红、代种代养", "c"),
    Item("land_rent", "土地流转", "c"),
    Item("dibao", "低保金", "d"),
    Item("tekun", "特困供养金", "d"),
    Item("pension", "养老保险金", "d"),
    Item("eco", "生态补偿", "d"),
    Item("farm_subsidy", "种粮、地力补贴", "d"),
    Item("care_subsidy", "残疾、高龄补贴", "d"),
    Item("support", "子女赡养费", "d"),
    Item("transfer", "其他补贴、捐赠", "d"),
    Item("payout", "保险理赔", "f"),
    Item("relief", "临时救助、慰问金", "out"),
)

SPENDING: tuple[Item, ...] = (
    Item("planting_cost", "种植成本", "e"),
    Item("breeding_cost", "养殖成本", "e"),
    Item("forestry_cost", "林果成本", "e"),
    Item("business_cost", "其他经营成本", "e"),
    Item("medical", "看病自付", "g"),
    Item("schooling", "上学自付", "g"),
    Item("rigid", "其他刚性支出", "g"),
)

BY_CODE: dict[str, Item] = {item.code: item for item in (*INCOME, *SPENDING)}


def options_of(items: tuple[Item, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((item.code, item.label) for item in items)
