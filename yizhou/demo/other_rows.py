"""One row of each further data set, true to its checks. All that is told is invented.

A function names only the columns that hang together; `others` fills the rest from the contract.
Choices are given by their value, as the model keeps them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from yizhou.demo.county import Village
from yizhou.demo.families import Household, Person
from yizhou.demo.rows import months_before

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One person of whom one department has something to say."""

    person: Person
    household: Household
    village: Village
    as_of: date
    rng: Random
    serial: int  # within the village and data set

    def ago(self, low: int, high: int) -> date:
        return self.as_of - timedelta(days=self.rng.randint(low, high))

    def number(self, prefix: str) -> str:
        return f"{prefix}{self.as_of.year}{self.village.code[6:]}{self.serial:04d}"

    def yuan(self, low: int, high: int) -> int:
        return self.rng.randint(low, high)

    def one(self, *choices: Any) -> Any:
        return self.rng.choice(choices)

    def often(self, share: float) -> bool:
        return self.rng.random() < share

    def month(self, back: int = 1) -> date:
        return months_before(self.as_of.replace(day=1), back)

    @property
    def people(self) -> int:
        return min(20, len(self.household.people))


RowOf = Callable[[Case], Values]


def medical_enrolment(c: Case) -> Values:
    if c.often(0.04):
        insured: Values = {"standing": "uninsured", "payer": "nobody", "paid_yuan": 0}
    elif c.household.ever_low_income:
        insured = {"standing": "insured", "payer": "part_aid", "paid_yuan": 200}
    else:
        insured = {"standing": "insured", "payer": "self", "paid_yuan": 400}
    return insured | {
        "insured_year": c.as_of.year,
        "scheme": "resident",
        "paid_on": "",
        "counted_on": c.ago(1, 20),
    }


def serious_illness(c: Case) -> Values:
    cancers = ("stomach_cancer", "lung_cancer", "liver_cancer", "stroke", "copd")
    return {"disease": c.one(*cancers), "disease_detail": "", "hospital": "演示区第一医院"}


def severe_mental_disorder(c: Case) -> Values:
    return {"managed_since_on": c.ago(200, 900), "risk": c.one(0, 0, 0, 1, 1, 2)}


def tekun_support(c: Case) -> Values:
    lives_there = c.often(0.3)
    return {
        "mode": "institution" if lives_there else "at_home",
        "institution": f"演示{c.village.township_name}敬老院" if lives_there else "",
        "basic_yuan_month": 780,
        "care_yuan_month": c.one(100, 320, 640),
        "approved_on": c.ago(30, 900),
    }


def low_income_list(c: Case) -> Values:
    is_rigid = c.often(0.4)
    return {
        "kind": "rigid" if is_rigid else "marginal",
        "people": c.people,
        "per_head_yuan_month": c.yuan(650, 1100),
        "rigid_expense_yuan": c.yuan(12_000, 48_000) if is_rigid else "",
        "recognised_on": c.ago(20, 300),
    }


def dibao_exit(c: Case) -> Values:
    return {
        "kind": "urban" if c.village.is_community else "rural",
        "ending": "ended",
        "reason": c.one("income", "property", "own_wish"),
        "people": c.people,
        "stopped_on": c.month(c.rng.randint(1, 8)),
        "last_amount_yuan": 245 * c.people,
    }


def temporary_relief(c: Case) -> Values:
    return {
        "case_no": c.number("LSJZ"),
        "form": "money",
        "reason": c.one("突发疾病，自付费用较高", "房屋受灾，临时无处居住", "务工受伤，暂无收入"),
        "people": c.people,
        "amount_yuan": c.yuan(800, 6000),
    }


def funeral_record(c: Case) -> Values:
    died_on = c.person.died_on or c.ago(100, 130)
    return {
        "died_on": died_on,
        "way": "cremation",
        "buried_on": died_on + timedelta(days=2),
        "place": "演示区殡仪馆",
        "certificate_no": c.number("SW"),
    }


def education_cost(c: Case) -> Values:
    cost, aid = c.yuan(5000, 16_000), c.one(0, 1500, 3000, 4000)
    return {
        "year": c.as_of.year - 1,
        "school": f"演示{c.village.township_name}职业技术学校",
        "stage": c.one("senior", "vocational", "college"),
        "cost_yuan": cost,
        "aid_yuan": aid,
        "net_yuan": cost - aid,
        "aid_names": "国家助学金" if aid else "",
        "counted_on": c.ago(5, 30),
    }


def employment_status(c: Case) -> Values:
    counted: Values = {"since_on": c.ago(60, 400), "counted_on": c.ago(1, 20)}
    if c.often(0.3):
        standing = c.one("unemployed", "returned")
        return counted | {"standing": standing, "channel": "none"}
    return counted | {
        "standing": "working",
        "channel": "away",
        "place": "广东省佛山市",
        "wage_yuan_month": c.yuan(2200, 6800),
    }


def wage_arrears(c: Case) -> Values:
    owed = c.yuan(4000, 32_000)
    paid = c.one(0, 0, owed // 2, owed)
    return {
        "case_no": c.number("LJ"),
        "employer": "演示建筑劳务公司",
        "owed_from_on": c.month(7),
        "owed_until_on": c.month(4),
        "owed_yuan": owed,
        "paid_yuan": paid,
        "standing": "paid" if paid == owed else "partly_paid" if paid else "opened",
        "reported_on": c.ago(20, 80),
    }


def house_safety(c: Case) -> Values:
    grade = c.one("A", "A", "B", "B", "C", "D")
    return {
        "house_no": "1",
        "place": c.household.address,
        "grade": grade,
        "appraiser": "演示村镇建设站",
        "lived_in": "lived_in",
        "remedy": c.one("pending", "repairing") if grade in "CD" else "not_needed",
    }


def water_supply(c: Case) -> Values:
    is_safe, cut = c.often(0.95), c.rng.randint(0, 9)
    return {
        "litres_per_head_day": c.rng.randint(45, 90) if is_safe else c.rng.randint(15, 30),
        "quality": "good" if is_safe else "bad",
        "fetch_minutes": 0 if is_safe else 35,
        "cut_days": cut if is_safe else cut + 40,
        "longest_cut_days": cut if is_safe else cut + 31,
        "verdict": "safe" if is_safe else "unsafe",
    }


def disaster_damage(c: Case) -> Values:
    house = c.one("none", "light", "heavy")
    return {
        "house": house,
        "rooms": 0 if house == "none" else c.rng.randint(1, 4),
        "loss_yuan": c.yuan(800, 24_000),
        "relief_yuan": c.one(0, 500, 1000),
        "moved_people": c.people if house == "heavy" else 0,
        "injured_people": 0,
    }


def household_register_change(c: Case) -> Values:
    happened = c.ago(100, 130)
    return {
        "kind": c.one("move_in", "move_out"),
        "happened_on": happened,
        "registered_on": happened + timedelta(days=c.rng.randint(1, 12)),
        "from_place": "演示区外某镇",
        "to_place": "柳州市某区",
    }


def registered_death(c: Case) -> Values:
    return household_register_change(c) | {"kind": "death", "from_place": "", "to_place": ""}


def criminal_case_harm(c: Case) -> Values:
    return {"case_no": c.number("A"), "harm": c.one("light", "serious", "disabled"), "died_on": ""}


def traffic_accident(c: Case) -> Values:
    harm = c.one("light", "serious", "disabled")
    return {"accident_no": c.number("JT"), "harm": harm, "died_on": ""}
