"""Planted truth: households that must be alerted, and near misses that must not.

Each story changes what the departments know about one household and says what follows by three of
the rules: MED-01 (12 months' own payment of the household), DIS-01 (new certificate of level 1 or
2), EDU-01 (suspected drop-out aged 6 to 15). Background rows keep clear of their lines, so what a
screening on the same day alerts by these three is exactly this. What the other rules find
comes from yizhou/demo/others.py and is not planted.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from yizhou.demo.families import Household, Person
from yizhou.demo.rows import Certificate, SchoolRow, Settlement


@dataclass(frozen=True, slots=True)
class Truth:
    """One alert that must come. `person_id_tail` is None when the household is meant."""

    rule: str
    household_number: str
    person_id_tail: str | None
    severity: str  # RED, ORANGE, YELLOW
    why: str


@dataclass(slots=True)
class Plan:
    """What the stories put into the files of one village, instead of background rows."""

    settlements: dict[str, list[Settlement]] = field(default_factory=dict)  # by household
    dibao: dict[str, tuple[date, date | None]] = field(default_factory=dict)  # by household
    certificates: dict[str, list[Certificate]] = field(default_factory=dict)  # by id number
    school: dict[str, list[SchoolRow]] = field(default_factory=dict)  # by id number
    truths: list[Truth] = field(default_factory=list)
    near_misses: list[tuple[str, str]] = field(default_factory=list)  # household, why not


class NobodyFits(Exception):
    """The village has no household for the story; it is left out."""


class Stage:
    """One village while stories are placed in it."""

    def __init__(self, families: list[Household], as_of: date, rng: Random) -> None:
        self.families, self.as_of, self.rng = families, as_of, rng
        self.plan = Plan()
        self._used: set[str] = set()
        self.grid: str | None = None  # only this grid, for the people who sign in to the demo

    def household(self, fits: Callable[[Household], bool]) -> Household:
        start = self.rng.randrange(len(self.families))
        for household in self.families[start:] + self.families[:start]:
            if self.grid is not None and household.grid != self.grid:
                continue
            if household.number not in self._used and fits(household):
                self._used.add(household.number)
                return household
        raise NobodyFits

    def member(self, fits: Callable[[Person], bool]) -> tuple[Household, Person]:
        household = self.household(lambda h: any(map(fits, h.people)))
        return household, next(p for p in household.people if fits(p))

    def ago(self, low: int, high: int) -> date:
        return self.as_of - timedelta(days=self.rng.randint(low, high))

    def must(
        self,
        rule: str,
        household: Household,
        person: Person | None,
        severity: str,
        why: str,
    ) -> None:
        tail = person.id_number[-4:] if person else None
        self.plan.truths.append(Truth(rule, household.number, tail, severity, why))

    def must_not(self, household: Household, why: str) -> None:
        self.plan.near_misses.append((household.number, why))
