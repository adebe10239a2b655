"""Two runs laid side by side: both recomputed from what they froze, their hits compared by rule.

Each run is screened shard by shard as it was, without evidence, in one transaction that is rolled
back. Hits count only in households that both runs looked at. A rule that only one of them ran has
no counterpart and is told apart.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from psycopg2.sql import SQL, Identifier, Literal

from grid.models import Account, Household, HouseholdPast, Person, PersonPast
from grid.roles import Act
from grid.scope import require
from monitoring.actions.freezing import frozen_of
from monitoring.actions.shards import within_of
from monitoring.engine import screen
from monitoring.models import RuleVersion, RunComparison, ScreeningRun, Upload, UploadUndo
from monitoring.rules.definition import feeds_read, threshold_keys
from yizhou.audit import record
from yizhou.deferred import LeaseLost, ring
from yizhou.refusals import NotFound, Refusal
from yizhou.statements import ask, run

MOST_EXAMPLES = 200  # of one rule
INTERRUPTED = "对比中断，系统会自动再试；若一直不成功，请点“重试”或联系系统管理员。"
EXHAUSTED = "试了多次都没有完成。请点“重试”；仍不行请联系系统管理员查看日志。"
DIFFERENT = ("only_first", "only_second", "changed")
JobState = RunComparison.JobState
SIDE = SQL(
    """
CREATE TEMPORARY TABLE {side} (
    rule_id varchar(20) NOT NULL,
    household_id bigint NOT NULL,
    person_id bigint,
    value numeric(14,2) NOT NULL,
    severity smallint NOT NULL
) ON COMMIT DROP"""
)
KEEP = SQL(
    """
INSERT INTO {side} SELECT rule_id, household_id, person_id, value, severity FROM hit"""
)
ELSEWHERE = SQL(
    """
DELETE FROM {side} WHERE household_id <> ALL ({households}::bigint[])"""
)
BESIDE = SQL(
    """
CREATE TEMPORARY TABLE beside ON COMMIT DROP AS
SELECT rule_id, household_id, nullif(who, 0) AS person_id, f.value AS value_1, s.value AS value_2,
       f.severity AS severity_1, s.severity AS severity_2,
       CASE WHEN s.value IS NULL THEN 'only_first' WHEN f.value IS NULL THEN 'only_second'
            WHEN (f.value, f.severity) = (s.value, s.severity) THEN 'same'
            ELSE 'changed' END AS how
FROM (SELECT *, coalesce(person_id, 0) AS who FROM side_first) f
FULL JOIN (SELECT *, coalesce(person_id, 0) AS who FROM side_second) s
USING (rule_id, household_id, who)"""
)
COUNTS = SQL("SELECT rule_id, how, count(*) FROM beside GROUP BY 1, 2")
# Of every kind of difference some, the fewer kinds the more of each.
EXAMPLES = SQL(
    """
SELECT rule_id, how, household_id, person_id, value_1, value_2, severity_1, severity_2
FROM (SELECT b.*, row_number() OVER (PARTITION BY rule_id ORDER BY turn, how) AS place
      FROM (SELECT *, row_number() OVER (PARTITION BY rule_id, how
                                         ORDER BY household_id, person_id) AS turn
            FROM beside WHERE how <> 'same' AND rule_id = ANY ({rules}::text[])) b) c
