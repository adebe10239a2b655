"""The morning sync of all grid workers' phones while a department's rows are merged.

    make bench ARGS="--only morning"              every worker within 30 minutes
    make bench ARGS="--only morning --minutes 5"  the same rate for five minutes

A web server of the real kind, locust's phones (tests/bench/phones.py) on the loopback, and a
department that sends 100,000 new settlements every minute (tests/bench/merge_on.py).
"""

import csv
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from grid.actions.phones import current_key, enrol_phone
from grid.models import Account, Post, Visit
from grid.roles import Role
from monitoring.intake.gate import ROWS_CHANGED, ROWS_MISSING
from monitoring.models import Threshold
from tests.bench.intake import write_csv
from tests.bench.merge_on import EVERY, FIRST
from tests.bench.saying import say, timed, verdict
from tests.bench.tables import ask
from tests.grid.field_phone import answers

WORKERS, MINUTES = 3_741, 30
ROWS = 100_000
LIMIT_MS = 500
ROOT = Path(settings.ROOT)
CALLS = ("ping", "pack", "visit")


def measure(folder: Path, *, minutes: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    workers = WORKERS * minutes // MINUTES
    took, tokens = timed(lambda: enrol(workers))
    say(f"\n早晨同步：{len(tokens):,} 台手机已登记（{took:.0f} 秒），{minutes} 分钟内各同步一次")
    prepared = folder / "phones.json"
    prepared.write_text(
        json.dumps({"tokens": tokens, "key": _key(), "answers": answers()}), encoding="utf-8"
    )
    before = _counts()
    with web_server(folder) as address, merging(folder) as merged:
        drive(folder, prepared, address, workers=len(tokens), minutes=minutes)
        batches = merged()
    report(folder, len(tokens), before, batches)


def enrol(most: int) -> list[str]:
    """Tokens of the first- and second-level workers, as their sign-in would have given them."""
    posts = Post.objects.current(timezone.localdate()).filter(
        role__in=[Role.GRID_WORKER_1, Role.GRID_WORKER_2]
    )
    workers = Account.objects.filter(is_active=True, pk__in=posts.values("account"))
    tokens = []
    with transaction.atomic():
        for account in workers.order_by("pk")[:most]:
            _, token = enrol_phone(
                acting=account, install=uuid.uuid4(), name="压测手机", address="127.0.0.1"
            )
            tokens.append(token)
    return tokens


def _key() -> dict[str, str]:
    key = current_key()
    return {"kid": key.kid, "spki": key.spki}


def _counts() -> dict[str, int]:
    return {
        "visits": Visit.objects.count(),
        "envelopes": ask("SELECT count(*) FROM grid_envelope")[0][0],
        "filed": ask("SELECT count(*) FROM grid_envelope WHERE state = 'filed'")[0][0],
    }


@contextmanager
def web_server(folder: Path) -> Iterator[str]:
    """gunicorn as the county runs it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "yizhou.wsgi", "--bind", f"127.0.0.1:{port}"),
            *("--worker-class", "gthread", "--workers", "2", "--threads", "4", "--preload"),
            *("--no-control-socket", "--log-level", "warning"),
        ],
        cwd=ROOT,
        env=os.environ | {"YIZHOU_WALL": "web"},
        stderr=(folder / "web.log").open("w"),
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/health/ready/")
        yield address
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(url: str) -> None:
    for _ in range(120):
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own loopback address
                return
        except OSError:
            time.sleep(0.5)
    sys.exit("网页服务没有启动，见 web.log")


@contextmanager
def merging(folder: Path) -> Iterator[Callable[[], list[float]]]:
    """A department sends 100,000 rows every minute meanwhile; gives the seconds of each batch."""
    # Random amounts differ from those there: the quality gate would rightly wait for a person.
    Threshold.objects.filter(key__in=[ROWS_CHANGED, ROWS_MISSING]).update(value=2)
    file, log = folder / "settlements.csv", folder / "merged.log"
    write_csv(file, ROWS, FIRST)
    log.write_text("")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.merge_on", str(file), str(log)], cwd=ROOT
    )
    try:
        yield lambda: [float(line.split()[0]) for line in log.read_text().splitlines()]
    finally:
        process.terminate()
        process.wait(60)


def drive(folder: Path, prepared: Path, address: str, *, workers: int, minutes: int) -> None:
    """locust, headless, ends by itself: phones come evenly over the minutes."""
    locust = [
        *(sys.executable, "-m", "locust", "-f", "tests/bench/phones.py", "--headless"),
        *("--host", address, "--users", str(workers)),
        *("--spawn-rate", "200", "--run-time", f"{minutes * 60 + 60}s", "--stop-timeout", "20"),
        *("--csv", str(folder / "morning"), "--only-summary", "--loglevel", "WARNING"),
    ]
    done = subprocess.run(
        locust,
        cwd=ROOT,
        env=os.environ | {"PHONES": str(prepared), "SPACING": f"{minutes * 60 / workers:.4f}"},
        stdout=(folder / "locust.log").open("w"),
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode not in (0, 1):  # 1: some calls failed, which the table tells
        sys.exit(f"locust 没有跑完（{done.returncode}），见 {folder / 'locust.log'}")


def report(folder: Path, phones: int, before: dict[str, int], batches: list[float]) -> None:
    with (folder / "morning_stats.csv").open(encoding="utf-8") as file:
        rows = {row["Name"]: row for row in csv.DictReader(file)}
    say(f"  {'调用':8} {'次数':>7} {'失败':>5} {'p50':>7} {'p95':>7} {'p99':>7} {'最长':>8}  毫秒")
    for name in (*CALLS, "Aggregated"):
        row = rows[name]
        label = {"Aggregated": "合计"}.get(name, name)
        say(
            f"  {label:8} {int(row['Request Count']):7,} {int(row['Failure Count']):5,}"
            f" {row['50%']:>7} {row['95%']:>7} {row['99%']:>7}"
            f" {float(row['Max Response Time']):8.0f}"
        )
    after = _counts()
    sent = int(rows["visit"]["Request Count"]) - int(rows["visit"]["Failure Count"])
    kept = after["envelopes"] - before["envelopes"]
    filed = after["visits"] - before["visits"]
    whole = rows["Aggregated"]
    slow, failed = float(whole["95%"]), int(whole["Failure Count"])
    slowest = max(batches, default=0)
    say(f"  同时每 {EVERY:.0f} 秒入库 {ROWS:,} 行，共 {len(batches)} 批，最慢 {slowest:.1f} 秒")
    say(f"  {phones:,} 台手机送出走访 {sent:,}，收到 {kept:,}，成为走访记录 {filed:,}")
    holds = slow <= LIMIT_MS and not failed and sent == kept == filed
    say(f"  p95 {slow:.0f} 毫秒，失败 {failed}；上限 {LIMIT_MS} 毫秒、无失败：{verdict(holds)}")
    connection.close()
