"""Child processes that never outlive us: stopped in order, and killed when we are killed.

Linux tells a child of its parent's death (PR_SET_PDEATHSIG). Elsewhere a guard process watches a
pipe whose other end only we hold. Start children from the main thread only: the signal comes when
the *thread* that started them ends.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LINUX = sys.platform.startswith("linux")
PR_SET_PDEATHSIG = 1


def dies_with_parent(signum: int = signal.SIGKILL) -> Callable[[], None] | None:
    """A preexec_fn for a direct child; None where the system has no such thing."""
    if not LINUX:
        return None
    libc, parent = ctypes.CDLL(None), os.getpid()

    def ask_for_signal() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signum)
        if os.getppid() != parent:  # the parent died between fork and here
            os._exit(1)

    return ask_for_signal


def dies_with_this_parent() -> None:
    """When make started us, end in order if make is killed. Survives exec."""
    if LINUX and os.environ.get("MAKELEVEL"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Child:
    """One running child in a session of its own, so that Ctrl-C reaches only us."""

    name: str
    process: subprocess.Popen[bytes]
    stop_signal: int
    patience: float  # seconds between the polite signal and SIGKILL

    @classmethod
    def start(
        cls,
        name: str,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | str | None = None,
        log: Path | None = None,
        only_errors_to_log: bool = False,
        run_as: Mapping[str, Any] | None = None,
        stop_signal: int = signal.SIGTERM,
        death_signal: int = signal.SIGTERM,
        patience: float = 10,
        guarded: bool = not LINUX,
    ) -> "Child":
        """Start `command`. Output goes to the end of `log`; without one it joins our own."""
        words = [str(word) for word in command]
        if guarded:
            guard = [sys.executable, "-m", "yizhou.local.guard", str(int(death_signal))]
            words = guard + words
        output = log.open("ab") if log else None
        try:
            process = subprocess.Popen(
                words,
                env=None if env is None else dict(env),
                cwd=cwd,
                stdin=subprocess.PIPE if guarded else subprocess.DEVNULL,
                stdout=None if only_errors_to_log else output,
                stderr=output,
                start_new_session=True,
                preexec_fn=dies_with_parent(death_signal),
                **(run_as or {}),
            )
        finally:
            if output:
                output.close()
        return cls(name, process, stop_signal, patience)

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        """Ask, wait, then kill what is left of its process group."""
        if self.running:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(self.patience)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        if self.process.stdin:
            self.process.stdin.close()


def stop_all(children: list[Child]) -> None:
    """Stop in reverse order of starting; the list is empty afterwards."""
    while children:
        children.pop().stop()


def wait_until(question: Callable[[], bool], *, within: float, child: Child) -> bool:
    """Ask until yes. False when `within` seconds passed or the child ended first."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if not child.running:
            return False
        if question():
            return True
        time.sleep(0.05)
    return False


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:port. Raises PermissionError below 1024."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise
        except OSError:
            return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
