"""Small random counties and random rules: hypothesis draws them, the database keeps them briefly.

A county is drawn as a plan of whole numbers (people and rows are seeds), so that a failing one
shrinks to few people and few rows. What a row holds follows from its seed: days fall on and beside
the borders of windows, figures on and beside thresholds, values are mostly those the rules name.
"""

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any

from django.db import models
from hypothesis import strategies as st

from grid.models import (
    Department,
    Health,
    Household,
    HouseholdKind,
    Labour,
    Membership,
    Person,
    Relation,
)
from monitoring.feeds import FEEDS
from monitoring.models import Upload
from tests.monitoring.interpreter import months_before, own_columns
from tests.world import SINCE

DAYS = [date(2026, 5, 31), date(2026, 2, 28), date(2024, 2, 29), date(2026, 7, 15)]
GRIDS = ["45120310420700101", "45120310420700201", "45120310420200101", "45120310620100101"]
MOMENT = timedelta(microseconds=1)
FIRST_ID = 1_000_000  # beside whatever else the test database holds
SEEDS = st.integers(0, 2**24)


# --- what rules ask for


@dataclass(slots=True)
class Hints:
    """What a set of definitions looks for, so that random rows are not all beside the point."""

    months: set[int] = field(default_factory=lambda: {1, 3, 12})
    ages: set[int] = field(default_factory=lambda: {16, 60})
    figures: list[Decimal] = field(default_factory=lambda: [Decimal(0), Decimal(1)])
    days: set[int] = field(default_factory=lambda: {0})
    values: dict[tuple[str, str], list[Any]] = field(default_factory=lambda: defaultdict(list))


def hints_of(definitions: Iterable[Mapping[str, Any]], thresholds: Mapping[str, Decimal]) -> Hints:
    hints = Hints()
    hints.figures += thresholds.values()
    for definition in definitions:
        for part in _mappings(definition):
            _note(hints, part)
        for measure in definition["measures"].values():
            if "feed" in measure:
                _note_values(hints, measure)
    return hints


def _mappings(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, Mapping):
        yield node
    children = node.values() if isinstance(node, Mapping) else node
    if isinstance(node, Mapping | list | tuple):
        for child in children:
            yield from _mappings(child)


def _note(hints: Hints, part: Mapping[str, Any]) -> None:
    months, ago = part.get("months", 0), part.get("ago", 0)
    if isinstance(months, int) and isinstance(ago, int):
        hints.months |= {months + ago, ago}
    if isinstance(part.get("age"), list | tuple):
        hints.ages |= {part["age"][0], part["age"][1] + 1}
    if isinstance(part.get("days"), int):
        hints.days.add(part["days"])


def _note_values(hints: Hints, measure: Mapping[str, Any]) -> None:
    feed = measure["feed"]
    for condition in (*measure.get("where", ()), *measure.get("then", ())):
        literal = condition.get("value")
        if literal is not None:
            literals = literal if isinstance(literal, list) else [literal]
            hints.values[feed, condition["column"]] += literals
    if measure["op"] == "changed":
        both = [*measure.get("from", ()), *measure.get("to", ())]
        hints.values[feed, measure["column"]] += both


# --- the plan of a county


@dataclass(frozen=True, slots=True)
class County:
    """Households as (kind, seeds of members), rows as seeds by feed, and what is asked of them."""

    as_of: date
    households: list[tuple[str, list[int]]]
    rows: dict[str, list[int]]

    @property
    def known_at(self) -> datetime:
        return datetime.combine(self.as_of, time(16), tzinfo=UTC)


def counties(
    feeds: Iterable[str], *, fewest_rows: int = 0, most_rows: int = 12
) -> st.SearchStrategy[County]:
    household = st.tuples(
        st.sampled_from(HouseholdKind.values), st.lists(SEEDS, min_size=1, max_size=5)
    )
    return st.builds(
        County,
        as_of=st.sampled_from(DAYS),
        households=st.lists(household, min_size=1, max_size=5),
        rows=st.fixed_dictionaries(
            {
                feed: st.lists(SEEDS, min_size=fewest_rows, max_size=most_rows)
                for feed in sorted(feeds)
            }
        ),
    )


# --- the county in the database


@dataclass(frozen=True, slots=True)
class Batches:
    """Two merged batches and one that does not count yet (`not_yet`)."""

    first: Upload
    second: Upload
    not_yet: Upload

    def after(self, upload: Upload) -> Upload:
        """Another one."""
        return self.second if upload is self.first else self.first


