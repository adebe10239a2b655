"""Every shipped rule by example: a household it is for, and nearly the same one that it is not for.

Both households have the same people and rows, but for the one difference the example names. All
of them are screened together, so an example also shows that no other row of the county disturbs
it.
"""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.db import connection, models
from django.utils import timezone

from grid.models import Household, Membership, Person, Relation
from monitoring.engine import Frozen, FrozenRule, screen
from monitoring.feeds import FEEDS, Record
from monitoring.rules import SHIPPED
from tests.monitoring.records import add_upload
from tests.world import World

TODAY = date(2026, 11, 24)
THIS_MONTH = date(2026, 11, 1)
Row = tuple[str, str, dict[str, Any]]  # feed, whose, columns that matter


def ago(days: int) -> date:
    """So many days before the day of screening; negative: after it."""
    return TODAY - timedelta(days=days)


def row(feed: str, whose: str = "head", **columns: Any) -> Row:
    return feed, whose, columns


# Who lives in an example: role -> sex, age, labour, health.
FAMILY = {
    "head": ("M", 45, "ordinary", "healthy"),
    "wife": ("F", 43, "ordinary", "healthy"),
    "child": ("F", 10, "none", "healthy"),
}
ONE_WORKER = FAMILY | {"wife": ("F", 43, "lost", "chronic")}
ELDER = {"head": ("F", 71, "none", "disabled")}


@dataclass(frozen=True)
class Example:
    """`but`: columns of the first row that differ in the household the rule is not for; or `more`
    rows, another `but_kind` of household, or one `without` its last row."""

    severity: int
    rows: tuple[Row, ...]
    kind: str = "ordinary"
    people: dict[str, tuple[str, int, str, str]] = field(default_factory=lambda: FAMILY)
    but: dict[str, Any] = field(default_factory=dict)
    more: tuple[Row, ...] = ()
    but_kind: str = ""
    without_last: bool = False

    def twin(self) -> "Example":
        """The household the rule is not for."""
        (feed, whose, columns), *rest = self.rows
        rows = [(feed, whose, columns | self.but), *rest, *self.more]
        if self.without_last:
            rows.pop()
        return replace(self, rows=tuple(rows), kind=self.but_kind or self.kind)


DIBAO = row("dibao_payment", month_on=THIS_MONTH, paid_on=ago(6), amount_yuan=300)
TEKUN = row("tekun_support", approved_on=ago(400), care="none", basic_yuan_month=780)
SEVERE: dict[str, Any] = {"level": 2, "standing": "valid", "valid_until_on": ago(-900)}
CARD = row(
    "one_card_payment",
    project="耕地地力保护补贴",
    month_on=THIS_MONTH,
    paid_on=ago(9),
    standing="paid",
    amount_yuan=120,
)
JOBLESS = row("employment_status", standing="unemployed", since_on=ago(100), channel="none")
MONITORED, OUT_OF_POVERTY = "marginal_prone", "out_of_poverty"


def stay(yuan: int, days: int = 30, **more: Any) -> Row:
    usual: dict[str, Any] = {"care": "inpatient", "kind": "normal", "self_paid_yuan": yuan}
    return row("medical_settlement", **(usual | {"settled_on": ago(days)} | more))


def enrolled(standing: str, **more: Any) -> Row:
    return row("medical_enrolment", insured_year=2026, standing=standing, **more)


def wage(yuan: int, whose: str = "head") -> Row:
    return row(
        "employment_status",
        whose,
        standing="working",
        channel="away",
        wage_yuan_month=yuan,
        since_on=ago(400),
    )


def certificate(**columns: Any) -> Row:
    return row("disability_certificate", **columns)


def project(**columns: Any) -> Row:
    return row("industry_project", project_year=2026, counted_on=ago(20), **columns)


def house(grade: str, remedy: str = "pending", days: int = 40) -> Row:
    return row(
        "house_safety", grade=grade, remedy=remedy, lived_in="lived_in", appraised_on=ago(days)
    )


def water(**columns: Any) -> Row:
    good: dict[str, Any] = {
        "verdict": "safe",
        "quality": "good",
        "litres_per_head_day": 60,
        "supply": "scattered",
    }
    return row("water_supply", **(good | {"tested_on": ago(30)} | columns))


