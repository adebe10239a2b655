"""The staging table of one upload: typed rows in by COPY, set-based checks, rows out by merging.

Unlogged, named after the upload and the attempt, so that a worker that lost its lease writes into
a table that is gone instead of into its successor's. A crash of the database empties it; merging
counts before it trusts.
"""

import io
from typing import Any

from django.db import connection
from psycopg2 import sql

from monitoring.feeds import Feed
from monitoring.intake.contract import contract_of
from monitoring.models import Upload, UploadFault

PREFIX = "staging_"
FAULTS = UploadFault._meta.db_table
FAULT_COLUMNS = (
    "upload_id",
    "row_number",
    "column",
    "code",
    "seen",
    "problem",
    "fix",
    "is_duplicate",
)
LISTED_PER_CHECK = 50_000


class Staging:
    """One staging table. `contract` is the feed's columns as plain data."""

    def __init__(self, upload: Upload, feed: Feed, table: str) -> None:
        self.upload, self.feed, self.name = upload, feed, table
        self.contract = {column["name"]: column for column in contract_of(feed)}
        self.data = [name for name in feed.contract if name != "id_number"]
        self.key = ["id_digest" if n == "id_number" else n for n in feed.natural_key]

    @classmethod
    def create(cls, upload: Upload, feed: Feed) -> "Staging":
        """A new empty table for this attempt; those of earlier attempts go."""
        drop_staging(upload)
        staging = cls(upload, feed, f"{PREFIX}{upload.pk.hex}_{upload.attempt}")
        columns = [
            sql.SQL("{} {} NOT NULL").format(sql.Identifier(name), sql.SQL(staging.type_of(name)))
            for name in staging.data
        ]
        staging.run(
            "CREATE UNLOGGED TABLE {table} (row_number integer NOT NULL, id_digest bytea NOT NULL,"
            " id_tail varchar(4) NOT NULL, content_hash bytea NOT NULL, {columns})"
            " WITH (autovacuum_enabled = off)",
            columns=sql.SQL(", ").join(columns),
        )
        return staging

    @classmethod
    def find(cls, upload: Upload, feed: Feed) -> "Staging | None":
        names = _tables(f"{PREFIX}{upload.pk.hex}")
        return cls(upload, feed, names[-1]) if names else None

    def type_of(self, name: str) -> str:
        field = self.feed.model._meta.get_field(name)
        return str(field.db_type(connection))

    def run(self, text: str, args: Any = None, **parts: sql.Composable) -> int:
        """Run one statement with {table} filled in; how many rows it touched."""
        with connection.cursor() as cursor:
            statement = sql.SQL(text).format(table=sql.Identifier(self.name), **parts)
            cursor.execute(statement.as_string(cursor.cursor), args)
            return int(cursor.rowcount)

    def ask(self, text: str, args: Any = None, **parts: sql.Composable) -> tuple[Any, ...]:
        """The one row a question is answered with."""
        with connection.cursor() as cursor:
            statement = sql.SQL(text).format(table=sql.Identifier(self.name), **parts)
            cursor.execute(statement.as_string(cursor.cursor), args)
            return tuple(cursor.fetchone())

    def copy_in(self, lines: list[bytes]) -> None:
        """Append rows in COPY's text form: row number, digest, tail, hash, data columns."""
        names = ("row_number", "id_digest", "id_tail", "content_hash", *self.data)
        _copy(self.name, names, lines)

    def count(self) -> int:
        return int(self.ask("SELECT count(*) FROM {table}")[0])

    def analyze(self) -> None:
        self.run("ANALYZE {table}")

    def drop(self) -> None:
        self.run("DROP TABLE IF EXISTS {table}")

    # ---- checks across columns ----

    def run_checks(self) -> int:
        """Write a fault for every row that breaks a check of the feed, and take those rows out."""
        checks = self.feed.checks
        if not checks:
            return 0
        broken = [sql.SQL(f"({check.condition}) IS NOT TRUE") for check in checks]
        counts = self.ask(
            "SELECT {counts} FROM {table} s",
            counts=sql.SQL(", ").join(
                sql.SQL("count(*) FILTER (WHERE {})").format(one) for one in broken
            ),
        )
        if not any(counts):
            return 0
        for check, condition, count in zip(checks, broken, counts, strict=True):
            if count:
                self.run(
                    "INSERT INTO {faults} ({fault_columns})"
                    " SELECT %s, s.row_number, %s, %s, left({seen}, 120), %s, %s, false"
                    " FROM {table} s WHERE {condition} ORDER BY s.row_number LIMIT %s",
                    [
                        self.upload.pk,
                        self.feed.header(check.column),
                        check.code,
                        check.problem,
                        check.fix,
                        LISTED_PER_CHECK,
                    ],
                    seen=self.shown(check.column),
                    condition=condition,
                    **FAULT_PARTS,
                )
        return self.run("DELETE FROM {table} s WHERE {any}", any=sql.SQL(" OR ").join(broken))

    def shown(self, name: str) -> sql.Composable:
        """SQL text of what the sender wrote in a column: labels for choices, a mask for numbers."""
        if name == "id_number":
            return sql.SQL("'**************' || s.id_tail")
        column = self.contract[name]
        value = sql.SQL("s.{}::text").format(sql.Identifier(name))
        if column["kind"] != "choice":
            return value
        field: Any = self.feed.model._meta.get_field(name)
        cases = [
            sql.SQL("WHEN {} THEN {}").format(sql.Literal(str(stored)), sql.Literal(str(label)))
            for stored, label in field.choices
        ]
        return sql.SQL("CASE {} {} END").format(value, sql.SQL(" ").join(cases))

    # ---- duplicates within the file ----

    def take_out_duplicates(self) -> int:
        """Keep the first row of every natural key; name the first row's number in the others."""
        key = sql.SQL(", ").join(map(sql.Identifier, self.key))
        titles = "、".join(self.feed.header(name) for name in self.feed.natural_key)
        named = next((n for n in self.feed.natural_key if n != "id_number"), "id_number")
        later = sql.SQL(
            "SELECT * FROM (SELECT s.*, row_number() OVER w AS nth,"
            " first_value(s.row_number) OVER w AS first_row,"
            " first_value(s.content_hash) OVER w AS first_hash"
            " FROM {table} s WINDOW w AS (PARTITION BY {key} ORDER BY s.row_number)) r"
            " WHERE r.nth > 1"
        ).format(table=sql.Identifier(self.name), key=key)
        self.run(
            "INSERT INTO {faults} ({fault_columns})"
            " SELECT %s, s.row_number, %s,"
            " CASE WHEN s.content_hash = s.first_hash THEN 'same_row' ELSE 'same_key' END,"
            " left({seen}, 120),"
            " CASE WHEN s.content_hash = s.first_hash"
            " THEN '与第 ' || s.first_row || ' 行完全相同'"
            " ELSE '与第 ' || s.first_row || ' 行的' || %s || '相同，其他内容不同' END,"
            " CASE WHEN s.content_hash = s.first_hash"
            " THEN '已只取第一行，不用处理。'"
            " ELSE '只取了第一行。请核对哪一行正确，只报正确的那一行。' END, true"
            " FROM ({later}) s ORDER BY s.row_number LIMIT %s",
            [self.upload.pk, self.feed.header(named), titles, LISTED_PER_CHECK],
            seen=self.shown(named),
            later=later,
            **FAULT_PARTS,
        )
        return self.run(
            "DELETE FROM {table} d USING ({later}) l WHERE d.row_number = l.row_number",
            later=later,
        )

    def count_unmatched(self) -> int:
        """Rows whose identity number belongs to nobody in the registry."""
        return int(
            self.ask(
                "SELECT count(*) FROM {table} s WHERE NOT EXISTS"
                " (SELECT 1 FROM grid_person p WHERE p.id_digest = s.id_digest)"
            )[0]
        )


