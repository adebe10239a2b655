"""From staging into the records: new and changed rows in, older versions superseded, the same rows
left alone. Runs inside the caller's transaction; doing it again changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from psycopg2 import sql

from monitoring.intake.staging import Staging

NAMES_LISTED = 20


@dataclass(frozen=True, slots=True)
class Merged:
    """Counts of one merge; `renamed` rows carry another name than the registry."""

    accepted: int
    superseded: int
    unchanged: int
    unmatched: int
    matched_late: int
    renamed: int
    renamed_rows: list[int]


def merge(staging: Staging, *, at: datetime) -> Merged:
    """Merge all staged rows as known from the moment `at` on."""
    feed, upload = staging.feed, staging.upload
    parts = _parts(staging)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"feed:{feed.code}"])
    staged = staging.count()
    superseded = staging.run(
        "UPDATE {model} r SET superseded_at = %s, superseded_by_id = %s FROM {table} s"
        " WHERE {same_key} AND r.superseded_at IS NULL AND r.content_hash <> s.content_hash",
        [at, upload.pk],
        **parts,
    )
    accepted = staging.run(
        "INSERT INTO {model} (id_digest, id_tail, content_hash, row_number, {data},"
        " person_id, upload_id, received_at)"
        " SELECT s.id_digest, s.id_tail, s.content_hash, s.row_number, {staged_data},"
        " p.id, %s, %s"
        " FROM {table} s LEFT JOIN grid_person p ON p.id_digest = s.id_digest"
        " WHERE NOT EXISTS (SELECT 1 FROM {model} r WHERE {same_key} AND r.superseded_at IS NULL)"
        " ORDER BY {key}",
        [upload.pk, at],
        **parts,
    )
    matched_late = staging.run(
        "UPDATE {model} r SET person_id = p.id FROM grid_person p"
        " WHERE r.person_id IS NULL AND r.superseded_at IS NULL AND p.id_digest = r.id_digest",
        **parts,
    )
    renamed, rows = staging.ask(
        "SELECT count(*), (array_agg(s.row_number ORDER BY s.row_number))[1:%s] FROM {table} s"
        " JOIN grid_person p ON p.id_digest = s.id_digest WHERE p.name <> s.person_name",
        [NAMES_LISTED],
    )
    return Merged(
        accepted=accepted,
        superseded=superseded,
        unchanged=staged - accepted,
        unmatched=staging.count_unmatched(),
        matched_late=matched_late,
        renamed=renamed,
        renamed_rows=rows or [],
    )


def _parts(staging: Staging) -> dict[str, Any]:
    data = [sql.Identifier(name) for name in staging.data]
    return {
        "model": sql.Identifier(staging.feed.model._meta.db_table),
        "data": sql.SQL(", ").join(data),
        "staged_data": sql.SQL(", ").join(sql.SQL("s.{}").format(name) for name in data),
        "key": sql.SQL(", ").join(sql.SQL("s.{}").format(sql.Identifier(k)) for k in staging.key),
        "same_key": sql.SQL(" AND ").join(
            sql.SQL("r.{0} = s.{0}").format(sql.Identifier(k)) for k in staging.key
        ),
    }