WHERE place <= {most} ORDER BY rule_id, how, household_id, person_id"""
)


@transaction.atomic
def request_comparison(*, acting: Account, first_id: int, second_id: int) -> RunComparison:
    """Put the comparison in the queue; the one there is when the two were compared before.

    The order does not matter, the earlier run comes first. Raises Refusal, NotFound.
    """
    require(acting, Act.RUN_SCREENING)
    if first_id == second_id:
        raise Refusal("这是同一次研判。请选另一次来对比。", code="same_run")
    first, second = (_comparable(pk) for pk in sorted((first_id, second_id)))
    shared = shared_households(first, second)
    if shared is not None and not shared:
        raise Refusal("两次研判看的户没有重合，不能对比。请选一次全量研判。", code="no_household")
    if not first.frozen["rules"].keys() & second.frozen["rules"].keys():
        raise Refusal("两次研判没有共同的规则，不能对比。请选一次全量研判。", code="no_rule")
    known = RunComparison.objects.filter(first=first, second=second)
    if (before := known.exclude(job_state=JobState.FAILED).first()) is not None:
        return before
    comparison = RunComparison.objects.create(first=first, second=second, asked_by=acting)
    record(
        acting=acting,
        verb="requested_comparison",
        subject=comparison,
        detail={"first": first.pk, "second": second.pk},
    )
    _ring_for(comparison.pk)
    return comparison


def _comparable(run_id: int) -> ScreeningRun:
    found = ScreeningRun.objects.filter(pk=run_id).first()
    if found is None:
        raise NotFound("没有这次研判。")
    if found.job_state != JobState.DONE or not found.known_at or "rules" not in found.frozen:
        raise Refusal(f"第 {run_id} 次研判没有完成，不能对比。请选一次已完成的。", code="not_done")
    return found


@transaction.atomic
def retry_comparison(*, acting: Account, comparison_id: int) -> None:
    """Put a failed comparison back in the queue. Raises Refusal when it is not failed."""
    require(acting, Act.RUN_SCREENING)
    changed = RunComparison.objects.filter(pk=comparison_id, job_state=JobState.FAILED).update(
        job_state=JobState.WAITING, attempt=0, not_before=None, job_error=""
    )
    if not changed:
        raise Refusal("这次对比没有失败，不用重试。", code="not_failed")
    record(
        acting=acting,
        verb="retried_comparison",
        subject=("monitoring.runcomparison", comparison_id),
    )
    _ring_for(comparison_id)


def _ring_for(comparison_id: int) -> None:
    from monitoring.tasks import run_comparison

    ring(run_comparison, comparison_id)


def perform_comparison(comparison_id: int) -> bool:
    """Claim the comparison and carry it out. False when another worker has it or it is over."""
    return RunComparison.carry_out(comparison_id, _compare, interrupted=INTERRUPTED)


def sweep_comparisons() -> None:
    """Comparisons whose bell was lost or whose worker died; give up on those tried too often."""
    for pk in RunComparison.objects.claimable().order_by("pk").values_list("pk", flat=True)[:5]:
        perform_comparison(pk)
    RunComparison.objects.exhausted().update(
        job_state=JobState.FAILED, lease_until=None, job_error=EXHAUSTED
    )


def shared_households(first: ScreeningRun, second: ScreeningRun) -> list[int] | None:
    """Households that both runs looked at; None for the whole county."""
    lists = [
        set(looked.frozen["households"])
        for looked in (first, second)
        if looked.frozen.get("households") is not None
    ]
    return sorted(set.intersection(*lists)) if lists else None


def _compare(comparison: RunComparison, token: uuid.UUID) -> None:
    first, second = comparison.first, comparison.second
    with transaction.atomic():
        results = _beside(first, second)
        transaction.set_rollback(True)
    results["inputs"] = _inputs(first, second)
    with transaction.atomic():
        RunComparison.objects.filter(pk=comparison.pk, lease_token=token).update(
            results=results, finished_at=timezone.now()
        )
        if not RunComparison.finish(comparison.pk, token):
            raise LeaseLost


def _beside(first: ScreeningRun, second: ScreeningRun) -> dict[str, Any]:
    """{households, recomputed: [hits, hits], rules: {code: counts, ran, overfull, examples}}."""
    shared = shared_households(first, second)
    sides = [_recomputed(first, "side_first"), _recomputed(second, "side_second")]
    if shared is not None:
        for side in ("side_first", "side_second"):
            run(ELSEWHERE.format(side=Identifier(side), households=Literal(shared)))
    run(BESIDE)
    ran = [looked.frozen["rules"].keys() for looked in (first, second)]
    rules: dict[str, Any] = {
        code: {
            "ran": "both" if code in ran[0] & ran[1] else "first" if code in ran[0] else "second"
        }
        | dict.fromkeys((*DIFFERENT, "same"), 0)
        | {"overfull": [side.get(code, 0) for _, side in sides], "examples": []}
        for code in sorted(ran[0] | ran[1])
    }
    for code, how, count in ask(COUNTS):
        rules[code][how] = count
    both = [code for code, told in rules.items() if told["ran"] == "both"]
    for code, *example in ask(EXAMPLES.format(rules=Literal(both), most=Literal(MOST_EXAMPLES))):
        how, household, person, *figures = example
        values, severities = figures[:2], figures[2:]
        texts = [None if value is None else str(value) for value in values]
        rules[code]["examples"].append([how, household, person, *texts, *severities])
    return {
        "households": None if shared is None else len(shared),
        "recomputed": [hits for hits, _ in sides],
        "rules": rules,
    }


def _recomputed(screening: ScreeningRun, side: str) -> tuple[int, Mapping[str, int]]:
    """Fill the temporary table `side` with the run's hits; their number, and overfull rules."""
    frozen, hits = frozen_of(screening), 0
    overfull: dict[str, int] = {}
    run(SIDE.format(side=Identifier(side)))
    for shard in screening.shards.order_by("number"):
        found = screen(frozen, within=within_of(shard, screening), evidence=False)
        hits += found.hits
        for code, count in found.overfull.items():
            overfull[code] = overfull.get(code, 0) + count
        run(KEEP.format(side=Identifier(side)))
    return hits, overfull


