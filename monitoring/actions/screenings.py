"""Screening runs: asked for, planned into shards, stopped, repeated, retried.

A run freezes its day, what was known, rule versions and figures when it begins, and never before
the one ahead of it has ended: so a later run never takes back what a newer one found. Each shard is
one transaction of one worker (monitoring/actions/shards.py).
"""

import time
import uuid
from datetime import date
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.db.models.functions import Left
from django.utils import timezone

from grid.models import Household, Region, Severity
from grid.roles import Act, Level
from grid.scope import require
from monitoring.actions.freezing import freeze, frozen_of, kept, usable, wait_for_writers
from monitoring.actions.kept_measures import ask_to_keep
from monitoring.actions.matching import match_rows
from monitoring.actions.shards import COUNTS, perform_shard, touched_households
from monitoring.engine import Frozen
from monitoring.models import ScreeningRun, ScreeningShard
from yizhou.audit import SYSTEM, record
from yizhou.deferred import LeaseLost, ring
from yizhou.refusals import Refusal

INTERRUPTED = "研判中断，系统会自动再试；若一直不成功，请点“重试”或联系系统管理员。"
EXHAUSTED = "试了多次都没有完成。请点“重试”；仍不行请联系系统管理员查看日志。"
MOST_TOUCHED = 20_000  # households: beyond it a run over the whole county is cut into shards
Kind, JobState = ScreeningRun.Kind, ScreeningRun.JobState
OPEN = (JobState.WAITING, JobState.WORKING)


@transaction.atomic
def request_screening(
    *, acting: Any, trigger: str, upload: Any = None, as_of: date | None = None
) -> ScreeningRun:
    """Put a run in the queue and ring. An upload asks once, however often it is merged again."""
    if trigger == ScreeningRun.Trigger.BY_HAND:
        require(acting, Act.RUN_SCREENING)
        if ScreeningRun.objects.filter(job_state__in=OPEN).exists():
            raise Refusal("已有一次研判在排队或进行中，请等它完成。", code="already_running")
    values = {
        "trigger": trigger,
        "kind": Kind.FULL if upload is None else Kind.TOUCHED,
        "asked_by_id": getattr(acting, "account_id", None) or getattr(acting, "pk", None),
        "as_of": as_of or timezone.localdate(),
    }
    if upload is not None:
        run, new = ScreeningRun.objects.get_or_create(upload=upload, defaults=values)
    else:
        run, new = ScreeningRun.objects.create(**values), True
    if new:
        record(acting=acting, verb="requested_screening", subject=run, detail={"trigger": trigger})
        _ring_for(run.pk)
    return run


@transaction.atomic
def repeat_screening(*, acting: Any, run_id: int) -> ScreeningRun:
    """The same inputs once more: counts and fingerprints only, no alert changes."""
    require(acting, Act.RUN_SCREENING)
    first = ScreeningRun.objects.get(pk=run_id)
    if first.job_state != JobState.DONE or not first.known_at:
        raise Refusal("这次研判没有完成，不能重算核对。", code="not_done")
    run = ScreeningRun.objects.create(
        trigger=ScreeningRun.Trigger.BY_HAND,
        kind=Kind.REPEAT,
        repeats=first.repeats or first,
        asked_by=acting,
        as_of=first.as_of,
        known_at=first.known_at,
        frozen=first.frozen,
    )
    record(acting=acting, verb="repeated_screening", subject=run, detail={"repeats": first.pk})
    _ring_for(run.pk)
    return run


@transaction.atomic
def retry_screening(*, acting: Any, run_id: int) -> None:
    """Put a failed or stopped run back in the queue; shards that are done stay done."""
    require(acting, Act.RUN_SCREENING)
    changed = ScreeningRun.objects.filter(
        pk=run_id, job_state__in=[JobState.FAILED, JobState.STOPPED]
    ).update(
        job_state=JobState.WAITING,
        attempt=0,
        not_before=None,
        job_error="",
        stopped_at=None,
        stopped_by=None,
    )
    if not changed:
        raise Refusal("这次研判没有失败，也没有停止，不用重试。", code="not_failed")
    ScreeningShard.objects.filter(run=run_id).exclude(job_state=JobState.DONE).update(
        job_state=JobState.WAITING, attempt=0, not_before=None, job_error=""
    )
    record(acting=acting, verb="retried_screening", subject=("monitoring.screeningrun", run_id))
    _ring_for(run_id)


