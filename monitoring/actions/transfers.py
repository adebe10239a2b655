"""Large files part by part: start, append, finish as an upload, end, expire.

Every part is sealed in PostgreSQL, so any web process takes the next one. The offset moves by a
conditional UPDATE: of two requests with the same part one is taken, the other learns where we are.
"""

import logging
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from grid.models import Account, DepartmentKey
from grid.signing import KeyUser
from monitoring.actions import uploads
from monitoring.intake.keeping import PIECE, plain_file
from monitoring.models import Transfer, TransferPart, Upload
from yizhou.audit import record
from yizhou.refusals import Denial, Refusal
from yizhou.sealed import seal, unseal_bytes

log = logging.getLogger("monitoring.transfers")
Stage = Transfer.Stage
COLUMN = f"{TransferPart._meta.db_table}.sealed"
KEPT_FOR = timedelta(hours=24)
TOLD_FOR = timedelta(days=30)  # how long a transfer that is over still says what became of it
MAX_PART = 8 * 1024 * 1024  # bytes of one PATCH
MAX_OPEN = 20  # of one department


class WrongOffset(Refusal):
    """The part does not begin where the last one ended."""

    status = 409


class TooManyOpen(Refusal):
    status = 409


class Gone(Refusal):
    """The transfer is over: ended, expired or refused."""

    status = 410


class Finished(NamedTuple):
    transfer: Transfer
    refusal: Denial | None


@transaction.atomic
def start_transfer(
    *,
    acting: Any,
    feed: str,
    size_bytes: int,
    filename: str = "",
    on_faults: str = Upload.OnFaults.TAKE_GOOD,
    idempotency_key: str = "",
    as_of: date | None = None,
    is_correction: bool = False,
) -> Transfer:
    """Room for a file of `size_bytes`. Raises Refusal for a size or day that cannot be, NotFound
    for an unknown feed, NotAllowed for another department's.
    """
    contract = uploads.feed_called(feed)
    uploads.require_sender(acting, contract.department)
    if size_bytes == 0:
        raise Refusal("文件是空的。请重新导出后再报送。", code="empty_file")
    if size_bytes > settings.UPLOAD_MAX_BYTES:
        raise uploads.too_large()
    if as_of is not None:
        uploads.checked_as_of(as_of, filename)
    open_now = Transfer.objects.filter(department_id=contract.department, stage=Stage.OPEN)
    if open_now.count() >= MAX_OPEN:
        raise TooManyOpen(
            f"本部门已有 {MAX_OPEN} 个没传完的文件。请先传完或取消。", code="too_many_transfers"
        )
    transfer = Transfer.objects.create(
        department_id=contract.department,
        started_by=acting if isinstance(acting, Account) else None,
        started_key=key if isinstance(key := getattr(acting, "key", None), DepartmentKey) else None,
        feed=contract.code,
        filename=filename[-200:],
        on_faults=on_faults,
        idempotency_key=idempotency_key,
        as_of=as_of,
        is_correction=is_correction,
        size_bytes=size_bytes,
        expires_at=timezone.now() + KEPT_FOR,
    )
    _audit(acting, "started_transfer", transfer, size_bytes=size_bytes)
    return transfer


@transaction.atomic
def append_part(*, transfer: Transfer, offset: int, content: bytes) -> None:
    """Seal the next bytes of the file. Raises WrongOffset, Gone, Refusal past the end.

    The row stays locked until the part is written: the next part waits for it.
    """
    if offset + len(content) > transfer.size_bytes:
        raise Refusal("收到的内容超过了 Upload-Length。请核对文件大小。", code="past_the_end")
    moved = Transfer.objects.filter(
        pk=transfer.pk, stage=Stage.OPEN, received=offset, expires_at__gt=timezone.now()
    ).update(received=offset + len(content))
    transfer.refresh_from_db()
    if not moved:
        require_open(transfer)
        raise WrongOffset(
            f"Upload-Offset 应为 {transfer.received}。请用 HEAD 查询后从那里续传。",
            code="offset_mismatch",
        )
    for start in range(0, len(content), PIECE):
        at = offset + start
        piece = content[start : start + PIECE]
        sealed = seal(piece, column=COLUMN, row=f"{transfer.pk}/{at}")
        TransferPart.objects.create(transfer=transfer, offset=at, sealed=sealed)


