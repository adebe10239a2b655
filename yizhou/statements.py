"""SQL put together with psycopg2.sql, run under Django's cursor, which takes plain text."""

from collections.abc import Iterable
from typing import Any, Protocol

from django.db import connection
from psycopg2 import sql


class Readable(Protocol):
    """What COPY draws from."""

    def read(self, size: int = -1, /) -> bytes: ...


def run(statement: sql.Composable, args: Any = None) -> int:
    """How many rows the statement touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement.as_string(cursor.cursor), args)
        return int(cursor.rowcount)


def text_of(statement: sql.Composable) -> str:
    """The statement as the database will read it."""
    with connection.cursor() as cursor:
        return str(statement.as_string(cursor.cursor))


def ask(statement: sql.Composable, args: Any = None) -> list[tuple[Any, ...]]:
    """All rows of the answer."""
    with connection.cursor() as cursor:
        cursor.execute(statement.as_string(cursor.cursor), args)
        return list(cursor.fetchall())


def copy_in(table: str, columns: Iterable[str], lines: Readable) -> None:
    """Append rows in COPY's text form."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor:
        cursor.copy_expert(statement.as_string(cursor.cursor), lines)