def court(part: str, claimed: int, received: int) -> Row:
    return row(
        "court_case",
        part=part,
        standing="running",
        claimed_yuan=claimed,
        received_yuan=received,
        filed_on=ago(200),
    )


def loan(**columns: Any) -> Row:
    return row("overdue_loan", kind="micro", standing="overdue", standing_on=ago(20), **columns)


EXAMPLES: dict[str, Example] = {
    "INC-01": Example(
        4, (wage(2000), wage(0, "wife")), OUT_OF_POVERTY, but={"wage_yuan_month": 4000}
    ),
    "INC-02": Example(3, (stay(18000, 90), wage(3000)), but={"self_paid_yuan": 9000}),
    "INC-03": Example(
        3,
        (
            project(income_yuan=5000, standing="running"),
            row(
                "industry_project",
                project="旧项目",
                project_year=2025,
                counted_on=ago(500),
                income_yuan=30000,
                standing="finished",
            ),
        ),
        MONITORED,
        but_kind="ordinary",
    ),
    "INC-04": Example(
        4,
        (
            row(
                "low_income_list",
                kind="marginal",
                per_head_yuan_month=700,
                recognised_on=ago(30),
                valid_until_on=ago(-300),
            ),
        ),
        but={"per_head_yuan_month": 730},
    ),
    "MED-01": Example(3, (stay(26000, 200),), but={"self_paid_yuan": 25999}),
    "MED-02": Example(3, (stay(6000),), MONITORED, but_kind=OUT_OF_POVERTY),
    "MED-03": Example(
        2,
        (row("serious_illness", treatment="given_up", diagnosed_on=ago(40)),),
        but={"treatment": "treated"},
    ),
    "MED-04": Example(
        3,
        (row("serious_illness", treatment="treated", diagnosed_on=ago(20)),),
        OUT_OF_POVERTY,
        but_kind="ordinary",
    ),
    "MED-05": Example(
        3,
        (enrolled("uninsured", counted_on=ago(5)),),
        MONITORED,
        more=(enrolled("insured", scheme="employee", counted_on=ago(40)),),
    ),
    "MED-06": Example(4, (enrolled("suspended"),), MONITORED, but={"insured_year": 2025}),
    "MED-07": Example(
        1, (row("severe_mental_disorder", risk=4, assessed_on=ago(30)),), but={"risk": 2}
    ),
    "MED-08": Example(
        4, (stay(1600, care="chronic"),), OUT_OF_POVERTY, but={"self_paid_yuan": 1400}
    ),
    "DIS-01": Example(
        3,
        (certificate(**SEVERE, issued_on=ago(30)),),
        more=(certificate(level=1, issued_on=ago(5000), standing="expired"),),
    ),
    "DIS-02": Example(
        4,
        (certificate(**(SEVERE | {"valid_until_on": ago(-50)}), issued_on=ago(3000)),),
        but={"valid_until_on": ago(-70)},
    ),
    "DIS-03": Example(
        3,
        (certificate(**(SEVERE | {"valid_until_on": ago(20)}), issued_on=ago(3600)),),
        but={"standing": "cancelled"},
    ),
    "DIS-04": Example(
        3,
        (
            certificate(**(SEVERE | {"level": 1}), issued_on=ago(30)),
            certificate(**SEVERE, issued_on=ago(900)),
        ),
        but={"level": 2},
    ),
    "EDU-01": Example(
        2,
        (
            row(
                "school_status",
                "child",
                standing="suspected_dropout",
                stage="primary",
                absent_days=12,
                status_on=ago(9),
            ),
        ),
        but={"standing": "enrolled"},
    ),
    "EDU-02": Example(
        3,
        (
            row(
                "education_cost",
                "child",
                stage="senior",
                ownership="public",
                net_yuan=10000,
                counted_on=ago(60),
            ),
        ),
        OUT_OF_POVERTY,
        but={"ownership": "private"},
    ),
    "EDU-03": Example(
        3,
        (row("school_status", "child", standing="suspended", stage="primary", status_on=ago(9)),),
        but={"standing": "transferred"},
    ),
    "JOB-01": Example(3, (JOBLESS,), people=ONE_WORKER, but={"since_on": ago(20)}),
    "JOB-02": Example(
        3,
        (
            row(
                "wage_arrears",
                standing="partly_paid",
                owed_yuan=9000,
                paid_yuan=3000,
                reported_on=ago(60),
            ),
        ),
        MONITORED,
        but={"paid_yuan": 6000},
    ),
    "JOB-03": Example(
        3,
        (
            row("employment_status", channel="none", standing="returned", since_on=ago(10)),
            row(
                "employment_status",
                channel="welfare_post",
                standing="working",
                since_on=ago(600),
                superseded=True,
            ),
        ),
        but={"channel": "nearby", "standing": "working"},
    ),
    "HOU-01": Example(1, (house("D"),), but={"lived_in": "empty"}),
    "HOU-02": Example(2, (house("C"),), but={"remedy": "repaired"}),
    "HOU-03": Example(3, (house("D", "repairing", 200),), but={"appraised_on": ago(100)}),
    "WAT-01": Example(2, (water(verdict="unsafe"),), but={"verdict": "fair"}),
    "WAT-02": Example(
        2, (water(longest_cut_days=31, cut_days=31),), but={"longest_cut_days": 30, "cut_days": 36}
    ),
    "WAT-03": Example(
        3,
        (water(fetch_minutes=35, fetch_metres=1500, fetch_climb_metres=100),),
        but={"fetch_metres": 700},
    ),
    "WAT-04": Example(3, (water(litres_per_head_day=34),), but={"litres_per_head_day": 35}),
    "DIZ-01": Example(
        1,
        (row("disaster_damage", house="collapsed", rooms=2, happened_on=ago(30)),),
        but={"house": "light"},
    ),
    "DIZ-02": Example(
        3,
        (row("disaster_damage", house="none", loss_yuan=21000, happened_on=ago(30)),),
        but={"relief_yuan": 1001},
    ),
    "DIZ-03": Example(
        2,
        (row("disaster_damage", house="none", injured_people=1, happened_on=ago(30)),),
        but={"injured_people": 0},
    ),
    "DIZ-04": Example(
        4,
        (row("forest_loss", standing="assessed", loss_yuan=3000, happened_on=ago(120)),),
        OUT_OF_POVERTY,
        but={"happened_on": ago(20)},
    ),
    "DIZ-05": Example(
        2,
        (row("hazard_point", standing="leaving", found_on=ago(200)),),
        but={"standing": "watched"},
    ),
    "ACC-01": Example(
        2,
        (
            row(
                "traffic_accident",
                harm="serious",
                compensation="partly",
                liability="none",
                happened_on=ago(40),
            ),
        ),
        but={"compensation": "full"},
    ),
    "ACC-02": Example(
        4,
        (row("traffic_accident", harm="light", liability="main", happened_on=ago(40)),),
        MONITORED,
        but_kind="ordinary",
    ),
    "CRI-01": Example(
        2,
        (
            row(
                "criminal_case_harm",
                harm="disabled",
                compensation="none",
                happened_on=ago(200),
            ),
        ),
        but={"harm": "light"},
    ),
    "CRI-02": Example(
        3,
        (row("imprisonment", standing="held", started_on=ago(500)),),
        people=ONE_WORKER,
        but={"standing": "released"},
    ),
    "CRI-03": Example(4, (court("victim", 9000, 1000),), MONITORED, but={"received_yuan": 8000}),
    "IND-01": Example(
        2,
        (project(standing="failed", failed_on=ago(60), invested_yuan=20000),),
        but={"standing": "finished", "failed_on": None},
    ),
    "IND-02": Example(
        4,
        (project(standing="running", income_yuan=4000, last_income_yuan=9000),),
        but={"income_yuan": 6000},
    ),
    "IND-03": Example(
        4,
        (
            row(
                "business_registration",
                standing="closed",
                capacity="owner",
                kind="self_employed",
                standing_on=ago(30),
            ),
        ),
        people=ONE_WORKER,
        but={"capacity": "member"},
    ),
    "PET-01": Example(
        4,
        (row("petition", topic="living", standing="received", received_on=ago(20)),),
        but={"standing": "closed"},
    ),
    "PET-02": Example(
        3, (row("public_opinion_clue", found_on=ago(20)),), but={"found_on": ago(200)}
    ),
    "PET-03": Example(
        4,
        (row("approvals_clue", result="refused", accepted_on=ago(20)),),
        MONITORED,
        but={"result": "withdrawn"},
    ),
    "PET-04": Example(
        1,
        (row("youth_hardship", "child", kind="alone", help="needed", found_on=ago(10)),),
        but={"help": "under_way"},
    ),
    "PET-05": Example(
        4,
        (row("youth_hardship", "child", kind="illness", help="needed", found_on=ago(10)),),
        OUT_OF_POVERTY,
        but_kind="ordinary",
    ),
    "PET-06": Example(
        3,
        (row("women_case", "wife", kind="two_cancers", help="needed", found_on=ago(10)),),
        MONITORED,
        but={"kind": "rights"},
    ),
    "PET-07": Example(
        4,
        (row("union_hardship", grade="deep", standing="listed", filed_on=ago(10)),),
        more=(DIBAO,),
    ),
    "PET-08": Example(
        4, (row("veteran_aid", found_on=ago(10)),), but={"aided_on": ago(2), "aid_yuan": 500}
    ),
    "PET-09": Example(
        4,
        (row("insurance_claim", standing="refused", loss_yuan=20000, opened_on=ago(30)),),
        but={"standing": "paid"},
    ),
    "WEL-01": Example(
        3,
        (
            row("dibao_exit", reason="no_answer", ending="ended", stopped_on=ago(40)),
            row("dibao_payment", month_on=date(2026, 10, 1), paid_on=ago(46)),
        ),
        more=(DIBAO,),
    ),
    "WEL-02": Example(
        3,
        (
            row("temporary_relief", decided_on=ago(300)),
            row("temporary_relief", decided_on=ago(30)),
        ),
        but_kind=MONITORED,
    ),
    "WEL-03": Example(
        4,
        (
            row(
                "low_income_list",
                kind="rigid",
                per_head_yuan_month=900,
                recognised_on=ago(350),
                valid_until_on=ago(-20),
            ),
        ),
        more=(DIBAO,),
    ),
    "LOA-01": Example(
        3, (loan(overdue_days=95, overdue_yuan=30000),), but={"standing": "extended"}
    ),
    "LOA-02": Example(4, (court("debtor", 15000, 4000),), MONITORED, but={"received_yuan": 6000}),
    "COM-01": Example(4, (certificate(**SEVERE, issued_on=ago(900)),), people=ELDER, more=(TEKUN,)),
    "COM-02": Example(3, (stay(13000, 90), JOBLESS), but={"self_paid_yuan": 12999}),
    "COM-03": Example(
        4,
        (
            row(
                "education_cost",
                "child",
                stage="college",
                ownership="private",
                net_yuan=12000,
                counted_on=ago(60),
            ),
        ),
        people=ONE_WORKER,
        but={"net_yuan": 9000},
    ),
    "COM-04": Example(
        4,
        (row("power_use", standing="cut", owed_yuan=120, supply="home", month_on=THIS_MONTH),),
        MONITORED,
        but={"standing": "normal"},
    ),
    "COM-05": Example(
        3,
        (
            row("petition", topic="living", standing="received", received_on=ago(20)),
            row("temporary_relief", decided_on=ago(30)),
        ),
        without_last=True,
    ),
    "EXC-01": Example(
        4,
        (row("property_title", kind="shop", origin="bought", standing="held"),),
        but={"standing": "transferred"},
    ),
    "EXC-02": Example(
        4,
        (row("property_title", kind="flat", origin="bought", standing="held"),),
        but={"origin": "relocated"},
    ),
    "EXC-03": Example(
        4,
        (row("vehicle_registration", kind="car", standing="held", registered_on=ago(100)),),
        but={"registered_on": ago(2000)},
    ),
    "EXC-04": Example(
        4,
        (row("vehicle_registration", kind="car", standing="held", registered_on=ago(2000)),),
        but={"kind": "motorcycle"},
    ),
    "EXC-05": Example(
        4,
        (row("business_registration", kind="company", capacity="shareholder", standing="open"),),
        but={"kind": "cooperative"},
    ),
    "EXC-06": Example(
        4,
        (row("business_registration", kind="self_employed", capacity="owner", standing="open"),),
        but={"standing": "closed"},
    ),
    "EXC-07": Example(
        4, (row("fiscal_payroll", kind="institution", standing="serving"),), but={"kind": "village"}
    ),
    "EXC-08": Example(
        4, (row("bank_deposit", result="above", queried_on=ago(40)),), but={"result": "within"}
    ),
    "EXC-09": Example(
        4,
        (row("salary_tax", kind="wages", income_yuan=72000, month_on=date(2026, 6, 1)),),
        but={"income_yuan": 71999},
    ),
    "ENT-01": Example(
        4,
        (certificate(**SEVERE, issued_on=ago(900)), CARD),
        more=(
            row(
                "one_card_payment",
                project="重度残疾人护理补贴",
                month_on=THIS_MONTH,
                paid_on=ago(9),
                standing="paid",
                amount_yuan=80,
            ),
        ),
    ),
    "ENT-02": Example(
        3,
        (certificate(level=3, standing="valid", issued_on=ago(900)), CARD, DIBAO),
        without_last=True,
    ),
    "ENT-03": Example(
        3,
        (
            row(
                "education_cost",
                "child",
                stage="vocational",
                ownership="public",
                net_yuan=6000,
                aid_yuan=0,
                counted_on=ago(60),
            ),
        ),
        MONITORED,
        but={"aid_yuan": 2000},
    ),
    "ENT-04": Example(3, (stay(3000, 90), DIBAO), but={"assistance_paid_yuan": 100}),
    "ENT-05": Example(
        3,
        (row("tekun_support", care="full", care_yuan_month=0, basic_yuan_month=780),),
        but={"care_yuan_month": 640},
    ),
    "ENT-06": Example(
        4,
        (enrolled("insured", scheme="resident", payer="self", paid_yuan=400), DIBAO),
        but={"payer": "part_aid"},
    ),
    "PAY-01": Example(2, (row("funeral_record", died_on=ago(120)), CARD), but={"died_on": ago(8)}),
    "PAY-02": Example(
        3,
        (row("household_register_change", kind="death", happened_on=ago(50)), DIBAO),
        but={"kind": "move_in"},
    ),
    "PAY-03": Example(3, (DIBAO, TEKUN), without_last=True),
    "PAY-04": Example(
        3,
        (row("fiscal_payroll", "wife", kind="official", standing="serving"), DIBAO),
        but={"standing": "left"},
    ),
    "PAY-05": Example(
        3,
        (row("imprisonment", standing="held", started_on=ago(90)), CARD),
        but={"standing": "released"},
    ),
    "PAY-06": Example(
        4,
        (
            row(
                "one_card_payment",
                project="重度残疾人护理补贴",
                month_on=THIS_MONTH,
                paid_on=ago(9),
                standing="paid",
                amount_yuan=80,
            ),
            TEKUN,
        ),
        but={"standing": "failed"},
    ),
    "PAY-07": Example(
        4,
        (
            row("bank_deposit", result="above", queried_on=ago(40)),
            row("vehicle_registration", kind="car", standing="held", registered_on=ago(100)),
            DIBAO,
        ),
        but={"result": "within"},
    ),
}