def write(county: County, hints: Hints) -> Batches:
    """Write the whole county; to be called inside a transaction that is rolled back."""
    batches = _write_batches()
    people = _write_people(county, hints)
    for feed, seeds in county.rows.items():
        drafts = FeedWriter(feed, county, hints, people, batches)
        for seed in seeds:
            drafts.add(Random(seed))
        FEEDS[feed].model._default_manager.bulk_create(drafts.rows)
    return batches


def _write_batches() -> Batches:
    department, _ = Department.objects.get_or_create(
        code="random", defaults={"name": "随机局", "short_name": "随机局"}
    )
    uploads = [
        Upload(
            id=uuid.UUID(int=n),
            feed="medical_settlement",
            department=department,
            channel=Upload.Channel.PAGE,
            size_bytes=1,
            sha256=f"{n:064d}",
            on_faults=Upload.OnFaults.TAKE_GOOD,
            stage=Upload.Stage.MERGED,
            job_state="done",
        )
        for n in (1, 2, 3)
    ]
    return Batches(*Upload.objects.bulk_create(uploads))


def _write_people(county: County, hints: Hints) -> list[Person]:
    """Households with their people, one person who has died and one of no household."""
    households, people, memberships = [], [], []
    numbers = count(FIRST_ID)
    for offset, (kind, seeds) in enumerate(county.households):
        household = Household(
            id=FIRST_ID + offset,
            number=f"R{offset}",
            cell_id=GRIDS[offset % len(GRIDS)],
            kind=kind,
            size=len(seeds),
            registered_on=SINCE,
        )
        family = [_person(next(numbers), Random(s), county.as_of, hints) for s in seeds]
        for place, person in enumerate(family):
            person.household, person.code = household, household.cell_id
            relation = Relation.OTHER if place else Relation.HEAD
            memberships.append(
                Membership(household=household, person=person, relation=relation, joined_on=SINCE)
            )
        household.head_id = family[0].pk
        households.append(household)
        people += family
    dead, gone = (_person(next(numbers), Random(n), county.as_of, hints) for n in (1, 2))
    dead.died_on = county.as_of
    people += [dead, gone]
    Household.objects.bulk_create(households)
    Person.objects.bulk_create(people)
    Membership.objects.bulk_create(memberships)
    return people


def _person(number: int, rng: Random, as_of: date, hints: Hints) -> Person:
    if rng.random() < 0.5:  # on a birthday, the day before or the day after
        born_on = months_before(as_of, 12 * rng.choice(sorted(hints.ages)))
        born_on += timedelta(days=rng.choice((-1, 0, 1)))
    else:
        born_on = as_of - timedelta(days=rng.randrange(100 * 365))
    return Person(
        id=number,
        name=f"某{number}",
        sex=rng.choice("MF"),
        born_on=min(born_on, as_of),
        labour=rng.choice(Labour.values),
        health=rng.choice(Health.values),
        id_digest=_digest(number),
        id_tail=f"{number % 10_000:04d}",
    )


def _digest(number: int) -> bytes:
    return hashlib.blake2b(str(number).encode(), digest_size=16).digest()


