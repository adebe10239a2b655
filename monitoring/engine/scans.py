"""Scans: each feed is read once for everything that all rules measure on it.

A scan is a temporary table of one row a person or one a household with a column for every
measure. Rows (sum, count ..) of a feed make one scan; latest rows make one for each way of picking
them; a change joins two such picks.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from psycopg2.sql import SQL, Composable, Identifier, Literal

from monitoring.engine.conditions import (
    cells,
    column_of,
    conjunction,
    disjunction,
    first_out,
    known,
    last_day,
    people,
    standing,
    table_of,
    within,
)
from monitoring.engine.frozen import Frozen
from monitoring.feeds import FEEDS
from monitoring.rules.language import (
    PERSON,
    Change,
    FromFeed,
    Latest,
    Members,
    Rows,
)

KEPT_SCHEMA = "kept"
COUNTED = ("count", "exists", "absent", "latest_is", "changed")


@dataclass(slots=True)
class Scan:
    """One temporary table and the measures it has columns for, in the order asked for.

    `kept`: the lasting table that holds them already.
    """

    name: str
    per: str
    kept: str | None = None
    measures: list[FromFeed] = field(default_factory=list)

    def add(self, measure: FromFeed) -> None:
        if measure not in self.measures:
            self.measures.append(measure)

    def column(self, measure: FromFeed) -> Identifier:
        return Identifier(f"m{self.measures.index(measure)}")


class Scans:
    """The scans that a set of rules needs. `wide`: over so many households that most rows of a
    feed are theirs. `kept`: (lasting table, its column) of measures that need no scan.
    """

    def __init__(
        self,
        frozen: Frozen,
        measures: Iterable[FromFeed],
        *,
        wide: bool,
        kept: Mapping[FromFeed, tuple[str, str]] = MappingProxyType({}),
    ) -> None:
        self.frozen, self.wide, self.kept = frozen, wide, kept
        self.by_pick: dict[tuple[object, ...], Scan] = {}
        for measure in measures:
            name, table = f"scan_{len(self.by_pick)}", self._table(measure)
            scan = self.by_pick.setdefault(self._key(measure), Scan(name, measure.per, table))
            scan.add(measure)

    def of(self, measure: FromFeed) -> Scan:
        return self.by_pick[self._key(measure)]

    def _key(self, measure: FromFeed) -> tuple[object, ...]:
        return (*_pick(measure), measure.per, self._table(measure))

    def _table(self, measure: FromFeed) -> str | None:
        return self.kept[measure][0] if measure in self.kept else None

    def queries(self) -> dict[str, Composable]:
        """SELECT of every scan by its name."""
        return {scan.name: self._query(scan) for scan in self.by_pick.values()}

    def _query(self, scan: Scan) -> Composable:
        if scan.kept is not None:
            return self._of_kept(scan, scan.kept)
        if not isinstance(scan.measures[0], Rows):
            return _of_picks(scan, self.frozen)
        return _of_rows(scan, self.frozen, first_by_person=self.wide and _of_everybody(scan))

    def _of_kept(self, scan: Scan, table: str) -> Composable:
        keys = ("household_id", "person_id") if scan.per == PERSON else ("household_id",)
        columns = [Identifier(key) for key in keys] + [
            SQL("{} AS {}").format(Identifier(self.kept[measure][1]), scan.column(measure))
            for measure in scan.measures
        ]
        return SQL("SELECT {} FROM {}").format(
            SQL(", ").join(columns), Identifier(KEPT_SCHEMA, table)
        )


def _pick(measure: FromFeed) -> tuple[object, ...]:
    """Measures with the same pick share a scan."""
    if isinstance(measure, Rows):
        return ("rows", measure.feed)
    if isinstance(measure, Latest):
        return ("latest", measure.feed, measure.where, measure.window.on, measure.window.ago)
    return ("change", measure.feed, measure.where, measure.window)


# ---- rows ----


def fits(measure: Rows, frozen: Frozen) -> Composable:
    """Whether row `r` of subject `s` counts for the measure."""
    return conjunction(
        [
            within(column_of(measure.feed, measure.window.on), measure.window, frozen),
            *cells(measure.feed, measure.where, frozen),
            *people(measure.members, frozen),
        ]
    )


def _of_everybody(scan: Scan) -> bool:
    """Whether no measure narrows whose rows count."""
    return all(measure.members == Members() for measure in scan.measures)


def _of_rows(scan: Scan, frozen: Frozen, *, first_by_person: bool) -> Composable:
    """A row a person or a household. `first_by_person`: rows are added up before anybody looks
    whose they are; far fewer have to find their person then.
    """
    feed = scan.measures[0].feed
    columns, all_fit = [], []
    for measure in scan.measures:
        assert isinstance(measure, Rows)
        fit = fits(measure, frozen)
        all_fit.append(fit)
        if measure.column is None:
            value: Composable = SQL("count(*)")
        else:
            value = SQL("{}({})").format(SQL(measure.op), column_of(feed, measure.column))
        columns.append(
            SQL("({} FILTER (WHERE {}))::numeric AS {}").format(value, fit, scan.column(measure))
        )
    parts = {
        "keys": SQL("s.household_id, s.person_id" if scan.per == PERSON else "s.household_id"),
        "columns": SQL(", ").join(columns),
        "table": table_of(feed),
        "standing": standing(frozen),
        "any": disjunction(all_fit),
    }
    if not first_by_person:
        return SQL(
            "SELECT {keys}, {columns} FROM {table} r JOIN subject s ON s.person_id = r.person_id"
            " WHERE {standing} AND ({any}) GROUP BY {keys}"
        ).format(**parts)
    sums = SQL(
        "SELECT r.person_id, {columns} FROM {table} r"
        " WHERE {standing} AND ({any}) GROUP BY r.person_id"
    ).format(**parts)
    names = [scan.column(measure) for measure in scan.measures]
    if scan.per == PERSON:
        return SQL(
            "SELECT {keys}, {names} FROM ({sums}) a JOIN subject s ON s.person_id = a.person_id"
        ).format(names=SQL(", ").join(names), sums=sums, **parts)
    together = SQL(", ").join(
        SQL("{0}({1}) AS {1}").format(
            SQL(measure.op if measure.op in ("max", "min") else "sum"), scan.column(measure)
        )
        for measure in scan.measures
    )
    return SQL(
        "SELECT {keys}, {together} FROM ({sums}) a JOIN subject s ON s.person_id = a.person_id"
        " GROUP BY {keys}"
    ).format(together=together, sums=sums, **parts)


# ---- latest rows ----


def _of_picks(scan: Scan, frozen: Frozen) -> Composable:
    """Values a person from the picked rows; a household takes them together."""
    source = _picks(scan.measures, frozen)
    values = SQL(", ").join(
        SQL("{} AS {}").format(_value(measure, frozen), scan.column(measure))
        for measure in scan.measures
    )
    # A row that says nothing is the same as no row.
    telling = disjunction(
        [
            SQL("{} > 0" if measure.op in COUNTED else "{} IS NOT NULL").format(
                scan.column(measure)
            )
            for measure in scan.measures
        ]
    )
    if scan.per == PERSON:
        return SQL(
            "SELECT * FROM (SELECT k.household_id, k.person_id, {} FROM {}) v WHERE {}"
        ).format(values, source, telling)
    together = SQL(", ").join(_together(m, scan.column(m)) for m in scan.measures)
    return SQL(
        "SELECT household_id, {} FROM (SELECT k.household_id, {} FROM {}) v WHERE {}"
        " GROUP BY household_id"
    ).format(together, values, source, telling)


def _picks(
    measures: Sequence[FromFeed], frozen: Frozen, only: Sequence[Composable] = ()
) -> Composable:
    """The picked row `k` of each person and, for a change, the earlier one `e`."""
    first, names = measures[0], _columns(measures)
    assert not isinstance(first, Rows)
    if (since := _looked_at_since(measures, frozen)) is not None:
        day = column_of(first.feed, first.window.on)
        only = [*only, SQL("{} > {}").format(day, Literal(since))]
    now = _picked(first, names, frozen, last_day(first.window, frozen), first.window.ago > 0, only)
    if not isinstance(first, Change):
        return SQL("({}) k").format(now)
    before = _picked(first, names, frozen, first_out(first.window, frozen), True, only)
    return SQL("({}) k JOIN ({}) e ON e.person_id = k.person_id").format(now, before)


def _looked_at_since(measures: Sequence[FromFeed], frozen: Frozen) -> date | None:
    """The day before the first that matters: a latest row outside the window says nothing, and
    the latest one inside it is the latest of all. None when all days matter.
    """
    days = [first_out(m.window, frozen) if isinstance(m, Latest) else None for m in measures]
    known_days = [day for day in days if day is not None]
    return min(known_days) if len(known_days) == len(days) else None


def picked_rows(measure: Latest | Change, frozen: Frozen, only: Composable) -> Composable:
    """SELECT of household_id, person_id and id of every picked row that made the value.

    `only`: a condition on subject `s`.
    """
    ids = SQL("k.row_id, e.row_id") if isinstance(measure, Change) else SQL("k.row_id")
    used = SQL("= 1") if measure.op in COUNTED else SQL("IS NOT NULL")
    return SQL(
        "SELECT k.household_id, k.person_id, unnest(ARRAY[{}]) AS id FROM {} WHERE {} {}"
    ).format(ids, _picks([measure], frozen, [only]), _value(measure, frozen), used)


def _together(measure: FromFeed, column: Composable) -> Composable:
    how = getattr(measure, "across", None) or "sum"
    return SQL("{how}({column}) AS {column}").format(how=SQL(how), column=column)


def _columns(measures: Iterable[FromFeed]) -> list[str]:
    """Columns of the feed that the measures look at once the row is picked."""
    names: dict[str, None] = {}
    for measure in measures:
        if measure.column is not None:
            names[measure.column] = None
        for cond in getattr(measure, "then", ()):
            names[cond.column] = None
            if cond.kind == "than":
                names[cond.operand] = None
    return list(names)


def _picked(
    measure: Latest | Change,
    names: Sequence[str],
    frozen: Frozen,
    until: date | None,
    history: bool,
    only: Sequence[Composable],
) -> Composable:
    """Each person's latest row up to a day: by its day, then by when it was received.

    `history`: versions superseded since are looked at too.
    """
    feed, day = measure.feed, column_of(measure.feed, measure.window.on)
    return SQL(
        "SELECT DISTINCT ON (r.person_id) r.id AS row_id, {day} AS day, s.household_id,"
        " s.person_id, s.born_on, s.sex, s.labour, s.health, s.is_head{columns}"
        " FROM {table} r JOIN subject s ON s.person_id = r.person_id WHERE {conditions}"
        " ORDER BY r.person_id, {day} DESC, r.received_at DESC, r.id DESC"
    ).format(
        day=day,
        columns=SQL("").join(SQL(", {}").format(column_of(feed, name)) for name in names),
        table=table_of(feed),
        conditions=conjunction(
            [
                known(frozen) if history else standing(frozen),
                SQL("{} <= {}").format(day, Literal(until)),
                *cells(feed, measure.where, frozen),
                *only,
            ]
        ),
    )


def _value(measure: FromFeed, frozen: Frozen) -> Composable:
    """The measure's value from picked row `k` (and earlier row `e`)."""
    fit = people(measure.members, frozen, "k")
    if isinstance(measure, Change):
        now, before = (column_of(measure.feed, measure.column, alias) for alias in "ke")
        if measure.op == "change":
            value = SQL("({} - {})::numeric").format(now, before)
            return _when(fit, value)
        fit.append(SQL("{} IS DISTINCT FROM {}").format(now, before))
        for column, allowed in ((before, measure.was), (now, measure.becomes)):
            if allowed is not None:
                fit.append(SQL("{} = ANY ({})").format(column, Literal(list(allowed))))
        return _flag(fit)
    assert isinstance(measure, Latest)
    fit += cells(measure.feed, measure.then, frozen, "k")
    fit.append(within(SQL("k.day"), measure.window, frozen))
    if measure.op == "latest_is":
        return _flag(fit)
    assert measure.column is not None
    column = column_of(measure.feed, measure.column, "k")
    if FEEDS[measure.feed].model._meta.get_field(measure.column).get_internal_type() == "DateField":
        column = SQL("({} - {})").format(Literal(frozen.as_of), column)
    return _when(fit, SQL("{}::numeric").format(column))


def _flag(fit: list[Composable]) -> Composable:
    """1 or 0; what is not known is not so."""
    return SQL("coalesce({}, FALSE)::integer::numeric").format(conjunction(fit))


def _when(fit: list[Composable], value: Composable) -> Composable:
    return SQL("CASE WHEN {} THEN {} END").format(conjunction(fit), value)
