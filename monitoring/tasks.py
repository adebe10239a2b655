"""Celery tasks: each takes ids, claims a row, calls ONE action, holds no rules."""

from celery import shared_task
from django.utils import timezone

from monitoring.actions import (
    back_tests,
    comparisons,
    kept_measures,
    retention,
    screenings,
    transfers,
    undos,
    upload_steps,
)
from monitoring.actions.alerts import collect_reports
from monitoring.actions.case_visits import collect_case_visits
from monitoring.actions.clues import take_up_clues
from monitoring.actions.conflicts import find_conflicts
from monitoring.actions.discovery import collect_discoveries
from monitoring.actions.dispatching import send_held
from monitoring.actions.proposals import apply_authoritative, find_proposals, match_records
from monitoring.actions.reminders import make_reminders
from monitoring.actions.screenings import perform_screening, request_screening
from monitoring.actions.shards import perform_shard
from monitoring.models import ScreeningRun
from yizhou.audit import SYSTEM


@shared_task
def run_screening(run_id: str) -> None:
    perform_screening(int(run_id))


@shared_task
def run_shard(shard_id: str) -> None:
    perform_shard(int(shard_id))


@shared_task
def screen_on_schedule() -> None:
    """Beat: the daily screening. A second beat on the same day finds the first one's run."""
    today = timezone.localdate()
    scheduled = ScreeningRun.objects.filter(trigger="schedule", asked_at__date=today)
    if not scheduled.exists():
        request_screening(acting=SYSTEM, trigger=ScreeningRun.Trigger.SCHEDULE)


@shared_task
def collect_visit_reports() -> None:
    """Beat: what the page could not collect at once."""
    collect_reports()
    collect_discoveries()
    collect_case_visits()
    take_up_clues()


@shared_task
def sweep_screenings() -> None:
    """Beat: runs whose doorbell was lost or whose worker died."""
    screenings.sweep_screenings()


@shared_task
def keep_measures() -> None:
    """After a whole run, and by beat for lost bells: what previews of the day measure."""
    kept_measures.keep_measures()


@shared_task
def advance_upload(upload_id: str) -> None:
    """Check or merge one upload, whichever its stage asks for."""
    upload_steps.advance_upload(upload_id)


@shared_task
def sweep_uploads() -> None:
    """Beat: uploads and undos whose doorbell was lost or whose worker died."""
    upload_steps.sweep_uploads()
    undos.sweep_undos()


@shared_task
def advance_undo(undo_id: str) -> None:
    undos.advance_undo(undo_id)


@shared_task
def sweep_transfers() -> None:
    """Beat: files in parts that nobody goes on with, or whose last step was cut off."""
    transfers.sweep_transfers()


@shared_task
def remind_departments() -> None:
    """Beat: data sets that are due soon or late. A second beat finds the reminders written."""
    make_reminders(acting=SYSTEM)


@shared_task
def clear_kept_files() -> None:
    """Beat, daily: departments' files whose time is over."""
    retention.clear_kept_files(acting=SYSTEM)


@shared_task
def compare_departments() -> None:
    """Beat, at night: contradictions between departments."""
    find_conflicts(acting=SYSTEM)


@shared_task
def follow_registry() -> None:
    """Beat: rows whose person has appeared, and what the rows propose to the registry."""
    match_records(acting=SYSTEM)
    find_proposals(acting=SYSTEM)
    apply_authoritative(acting=SYSTEM)


@shared_task
def run_back_test(back_test_id: str) -> None:
    back_tests.perform_back_test(int(back_test_id))


@shared_task
def sweep_back_tests() -> None:
    """Beat: tests of rules whose doorbell was lost or whose worker died."""
    back_tests.sweep_back_tests()


@shared_task
def send_held_alerts() -> None:
    """Beat, each morning: alerts that waited for a worker's budget."""
    send_held(acting=SYSTEM)


@shared_task
def run_comparison(comparison_id: str) -> None:
    comparisons.perform_comparison(int(comparison_id))


@shared_task
def sweep_comparisons() -> None:
    """Beat: comparisons of runs whose doorbell was lost or whose worker died."""
    comparisons.sweep_comparisons()
