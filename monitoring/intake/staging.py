"""The staging table of one upload: typed rows in by COPY, one pass that checks, matches and finds
duplicates, rows out by merging.

Unlogged, named after the upload and the attempt, so that a worker that lost its lease writes into
a table that is gone instead of into its successor's. A crash of the database empties it; merging
counts before it trusts.
"""

import io
from typing import Any, NamedTuple

from django.db import connection
from psycopg2 import sql

from monitoring.feeds import Feed
from monitoring.intake.contract import contract_of
from monitoring.models import Upload, UploadFault
from yizhou import statements

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


class Sorted(NamedTuple):
    """Rows of one batch after the pass over all of them."""

    good: int
    broken: int
    duplicate: int
    unmatched: int
    renamed: int


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
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(staging.type_of(name)))
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
        field: Any = self.feed.model._meta.get_field(name)
        return f"{field.db_type(connection)}{'' if field.null else ' NOT NULL'}"

    def run(self, text: str, args: Any = None, **parts: sql.Composable) -> int:
        """Run one statement with {table} filled in; how many rows it touched."""
        return statements.run(self._composed(text, parts), args)

    def ask(self, text: str, args: Any = None, **parts: sql.Composable) -> tuple[Any, ...]:
        """The one row a question is answered with."""
        return statements.ask(self._composed(text, parts), args)[0]

    def _composed(self, text: str, parts: dict[str, sql.Composable]) -> sql.Composable:
        return sql.SQL(text).format(table=sql.Identifier(self.name), **parts)

    def copy_in(self, lines: statements.Readable) -> None:
        """Append rows in COPY's text form: row number, digest, tail, hash, data columns.

        One COPY runs while `lines` is still being filled: the database works beside the reader.
        """
        names = ("row_number", "id_digest", "id_tail", "content_hash", *self.data)
        statements.copy_in(self.name, names, lines)

    def count_good(self) -> int:
        return int(self.ask("SELECT count(*) FROM {table} WHERE fault = 0")[0])

    def drop(self) -> None:
        self.run("DROP TABLE IF EXISTS {table}")

    # ---- one pass over all rows ----

    def sort_out(self) -> Sorted:
        """Rewrite the table in the order of the natural key, every row with its person and its
        fault: 0 good, n > 0 breaks check n, -1 repeats an earlier row's key.
        """
        cases = sql.SQL(" ").join(
            sql.SQL(f"WHEN ({check.condition}) IS NOT TRUE THEN {n}")
            for n, check in enumerate(self.feed.checks, start=1)
        )
        broken = sql.SQL("CASE {} ELSE 0 END").format(cases) if self.feed.checks else sql.SQL("0")
        self.run("SET LOCAL work_mem = '128MB'")
        self.run(
            "CREATE UNLOGGED TABLE {sorted} WITH (autovacuum_enabled = off) AS"
            " SELECT row_number, id_digest, id_tail, content_hash, {data}, person_id, renamed,"
            " first_row, content_hash = first_hash AS same_row,"
            " CASE WHEN broken > 0 THEN broken WHEN nth > 1 THEN -1 ELSE 0 END AS fault"
            " FROM (SELECT s.*, p.id AS person_id, p.name <> s.person_name AS renamed,"
            " row_number() OVER w AS nth, first_value(s.row_number) OVER w AS first_row,"
            " first_value(s.content_hash) OVER w AS first_hash"
            " FROM (SELECT s.*, {broken} AS broken FROM {table} s) s"
            " LEFT JOIN grid_person p ON p.id_digest = s.id_digest"
            " WINDOW w AS (PARTITION BY {key}, s.broken ORDER BY s.row_number)) s",
            sorted=sql.Identifier(f"{self.name}_s"),
            data=sql.SQL(", ").join(map(sql.Identifier, self.data)),
            broken=broken,
            key=sql.SQL(", ").join(sql.SQL("s.{}").format(sql.Identifier(k)) for k in self.key),
        )
        self.run("DROP TABLE {table}")
        self.run("ALTER TABLE {sorted} RENAME TO {table}", sorted=sql.Identifier(f"{self.name}_s"))
        self.run("ANALYZE {table}")
        good, broken_rows, duplicate, unmatched, renamed = self.ask(
            "SELECT count(*) FILTER (WHERE fault = 0), count(*) FILTER (WHERE fault > 0),"
            " count(*) FILTER (WHERE fault < 0),"
            " count(*) FILTER (WHERE fault = 0 AND person_id IS NULL),"
            " count(*) FILTER (WHERE fault = 0 AND renamed) FROM {table}"
        )
        if broken_rows:
            self._tell_broken()
        if duplicate:
            self._tell_duplicates()
        return Sorted(good, broken_rows, duplicate, unmatched, renamed)

    def renamed_rows(self, most: int) -> list[int]:
        """Numbers of rows whose name is not the registry's."""
        return list(
            self.ask(
                "SELECT array_agg(row_number) FROM (SELECT row_number FROM {table}"
                " WHERE fault = 0 AND renamed ORDER BY row_number LIMIT %s) r",
                [most],
            )[0]
            or []
        )

    def all_zero(self, names: list[str]) -> bool:
        """Whether these columns say zero in every good row; nothing said at all is not zero."""
        columns = [sql.SQL("s.{}").format(sql.Identifier(name)) for name in names]
        said, not_zero = self.ask(
            "SELECT EXISTS (SELECT 1 FROM {table} s WHERE s.fault = 0"
            " AND coalesce({columns}) IS NOT NULL), EXISTS (SELECT 1 FROM {table} s"
            " WHERE s.fault = 0 AND ({any_amount}))",
            columns=sql.SQL(", ").join(columns),
            any_amount=sql.SQL(" OR ").join(sql.SQL("{} <> 0").format(c) for c in columns),
        )
        return bool(said) and not not_zero

    def _tell_broken(self) -> None:
        """A fault for every check that a row breaks."""
        for check in self.feed.checks:
            self.run(
                "INSERT INTO {faults} ({fault_columns})"
                " SELECT %s, s.row_number, %s, %s, left({seen}, 120), %s, %s, false"
                " FROM {table} s WHERE s.fault > 0 AND ({condition}) IS NOT TRUE"
                " ORDER BY s.row_number LIMIT %s",
                [
                    self.upload.pk,
                    self.feed.header(check.column),
                    check.code,
                    check.problem,
                    check.fix,
                    LISTED_PER_CHECK,
                ],
                seen=self.shown(check.column),
                condition=sql.SQL(check.condition),
                **FAULT_PARTS,
            )

    def shown(self, name: str) -> sql.Composable:
        """SQL text of what the sender wrote in a column: labels for choices, a mask for numbers."""
        if name == "id_number":
            return sql.SQL("'**************' || s.id_tail")
        column = self.contract[name]
        value = sql.SQL("coalesce(s.{}::text, '')").format(sql.Identifier(name))
        if column["kind"] != "choice":
            return value
        field: Any = self.feed.model._meta.get_field(name)
        cases = [
            sql.SQL("WHEN {} THEN {}").format(sql.Literal(str(stored)), sql.Literal(str(label)))
            for stored, label in field.choices
        ]
        return sql.SQL("CASE {} {} END").format(value, sql.SQL(" ").join(cases))

    def _tell_duplicates(self) -> None:
        """The first row of every natural key is kept; the others name the first one's number."""
        titles = "、".join(self.feed.header(name) for name in self.feed.natural_key)
        named = next((n for n in self.feed.natural_key if n != "id_number"), "id_number")
        self.run(
            "INSERT INTO {faults} ({fault_columns})"
            " SELECT %s, s.row_number, %s,"
            " CASE WHEN s.same_row THEN 'same_row' ELSE 'same_key' END, left({seen}, 120),"
            " CASE WHEN s.same_row THEN '与第 ' || s.first_row || ' 行完全相同'"
            " ELSE '与第 ' || s.first_row || ' 行的' || %s || '相同，其他内容不同' END,"
            " CASE WHEN s.same_row THEN '已只取第一行，不用处理。'"
            " ELSE '只取了第一行。请核对哪一行正确，只报正确的那一行。' END, true"
            " FROM {table} s WHERE s.fault < 0 ORDER BY s.row_number LIMIT %s",
            [self.upload.pk, self.feed.header(named), titles, LISTED_PER_CHECK],
            seen=self.shown(named),
            **FAULT_PARTS,
        )

    # ---- what the faulty rows cost ----

    def households_missed(self, lost: list[bytes]) -> int:
        """Households of which a faulty row tells, and no good row of this batch does.

        `lost`: COPY lines of digest, name and day of birth (the latter two for a bad number: a
        person of that name and birthday is meant, when there is exactly one).
        """
        self.run(
            "CREATE TEMP TABLE lost_rows (id_digest bytea, name text, born_on date) ON COMMIT DROP"
        )
        columns = ("id_digest", "name", "born_on")
        statements.copy_in("lost_rows", columns, io.BytesIO(b"".join(lost)))
        found = self.ask(
            "WITH meant AS ("
            " SELECT p.household_id FROM lost_rows l JOIN grid_person p USING (id_digest)"
            " UNION SELECT min(p.household_id) FROM lost_rows l JOIN grid_person p"
            " ON p.name = l.name AND p.born_on = l.born_on WHERE l.id_digest IS NULL"
            " GROUP BY l.name, l.born_on HAVING count(DISTINCT p.id) = 1"
            " UNION SELECT p.household_id FROM {table} s JOIN grid_person p ON p.id = s.person_id"
            " WHERE s.fault > 0)"
            " SELECT count(*) FROM (SELECT household_id FROM meant WHERE household_id IS NOT NULL"
            " EXCEPT SELECT p.household_id FROM {table} s JOIN grid_person p ON p.id = s.person_id"
            " WHERE s.fault = 0 AND p.household_id IN (SELECT household_id FROM meant)) m"
        )
        self.run("DROP TABLE lost_rows")
        return int(found[0])


