"""The registry as it was known at any moment: SQL for screening runs that are repeated.

What a row says was known since its `entered_at`; what it said before lies in PersonPast and
HouseholdPast, each from `entered_at` until just before `until_at`.
"""

from datetime import datetime

from psycopg2 import sql

PEOPLE = ("household_id", "born_on", "died_on", "sex", "labour", "health", "code")
HOUSEHOLDS = ("kind", "code", "head_id", "size", "dissolved_on")
AS_KNOWN = sql.SQL(
    "(SELECT id, {columns} FROM {table} WHERE entered_at <= {moment}"
    " UNION ALL SELECT {key}, {columns} FROM {past}"
    " WHERE entered_at <= {moment} AND until_at > {moment})"
)


def people_at(moment: datetime | None) -> sql.Composable:
    """In place of a table: id and PEOPLE of everybody known at that moment (aware).

    None gives the table itself, what is known now.
    """
    return _known_at(moment, "grid_person", "person_id", PEOPLE)


def households_at(moment: datetime | None) -> sql.Composable:
    """In place of a table: id and HOUSEHOLDS of every household known at that moment (aware).

    None gives the table itself, what is known now.
    """
    return _known_at(moment, "grid_household", "household_id", HOUSEHOLDS)


def _known_at(
    moment: datetime | None, table: str, key: str, columns: tuple[str, ...]
) -> sql.Composable:
    if moment is None:
        return sql.Identifier(table)
    return AS_KNOWN.format(
        table=sql.Identifier(table),
        past=sql.Identifier(f"{table}past"),
        key=sql.Identifier(key),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        moment=sql.Literal(moment),
    )