FAULT_PARTS: dict[str, sql.Composable] = {
    "faults": sql.Identifier(FAULTS),
    "fault_columns": sql.SQL(", ").join(map(sql.Identifier, FAULT_COLUMNS)),
}


def copy_faults(upload: Upload, lines: list[bytes]) -> None:
    """Lines of the child process (row number to fix) become faults of the upload."""
    key = str(upload.pk).encode()
    _copy(FAULTS, FAULT_COLUMNS, [b"%b\t%b\tf\n" % (key, line) for line in lines])


def _copy(table: str, columns: tuple[str, ...], lines: list[bytes]) -> None:
    if not lines:
        return
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor:
        cursor.copy_expert(statement.as_string(cursor.cursor), io.BytesIO(b"".join(lines)))


def drop_staging(upload: Upload) -> None:
    """Remove what any attempt of this upload left behind."""
    _drop(_tables(f"{PREFIX}{upload.pk.hex}"))


def drop_forgotten() -> None:
    """Remove staging tables whose upload no longer needs them."""
    needed = {
        f"{PREFIX}{pk.hex}"
        for pk in Upload.objects.filter(
            stage__in=[Upload.Stage.CHECKING, Upload.Stage.DECIDING, Upload.Stage.MERGING]
        ).values_list("pk", flat=True)
    }
    _drop([name for name in _tables(PREFIX) if name.rpartition("_")[0] not in needed])


def _tables(prefix: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
            " AND starts_with(tablename, %s) ORDER BY tablename",
            [prefix],
        )
        return [row[0] for row in cursor.fetchall()]


def _drop(names: list[str]) -> None:
    with connection.cursor() as cursor:
        for name in names:
            statement = sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(name))
            cursor.execute(statement.as_string(cursor.cursor))
