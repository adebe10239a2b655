"""Measures kept for previews: made after the night's run, used for a day, replaced by the next."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from psycopg2.sql import SQL, Identifier, Literal

from monitoring.actions.figures import amounts
from monitoring.actions.freezing import frozen_of
from monitoring.engine import Frozen, FrozenRule, Screened, screen
from monitoring.engine.kept import Kept, drop, keep, keep_more, screen_kept
from monitoring.feeds import FEEDS
from monitoring.models import KeptMeasures, RuleVersion, ScreeningRun, Upload
from monitoring.rules.definition import BadRule, check_definition, feeds_read, threshold_keys
from yizhou.deferred import ring
from yizhou.statements import ask, run

KEEPING = 7_340_003  # one worker at a time
READING = 7_340_004  # shared by previews; nothing is dropped under them
MOST_CHANGED = 20_000  # households: beyond it reading the feeds anew is as quick
# Rows that found their person late were matched within the day.
LATE_MATCH = timedelta(days=1)
CHANGED = SQL(
    """
SELECT DISTINCT p.household_id FROM {table} r JOIN grid_person p ON p.id = r.person_id
WHERE r.upload_id = ANY ({uploads}::uuid[]) OR r.superseded_by_id = ANY ({uploads}::uuid[])"""
)
REGISTRY_CHANGED = SQL(
    """
SELECT household_id FROM grid_person WHERE entered_at > {since}
UNION SELECT household_id FROM grid_personpast WHERE until_at > {since}
UNION SELECT id FROM grid_household WHERE entered_at > {since}
UNION SELECT household_id FROM grid_householdpast WHERE until_at > {since}"""
)


def keep_measures() -> bool:
    """Keep what published rules and drafts measure at the moment of the latest whole run.

    True when something was kept. What was kept of earlier runs is dropped.
    """
    made = _keep()
    _drop_earlier()
    return made


@transaction.atomic
def _keep() -> bool:
    latest = _latest_whole_run()
    if latest is None or not _got(KEEPING):
        return False
    known = KeptMeasures.objects.filter(run=latest).first()
    frozen, before = frozen_of(latest), Kept.of(known.catalog) if known else None
    if before is None or not before.holds():
        if before is not None:
            drop(before)
        kept = keep(frozen, f"run_{latest.pk}")
    else:
        kept = before
    for draft in _drafts(frozen):
        kept = keep_more(draft, kept)
    if kept == before:
        return False
    KeptMeasures.objects.update_or_create(run=latest, defaults={"catalog": kept.catalog()})
    return True


@transaction.atomic
def _drop_earlier() -> None:
    """Left for the next time while somebody reads."""
    old = list(KeptMeasures.objects.order_by("-run_id")[1:])
    if not old or not _got(READING):
        return
    for one in old:
        drop(Kept.of(one.catalog))
        one.delete()


def _got(lock: int) -> bool:
    return bool(ask(SQL("SELECT pg_try_advisory_xact_lock({})").format(Literal(lock)))[0][0])


def _latest_whole_run() -> ScreeningRun | None:
    whole = ScreeningRun.objects.filter(
        kind=ScreeningRun.Kind.FULL, job_state=ScreeningRun.JobState.DONE, known_at__isnull=False
    )
    return whole.order_by("-pk").first()


def _drafts(frozen: Frozen) -> Iterator[Frozen]:
    """Every draft that can be measured, with its own figures in place of those of the run."""
    state = RuleVersion.State
    for draft in RuleVersion.objects.filter(state__in=[state.DRAFT, state.SUBMITTED]):
        figures = {**frozen.thresholds, **amounts(draft.figures)}
        try:
            check_definition(draft.definition)
            ready = threshold_keys(draft.definition) <= figures.keys()
        except BadRule:
            continue
        if ready:
            rule = FrozenRule(draft.rule_id, draft.pk, draft.definition)
            yield replace(frozen, rules=[rule], thresholds=figures)


def screen_for_preview(frozen: Frozen) -> Screened:
    """As `screen` over the county without evidence, from kept measures where there are any."""
    run(SQL("SELECT pg_advisory_xact_lock_shared({})").format(Literal(READING)))
    found = _of_the_day(frozen)
    if found is None:
        return screen(frozen, evidence=False)
    screening, kept = found
    feeds = {feed for rule in frozen.rules for feed in feeds_read(rule.definition)}
    changed = changed_since(screening, feeds)
    if len(changed) > MOST_CHANGED:
        return screen(frozen, evidence=False)
    return screen_kept(frozen, kept, changed)


def ask_to_keep(frozen: Frozen | None = None) -> None:
    """Ring for what is not kept yet: of a run just done, or what the draft measures beyond it."""
    from monitoring.tasks import keep_measures as task

    found = _of_the_day(frozen) if frozen is not None else None
    if frozen is None or (found is not None and found[1].lacks(frozen)):
        ring(task)


def _of_the_day(frozen: Frozen) -> tuple[ScreeningRun, Kept] | None:
    latest = KeptMeasures.objects.select_related("run").order_by("-run_id").first()
    if latest is None or latest.run.as_of != frozen.as_of:
        return None
    kept = Kept.of(latest.catalog)
    return (latest.run, kept) if kept.holds() else None


def changed_since(screening: ScreeningRun, feeds: set[str]) -> list[int]:
    """Households of which the registry or a row of the feeds says something else than the run
    knew, or may do so.
    """
    since = screening.known_at or screening.asked_at
    changed = set(ask(REGISTRY_CHANGED.format(since=Literal(since - LATE_MATCH))))
    for feed, uploads in _batches_since(screening, feeds).items():
        table = Identifier(FEEDS[feed].model._meta.db_table)
        changed |= set(ask(CHANGED.format(table=table, uploads=Literal(uploads))))
    return sorted(household for (household,) in changed if household is not None)


def _batches_since(screening: ScreeningRun, feeds: set[str]) -> dict[str, list[str]]:
    since = screening.known_at or screening.asked_at
    done = Upload.JobState.DONE
    batches = Upload.objects.filter(feed__in=feeds).filter(
        Q(merged_at__gt=since)
        | Q(stage=Upload.Stage.MERGING)
        | Q(pk__in=screening.frozen.get("not_yet", []))
        | Q(undo__asked_at__gt=since - LATE_MATCH)
        | (Q(undo__isnull=False) & ~Q(undo__job_state=done))
    )
    found: dict[str, list[str]] = {}
    for feed, pk in batches.order_by("feed").values_list("feed", "pk"):
        found.setdefault(feed, []).append(str(pk))
    return found
