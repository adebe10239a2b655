"""The same conditions in DuckDB: the engine's own statements in its dialect, over the same rows.

Recorded is the text of every statement of a screening; the columns it names are copied out of
PostgreSQL over two connections, read into memory, and the statements are run again there.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
from django.db import connection

from tests.bench.tables import ask

COPIES = 2  # connections that copy at the same time
LATERAL = re.compile(r"CROSS JOIN LATERAL \(SELECT ")
TABLE = re.compile(r'"?\b((?:monitoring|grid)_[a-z]+)\b"?')
SKIPPED = (
    "ANALYZE",
    "CREATE INDEX",
    "SET ",
    "SAVEPOINT",
    "RELEASE",
    "SELECT set_config",
    "COMMENT",
)
# PostgreSQL's spelling -> DuckDB's. numeric without digits becomes double: sums stay exact decimals
# until then. jsonb is only what the rows of evidence are kept in.
REPLACED: tuple[tuple[str, str], ...] = (
    (r"\s+ON COMMIT DROP", ""),
    (r"\bUNLOGGED TABLE", "TEMPORARY TABLE"),
    (r' COLLATE "C"', ""),
    (r"numeric\[\]", "double[]"),
    (r"::numeric\b(?!\()", "::double"),
    (r"<> ALL \(ARRAY\[([^\]]*)\]\)", r"NOT IN (\1)"),
    (r"= ANY \(ARRAY\[([^\]]*)\](?:::\w+(?:\[\])?)?\)", r"IN (\1)"),
    (r"jsonb_object_agg", "json_group_object"),
    (r"'\{\}'::jsonb", "'{}'::json"),
    (r"\bjsonb\b", "json"),
)


@dataclass(slots=True)
class Recorded:
    """Every statement of a screening in order, with what it took and how many rows it touched."""

    statements: list[tuple[str, float]] = field(default_factory=list)

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        began = time.perf_counter()
        answer = execute(sql, params, many, context)
        self.statements.append((sql, time.perf_counter() - began))
        return answer


@contextmanager
def recorded() -> Iterator[Recorded]:
    found = Recorded()
    with connection.execute_wrapper(found):
        yield found


# ---- the dialect ----


def translated(statement: str) -> list[str]:
    """The statement as DuckDB reads it; nothing for what it does not need."""
    text = statement.strip()
    if text.startswith(SKIPPED):
        return []
    if text.startswith("DROP TABLE"):
        names = text.removeprefix("DROP TABLE").removeprefix(" IF EXISTS").split(",")
        return [f"DROP TABLE IF EXISTS {name.strip()}" for name in names]
    text = _inlined(text)
    for pattern, other in REPLACED:
        text = re.sub(pattern, other, text)
    return [text]


def _inlined(text: str) -> str:
    """Measures that are named by LATERAL written out where they are used.

    DuckDB would make a join of each; it finds repeated expressions by itself.
    """
    while found := LATERAL.search(text):
        end = _closing(text, text.index("(", found.start()))
        expression = re.sub(r" AS v(?: OFFSET 0)?$", "", text[found.end() : end])
        name = re.match(r'\) ("[^"]+")', text[end:])
        assert name is not None, text[end : end + 60]
        text = text[: found.start()] + text[end + name.end() :]
        text = text.replace(f"{name[1]}.v", f"({expression})")
    return text


def _closing(text: str, opening: int) -> int:
    """Where the bracket that opens there is closed; brackets in quoted text do not count."""
    depth, quoted = 0, ""
    for place in range(opening, len(text)):
        letter = text[place]
        if quoted:
            quoted = "" if letter == quoted else quoted
        elif letter in "'\"":
            quoted = letter
        elif letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
            if depth == 0:
                return place
    raise ValueError(text[opening : opening + 80])


# ---- the rows ----


def columns_read(statements: Sequence[str]) -> dict[str, dict[str, str]]:
    """Tables the statements read, with the columns they name and their types."""
    named: dict[str, set[str]] = {}
    for text in statements:
        words = set(re.findall(r"[a-z_0-9]+", text))
        for table in set(TABLE.findall(text)):
            named.setdefault(table, set()).update(words)
    found = {}
    for table, words in named.items():
        rows = ask(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            [table],
        )
        found[table] = {name: _type(kind) for name, kind in rows if name in words}
    return found


def _type(kind: str) -> str:
    if kind.startswith("numeric"):
        return kind.replace("numeric", "DECIMAL")
    if kind.startswith("character"):
        return "VARCHAR"
    return {"timestamp with time zone": "TIMESTAMPTZ"}.get(kind, kind.upper())


class Duck:
    """A DuckDB in memory with the tables that some statements read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.db = duckdb.connect()
        self.db.execute("SET TimeZone = 'UTC'")
        folder.mkdir(parents=True, exist_ok=True)

    def load(self, tables: dict[str, dict[str, str]]) -> float:
        """Copy the columns out and read them in, big tables first; MB of the files."""
        size = 0.0
        sizes = dict(ask("SELECT relname::text, relpages FROM pg_class WHERE relkind = 'r'"))
        order = sorted(tables, key=lambda t: -sizes.get(t, 0))
        with ThreadPoolExecutor(COPIES) as pool:
            waiting = {pool.submit(self._copy, t, list(tables[t])): t for t in order}
            for done in as_completed(waiting):
                table, path = waiting[done], done.result()
                size += path.stat().st_size / 1024 / 1024
                listed = ", ".join(f"'{n}': '{kind}'" for n, kind in tables[table].items())
                self.db.execute(
                    f"CREATE TABLE {table} AS SELECT * FROM read_csv('{path}', header = false,"
                    f" delim = ',', quote = '\"', escape = '\"', nullstr = '',"
                    f" allow_quoted_nulls = false, columns = {{{listed}}})"
                )
                path.unlink()
        return size

    def _copy(self, table: str, columns: list[str]) -> Path:
        path = self.folder / f"{table}.csv"
        with (
            psycopg2.connect(**_address()) as db,
            db.cursor() as cursor,
            path.open("wb") as file,
        ):
            cursor.copy_expert(
                f"COPY (SELECT {', '.join(columns)} FROM {table}) TO STDOUT (FORMAT csv)", file
            )
        db.close()
        return path

    def run(self, statements: Sequence[str], say: Callable[[str], None]) -> list[tuple[str, float]]:
        """All statements in order; (statement, seconds). Raises duckdb.Error with the text."""
        took = []
        for statement in statements:
            for text in translated(statement):
                began = time.perf_counter()
                try:
                    self.db.execute(text)
                except duckdb.Error:
                    say(f"DuckDB: {text[:4000]}")
                    raise
                took.append((text, time.perf_counter() - began))
        return took

    def hits(self) -> set[tuple[Any, ...]]:
        rows = self.db.execute("SELECT rule_id, household_id, person_id, severity FROM hit")
        return set(rows.fetchall())


def _address() -> dict[str, Any]:
    """What opens another connection to the same database."""
    given = connection.get_connection_params()
    wanted = ("dbname", "user", "password", "host", "port", "options")
    return {key: given[key] for key in wanted if given.get(key)}
