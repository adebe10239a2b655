"""The rule language read a second time: plain Python over whole tables, one subject at a time.

It knows the language from its description alone and shares nothing with the engine but the feeds'
models (which columns exist, which one dates the fact) and the table of income terms, so that both
can only agree by being right. It is slow on purpose: loops instead of sets.

Numbers are Decimal; only a hit's value and line are rounded, to cents, half up. Unknown is None.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from operator import eq, ge, gt, le, lt, ne
from typing import Any
from uuid import UUID

from dateutil.relativedelta import relativedelta

from grid.models import Household, Person
from monitoring.feeds import FEEDS
from monitoring.income import INCOME_TERMS

ZERO, ONE = Decimal(0), Decimal(1)
CENT = Decimal("0.01")
MONITORED = ("unstable_out_of_poverty", "marginal_prone", "sudden_difficulty")
COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": eq,
    "<>": ne,
    ">=": ge,
    "<=": le,
    ">": gt,
    "<": lt,
}


# --- what is known of the county


@dataclass(frozen=True, slots=True)
class PersonFact:
    id: int
    household_id: int | None
    sex: str
    born_on: date
    labour: str
    health: str
    died_on: date | None = None


@dataclass(frozen=True, slots=True)
class HouseholdFact:
    id: int
    code: str
    kind: str
    head_id: int | None
    dissolved_on: date | None = None


@dataclass(frozen=True, slots=True)
class RowFact:
    """One version of one department record; `columns` are the data set's own columns."""

    id: int
    person_id: int | None
    upload_id: UUID
    received_at: datetime
    columns: Mapping[str, Any]
    superseded_at: datetime | None = None
    superseded_by_id: UUID | None = None


SHARED = ("id", "person_id", "upload_id", "received_at", "superseded_at", "superseded_by_id")


@dataclass(slots=True)
class Facts:
    """People, households and every version of every row, by feed."""

    people: list[PersonFact] = field(default_factory=list)
    households: list[HouseholdFact] = field(default_factory=list)
    rows: dict[str, list[RowFact]] = field(default_factory=dict)

    @classmethod
    def load(cls, feeds: Iterable[str]) -> "Facts":
        """Whole tables of the registry and of the feeds named."""
        people = Person.objects.values_list(
            "id", "household_id", "sex", "born_on", "labour", "health", "died_on"
        )
        households = Household.objects.values_list("id", "cell_id", "kind", "head", "dissolved_on")
        return cls(
            [PersonFact(*row) for row in people],
            [HouseholdFact(*row) for row in households],
            {code: list(_load_rows(code)) for code in sorted(set(feeds))},
        )


def own_columns(feed: str) -> list[str]:
    """The data set's own columns, without those every record carries."""
    shared = {"id_number", "person_name"}
    return [name for name in FEEDS[feed].contract if name not in shared]


def _load_rows(feed: str) -> Iterator[RowFact]:
    columns = own_columns(feed)
    for row in FEEDS[feed].model._default_manager.values(*SHARED, *columns).iterator():
        yield RowFact(columns={name: row[name] for name in columns}, **{n: row[n] for n in SHARED})


# --- what was known at a moment


def months_before(day: date, months: int) -> date:
    """Calendar months back; a day the month does not have becomes its last day."""
    return day - relativedelta(months=months)


def age_on(born_on: date, day: date) -> int:
    """Completed years."""
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))


class Moment:
    """The facts as they stood for `as_of` to somebody who knew what was there at `known_at`."""

    def __init__(
        self, facts: Facts, *, as_of: date, known_at: datetime, not_yet: Collection[UUID]
    ) -> None:
        self.as_of = as_of
        self.households = {h.id: h for h in facts.households if h.dissolved_on is None}
        self.members: dict[int, list[PersonFact]] = defaultdict(list)
        for person in facts.people:
            if person.died_on is None and person.household_id in self.households:
                self.members[person.household_id].append(person)
        # Versions are all that had been received and not withdrawn (a row superseded by its own
        # batch); current ones had not been replaced either.
        self.versions: dict[tuple[str, int], list[RowFact]] = defaultdict(list)
        self.current: dict[tuple[str, int], list[RowFact]] = defaultdict(list)
        for feed, rows in facts.rows.items():
            for row in rows:
                if row.person_id is None or row.received_at > known_at or row.upload_id in not_yet:
                    continue
                is_current = (
                    row.superseded_at is None
                    or row.superseded_at > known_at
                    or row.superseded_by_id in not_yet
                )
                if is_current:
                    self.current[feed, row.person_id].append(row)
                if is_current or row.superseded_by_id != row.upload_id:
                    self.versions[feed, row.person_id].append(row)


