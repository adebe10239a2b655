"""Conditions as SQL: rows known at a moment, windows, cells, people. Names come from the feeds'
models only (quoted), values go as literals; a definition carries no SQL.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta
from psycopg2.sql import SQL, Composable, Identifier, Literal

from monitoring.engine.frozen import Frozen
from monitoring.feeds import FEEDS
from monitoring.rules.language import Cond, Members, Window

TRUE = SQL("TRUE")


def conjunction(parts: Sequence[Composable]) -> Composable:
    return SQL(" AND ").join(parts) if parts else TRUE


def disjunction(parts: Sequence[Composable]) -> Composable:
    return SQL(" OR ").join(SQL("({})").format(part) for part in parts)


def table_of(feed: str) -> Identifier:
    return Identifier(FEEDS[feed].model._meta.db_table)


def column_of(feed: str, name: str, alias: str = "r") -> Composable:
    field: Any = FEEDS[feed].model._meta.get_field(name)
    return Identifier(alias, field.column)


def standing(frozen: Frozen) -> Composable:
    """Row `r` is the version that stood at the moment of the run."""
    at, not_yet = Literal(frozen.known_at), _not_yet(frozen)
    if not_yet is None:
        return SQL(
            "r.received_at <= {at} AND (r.superseded_at IS NULL OR r.superseded_at > {at})"
        ).format(at=at)
    return SQL(
        "r.received_at <= {at} AND r.upload_id <> ALL ({not_yet}) AND (r.superseded_at IS NULL"
        " OR r.superseded_at > {at} OR r.superseded_by_id = ANY ({not_yet}))"
    ).format(at=at, not_yet=not_yet)


def known(frozen: Frozen) -> Composable:
    """Row `r` had been received by the moment of the run, superseded since or not, and its batch
    was not taken back.
    """
    at, not_yet = Literal(frozen.known_at), _not_yet(frozen)
    parts = [
        SQL("r.received_at <= {}").format(at),
        SQL(
            "(r.superseded_by_id IS NULL OR r.superseded_by_id <> r.upload_id"
            " OR r.superseded_at > {})"
        ).format(at),
    ]
    if not_yet is not None:
        parts.append(SQL("r.upload_id <> ALL ({})").format(not_yet))
    return conjunction(parts)


def _not_yet(frozen: Frozen) -> Composable | None:
    if not frozen.not_yet:
        return None
    return SQL("{}::uuid[]").format(Literal([str(pk) for pk in frozen.not_yet]))


def back(day: date, *, months: int = 0, years: int = 0) -> date:
    """The same day that many months earlier, or the last day of that month."""
    return day - relativedelta(months=months, years=years)


def last_day(window: Window, frozen: Frozen) -> date:
    return back(frozen.as_of, months=window.ago)


def first_out(window: Window, frozen: Frozen) -> date | None:
    """The day before the window's first."""
    if window.months is None:
        return None
    return back(frozen.as_of, months=window.ago + window.months)


def within(column: Composable, window: Window, frozen: Frozen) -> Composable:
    parts = [SQL("{} <= {}").format(column, Literal(last_day(window, frozen)))]
    if (first := first_out(window, frozen)) is not None:
        parts.append(SQL("{} > {}").format(column, Literal(first)))
    return conjunction(parts)


def cells(
    feed: str, conditions: Sequence[Cond], frozen: Frozen, alias: str = "r"
) -> list[Composable]:
    return [_cell(feed, condition, frozen, alias) for condition in conditions]


def _cell(feed: str, cond: Cond, frozen: Frozen, alias: str) -> Composable:
    column = column_of(feed, cond.column, alias)
    if cond.kind == "none":
        field: Any = FEEDS[feed].model._meta.get_field(cond.column)
        blank = (
            SQL(" OR {} = ''").format(column)
            if field.get_internal_type() == "CharField"
            else SQL("")
        )
        empty = SQL("({} IS NULL{})").format(column, blank)
        return empty if cond.op == "empty" else SQL("NOT {}").format(empty)
    operand: Composable
    if cond.kind == "values":
        return SQL("{} = ANY ({})").format(column, Literal(list(cond.operand)))
    if cond.kind == "threshold":
        operand = Literal(frozen.figure(cond.operand))
    elif cond.kind == "days":
        operand = Literal(frozen.as_of + timedelta(days=cond.operand))
    elif cond.kind == "than":
        operand = column_of(feed, cond.operand, alias)
    elif cond.kind == "year":
        operand = Literal(frozen.as_of.year + cond.operand)
    else:
        operand = Literal(cond.operand)
    if cond.op == "not_before":
        return SQL("({0} IS NULL OR {0} >= {1})").format(column, operand)
    return SQL("{} {} {}").format(column, SQL(cond.op), operand)


def people(members: Members, frozen: Frozen, alias: str = "s") -> list[Composable]:
    """Conditions on a row of the subjects."""
    parts: list[Composable] = []
    if members.age is not None:
        least, most = members.age
        parts.append(
            SQL("{born} <= {latest} AND {born} > {earliest}").format(
                born=Identifier(alias, "born_on"),
                latest=Literal(back(frozen.as_of, years=least)),
                earliest=Literal(back(frozen.as_of, years=most + 1)),
            )
        )
    if members.sex is not None:
        parts.append(SQL("{} = {}").format(Identifier(alias, "sex"), Literal(members.sex)))
    for name, wanted in (("labour", members.labour), ("health", members.health)):
        if wanted is not None:
            parts.append(
                SQL("{} = ANY ({})").format(Identifier(alias, name), Literal(list(wanted)))
            )
    if members.head is not None:
        parts.append(SQL("{} = {}").format(Identifier(alias, "is_head"), Literal(members.head)))
    return parts
