"""How many rows several query sets hold, asked together."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet


def count_each(asked: Sequence[QuerySet[Any]], *, most: int) -> list[int]:
    """Rows of each query set, counted to `most`; one statement, or none when all are empty."""
    parts: list[str] = []
    params: list[Any] = []
    answered: list[int] = []
    for place, rows in enumerate(asked):
        try:
            sql, given = rows.order_by().values("pk")[:most].query.sql_with_params()
        except EmptyResultSet:  # the compiler sees that nothing can match
            continue
        parts.append(f"(SELECT count(*) FROM ({sql}) AS counted)")  # noqa: S608 - sql has no values
        params += given
        answered.append(place)
    counts = [0] * len(asked)
    if parts:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(parts)}", params)
            for place, count in zip(answered, cursor.fetchone(), strict=True):
                counts[place] = count
    return counts
