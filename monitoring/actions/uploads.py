"""Department data in: receive, check, decide, merge, discard, try again.

The page and the API call the same actions. An upload is a job as a row (yizhou.deferred): its
stage is what the sender sees, its job state what the workers see.
"""

import hashlib
import io
import json
import logging
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any, BinaryIO, NamedTuple

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from grid.models import Account, DepartmentKey
from grid.roles import Act
from grid.scope import require, sight_of
from monitoring.actions.screenings import request_screening
from monitoring.feeds import FEEDS, Feed
from monitoring.intake import reading
from monitoring.intake.checking import check, conclude
from monitoring.intake.keeping import keep, pieces, plain_file
from monitoring.intake.merging import merge
from monitoring.intake.staging import Staging, drop_forgotten, drop_staging
from monitoring.models import ScreeningRun, Upload, UploadChunk
from yizhou.audit import SYSTEM, record
from yizhou.deferred import MAX_ATTEMPTS, LeaseLost, heartbeat, ring
from yizhou.refusals import NotAllowed, NotFound, Overtaken, Refusal

log = logging.getLogger("monitoring.uploads")
Stage = Upload.Stage
TO_CHECK = (Stage.RECEIVED, Stage.CHECKING)
TO_DO = (*TO_CHECK, Stage.MERGING)
RETRY_IN = timedelta(seconds=30)
LONGEST_KEY = 80
MAX_ROWS = 50_000  # of one JSON request; more goes as a file
SAME_CONTENT, SAME_KEY = "upload_same_content_once", "upload_idempotency_key_once"


class TooLarge(Refusal):
    status = 413


class KeyReused(Refusal):
    """An idempotency key came again with other content."""

    status = 409


class Received(NamedTuple):
    upload: Upload
    repeated: bool


# ---- receiving ----


def feed_called(code: str) -> Feed:
    if code not in FEEDS:
        raise NotFound(f"没有名为“{code[:40]}”的数据集。可用的代码见 GET /api/feeds/。")
    return FEEDS[code]


def departments_of(acting: Any) -> set[str] | None:
    """Department codes the sender may send for; None means all of them."""
    if (department := getattr(acting, "department", None)) is not None:
        return {department.pk}
    sight = sight_of(acting)
    return None if sight.all_departments else set(sight.departments)


def feeds_of(acting: Any) -> list[Feed]:
    """Data sets the sender may send."""
    own = departments_of(acting)
    return [feed for feed in FEEDS.values() if own is None or feed.department in own]


def may_send(acting: Any, department: str) -> bool:
    """Whether the act and the department are both the sender's."""
    own = departments_of(acting)
    return acting.may(Act.UPLOAD_DATA) and (own is None or department in own)


def _require_sender(acting: Any, department: str) -> None:
    if isinstance(acting, Account):
        require(acting, Act.UPLOAD_DATA)
    if not may_send(acting, department):
        raise NotAllowed("只能报送本部门的数据集。请核对数据集代码，或请主管部门报送。")


@transaction.atomic
def receive_upload(
    *,
    acting: Any,
    feed: str,
    file: BinaryIO,
    filename: str,
    channel: str,
    on_faults: str = Upload.OnFaults.ASK,
    idempotency_key: str = "",
) -> Received:
    """Seal the content, queue its check and ring; the same content again does nothing.

    `file` is open for reading and can seek. Raises Refusal for a wrong sender, an unreadable or
    too large file (415, 413), NotFound for an unknown feed, KeyReused.
    """
    contract = feed_called(feed)
    _require_sender(acting, contract.department)
    if len(idempotency_key) > LONGEST_KEY:
        raise Refusal(f"Idempotency-Key 最长 {LONGEST_KEY} 个字符，请改短。", code="key_too_long")
    size, sha256 = _measure(file)
    if channel != Upload.Channel.API_ROWS:
        reading.sniff(file)
    upload = Upload(
        feed=contract.code,
        department_id=contract.department,
        channel=channel,
        filename=filename[-200:],
        size_bytes=size,
        sha256=sha256,
        submitted_by=acting if isinstance(acting, Account) else None,
        submitted_key=key
        if isinstance(key := getattr(acting, "key", None), DepartmentKey)
        else None,
        on_faults=on_faults,
        idempotency_key=idempotency_key,
    )
    if earlier := _earlier(upload):
        return Received(earlier, repeated=True)
    try:
        with transaction.atomic():
            upload.save(force_insert=True)
    except IntegrityError as error:
        # The same content in another request at the same moment: the first one has it.
        if (earlier := _earlier(upload)) is None:
            raise error
        return Received(earlier, repeated=True)
    keep(upload, file, UploadChunk.Part.FILE)
    _audit(acting, "received_upload", upload, size_bytes=size, channel=channel)
    _ring(upload)
    return Received(upload, repeated=False)


