"""Values of measures kept from one moment, so that a draft is previewed without reading the feeds.

The night's work leaves everybody, all households and every scan in lasting tables. A preview of the
same day takes its measures from there; households of which anything changed since are screened
anew, in place of what was kept of them. A measure that nobody kept is scanned as ever.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from hashlib import md5
from typing import Any, Self

from psycopg2.sql import SQL, Composable, Identifier, Literal

from monitoring.engine.conditions import conjunction, people
from monitoring.engine.frozen import COUNTY, Frozen, Screened, Within
from monitoring.engine.scans import KEPT_SCHEMA, Scans
from monitoring.engine.screening import (
    RAW_HIT,
    Compiled,
    clear,
    families,
    finished,
    settle,
    subjects,
)
from monitoring.rules.language import FromFeed, Members
from yizhou.statements import ask, run, text_of

EVER = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Kept:
    """What lies in the schema `kept` of one moment.

    `columns`: (table, column) by signature of the measure; `counts`: column of the family table by
    signature of whom it counts. Tables are named by `prefix` and a number.
    """

    prefix: str
    tables: int
    subjects: int
    households: int
    columns: Mapping[str, Sequence[str]]
    counts: Mapping[str, str]

    @classmethod
    def of(cls, catalog: Mapping[str, Any]) -> Self:
        return cls(**catalog)

    def catalog(self) -> dict[str, Any]:
        return asdict(self)

    def table(self, name: object) -> str:
        return f"{self.prefix}_{name}"

    def holds(self) -> bool:
        """Whether the tables are there and full: a crash of the database empties them."""
        family = f"{KEPT_SCHEMA}.{self.table('family')}"
        if ask(SQL("SELECT to_regclass({}) IS NULL").format(Literal(family)))[0][0]:
            return False
        [(full,)] = ask(SQL("SELECT EXISTS (SELECT 1 FROM {})").format(_lasting(self, "family")))
        return bool(full) or self.households == 0

    def lacks(self, frozen: Frozen) -> list[FromFeed]:
        """Measures of the rules that must be scanned."""
        measures = Compiled(frozen, COUNTY).measures
        return [m for m in measures if signature(m, frozen) not in self.columns]


def keep(frozen: Frozen, prefix: str) -> Kept:
    """Fill lasting tables with all that the rules measure, in the caller's transaction."""
    rules = Compiled(frozen, COUNTY)
    settle()
    clear()
    run(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(KEPT_SCHEMA)))  # not in dumps
    counts = {_count_signature(members, frozen): name for members, name in rules.counts.items()}
    kept = Kept(prefix, 0, 0, 0, {}, counts)
    _last(kept, "subject", subjects(frozen, COUNTY), ("person_id", "household_id"))
    rules.make({"subject": _whole(kept, "subject")}, as_views=True)
    _last(kept, "family", families(rules.counts, frozen), ("household_id",))
    [(people_kept,)] = ask(SQL("SELECT count(*) FROM {}").format(_lasting(kept, "subject")))
    [(households,)] = ask(SQL("SELECT count(*) FROM {}").format(_lasting(kept, "family")))
    return keep_more(frozen, replace(kept, subjects=people_kept, households=households))


def keep_more(frozen: Frozen, kept: Kept) -> Kept:
    """The same with the measures of the rules that it lacks; `frozen` is of the same moment."""
    lacking = kept.lacks(frozen)
    if not lacking:
        return kept
    scans = Scans(frozen, lacking, wide=True)
    settle()
    clear()
    run(SQL("CREATE TEMPORARY VIEW subject AS {}").format(_whole(kept, "subject")))
    columns, tables = dict(kept.columns), kept.tables
    for scan, query in zip(scans.by_pick.values(), scans.queries().values(), strict=True):
        tables += 1
        _last(kept, tables, query, ())
        for measure in scan.measures:
            column = f"m{scan.measures.index(measure)}"
            columns[signature(measure, frozen)] = (kept.table(tables), column)
    clear()
    return replace(kept, columns=columns, tables=tables)