@dataclass(frozen=True, slots=True)
class Subject:
    household: HouseholdFact
    person: PersonFact | None


@dataclass(frozen=True, slots=True)
class Found:
    """A measure of one subject: its value and the rows it was read from, as (feed, id)."""

    value: Decimal | None
    rows: frozenset[tuple[str, int]] = frozenset()


@dataclass(frozen=True, slots=True)
class InterpretedHit:
    household_id: int
    person_id: int | None
    value: Decimal
    line: Decimal | None
    line_label: str
    severity: int
    measured: dict[str, Decimal | None]
    evidence: dict[str, list[int]]


@dataclass(frozen=True, slots=True)
class Weighed:
    """One subject, hit or not, of the population or not. `severity` is None without a hit."""

    household_id: int
    person_id: int | None
    measured: dict[str, Decimal | None]
    line: Decimal | None
    line_label: str
    severity: int | None
    evidence: dict[str, list[int]]


def interpret(
    definition: Mapping[str, Any],
    facts: Facts,
    *,
    as_of: date,
    known_at: datetime,
    not_yet: Collection[UUID],
    thresholds: Mapping[str, Decimal],
) -> list[InterpretedHit]:
    """Every hit of one rule."""
    moment = Moment(facts, as_of=as_of, known_at=known_at, not_yet=not_yet)
    return hits_at(moment, definition, thresholds)


def hits_at(
    moment: Moment, definition: Mapping[str, Any], thresholds: Mapping[str, Decimal]
) -> list[InterpretedHit]:
    """`interpret` for many rules over one moment."""
    return [
        InterpretedHit(
            weighed.household_id,
            weighed.person_id,
            cents(weighed.measured[definition["value"]]),
            weighed.line,
            weighed.line_label,
            weighed.severity,
            weighed.measured,
            weighed.evidence,
        )
        for weighed in weigh(moment, definition, thresholds)
        if weighed.severity is not None
    ]


def weigh(
    moment: Moment, definition: Mapping[str, Any], thresholds: Mapping[str, Decimal]
) -> list[Weighed]:
    """Every subject of the rule's level with what was measured."""
    with localcontext(prec=60):
        reader = Reader(moment, definition, thresholds)
        return [reader.weigh(subject) for subject in reader.subjects()]


def cents(value: Decimal | None) -> Decimal | None:
    """As PostgreSQL keeps it in numeric(14,2)."""
    return None if value is None else value.quantize(CENT, rounding=ROUND_HALF_UP)