class FeedWriter:
    """Makes the rows of one feed; the natural key of current rows stays unique."""

    def __init__(
        self,
        feed: str,
        county: County,
        hints: Hints,
        people: Sequence[Person],
        batches: Batches,
    ) -> None:
        self.feed = FEEDS[feed]
        self.as_of, self.known_at = county.as_of, county.known_at
        self.hints, self.people, self.batches = hints, people, batches
        self.fields = [self.feed.model._meta.get_field(name) for name in own_columns(feed)]
        self.rows: list[Any] = []
        self.current: dict[tuple[Any, ...], Any] = {}

    def add(self, rng: Random) -> None:
        """One fact; now and then with an older or a newer version of it."""
        number = len(self.rows)
        person = self.person(rng)
        digest = bytes(person.id_digest)
        columns = {f.name: self.value(f, rng) for f in self.fields}
        row = self.row(rng, person, digest, columns, self.received_at(rng))
        if rng.random() < 0.07:
            row.person, row.id_digest = None, _digest(-number)
        if rng.random() < 0.07:
            self.withdraw(row, rng)
            return
        self.keep(row)
        if rng.random() < 0.3:
            key = self.feed.natural_key
            newer = {
                f.name: columns[f.name]
                if f.name in key or rng.random() < 0.5
                else self.value(f, rng)
                for f in self.fields
            }
            received_at = max(row.received_at, self.received_at(rng))
            self.keep(self.row(rng, row.person, row.id_digest, newer, received_at))

    def person(self, rng: Random) -> Person:
        """Often the one of the row before, so that people have a history; seldom one who left."""
        if self.rows and rng.random() < 0.5 and self.rows[-1].person is not None:
            return self.rows[-1].person
        return rng.choice(self.people[-2:] if rng.random() < 0.08 else self.people[:-2])

    def row(
        self,
        rng: Random,
        person: Person | None,
        digest: bytes,
        columns: dict[str, Any],
        received_at: datetime,
    ) -> Any:
        b = self.batches
        number = len(self.rows) + 1
        return self.feed.model(
            # Ids that do not follow the order of writing: ties go by id.
            id=FIRST_ID + number * 7919 % 1009,
            person=person,
            person_name="某",
            id_digest=digest,
            id_tail="0000",
            upload=rng.choices((b.first, b.second, b.not_yet), (8, 4, 2))[0],
            row_number=number,
            content_hash=_digest(number),
            received_at=received_at,
            **columns,
        )

    def withdraw(self, row: Any, rng: Random) -> None:
        """Taken back by its department: superseded by its own batch."""
        row.superseded_at = max(row.received_at + MOMENT, self.received_at(rng))
        row.superseded_by = row.upload
        self.rows.append(row)

    def keep(self, row: Any) -> None:
        """The row replaces the current one of the same natural key, which another batch brought."""
        key = tuple(
            bytes(row.id_digest) if name == "id_number" else getattr(row, name)
            for name in self.feed.natural_key
        )
        if (older := self.current.get(key)) is not None:
            row.received_at = max(row.received_at, older.received_at + MOMENT)
            if row.upload is older.upload:
                row.upload = self.batches.after(older.upload)
            older.superseded_at, older.superseded_by = row.received_at, row.upload
        self.current[key] = row
        self.rows.append(row)

    def received_at(self, rng: Random) -> datetime:
        """Mostly known, sometimes at the very moment, sometimes too late; often the same."""
        before = [timedelta(days=400), timedelta(days=40), timedelta(seconds=1), timedelta()]
        after = [-timedelta(microseconds=1), -timedelta(days=1)]
        return self.known_at - rng.choices(before + after, (6, 4, 2, 2, 1, 1))[0]

    def value(self, column: "models.Field[Any, Any]", rng: Random) -> Any:
        if column.null and rng.random() < 0.25:
            return None
        named = self.hints.values.get((self.feed.code, column.name))
        if named and rng.random() < 0.6:
            return column.to_python(rng.choice(named))
        if column.choices:
            return rng.choice([value for value, _ in column.flatchoices])
        if isinstance(column, models.DateField):
            return self.day(rng)
        if isinstance(column, models.DecimalField):
            return self.amount(column, rng)
        if isinstance(column, models.IntegerField):
            return self.whole(column.name, rng)
        if column.blank and rng.random() < 0.5:
            return ""
        return f"{rng.choice('甲乙丙')}{rng.randrange(20)}"

    def day(self, rng: Random) -> date:
        chance = rng.random()
        if chance < 0.6:
            border = months_before(self.as_of, rng.choice(sorted(self.hints.months)))
            return border + timedelta(days=rng.choice((-1, 0, 0, 1)))
        if chance < 0.7:
            ahead = rng.choice(sorted(self.hints.days))
            return self.as_of + timedelta(days=ahead + rng.choice((-1, 0, 1)))
        return self.as_of - timedelta(days=rng.randrange(-20, rng.choice((400, 1500))))

    def amount(self, column: "models.DecimalField[Any, Any]", rng: Random) -> Decimal:
        figure = rng.choice(self.hints.figures)
        scale = Decimal(10) ** -column.decimal_places
        if rng.random() < 0.3:
            figure = Decimal(rng.randrange(0, 60_000_00)) / 100
        figure = figure / rng.choice((1, 1, 1, 2, 3)) + rng.choice((-1, 0, 0, 1)) * scale
        if rng.random() < 0.1:
            figure = -figure
        largest = Decimal(10) ** (column.max_digits - column.decimal_places) - 1
        return min(max(figure, -largest), largest).quantize(scale)

    def whole(self, name: str, rng: Random) -> int:
        if name.endswith("year"):
            return self.as_of.year + rng.choice((-1, -1, 0, 0, 1))
        figure = rng.choice(self.hints.figures) if rng.random() < 0.5 else rng.randrange(100)
        return min(max(int(figure) + rng.choice((-1, 0, 1)), 0), 32_000)


