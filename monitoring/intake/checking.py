"""Checking one upload: the child process reads, good rows go to staging, faults are written.

`check` is the long part outside a transaction; `conclude` is the short one inside. A worker that
dies in between leaves a staging table of its own attempt, which the next attempt drops.
"""

import hashlib
import json
from binascii import hexlify
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.utils import timezone

from monitoring.feeds import FEEDS
from monitoring.intake import reading
from monitoring.intake.disposable import check_lines, sent_rows
from monitoring.intake.drawing import Drawn
from monitoring.intake.gate import suspicions
from monitoring.intake.keeping import keep
from monitoring.intake.staging import Staging, copy_faults
from monitoring.intake.template import fault_file
from monitoring.models import Upload, UploadChunk, UploadFault
from yizhou.refusals import Refusal
from yizhou.sealed import digest

SEGMENT = 200_000  # rows per COPY; between two of them the progress is told
READ_SHARE = 80  # per cent of the progress bar that reading takes
FAULT_FILE_ROWS = 20_000
NAMES_LISTED = 20

Renew = Callable[[int], None]


@dataclass(slots=True)
class Reading:
    """What the child process found. `faults` are COPY lines without the upload's key, `lost` the
    COPY lines that Staging.households_missed asks for, `sent` the cells of rows that did not read.
    """

    staging: Staging
    good: int = 0
    faulty: int = 0
    blank: int = 0
    faults: list[bytes] = field(default_factory=list)
    lost: list[bytes] = field(default_factory=list)
    sent: dict[int, list[str]] = field(default_factory=dict)
    bad_ids: int = 0
    notes: dict[str, Any] = field(default_factory=dict)


def kind_of(upload: Upload, file: BinaryIO) -> str:
    return "rows" if upload.channel == Upload.Channel.API_ROWS else reading.sniff(file)


def check(upload: Upload, file: BinaryIO, *, renew: Renew) -> Reading:
    """Read the whole file into a new staging table. Raises Refusal when it cannot be read."""
    feed = FEEDS[upload.feed]
    found = Reading(Staging.create(upload, feed))
    lines = check_lines(file, feed, kind=kind_of(upload, file), today=timezone.localdate())
    rows = Rows(lines, found)
    while not rows.over:
        found.staging.copy_in(Drawn(rows.segment()))
        if rows.refusal:
            raise rows.refusal
        renew(rows.percent * READ_SHARE // 100)
    end = lines.end or {}
    found.good, found.faulty, found.blank = end["good"], end["faulty"], end["blank"]
    found.notes = end["notes"]
    return found


class Rows:
    """The child's good rows, segment by segment; all else is put aside."""

    def __init__(self, lines: Iterable[list[bytes]], found: Reading) -> None:
        self._lines, self._found = iter(lines), found
        self.percent = 0
        self.over = False
        self.refusal: Refusal | None = None  # COPY would hide it in an error of its own

    def segment(self) -> Iterator[bytes]:
        """The next SEGMENT rows, or all that are left."""
        count = 0
        while count < SEGMENT and (some := self._next()) is not None:
            rows = staged_rows(some, self._found)
            count += len(rows)
            yield b"".join(rows)

    def _next(self) -> list[bytes] | None:
        """The next lines of the child; None, and `over`, at the end."""
        some = None
        try:
            some = next(self._lines, None)
        except Refusal as refusal:
            self.refusal = refusal
        if some is None:
            self.over = True
            return None
        for line in reversed(some):
            if line[:2] == b"P\t":
                self.percent = int(line[2:])
                break
        return some


def staged_rows(lines: list[bytes], found: Reading) -> list[bytes]:
    """Rows of the child process as rows of the staging table: the number becomes its digest.

    The fingerprint covers the keyed digest and all other columns in their canonical text.
    """
    rows: list[bytes] = []
    add, blake2b = rows.append, hashlib.blake2b
    for line in lines:
        mark = line[:2]
        if mark == b"R\t":
            _, number, id_number, rest = line.split(b"\t", 3)
            key = digest(id_number.decode(), kind="id")
            hashed = blake2b(key + rest, digest_size=16).hexdigest().encode()
            add(
                b"%b\t\\\\x%b\t%b\t\\\\x%b\t%b\n"
                % (number, hexlify(key), id_number[-4:], hashed, rest)
            )
        elif mark == b"F\t":
            found.faults.append(line[2:])
        elif mark == b"H\t":
            _put_aside(line, found)
        elif mark == b"O\t" and len(found.sent) < FAULT_FILE_ROWS:
            number, sent = json.loads(line[2:])
            found.sent[number] = sent
    return rows


def _put_aside(line: bytes, found: Reading) -> None:
    """A faulty row's person: row, number if it read well, name, day of birth, 1 if not."""
    _, _, id_number, name, born_on, bad = line.split(b"\t")
    found.bad_ids += bad == b"1"
    if id_number:
        key = digest(id_number.decode(), kind="id")
        found.lost.append(b"\\\\x%b\t\\N\t\\N\n" % hexlify(key))
    elif name and born_on:
        found.lost.append(b"\\N\t%b\t%b\n" % (name, born_on))


def conclude(upload: Upload, found: Reading, file: BinaryIO) -> None:
    """Set-based checks, counts, faults, the fault file and the next stage, on the instance."""
    staging = found.staging
    UploadFault.objects.filter(upload=upload).delete()
    copy_faults(upload, found.faults)
    rows = staging.sort_out()
    upload.duplicate, upload.unmatched = rows.duplicate, rows.unmatched
    upload.rows_in = found.good + found.faulty + found.blank
    upload.faulty, upload.blank = found.faulty + rows.broken, found.blank
    upload.notes = found.notes
    if rows.renamed:
        upload.notes["renamed"] = rows.renamed
        upload.notes["renamed_rows"] = staging.renamed_rows(NAMES_LISTED)
    upload.harm = _harm(upload, found)
    upload.checked_at = timezone.now()
    upload.held_for = suspicions(upload, staging, rows.good)
    upload.stage, upload.refusal = next_stage(upload, rows.good)
    keep_fault_file(upload, found, file)


def _harm(upload: Upload, found: Reading) -> dict[str, int]:
    """What the faulty rows cost: households that no good row of this batch tells of."""
    if not upload.faulty:
        return {}
    missed = found.staging.households_missed(found.lost)
    return {"bad_ids": found.bad_ids, "households": missed}


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
    if upload.held_for:
        return Upload.Stage.HELD, ""
    return Upload.Stage.MERGING, ""


def keep_fault_file(upload: Upload, found: Reading, file: BinaryIO) -> None:
    """Seal the faulty rows as a workbook to correct; none when there are none, or far too many.

    The file is read again only for rows that read well and broke a check afterwards.
    """
    feed = found.staging.feed
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
    sent = {number: cells for number, cells in found.sent.items() if number in faults}
    if broken := sorted(faults.keys() - sent.keys()):
        try:
            sent |= sent_rows(file, feed, kind=kind_of(upload, file), numbers=broken)
        except Refusal:
            upload.notes["fault_file"] = "missing"
            return
    workbook = fault_file(feed, sorted(sent.items()), faults)
    keep(upload, workbook, UploadChunk.Part.FAULTS)
