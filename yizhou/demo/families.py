"""Households and people of one village: sizes, ages and relations that fit together.

All shares are invented; the shapes (left-behind grandparents, three generations, elders living
alone) are those of the region. Amounts of people are exact: every grid gets its population.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from yizhou.demo import SEED, names
from yizhou.demo.county import Grid, Village
from yizhou.demo.ids import IdNumbers, bank_account, phone


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
DEPARTED_SHARE = 0.007


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
            members = _one_adult(self.rng)
        return self._people(members)

    def _people(self, members: "list[Member]") -> list[Person]:
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
        if rng.random() < DEPARTED_SHARE:
            household.departed.append(self._departed(people[0]))
        return household

    def _departed(self, head: Person) -> Person:
        """A parent of the head, if old enough to fit, who died within the last five months."""
        age = min(95, head.age_on(self.anchor) + 22 + int(self.rng.random() * 10))
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


Member = tuple[str, str, int]  # relation to the head, sex, age in years
Shape = Callable[[Random], list[Member]]
MARRIED_IN = {"spouse", "daughter_in_law", "mother"}


def _between(rng: Random, low: int, high: int) -> int:
    return low + int(rng.random() * (high - low + 1))


def _children(rng: Random, mother: int, most: int, oldest: int) -> list[int]:
    """Ages of children born when the mother was 19 to 40, oldest first."""
    ages = []
    age = min(oldest, mother - _between(rng, 19, 27))
    for _ in range(most):
        if age < 0 or mother - age > 40:
            break
        ages.append(age)
        age -= _between(rng, 1, 5)
    return ages


def _child(rng: Random, age: int, son: str = "son", daughter: str = "daughter") -> Member:
    return (son, "M", age) if rng.random() < 0.53 else (daughter, "F", age)


def _couple(rng: Random, low: int, high: int) -> list[Member]:
    """A head and a spouse. The wife is at most five years younger."""
    wife = _between(rng, low, high)
    husband = wife + _between(rng, 0, 5)
    if rng.random() < 0.88:
        return [("head", "M", husband), ("spouse", "F", wife)]
    return [("head", "F", wife), ("spouse", "M", husband)]


def _wife_of(couple: list[Member]) -> int:
    return min(age for _, _, age in couple)


def _one_adult(rng: Random) -> list[Member]:
    return [("head", "M" if rng.random() < 0.7 else "F", _between(rng, 26, 63))]


def _one_elder(rng: Random) -> list[Member]:
    return [("head", "M" if rng.random() < 0.42 else "F", _between(rng, 64, 88))]


def _elder_couple(rng: Random) -> list[Member]:
    return _couple(rng, 60, 82)


def _empty_nest(rng: Random) -> list[Member]:
    return _couple(rng, 44, 60)


def _nuclear(rng: Random) -> list[Member]:
    couple = _couple(rng, 23, 46)
    ages = _children(rng, _wife_of(couple), rng.choices((1, 2, 3, 4), (24, 46, 24, 6))[0], 21)
    return couple + [_child(rng, age) for age in ages]


def _with_parents(rng: Random) -> list[Member]:
    """Head in middle age, spouse, children, and one or both parents of the head."""
    family = _nuclear(rng)
    head = family[0][2]
    if head > 60:
        return family
    mother = head + _between(rng, 19, 27)
    parents: list[Member] = [("mother", "F", mother)]
    if rng.random() < 0.55:
        parents.append(("father", "M", mother + _between(rng, 0, 5)))
    return family + [p for p in parents if p[2] <= 95]


def _three_generations(rng: Random) -> list[Member]:
    """An elder head, spouse, a grown son with his wife, and their children."""
    couple = _couple(rng, 47, 68)
    son = _wife_of(couple) - _between(rng, 19, 25)
    wife = max(20, son - _between(rng, 0, 4))
    ages = _children(rng, wife, rng.choices((1, 2, 3), (30, 50, 20))[0], 20)
    return [
        *couple,
        ("son", "M", son),
        ("daughter_in_law", "F", wife),
        *(_child(rng, age, "grandson", "granddaughter") for age in ages),
    ]


def _left_behind(rng: Random) -> list[Member]:
    """Grandparents with grandchildren whose parents are registered elsewhere."""
    couple = _couple(rng, 52, 70)
    oldest = _wife_of(couple) - _between(rng, 42, 48)
    ages = [age for age in (oldest, oldest - _between(rng, 1, 4)) if age >= 0]
    return couple + [_child(rng, age, "grandson", "granddaughter") for age in ages[:2]]


def _one_parent(rng: Random) -> list[Member]:
    mother = _between(rng, 26, 48)
    ages = _children(rng, mother, rng.choices((1, 2), (60, 40))[0], 21)
    return [
        ("head", "M" if rng.random() < 0.5 else "F", mother),
        *(_child(rng, a) for a in ages),
    ]


RURAL_SHAPES: dict[Shape, float] = {
    _one_elder: 8,
    _elder_couple: 10,
    _one_adult: 5,
    _empty_nest: 11,
    _nuclear: 32,
    _with_parents: 13,
    _three_generations: 14,
    _left_behind: 4,
    _one_parent: 4,
}
URBAN_SHAPES: dict[Shape, float] = {
    _one_elder: 9,
    _elder_couple: 12,
    _one_adult: 11,
    _empty_nest: 14,
    _nuclear: 38,
    _with_parents: 5,
    _three_generations: 5,
    _one_parent: 6,
}
