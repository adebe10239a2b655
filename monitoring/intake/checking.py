"""Checking one upload: the child process reads, good rows go to staging, faults are written.

`check` is the long part outside a transaction; `conclude` is the short one inside. A worker that
dies in between leaves a staging table of its own attempt, which the next attempt drops.
"""

import hashlib
from binascii import hexlify
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.utils import timezone

from monitoring.feeds import FEEDS, Feed
from monitoring.intake import reading
from monitoring.intake.disposable import check_lines, sent_rows
from monitoring.intake.keeping import keep
from monitoring.intake.staging import Staging, copy_faults
from monitoring.intake.template import fault_file
from monitoring.models import Upload, UploadChunk, UploadFault
from yizhou.refusals import Refusal
from yizhou.sealed import digest

BATCH = 20_000  # rows per COPY
READ_SHARE = 80  # per cent of the progress bar that reading takes
FAULT_FILE_ROWS = 20_000

Renew = Callable[[int], None]


@dataclass(slots=True)
class Reading:
    """What the child process found. `faults` are COPY lines without the upload's key."""

    staging: Staging
    good: int = 0
    faulty: int = 0
    blank: int = 0
    faults: list[bytes] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)


def kind_of(upload: Upload, file: BinaryIO) -> str:
    return "rows" if upload.channel == Upload.Channel.API_ROWS else reading.sniff(file)


def check(upload: Upload, file: BinaryIO, *, renew: Renew) -> Reading:
    """Read the whole file into a new staging table. Raises Refusal when it cannot be read."""
    feed = FEEDS[upload.feed]
    found = Reading(Staging.create(upload, feed))
    lines = check_lines(file, feed, kind=kind_of(upload, file), today=timezone.localdate())
    batch: list[bytes] = []
    percent = 0
    for some in lines:
        for line in some:
            mark = line[:2]
            if mark == b"R\t":
                batch.append(staged(line))
            elif mark == b"F\t":
                found.faults.append(line[2:])
            elif mark == b"P\t":
                percent = int(line[2:])
        if len(batch) >= BATCH:
            found.staging.copy_in(batch)
            batch.clear()
            renew(percent * READ_SHARE // 100)
        elif not some:
            renew(percent * READ_SHARE // 100)
    found.staging.copy_in(batch)
    end = lines.end or {}
    found.good, found.faulty, found.blank = end["good"], end["faulty"], end["blank"]
    found.notes = end["notes"]
    return found


def staged(line: bytes) -> bytes:
    """A row of the child process as a row of the staging table: the number becomes its digest.

    The fingerprint covers the keyed digest and all other columns in their canonical text.
    """
    _, number, id_number, rest = line.split(b"\t", 3)
    key = digest(id_number.decode(), kind="id")
    fingerprint = hashlib.blake2b(key + rest, digest_size=16).digest()
    return b"%b\t\\\\x%b\t%b\t\\\\x%b\t%b\n" % (
        number,
        hexlify(key),
        id_number[-4:],
        hexlify(fingerprint),
        rest,
    )


def conclude(upload: Upload, found: Reading, file: BinaryIO) -> None:
    """Set-based checks, counts, faults, the fault file and the next stage, on the instance."""
    staging = found.staging
    UploadFault.objects.filter(upload=upload).delete()
    copy_faults(upload, found.faults)
    staging.analyze()
    broken = staging.run_checks()
    upload.duplicate = staging.take_out_duplicates()
    upload.unmatched = staging.count_unmatched()
    upload.rows_in = found.good + found.faulty + found.blank
    upload.faulty, upload.blank = found.faulty + broken, found.blank
    upload.notes = found.notes
    upload.checked_at = timezone.now()
    upload.stage, upload.refusal = next_stage(upload, staging.count())
    keep_fault_file(upload, staging.feed, file)


def next_stage(upload: Upload, good: int) -> tuple[str, str]:
    """The stage after checking and, when refused, the sentence."""
    if upload.rows_in - upload.blank == 0:
        return (
            Upload.Stage.REFUSED,
            "表头下面没有数据行，没有入库。请检查导出是否成功，再重新报送。",
        )
    if good == 0:
        return (
            Upload.Stage.REFUSED,
            f"{upload.rows_in} 行里没有一行可以入库：错误 {upload.faulty} 行，重复"
            f" {upload.duplicate} 行，空行 {upload.blank} 行。请按下面的说明改好后重新报送。",
        )
    if upload.faulty and upload.on_faults == Upload.OnFaults.TAKE_NOTHING:
        return (
            Upload.Stage.REFUSED,
            f"有 {upload.faulty} 行错误，按“有错则全部不入库”没有入库。改好后请重新报送整份文件。",
        )
    if upload.faulty and upload.on_faults == Upload.OnFaults.ASK:
        return Upload.Stage.DECIDING, ""
    return Upload.Stage.MERGING, ""


def keep_fault_file(upload: Upload, feed: Feed, file: BinaryIO) -> None:
    """Seal the faulty rows as a workbook to correct; none when there are none, or far too many."""
    rows = (
        UploadFault.objects.filter(upload=upload, is_duplicate=False)
        .order_by("row_number")
        .values("row_number")
        .annotate(
            said=StringAgg(
                Concat(F("column"), Value("："), F("problem"), Value("。"), F("fix")),
                delimiter=" ",
                order_by="id",
            )
        )
    )
    faults = {row["row_number"]: row["said"].lstrip("：") for row in rows[: FAULT_FILE_ROWS + 1]}
    UploadChunk.objects.filter(upload=upload, part=UploadChunk.Part.FAULTS).delete()
    if not faults or len(faults) > FAULT_FILE_ROWS:
        return
    sent = sent_rows(file, feed, kind=kind_of(upload, file), numbers=sorted(faults))
    try:
        workbook = fault_file(feed, sent, faults)
    except Refusal:
        upload.notes["fault_file"] = "missing"
        return
    keep(upload, workbook, UploadChunk.Part.FAULTS)
