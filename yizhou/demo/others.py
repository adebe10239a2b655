"""Small files of all further departments, drawn from the demo's people by the feeds' contracts.

One person in so many has a row in a data set, always the same one. The three rules with
planted truths read none of these files. A few facts contradict another department's; they are told
in the manifest.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from random import Random
from typing import Any

from django.db import models

from monitoring.feeds import FEEDS, Column, Feed
from yizhou.demo import SEED, office_rows, other_rows
from yizhou.demo.clerks import Cells, Sheet, mistyped_id
from yizhou.demo.county import Village
from yizhou.demo.families import Household, Person
from yizhou.demo.other_rows import Case, RowOf, Values
from yizhou.demo.truth import Plan

Fits = Callable[[Person, Household, date], bool]
ODDITY_EVERY = 45
RECENT = (5, 150)  # days ago, when nothing else dates a fact
DEPARTED_TOLD = 100  # days: older deaths are in nobody's file
CONTRADICTED = {3: "funeral_record", 5: "household_register_change"}  # by number of the village
KINDS = ((".csv", "utf-8-sig"), (".xlsx", ""), (".csv", "gb18030"), (".csv", "utf-8"))


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A fact planted against another department's: the person still receives dibao."""

    feed: str
    household_number: str
    person_id_tail: str
    why: str


def aged(low: int, high: int, sex: str = "MF") -> Fits:
    return lambda p, _h, day: low <= p.age_on(day) <= high and p.sex in sex


def head_without_dibao(person: Person, household: Household, _day: date) -> bool:
    return person is household.head and household.dibao_from is None


def head(person: Person, household: Household, _day: date) -> bool:
    return person is household.head


ADULT, ANYBODY = aged(20, 68), aged(2, 120)
OTHERS: dict[str, tuple[int, Fits, RowOf]] = {  # one in so many of the people, who, how
    "medical_enrolment": (60, ANYBODY, other_rows.medical_enrolment),
    "serious_illness": (400, aged(25, 120), other_rows.serious_illness),
    "severe_mental_disorder": (500, ADULT, other_rows.severe_mental_disorder),
    "tekun_support": (60, aged(66, 120), other_rows.tekun_support),
    "low_income_list": (120, head_without_dibao, other_rows.low_income_list),
    "dibao_exit": (150, head_without_dibao, other_rows.dibao_exit),
    "temporary_relief": (300, ADULT, other_rows.temporary_relief),
    "education_cost": (40, aged(16, 21), other_rows.education_cost),
    "employment_status": (80, aged(19, 58), other_rows.employment_status),
    "wage_arrears": (400, aged(20, 58), other_rows.wage_arrears),
    "house_safety": (60, head, other_rows.house_safety),
    "water_supply": (60, head, other_rows.water_supply),
    "disaster_damage": (150, head, other_rows.disaster_damage),
    "household_register_change": (2000, ADULT, other_rows.household_register_change),
    "criminal_case_harm": (900, ADULT, other_rows.criminal_case_harm),
    "traffic_accident": (500, ADULT, other_rows.traffic_accident),
    "vehicle_registration": (120, ADULT, office_rows.vehicle_registration),
    "industry_project": (60, head, office_rows.industry_project),
    "forest_loss": (120, head, office_rows.forest_loss),
    "hazard_point": (150, head, office_rows.hazard_point),
    "property_title": (150, ADULT, office_rows.property_title),
    "business_registration": (200, ADULT, office_rows.business_registration),
    "salary_tax": (120, aged(20, 58), office_rows.salary_tax),
    "one_card_payment": (60, ADULT, office_rows.one_card_payment),
    "fiscal_payroll": (250, aged(23, 58), office_rows.fiscal_payroll),
    "overdue_loan": (250, ADULT, office_rows.overdue_loan),
    "bank_deposit": (250, ADULT, office_rows.bank_deposit),
    "petition": (400, ADULT, office_rows.petition),
    "veteran_aid": (150, aged(30, 80, "M"), office_rows.veteran_aid),
    "women_case": (200, aged(25, 64, "F"), office_rows.women_case),
    "union_hardship": (300, aged(25, 58), office_rows.union_hardship),
    "court_case": (400, ADULT, office_rows.court_case),
    "imprisonment": (700, ADULT, office_rows.imprisonment),
    "power_use": (50, head, office_rows.power_use),
    "youth_hardship": (80, aged(8, 25), office_rows.youth_hardship),
    "public_opinion_clue": (700, ADULT, office_rows.public_opinion_clue),
    "approvals_clue": (400, ADULT, office_rows.approvals_clue),
    "insurance_claim": (300, ADULT, office_rows.insurance_claim),
}
NAMELESS_KEYS = {  # data sets whose rows are known by a number alone
    "temporary_relief": "case_no",
    "one_card_payment": "payment_no",
    "power_use": "account_no",
    "insurance_claim": "claim_no",
}
SHEETS = (*OTHERS, "funeral_record")