FAULT_PARTS: dict[str, sql.Composable] = {
    "faults": sql.Identifier(FAULTS),
    "fault_columns": sql.SQL(", ").join(map(sql.Identifier, FAULT_COLUMNS)),
}


def copy_faults(upload: Upload, lines: list[bytes]) -> None:
    """Lines of the child process (row number to fix) become faults of the upload."""
    if lines:
        key = str(upload.pk).encode()
        content = b"".join(b"%b\t%b\tf\n" % (key, line) for line in lines)
        statements.copy_in(FAULTS, FAULT_COLUMNS, io.BytesIO(content))


def drop_staging(upload: Upload) -> None:
    """Remove what any attempt of this upload left behind."""
    _drop(_tables(f"{PREFIX}{upload.pk.hex}"))


def drop_forgotten() -> None:
    """Remove staging tables whose upload no longer needs them."""
    needed = {
        f"{PREFIX}{pk.hex}"
        for pk in Upload.objects.filter(
            stage__in=[
                Upload.Stage.CHECKING,
                Upload.Stage.DECIDING,
                Upload.Stage.HELD,
                Upload.Stage.MERGING,
            ]
        ).values_list("pk", flat=True)
    }
    _drop([name for name in _tables(PREFIX) if name.rpartition("_")[0] not in needed])


def _tables(prefix: str) -> list[str]:
    query = sql.SQL(
        "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        " AND starts_with(tablename, %s) ORDER BY tablename"
    )
    return [name for (name,) in statements.ask(query, [prefix])]


def _drop(names: list[str]) -> None:
    for name in names:
        statements.run(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(name)))
