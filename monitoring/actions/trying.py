"""Trying one wording of a rule through the engine and taking everything back afterwards."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

from django.db import connection, transaction

from monitoring.actions.figures import Figures, amounts, figures_in_force
from monitoring.actions.freezing import freeze
from monitoring.engine import Frozen, FrozenRule, Screened, screen


def frozen_with(
    rule_id: str,
    version_id: int,
    definition: Mapping[str, Any],
    figures: Figures,
    *,
    as_of: date,
) -> Frozen:
    """One rule with its proposed figures in place of those of the day, and what is known now."""
    return replace(
        freeze(as_of=as_of),
        rules=[FrozenRule(rule_id, version_id, definition)],
        thresholds=amounts(figures_in_force(as_of, figures)),
    )


@contextmanager
def tried(frozen: Frozen, *, within_ms: int) -> Iterator[Screened]:
    """The temporary table `hit` of the whole county inside the block; gone after it.

    Raises OperationalError when one statement takes longer than `within_ms`.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(within_ms)])
        yield screen(frozen, evidence=False)
        transaction.set_rollback(True)
