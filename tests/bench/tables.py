"""Statements on the bench's database, and tables stripped while much is put into them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection


def run(statement: str, args: Sequence[Any] | None = None) -> int:
    """How many rows the statement touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, args or None)
        return int(cursor.rowcount)


def ask(statement: str, args: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, args or None)
        return list(cursor.fetchall())


@contextmanager
def bare(table: str) -> Iterator[None]:
    """The table without indexes and foreign keys, inside the caller's transaction.

    Both are made again at the end, with statistics; the keys check every row then.
    """
    indexes = ask(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s"
        " AND indexname NOT LIKE '%%_pkey'",
        [table],
    )
    foreign = ask(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = %s::regclass AND contype = 'f'",
        [table],
    )
    for name, _ in indexes:
        run(f"DROP INDEX {name}")
    for name, _ in foreign:
        run(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    yield
    run("SET LOCAL maintenance_work_mem = '512MB'")
    for _, definition in indexes:
        run(definition)
    for name, definition in foreign:
        run(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    run(f"ANALYZE {table}")
