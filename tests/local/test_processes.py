"""Children that never outlive us."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from yizhou.local.folders import ROOT
from yizhou.local.processes import Child, free_port, is_free, stop_all

STUBBORN = (
    "import signal, time; [signal.signal(s, signal.SIG_IGN) for s in (2, 15)];"
    "print('deaf', flush=True); time.sleep(60)"
)
PARENT = """
import sys, time
from yizhou.local.processes import Child
child = Child.start("sleeper", ["sleep", "60"], guarded={guarded})
print(child.process.pid, flush=True)
time.sleep(60)
"""


def exists(pid: int) -> bool:
    """Alive and not merely waiting to be reaped."""
    done = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() not in ("",) and not done.stdout.strip().startswith("Z")


def sleepers_of(group: int) -> list[str]:
    done = subprocess.run(
        ["ps", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True
    )
    rows = [line.split(None, 2) for line in done.stdout.splitlines()]
    return [row[2] for row in rows if int(row[0]) == group and not row[1].startswith("Z")]


@pytest.mark.parametrize("guarded", [False, True], ids=["death signal", "guard"])
def test_killing_the_parent_ends_the_child(guarded: bool) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(guarded=guarded)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout
    child = int(parent.stdout.readline())
    deadline = time.monotonic() + 10
    while not any("sleep 60" in args for args in sleepers_of(child)):
        assert time.monotonic() < deadline, "the child never started"
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while sleepers_of(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert sleepers_of(child) == []


def test_a_child_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = Child.start("deaf", [sys.executable, "-c", STUBBORN], log=log, patience=0.3)
    while b"deaf" not in log.read_bytes():
        time.sleep(0.02)
    child.stop()
    assert child.process.returncode == -signal.SIGKILL


def test_grandchildren_left_in_the_group_are_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = Child.start("shell", ["sh", "-c", "sleep 60 & echo $!; wait"], log=log)
    while not log.read_text().strip():
        time.sleep(0.02)
    grandchild = int(log.read_text())
    child.stop()
    deadline = time.monotonic() + 5
    while exists(grandchild) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not exists(grandchild)


def test_children_stop_in_reverse_order(tmp_path: Path) -> None:
    log = tmp_path / "log"
    children = [
        Child.start(
            name,
            [
                "sh",
                "-c",
                f"trap 'echo {name} stopped; exit' TERM; echo up; while :; do sleep 0.05; done",
            ],
            log=log,
        )
        for name in ("first", "second")
    ]
    while log.read_text().count("up") < 2:
        time.sleep(0.02)
    stop_all(children)
    assert [line for line in log.read_text().splitlines() if "stopped" in line] == [
        "second stopped",
        "first stopped",
    ]
    assert children == []


def test_a_port_somebody_listens_on_is_not_free() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert not is_free(taken.getsockname()[1])
    assert is_free(free_port())
