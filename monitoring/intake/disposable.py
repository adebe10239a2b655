"""The parent's side of the disposable process: start it, drain it, end it, judge how it ended."""

import json
import logging
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from typing import IO, Any, BinaryIO

from django.conf import settings

from monitoring.feeds import Feed
from monitoring.intake.contract import id_first
from yizhou.refusals import Refusal

log = logging.getLogger("monitoring.intake")
MAX_MEMORY = 1 << 30
MAX_SECONDS = 600  # of CPU; the wall clock allows half as much again
QUIET = 5.0  # seconds without a line before the caller is woken to renew its lease


class Lines:
    """Lines of one reading. After the last one, `end` holds the counts and notes.

    Iterating yields lists of lines (an empty list when the child is only slow) and raises Refusal
    when the file is refused or the process did not end well.
    """

    def __init__(self, file: BinaryIO, feed: Feed, *, kind: str, mode: str, **more: Any) -> None:
        self.file = file
        self.job = {
            "mode": mode,
            "kind": kind,
            "columns": id_first(feed),
            "max_memory": MAX_MEMORY,
            "max_seconds": MAX_SECONDS,
        } | more
        self.end: dict[str, Any] | None = None

    def __iter__(self) -> Iterator[list[bytes]]:
        with tempfile.TemporaryFile() as job, tempfile.TemporaryFile() as errors:
            job.write(json.dumps(self.job).encode())
            job.seek(0)
            self.file.seek(0)
            process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own module
                [sys.executable, "-B", "-s", "-m", "monitoring.intake.child", str(job.fileno())],
                stdin=self.file,
                stdout=subprocess.PIPE,
                stderr=errors,
                pass_fds=(job.fileno(),),
                cwd=settings.ROOT,
                env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "PYTHONUTF8": "1"},
                start_new_session=True,
                pipesize=1 << 20,
            )
            try:
                yield from self._drained(process, errors)
            finally:
                process.kill()
                process.wait()
                if process.stdout:
                    process.stdout.close()

    def _drained(
        self, process: subprocess.Popen[bytes], errors: IO[bytes]
    ) -> Iterator[list[bytes]]:
        assert process.stdout is not None  # noqa: S101 - asked for above
        pipe = process.stdout.fileno()
        latest = time.monotonic() + MAX_SECONDS * 1.5
        rest = b""
        while True:
            if time.monotonic() > latest:
                process.kill()
            if not select.select([pipe], [], [], QUIET)[0]:
                yield []
                continue
            piece = os.read(pipe, 1 << 20)
            if not piece:
                break
            lines = (rest + piece).split(b"\n")
            rest = lines.pop()
            if lines and lines[-1][:2] in (b"E\t", b"X\t"):
                self._last(lines.pop())
            if lines:
                yield lines
        code = process.wait()
        if code or self.end is None:
            log.warning("the reading process ended with %s %s", code, _crash_site(errors))
            raise self._died(code)

    def _last(self, line: bytes) -> None:
        said = json.loads(line[2:])
        if line[:1] == b"X":
            raise Refusal(said["sentence"], code=said["code"])
        self.end = said

    def _died(self, code: int) -> Refusal:
        if code in (-signal.SIGXCPU, -signal.SIGKILL):
            return Refusal(
                "文件太大或太复杂，读取超时，没有入库。请分成几个文件，或另存为 CSV 再报送。",
                code="reading_too_long",
            )
        return Refusal(
            "文件读到一半，解析程序异常停止，没有入库。请用 Excel 打开，删去多余的空行空列，"
            "另存为 CSV（UTF-8）再报送；文件很大时请分成几个。",
            code="reading_died",
        )


def _crash_site(errors: IO[bytes]) -> str:
    """Where it crashed, without the message: that may quote a person's data."""
    errors.seek(0)
    lines = errors.read().decode(errors="replace").splitlines()
    places = [line.strip() for line in lines if line.startswith("  File")]
    return f"{lines[-1].partition(':')[0]} at {places[-1]}" if places else ""


def check_lines(file: BinaryIO, feed: Feed, *, kind: str, today: date) -> Lines:
    return Lines(file, feed, kind=kind, mode="check", today=today.isoformat())


def sent_rows(file: BinaryIO, feed: Feed, *, kind: str, numbers: list[int]) -> Iterator[Any]:
    """(row number, cells as sent, identity number first) of the wanted rows."""
    for lines in Lines(file, feed, kind=kind, mode="extract", rows=numbers):
        for line in lines:
            if line[:2] == b"O\t":
                yield json.loads(line[2:])