# --- random rules

THRESHOLDS: Mapping[str, Decimal] = {
    "t_zero": Decimal("0"),
    "t_share": Decimal("0.2"),
    "t_one": Decimal("1"),
    "t_days": Decimal("30"),
    "t_hundred": Decimal("100.05"),
    "t_line": Decimal("9000"),
    "t_double": Decimal("18000"),
}
RICH = (
    *("medical_settlement", "employment_status", "disability_certificate", "school_status"),
    *("low_income_list", "insurance_claim", "industry_project", "overdue_loan"),
    *("water_supply", "medical_enrolment", "dibao_payment", "severe_mental_disorder"),
)
STATUSES = (
    *("dibao", "tekun", "marginal", "rigid", "monitored"),
    *("out_of_poverty", "severely_disabled", "insured"),
)
KINDS = st.lists(st.sampled_from(HouseholdKind.values), min_size=1, max_size=3, unique=True)
THRESHOLD = st.sampled_from(sorted(THRESHOLDS))
# Shrinks to "no", the shorter rule.
ONE_IN_THREE = st.sampled_from([False, False, True])
ONE_IN_FIVE = st.sampled_from([False, False, False, False, True])
TIMES = st.sampled_from([0.5, 1, 1.2, 2])
PLAIN_OPS = ("count", "exists", "absent", "latest_is", "changed")


