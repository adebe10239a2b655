"""The screening engine: compiles rule definitions to set-based SQL and collects hits.

Each rule is one INSERT..SELECT into a temporary table `hit`. Names come from the feeds' models only
(quoted), values go as parameters; a definition carries no SQL. monitoring/actions/screenings.py
merges the hits into alerts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from psycopg2 import sql
from psycopg2.sql import SQL, Composable, Identifier, Literal

from monitoring.feeds import FEEDS
from monitoring.rules.definition import check_definition
from yizhou.refusals import Refusal

HIT_TABLE = """
DROP TABLE IF EXISTS pg_temp.hit;
CREATE TEMPORARY TABLE hit (
    rule_id varchar(20) NOT NULL,
    version_id bigint NOT NULL,
    feed varchar(40) NOT NULL,
    household_id bigint NOT NULL,
    person_id bigint,
    code varchar(20) COLLATE "C" NOT NULL,
    value numeric(14,2) NOT NULL,
    line numeric(14,2),
    line_label text NOT NULL,
    severity smallint NOT NULL,
    evidence bigint[] NOT NULL
) ON COMMIT DROP
"""


@dataclass(frozen=True, slots=True)
class FrozenRule:
    """A rule version as one run uses it."""

    rule_id: str
    version_id: int
    definition: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Frozen:
    """What one run fixed: the day, the moment of knowledge, rules and figures.

    `known_at` None means "what is current now"; a moment replays what was known then.
    """

    as_of: date
    known_at: datetime | None
    rules: Sequence[FrozenRule]
    thresholds: Mapping[str, Decimal]


def collect_hits(frozen: Frozen) -> int:
    """Fill the temporary table `hit` (dropped at commit). Returns the number of hits.

    Raises Refusal when a threshold named by a rule has no value on the day.
    """
    with connection.cursor() as cursor:
        cursor.execute(HIT_TABLE)
        for rule in frozen.rules:
            check_definition(rule.definition)
            cursor.execute(compile_rule(rule, frozen))
        cursor.execute("CREATE INDEX ON hit (household_id, rule_id); ANALYZE hit")
        cursor.execute("SELECT count(*) FROM hit")
        return int(cursor.fetchone()[0])


def compile_rule(rule: FrozenRule, frozen: Frozen) -> Composable:
    """One INSERT..SELECT for one rule."""
    d = rule.definition
    measured = _latest(d, frozen) if d["measure"]["op"] == "latest" else _grouped(d, frozen)
    line, label = _line(d, frozen)
    return SQL(
        """
        INSERT INTO hit
        WITH measured AS ({measured}), lined AS (
            SELECT m.*, h.code, {line} AS line, {label} AS line_label
            FROM measured m JOIN grid_household h ON h.id = m.household_id
            WHERE h.dissolved_on IS NULL
        ), graded AS (SELECT l.*, {severity} AS severity FROM lined l)
        SELECT {rule}, {version}, {feed}, household_id, person_id, code, value, line,
               line_label, severity, evidence
        FROM graded WHERE severity IS NOT NULL
        """
    ).format(
        measured=measured,
        line=line,
        label=label,
        severity=_severity(d, frozen),
        rule=Literal(rule.rule_id),
        version=Literal(rule.version_id),
        feed=Literal(d["feed"]),
    )


def _table(feed: str) -> Identifier:
    return Identifier(FEEDS[feed].model._meta.db_table)


def _column(d: Mapping[str, Any], name: str, alias: str = "r") -> Composable:
    field = FEEDS[d["feed"]].model._meta.get_field(name)
    return Identifier(alias, str(getattr(field, "column")))  # noqa: B009 - a column, checked before


def _known(frozen: Frozen, alias: str = "r") -> Composable:
    """Rows known at the moment of the run: the current versions, or those of a past moment."""
    superseded = Identifier(alias, "superseded_at")
    if frozen.known_at is None:
        return SQL("{} IS NULL").format(superseded)
    moment = Literal(frozen.known_at)
    return SQL("({received} <= {at} AND ({superseded} IS NULL OR {superseded} > {at}))").format(
        received=Identifier(alias, "received_at"), superseded=superseded, at=moment
    )


def _within(column: Composable, months: int, frozen: Frozen) -> Composable:
    """The last `months` months up to and including the as-of day."""
    return SQL("{column} > {day} - make_interval(months => {months}) AND {column} <= {day}").format(
        column=column, day=Literal(frozen.as_of), months=Literal(months)
    )


def _conditions(
    d: Mapping[str, Any], conditions: Sequence[Mapping[str, Any]], alias: str = "r"
) -> list[Composable]:
    parts = []
    for condition in conditions:
        column = _column(d, condition["column"], alias)
        if condition["op"] == "in":
            parts.append(SQL("{} = ANY({})").format(column, Literal(list(condition["value"]))))
        else:
            parts.append(
                SQL("{} {} {}").format(column, SQL(condition["op"]), Literal(condition["value"]))
            )
    return parts


def _people(d: Mapping[str, Any], frozen: Frozen) -> list[Composable]:
    """Living people of a household, of the asked age in completed years on the day."""
    parts: list[Composable] = [SQL("p.household_id IS NOT NULL"), SQL("p.died_on IS NULL")]
    if age := d.get("age"):
        day = Literal(frozen.as_of)
        parts.append(
            SQL("extract(year FROM age({}, p.born_on)) BETWEEN {} AND {}").format(
                day, Literal(age[0]), Literal(age[1])
            )
        )
    return parts


def _and(parts: Sequence[Composable]) -> Composable:
    return SQL(" AND ").join(parts)


def _grouped(d: Mapping[str, Any], frozen: Frozen) -> Composable:
    """sum, count, max over the window, by household or person."""
    op, window = d["measure"]["op"], d["window"]
    value = (
        SQL("count(*)")
        if op == "count"
        else SQL("{}({})").format(SQL(op), _column(d, d["measure"]["column"]))
    )
    person = SQL("p.id") if d["level"] == "person" else SQL("NULL::bigint")
    where = [
        _known(frozen),
        _within(_column(d, window["on"]), window["months"], frozen),
        *_conditions(d, d["where"]),
        *_people(d, frozen),
    ]
    # Below the lowest line no band can match: cut early, before lines are worked out.
    lowest = [_threshold(line["threshold"], frozen) for line in d.get("lines", [])]
    times = [Decimal(str(b["times"])) for b in d["bands"] if "times" in b]
    floor = (
        SQL("HAVING {} >= {}").format(value, Literal(min(lowest) * min(times)))
        if lowest and len(times) == len(d["bands"])
        else SQL("")
    )
    groups = SQL("p.household_id, p.id") if d["level"] == "person" else SQL("p.household_id")
    return SQL(
        """
        SELECT p.household_id, {person} AS person_id, {value}::numeric AS value,
               array_agg(r.id ORDER BY r.id) AS evidence
        FROM {table} r JOIN grid_person p ON p.id = r.person_id
        WHERE {where} GROUP BY {groups} {floor}
        """
    ).format(
        person=person,
        value=value,
        table=_table(d["feed"]),
        where=_and(where),
        groups=groups,
        floor=floor,
    )


def _latest(d: Mapping[str, Any], frozen: Frozen) -> Composable:
    """Each person's latest row, if it lies in the window and meets `after`."""
    window = d["window"]
    on = _column(d, window["on"])
    day = Literal(frozen.as_of)
    pick = [
        _known(frozen),
        SQL("{} <= {}").format(on, day),
        *_conditions(d, d["where"]),
        *_people(d, frozen),
    ]
    after = [
        _within(_column(d, window["on"], "k"), window["months"], frozen),
        *_conditions(d, d.get("after", []), "k"),
    ]
    if before := d.get("absent_before"):
        after.append(
            SQL(
                "NOT EXISTS (SELECT 1 FROM {table} e WHERE e.person_id = k.person_id AND {known}"
                " AND {on} <= {day} - make_interval(months => {months}) AND {conditions})"
            ).format(
                table=_table(d["feed"]),
                known=_known(frozen, "e"),
                on=_column(d, window["on"], "e"),
                day=day,
                months=Literal(window["months"]),
                conditions=_and(_conditions(d, before, "e")),
            )
        )
    return SQL(
        """
        SELECT k.household AS household_id, k.person_id, {value}::numeric AS value,
               ARRAY[k.id] AS evidence
        FROM (
            SELECT DISTINCT ON (r.person_id) r.*, p.household_id AS household
            FROM {table} r JOIN grid_person p ON p.id = r.person_id
            WHERE {pick} ORDER BY r.person_id, {on} DESC, r.id DESC
        ) k
        WHERE {after}
        """
    ).format(
        value=_column(d, d["measure"]["column"], "k"),
        table=_table(d["feed"]),
        pick=_and(pick),
        on=on,
        after=_and(after),
    )