def drop(kept: Kept) -> None:
    for name in ("subject", "family", *range(1, kept.tables + 1)):
        run(SQL("DROP TABLE IF EXISTS {}").format(_lasting(kept, name)))


def screen_kept(frozen: Frozen, kept: Kept, changed: Sequence[int]) -> Screened:
    """As `screen` over the county without evidence.

    `changed`: households of which a row or the registry says something else than was kept.
    """
    known = {m: _place(kept, m, frozen) for m in Compiled(frozen, COUNTY).measures}
    rules = Compiled(frozen, COUNTY, {m: place for m, place in known.items() if place is not None})
    settle()
    clear()
    rules.make(
        {
            "subject": _whole(kept, "subject", without=changed),
            "family": _family(kept, rules, changed),
            **rules.scans.queries(),
        },
        as_views=True,
    )
    run(RAW_HIT)
    found = {graded.rule.rule_id: rules.insert_hits(graded) for graded in rules.graded}
    if changed:
        clear(results=False)
        anew = Compiled(frozen, Within(households=changed))
        anew.prepare()
        for graded in anew.graded:
            found[graded.rule.rule_id] += anew.insert_hits(graded)
    rules.subjects, rules.households = kept.subjects, kept.households
    return finished(rules, found, evidence=False)


# ---- what was kept under which name ----


def signature(measure: FromFeed, frozen: Frozen) -> str:
    """The same for measures whose values are equal on the same day and known rows."""
    figures = {key: figure.normalize() for key, figure in frozen.thresholds.items()}
    plain = replace(frozen, known_at=EVER, not_yet=(), replay=False, thresholds=figures)
    [query] = Scans(plain, [measure], wide=True).queries().values()
    return _digest(query)


def _count_signature(members: Members, frozen: Frozen) -> str:
    return _digest(conjunction(people(members, frozen)))


def _digest(statement: Composable) -> str:
    return md5(text_of(statement).encode(), usedforsecurity=False).hexdigest()


def _place(kept: Kept, measure: FromFeed, frozen: Frozen) -> tuple[str, str] | None:
    place = kept.columns.get(signature(measure, frozen))
    return None if place is None else (place[0], place[1])


def _lasting(kept: Kept, name: object) -> Composable:
    return Identifier(KEPT_SCHEMA, kept.table(name))


def _last(kept: Kept, name: object, query: Composable, keys: Iterable[str]) -> None:
    table = _lasting(kept, name)
    run(SQL("CREATE UNLOGGED TABLE {} AS {}").format(table, query))
    for key in keys:
        run(SQL("CREATE INDEX ON {} ({})").format(table, Identifier(key)))
    run(SQL("ANALYZE {}").format(table))


def _whole(kept: Kept, name: str, without: Sequence[int] = ()) -> Composable:
    whole = SQL("SELECT * FROM {}").format(_lasting(kept, name))
    return SQL("{}{}").format(whole, _besides(without))


def _besides(without: Sequence[int]) -> Composable:
    if not without:
        return SQL("")
    return SQL(" WHERE household_id <> ALL ({}::bigint[])").format(Literal(list(without)))


def _family(kept: Kept, rules: Compiled, changed: Sequence[int]) -> Composable:
    """Households with the counts of members that the rules ask for."""
    names = {m: kept.counts.get(_count_signature(m, rules.frozen)) for m in rules.counts}
    if any(name is None for name in names.values()):
        return families(rules.counts, rules.frozen)
    counts = [
        SQL(", {} AS {}").format(Identifier(str(names[members])), Identifier(column))
        for members, column in rules.counts.items()
    ]
    return SQL("SELECT household_id, code, kind{} FROM {}{}").format(
        SQL("").join(counts), _lasting(kept, "family"), _besides(changed)
    )
