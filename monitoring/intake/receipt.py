"""What the sender is told of a batch: figures that add up, notes in words, faults by kind."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from monitoring.feeds import FEEDS
from monitoring.intake.gate import is_supplement, last_whole_batch
from monitoring.models import Upload, UploadChunk, UploadFault

# Several problems of one code differ in figures only; the summary needs one wording.
KINDS = {
    "required": "必填，没有填",
    "id_scientific": "被改成了数字",
    "id_length": "不是 18 位",
    "id_characters": "有不该有的字符",
    "id_birth": "出生日期不对",
    "id_check": "校验位不对",
    "amount_unit": "单位和表头不一致",
    "too_long": "太长",
    "too_small": "太小",
    "too_large": "太大",
    "row_width": "行里的格数和表头不一致",
    "same_row": "与前面的行完全相同",
    "same_key": "与前面的行重复，内容不同",
}
USUAL_CHANGE = 15  # per cent of difference from the last batch that needs no remark


@dataclass(frozen=True, slots=True)
class FaultGroup:
    """Faults of one kind in one column."""

    column: str
    code: str
    rows: int
    is_duplicate: bool
    problem: str
    sentence: str  # the problem with its column, unless it names columns itself


def fault_groups(upload: Upload) -> list[FaultGroup]:
    """Most frequent first."""
    said = {check.code: check.problem for check in FEEDS[upload.feed].checks}
    groups = (
        UploadFault.objects.filter(upload=upload)
        .order_by()
        .values("column", "code", "is_duplicate")
        .annotate(rows=Count("row_number", distinct=True))
        .order_by("is_duplicate", "-rows", "column", "code")
    )
    examples = dict(
        UploadFault.objects.filter(upload=upload)
        .order_by("code")
        .distinct("code")
        .values_list("code", "problem")
    )
    return [
        FaultGroup(
            group["column"],
            group["code"],
            group["rows"],
            group["is_duplicate"],
            problem := said.get(group["code"])
            or KINDS.get(group["code"])
            or examples[group["code"]],
            problem
            if group["code"] in said or group["is_duplicate"]
            else f"{group['column']}{problem}",
        )
        for group in groups
    ]


def good_rows(upload: Upload) -> int:
    """Rows that can be merged, or were."""
    return int(upload.rows_in - upload.faulty - upload.duplicate - upload.blank)


def previous_batch(upload: Upload) -> Upload | None:
    """The batch to compare with; none for a correction, a supplement or single rows by API."""
    if upload.is_correction or is_supplement(upload) or upload.channel == Upload.Channel.API_ROWS:
        return None
    return last_whole_batch(upload)


def change_percent(upload: Upload, before: Upload | None) -> float | None:
    """How many per cent more rows than the last batch; None without one."""
    if before is None or not before.rows_in:
        return None
    return round(100 * (upload.rows_in - before.rows_in) / before.rows_in, 1)


def has_fault_file(upload: Upload) -> bool:
    return UploadChunk.objects.filter(upload=upload, part=UploadChunk.Part.FAULTS).exists()


def receipt(upload: Upload) -> dict[str, Any]:
    """rows_in = accepted + unchanged + faulty + duplicate + blank, once merged."""
    return {
        "rows_in": upload.rows_in,
        "accepted": upload.accepted,
        "unchanged": upload.unchanged,
        "faulty": upload.faulty,
        "duplicate": upload.duplicate,
        "blank": upload.blank,
        "unmatched": upload.unmatched,
        "notes": notes_in_words(upload.notes),
    }


def _listed(names: list[str]) -> str:
    return "、".join(names)


def _skipped(what: str) -> Callable[[Any], str]:
    def words(found: dict[str, Any]) -> str:
        rows = _listed([str(row) for row in found["rows"]])
        more = "等" if found["count"] > len(found["rows"]) else ""
        return f"跳过{what} {found['count']} 行（第 {rows} 行{more}），不计入收到行。"

    return words


NOTES: dict[str, Callable[[Any], str]] = {
    "encoding": lambda v: f"文字编码：{v}。",
    "sheet": lambda v: f"读取的工作表：{v}。",
    "heading_row": lambda v: f"表头在第 {v} 行。",
    "money_unit": lambda v: f"表头注明单位为{v}，金额已换算成元。" if v != "元" else "",
    "unused_columns": lambda v: f"没有用到的列：{_listed(v)}。",
    "hidden_sheets": lambda v: f"隐藏的工作表没有读：{_listed(v)}。",
    "other_sheets": lambda v: f"没有表头的工作表没有读：{_listed(v)}。",
    "totals_lines": _skipped("合计行"),
    "signature_lines": _skipped("制表、说明等行"),
    "repeated_headings": _skipped("重复的表头"),
    "faults_not_listed": lambda v: f"错误太多，另有 {v} 处没有逐条列出。",
    "fault_file": lambda v: "错误行文件没有做成，请按下面的行号改原文件。",
    "older": lambda v: (
        f"{v} 行比已有的数据早，作为历史保留，没有覆盖。如果是更正，请勾选“这是更正文件”重新报送。"
    ),
    "superseded": lambda v: f"{v} 行更正了以前报送的记录。",
    "matched_late": lambda v: f"以前未匹配的 {v} 条记录，现已匹配到人。",
    "renamed": lambda v: f"{v} 行的姓名与户籍库不一致（身份证号一致），已入库，请核对。",
}


def notes_in_words(notes: dict[str, Any]) -> list[str]:
    """What the program did with the file that its sender should know."""
    sentences = [NOTES[name](value) for name, value in notes.items() if name in NOTES]
    return [sentence for sentence in sentences if sentence]


def overview(uploads: Any) -> dict[str, dict[str, Any]]:
    """By feed code: the latest batch among `uploads`, the last merged one, batches not finished."""
    by_feed: dict[str, dict[str, Any]] = {
        code: {"latest": None, "merged": None, "open": 0} for code in FEEDS
    }
    for upload in uploads.order_by("feed", "-received_at").distinct("feed"):
        by_feed[upload.feed]["latest"] = upload
    merged = uploads.filter(stage=Upload.Stage.MERGED)
    for upload in merged.order_by("feed", "-merged_at").distinct("feed"):
        by_feed[upload.feed]["merged"] = upload
    counts = (
        uploads.order_by()
        .values("feed")
        .annotate(n=Count("pk", filter=Q(stage__in=Upload.UNDER_WAY)))
    )
    for row in counts:
        by_feed[row["feed"]]["open"] = row["n"]
    return by_feed


def is_moving(upload: Upload) -> bool:
    """Whether the program is at work, or about to be, so that a page should look again."""
    if upload.job_state == Upload.JobState.FAILED:
        return False
    run = getattr(upload, "screening", None)
    screened = run is None or run.job_state in ("done", "failed")
    stages = (
        Upload.Stage.RECEIVED,
        Upload.Stage.CHECKING,
        Upload.Stage.MERGING,
        Upload.Stage.UNDOING,
    )
    return upload.stage in stages or (upload.stage == Upload.Stage.MERGED and not screened)


def steps(upload: Upload) -> list[dict[str, Any]]:
    """The five steps of a batch: label, state (done, now, wrong or nothing), note."""
    stage, order = upload.stage, Upload.Stage
    checked = upload.checked_at is not None
    over = stage in (order.REFUSED, order.DISCARDED)
    run = getattr(upload, "screening", None)
    return [
        {"label": "上传", "state": "done", "note": upload.filename or upload.get_channel_display()},
        {
            "label": "自动校验",
            "state": "done" if checked else "wrong" if over else "now",
            "note": _checked_note(upload),
        },
        {
            "label": "处理错误",
            "state": "now"
            if stage == order.DECIDING
            else "wrong"
            if over
            else "done"
            if checked
            else "",
            "note": f"{upload.faulty} 行" if upload.faulty else "没有错误" if checked else "",
        },
        {
            "label": "入库",
            "state": MERGE_STATES.get(stage, ""),
            "note": f"{upload.accepted + upload.unchanged:,} 行"
            if stage == order.MERGED
            else upload.get_stage_display()
            if stage in (order.HELD, order.UNDOING, order.UNDONE)
            else "",
        },
        {"label": "触发研判", "state": _screening_state(run), "note": _screening_note(run)},
    ]


MERGE_STATES: dict[str, str] = {
    Upload.Stage.MERGED: "done",
    Upload.Stage.MERGING: "now",
    Upload.Stage.HELD: "wrong",
    Upload.Stage.UNDOING: "now",
    Upload.Stage.UNDONE: "wrong",
}


def _checked_note(upload: Upload) -> str:
    if upload.checked_at is None:
        return f"{upload.progress}%"
    seconds = max(1, round((upload.checked_at - upload.received_at).total_seconds()))
    took = f"{seconds} 秒" if seconds < 120 else f"{seconds // 60} 分钟"
    return f"{upload.rows_in:,} 行，用时 {took}"


def _screening_state(run: Any) -> str:
    if run is None:
        return ""
    return {"done": "done", "failed": "wrong"}.get(run.job_state, "now")


def _screening_note(run: Any) -> str:
    if run is None or run.job_state in ("waiting", "working"):
        return "排队中" if run else ""
    return f"新预警 {run.alerts_opened} 条" if run.job_state == "done" else "研判没有完成"
