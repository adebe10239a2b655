"""What lies behind one rule's values for one household: hidden measures and the rows they read."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal

from psycopg2.sql import SQL, Composable, Literal

from monitoring.engine.evidence import rows_of
from monitoring.engine.frozen import Frozen, FrozenRule, Within
from monitoring.engine.grading import Graded
from monitoring.engine.scans import picked_rows
from monitoring.engine.screening import Compiled, clear
from monitoring.rules.language import (
    PERSON,
    Change,
    Definition,
    FromFeed,
    Latest,
    Members,
    Rows,
    Window,
)
from yizhou.statements import ask, run

Found = dict[int | None, dict[str, list[tuple[str, int]]]]  # person: {measure: [(feed, row id)]}


@dataclass(frozen=True, slots=True)
class Member:
    """A living person of the household as the registry had them at the moment."""

    person_id: int
    kind: str
    born_on: date
    sex: str
    labour: str
    health: str
    is_head: bool


@dataclass(frozen=True, slots=True)
class Behind:
    """One subject: all values, hidden ones too ("net.dibao"), and rows as (feed, id) by measure.

    `counted` made the value; `looked_at` was a person's latest row, whether it fits or not.
    """

    person_id: int | None
    values: Mapping[str, Decimal | None]
    line: Decimal | None
    line_label: str
    severity: int | None
    counted: Mapping[str, list[tuple[str, int]]]
    looked_at: Mapping[str, list[tuple[str, int]]]


@dataclass(frozen=True, slots=True)
class _Opened(Definition):
    @property
    def own_measures(self) -> list[str]:
        return sorted(self.measures)


def behind(
    frozen: Frozen, rule: FrozenRule, household_id: int
) -> tuple[list[Member], list[Behind]]:
    """Members and subjects of the household, in a transaction of the caller.

    No subject: the household had no living member or was dissolved.
    """
    rules = Compiled(replace(frozen, rules=[rule]), Within(households=[household_id]))
    clear()
    rules.prepare()
    [graded] = rules.graded
    graded.made = _Opened(**{f.name: getattr(graded.made, f.name) for f in fields(Definition)})
    members = [
        Member(*row)
        for row in ask(
            SQL(
                "SELECT person_id, kind, born_on, sex, labour, health, is_head FROM subject"
                " ORDER BY is_head DESC, born_on, person_id"
            )
        )
    ]
    counted, looked_at = _rows(graded, frozen)
    statement = SQL("SELECT person_id, line, line_label, severity, measured FROM ({}) g").format(
        graded.graded(only_firing=False)
    )
    subjects = [
        Behind(
            person_id=person,
            values=dict(zip(graded.made.own_measures, values, strict=True)),
            line=line,
            line_label=label or "",
            severity=severity,
            counted=counted.get(person, {}),
            looked_at=looked_at.get(person, {}),
        )
        for person, line, label, severity, values in ask(statement)
    ]
    order = {member.person_id: place for place, member in enumerate(members)}
    return members, sorted(subjects, key=lambda b: order.get(b.person_id or 0, 0))


def rows_behind(
    frozen: Frozen, rule: FrozenRule, household_id: int
) -> dict[int | None, Mapping[str, list[tuple[str, int]]]]:
    """The rows that made each measure: {person: {measure: [(feed, row id)]}}."""
    return {b.person_id: b.counted for b in behind(frozen, rule, household_id)[1]}


def _rows(graded: Graded, frozen: Frozen) -> tuple[Found, Found]:
    """(rows that made the values, rows that were looked at), of every subject, hit or not."""
    whole = graded.made.level != PERSON
    run(
        SQL(
            "CREATE TEMPORARY TABLE raw_hit ON COMMIT DROP AS"
            " SELECT {}::varchar AS rule_id, household_id, {} AS person_id FROM {}"
        ).format(
            Literal(graded.rule.rule_id),
            SQL("NULL::bigint") if whole else SQL("person_id"),
            SQL("family") if whole else SQL("subject"),
        )
    )
    parts = []
    for name, measure in graded.made.from_feeds().items():
        statements = [(True, rows_of([graded.rule.rule_id], measure, frozen))]
        statements += [(False, _looked_at(measure, pick, frozen)) for pick in _picks(measure)]
        parts += [
            SQL(
                "SELECT {} AS measure, {}, q.* FROM ({}) q (rule, household, person, feed, id)"
            ).format(Literal(name), Literal(counts), statement)
            for counts, statement in statements
            if statement is not None
        ]
    found: tuple[Found, Found] = (defaultdict(dict), defaultdict(dict))
    for name, counts, _, _, person, feed, row in ask(SQL(" UNION ").join(parts)) if parts else []:
        found[not counts][person].setdefault(name, []).append((feed, row))
    return found


def _picks(measure: FromFeed) -> Iterator[Latest]:
    """The measure's latest (and earlier) row as a measure that any row of that place satisfies."""
    if isinstance(measure, Rows):
        return
    window = measure.window
    ways = [window.ago]
    if isinstance(measure, Change) and window.months is not None:
        ways.append(window.ago + window.months)
    for ago in ways:
        yield Latest(
            measure.feed,
            "latest",
            window.on,
            measure.where,
            (),
            Window(window.on, None, ago),
            measure.per,
            Members(),
        )


def _looked_at(measure: FromFeed, pick: Latest, frozen: Frozen) -> Composable:
    whose = SQL("person_id") if measure.per == PERSON else SQL("household_id")
    return SQL(
        "SELECT h.rule_id, h.household_id, h.person_id, {feed}, k.id"
        " FROM raw_hit h JOIN ({picked}) k ON k.{whose} = h.{whose}"
    ).format(
        feed=Literal(measure.feed),
        picked=picked_rows(pick, frozen, SQL("TRUE")),
        whose=whose,
    )
