"""From staging into the records: new and changed rows in, older versions superseded, the same rows
left alone. Runs inside the caller's transaction; doing it again changes nothing.

A batch that tells of an earlier day than what is known does not overwrite it: its rows go into the
history, behind the newer ones. A correction overwrites whatever its day.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2 import sql

from monitoring.intake.gate import check_changed
from monitoring.intake.staging import Staging
from monitoring.models import Upload
from yizhou import statements

INSERT = sql.SQL(
    "INSERT INTO {model} AS r (id_digest, id_tail, content_hash, row_number, {data},"
    " person_id, upload_id, received_at, superseded_at, superseded_by_id)"
    " SELECT s.id_digest, s.id_tail, s.content_hash, s.row_number, {staged_data},"
    " s.person_id, %(upload)s, %(at)s,"
)
BETTER_KNOWN = sql.SQL(
    " AND (SELECT u.as_of FROM monitoring_upload u WHERE u.id = r.upload_id) <= %(as_of)s"
)
# Rows whose person has appeared in the registry since.
MATCH = (
    "UPDATE {model} r SET person_id = p.id FROM grid_person p"
    " WHERE r.person_id IS NULL AND p.id_digest = r.id_digest"
)


@dataclass(frozen=True, slots=True)
class Merged:
    """Counts of one merge. `older` rows were kept as history behind newer ones."""

    accepted: int
    superseded: int
    unchanged: int
    older: int
    matched_late: int


def merge(staging: Staging, *, at: datetime) -> Merged:
    """Merge all good staged rows as known from the moment `at` on. Raises Suspicious."""
    return _Merging(staging, at).run()


class _Merging:
    def __init__(self, staging: Staging, at: datetime) -> None:
        self.staging, self.feed, self.upload = staging, staging.feed, staging.upload
        self.args = {"upload": self.upload.pk, "at": at, "as_of": self.upload.as_of}
        self.parts = _parts(staging)

    def run(self) -> Merged:
        lock = sql.SQL("SELECT pg_advisory_xact_lock(hashtext(%s))")
        statements.run(lock, [f"feed:{self.feed.code}"])
        due = self.staging.count_good()
        older = self.insert_older() if self.may_be_older() else 0
        new, superseded = self.insert_new()
        known = due - new
        check_changed(self.upload, changed=superseded, known=known)
        return Merged(
            accepted=new + superseded + older,
            superseded=superseded,
            unchanged=known - superseded - older,
            older=older,
            matched_late=self.run_sql(f"{MATCH} AND r.superseded_at IS NULL"),
        )

    def run_sql(self, text: str) -> int:
        return self.staging.run(text, self.args, **self.parts)

    def insert_new(self) -> tuple[int, int]:
        """(new, superseded). One walk through the unique index, in whose order staging lies: an
        unknown key goes in, a known one with other content is superseded on the spot, and its
        new version follows in a second, small step.
        """
        touched = self.run_sql(
            "{insert} NULL, NULL FROM {table} s WHERE {good}"
            " ON CONFLICT ({bare_key}) WHERE superseded_at IS NULL DO UPDATE"
            " SET superseded_at = %(at)s, superseded_by_id = %(upload)s"
            " WHERE r.content_hash <> excluded.content_hash {better_known}"
        )
        superseded = self.run_sql(
            "{insert} NULL, NULL FROM {table} s JOIN {model} r ON {same_key}"
            " WHERE {good} AND r.superseded_by_id = %(upload)s AND r.superseded_at = %(at)s"
            " AND r.upload_id <> r.superseded_by_id"
        )
        return touched - superseded, superseded

    def may_be_older(self) -> bool:
        """Whether anything known tells of a later day than this batch."""
        return (
            not self.upload.is_correction
            and Upload.objects.filter(
                feed=self.feed.code, stage=Upload.Stage.MERGED, as_of__gt=self.upload.as_of
            ).exists()
        )

    def insert_older(self) -> int:
        """Rows that tell of an earlier day, unless the history holds the same already."""
        return self.run_sql(
            "{insert} %(at)s, r.upload_id FROM {table} s JOIN {model} r ON {same_key}"
            " JOIN monitoring_upload u ON u.id = r.upload_id"
            " WHERE {good} AND r.superseded_at IS NULL AND r.content_hash <> s.content_hash"
            " AND u.as_of > %(as_of)s AND NOT EXISTS (SELECT 1 FROM {model} h"
            " WHERE {same_key_h} AND h.content_hash = s.content_hash)"
        )


def _parts(staging: Staging) -> dict[str, Any]:
    data = [sql.Identifier(name) for name in staging.data]
    key = [sql.Identifier(k) for k in staging.key]

    def same(row: str) -> sql.Composable:
        alias = sql.SQL(row)
        return sql.SQL(" AND ").join(sql.SQL("{1}.{0} = s.{0}").format(k, alias) for k in key)

    model = sql.Identifier(staging.feed.model._meta.db_table)
    return {
        "model": model,
        "insert": INSERT.format(
            model=model,
            data=sql.SQL(", ").join(data),
            staged_data=sql.SQL(", ").join(sql.SQL("s.{}").format(name) for name in data),
        ),
        "better_known": sql.SQL("") if staging.upload.is_correction else BETTER_KNOWN,
        "bare_key": sql.SQL(", ").join(key),
        "same_key": same("r"),
        "same_key_h": same("h"),
        "good": sql.SQL("s.fault = 0"),
    }