def require_open(transfer: Transfer) -> None:
    """Raises Gone for a transfer that takes no more parts, with what became of it."""
    if transfer.stage == Stage.REFUSED:
        raise Gone(transfer.refusal, code="transfer_refused")
    if transfer.stage == Stage.ENDED:
        raise Gone("这次传输已取消。请重新开始。", code="transfer_ended")
    late = transfer.stage == Stage.OPEN and transfer.expires_at <= timezone.now()
    if late or transfer.stage == Stage.EXPIRED:
        raise Gone("这次传输超过 24 小时没有传完，已作废。请重新开始。", code="transfer_expired")


@transaction.atomic
def finish_transfer(*, acting: Any, transfer: Transfer) -> Finished:
    """Make the whole file an upload, once. A refusal of the file is kept and returned."""
    held = Transfer.objects.select_for_update(of=("self",)).get(pk=transfer.pk)
    if held.stage != Stage.OPEN or not held.is_whole:
        return Finished(held, None)
    refusal = None
    try:
        with transaction.atomic(), plain_file(_pieces(held)) as file:
            held.upload = uploads.receive_upload(
                acting=acting,
                feed=held.feed,
                file=file,
                filename=held.filename,
                channel=Upload.Channel.API_FILE,
                on_faults=held.on_faults,
                idempotency_key=held.idempotency_key,
                as_of=held.as_of,
                is_correction=held.is_correction,
            ).upload
            held.stage = Stage.RECEIVED
    except Denial as no:
        refusal, held.stage, held.refusal = no, Stage.REFUSED, no.sentence[:400]
        _audit(acting, "refused_transfer", held, code=no.code)
    held.save(update_fields=["upload", "stage", "refusal"])
    held.parts.all().delete()
    return Finished(held, refusal)


@transaction.atomic
def end_transfer(*, acting: Any, transfer: Transfer) -> None:
    """Forget what came so far. Raises Gone when it is over already."""
    if not Transfer.objects.filter(pk=transfer.pk, stage=Stage.OPEN).update(stage=Stage.ENDED):
        transfer.refresh_from_db()
        require_open(transfer)
        raise Gone("文件已收齐并报送，不能再取消。", code="transfer_received")
    transfer.parts.all().delete()
    _audit(acting, "ended_transfer", transfer)


def sweep_transfers() -> None:
    """Finish what a dying web process left whole; expire what nobody went on with."""
    now = timezone.now()
    for transfer in Transfer.objects.filter(stage=Stage.OPEN).select_related(
        "started_by", "started_key__department"
    ):
        if transfer.is_whole:
            _finish_left(transfer)
        elif transfer.expires_at <= now:
            _expire(transfer)
    Transfer.objects.exclude(stage=Stage.OPEN).filter(started_at__lt=now - TOLD_FOR).delete()


def _finish_left(transfer: Transfer) -> None:
    acting: Any = transfer.started_by or KeyUser(transfer.started_key)  # type: ignore[arg-type]
    try:
        finish_transfer(acting=acting, transfer=transfer)
    except DatabaseError:  # the next sweep tries again; the others must not wait for it
        log.exception("transfer %s could not be finished", transfer.pk)


@transaction.atomic
def _expire(transfer: Transfer) -> None:
    late = Transfer.objects.filter(pk=transfer.pk, stage=Stage.OPEN, received=transfer.received)
    if late.update(stage=Stage.EXPIRED):
        transfer.parts.all().delete()


def _pieces(transfer: Transfer) -> Iterator[bytes]:
    """The plain bytes, a part at a time. Raises BrokenSeal for a changed part."""
    parts = transfer.parts.values_list("offset", "sealed")
    for offset, sealed in parts.iterator(chunk_size=4):
        yield unseal_bytes(sealed, column=COLUMN, row=f"{transfer.pk}/{offset}")


def _audit(acting: Any, verb: str, transfer: Transfer, **detail: Any) -> None:
    record(acting=acting, verb=verb, subject=transfer, detail={"feed": transfer.feed} | detail)
