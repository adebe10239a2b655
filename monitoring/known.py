"""What departments' records say to the questions of a visit, household by household.

Named in settings.VISIT_KNOWN; grid/known.py asks. Only current rows of living members are read,
one query a data set whatever the number of households. Where a record settles an answer it is
offered as one; the rest is told. Amounts are of the 12 months up to the day, in yuan.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from dateutil.relativedelta import relativedelta

from grid.dossier import age_on
from grid.known import SCHOOL_AGES, Knowledge, Known, members_by_household
from grid.models import Department, Person
from monitoring.evidence import figure
from monitoring.feeds import FEEDS
from monitoring.feeds.employment_status import EmploymentStatus
from monitoring.feeds.house_safety import HouseSafety
from monitoring.feeds.insurance_claim import InsuranceClaim
from monitoring.feeds.medical_enrolment import MedicalEnrolment
from monitoring.feeds.one_card_payment import OneCardPayment
from monitoring.feeds.school_status import SchoolStatus
from monitoring.feeds.water_supply import WaterSupply

DANGEROUS = frozenset({HouseSafety.Grade.C, HouseSafety.Grade.D})  # reference 4.6 [P29]
COMPULSORY = frozenset({SchoolStatus.Stage.PRIMARY, SchoolStatus.Stage.JUNIOR})
OUT_OF_SCHOOL = frozenset(
    {SchoolStatus.Standing.SUSPECTED_DROPOUT, SchoolStatus.Standing.SUSPENDED}
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One household: its living people, its rows of one data set, the day, who sent them."""

    people: list[Person]
    rows: list[Any]
    on: date
    department: str

    def tell(self, question: str, label: str, words: str, day: date, value: Any = None) -> Known:
        return Known(question, label, words, self.department, on=day, value=value)


Teller = Callable[[Asked], Iterable[Known]]


def recorded(household_ids: Collection[int], on: date) -> Knowledge:
    """What every data set below says of these households on the day."""
    homes = members_by_household(household_ids)
    home_of = {p.pk: household for household, people in homes.items() for p in people}
    names = dict(Department.objects.values_list("code", "short_name"))
    told: Knowledge = defaultdict(list)
    for code, teller in TELLERS.items():
        rows: dict[int, list[Any]] = defaultdict(list)
        for row in _current(code, home_of, on):
            rows[home_of[row.person_id]].append(row)
        department = names.get(FEEDS[code].department, FEEDS[code].title)
        for household, found in rows.items():
            told[household].extend(teller(Asked(homes[household], found, on, department)))
    return dict(told)


def _current(code: str, home_of: dict[int, int], on: date) -> Iterable[Any]:
    """Rows in force dated up to the day, the latest first."""
    feed = FEEDS[code]
    return feed.model._default_manager.filter(
        person__in=list(home_of), superseded_at=None, **{f"{feed.valid_on}__lte": on}
    ).order_by(f"-{feed.valid_on}", "-pk")


# ---- three guarantees and water ----


def _water(asked: Asked) -> Iterable[Known]:
    row: WaterSupply = asked.rows[0]
    words = (
        f"{row.get_verdict_display()}（每人每天 {row.litres_per_head_day} 升，"
        f"水质{row.get_quality_display()}，取水 {row.fetch_minutes} 分钟，"
        f"近一年停水 {row.cut_days} 天）"
    )
    value = "no" if row.verdict == WaterSupply.Verdict.UNSAFE else "yes"
    yield asked.tell("water_safe", "饮水", words, row.tested_on, value)


def _house(asked: Asked) -> Iterable[Known]:
    """The worst grade among the houses people live in and that nobody has mended."""
    over = {HouseSafety.Remedy.REPAIRED, HouseSafety.Remedy.MOVED_OUT}
    lived_in = [r for r in asked.rows if r.lived_in == HouseSafety.LivedIn.LIVED_IN]
    standing = [r for r in lived_in if r.remedy not in over] or lived_in
    if not standing:
        return
    row = max(standing, key=lambda r: r.grade)
    dangerous = row.grade in DANGEROUS and row.remedy not in over
    remedy = f"，{row.get_remedy_display()}" if row.grade in DANGEROUS else ""
    value = "no" if dangerous else "yes"
    words = f"{row.get_grade_display()}{remedy}"
    yield asked.tell("house_safe", "住房", words, row.appraised_on, value)


def _school(asked: Asked) -> Iterable[Known]:
    """The latest status of each child of school age; an answer only when every child has one."""
    latest: dict[int, SchoolStatus] = {}
    for row in asked.rows:
        if row.stage in COMPULSORY:
            latest.setdefault(row.person_id, row)
    children = [p for p in asked.people if age_on(p.born_on, asked.on) in SCHOOL_AGES]
    statuses = [latest[p.pk] for p in children if p.pk in latest]
    if not statuses:
        return
    away = any(s.standing in OUT_OF_SCHOOL for s in statuses)
    everyone = len(statuses) == len(children)
    words = "、".join(f"{s.person_name}{s.get_standing_display()}" for s in statuses)
    value = "no" if away else ("yes" if everyone else None)
    yield asked.tell("school_ok", "就学", words, max(s.status_on for s in statuses), value)


