"""Taking back a merged batch: asked for by the sender, done by a worker, screened anew."""

import uuid
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils import timezone
from psycopg2.sql import SQL, Literal

from grid.models import Account
from monitoring.actions.freezing import UNDOING
from monitoring.actions.screenings import request_screening
from monitoring.actions.uploads import require_sender
from monitoring.intake.undoing import undo
from monitoring.models import ScreeningRun, Upload, UploadUndo, UploadUndoRow
from yizhou.audit import SYSTEM, record
from yizhou.deferred import LeaseLost, ring
from yizhou.refusals import NotAllowed, Overtaken, reason_given
from yizhou.statements import run

INTERRUPTED = "撤回时发生意外，系统会自动再试；若一直不成功，请联系系统管理员。"


@transaction.atomic
def request_undo(*, acting: Account, upload: Upload, reason: str) -> UploadUndo:
    """Ask for a merged batch to be taken back; the reason goes into the audit trail.

    Raises NotAllowed for a machine or another department, Refusal without a reason, Overtaken
    when the batch is not merged or is being taken back already.
    """
    if not isinstance(acting, Account):
        raise NotAllowed("撤回批次要由工作人员在网页上办理，接口不能撤回。")
    require_sender(acting, upload.department_id)
    reason = reason_given(reason, ask="请写明撤回的原因，2 到 200 个字，例如“报成了上个月的文件”。")
    merged = Upload.objects.filter(pk=upload.pk, stage=Upload.Stage.MERGED)
    if not merged.update(stage=Upload.Stage.UNDOING):
        raise Overtaken("这一批不在“已入库”的状态，不能撤回。请刷新页面，看清后再操作。")
    request = UploadUndo.objects.create(upload=upload, asked_by=acting, reason=reason)
    record(
        acting=acting,
        verb="asked_undo",
        subject=upload,
        detail={"feed": upload.feed, "reason": reason},
    )
    _ring(request.pk)
    return request


def advance_undo(undo_id: str | int) -> bool:
    """Claim the undo and do it. False when it was not ours to do."""
    return UploadUndo.carry_out(undo_id, _undo, interrupted=INTERRUPTED)


@transaction.atomic
def _undo(request: UploadUndo, token: uuid.UUID) -> None:
    """Everything in one transaction: rows, lists, stage, audit and the new screening."""
    UploadUndoRow.objects.filter(undo=request).delete()
    run(SQL("SELECT pg_advisory_xact_lock({})").format(Literal(UNDOING)))
    undone = undo(request, at=timezone.now())
    UploadUndo.objects.filter(pk=request.pk).update(**asdict(undone))
    moved = Upload.objects.filter(pk=request.upload_id, stage=Upload.Stage.UNDOING).update(
        stage=Upload.Stage.UNDONE
    )
    if not moved or not UploadUndo.finish(request.pk, token):
        raise LeaseLost
    detail: dict[str, Any] = {"feed": request.upload.feed, "reason": request.reason}
    record(
        acting=SYSTEM, verb="undid_upload", subject=request.upload, detail=detail | asdict(undone)
    )
    request_screening(acting=SYSTEM, trigger=ScreeningRun.Trigger.UPLOAD)


@transaction.atomic
def retry_undo(*, acting: Account, upload: Upload) -> None:
    """Put a failed undo back into the queue."""
    require_sender(acting, upload.department_id)
    moved = UploadUndo.objects.filter(upload=upload, job_state=UploadUndo.JobState.FAILED).update(
        job_state=UploadUndo.JobState.WAITING, attempt=0, not_before=None, job_error=""
    )
    if not moved:
        raise Overtaken("这次撤回不在“失败”的状态。请刷新页面，看清后再操作。")
    record(acting=acting, verb="retried_upload", subject=upload, detail={"undo": True})
    _ring(UploadUndo.objects.values_list("pk", flat=True).get(upload=upload))


def sweep_undos() -> None:
    """Take up what the doorbell lost; fail what was tried too often."""
    for pk in UploadUndo.objects.claimable().order_by("asked_at").values_list("pk", flat=True)[:5]:
        advance_undo(pk)
    UploadUndo.objects.exhausted().update(
        job_state=UploadUndo.JobState.FAILED,
        lease_until=None,
        job_error="试了多次都没有完成。请点“重试”；再不成功，请联系系统管理员。",
    )


def _ring(pk: int) -> None:
    # Imported late: tasks import actions.
    from monitoring.tasks import advance_undo as task

    ring(task, pk)