def _line(d: Mapping[str, Any], frozen: Frozen) -> tuple[Composable, Composable]:
    """The figure to compare with, and what it is called, by class of household."""
    lines = d.get("lines", [])
    if not lines:
        return SQL("NULL::numeric"), SQL("''::text")
    *classes, rest = lines
    value = Literal(_threshold(rest["threshold"], frozen))
    label = Literal(rest.get("label", ""))
    if not classes:
        return value, label
    whens = [(_household_is(line["when"], frozen), line) for line in classes]
    figures = SQL(" ").join(
        SQL("WHEN {} THEN {}").format(when, Literal(_threshold(line["threshold"], frozen)))
        for when, line in whens
    )
    labels = SQL(" ").join(
        SQL("WHEN {} THEN {}").format(when, Literal(line.get("label", ""))) for when, line in whens
    )
    return (
        SQL("CASE {} ELSE {} END").format(figures, value),
        SQL("CASE {} ELSE {} END").format(labels, label),
    )


def _household_is(when: Mapping[str, Any], frozen: Frozen) -> Composable:
    """Any of: the household's kind is listed; a living member has a row of a feed in a window."""
    parts: list[Composable] = []
    if kinds := when.get("kinds"):
        parts.append(SQL("h.kind = ANY({})").format(Literal(list(kinds))))
    if receives := when.get("receives"):
        feed = {"feed": receives["feed"]}
        parts.append(
            SQL(
                "EXISTS (SELECT 1 FROM grid_person q JOIN {table} b ON b.person_id = q.id"
                " WHERE q.household_id = h.id AND {known} AND {window})"
            ).format(
                table=_table(receives["feed"]),
                known=_known(frozen, "b"),
                window=_within(_column(feed, receives["on"], "b"), receives["months"], frozen),
            )
        )
    return SQL("({})").format(SQL(" OR ").join(parts))


def _severity(d: Mapping[str, Any], frozen: Frozen) -> Composable:
    """The first band that matches, in the order written; NULL when none does."""
    whens: list[Composable] = []
    otherwise: Composable = SQL("NULL")
    for band in d["bands"]:
        grade = Literal(band["severity"])
        if "times" in band:
            test: Composable = SQL("l.value >= l.line * {}").format(Literal(band["times"]))
        elif "equals" in band:
            test = SQL("l.value = {}").format(Literal(band["equals"]))
        elif "at_least" in band:
            test = SQL("l.value >= {}").format(Literal(_threshold(band["at_least"], frozen)))
        else:
            otherwise = grade
            break
        whens.append(SQL("WHEN {} THEN {}").format(test, grade))
    if not whens:
        return otherwise
    return sql.SQL("CASE {} ELSE {} END").format(SQL(" ").join(whens), otherwise)


def _threshold(key: str, frozen: Frozen) -> Decimal:
    try:
        return frozen.thresholds[key]
    except KeyError:
        raise Refusal(
            f"{frozen.as_of} 没有标准线“{key}”。请先录入，再运行研判。", code="threshold_missing"
        ) from None