class Village:
    """Writes the examples down, each as a household of its own."""

    def __init__(self) -> None:
        self.cell_id = Household.objects.values_list("cell_id", flat=True)[0]
        self.uploads = {code: add_upload(code, "civil_affairs") for code in FEEDS}
        self.serials = count(10_000_000)
        self.now = timezone.now()
        self.households: list[Household] = []
        self.people: list[Person] = []
        self.memberships: list[Membership] = []
        self.rows: dict[str, list[Record]] = {code: [] for code in FEEDS}

    def settle(self, number: str, example: Example) -> int:
        """The household's id."""
        household = Household(
            id=next(self.serials),
            number=number,
            cell_id=self.cell_id,
            kind=example.kind,
            size=len(example.people),
            registered_on=date(2020, 1, 1),
        )
        family = {role: self._person(role, household, example) for role in example.people}
        household.head_id = family["head"].pk
        self.households.append(household)
        for feed, whose, columns in example.rows:
            self.rows[feed].append(self._record(feed, family[whose], columns))
        return int(household.pk)

    def _person(self, role: str, household: Household, example: Example) -> Person:
        sex, age, labour, health = example.people[role]
        serial = next(self.serials)
        person = Person(
            id=serial,
            name=f"某{serial}",
            sex=sex,
            born_on=date(TODAY.year - age, 1, 15),
            labour=labour,
            health=health,
            household=household,
            code=household.cell_id,
            id_digest=serial.to_bytes(16, "big"),
            id_tail=f"{serial % 10_000:04d}",
        )
        relation = Relation.HEAD if role == "head" else Relation.OTHER
        self.people.append(person)
        self.memberships.append(
            Membership(
                household=household, person=person, relation=relation, joined_on=date(2020, 1, 1)
            )
        )
        return person

    def _record(self, feed: str, person: Person, columns: dict[str, Any]) -> Record:
        """A row with the named columns; in the others stands nothing of weight."""
        columns = dict(columns)
        superseded = columns.pop("superseded", False)
        serial = next(self.serials)
        model = FEEDS[feed].model
        values = {
            name: columns.get(name, _nothing(model._meta.get_field(name), serial))
            for name in FEEDS[feed].contract
            if name != "id_number"
        }
        return model(
            **(values | {"person_name": person.name}),
            id_digest=person.id_digest,
            id_tail=person.id_tail,
            person=person,
            upload=self.uploads[feed],
            row_number=1,
            content_hash=serial.to_bytes(16, "big"),
            received_at=self.now - timedelta(days=1 if superseded else 0),
            superseded_at=self.now if superseded else None,
        )

    def write(self) -> None:
        Household.objects.bulk_create(self.households)
        Person.objects.bulk_create(self.people)
        Membership.objects.bulk_create(self.memberships)
        for code, rows in self.rows.items():
            FEEDS[code].model._default_manager.bulk_create(rows)