def number(value: Any) -> Decimal:
    """A JSON number or a column's value, without the noise of a binary float."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


# --- one rule


class Reader:
    """Reads one definition for one subject after another."""

    def __init__(
        self, moment: Moment, definition: Mapping[str, Any], thresholds: Mapping[str, Decimal]
    ) -> None:
        self.moment = moment
        self.definition = definition
        self.thresholds = thresholds
        self.level = definition["level"]

    def subjects(self) -> Iterator[Subject]:
        for household in self.moment.households.values():
            members = self.moment.members[household.id]
            if self.level == "person":
                yield from (Subject(household, person) for person in members)
            elif members:
                yield Subject(household, None)

    def in_population(self, subject: Subject) -> bool:
        wanted = self.definition.get("population", {})
        if "kinds" in wanted and subject.household.kind not in wanted["kinds"]:
            return False
        if subject.person is None:
            return True
        is_head = subject.person.id == subject.household.head_id
        if "head" in wanted and wanted["head"] != is_head:
            return False
        return self.fits(subject.person, wanted)

    def fits(self, person: PersonFact, wanted: Mapping[str, Any]) -> bool:
        """Age, sex, labour, health: every part given must hold."""
        if "age" in wanted:
            low, high = wanted["age"]
            if not low <= age_on(person.born_on, self.moment.as_of) <= high:
                return False
        return (
            ("sex" not in wanted or person.sex == wanted["sex"])
            and ("labour" not in wanted or person.labour in wanted["labour"])
            and ("health" not in wanted or person.health in wanted["health"])
        )

    def weigh(self, subject: Subject) -> Weighed:
        sheet = Sheet(self, subject)
        found = {name: sheet.found(name) for name in self.definition["measures"]}
        line, label = sheet.line()
        ids: dict[str, set[int]] = defaultdict(set)
        # The statuses that lines ask for are measures of the definition too.
        read = [*found.values(), *sheet.statuses_of_lines()]
        for feed, row in frozenset().union(*(f.rows for f in read)):
            ids[feed].add(row)
        return Weighed(
            subject.household.id,
            subject.person and subject.person.id,
            {name: f.value for name, f in found.items()},
            cents(line),
            label,
            sheet.severity() if self.in_population(subject) else None,
            {feed: sorted(rows) for feed, rows in ids.items()},
        )


class Sheet:
    """One rule worked out for one subject."""

    def __init__(self, reader: Reader, subject: Subject) -> None:
        self.reader = reader
        self.moment = reader.moment
        self.as_of = reader.moment.as_of
        self.definition = reader.definition
        self.thresholds = reader.thresholds
        self.subject = subject
        self.known: dict[str, Found] = {}

    # decision

    def severity(self) -> int | None:
        """The band of a hit; None when there is no hit."""
        value = self.found(self.definition["value"]).value
        if value is None:
            return None
        if "when" in self.definition and not self.holds(self.definition["when"]):
            return None
        reached = ge if self.definition.get("direction", "up") == "up" else le
        for band in self.definition["bands"]:
            if self.band_fits(band, value, reached):
                return int(band["severity"])
        return None

    def band_fits(
        self, band: Mapping[str, Any], value: Decimal, reached: Callable[[Any, Any], bool]
    ) -> bool:
        if "equals" in band:
            return value == number(band["equals"])
        if "threshold" in band:
            return reached(value, self.thresholds[band["threshold"]])
        if "times" in band:
            line, _ = self.line()
            return line is not None and reached(value, line * number(band["times"]))
        return True

    def line(self) -> tuple[Decimal | None, str]:
        """The first line whose condition fits the household."""
        for line in self.definition.get("lines", []):
            when = line.get("when")
            if when is None or self.is_one_of(when):
                return self.thresholds[line["threshold"]], line["label"]
        return None, ""

    def is_one_of(self, when: Mapping[str, Any]) -> bool:
        if self.subject.household.kind in when.get("kinds", []):
            return True
        return any(self.has(name).value == ONE for name in when.get("statuses", []))

    def has(self, status: str) -> Found:
        """A status of the household: a line is for a class of households."""
        return self.status({"status": status, "per": "household"})

    def statuses_of_lines(self) -> list[Found]:
        lines = self.definition.get("lines", [])
        return [self.has(name) for line in lines for name in _statuses(line)]

    def holds(self, tree: Mapping[str, Any]) -> bool:
        if "all" in tree:
            return all(self.holds(branch) for branch in tree["all"])
        if "any" in tree:
            return any(self.holds(branch) for branch in tree["any"])
        if "none" in tree:
            return not any(self.holds(branch) for branch in tree["none"])
        return self.leaf_holds(tree)

    def leaf_holds(self, leaf: Mapping[str, Any]) -> bool:
        value = self.found(leaf["measure"]).value
        if leaf["op"] in ("known", "unknown"):
            return (value is None) == (leaf["op"] == "unknown")
        other = self.other_side(leaf)
        if value is None or other is None:
            return False
        return COMPARE[leaf["op"]](value, other)

    def other_side(self, leaf: Mapping[str, Any]) -> Decimal | None:
        if "number" in leaf:
            return number(leaf["number"])
        if "threshold" in leaf:
            other = self.thresholds[leaf["threshold"]]
        elif "than" in leaf:
            other = self.found(leaf["than"]).value
        else:
            other, _ = self.line()
        return None if other is None else other * number(leaf.get("times", 1))

    # measures

    def found(self, name: str) -> Found:
        if name not in self.known:
            self.known[name] = self.measure(self.definition["measures"][name])
        return self.known[name]

    def measure(self, measure: Mapping[str, Any]) -> Found:
        if "feed" in measure:
            return BY_OPERATION[measure["op"]](self, measure)
        for kind, read in BY_KIND.items():
            if kind in measure:
                return read(self, measure)
        raise ValueError(f"unknown measure {measure}")

    def whom(self, measure: Mapping[str, Any]) -> list[PersonFact]:
        """The people a measure reads: the person, or the household's living members."""
        if measure.get("per", self.reader.level) == "person":
            people = [self.subject.person]
        else:
            people = self.moment.members[self.subject.household.id]
        return [p for p in people if self.reader.fits(p, measure.get("members", {}))]

    def day_of(self, measure: Mapping[str, Any], row: RowFact) -> date | None:
        on = measure.get("window", {}).get("on") or FEEDS[measure["feed"]].valid_on
        return row.columns[on]

    def ends_on(self, measure: Mapping[str, Any]) -> date:
        """The last day of the window."""
        return months_before(self.as_of, measure.get("window", {}).get("ago", 0))

    def begins_after(self, measure: Mapping[str, Any]) -> date:
        """The last day before the window; without months it is open at the start."""
        window = measure.get("window", {})
        if "months" not in window:
            return date.min
        return months_before(self.as_of, window.get("ago", 0) + window["months"])

    def satisfies(self, row: RowFact, conditions: Sequence[Mapping[str, Any]]) -> bool:
        return all(self.condition_holds(row, condition) for condition in conditions)

    def condition_holds(self, row: RowFact, condition: Mapping[str, Any]) -> bool:
        value = row.columns[condition["column"]]
        is_empty = value is None or value == ""
        if condition["op"] in ("filled", "empty"):
            return is_empty == (condition["op"] == "empty")
        if is_empty:
            return False
        if condition["op"] == "in":
            return any(value == like(value, literal) for literal in condition["value"])
        other = self.compared_with(row, condition)
        if other is None or other == "":
            return False
        return COMPARE[condition["op"]](value, other)

    def compared_with(self, row: RowFact, condition: Mapping[str, Any]) -> Any:
        if "threshold" in condition:
            return self.thresholds[condition["threshold"]]
        if "days" in condition:
            return self.as_of + timedelta(days=condition["days"])
        if "than" in condition:
            return row.columns[condition["than"]]
        if "year" in condition:
            return self.as_of.year + condition["year"]
        return like(row.columns[condition["column"]], condition["value"])

    def rows(self, measure: Mapping[str, Any]) -> list[RowFact]:
        """Rows that satisfy where, window and members."""
        begin, end = self.begins_after(measure), self.ends_on(measure)
        return [
            row
            for person in self.whom(measure)
            for row in self.moment.current[measure["feed"], person.id]
            if (day := self.day_of(measure, row)) is not None
            and begin < day <= end
            and self.satisfies(row, measure.get("where", []))
        ]

    def rows_measure(self, measure: Mapping[str, Any]) -> Found:
        rows = self.rows(measure)
        op = measure["op"]
        if op == "absent":
            return Found(ZERO if rows else ONE)
        if op == "count":
            value = Decimal(len(rows))
        elif op == "exists":
            value = ONE if rows else ZERO
        else:
            value = ACROSS[op](
                number(v) for row in rows if (v := row.columns[measure["column"]]) is not None
            )
        return Found(value, _evidence(measure, rows))

    def last(
        self, measure: Mapping[str, Any], rows: Iterable[RowFact], until: date
    ) -> RowFact | None:
        """The last by day, then receipt, then id, among rows satisfying `where` up to a day."""
        fitting = [
            row
            for row in rows
            if (day := self.day_of(measure, row)) is not None
            and day <= until
            and self.satisfies(row, measure.get("where", []))
        ]
        return max(
            fitting, key=lambda r: (self.day_of(measure, r), r.received_at, r.id), default=None
        )

    def told_then(self, measure: Mapping[str, Any], person: PersonFact) -> list[RowFact]:
        """The person's rows that stand; looking back (`ago`), also those superseded since."""
        back = (measure.get("window") or {}).get("ago", 0)
        rows = self.moment.versions if back else self.moment.current
        return rows[measure["feed"], person.id]

    def latest(self, measure: Mapping[str, Any], person: PersonFact) -> RowFact | None:
        """The person's latest row, if it lies in the window and satisfies `then`."""
        row = self.last(measure, self.told_then(measure, person), self.ends_on(measure))
        if row is None or self.day_of(measure, row) <= self.begins_after(measure):
            return None
        return row if self.satisfies(row, measure.get("then", [])) else None

    def latest_measure(self, measure: Mapping[str, Any]) -> Found:
        rows = [r for p in self.whom(measure) if (r := self.latest(measure, p)) is not None]
        values = [self.reading(row.columns[measure["column"]]) for row in rows]
        known = [row for row, value in zip(rows, values, strict=True) if value is not None]
        return Found(across(measure, values), _evidence(measure, known))

    def reading(self, value: Any) -> Decimal | None:
        """A number as it is; a day as the days since."""
        if value is None:
            return None
        return Decimal((self.as_of - value).days) if isinstance(value, date) else number(value)

    def latest_is_measure(self, measure: Mapping[str, Any]) -> Found:
        rows = [r for p in self.whom(measure) if (r := self.latest(measure, p)) is not None]
        return Found(Decimal(len(rows)), _evidence(measure, rows))

    def then_and_now(
        self, measure: Mapping[str, Any], person: PersonFact
    ) -> tuple[RowFact | None, RowFact | None]:
        """The row that was the latest when the window began, and the latest one."""
        key = measure["feed"], person.id
        return (
            self.last(measure, self.moment.versions[key], self.begins_after(measure)),
            self.last(measure, self.told_then(measure, person), self.ends_on(measure)),
        )

    def change_measure(self, measure: Mapping[str, Any]) -> Found:
        column, values, rows = measure["column"], [], []
        for person in self.whom(measure):
            before, after = self.then_and_now(measure, person)
            if before is None or after is None:
                continue
            old, new = before.columns[column], after.columns[column]
            if old is not None and new is not None:
                values.append(number(new) - number(old))
                rows += [before, after]
        return Found(across(measure, values), _evidence(measure, rows))

    def changed_measure(self, measure: Mapping[str, Any]) -> Found:
        column, rows, people = measure["column"], [], 0
        for person in self.whom(measure):
            before, after = self.then_and_now(measure, person)
            if before is None or after is None:
                continue
            old, new = before.columns[column], after.columns[column]
            if old != new and _among(old, measure.get("from")) and _among(new, measure.get("to")):
                people += 1
                rows += [before, after]
        return Found(Decimal(people), _evidence(measure, rows))

    def fact(self, measure: Mapping[str, Any]) -> Found:
        if measure["fact"] == "age":
            return Found(Decimal(age_on(self.subject.person.born_on, self.as_of)))
        whom = measure.get("members", {}) if measure["fact"] == "members" else {}
        if measure["fact"] == "workers":
            whom = {"age": [16, 59], "labour": ["skilled", "ordinary"]}
        people = self.whom({"per": "household", "members": whom})
        return Found(Decimal(len(people)))

    def status(self, measure: Mapping[str, Any]) -> Found:
        name = measure["status"]
        if name in ("monitored", "out_of_poverty"):
            kinds = MONITORED if name == "monitored" else ("out_of_poverty",)
            return Found(ONE if self.subject.household.kind in kinds else ZERO)
        per = measure.get("per", self.reader.level)
        if name in ("marginal", "rigid"):
            return self.listed(name, per)
        found = self.measure(STATUS_MEASURES[name] | {"per": per})
        return Found(ONE if found.value else ZERO, found.rows)

    def listed(self, kind: str, per: str) -> Found:
        """The latest recognition is not past the day until which it holds (empty: holds on)."""
        measure: dict[str, Any] = {
            "feed": "low_income_list",
            "per": per,
            "where": [{"column": "kind", "op": "=", "value": kind}],
        }
        latest = [r for p in self.whom(measure) if (r := self.latest(measure, p)) is not None]
        rows = [
            row
            for row in latest
            if (until := row.columns["valid_until_on"]) is None or self.as_of <= until
        ]
        return Found(ONE if rows else ZERO, _evidence(measure, rows))

    def income(self, measure: Mapping[str, Any]) -> Found:
        """Yuan per head and year. A `latest` term is a standing amount: the one in force on the
        window's last day, however old, brought to a year by its own factor alone.
        """
        parts = ("net",) if measure["income"] == "net" else ("net", "reference")
        window = measure["window"]
        total, rows = None, frozenset()
        for term in INCOME_TERMS:
            if term.part not in parts:
                continue
            is_standing = term.measure["op"] == "latest"
            read = {"ago": window.get("ago", 0)} if is_standing else window
            found = self.measure(term.measure | {"window": read, "per": "household"})
            rows |= found.rows
            if found.value is None:
                continue
            scale = number(term.times)
            if not is_standing:
                scale = scale * 12 / number(window["months"])
            total = (total or ZERO) + term.sign * found.value * scale
        size = len(self.moment.members[self.subject.household.id])
        return Found(None if total is None else total / size, rows)

    def total(self, measure: Mapping[str, Any]) -> Found:
        parts = measure["total"]
        plus = [self.found(name).value for name in parts.get("plus", [])]
        minus = [self.found(name).value for name in parts.get("minus", [])]
        if all(value is None for value in plus + minus):
            return Found(None)
        value = sum((v for v in plus if v is not None), ZERO)
        value -= sum((v for v in minus if v is not None), ZERO)
        if "by" in measure:
            by = self.found(measure["by"]).value
            if not by:
                return Found(None)
            value /= by
        return Found(value * number(measure.get("times", 1)))

    def ratio(self, measure: Mapping[str, Any]) -> Found:
        above, below = (self.found(name).value for name in measure["ratio"])
        return Found(None if above is None or not below else above / below)


