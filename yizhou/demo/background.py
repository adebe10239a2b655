"""What departments know about everybody else: ordinary rows, clear of every line of the rules.

A household's own medical payments of all 24 months stay under QUIET_LOW or QUIET_ORDINARY, whatever
window is taken; certificates are older than half a year; nobody in school is missing.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from yizhou.demo.families import Household, Person
from yizhou.demo.rows import (
    Certificate,
    Payment,
    SchoolRow,
    Settlement,
    months_before,
    terms_on,
)
from yizhou.demo.truth import Plan

DAYS = 730
MONTHS = 24
QUIET_LOW, QUIET_ORDINARY = 7_000_00, 18_000_00  # fen
OUTPATIENT = (
    "上呼吸道感染",
    "急性胃肠炎",
    "腰肌劳损",
    "牙周炎",
    "皮炎",
    "中耳炎",
    "扭伤",
)
CHRONIC = (
    "高血压",
    "2 型糖尿病",
    "慢性阻塞性肺病",
    "类风湿关节炎",
    "冠心病",
    "慢性肝炎",
)
INPATIENT = (
    "肺炎",
    "胆囊结石",
    "骨折",
    "急性阑尾炎",
    "脑供血不足",
    "椎间盘突出",
    "支气管炎",
)
CATEGORY_WEIGHTS = (46, 12, 10, 9, 12, 8, 3)
CATEGORIES = (
    "肢体残疾",
    "视力残疾",
    "听力残疾",
    "智力残疾",
    "精神残疾",
    "言语残疾",
    "多重残疾",
)
DIBAO_PER_HEAD = 245_00  # fen a month; invented


def settlements(household: Household, as_of: date, rng: Random) -> Iterator[Settlement]:
    """About 1.8 rows a person in 24 months."""
    left = QUIET_LOW if household.ever_low_income else QUIET_ORDINARY
    for person in household.people:
        for care, disease, total, basic in _care(person, as_of, rng):
            serious = total // 20 if total > 800_000 else 0
            self_paid = total - basic - serious
            assistance = max(0, self_paid - left)
            self_paid -= assistance
            left -= self_paid
            on = as_of - timedelta(days=1 + int(rng.random() * DAYS))
            yield Settlement(
                person,
                on,
                self_paid,
                total,
                basic,
                serious,
                assistance,
                False,
                care,
                disease,
            )


def _care(person: Person, as_of: date, rng: Random) -> Iterator[tuple[str, str, int, int]]:
    """Care, disease, total and basic insurance's part of each of the person's bills."""
    old, health = as_of.year - person.born_on.year >= 60, person.health
    if person.born_on > as_of - timedelta(days=DAYS):
        return
    draw = rng.random()
    for _ in range(0 if draw < 0.36 else 1 if draw < 0.68 else 2 if draw < 0.87 else 3):
        total = 3_000 + int(rng.random() * 27_000)
        yield "门诊", OUTPATIENT[int(rng.random() * 7)], total, total // 2
    if health in ("chronic", "serious"):
        disease = CHRONIC[int(rng.random() * 6)]
        for _ in range(4 + int(rng.random() * 8)):
            total = 12_000 + int(rng.random() * 48_000)
            yield "门诊特殊慢性病", disease, total, total * 7 // 10
    if rng.random() < (0.28 if old or health == "serious" else 0.07):
        total = 250_000 + int(rng.random() * 900_000)
        yield "普通住院", INPATIENT[int(rng.random() * 7)], total, total * 7 // 10


def certificates(household: Household, as_of: date, rng: Random) -> Iterator[Certificate]:
    """One old certificate for each disabled member, sometimes the one before it too."""
    for person in household.people:
        if person.health != "disabled":
            continue
        lived = (as_of - person.born_on).days
        age = 200 + int(rng.random() * 2800)
        if lived < 260:
            continue
        age = min(age, lived - 30)
        category = rng.choices(CATEGORIES, CATEGORY_WEIGHTS)[0]
        level = rng.choices((1, 2, 3, 4), (12, 22, 30, 36))[0]
        draw = rng.random()
        if draw < 0.08 and age + 1500 < lived:
            yield Certificate(person, category, level, as_of - timedelta(days=age + 1400), "过期")
        standing = "注销" if draw > 0.985 else "正常"
        yield Certificate(person, category, level, as_of - timedelta(days=age), standing)


def school_rows(household: Household, as_of: date, rng: Random) -> Iterator[SchoolRow]:
    """The running and the last term of everybody who goes to school."""
    now, before = terms_on(as_of)
    for person in household.people:
        age = person.age_on(as_of)
        if not 3 <= age <= 21 or (level := _school_level(age, rng)) is None:
            continue
        absent = 0 if rng.random() < 0.97 else 1 + int(rng.random() * 3)
        yield SchoolRow(person, before, level, "在校", 0, as_of - timedelta(days=150))
        yield SchoolRow(person, now, level, "在校", absent, as_of - timedelta(days=9))


def _school_level(age: int, rng: Random) -> str | None:
    """The stage as schools write it, or None for those who do not go."""
    if age < 6:
        return "学前教育" if rng.random() < 0.9 else None
    if age < 12:
        return ("一年级", "二年级", "三年级", "四年级", "五年级", "六年级")[age - 6]
    if age < 15:
        return ("七年级", "八年级", "九年级")[age - 12]
    if age < 18:
        return "高中" if rng.random() < 0.58 else "中等职业教育"
    return "高职高专及以上" if rng.random() < 0.55 else None


def payments(household: Household, plan: Plan, as_of: date) -> Iterator[Payment]:
    """Monthly dibao of the household's term within 24 months, as far as paid by `as_of`."""
    since, until = plan.dibao.get(household.number, (household.dibao_from, household.dibao_until))
    if since is None:
        return
    people = len(household.people)
    for n in range(MONTHS, -1, -1):
        month = months_before(as_of.replace(day=1), n)
        paid = month.replace(day=18)
        if since <= month and (until is None or month < until) and paid <= as_of:
            yield Payment(household.head, people, month, DIBAO_PER_HEAD * people, paid)
