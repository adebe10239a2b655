"""What a run fixes before it begins, and the same again from what a run kept."""

import uuid
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from psycopg2.sql import SQL, Literal

from grid.roles import Level
from monitoring.engine import Frozen, FrozenRule
from monitoring.models import RuleVersion, ScreeningRun, Threshold, Upload
from monitoring.rules.definition import BadRule, feeds_read, threshold_keys
from yizhou.statements import run


def figures_on(day: date) -> dict[str, Decimal]:
    """The county's thresholds of a day by key."""
    rows = Threshold.objects.on(day).filter(area__level=Level.COUNTY)
    return {row.key: row.value for row in rows}


# Held by an undo from before its moment until its commit, shared by whoever fixes what is known.
UNDOING = 7_340_002
SETTLE = SQL(
    """
LOCK TABLE grid_person, grid_household IN SHARE MODE;
SELECT pg_advisory_xact_lock_shared({})"""
)


def wait_for_writers() -> None:
    """Until the caller's transaction ends no change of the registry, and no undo, can bear an
    earlier moment than the one the caller takes now and come to light later. Keep it short.
    """
    run(SETTLE.format(Literal(UNDOING)))


def freeze(*, as_of: date, known_at: datetime | None = None, feed: str = "") -> Frozen:
    """Rules in force and figures of the day, what is known now or was known then.

    `feed`: only rules that read this data set. Batches being merged at this moment do not count:
    some of their rows may already bear an earlier time.
    """
    versions = RuleVersion.objects.published(as_of).order_by("rule_id")
    rules = [FrozenRule(v.rule_id, v.pk, v.definition) for v in versions]
    return Frozen(
        as_of=as_of,
        known_at=known_at or timezone.now(),
        rules=[rule for rule in rules if not feed or _reads(rule, feed)],
        thresholds=figures_on(as_of),
        not_yet=being_merged() if known_at is None else (),
        replay=True,
    )


def being_merged() -> list[uuid.UUID]:
    """Batches of which some rows may already bear an earlier time than now."""
    merging = Upload.objects.filter(stage=Upload.Stage.MERGING)
    return list(merging.values_list("pk", flat=True))


def _reads(rule: FrozenRule, feed: str) -> bool:
    try:
        return feed in feeds_read(rule.definition)
    except BadRule:
        return True  # so that `usable` names it


def usable(frozen: Frozen) -> tuple[list[FrozenRule], dict[str, str]]:
    """(rules that can run, sentence by code of those that cannot)."""
    good, skipped = [], {}
    for rule in frozen.rules:
        try:
            missing = sorted(threshold_keys(rule.definition) - frozen.thresholds.keys())
        except BadRule as why:
            skipped[rule.rule_id] = why.sentence
            continue
        if missing:
            skipped[rule.rule_id] = f"{frozen.as_of} 没有标准线 {'、'.join(missing)}，请先录入。"
        else:
            good.append(rule)
    return good, skipped


def kept(frozen: Frozen, skipped: dict[str, str]) -> dict[str, Any]:
    """The frozen inputs as the run keeps them."""
    return {
        "rules": {rule.rule_id: rule.version_id for rule in frozen.rules},
        "thresholds": {key: str(value) for key, value in frozen.thresholds.items()},
        "not_yet": [str(pk) for pk in frozen.not_yet],
        "skipped": skipped,
    }


def frozen_of(screening: ScreeningRun, *, rules: Iterable[str] = ()) -> Frozen:
    """The inputs of a run again. `rules`: only these."""
    wanted = {c: v for c, v in screening.frozen["rules"].items() if not rules or c in set(rules)}
    versions = RuleVersion.objects.in_bulk(list(wanted.values()))
    return Frozen(
        as_of=screening.as_of,
        known_at=screening.known_at or screening.asked_at,
        rules=[FrozenRule(code, pk, versions[pk].definition) for code, pk in wanted.items()],
        thresholds={key: Decimal(text) for key, text in screening.frozen["thresholds"].items()},
        not_yet=[uuid.UUID(text) for text in screening.frozen.get("not_yet", [])],
        replay=True,
    )
