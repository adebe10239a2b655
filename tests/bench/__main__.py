"""Build the county, send every department's file, screen it, open the pages; print what it took.

    make bench                     the whole county
    make bench ARGS="--scale one"  one township
    make bench ARGS="--only morning [--minutes 5]"   the phones' morning sync alone

Beside each figure stands a plain yardstick measured in the same run: bare COPY of the same file,
DuckDB with the same conditions, a loop in Python over a sample of households.
"""

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yizhou.settings")
os.environ["DEMO"] = "1"

import django

django.setup()

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grid.models import Account, Department, Person, Severity
from monitoring.feeds import FEEDS
from monitoring.models import Alert, ScreeningRun
from tests.bench import intake, morning, screening
from tests.bench.deliver import deliver
from yizhou.demo.county import townships_of
from yizhou.demo.departments import write_files
from yizhou.demo.load import built


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def timed(what: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = what()
    return time.perf_counter() - began, result


def bare_copy(path: Path, encoding: str) -> float:
    """The yardstick: COPY of the file's lines into one text column, nothing checked."""
    with connection.cursor() as cursor, path.open("rb") as file:
        cursor.execute("DROP TABLE IF EXISTS bench_lines")
        cursor.execute("CREATE UNLOGGED TABLE bench_lines (line text)")
        began = time.perf_counter()
        cursor.copy_expert(
            f"COPY bench_lines FROM STDIN WITH (FORMAT csv, DELIMITER E'\\x01',"
            f" QUOTE E'\\x02', ENCODING '{encoding}')",
            file,
        )
        took = time.perf_counter() - began
        cursor.execute("DROP TABLE bench_lines")
    return took


def send_files(folder: Path, manifest: dict[str, Any]) -> None:
    say("\n数据报送（同一进程内：接收、校验、匹配、入库）")
    say(f"  {'文件':34} {'行':>9} {'秒':>7} {'行/秒':>9}   裸 COPY 秒   倍数")
    for entry in manifest["files"]:
        feed = FEEDS[entry["feed"]]
        path = folder / entry["file"]
        department = Department.objects.get(pk=feed.department)
        took, upload = timed(lambda p=path, f=feed.code, d=department: deliver(p, f, d))
        line = f"  {path.name:34} {upload.rows_in:9,} {took:7.1f} {upload.rows_in / took:9,.0f}"
        if path.suffix == ".csv":
            encoding = "GB18030" if upload.notes["encoding"] == "GB18030" else "UTF8"
            yard = bare_copy(path, encoding)
            line += f"   {yard:8.2f}   {took / yard:5.1f}"
        say(line)


def compared_with_truth(folder: Path) -> str:
    """Whether the open alerts are exactly the planted truth."""
    truths = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    planted = {(t["rule"], t["household_number"], t["severity"]) for t in truths}
    found = {
        (rule, number, Severity(severity).name)
        for rule, number, severity in Alert.objects.open().values_list(
            "rule", "household__number", "severity"
        )
    }
    return (
        f"埋设的真值 {len(planted):,} 条，漏报 {len(planted - found):,}，"
        f"误报 {len(found - planted):,}"
    )


def pages() -> None:
    say("\n页面（服务器内，第二次打开；网络和浏览器不计）")
    for username, address in (
        ("county", "/queue/"),
        ("town", "/queue/"),
        ("town", "/queue/?status=verifying&page=3"),
        ("county", "/households/"),
        ("town", "/households/"),
        ("worker", "/my-work/"),
    ):
        account = Account.objects.filter(username__startswith=username).order_by("id").first()
        if account is None:
            sys.exit(f"演示账号里没有 {username}")
        client = Client()
        client.force_login(account)
        client.get(address)
        with CaptureQueriesContext(connection) as captured:
            took, response = timed(lambda c=client, a=address: c.get(a))
        say(
            f"  {account.username:10} {address:34} {response.status_code} "
            f"{took * 1000:7.1f} 毫秒 {len(captured):3} 条查询 {len(response.content):9,} 字节"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", choices=("one", "full"), default="full")
    parser.add_argument("--only", choices=("morning",))
    parser.add_argument("--minutes", type=int, default=morning.MINUTES)
    given = parser.parse_args()
    scale = given.scale
    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("migrate", verbosity=0)
    took, _ = timed(lambda: call_command("build_demo_county", scale=scale))
    people = Person.objects.count()
    say(f"\n建县 {took:.1f} 秒：{people:,} 人，{people / took:,.0f} 人/秒")
    county = built()
    folder = Path(settings.VAR_DIR) / "bench" / scale
    took, manifest = timed(
        lambda: write_files(
            folder,
            townships=townships_of(scale),
            anchor=county.anchor,
            as_of=timezone.localdate(),
        )
    )
    say(f"生成部门文件 {took:.1f} 秒")
    send_files(folder, manifest)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    ScreeningRun.objects.filter(job_state="waiting").delete()  # the arrivals' own
    if given.only == "morning":
        screening.measure_runs()
        morning.measure(folder / "morning", minutes=given.minutes)
        return
    say("\n研判到派单（部门文件里的数据，两次）")
    screening.measure_runs()
    say(f"  待办预警 {Alert.objects.open().count():,}；{compared_with_truth(folder)}")
    pages()
    screening.measure(folder / "screening")
    intake.measure(folder / "million", rows=intake.ROWS if scale == "full" else 50_000)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    say(f"\n内存峰值：主进程 {peak:.0f} MB，子进程 {child:.0f} MB；数据库 {_database_size()}")


def _database_size() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_size_pretty(pg_database_size(current_database()))")
        return str(cursor.fetchone()[0])


if __name__ == "__main__":
    main()