def _measure(file: BinaryIO) -> tuple[int, str]:
    """(size, SHA-256). Raises TooLarge as soon as the limit is passed."""
    size, fingerprint = 0, hashlib.sha256()
    file.seek(0)
    while piece := file.read(1 << 20):
        size += len(piece)
        if size > settings.UPLOAD_MAX_BYTES:
            raise too_large()
        fingerprint.update(piece)
    file.seek(0)
    return size, fingerprint.hexdigest()


def too_large() -> TooLarge:
    limit = settings.UPLOAD_MAX_BYTES // (1024 * 1024)
    return TooLarge(f"文件超过 {limit} MB。请按月份或乡镇分成几个文件报送。", code="file_too_large")


def _earlier(upload: Upload) -> Upload | None:
    """What was received under the same idempotency key or with the same content."""
    same = Upload.objects.filter(department_id=upload.department_id)
    if upload.idempotency_key:
        held = same.filter(idempotency_key=upload.idempotency_key).first()
        if held and (held.feed, held.sha256) != (upload.feed, upload.sha256):
            raise KeyReused(
                "这个 Idempotency-Key 已用于另一份内容。新内容请换一个新的键。",
                code="idempotency_key_reused",
            )
        if held:
            return held
    return (
        same.filter(feed=upload.feed, sha256=upload.sha256)
        .exclude(stage__in=[Stage.REFUSED, Stage.DISCARDED])
        .first()
    )


def rows_as_file(rows: Sequence[dict[str, Any]]) -> BinaryIO:
    """Rows of a JSON request as the file that is sealed: names first, then one array a row."""
    if not rows:
        raise Refusal("rows 里没有数据行。请至少报一行。", code="no_rows")
    if len(rows) > MAX_ROWS:
        raise TooLarge(f"一次最多报 {MAX_ROWS} 行。更多的请用文件报送。", code="too_many_rows")
    names = list(dict.fromkeys(str(name) for row in rows for name in row))
    content = io.BytesIO()
    table: list[list[Any]] = [names, *([row.get(name) for name in names] for row in rows)]
    for cells in table:
        if any(isinstance(cell, list | dict) for cell in cells):
            raise Refusal("rows 里每一格只能是文字、数字或空。", code="nested_value")
        cells = [str(cell).upper() if isinstance(cell, bool) else cell for cell in cells]
        try:
            content.write(json.dumps(cells, ensure_ascii=False).encode() + b"\n")
        except UnicodeEncodeError:
            raise Refusal("rows 里有无法识别的字符。", code="unreadable") from None
    content.seek(0)
    return content


# ---- the worker's part ----


def advance_upload(upload_id: str | uuid.UUID) -> bool:
    """Claim the upload and do what its stage asks for. False when it was not ours to do."""
    token = Upload.claim(upload_id)
    if token is None:
        return False
    upload = Upload.objects.get(pk=upload_id)
    try:
        with heartbeat(Upload, upload.pk, token):
            if upload.stage in TO_CHECK:
                _check(upload, token)
            elif upload.stage == Stage.MERGING:
                _merge(upload, token)
            else:
                Upload.finish(upload.pk, token)
    except LeaseLost:
        return False
    except Exception:
        log.exception("upload %s at %s", upload.pk, upload.stage)
        again = None if upload.attempt >= MAX_ATTEMPTS else RETRY_IN * upload.attempt
        sentence = "处理时发生意外，系统会自动再试；若一直不成功，请点“重试”或联系县级监测专员。"
        Upload.fail(upload.pk, token, sentence, retry_in=again)
    return True


def _check(upload: Upload, token: uuid.UUID) -> None:
    if not _owned(upload, token).filter(stage__in=TO_CHECK).update(stage=Stage.CHECKING):
        raise LeaseLost

    def renew(percent: int) -> None:
        if not Upload.renew(upload.pk, token, progress=percent):
            raise LeaseLost

    try:
        with plain_file(upload) as file:
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
    _audit(SYSTEM, "checked_upload", upload, stage=upload.stage, **counts)
    if merging:
        _ring(upload)
    if upload.stage == Stage.REFUSED:
        drop_staging(upload)


COUNTS = ("rows_in", "faulty", "duplicate", "blank", "unmatched")
CHECKED = ("stage", "refusal", "notes", "checked_at", *COUNTS)


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
    _audit(SYSTEM, "refused_upload", upload, code=refusal.code)


