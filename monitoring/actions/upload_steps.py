"""Department data in, the workers' part: check an upload, merge it, sweep up what was left.

An upload is a job as a row (yizhou.deferred): its stage is what the sender sees, its job state
what the workers see.
"""

import uuid
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils import timezone

from monitoring.actions.screenings import request_screening
from monitoring.actions.uploads import ring_for
from monitoring.feeds import FEEDS
from monitoring.freshness import any_rule_reads
from monitoring.intake.checking import check, conclude
from monitoring.intake.gate import Reason, Suspicious
from monitoring.intake.keeping import pieces, plain_file
from monitoring.intake.merging import merge
from monitoring.intake.staging import Staging, drop_forgotten, drop_staging
from monitoring.models import ScreeningRun, Upload, UploadChunk
from yizhou.audit import SYSTEM, record
from yizhou.deferred import LeaseLost
from yizhou.refusals import Refusal

Stage = Upload.Stage
TO_CHECK = (Stage.RECEIVED, Stage.CHECKING)
TO_DO = (*TO_CHECK, Stage.MERGING)
INTERRUPTED = "处理时发生意外，系统会自动再试；若一直不成功，请点“重试”或联系县级监测专员。"


def advance_upload(upload_id: str | uuid.UUID) -> bool:
    """Claim the upload and do what its stage asks for. False when it was not ours to do."""
    return Upload.carry_out(upload_id, _advance, interrupted=INTERRUPTED)


def _advance(upload: Upload, token: uuid.UUID) -> None:
    if upload.stage in TO_CHECK:
        _check(upload, token)
    elif upload.stage == Stage.MERGING:
        _merge(upload, token)
    else:
        Upload.finish(upload.pk, token)


def _check(upload: Upload, token: uuid.UUID) -> None:
    if not _owned(upload, token).filter(stage__in=TO_CHECK).update(stage=Stage.CHECKING):
        raise LeaseLost

    def renew(percent: int) -> None:
        if not Upload.renew(upload.pk, token, progress=percent):
            raise LeaseLost

    try:
        with plain_file(pieces(upload, UploadChunk.Part.FILE)) as file:
            found = check(upload, file, renew=renew)
            with transaction.atomic():
                conclude(upload, found, file)
                _leave_check(upload, token)
    except Refusal as refusal:
        _refuse(upload, token, refusal)


def _leave_check(upload: Upload, token: uuid.UUID) -> None:
    """Write what the check found and hand over: to merging, to the sender, or to the end."""
    merging = upload.stage == Stage.MERGING
    moved = (
        _owned(upload, token)
        .filter(stage=Stage.CHECKING)
        .update(
            **{name: getattr(upload, name) for name in CHECKED},
            job_state=Upload.JobState.WAITING if merging else Upload.JobState.DONE,
            lease_until=None,
            attempt=0,
            progress=85,
        )
    )
    if not moved:
        raise LeaseLost
    counts = {name: getattr(upload, name) for name in COUNTS}
    _audit("checked_upload", upload, stage=upload.stage, **counts)
    if merging:
        ring_for(upload)
    if upload.stage == Stage.REFUSED:
        drop_staging(upload)


COUNTS = ("rows_in", "faulty", "duplicate", "blank", "unmatched")
CHECKED = ("stage", "refusal", "notes", "checked_at", "held_for", "harm", *COUNTS)


@transaction.atomic
def _refuse(upload: Upload, token: uuid.UUID, refusal: Refusal) -> None:
    moved = _owned(upload, token).update(
        stage=Stage.REFUSED,
        refusal=refusal.sentence[:400],
        notes={"refusal_code": refusal.code},
        checked_at=timezone.now(),
        job_state=Upload.JobState.DONE,
        lease_until=None,
        progress=100,
    )
    if not moved:
        raise LeaseLost
    drop_staging(upload)
    _audit("refused_upload", upload, code=refusal.code)


@transaction.atomic
def _merge(upload: Upload, token: uuid.UUID) -> None:
    """Staging into records, counts, audit and the screening request, all or nothing."""
    staging = Staging.find(upload, FEEDS[upload.feed])
    due = upload.rows_in - upload.faulty - upload.duplicate - upload.blank
    if staging is None or staging.count_good() != due:
        # A crash of the database empties unlogged tables: read the file again.
        _owned(upload, token).update(
            stage=Stage.RECEIVED, job_state=Upload.JobState.WAITING, lease_until=None
        )
        ring_for(upload)
        return
    now = timezone.now()
    try:
        with transaction.atomic():
            merged = merge(staging, at=now)
    except Suspicious as found:
        _hold(upload, token, found.reason)
        return
    notes = upload.notes | {
        name: value
        for name, value in asdict(merged).items()
        if name in ("superseded", "older", "matched_late") and value
    }
    moved = (
        _owned(upload, token)
        .filter(stage=Stage.MERGING)
        .update(
            stage=Stage.MERGED,
            accepted=merged.accepted,
            unchanged=merged.unchanged,
            notes=notes,
            merged_at=now,
        )
    )
    if not moved or not Upload.finish(upload.pk, token):
        raise LeaseLost
    staging.drop()
    upload.refresh_from_db()
    counts = {name: getattr(upload, name) for name in ("accepted", "unchanged", *COUNTS)}
    _audit("merged_upload", upload, **counts)
    if any_rule_reads(upload.feed):
        request_screening(acting=SYSTEM, trigger=ScreeningRun.Trigger.UPLOAD, upload=upload)


def _hold(upload: Upload, token: uuid.UUID, reason: Reason) -> None:
    """Nothing was merged: the batch waits until a person releases or discards it."""
    held_for = [asdict(reason)]
    moved = (
        _owned(upload, token)
        .filter(stage=Stage.MERGING)
        .update(
            stage=Stage.HELD,
            held_for=held_for,
            job_state=Upload.JobState.DONE,
            lease_until=None,
        )
    )
    if not moved:
        raise LeaseLost
    _audit("held_upload", upload, held_for=held_for)


def sweep_uploads() -> None:
    """Take up what the doorbell lost or a dead worker left; fail what was tried too often."""
    for pk in (
        Upload.objects.claimable()
        .filter(stage__in=TO_DO)
        .order_by("received_at")
        .values_list("pk", flat=True)[:20]
    ):
        advance_upload(pk)
    Upload.objects.exhausted().update(
        job_state=Upload.JobState.FAILED,
        lease_until=None,
        job_error="处理了多次都没有完成。请点“重试”；再不成功，请联系县级监测专员。",
    )
    drop_forgotten()


def _owned(upload: Upload, token: uuid.UUID) -> Any:
    return Upload.objects.filter(pk=upload.pk, lease_token=token, job_state="working")


def _audit(verb: str, upload: Upload, **detail: Any) -> None:
    record(acting=SYSTEM, verb=verb, subject=upload, detail={"feed": upload.feed} | detail)
