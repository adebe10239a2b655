"""One shard of a screening run: screen a part of the county and merge it, in one transaction."""

import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone
from psycopg2.sql import SQL, Identifier, Literal

from monitoring.actions.freezing import frozen_of
from monitoring.actions.raising import raise_alerts
from monitoring.engine import Screened, Within, screen
from monitoring.feeds import FEEDS
from monitoring.models import Rule, RuleVersion, ScreeningRun, ScreeningShard
from yizhou.deferred import LeaseLost
from yizhou.statements import ask

INTERRUPTED = "这一片研判中断，系统会自动再试。"
COUNTS = (
    *("households", "hits", "alerts_opened", "alerts_grown", "alerts_withdrawn"),
    *("alerts_held", "work_items_opened"),
)
# Fingerprints of single hits are added up, so those of the shards make the run's.
BY_RULE = SQL(
    """
SELECT rule_id, count(*), sum(('x' || substr(md5(concat_ws('|', household_id, person_id, value,
    line, severity, evidence::text)), 1, 15))::bit(60)::bigint)
FROM hit GROUP BY rule_id"""
)
TOUCHED = SQL(
    """
SELECT DISTINCT p.household_id FROM {table} r JOIN grid_person p ON p.id = r.person_id
WHERE (r.upload_id = {upload} OR r.superseded_by_id = {upload}) AND p.household_id IS NOT NULL
ORDER BY 1"""
)


def perform_shard(shard_id: int) -> bool:
    """Claim the shard and carry it out. False when another worker has it or it is over."""
    return ScreeningShard.carry_out(shard_id, _screen_shard, interrupted=INTERRUPTED)


def touched_households(run: ScreeningRun) -> list[int]:
    """Households of which a row of the run's batch tells, or one that it replaced."""
    assert run.upload is not None  # noqa: S101 - the plan asks only for such runs
    table = Identifier(FEEDS[run.upload.feed].model._meta.db_table)
    rows = ask(TOUCHED.format(table=table, upload=Literal(str(run.upload_id))))
    return [household for (household,) in rows]


@transaction.atomic
def _screen_shard(shard: ScreeningShard, token: uuid.UUID) -> None:
    run = shard.run
    shard.started_at = timezone.now()
    within = within_of(shard, run)
    frozen = frozen_of(run)
    screened = screen(frozen, within=within)
    shard.by_rule = _by_rule(screened)
    shard.hits, shard.households = screened.hits, screened.households or 0
    if run.kind != ScreeningRun.Kind.REPEAT:
        rules = [r.rule_id for r in frozen.rules if r.rule_id not in screened.overfull]
        if run.kind == ScreeningRun.Kind.FULL:
            rules += _retired(run)
        raised = raise_alerts(run=run, frozen=frozen, within=within, rules=rules)
        shard.alerts_opened, shard.alerts_grown = raised.opened, raised.grown
        shard.alerts_withdrawn, shard.alerts_held = raised.withdrawn, raised.held
        shard.work_items_opened = raised.work_items
    shard.finished_at = timezone.now()
    shard.save(update_fields=["started_at", "finished_at", "by_rule", *COUNTS])
    stopped = ScreeningRun.objects.filter(pk=run.pk, job_state=ScreeningRun.JobState.STOPPED)
    if stopped.exists() or not ScreeningShard.finish(shard.pk, token):
        raise LeaseLost


def within_of(shard: ScreeningShard, run: ScreeningRun) -> Within:
    """Which households the shard screens, and screens again whenever it is recomputed."""
    if not shard.low and (kept := run.frozen.get("households")) is not None:
        return Within(households=kept)
    return Within(low=shard.low, high=shard.high)


def _retired(run: ScreeningRun) -> list[str]:
    """Rules of which no version is in force any more: what they found comes to an end."""
    in_force = RuleVersion.objects.published(run.as_of).values("rule_id")
    return list(Rule.objects.exclude(pk__in=in_force).values_list("pk", flat=True))


def _by_rule(screened: Screened) -> dict[str, Any]:
    found: dict[str, Any] = {
        code: {"hits": hits, "digest": str(int(digest))} for code, hits, digest in ask(BY_RULE)
    }
    for code, hits in screened.overfull.items():
        found[code] = {"hits": 0, "digest": "0", "overfull": hits}
    return found
