"""python -m yizhou.local COMMAND: what the Makefile calls once .venv is there."""

import signal
import sys
from collections.abc import Callable
from types import FrameType

from yizhou.local import checks, demo
from yizhou.local.sentences import CannotRun, of_os_error, refuse, say, speak_plainly

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "setup": checks.setup,
    "demo": demo.run,
    "manage": demo.manage,
    "test": checks.test,
    "check": checks.check,
    "fix": checks.fix,
    "bench": checks.bench,
    "docs": checks.docs,
    "diagram": checks.diagram,
}


def main(arguments: list[str]) -> int:
    speak_plainly()
    command = COMMANDS.get(arguments[0]) if arguments else None
    if command is None:
        say("可用的命令：" + "、".join(f"make {name}" for name in COMMANDS), to=sys.stderr)
        return 2
    end_in_order()
    try:
        return command(arguments[1:])
    except CannotRun as reason:
        return refuse(str(reason))
    except OSError as fault:
        return refuse(of_os_error(fault))


def end_in_order() -> None:
    """Turn the signals that end a program into SystemExit. nohup's ignored SIGHUP stays ignored."""
    for signum in ENDING:
        if signum != signal.SIGHUP or signal.getsignal(signum) != signal.SIG_IGN:
            signal.signal(signum, _end)


def _end(signum: int, _frame: FrameType | None) -> None:
    """Leave through every `finally`; a second signal does not disturb the tidying up."""
    for repeated in ENDING:
        signal.signal(repeated, signal.SIG_IGN)
    raise SystemExit(128 + signum)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
