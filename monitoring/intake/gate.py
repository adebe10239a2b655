"""The quality gate before publishing: a batch that looks wrong as a whole waits for a person.

Single faults belong to single rows; here the question is whether the department sent the right
file. Figures are Threshold rows. Corrections, supplements and single rows by API pass.
"""

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.utils import timezone

from monitoring.intake.staging import Staging
from monitoring.intake.template import FAULT_TITLE
from monitoring.models import Threshold, Upload

LEAST_ROWS = 20  # fewer say nothing of the whole
ROWS_MISSING, ROWS_CHANGED = "gate_rows_missing_share", "gate_rows_changed_share"
SHARE_IF_UNSET = Decimal("1.01")  # never reached: the county has removed the figure


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a batch is held: a stable code, the measured value, the line, and one sentence."""

    code: str
    value: float
    line: float
    sentence: str


class Suspicious(Exception):
    """The merge found that the batch changes nearly everything; nothing of it may stay."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


def line_of(key: str) -> Decimal:
    figure = Threshold.objects.on(timezone.localdate()).filter(key=key).first()
    return figure.value if figure else SHARE_IF_UNSET


def passes_unasked(upload: Upload) -> bool:
    return (
        upload.is_correction
        or upload.released_by_id is not None
        or upload.channel == Upload.Channel.API_ROWS
        or is_supplement(upload)
    )


def is_supplement(upload: Upload) -> bool:
    """Corrected rows of an earlier file: they bring the column of the fault file along."""
    return FAULT_TITLE in upload.notes.get("unused_columns", ())


def last_whole_batch(upload: Upload) -> Upload | None:
    """The last merged file of the data set that was neither a correction nor a supplement."""
    files = Upload.objects.filter(
        feed=upload.feed, stage=Upload.Stage.MERGED, is_correction=False
    ).exclude(channel=Upload.Channel.API_ROWS)
    for earlier in files.exclude(pk=upload.pk).order_by("-merged_at")[:10]:
        if not is_supplement(earlier):
            return earlier
    return None


def suspicions(upload: Upload, staging: Staging, good: int) -> list[dict[str, Any]]:
    """What a look at the checked file alone finds; empty when it may be merged."""
    if passes_unasked(upload) or good < LEAST_ROWS:
        return []
    return [asdict(r) for r in (_rows_missing(upload, good), _all_zero(staging)) if r]


def _rows_missing(upload: Upload, good: int) -> Reason | None:
    before = last_whole_batch(upload)
    if before is None:
        return None
    had = before.accepted + before.unchanged
    if had < LEAST_ROWS:
        return None
    missing, line = 1 - good / had, line_of(ROWS_MISSING)
    if missing < line:
        return None
    return Reason(
        "rows_missing",
        round(missing, 4),
        float(line),
        f"上一批入库 {had:,} 行，这一批只有 {good:,} 行，少了 {missing:.0%}。"
        "请核对是否漏了乡镇、月份或机构。",
    )


def _all_zero(staging: Staging) -> Reason | None:
    amounts = [n for n, column in staging.contract.items() if column["kind"] == "amount"]
    if not amounts or not staging.all_zero(amounts):
        return None
    titles = "、".join(staging.feed.header(name) for name in amounts)
    return Reason(
        "all_zero", 0.0, 0.0, f"每一行的金额（{titles}）都是 0。请核对导出时金额列是否取到。"
    )


def check_changed(upload: Upload, *, changed: int, known: int) -> None:
    """Raises Suspicious when nearly every known fact would change."""
    if passes_unasked(upload) or known < LEAST_ROWS:
        return
    share, line = changed / known, line_of(ROWS_CHANGED)
    if share >= line:
        raise Suspicious(
            Reason(
                "rows_changed",
                round(share, 4),
                float(line),
                f"已有记录的 {known:,} 行里，{changed:,} 行内容变了（{share:.0%}）。"
                "请核对是否列错位、单位换了，或报成了别的月份。",
            )
        )