@transaction.atomic
def _merge(upload: Upload, token: uuid.UUID) -> None:
    """Staging into records, counts, audit and the screening request, all or nothing."""
    staging = Staging.find(upload, FEEDS[upload.feed])
    due = upload.rows_in - upload.faulty - upload.duplicate - upload.blank
    if staging is None or staging.count() != due:
        # A crash of the database empties unlogged tables: read the file again.
        _owned(upload, token).update(
            stage=Stage.RECEIVED, job_state=Upload.JobState.WAITING, lease_until=None
        )
        _ring(upload)
        return
    now = timezone.now()
    merged = merge(staging, at=now)
    notes = upload.notes | {
        name: value
        for name, value in asdict(merged).items()
        if name in ("superseded", "matched_late", "renamed", "renamed_rows") and value
    }
    moved = (
        _owned(upload, token)
        .filter(stage=Stage.MERGING)
        .update(
            stage=Stage.MERGED,
            accepted=merged.accepted,
            unchanged=merged.unchanged,
            unmatched=merged.unmatched,
            notes=notes,
            merged_at=now,
        )
    )
    if not moved or not Upload.finish(upload.pk, token):
        raise LeaseLost
    staging.drop()
    upload.refresh_from_db()
    counts = {name: getattr(upload, name) for name in ("accepted", "unchanged", *COUNTS)}
    _audit(SYSTEM, "merged_upload", upload, **counts)
    request_screening(acting=SYSTEM, trigger=ScreeningRun.Trigger.UPLOAD, upload=upload)


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


# ---- the sender's decisions ----


@transaction.atomic
def decide_upload(*, acting: Any, upload: Upload, take: str) -> Upload:
    """After checking found faults: take the good rows, or nothing."""
    _require_sender(acting, upload.department_id)
    if take not in ("good", "nothing"):
        raise Refusal(
            "take 只能是 good（先入库无误的行）或 nothing（全部不入库）。", code="bad_take"
        )
    change: dict[str, Any] = {
        "stage": Stage.MERGING,
        "on_faults": Upload.OnFaults.TAKE_GOOD,
        "job_state": Upload.JobState.WAITING,
        "attempt": 0,
        "not_before": None,
    }
    if take == "nothing":
        sentence = "您决定全部不入库。改好后请重新报送整份文件。"
        change = {"stage": Stage.REFUSED, "refusal": sentence, "progress": 100}
    _move(upload, Upload.objects.filter(stage=Stage.DECIDING), change)
    _audit(acting, "decided_upload", upload, take=take)
    if take == "good":
        _ring(upload)
    else:
        drop_staging(upload)
    return upload


@transaction.atomic
def discard_upload(*, acting: Any, upload: Upload) -> Upload:
    """Give the upload up before anything was merged; the sealed file goes."""
    _require_sender(acting, upload.department_id)
    idle = Upload.objects.filter(stage__in=[*TO_DO, Stage.DECIDING]).exclude(
        job_state=Upload.JobState.WORKING
    )
    _move(upload, idle, {"stage": Stage.DISCARDED, "job_state": Upload.JobState.DONE})
    UploadChunk.objects.filter(upload=upload).delete()
    drop_staging(upload)
    _audit(acting, "discarded_upload", upload)
    return upload


@transaction.atomic
def retry_upload(*, acting: Any, upload: Upload) -> Upload:
    """Put a failed upload back into the queue."""
    _require_sender(acting, upload.department_id)
    change = {
        "job_state": Upload.JobState.WAITING,
        "attempt": 0,
        "not_before": None,
        "job_error": "",
    }
    _move(upload, Upload.objects.filter(job_state=Upload.JobState.FAILED), change)
    _audit(acting, "retried_upload", upload)
    _ring(upload)
    return upload


@transaction.atomic
def open_fault_file(*, acting: Any, upload: Upload) -> list[bytes]:
    """The workbook of faulty rows, with whole identity numbers: an export, and audited as one."""
    _require_sender(acting, upload.department_id)
    content = list(pieces(upload, UploadChunk.Part.FAULTS))
    if not content:
        raise NotFound("这一批没有错误行文件：没有错误，或错误太多。请改原文件后重新报送。")
    _audit(acting, "exported_fault_file", upload, rows=upload.faulty)
    return content


def _move(upload: Upload, allowed: Any, change: dict[str, Any]) -> None:
    if not allowed.filter(pk=upload.pk).update(**change):
        raise Overtaken("这一批的状态已经变了。请刷新页面，看清后再操作。")
    upload.refresh_from_db()


def _owned(upload: Upload, token: uuid.UUID) -> Any:
    return Upload.objects.filter(pk=upload.pk, lease_token=token, job_state="working")


def _ring(upload: Upload) -> None:
    # Imported late: tasks import actions.
    from monitoring.tasks import advance_upload as task

    ring(task, upload.pk)


def _audit(acting: Any, verb: str, upload: Upload, **detail: Any) -> None:
    record(acting=acting, verb=verb, subject=upload, detail={"feed": upload.feed} | detail)
