"""COPY into tables whose guards are set aside for one transaction and put back at its end.

COPY is not allowed under row-level security, and row-by-row guards and indexes would cost more than
the rows. Everything happens in the caller's transaction: a crash in the middle leaves nothing.
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

# The table's name is interpolated where SQL takes no parameter; callers pass constants.
GUARDS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = %s::regclass AND contype IN ('f', 'x', 'u') ORDER BY contype DESC, conname
"""
INDEXES = """
SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = %s::regclass
  AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)
ORDER BY c.relname
"""


@dataclass(slots=True)
class _Table:
    name: str
    is_walled: bool
    guards: list[tuple[str, str]] = field(default_factory=list)
    indexes: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def unguarded(cursor: Any, tables: Sequence[str]) -> Iterator[None]:
    """Within the block the tables have no secondary indexes, foreign keys, triggers or wall."""
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # ALTER TABLE refuses while triggers wait
    held = [_set_aside(cursor, name) for name in tables]
    yield
    for table in held:
        for _, definition in table.indexes:
            cursor.execute(definition)
    for table in held:
        for name, definition in table.guards:
            cursor.execute(f'ALTER TABLE {table.name} ADD CONSTRAINT "{name}" {definition}')
    for table in held:
        cursor.execute(f"ALTER TABLE {table.name} ENABLE TRIGGER USER")
        if table.is_walled:
            cursor.execute(f"ALTER TABLE {table.name} FORCE ROW LEVEL SECURITY")


def _set_aside(cursor: Any, name: str) -> _Table:
    cursor.execute(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE")
    cursor.execute("SELECT relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", [name])
    table = _Table(name, is_walled=cursor.fetchone()[0])
    cursor.execute(GUARDS, [name])
    table.guards = cursor.fetchall()
    cursor.execute(INDEXES, [name])
    table.indexes = cursor.fetchall()
    for guard, _ in table.guards:
        cursor.execute(f'ALTER TABLE {name} DROP CONSTRAINT "{guard}"')
    for index, _ in table.indexes:
        cursor.execute(f'DROP INDEX "{index}"')
    cursor.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")
    if table.is_walled:
        cursor.execute(f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY")
    return table


def reserve(cursor: Any, table: str, count: int) -> int:
    """Take `count` ids from the table's sequence; the first of them."""
    sequence = "pg_get_serial_sequence(%s, 'id')"
    cursor.execute(f"SELECT nextval({sequence})", [table])
    first = int(cursor.fetchone()[0])
    if count > 1:
        cursor.execute(f"SELECT setval({sequence}, %s)", [table, first + count - 1])
    return first


def copy(cursor: Any, table: str, columns: str, lines: list[str]) -> None:
    """COPY tab-separated `lines` (each ending in a newline) into the named columns."""
    cursor.cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", io.StringIO("".join(lines)))


def as_bytea(value: bytes) -> str:
    """Bytes as COPY's text form."""
    return f"\\\\x{value.hex()}"
