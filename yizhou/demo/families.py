"""Households and people of one village: sizes, ages and relations that fit together.

All shares are invented; the shapes (left-behind grandparents, three generations, elders living
alone) are those of the region. Amounts of people are exact: every grid gets its population.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from yizhou.demo import SEED, names
from yizhou.demo.county import Grid, Village
from yizhou.demo.ids import IdNumbers, bank_account, phone
from yizhou.demo.shapes import MARRIED_IN, RURAL_SHAPES, URBAN_SHAPES, Member, one_adult


@dataclass(slots=True)
class Person:
    """`id_number` is also the person's key within the demo."""

    relation: str
    name: str
    sex: str
    born_on: date
    ethnic_group: str
    id_number: str
    phone: str
    labour: str
    health: str
    died_on: date | None = None

    def age_on(self, day: date) -> int:
        born = self.born_on
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


@dataclass(slots=True)
class Household:
    """`people` are the living members, head first; `departed` died as members.

    `dibao_from`/`dibao_until`: the term of dibao, which the registry does not hold.
    """

    number: str
    grid: str
    kind: str
    address: str
    phone: str
    bank: str
    registered_on: date
    people: list[Person]
    departed: list[Person] = field(default_factory=list)
    dibao_from: date | None = None
    dibao_until: date | None = None

    @property
    def head(self) -> Person:
        return self.people[0]

    @property
    def ever_low_income(self) -> bool:
        return self.kind != "ordinary" or self.dibao_from is not None


KINDS = names.Chooser(
    {
        "ordinary": 909,
        "out_of_poverty": 80,
        "unstable_out_of_poverty": 4.5,
        "marginal_prone": 3.5,
        "sudden_difficulty": 3,
    }
)
DIBAO_SHARE, DIBAO_SHARE_OF_POOR = 0.04, 0.16
DEPARTED_SHARE = 0.009  # of households with a head young enough to lose a parent


def families_of(village: Village, anchor: date) -> list[Household]:
    """Everybody of the village as of `anchor`; the same call gives the same people."""
    return list(_Maker(village, anchor).households())


class _Maker:
    def __init__(self, village: Village, anchor: date) -> None:
        self.village, self.anchor = village, anchor
        self.rng = Random(f"{SEED}/{village.code}")
        self.ids = IdNumbers(village.area)
        self.serial = 0
        shapes = URBAN_SHAPES if village.is_community else RURAL_SHAPES
        self.shapes = names.Chooser(shapes)

    def households(self) -> Iterator[Household]:
        for tun in self.village.tuns:
            for grid in tun.grids:
                yield from self._fill(grid, tun.name)

    def _fill(self, grid: Grid, tun: str) -> Iterator[Household]:
        left, door = grid.population, 0
        while left:
            people = self._family(left)
            left -= len(people)
            door += 1
            yield self._household(grid, f"{self.village.name}{tun}{door}号", people)

    def _family(self, at_most: int) -> list[Person]:
        for _ in range(8):
            members = self.shapes.draw(self.rng)(self.rng)
            if len(members) <= at_most:
                break
        else:
            members = one_adult(self.rng)
        return self._people(members)

    def _people(self, members: list[Member]) -> list[Person]:
        """Give names by descent: children carry the name of the family's own line."""
        rng, township = self.rng, self.village.township
        line, ethnic = names.surname(rng), names.ethnic_group(rng, township)
        people = []
        for relation, sex, age in members:
            by_blood = relation not in MARRIED_IN
            people.append(
                self._person(
                    relation,
                    sex,
                    age,
                    line if by_blood else names.surname(rng),
                    ethnic if by_blood else names.ethnic_group(rng, township),
                )
            )
        return people

    def _person(self, relation: str, sex: str, age: int, surname: str, ethnic: str) -> Person:
        rng = self.rng
        born_on = self.anchor.replace(year=self.anchor.year - age) - timedelta(
            days=1 + int(rng.random() * 363)
        )
        health = _health(rng, age)
        return Person(
            relation=relation,
            name=surname + names.given_name(rng, sex, age),
            sex=sex,
            born_on=born_on,
            ethnic_group=ethnic,
            id_number=self.ids.next(born_on, sex),
            phone=phone(rng) if 16 <= age < 75 and rng.random() < 0.85 else "",
            labour=_labour(rng, age, health),
            health=health,
        )

    def _household(self, grid: Grid, address: str, people: list[Person]) -> Household:
        rng, anchor = self.rng, self.anchor
        self.serial += 1
        code = self.village.code
        kind = KINDS.draw(rng)
        alone = len(people) <= 2 and people[0].age_on(anchor) >= 65
        household = Household(
            number=f"{code[6:9]}-{code[9:12]}-{self.serial:04d}",
            grid=grid.code,
            kind=kind,
            address=address,
            phone=people[0].phone or phone(rng),
            bank=bank_account(rng),
            registered_on=anchor - timedelta(days=200 + int(rng.random() * 3000)),
            people=people,
        )
        poor = kind != "ordinary" or alone
        if rng.random() < (DIBAO_SHARE_OF_POOR if poor else DIBAO_SHARE):
            household.dibao_from = anchor - timedelta(days=120 + int(rng.random() * 1500))
        if rng.random() < DEPARTED_SHARE and people[0].age_on(anchor) <= 65:
            household.departed.append(self._departed(people[0]))
        return household

    def _departed(self, head: Person) -> Person:
        """A parent of the head who died within the last five months."""
        age = head.age_on(self.anchor) + 22 + int(self.rng.random() * 9)
        relation, sex = ("father", "M") if self.rng.random() < 0.5 else ("mother", "F")
        surname = head.name[0] if sex == "M" else names.surname(self.rng)
        person = self._person(relation, sex, age, surname, head.ethnic_group)
        person.died_on = self.anchor - timedelta(days=20 + int(self.rng.random() * 130))
        return person


def _health(rng: Random, age: int) -> str:
    draw = rng.random()
    disabled, serious, chronic = (
        (0.012, 0.003, 0.004)
        if age < 18
        else (0.05, 0.006, 0.06)
        if age < 60
        else (0.12, 0.015, 0.32)
    )
    if draw < disabled:
        return "disabled"
    if draw < disabled + serious:
        return "serious"
    return "chronic" if draw < disabled + serious + chronic else "healthy"


def _labour(rng: Random, age: int, health: str) -> str:
    if age < 16 or age >= 72 or (age < 22 and rng.random() < 0.55):
        return "none"
    if health in ("disabled", "serious"):
        return "lost" if rng.random() < 0.4 else "weak"
    if age >= 60:
        return "weak"
    return "skilled" if rng.random() < 0.14 else "ordinary"
