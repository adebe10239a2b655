"""Work items change hands: many at once, a statement for all and a line of history for each."""

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg2 import sql

from grid.models import WorkItemEvent
from yizhou.statements import run

HOLDERS = sql.SQL(
    """
UPDATE grid_workitem w
SET assignee_id = r.account_id, assigned_role = r.role, version = w.version + 1
FROM unnest(%(ids)s::bigint[], %(accounts)s::bigint[], %(roles)s::text[])
     AS r(id, account_id, role)
WHERE w.id = r.id
"""
)


def set_holders(rows: Sequence[tuple[int, int | None, str]]) -> None:
    """(item, account or None, role or "") of each. The caller has locked the items."""
    if rows:
        ids, accounts, roles = (list(column) for column in zip(*rows, strict=True))
        run(HOLDERS, {"ids": ids, "accounts": accounts, "roles": roles})


def tell_of(acting: Any, verb: WorkItemEvent.Verb, said: Iterable[tuple[int, str]]) -> None:
    """A line of history for each (item, sentence)."""
    WorkItemEvent.objects.bulk_create(
        WorkItemEvent(
            work_item_id=pk, verb=verb, by_name=acting.display_name, sentence=sentence[:300]
        )
        for pk, sentence in said
    )