def like(value: Any, literal: Any) -> Any:
    """The literal of a definition in the type of the column's value."""
    if isinstance(value, date):
        return date.fromisoformat(literal)
    return number(literal) if isinstance(value, int | Decimal) else literal


def _among(value: Any, literals: Sequence[Any] | None) -> bool:
    return literals is None or (
        value is not None and any(value == like(value, literal) for literal in literals)
    )


def _evidence(measure: Mapping[str, Any], rows: Iterable[RowFact]) -> frozenset[tuple[str, int]]:
    return frozenset((measure["feed"], row.id) for row in rows)


def _sum(values: Iterable[Decimal]) -> Decimal | None:
    known = list(values)
    return sum(known, ZERO) if known else None


ACROSS: Mapping[str, Callable[[Iterable[Decimal]], Decimal | None]] = {
    "sum": _sum,
    "max": lambda values: max(values, default=None),
    "min": lambda values: min(values, default=None),
}


def across(measure: Mapping[str, Any], values: Iterable[Decimal | None]) -> Decimal | None:
    """One number over the members' known values; for one person it is the person's own."""
    return ACROSS[measure.get("across", "sum")](v for v in values if v is not None)


STATUS_MEASURES: Mapping[str, dict[str, Any]] = {
    "dibao": {"feed": "dibao_payment", "op": "exists", "window": {"months": 3}},
    "tekun": {"feed": "tekun_support", "op": "exists"},
    "severely_disabled": {
        "feed": "disability_certificate",
        "op": "latest_is",
        "then": [
            {"column": "standing", "op": "=", "value": "valid"},
            {"column": "level", "op": "in", "value": [1, 2]},
        ],
    },
    "insured": {
        "feed": "medical_enrolment",
        "op": "exists",
        "where": [
            {"column": "insured_year", "op": "=", "year": 0},
            {"column": "standing", "op": "=", "value": "insured"},
        ],
    },
}
STATUS_FEEDS = {
    "dibao": "dibao_payment",
    "tekun": "tekun_support",
    "marginal": "low_income_list",
    "rigid": "low_income_list",
    "severely_disabled": "disability_certificate",
    "insured": "medical_enrolment",
}
BY_OPERATION: Mapping[str, Callable[[Sheet, Mapping[str, Any]], Found]] = {
    **dict.fromkeys(("sum", "max", "min", "count", "exists", "absent"), Sheet.rows_measure),
    "latest": Sheet.latest_measure,
    "latest_is": Sheet.latest_is_measure,
    "change": Sheet.change_measure,
    "changed": Sheet.changed_measure,
}
BY_KIND: Mapping[str, Callable[[Sheet, Mapping[str, Any]], Found]] = {
    "fact": Sheet.fact,
    "status": Sheet.status,
    "income": Sheet.income,
    "total": Sheet.total,
    "ratio": Sheet.ratio,
}


def feeds_of(definition: Mapping[str, Any]) -> set[str]:
    """Every data set the definition reads, those behind statuses and income included."""
    feeds: set[str] = set()
    statuses = [s for line in definition.get("lines", []) for s in _statuses(line)]
    for measure in definition["measures"].values():
        if "feed" in measure:
            feeds.add(measure["feed"])
        if "status" in measure:
            statuses.append(measure["status"])
        if "income" in measure:
            feeds |= {term.measure["feed"] for term in INCOME_TERMS}
    return feeds | {STATUS_FEEDS[s] for s in statuses if s in STATUS_FEEDS}


def _statuses(line: Mapping[str, Any]) -> Sequence[str]:
    return (line.get("when") or {}).get("statuses", [])