def _nothing(field: Any, serial: int) -> Any:
    if field.null:
        return None
    if field.choices:
        return field.flatchoices[0][0]
    if isinstance(field, models.DateField):
        return ago(400)
    if isinstance(field, models.DecimalField | models.IntegerField):
        return 0
    return f"{serial}"


def figures() -> dict[str, Decimal]:
    return {
        figure.key: Decimal(figure.value)
        for rule in SHIPPED
        for figure in rule.thresholds
        if figure.from_on <= TODAY and (figure.until_on is None or TODAY < figure.until_on)
    }


@pytest.fixture
def fired(world: World) -> dict[str, dict[str, int]]:
    """Screening of all examples at once: household's number -> rule -> gravest severity."""
    village = Village()
    numbers = {}
    for code, example in EXAMPLES.items():
        numbers[village.settle(code, example)] = code
        numbers[village.settle(f"{code} not", example.twin())] = f"{code} not"
    village.write()
    rules = [FrozenRule(rule.code, n, rule.definition) for n, rule in enumerate(SHIPPED, start=1)]
    screen(Frozen(TODAY, timezone.now(), rules, figures()), evidence=False)
    found: dict[str, dict[str, int]] = {number: {} for number in numbers.values()}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT household_id, rule_id, min(severity) FROM hit WHERE household_id = ANY(%s)"
            " GROUP BY 1, 2",
            [list(numbers)],
        )
        for household, rule, severity in cursor.fetchall():
            found[numbers[household]][rule] = severity
    return found


def test_every_rule_has_an_example() -> None:
    assert set(EXAMPLES) == {rule.code for rule in SHIPPED}


@pytest.mark.django_db
def test_every_rule_finds_its_household_with_its_severity(fired: dict[str, dict[str, int]]) -> None:
    severities = {code: fired[code].get(code) for code in EXAMPLES}
    assert severities == {code: example.severity for code, example in EXAMPLES.items()}


@pytest.mark.django_db
def test_no_rule_finds_the_household_that_differs_in_one_thing(
    fired: dict[str, dict[str, int]],
) -> None:
    assert [code for code in EXAMPLES if code in fired[f"{code} not"]] == []
