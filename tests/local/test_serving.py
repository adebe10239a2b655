"""Web, worker and beat as `make demo` starts them, on this run's test database."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from yizhou.local.folders import ROOT
from yizhou.local.processes import free_port

LAUNCHER = """
import os, sys, time
from pathlib import Path
from yizhou.local import demo
from yizhou.local.__main__ import end_in_order
from yizhou.local.processes import stop_all
end_in_order()
children = []
try:
    demo.serve(Path(sys.argv[1]), dict(os.environ), int(sys.argv[2]), children)
    print("READY", flush=True)
    time.sleep(120)
finally:
    stop_all(children)
"""

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A launcher whose web, worker and beat are ready, and the port of the web."""
    from django.db import connection

    parts = urlsplit(os.environ["DATABASE_URL"])
    database = parts._replace(path="/" + str(connection.settings_dict["NAME"]))
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(tmp_path), str(port)],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": urlunsplit(database), "DEBUG": "0", "DEMO": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    lines = iter(process.stdout.readline, "")
    assert "READY\n" in lines, [log.read_text()[-2000:] for log in tmp_path.glob("logs/*")]
    yield process, port
    process.kill()
    process.wait()
    process.stdout.close()


def descendants(of: int) -> set[int]:
    table = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)
    parents = {int(pid): int(parent) for pid, parent in map(str.split, table.stdout.splitlines())}
    found: set[int] = set()
    edge = {of}
    while edge:
        edge = {pid for pid, parent in parents.items() if parent in edge}
        found |= edge
    return found


def living(pids: set[int]) -> list[str]:
    table = subprocess.run(
        ["ps", "-eo", "pid=,stat=,args="], capture_output=True, text=True, check=True
    )
    rows = (line.split(None, 2) for line in table.stdout.splitlines())
    return [row[2] for row in rows if int(row[0]) in pids and not row[1].startswith("Z")]


def living_after(seconds: float, pids: set[int]) -> list[str]:
    deadline = time.monotonic() + seconds
    while living(pids) and time.monotonic() < deadline:
        time.sleep(0.1)
    return living(pids)


def test_everything_answers_and_ctrl_c_leaves_no_process(
    launcher: tuple[subprocess.Popen[str], int],
) -> None:
    process, port = launcher
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready/") as answer:
        assert json.load(answer) == {"ready": True, "database": True}
    started = descendants(process.pid)
    assert len(started) >= 7, "web with 2 workers, Celery with 2 pool processes, beat"
    process.send_signal(signal.SIGINT)
    process.wait(30)
    assert living(started) == []


def test_killing_the_launcher_leaves_no_process(
    launcher: tuple[subprocess.Popen[str], int],
) -> None:
    process, _ = launcher
    started = descendants(process.pid)
    assert len(started) >= 7
    process.kill()
    process.wait()
    assert living_after(15, started) == []
