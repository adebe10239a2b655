"""Taking a merged batch back out of the records, set-based, inside the caller's transaction.

A row of the batch is reversed (superseded by its own batch: that marks it withdrawn), kept with a
reason, or failed. Where the batch had replaced something, the latest earlier version that still
stands comes back: as a copy, received at the moment of the undo, with its own batch and row number.
The original stays superseded, so that a moment between still shows what was believed then.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2 import sql

from monitoring.acted_on import acted_on_sql
from monitoring.feeds import FEEDS
from monitoring.models import Upload, UploadUndo, UploadUndoRow
from yizhou import statements

REPLACED = "后来的批次已更正或替换这一行，撤回不影响现值"
ACTED_ON = "已有人据此办理（户籍变动或数据打架答复），请先改正那一处"
NOT_POSSIBLE = "这一行没有撤回成功，请联系系统管理员"
NOT_COPIED = {"id", "received_at", "superseded_at", "superseded_by_id"}
# A row that came back before counts once: as its latest copy.
LATEST = (
    "NOT EXISTS (SELECT 1 FROM {model} l WHERE l.upload_id = r.upload_id"
    " AND l.row_number = r.row_number AND l.id > r.id)"
)
# People acted on the row when another copy of it was current.
ACTED_ON_ROWS = (
    "(SELECT a.row_number FROM {model} a WHERE a.upload_id = %(upload)s AND a.id IN ({acted_on}))"
)


@dataclass(frozen=True, slots=True)
class Undone:
    """reversed + kept + failed = rows that the batch had brought in."""

    reversed: int
    restored: int
    kept: int
    failed: int


def undo(request: UploadUndo, *, at: datetime) -> Undone:
    """Reverse what can be, list what cannot; both in UploadUndoRow."""
    return _Undoing(request, at).run()


class _Undoing:
    def __init__(self, request: UploadUndo, at: datetime) -> None:
        feed = FEEDS[request.upload.feed]
        self.request, self.code = request, feed.code
        self.args: dict[str, Any] = {"upload": request.upload_id, "at": at, "undo": request.pk}
        key = ["id_digest" if n == "id_number" else n for n in feed.natural_key]
        names = [sql.Identifier(k) for k in key]
        columns = [f.column for f in feed.model._meta.concrete_fields]
        copied = [sql.Identifier(c) for c in columns if c not in NOT_COPIED]
        model = sql.Identifier(feed.model._meta.db_table)
        self.parts: dict[str, sql.Composable] = {
            "model": model,
            "list": sql.Identifier(UploadUndoRow._meta.db_table),
            "acted_on": sql.SQL(ACTED_ON_ROWS).format(
                model=model, acted_on=acted_on_sql(feed.code)
            ),
            "latest": sql.SQL(LATEST).format(model=model),
            "copied": sql.SQL(", ").join(copied),
            "copy": sql.SQL(", ").join(sql.SQL("p.{}").format(c) for c in copied),
            "key": sql.SQL(", ").join(sql.SQL("p.{}").format(n) for n in names),
            "same_key": sql.SQL(" AND ").join(sql.SQL("c.{0} = p.{0}").format(n) for n in names),
        }

    def run(self) -> Undone:
        lock = sql.SQL("SELECT pg_advisory_xact_lock(hashtext(%s))")
        statements.run(lock, [f"feed:{self.code}"])
        kept = self._list(
            "kept", REPLACED, "r.superseded_at IS NOT NULL AND r.superseded_by_id <> r.upload_id"
        )
        kept += self._list(
            "kept", ACTED_ON, "r.superseded_at IS NULL AND r.row_number IN {acted_on}"
        )
        reversed_rows = self._run(
            "UPDATE {model} r SET superseded_at = %(at)s, superseded_by_id = r.upload_id"
            " WHERE r.upload_id = %(upload)s AND r.superseded_at IS NULL"
            " AND r.row_number NOT IN {acted_on}"
        )
        failed = self._list(
            "failed", NOT_POSSIBLE, "r.superseded_at IS NULL AND r.row_number NOT IN {acted_on}"
        )
        return Undone(reversed_rows, self._restore(), kept, failed)

    def _restore(self) -> int:
        """The latest version that the batch had replaced, of every key that has no current one.

        Versions of batches that were themselves taken back are withdrawn instead, and what they
        had replaced is asked next.
        """
        restored, frontier = 0, [self.request.upload_id]
        while frontier:
            gone = self._withdraw_behind(frontier)
            restored += self._run(
                "INSERT INTO {model} ({copied}, received_at)"
                " SELECT DISTINCT ON ({key}) {copy}, %(at)s::timestamptz FROM {model} p"
                " JOIN monitoring_upload u ON u.id = p.upload_id"
                " WHERE p.superseded_by_id = ANY(%(frontier)s::uuid[])"
                " AND p.upload_id <> p.superseded_by_id AND NOT EXISTS"
                " (SELECT 1 FROM {model} c WHERE {same_key} AND c.superseded_at IS NULL)"
                " ORDER BY {key}, u.as_of DESC, p.id DESC",
                frontier=[str(pk) for pk in frontier],
            )
            frontier = gone
        return restored

    def _withdraw_behind(self, frontier: list[Any]) -> list[Any]:
        """Batches taken back earlier whose rows this batch had replaced; their rows withdrawn."""
        statement = sql.SQL(
            "UPDATE {model} p SET superseded_by_id = p.upload_id FROM monitoring_upload u"
            " WHERE u.id = p.upload_id AND u.stage = %(undone)s"
            " AND p.superseded_by_id = ANY(%(frontier)s::uuid[])"
            " AND p.upload_id <> p.superseded_by_id RETURNING p.upload_id"
        ).format(**self.parts)
        args = {"undone": Upload.Stage.UNDONE, "frontier": [str(pk) for pk in frontier]}
        return list({batch for (batch,) in statements.ask(statement, args)})

    def _list(self, outcome: str, reason: str, condition: str) -> int:
        which = sql.SQL(condition).format(**self.parts)
        return self._run(
            "INSERT INTO {list} (undo_id, row_number, outcome, reason)"
            " SELECT %(undo)s, r.row_number, %(outcome)s, %(reason)s FROM {model} r"
            " WHERE r.upload_id = %(upload)s AND {which} AND {latest}",
            {"which": which},
            outcome=outcome,
            reason=reason,
        )

    def _run(self, text: str, more: dict[str, sql.Composable] | None = None, **args: Any) -> int:
        statement = sql.SQL(text).format(**self.parts, **(more or {}))
        return statements.run(statement, self.args | args)
