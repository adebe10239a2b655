"""Trying one wording of a rule through the engine and taking everything back afterwards."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from monitoring.actions.figures import Figures, amounts, figures_in_force
from monitoring.actions.freezing import being_merged
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
    return Frozen(
        as_of=as_of,
        known_at=timezone.now(),
        rules=[FrozenRule(rule_id, version_id, definition)],
        thresholds=amounts(figures_in_force(as_of, figures)),
        not_yet=being_merged(),
    )


def plainly(frozen: Frozen) -> Screened:
    return screen(frozen, evidence=False)


@contextmanager
def tried(
    frozen: Frozen, *, within_ms: int, screening: Callable[[Frozen], Screened] = plainly
) -> Iterator[Screened]:
    """The temporary table `hit` of the whole county inside the block; gone after it.

    Raises OperationalError when one statement takes longer than `within_ms`.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(within_ms)])
        yield screening(frozen)
        transaction.set_rollback(True)