def _subset(values: Sequence[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)


def _columns(feed: str, *kinds: type) -> list[Any]:
    found = [FEEDS[feed].model._meta.get_field(name) for name in own_columns(feed)]
    return [f for f in found if isinstance(f, kinds)]


@st.composite
def who(draw: st.DrawFn, parts: Sequence[str] = ("age", "sex", "labour", "health")) -> dict:
    chosen: dict[str, Any] = {}
    for part in draw(st.lists(st.sampled_from(parts), max_size=2, unique=True)):
        if part == "age":
            chosen["age"] = sorted(draw(st.tuples(st.integers(0, 90), st.integers(0, 90))))
        elif part == "sex":
            chosen["sex"] = draw(st.sampled_from("MF"))
        elif part == "head":
            chosen["head"] = draw(st.booleans())
        else:
            chosen[part] = draw(_subset(Labour.values if part == "labour" else Health.values))
    return chosen


@st.composite
def conditions(draw: st.DrawFn, feed: str) -> dict[str, Any]:
    """One condition on a row of the feed."""
    column = draw(st.sampled_from(_columns(feed, models.Field)))
    if draw(ONE_IN_FIVE):
        return {"column": column.name, "op": draw(st.sampled_from(["filled", "empty"]))}
    order = st.sampled_from(["=", "<>", ">=", "<=", ">", "<"])
    if column.choices:
        values = [value for value, _ in column.flatchoices]
        if draw(st.booleans()):
            return {"column": column.name, "op": "in", "value": draw(_subset(values))}
        op = draw(st.sampled_from(["=", "<>"]))
        return {"column": column.name, "op": op, "value": draw(st.sampled_from(values))}
    if isinstance(column, models.DateField):
        others = [c.name for c in _columns(feed, models.DateField) if c.name != column.name]
        if others and draw(st.booleans()):
            compared: dict[str, Any] = {"than": draw(st.sampled_from(others))}
        else:
            compared = {"days": draw(st.sampled_from([-90, -1, 0, 30]))}
        return {"column": column.name, "op": draw(order)} | compared
    if isinstance(column, models.DecimalField | models.IntegerField):
        return {"column": column.name, "op": draw(order)} | draw(_numeric_side(feed, column))
    op = draw(st.sampled_from(["=", "<>"]))
    return {"column": column.name, "op": op, "value": draw(st.sampled_from(["甲1", "乙2"]))}


@st.composite
def _numeric_side(draw: st.DrawFn, feed: str, column: Any) -> dict[str, Any]:
    if column.name.endswith("year"):
        return {"year": draw(st.sampled_from([-1, 0, 1]))}
    decimals = [c.name for c in _columns(feed, models.DecimalField) if c.name != column.name]
    if isinstance(column, models.DecimalField) and decimals and draw(st.booleans()):
        return {"than": draw(st.sampled_from(decimals))}
    if FEEDS[feed].column(column.name).unit or draw(st.booleans()):
        return {"threshold": draw(THRESHOLD)}
    return {"value": draw(st.sampled_from([0, 1, 30]))}


@st.composite
def windows(draw: st.DrawFn, feed: str, is_bounded: bool) -> dict[str, Any]:
    window: dict[str, Any] = {"months": draw(st.sampled_from([12, 24, 3, 1]))}
    if draw(ONE_IN_THREE):
        window["ago"] = draw(st.sampled_from([1, 12]))
        if not is_bounded and draw(ONE_IN_THREE):
            del window["months"]  # open at the start
    if draw(ONE_IN_THREE):
        dates = [c.name for c in _columns(feed, models.DateField)]
        window["on"] = draw(st.sampled_from(dates))
    return window


@st.composite
def feed_measures(draw: st.DrawFn, feed: str, level: str) -> dict[str, Any]:
    """One measure over the rows of a feed."""
    numeric = [c.name for c in _columns(feed, models.DecimalField, models.IntegerField)]
    ops = ["count", "exists", "absent", "latest", "latest_is", "changed"]
    ops += ["sum", "sum", "max", "min", "change"] if numeric else []
    op = draw(st.sampled_from(ops))
    measure: dict[str, Any] = {"feed": feed, "op": op}
    if level == "person" and draw(st.booleans()):
        measure["per"] = draw(st.sampled_from(["person", "household"]))
    if op in ("sum", "max", "min", "change"):
        measure["column"] = draw(st.sampled_from(numeric))
    elif op == "latest":
        dates = [c.name for c in _columns(feed, models.DateField)]
        measure["column"] = draw(st.sampled_from(numeric + dates))
    elif op == "changed":
        measure |= draw(_changed(feed))
    if op in ("latest", "change") and measure.get("per", level) == "household":
        measure["across"] = draw(st.sampled_from(["sum", "max", "min"]))
    is_bounded = op in ("change", "changed")  # from the window's beginning until its end
    if is_bounded or not draw(ONE_IN_FIVE):
        measure["window"] = draw(windows(feed, is_bounded))
    if draw(ONE_IN_THREE):
        measure["where"] = draw(st.lists(conditions(feed), min_size=1, max_size=2))
    if op in ("latest", "latest_is") and draw(ONE_IN_THREE):
        measure["then"] = [draw(conditions(feed))]
    if draw(ONE_IN_THREE) and (members := draw(who())):
        measure["members"] = members
    return measure


@st.composite
def _changed(draw: st.DrawFn, feed: str) -> dict[str, Any]:
    column = draw(st.sampled_from(_columns(feed, models.Field)))
    part: dict[str, Any] = {"column": column.name}
    if column.choices:
        values = [value for value, _ in column.flatchoices]
        for side in draw(st.lists(st.sampled_from(["from", "to"]), max_size=2, unique=True)):
            part[side] = draw(_subset(values))
    return part


@st.composite
def registry_measures(draw: st.DrawFn, level: str) -> dict[str, Any]:
    """A fact, a status or an income."""
    kind = draw(st.sampled_from(["fact", "status", "status", "income"]))
    if kind == "status":
        measure = {"status": draw(st.sampled_from(STATUSES))}
        if level == "person" and draw(st.booleans()):
            measure["per"] = draw(st.sampled_from(["person", "household"]))
        return measure
    if kind == "income":
        window = {"months": draw(st.sampled_from([6, 12])), "ago": draw(st.sampled_from([0, 12]))}
        return {"income": draw(st.sampled_from(["net", "reference"])), "window": window}
    facts = ["size", "members", "workers"] + (["age"] if level == "person" else [])
    fact = {"fact": draw(st.sampled_from(facts))}
    if fact["fact"] == "members" and (members := draw(who())):
        fact["members"] = members
    return fact


@st.composite
def derived_measures(draw: st.DrawFn, names: Sequence[str]) -> dict[str, Any]:
    name = st.sampled_from(names)
    if draw(st.booleans()):
        return {"ratio": [draw(name), draw(name)]}
    operands = draw(st.lists(name, min_size=1, max_size=3, unique=True))
    cut = draw(st.integers(0, len(operands)))
    sides = {"plus": operands[:cut], "minus": operands[cut:]}
    measure: dict[str, Any] = {"total": {side: names for side, names in sides.items() if names}}
    if draw(st.booleans()):
        measure["by"] = draw(name)
    if draw(st.booleans()):
        measure["times"] = draw(TIMES)
    return measure


@st.composite
def leaves(draw: st.DrawFn, measures: Mapping[str, Any], has_line: bool) -> dict[str, Any]:
    name = draw(st.sampled_from(sorted(measures)))
    if draw(ONE_IN_FIVE):
        return {"measure": name, "op": draw(st.sampled_from(["known", "unknown"]))}
    leaf: dict[str, Any] = {
        "measure": name,
        "op": draw(st.sampled_from([">=", ">=", ">", "<=", "<=", "<", "=", "<>"])),
    }
    sides = ["threshold", "threshold", "than"] + ["line"] * has_line
    is_plain = measures[name].get("op") in PLAIN_OPS or {"fact", "status"} & set(measures[name])
    side = draw(st.sampled_from(["number"] * 3 if is_plain else sides))
    if side == "number":
        return leaf | {"number": draw(st.sampled_from([0, 1, 1, 2, 18]))}
    if side == "threshold":
        leaf["threshold"] = draw(THRESHOLD)
    elif side == "than":
        leaf["than"] = draw(st.sampled_from(sorted(measures)))
    else:
        leaf["line"] = True
    if draw(st.booleans()):
        leaf["times"] = draw(TIMES)
    return leaf


@st.composite
def trees(
    draw: st.DrawFn, measures: Mapping[str, Any], has_line: bool, depth: int = 2
) -> dict[str, Any]:
    if depth == 0 or draw(st.booleans()):
        return draw(leaves(measures, has_line))
    branches = st.lists(trees(measures, has_line, depth - 1), min_size=1, max_size=3)
    return {draw(st.sampled_from(["all", "any", "none"])): draw(branches)}


@st.composite
def lines(draw: st.DrawFn) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for label in "甲乙"[: draw(st.integers(0, 2))]:
        when: dict[str, Any] = {}
        for part in draw(_subset(["kinds", "statuses"])):
            when[part] = draw(KINDS if part == "kinds" else _subset(STATUSES))
        found.append({"when": when, "threshold": draw(THRESHOLD), "label": label})
    return [*found, {"threshold": draw(THRESHOLD), "label": "其他"}]


@st.composite
def definitions(draw: st.DrawFn, feeds: Sequence[str]) -> dict[str, Any]:
    """A valid rule over the feeds given; every part of the language is within reach."""
    level = draw(st.sampled_from(["household", "person"]))
    names = [f"m{n}" for n in range(draw(st.integers(1, 4)))]
    measures: dict[str, Any] = {}
    for name in names:
        if not draw(ONE_IN_FIVE):
            measures[name] = draw(feed_measures(draw(st.sampled_from(feeds)), level))
        else:
            measures[name] = draw(registry_measures(level))
    if draw(st.booleans()):
        measures["d0"] = draw(derived_measures(names))
    definition: dict[str, Any] = {
        "level": level,
        "measures": measures,
        "value": draw(st.sampled_from(sorted(measures))),
        "sentence": "{who}：{value}",
        "cool_down_days": 0,
        "regrow_share": 0,
    }
    has_line = draw(st.booleans())
    if has_line:
        definition["lines"] = draw(lines())
    definition["bands"] = draw(_bands(has_line))
    is_open = len(definition["bands"][-1]) == 1  # without `when` refused: it takes everybody
    if is_open or draw(ONE_IN_THREE):
        definition["when"] = draw(trees(measures, has_line))
    if draw(st.booleans()):
        definition["direction"] = draw(st.sampled_from(["up", "down"]))
    if population := draw(_population(level)):
        definition["population"] = population
    return definition


@st.composite
def _population(draw: st.DrawFn, level: str) -> dict[str, Any]:
    population: dict[str, Any] = {}
    if draw(ONE_IN_FIVE):
        population["kinds"] = draw(KINDS)
    if level == "person" and draw(ONE_IN_THREE):
        population |= draw(who(("age", "sex", "labour", "health", "head")))
    return population


@st.composite
def _bands(draw: st.DrawFn, has_line: bool) -> list[dict[str, Any]]:
    """Up to three bands; only the last one may fit always."""
    found: list[dict[str, Any]] = []
    for severity in range(1, draw(st.integers(0, 2)) + 1):
        kind = draw(st.sampled_from(["threshold", "equals"] + ["times"] * has_line))
        if kind == "threshold":
            figure: dict[str, Any] = {"threshold": draw(THRESHOLD)}
        elif kind == "times":
            figure = {"times": draw(TIMES)}
        else:
            figure = {"equals": draw(st.sampled_from([0, 1, 2]))}
        found.append({"severity": severity} | figure)
    if not found or not draw(ONE_IN_THREE):
        found.append({"severity": len(found) + 1})
    return found