# ---- what the two were given differently ----


def _inputs(first: ScreeningRun, second: ScreeningRun) -> dict[str, Any]:
    """By rule which figures and how many batches of its data sets differ; what else differs."""
    versions = RuleVersion.objects.in_bulk(
        {*first.frozen["rules"].values(), *second.frozen["rules"].values()}
    )
    used: dict[str, list[RuleVersion]] = {}
    for version in versions.values():
        used.setdefault(version.rule_id, []).append(version)
    before, after = first.frozen["thresholds"], second.frozen["thresholds"]
    figures = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    since, until = sorted((_known_at(first), _known_at(second)))
    merged, undone = _batches(first, second, since, until)
    return {
        "figures": {key: [before.get(key), after.get(key)] for key in sorted(figures)},
        "merged": merged,
        "undone": undone,
        "registry": _registry_changed(since, until),
        "rules": {
            code: {
                "figures": sorted(figures & _all(threshold_keys, own)),
                "feeds": sorted((merged.keys() | undone.keys()) & _all(feeds_read, own)),
            }
            for code, own in sorted(used.items())
        },
    }


def _known_at(screening: ScreeningRun) -> datetime:
    return screening.known_at or screening.asked_at


def _all(reading: Any, versions: list[RuleVersion]) -> set[str]:
    return {name for version in versions for name in reading(version.definition)}


def _batches(
    first: ScreeningRun, second: ScreeningRun, since: datetime, until: datetime
) -> tuple[dict[str, int], dict[str, int]]:
    """How many batches of each data set came in, and were taken back, between the two moments."""
    held_back = set(first.frozen.get("not_yet", [])) ^ set(second.frozen.get("not_yet", []))
    came = Upload.objects.filter(
        Q(merged_at__gt=since, merged_at__lte=until) | Q(pk__in=held_back)
    ).values_list("feed", flat=True)
    back = UploadUndo.objects.filter(asked_at__gt=since, asked_at__lte=until)
    counted: list[dict[str, int]] = []
    for feeds in (came, back.values_list("upload__feed", flat=True)):
        number: dict[str, int] = {}
        for feed in feeds.order_by():
            number[feed] = number.get(feed, 0) + 1
        counted.append(number)
    return counted[0], counted[1]


def _registry_changed(since: datetime, until: datetime) -> bool:
    """Whether anything about a household or a person became known between the two moments."""
    present = (Household, Person)
    past = (HouseholdPast, PersonPast)
    return any(
        model.objects.filter(entered_at__gt=since, entered_at__lte=until).exists()
        for model in present
    ) or any(
        model.objects.filter(until_at__gt=since, until_at__lte=until).exists() for model in past
    )