def sheet_of(code: str) -> Sheet:
    """The clerk's file by the contract: every other column under its first alias."""
    feed, at = FEEDS[code], SHEETS.index(code)
    suffix, encoding = KINDS[at % len(KINDS)]
    names = feed.contract
    key = NAMELESS_KEYS.get(code)
    id_at = names.index("id_number")
    return Sheet(
        feed=code,
        stem=feed.title.replace("/", "、"),
        suffix=suffix,
        encoding=encoding,
        title=f"{feed.title}（演示数据，人物均为虚构）",
        headings=tuple(_heading(feed, column, n + at) for n, column in enumerate(feed.columns)),
        name_at=names.index("person_name"),
        id_at=id_at,
        every=ODDITY_EVERY,
        mistakes=(mistyped_id(id_at),),
        key_at=None if key is None else names.index(key),
        closing=("制表人：演示员",),
    )


def _heading(feed: Feed, column: Column, n: int) -> str:
    return column.aliases[0] if column.aliases and n % 2 else feed.header(column.name)


class Clerk:
    """Writes one data set's rows down as its contract wants them."""

    def __init__(self, code: str) -> None:
        self.feed, self.is_workbook = FEEDS[code], sheet_of(code).suffix == ".xlsx"
        self.fields = [
            (column, None if column.name == "id_number" else self._field(column.name))
            for column in self.feed.columns
        ]
        self.labels = {
            column.name: dict(field.flatchoices)
            for column, field in self.fields
            if field is not None and field.choices
        }

    def _field(self, name: str) -> "models.Field[Any, Any]":
        field = self.feed.model._meta.get_field(name)
        assert isinstance(field, models.Field)
        return field

    def cells(self, case: Case, values: Values) -> Cells:
        told = {"person_name": case.person.name, "id_number": case.person.id_number} | values
        cells: Cells = []
        for column, field in self.fields:
            value = told[column.name] if column.name in told else self._any(case, column, field)
            cells.append(self._cell(column, value))
        return cells

    def _any(self, case: Case, column: Column, field: "models.Field[Any, Any] | None") -> Any:
        """What may stand in a column that nothing else hangs on."""
        if field is None or field.null or field.blank:
            return ""
        if column.name in self.labels:
            return case.rng.choice(list(self.labels[column.name]))
        if isinstance(field, models.DateField):
            return case.month() if column.by_month else case.ago(*RECENT)
        if isinstance(field, models.DecimalField | models.IntegerField):
            low = int(float(column.at_least or 1)) + 1
            return case.rng.randint(low, min(low + 4000, int(float(column.at_most or 10_000))))
        return column.example

    def _cell(self, column: Column, value: Any) -> str | float | date:
        if column.name in self.labels:
            return str(self.labels[column.name][value])
        if isinstance(value, date):
            if column.by_month:
                return f"{value:%Y-%m}"
            return value if self.is_workbook else value.isoformat()
        return value if self.is_workbook and isinstance(value, int) else str(value)


class Others:
    """Which people of a village stand in which further file."""

    def __init__(self, as_of: date) -> None:
        self.as_of = as_of
        self.clerks = {code: Clerk(code) for code in SHEETS}
        self.contradictions: list[Contradiction] = []

    def rows(
        self, village: Village, families: list[Household], plan: Plan
    ) -> Iterator[tuple[str, Cells]]:
        rng = Random(f"{SEED}/{village.code}/others/{self.as_of}")
        everybody = [(person, household) for household in families for person in household.people]
        for code, (one_in, fits, row_of) in OTHERS.items():
            serial = 0
            for at in range(rng.randrange(one_in), len(everybody), one_in):
                if fits(*everybody[at], self.as_of):
                    serial += 1
                    case = Case(*everybody[at], village, self.as_of, rng, serial)
                    yield code, self.clerks[code].cells(case, row_of(case))
        yield from self._deaths(village, families, plan, rng)

    def _deaths(
        self, village: Village, families: list[Household], plan: Plan, rng: Random
    ) -> Iterator[tuple[str, Cells]]:
        serial = 0
        for household in families:
            for person in household.departed:
                died = person.died_on
                if died is not None and 0 <= (self.as_of - died).days <= DEPARTED_TOLD:
                    serial += 1
                    case = Case(person, household, village, self.as_of, rng, serial)
                    row = other_rows.funeral_record(case)
                    yield "funeral_record", self.clerks["funeral_record"].cells(case, row)
        code = CONTRADICTED.get(village.number)
        if code is None or (found := self._quiet_on_dibao(families, plan)) is None:
            return
        case = Case(found.head, found, village, self.as_of, rng, serial + 1)
        is_funeral = code == "funeral_record"
        row_of = other_rows.funeral_record if is_funeral else other_rows.registered_death
        yield code, self.clerks[code].cells(case, row_of(case))
        self.contradictions.append(
            Contradiction(code, found.number, found.head.id_number[-4:], "已登记死亡，仍在领低保金")
        )

    def _quiet_on_dibao(self, families: list[Household], plan: Plan) -> Household | None:
        """A household paid up to today of which no story is told."""
        told = {truth.household_number for truth in plan.truths}
        told |= {number for number, _why in plan.near_misses} | plan.dibao.keys()
        for household in families:
            since, until = household.dibao_from, household.dibao_until
            is_paid = since is not None and (self.as_of - since).days > 400 and until is None
            if is_paid and household.number not in told:
                return household
        return None

    def told(self) -> list[dict[str, Any]]:
        return [asdict(contradiction) for contradiction in self.contradictions]