@transaction.atomic
def stop_screening(*, acting: Any, run_id: int) -> None:
    """End a run: shards under way are rolled back, what is done stays. Raises Refusal."""
    require(acting, Act.RUN_SCREENING)
    changed = ScreeningRun.objects.filter(pk=run_id, job_state__in=OPEN).update(
        job_state=JobState.STOPPED,
        stopped_at=timezone.now(),
        stopped_by=acting,
        lease_until=None,
    )
    if not changed:
        raise Refusal("这次研判已经结束，不用停止。", code="not_running")
    ScreeningShard.objects.filter(run=run_id, job_state__in=OPEN).update(
        job_state=JobState.STOPPED, lease_token=None, lease_until=None
    )
    record(acting=acting, verb="stopped_screening", subject=("monitoring.screeningrun", run_id))


def perform_screening(run_id: int) -> bool:
    """Claim the run, plan it, work its shards off. False when it is not ours or not its turn."""
    if _someone_ahead(run_id):
        return False
    done = ScreeningRun.carry_out(run_id, _screen, interrupted=INTERRUPTED)
    if done:
        ScreeningShard.objects.filter(run=run_id, run__job_state=JobState.FAILED).exclude(
            job_state=JobState.DONE
        ).update(job_state=JobState.STOPPED)
        _ring_next()
        ask_to_keep()
    return done


def _someone_ahead(run_id: int) -> bool:
    """Whether another run is at work or came first; one that only recounts is in nobody's way."""
    if ScreeningRun.objects.filter(pk=run_id, kind=Kind.REPEAT).exists():
        return False
    others = ScreeningRun.objects.exclude(pk=run_id).exclude(kind=Kind.REPEAT)
    at_work = others.filter(job_state=JobState.WORKING, lease_until__gt=timezone.now())
    return at_work.exists() or others.claimable().filter(pk__lt=run_id).exists()


def _ring_next() -> None:
    following = ScreeningRun.objects.claimable().order_by("pk").values_list("pk", flat=True)
    for pk in following[:1]:
        _ring_for(pk)


def _ring_for(run_id: int) -> None:
    from monitoring.tasks import run_screening

    ring(run_screening, run_id)


def sweep_screenings() -> None:
    """Carry out runs whose bell was lost or whose worker died; give up on those tried too often."""
    for run_id in ScreeningRun.objects.claimable().order_by("pk").values_list("pk", flat=True)[:20]:
        perform_screening(run_id)
    for model in (ScreeningRun, ScreeningShard):
        model.objects.exhausted().update(
            job_state=JobState.FAILED, lease_until=None, job_error=EXHAUSTED
        )


