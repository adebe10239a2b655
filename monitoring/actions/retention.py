"""Departments' files are kept for a while after they were read, then cleared away.

The records, the receipt and the faults stay; only the sealed copies of the files go.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from monitoring.models import Upload, UploadChunk
from yizhou.audit import record

OVER = (
    Upload.Stage.MERGED,
    Upload.Stage.REFUSED,
    Upload.Stage.DISCARDED,
    Upload.Stage.UNDONE,
)
AT_ONCE = 500  # batches of one transaction; the rest waits for the next day


@transaction.atomic
def clear_kept_files(*, acting: Any) -> int:
    """Delete sealed files of batches that were over UPLOAD_FILES_KEPT_DAYS ago; how many."""
    before = timezone.now() - timedelta(days=settings.UPLOAD_FILES_KEPT_DAYS)
    batches = list(
        Upload.objects.filter(stage__in=OVER, received_at__lt=before, chunks__isnull=False)
        .order_by("received_at")
        .distinct()
        .values_list("pk", flat=True)[:AT_ONCE]
    )
    if not batches:
        return 0
    pieces, _ = UploadChunk.objects.filter(upload__in=batches).delete()
    record(
        acting=acting,
        verb="cleared_files",
        subject=("upload", "kept"),
        detail={"batches": len(batches), "pieces": pieces, "before": before.date().isoformat()},
    )
    return len(batches)
