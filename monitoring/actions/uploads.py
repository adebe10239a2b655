"""Department data in, the sender's part: receive, decide, release, discard, try again.

The page and the API call the same actions; what the workers do is in upload_steps.
"""

import hashlib
import io
import json
import re
from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from typing import Any, BinaryIO, NamedTuple

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from grid.models import Account, DepartmentKey
from grid.roles import Act
from grid.scope import require, sight_of
from monitoring.feeds import FEEDS, Feed
from monitoring.intake import reading
from monitoring.intake.keeping import keep, pieces
from monitoring.intake.staging import drop_staging
from monitoring.models import Upload, UploadChunk
from yizhou.audit import record
from yizhou.deferred import ring
from yizhou.refusals import NotAllowed, NotFound, Overtaken, Refusal, reason_given

Stage = Upload.Stage
TO_MERGE: dict[str, Any] = {
    "stage": Stage.MERGING,
    "job_state": Upload.JobState.WAITING,
    "attempt": 0,
    "not_before": None,
}
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


def require_sender(acting: Any, department: str) -> None:
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
    as_of: date | None = None,
    is_correction: bool = False,
) -> Received:
    """Seal the content, queue its check and ring; the same content again does nothing.

    `file` is open for reading and can seek. `as_of` is the day up to which the data tell; unsaid,
    the end of the month in the file's name, or today. Raises Refusal for a wrong sender, an
    unreadable or too large file (415, 413), NotFound for an unknown feed, KeyReused.
    """
    contract = feed_called(feed)
    require_sender(acting, contract.department)
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
        as_of=checked_as_of(as_of, filename),
        is_correction=is_correction,
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
    ring_for(upload)
    return Received(upload, repeated=False)


MONTH_IN_NAME = re.compile(r"(?<!\d)(20\d\d)[-_.年]?(0[1-9]|1[0-2])(?=月|\D|$)", re.ASCII)


def checked_as_of(as_of: date | None, filename: str) -> date:
    """The day up to which the data tell. Raises Refusal for a day to come."""
    today = timezone.localdate()
    if as_of is not None:
        if not date(2000, 1, 1) <= as_of <= today:
            raise Refusal(f"数据截止日应在 2000 年以后、不晚于今天（{today}）。", code="as_of")
        return as_of
    if found := MONTH_IN_NAME.search(filename):
        year, month = int(found[1]), int(found[2])
        last = date(year, month, monthrange(year, month)[1])
        return min(last, today)
    return today


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
        same.filter(feed=upload.feed, sha256=upload.sha256, is_correction=upload.is_correction)
        .exclude(stage__in=[Stage.REFUSED, Stage.DISCARDED, Stage.UNDONE])
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


# ---- the sender's decisions ----


@transaction.atomic
def decide_upload(*, acting: Any, upload: Upload, take: str) -> Upload:
    """After checking found faults: take the good rows, or nothing."""
    require_sender(acting, upload.department_id)
    if take not in ("good", "nothing"):
        raise Refusal(
            "take 只能是 good（先入库无误的行）或 nothing（全部不入库）。", code="bad_take"
        )
    taking = {"on_faults": Upload.OnFaults.TAKE_GOOD}
    change: dict[str, Any] = taking | TO_MERGE
    if take == "nothing":
        sentence = "您决定全部不入库。改好后请重新报送整份文件。"
        change = {"stage": Stage.REFUSED, "refusal": sentence, "progress": 100}
    elif upload.held_for:
        change = taking | {"stage": Stage.HELD}
    _move(upload, Upload.objects.filter(stage=Stage.DECIDING), change)
    _audit(acting, "decided_upload", upload, take=take)
    if upload.stage == Stage.MERGING:
        ring_for(upload)
    if take == "nothing":
        drop_staging(upload)
    return upload


@transaction.atomic
def release_upload(*, acting: Account, upload: Upload, reason: str) -> Upload:
    """A person looked at what the quality gate held back and lets it pass."""
    if not isinstance(acting, Account):
        raise NotAllowed("待核实的批次要由工作人员在网页上核实放行，接口不能放行。")
    require_sender(acting, upload.department_id)
    reason = reason_given(
        reason, ask="请写明核实的情况，2 到 200 个字，例如“本月停报一个定点机构”。"
    )
    change = {"released_by": acting} | TO_MERGE
    _move(upload, Upload.objects.filter(stage=Stage.HELD), change)
    _audit(acting, "released_upload", upload, held_for=upload.held_for, reason=reason)
    ring_for(upload)
    return upload


@transaction.atomic
def discard_upload(*, acting: Any, upload: Upload) -> Upload:
    """Give the upload up before anything was merged; the sealed file goes."""
    require_sender(acting, upload.department_id)
    idle = Upload.objects.filter(stage__in=Upload.UNDER_WAY).exclude(
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
    require_sender(acting, upload.department_id)
    change = {
        "job_state": Upload.JobState.WAITING,
        "attempt": 0,
        "not_before": None,
        "job_error": "",
    }
    _move(upload, Upload.objects.filter(job_state=Upload.JobState.FAILED), change)
    _audit(acting, "retried_upload", upload)
    ring_for(upload)
    return upload


@transaction.atomic
def open_fault_file(*, acting: Any, upload: Upload) -> list[bytes]:
    """The workbook of faulty rows, with whole identity numbers: an export, and audited as one."""
    require_sender(acting, upload.department_id)
    content = list(pieces(upload, UploadChunk.Part.FAULTS))
    if not content:
        raise NotFound("这一批没有错误行文件：没有错误，或错误太多。请改原文件后重新报送。")
    _audit(acting, "exported_fault_file", upload, rows=upload.faulty)
    return content


def _move(upload: Upload, allowed: Any, change: dict[str, Any]) -> None:
    if not allowed.filter(pk=upload.pk).update(**change):
        raise Overtaken("这一批的状态已经变了。请刷新页面，看清后再操作。")
    upload.refresh_from_db()


def ring_for(upload: Upload) -> None:
    # Imported late: tasks import actions.
    from monitoring.tasks import advance_upload as task

    ring(task, upload.pk)


def _audit(acting: Any, verb: str, upload: Upload, **detail: Any) -> None:
    record(acting=acting, verb=verb, subject=upload, detail={"feed": upload.feed} | detail)
