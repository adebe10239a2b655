"""A rule over one subject in plain Python: what is true, and the smallest changes that flip it.

Two-valued, as the rule language is: a comparison with something unknown is false.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from django.db import models

from grid.dossier import age_on
from grid.models import HouseholdKind
from monitoring.engine.behind import Behind, Member
from monitoring.engine.frozen import Frozen
from monitoring.feeds import FEEDS
from monitoring.rules.definition import leaves
from monitoring.rules.language import (
    Band,
    Change,
    Definition,
    Fact,
    Latest,
    Leaf,
    Line,
    Measure,
    Ratio,
    Rows,
    Total,
    Tree,
)

COMPARE = {">=": ge, ">": gt, "<=": le, "<": lt, "=": eq, "<>": ne}
FLAGS = ("exists", "absent", "latest_is", "changed")
MOST_WAYS = 3  # sets of changes that are told
Value = Decimal | None


@dataclass(frozen=True, slots=True)
class Judged:
    """One part of a rule and whether it holds: a tree node, a population test, a line, a band."""

    what: Any
    holds: bool
    parts: tuple["Judged", ...] = ()


@dataclass(frozen=True, slots=True)
class Flip:
    """One change: `what` is a measure's name, "kind", or a population test; `bound` what it meets.

    `cause` is the leaf or band whose figure is met.
    """

    what: str
    was: Any
    to: Any
    bound: Value = None
    cause: Leaf | Band | None = None

    @property
    def distance(self) -> Decimal:
        """How far the figure has to go; what is not a figure is one step away."""
        if not isinstance(self.to, Decimal):
            return Decimal(1)
        return abs(self.to - (self.was or Decimal(0)))


@dataclass(frozen=True, slots=True)
class Case:
    """A rule and one subject with its values, as they are or as they are supposed to be."""

    made: Definition
    frozen: Frozen
    values: Mapping[str, Value]
    kind: str
    member: Member | None = None
    supposed_in: frozenset[str] = frozenset()  # population tests taken as passed

    @classmethod
    def of(
        cls, made: Definition, frozen: Frozen, found: Behind, members: Iterable[Member]
    ) -> "Case":
        people = {member.person_id: member for member in members}
        first = next(iter(people.values()))
        return cls(made, frozen, found.values, first.kind, people.get(found.person_id or 0))

    # ---- what is true ----

    def population(self) -> Iterator[Judged]:
        """The tests of the population, each under its name."""
        wanted = self.made.population
        if wanted.kinds is not None:
            yield self._tested("kinds", self.kind in wanted.kinds)
        if self.member is None:
            return
        who = wanted.members
        if who.age is not None:
            yield self._tested("age", who.age[0] <= self.age() <= who.age[1])
        if who.sex is not None:
            yield self._tested("sex", self.member.sex == who.sex)
        if who.labour is not None:
            yield self._tested("labour", self.member.labour in who.labour)
        if who.health is not None:
            yield self._tested("health", self.member.health in who.health)
        if who.head is not None:
            yield self._tested("head", self.member.is_head == who.head)

    def _tested(self, name: str, holds: bool) -> Judged:
        return Judged(name, holds or name in self.supposed_in)

    def age(self) -> int:
        """In completed years, as the rule measures it or from the registry."""
        for name, measure in self.made.measures.items():
            if isinstance(measure, Fact) and measure.name == "age":
                return int(self.values[name] or 0)
        return age_on(self.member.born_on, self.frozen.as_of) if self.member else 0

    def judged(self, tree: Tree) -> Judged:
        if isinstance(tree, Leaf):
            return Judged(tree, self.leaf_holds(tree))
        parts = tuple(self.judged(part) for part in tree.parts)
        holds = [part.holds for part in parts]
        by_how = {"all": all(holds), "any": any(holds), "none": not any(holds)}
        return Judged(tree, by_how[tree.how], parts)

    def leaf_holds(self, leaf: Leaf) -> bool:
        value = self.values[leaf.measure]
        if leaf.kind == "none":
            return (value is not None) == (leaf.op == "known")
        bound = self.bound_of(leaf)
        return value is not None and bound is not None and COMPARE[leaf.op](value, bound)

    def bound_of(self, part: Leaf | Band) -> Value:
        """The figure a leaf or a band compares with."""
        if isinstance(part, Band):
            if part.kind == "times":
                line = self.line
                return None if line is None else line * part.operand
            figure = part.operand if part.kind == "equals" else self.frozen.figure(part.operand)
            return Decimal(figure)
        if part.kind == "number":
            return Decimal(part.operand)
        if part.kind == "threshold":
            return self.frozen.figure(part.operand) * part.times
        other = self.line if part.kind == "line" else self.values[part.operand]
        return None if other is None else other * part.times

    @property
    def class_of_line(self) -> Line | None:
        """The first line whose class the household is in."""
        for line in self.made.lines[:-1]:
            if self.kind in line.kinds or any((self.values[s] or 0) > 0 for s in line.statuses):
                return line
        return self.made.lines[-1] if self.made.lines else None

    @property
    def line(self) -> Value:
        line = self.class_of_line
        return None if line is None else self.frozen.figure(line.threshold)

    def reached(self, band: Band) -> bool:
        value, bound = self.values[self.made.value], None
        if value is None or band.kind == "always":
            return value is not None
        bound = self.bound_of(band)
        compared = eq if band.kind == "equals" else ge if self.made.direction == "up" else le
        return bound is not None and bool(compared(value, bound))

    @property
    def band(self) -> Band | None:
        return next((band for band in self.made.bands if self.reached(band)), None)

    @property
    def severity(self) -> int | None:
        """As the engine grades it; None when the rule does not fire."""
        tree = self.made.when
        fits = all(test.holds for test in self.population()) and (
            tree is None or self.judged(tree).holds
        )
        band = self.band if fits else None
        return band.severity if band else None

    @property
    def fires(self) -> bool:
        return self.severity is not None

    # ---- what if ----

    def supposing(self, flip: Flip) -> "Case":
        """The same subject with one thing changed and everything derived from it recomputed."""
        if flip.what in POPULATION_TESTS:
            return replace(self, supposed_in=self.supposed_in | {flip.what})
        kind = flip.to if flip.what == "kind" else self.kind
        values, changed = dict(self.values), set[str]()
        given = self.made.measures.get(flip.what)
        for name, measure in self.made.measures.items():
            if measure == given:
                value = flip.to
            elif isinstance(measure, Fact) and measure.name == "kind_is":
                value = Decimal(kind in measure.kinds)
            elif changed.intersection(_operands(measure)):
                value = _derived(measure, values)
            else:
                continue
            if values[name] != value:
                values[name] = value
                changed.add(name)
        return replace(self, values=values, kind=kind)

    def missing(self, want: bool) -> int:
        """The fewest single parts that would have to turn over, if each could alone."""
        turned = _turns(self.judged(self.made.when), want) if self.made.when else 0
        if want:
            beside = sum(not test.holds for test in self.population())
            return beside + turned + (self.band is None)
        return turned if self.fires else 0

    def flips(self) -> list[Flip]:
        """Every change of one thing that some part of the rule could notice, nearest first."""
        found: dict[tuple[Any, Any], Flip] = {}
        causes: list[Leaf | Band] = [*leaves(self.made.when), *self.made.bands]
        for cause in causes:
            for flip in self._flips_at(cause):
                # Under two names the same measure is the same thing.
                key = self.made.measures.get(flip.what, flip.what)
                if (key, flip.to) not in found or flip.to == flip.bound:
                    found[key, flip.to] = flip
        for flip in self._standings():
            found.setdefault((self.made.measures[flip.what], flip.to), flip)
        for flip in (*self._kinds(), *self._tests()):
            found[flip.what, flip.to] = flip
        return sorted(
            (flip for flip in found.values() if flip.was != flip.to),
            key=lambda flip: (flip.what in LAST, flip.distance),
        )

    def _flips_at(self, cause: Leaf | Band) -> Iterator[Flip]:
        name = self.made.value if isinstance(cause, Band) else cause.measure
        if getattr(self.made.measures[name], "kinds", ()):
            return  # the kind itself is what may change
        bare = cause.kind in ("none", "always")
        bounds = [] if bare else [*self._bounds(cause)]
        for bound in bounds:
            for value in around(bound, self.made.measures, name):
                yield Flip(name, self.values[name], value, bound, cause)
        if bare:
            to = Decimal(1) if self.values[name] is None else None
            measured = self.made.measures[name]
            if to is not None or not isinstance(measured, Fact) and not is_flag(measured):
                yield Flip(name, self.values[name], to, None, cause)
        if isinstance(cause, Leaf) and cause.kind == "than" and cause.times:
            mine = self.values[name]
            other = Decimal(0) if mine is None else mine / cause.times
            for value in around(other, self.made.measures, cause.operand):
                yield Flip(cause.operand, self.values[cause.operand], value, other, cause)

    def _bounds(self, cause: Leaf | Band) -> Iterator[Decimal]:
        """Of every class of household, because the class may change too."""
        times = cause.operand if isinstance(cause, Band) else cause.times
        if cause.kind in ("line", "times"):
            now = self.bound_of(cause)
            figures = (self.frozen.figure(line.threshold) * times for line in self.made.lines)
            yield from dict.fromkeys([*([now] if now is not None else []), *figures])
        else:
            bound = self.bound_of(cause)
            yield Decimal(0) if bound is None else bound

    def _standings(self) -> Iterator[Flip]:
        """What else puts the household under another line."""
        for line in self.made.lines:
            for name in line.statuses:
                if not getattr(self.made.measures[name], "kinds", ()):
                    held = (self.values[name] or 0) > 0
                    yield Flip(name, self.values[name], Decimal(not held))

    def _kinds(self) -> Iterator[Flip]:
        named: set[str] = set(self.made.population.kinds or ())
        for line in self.made.lines:
            named.update(line.kinds)
        for measure in self.made.measures.values():
            if isinstance(measure, Fact):
                named.update(measure.kinds)
        if named:
            kinds = [HouseholdKind.ORDINARY.value, *HouseholdKind.values]
            for kind in dict.fromkeys(k for k in kinds if k in named or k == kinds[0]):
                yield Flip("kind", self.kind, kind)

    def _tests(self) -> Iterator[Flip]:
        for test in self.population():
            if not test.holds and test.what != "kinds":
                yield Flip(test.what, False, True)


POPULATION_TESTS = ("age", "sex", "labour", "health", "head")
LAST = (*POPULATION_TESTS, "kind")


def _operands(measure: Measure) -> tuple[str, ...]:
    if isinstance(measure, Total):
        return (*measure.plus, *measure.minus, *([measure.by] if measure.by else []))
    return (measure.of, measure.to) if isinstance(measure, Ratio) else ()


def _derived(measure: Measure, values: Mapping[str, Value]) -> Value:
    """As the engine computes it: unknown terms count 0, all unknown is unknown."""
    if isinstance(measure, Ratio):
        of, to = values[measure.of], values[measure.to]
        return None if of is None or not to else of / to
    assert isinstance(measure, Total)  # noqa: S101 - only these two have operands
    if all(values[name] is None for name in (*measure.plus, *measure.minus)):
        return None
    total = sum((values[name] or Decimal(0) for name in measure.plus), Decimal(0))
    total -= sum((values[name] or Decimal(0) for name in measure.minus), Decimal(0))
    total *= measure.times
    if measure.by is None:
        return total
    by = values[measure.by]
    return total / by if by else None


def _turns(judged: Judged, want: bool) -> int:
    """The fewest leaves that must turn over for the node to be as wanted."""
    if judged.holds == want:
        return 0
    if isinstance(judged.what, Leaf):
        return 1
    how = judged.what.how
    inner = want if how != "none" else False
    if how == "none" and not want:
        return min(_turns(part, True) for part in judged.parts)
    counts = [_turns(part, inner) for part in judged.parts]
    return sum(counts) if (how == "all") == want or how == "none" else min(counts)


def is_flag(measure: Measure) -> bool:
    """Whether 0 means no and anything above it yes."""
    if isinstance(measure, Rows | Latest | Change):
        return measure.op in FLAGS
    return isinstance(measure, Fact) and measure.name == "kind_is"


def is_whole(measures: Mapping[str, Measure], name: str) -> bool:
    """Whether the value is always a whole number: counts, days, ages, levels."""
    measure = measures[name]
    if isinstance(measure, Total):
        return (
            measure.times == 1
            and measure.by is None
            and all(is_whole(measures, part) for part in (*measure.plus, *measure.minus))
        )
    if isinstance(measure, Ratio):
        return False
    if isinstance(measure, Fact) or measure.op in (*FLAGS, "count") or measure.column is None:
        return True
    column = FEEDS[measure.feed].model._meta.get_field(measure.column)
    return isinstance(column, models.IntegerField | models.DateField)


def around(bound: Decimal, measures: Mapping[str, Measure], name: str) -> list[Decimal]:
    """Just below, on and just above a figure, as far as the measure can be that."""
    if is_flag(measures[name]):
        return [Decimal(0), Decimal(1)]
    if not is_whole(measures, name):
        step = Decimal("0.01")
        return [bound - step, bound, bound + step]
    low = bound.to_integral_value(ROUND_FLOOR)
    high = bound.to_integral_value(ROUND_CEILING)
    around = dict.fromkeys([high - 1, low, high, low + 1])
    counts = isinstance(measures[name], Fact) or getattr(measures[name], "op", "") == "count"
    return [value for value in around if value >= 0 or not counts]


def smallest_changes(case: Case) -> list[tuple[Flip, ...]]:
    """The smallest sets of changes, each of which alone turns the result over.

    Single changes first, one for each thing that decides; where none suffices, sets found step by
    step towards the goal, none of whose parts is superfluous.
    """
    want = not case.fires
    flips = case.flips()
    singles: dict[Any, tuple[Flip, ...]] = {}
    for flip in flips:
        key = case.made.measures.get(flip.what, flip.what)
        if key not in singles and case.supposing(flip).fires == want:
            singles[key] = (flip,)
    told = sorted(singles.values(), key=lambda way: _place(case, way[0]))
    return told or _sets(case, flips, want)


def _place(case: Case, flip: Flip) -> int:
    """The figure that is graded first, what departments say next, the registry last."""
    if flip.what == case.made.value:
        return 0
    registry = isinstance(case.made.measures.get(flip.what), Fact) or flip.what in LAST
    return 2 if registry else 1


def _sets(case: Case, flips: list[Flip], want: bool) -> list[tuple[Flip, ...]]:
    ways: dict[frozenset[str], tuple[Flip, ...]] = {}
    now = case.missing(want)
    first = [flip for flip in flips if case.supposing(flip).missing(want) < now]
    for flip in first[: 2 * MOST_WAYS]:
        way = _walk(case, flip, want)
        if way is not None:
            way = tuple(sorted(way, key=lambda flip: _place(case, flip)))
            ways.setdefault(frozenset(f.what for f in way), way)
    fewest = min(map(len, ways.values()), default=0)
    return [way for way in ways.values() if len(way) == fewest][:MOST_WAYS]


def _walk(case: Case, first: Flip, want: bool) -> tuple[Flip, ...] | None:
    """From a first change on, always the next one that comes nearest to the goal."""
    way, here = [first], case.supposing(first)
    while here.fires != want:
        if len(way) > 8:
            return None
        taken = {flip.what for flip in way}
        steps = [(here.supposing(f), f) for f in here.flips() if f.what not in taken]
        done = [(c, f) for c, f in steps if c.fires == want]
        closer = done or [(c, f) for c, f in steps if c.missing(want) < here.missing(want)]
        if not closer:
            return None
        here, step = min(closer, key=lambda pair: pair[0].missing(want))
        way.append(step)
    for flip in list(way):  # none may be superfluous
        rest = [other for other in way if other is not flip]
        if rest and _after(case, rest).fires == want:
            way = rest
    return tuple(way)


def _after(case: Case, flips: Iterable[Flip]) -> Case:
    for flip in flips:
        case = case.supposing(flip)
    return case