def _screen(run: ScreeningRun, token: uuid.UUID) -> None:
    """Plan once, then take shard after shard until none is left; others may take some meanwhile."""
    if not run.shards.exists():
        if run.kind == Kind.FULL:
            match_rows(acting=SYSTEM)  # so that a repeat finds the same people behind the rows
        _plan(run, token)
    while left := run.shards.exclude(job_state=JobState.DONE):
        _give_up_if(left)
        claimable = left.claimable().order_by("number").values_list("pk", flat=True)
        for pk in claimable[:1]:
            perform_shard(pk)
            break
        else:
            time.sleep(0.2)  # another worker has the rest; if it dies, its lease runs out
        done = run.shards.filter(job_state=JobState.DONE).count()
        if not ScreeningRun.renew(run.pk, token, progress=99 * done // run.shards.count()):
            raise LeaseLost  # stopped
    _add_up(run, token)


def _give_up_if(left: Any) -> None:
    failed = left.filter(job_state=JobState.FAILED).first()
    if failed is not None:
        raise Refusal(failed.job_error, code="shard_failed")
    if left.exhausted().exists():
        raise Refusal(EXHAUSTED, code="shard_exhausted")


@transaction.atomic
def _plan(run: ScreeningRun, token: uuid.UUID) -> None:
    """Freeze, then cut the county into shards."""
    run.started_at = timezone.now()
    if run.kind != Kind.REPEAT:
        wait_for_writers()
        # Tried again late, it must not withdraw what came to light since.
        run.as_of = max([run.as_of, *_later_days(run.as_of)])
        frozen = freeze(as_of=run.as_of, feed=run.upload.feed if run.upload else "")
        _check_deadlines(frozen)
        rules, skipped = usable(frozen)
        run.known_at = frozen.known_at
        run.frozen = kept(frozen, skipped)
        run.frozen["rules"] = {rule.rule_id: rule.version_id for rule in rules}
        touched = touched_households(run) if run.kind == Kind.TOUCHED else None
        if touched is not None and len(touched) <= MOST_TOUCHED:
            # Kept, for its people may have moved when the run is repeated.
            run.frozen["households"] = touched
    households = run.frozen.get("households")
    run.households = len(households or ())
    ScreeningShard.objects.bulk_create(
        ScreeningShard(run=run, number=number, label=label[:200], low=low, high=high)
        for number, (label, low, high) in enumerate(_cut(households), start=1)
    )
    if not ScreeningRun.renew(run.pk, token, progress=1):
        raise LeaseLost
    run.save(update_fields=["started_at", "as_of", "known_at", "frozen", "households"])
    _ring_shards(run)


def _check_deadlines(frozen: Frozen) -> None:
    for severity in Severity.values:
        frozen.figure(f"deadline_workdays_{severity}")


def _later_days(day: date) -> list[date]:
    done = ScreeningRun.objects.filter(job_state=JobState.DONE, as_of__gt=day).order_by("-as_of")
    return list(done.values_list("as_of", flat=True)[:1])


def _cut(households: list[int] | None) -> list[tuple[str, str, str]]:
    """(label, low, high) of neighbouring townships, about equally many households in each."""
    if households is not None:
        return [("有变化的户", "", "")]
    townships = list(
        Region.objects.filter(level=Level.TOWNSHIP).order_by("code").values_list("code", "name")
    )
    length = len(townships[0][0]) if townships else 0
    living = Household.objects.living().annotate(township=Left("cell_id", length))
    counts = dict(living.order_by().values_list("township").annotate(n=Count("pk")))
    if len(townships) < 2 or sum(counts.values()) < settings.SCREENING_SHARD_LEAST:
        return [("全区", "", "")]
    share = sum(counts.values()) / settings.SCREENING_SHARDS
    groups: list[list[tuple[str, str]]] = [[]]
    filled = 0
    for code, name in townships:
        if groups[-1] and filled + counts.get(code, 0) / 2 > share * len(groups):
            groups.append([])
        groups[-1].append((code, name))
        filled += counts.get(code, 0)
    lows = [group[0][0] for group in groups]
    return [
        ("、".join(name for _, name in group), low, high)
        for group, low, high in zip(groups, lows, [*lows[1:], ":"], strict=True)
    ]


def _ring_shards(run: ScreeningRun) -> None:
    from monitoring.tasks import run_shard

    for pk in run.shards.order_by("number").values_list("pk", flat=True)[1:]:
        ring(run_shard, pk)


@transaction.atomic
def _add_up(run: ScreeningRun, token: uuid.UUID) -> None:
    """The run's counts are its shards' counts."""
    shards = list(run.shards.all())
    for name in COUNTS:
        setattr(run, name, sum(getattr(shard, name) for shard in shards))
    run.by_rule = _joined(shards)
    run.finished_at = timezone.now()
    run.save(update_fields=[*COUNTS, "by_rule", "finished_at"])
    record(
        acting=SYSTEM,
        verb="screened",
        subject=run,
        detail={"hits": run.hits, "opened": run.alerts_opened, "grown": run.alerts_grown},
    )
    if not ScreeningRun.finish(run.pk, token):
        raise LeaseLost


def _joined(shards: list[ScreeningShard]) -> dict[str, Any]:
    joined: dict[str, Any] = {}
    for shard in shards:
        for code, found in shard.by_rule.items():
            known = joined.setdefault(code, {"hits": 0, "digest": "0"})
            known["hits"] += found["hits"]
            known["digest"] = str(int(known["digest"]) + int(found["digest"]))
            if "overfull" in found:
                known["overfull"] = known.get("overfull", 0) + found["overfull"]
    return joined


__all__ = ["freeze", "frozen_of", "perform_shard"]
