"""Rows that came before their person did."""

from typing import Any

from django.db import transaction
from psycopg2 import sql

from monitoring.feeds import FEEDS
from monitoring.intake.merging import MATCH
from yizhou import statements
from yizhou.audit import record


@transaction.atomic
def match_rows(*, acting: Any) -> int:
    """Rows whose person has appeared in the registry since: rows matched, over all feeds.

    A feed that is being merged at this moment is left for the next time.
    """
    matched = {}
    lock = sql.SQL("SELECT pg_try_advisory_xact_lock(hashtext(%s))")
    for code, feed in FEEDS.items():
        if not statements.ask(lock, [f"feed:{code}"])[0][0]:
            continue
        model = sql.Identifier(feed.model._meta.db_table)
        if rows := statements.run(sql.SQL(MATCH).format(model=model)):
            matched[code] = rows
    if matched:
        record(acting=acting, verb="matched_records", subject=("records", ""), detail=matched)
    return sum(matched.values())