def _insured(asked: Asked) -> Iterable[Known]:
    """Who is insured this year in any scheme; an answer only when the list names everybody."""
    rows = [r for r in asked.rows if r.insured_year == asked.on.year]
    if not rows:
        return
    insured = {r.person_id for r in rows if r.standing == MedicalEnrolment.Standing.INSURED}
    without = [p.name for p in asked.people if p.pk not in insured]
    named_without = {r.person_id for r in rows} - insured
    value = "no" if named_without else ("yes" if not without else None)
    words = f"{len(asked.people)} 人都参保"
    if without:
        words = f"{len(insured)} 人参保，没有参保或没有记录：{'、'.join(without)}"
    yield asked.tell("insured", "医保", words, max(r.counted_on for r in rows), value)


# ---- work, income, spending ----


def _work(asked: Asked) -> Iterable[Known]:
    """Who works away; wages as registered, before rent and living, so only told."""
    working = [r for r in asked.rows if r.standing == EmploymentStatus.Standing.WORKING]
    away = [r for r in working if r.channel == EmploymentStatus.Channel.AWAY]
    day = max(r.counted_on for r in asked.rows)
    names = "、".join(r.person_name for r in away)
    words = f"{len(away)} 人在外务工" + (f"（{names}）" if names else "")
    yield asked.tell("away", "在外务工", words, day, len(away))
    paid = [r for r in working if r.wage_yuan_month]
    if paid:
        wages = "、".join(f"{r.person_name}月工资 {figure(r.wage_yuan_month)} 元" for r in paid)
        yield asked.tell("income", "登记的务工月工资", wages, day)


def _in_period(asked: Asked, column: str) -> list[Any]:
    """Rows of the 12 months up to the day, as alerts count them."""
    since = asked.on - relativedelta(months=12)
    return [r for r in asked.rows if since < getattr(r, column) <= asked.on]


def _sum(rows: Iterable[Any], column: str) -> Decimal:
    return sum((getattr(r, column) or Decimal(0) for r in rows), Decimal(0))


def _line(item: str, yuan: Decimal) -> list[dict[str, str]]:
    return [{"item": item, "month": "", "yuan": str(yuan.quantize(Decimal("0.01")))}]


def _total(
    asked: Asked, question: str, label: str, item: str, column: str, day: str, rows: list[Any]
) -> Iterable[Known]:
    """One line of 12 months for the list, when there is anything."""
    yuan = _sum(rows, column)
    if yuan > 0:
        verb = "自付" if question == "spending" else ""
        words = f"近 12 个月{verb} {figure(yuan)} 元"
        newest = max(getattr(r, day) for r in rows)
        yield asked.tell(question, label, words, newest, _line(item, yuan))


def _dibao(asked: Asked) -> Iterable[Known]:
    rows = _in_period(asked, "month_on")
    return _total(asked, "income", "低保金", "dibao", "amount_yuan", "month_on", rows)


def _subsidies(asked: Asked) -> Iterable[Known]:
    """Told only: the projects belong to several lines of the list."""
    paid = [r for r in _in_period(asked, "paid_on") if r.standing == OneCardPayment.Standing.PAID]
    by_project: dict[str, Decimal] = defaultdict(Decimal)
    for row in paid:
        by_project[row.project] += row.amount_yuan
    if by_project:
        parts = [f"{project} {figure(yuan)} 元" for project, yuan in sorted(by_project.items())]
        newest = max(r.paid_on for r in paid)
        yield asked.tell("income", "惠民惠农补贴", "近 12 个月" + "、".join(parts[:5]), newest)


def _payouts(asked: Asked) -> Iterable[Known]:
    paid = [r for r in asked.rows if r.standing == InsuranceClaim.Standing.PAID and r.paid_on]
    dated = Asked(asked.people, paid, asked.on, asked.department)
    rows = _in_period(dated, "paid_on")
    return _total(asked, "income", "防贫保理赔", "payout", "paid_yuan", "paid_on", rows)


def _industry(asked: Asked) -> Iterable[Known]:
    rows = _in_period(asked, FEEDS["industry_project"].valid_on)
    yuan = _sum(rows, "income_yuan")
    if yuan > 0:
        newest = max(getattr(r, FEEDS["industry_project"].valid_on) for r in rows)
        yield asked.tell("income", "帮扶产业收入", f"{figure(yuan)} 元", newest)


def _medical(asked: Asked) -> Iterable[Known]:
    rows = _in_period(asked, "settled_on")
    return _total(asked, "spending", "看病", "medical", "self_paid_yuan", "settled_on", rows)


def _schooling(asked: Asked) -> Iterable[Known]:
    rows = _in_period(asked, "counted_on")
    return _total(asked, "spending", "资助后的学费", "schooling", "net_yuan", "counted_on", rows)


TELLERS: dict[str, Teller] = {
    "water_supply": _water,
    "house_safety": _house,
    "school_status": _school,
    "medical_enrolment": _insured,
    "employment_status": _work,
    "dibao_payment": _dibao,
    "one_card_payment": _subsidies,
    "insurance_claim": _payouts,
    "industry_project": _industry,
    "medical_settlement": _medical,
    "education_cost": _schooling,
}
