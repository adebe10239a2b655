"""What the launcher says: progress lines with seconds, and refusals of one sentence."""

import contextlib
import errno
import os
import sys
import time
from typing import TextIO

BEGAN_VARIABLE = "YIZHOU_LOCAL_BEGAN"  # the bootstrap's clock, handed over its exec
_BEGAN = float(os.environ.pop(BEGAN_VARIABLE, "") or time.monotonic())


class CannotRun(Exception):
    """The command cannot go on. The text says why and what to do, in Chinese."""


def speak_plainly() -> None:
    """Never fail on a terminal that cannot show Chinese, and never hold a line back."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace", line_buffering=True)  # type: ignore[union-attr]


def say(text: str = "", *, to: TextIO | None = None) -> None:
    """Write one line. A reader that went away must not keep us from tidying up."""
    with contextlib.suppress(OSError):
        (to or sys.stdout).write(text + "\n")


def progress(text: str) -> None:
    """One step is done or begins: seconds since the start of the command, then the text."""
    say(f"[{time.monotonic() - _BEGAN:6.1f} 秒] {text}")


def hand_over_clock() -> None:
    """Let the program this process is about to become count from the same beginning."""
    os.environ[BEGAN_VARIABLE] = str(_BEGAN)


def refuse(reason: str) -> int:
    """Say the one sentence and give the exit code."""
    say(f"无法运行：{reason}", to=sys.stderr)
    return 1


def of_os_error(fault: OSError) -> str:
    """One sentence for a fault of the disk or the system."""
    where = fault.filename or "（未知位置）"
    if fault.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return (
            f"没有权限写入 {where}。"
            "请用拥有项目文件夹的用户运行，或把项目复制到可写的文件夹再运行。"
        )
    if fault.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"磁盘空间不足（{where}）。请腾出至少 2 GB 空间后重新运行。"
    return f"系统报错：{fault.strerror or fault}（{where}）。请处理后重新运行同一条命令。"
