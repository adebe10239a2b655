"""Shapes of families: who lives together, with ages that fit. Shares are invented."""

from collections.abc import Callable
from random import Random

Member = tuple[str, str, int]  # relation to the head, sex, age in years
Shape = Callable[[Random], list[Member]]
MARRIED_IN = {"spouse", "daughter_in_law", "mother"}  # they bring another surname


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


def one_adult(rng: Random) -> list[Member]:
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
    one_adult: 5,
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
    one_adult: 11,
    _empty_nest: 14,
    _nuclear: 38,
    _with_parents: 5,
    _three_generations: 5,
    _one_parent: 6,
}
