"""The intake of a million settlements beside its yardsticks, on the county already loaded.

bare COPY      the same file's cells into a table of text columns, nothing checked
bare upsert    INSERT .. ON CONFLICT DO UPDATE of the same clean rows into a copy of the same
               table with the same indexes and foreign keys
row by row     a DRF serializer, a look-up of the person and update_or_create for every row
"""

import csv
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path
from statistics import quantiles
from typing import Any

import xlsxwriter
from django.db import connection, transaction
from django.utils import timezone
from rest_framework import serializers

from grid.models import Person
from monitoring.feeds import FEEDS
from monitoring.intake.contract import contract_of
from monitoring.intake.gate import ROWS_CHANGED, ROWS_MISSING
from monitoring.models import MedicalSettlement, Threshold, Upload
from tests.bench.tables import bare, run
from yizhou.sealed import digest, unseal

ROWS = 1_000_000
FEED = FEEDS["medical_settlement"]
TITLES = [column["title"] for column in contract_of(FEED)]
TABLE = MedicalSettlement._meta.db_table
KNOWN_SHARE, WRONG_EVERY, STRANGER_EVERY = 10, 300, 90  # of 100; every n-th row
LIMIT_TIMES, LIMIT_RATE, LIMIT_NAIVE, LIMIT_FALL, LIMIT_MB = 1.6, 15_000, 20, 0.20, 600


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def timed(what: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = what()
    return time.perf_counter() - began, result


# ---- the file ----


def numbers(count: int) -> list[tuple[str, str]]:
    """(name, identity number) of registered people."""
    people = Person.objects.living().exclude(id_digest=None).order_by("id")
    rows = people.values_list("pk", "name", "id_sealed")[:count].iterator(chunk_size=20_000)
    return [(name, unseal(raw, column="grid_person.id_sealed", row=pk)) for pk, name, raw in rows]


def known_keys(count: int) -> list[str]:
    current = MedicalSettlement.objects.filter(superseded_at=None).order_by("-id")
    return list(current.values_list("settlement_no", flat=True)[:count])


def settlements(rows: int, mark: str) -> Iterator[list[str]]:
    """Rows of one month's delivery: new ones, corrections of known ones, strangers, mistakes."""
    chance = random.Random(mark)
    people = numbers(200_000)
    known = known_keys(rows * KNOWN_SHARE // 100)
    today = timezone.localdate()
    for n in range(rows):
        name, id_number = people[chance.randrange(len(people))]
        basic, serious, helped, own = (
            chance.randrange(c) for c in (900_000, 90_000, 9_000, 500_000)
        )
        if n % STRANGER_EVERY == 7:
            name, id_number = "外县人", "990101198001011236"
        if n % WRONG_EVERY == 5:
            id_number = id_number[:-1] + ("1" if id_number[-1] != "1" else "2")
        number = known[n] if n < len(known) else f"B{mark}{n:09}"
        yield [
            name,
            id_number,
            number,
            "正常",
            f"宜州区第{n % 37}定点医院",
            ("住院", "门诊慢特病", "普通门诊")[n % 3],
            "慢性肾脏病5期" if n % 4 else "",
            str(today - timedelta(days=n % 30)),
            *(f"{v // 100}.{v % 100:02}" for v in (basic + serious + helped + own, basic, serious)),
            *(f"{v // 100}.{v % 100:02}" for v in (helped, own)),
        ]


def write_csv(path: Path, rows: int, mark: str) -> float:
    """The file; its size in MB."""
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(TITLES)
        lines.writerows(settlements(rows, mark))
    return path.stat().st_size / 1024 / 1024


def write_xlsx(path: Path, rows: int, mark: str) -> None:
    """Thirteen columns of the contract and two of the sender's own."""
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet("结算")
        sheet.write_row(0, 0, [*TITLES, "险种", "经办机构"])
        for r, cells in enumerate(settlements(rows, mark), start=1):
            sheet.write_row(r, 0, [*cells, "城乡居民", "宜州区"])


# ---- ours ----


def deliver(path: Path) -> tuple[float, Upload]:
    """(seconds, batch) from the first byte received to the receipt, in a process of its own."""
    answer = subprocess.run(
        [sys.executable, "-m", "tests.bench.deliver", str(path)],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, pk = answer.stdout.split()[-2:]
    return float(seconds), Upload.objects.get(pk=pk)


# ---- the yardsticks ----


def bare_copy(path: Path) -> float:
    columns = ", ".join(f"c{n} text" for n in range(len(TITLES)))
    run("DROP TABLE IF EXISTS bench_cells")
    run(f"CREATE TABLE bench_cells ({columns})")

    def copy() -> None:
        with connection.cursor() as cursor, path.open("rb") as file:
            cursor.copy_expert("COPY bench_cells FROM STDIN WITH (FORMAT csv, HEADER)", file)

    took, _ = timed(copy)
    run("DROP TABLE bench_cells")
    return took


FOREIGN = (("person_id", "grid_person"), ("upload_id", "monitoring_upload"))


def make_twin() -> None:
    """A copy of the table: rows, indexes, foreign keys."""
    run("DROP TABLE IF EXISTS bench_twin")
    run(f"CREATE TABLE bench_twin (LIKE {TABLE} INCLUDING DEFAULTS INCLUDING IDENTITY)")
    run(f"INSERT INTO bench_twin OVERRIDING SYSTEM VALUE SELECT * FROM {TABLE}")
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = %s", [TABLE])
        for (definition,) in cursor.fetchall():
            kind, _, rest = definition.partition(" ON ")
            unique = "UNIQUE " if "UNIQUE" in kind else ""
            run(f"CREATE {unique}INDEX ON {rest.replace(TABLE, 'bench_twin')}")
    for column, table in (*FOREIGN, ("superseded_by_id", "monitoring_upload")):
        run(
            f"ALTER TABLE bench_twin ADD FOREIGN KEY ({column}) REFERENCES {table} (id)"
            " DEFERRABLE INITIALLY DEFERRED"
        )
    run("SELECT setval(pg_get_serial_sequence('bench_twin', 'id'), max(id)) FROM bench_twin")
    run("ANALYZE bench_twin")


def keep_clean_rows(upload: Upload) -> None:
    """The rows our intake accepted, typed, in the order of the file: what the upsert inserts."""
    run("DROP TABLE IF EXISTS bench_clean")
    run(
        f"CREATE UNLOGGED TABLE bench_clean AS SELECT * FROM {TABLE} WHERE upload_id = %s"
        " ORDER BY row_number",
        [upload.pk],
    )
    run("ANALYZE bench_clean")


def bare_upsert() -> float:
    names = [f.column for f in MedicalSettlement._meta.concrete_fields if f.column != "id"]
    listed = ", ".join(names)
    updates = ", ".join(f"{n} = excluded.{n}" for n in names if n != "settlement_no")

    def upsert() -> None:
        with transaction.atomic():
            run(
                f"INSERT INTO bench_twin ({listed}) SELECT {listed} FROM bench_clean"
                " ON CONFLICT (settlement_no) WHERE superseded_at IS NULL"
                f" DO UPDATE SET {updates}"
            )

    took, _ = timed(upsert)
    return took


class RowSerializer(serializers.ModelSerializer[MedicalSettlement]):
    class Meta:
        model = MedicalSettlement
        fields = (
            *("person_name", "settlement_no", "kind", "hospital", "care", "disease"),
            *("settled_on", "total_yuan", "basic_paid_yuan", "serious_paid_yuan"),
            *("assistance_paid_yuan", "self_paid_yuan"),
        )
        validators: list[Any] = []


def row_by_row(path: Path, upload: Upload, sample: int = 3_000) -> float:
    """Rows per second of the path that a first version would take."""
    spellings = {column["name"]: column.get("choices", {}) for column in contract_of(FEED)}
    names = [column["name"] for column in contract_of(FEED)]
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file)
        next(lines)
        rows = [dict(zip(names, cells, strict=True)) for cells in islice(lines, sample)]

    def load() -> None:
        for n, row in enumerate(rows):
            key = digest(row.pop("id_number"), kind="id")
            row = {name: spellings[name].get(cell, cell) for name, cell in row.items()}
            shape = RowSerializer(data=row | {"settlement_no": f"N{n:09}"})
            if not shape.is_valid():
                continue
            person = Person.objects.filter(id_digest=key).first()
            values = dict(shape.validated_data)
            MedicalSettlement.objects.update_or_create(
                settlement_no=values.pop("settlement_no"),
                superseded_at=None,
                defaults=values
                | {
                    "id_digest": key,
                    "id_tail": "0000",
                    "person": person,
                    "upload": upload,
                    "row_number": n,
                    "content_hash": b"0" * 16,
                    "received_at": timezone.now(),
                },
            )

    with transaction.atomic():
        took, _ = timed(load)
        transaction.set_rollback(True)
    return sample / took


# ---- watching ----


@contextmanager
def memory_watched() -> Iterator[dict[str, float]]:
    """Highest memory of each kind of process in MB, the database's shared buffers left out."""
    peak: dict[str, float] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            for name, pid in _processes():
                peak[name] = max(peak.get(name, 0), _own_memory(pid))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


KINDS = {
    b"tests.bench.deliver": "工作进程",
    b"monitoring.intake.child": "读取子进程",
    b"postgres: ": "数据库会话",
}


def _processes() -> Iterator[tuple[str, int]]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            said = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        for part, name in KINDS.items():
            if part in said:
                yield name, int(folder.name)


def _own_memory(pid: int) -> float:
    """Anonymous memory in MB; 0 when it is gone or not ours to see."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


PAGE_LOOP = """
import os, sys, time
sys.path.insert(0, os.getcwd())
import django
django.setup()
from django.conf import settings
from django.test import Client
from grid.models import Account
settings.ALLOWED_HOSTS = ["testserver"]
client = Client()
client.force_login(Account.objects.filter(username__startswith="town").order_by("id").first())
client.get("/queue/")
print("ready", flush=True)
while True:
    began = time.perf_counter()
    assert client.get("/queue/").status_code == 200
    print(time.perf_counter() - began, flush=True)
    time.sleep(0.05)
"""


@contextmanager
def queue_watched() -> Iterator[list[float]]:
    """Seconds of each opening of the review queue by another process meanwhile."""
    process = subprocess.Popen(
        [sys.executable, "-c", PAGE_LOOP], stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdout is not None
    process.stdout.readline()
    seconds: list[float] = []

    def collect() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            seconds.append(float(line))

    thread = threading.Thread(target=collect, daemon=True)
    thread.start()
    try:
        yield seconds
    finally:
        process.terminate()
        process.wait()
        thread.join()


def p95(seconds: list[float]) -> float:
    return quantiles(seconds, n=20)[-1] if len(seconds) > 20 else float("nan")


# ---- ten times the table ----


def table_rows() -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {TABLE}")
        return int(cursor.fetchone()[0])


def grow_table(total: int) -> None:
    """The table's rows again under other numbers, until it holds `total` of them."""
    held = table_rows()
    names = [f.column for f in MedicalSettlement._meta.concrete_fields if f.column != "id"]
    sources = [n if n != "settlement_no" else "settlement_no || '-' || n.n" for n in names]
    with transaction.atomic(), bare(TABLE):
        run(
            f"INSERT INTO {TABLE} ({', '.join(names)}) SELECT {', '.join(sources)} FROM {TABLE},"
            f" generate_series(2, {1 + -(-total // held)}) n(n) LIMIT {max(0, total - held)}"
        )


# ---- the table that is printed ----


def _verdict(holds: bool) -> str:
    return "达到" if holds else "没有达到"


def measure(folder: Path, *, rows: int = ROWS, tenfold: bool = True) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    # By design all known rows change here and the files differ in size; the quality gate would
    # wait for a person.
    Threshold.objects.filter(key__in=[ROWS_CHANGED, ROWS_MISSING]).update(value=2)
    path = folder / "million.csv"
    took, size = timed(lambda: write_csv(path, rows, "a"))
    held = table_rows()
    say(f"\n百万行入库：{path.name} {rows:,} 行，{size:.0f} MB（生成 {took:.0f} 秒）")
    say(f"  库中已有 {held:,} 行（{FEED.title}，四个索引，三个外键）")
    make_twin()
    ours, upload = deliver(path)
    say(
        f"  回执 收到 {upload.rows_in:,} = 入库 {upload.accepted:,} + 无变化 {upload.unchanged:,}"
        f" + 错误 {upload.faulty:,} + 重复 {upload.duplicate:,} + 空行 {upload.blank:,}；"
        f"更正 {upload.notes.get('superseded', 0):,}，未匹配 {upload.unmatched:,}，"
        f"错误行影响 {upload.harm.get('households', 0):,} 户"
    )
    copied = bare_copy(path)
    keep_clean_rows(upload)
    upserted = bare_upsert()
    naive = row_by_row(path, upload)
    run("DROP TABLE IF EXISTS bench_twin, bench_clean")
    rate, times = rows / ours, ours / (copied + upserted)
    say(f"  {'':22} {'秒':>8} {'行/秒':>10}")
    say(f"  {'裸 COPY（同一文件）':20} {copied:8.1f} {rows / copied:10,.0f}")
    say(f"  {'裸 upsert（同样的行）':20} {upserted:8.1f} {upload.accepted / upserted:10,.0f}")
    say(f"  {'两者合计':22} {copied + upserted:8.1f}")
    say(f"  {'本系统，全过程':20} {ours:8.1f} {rate:10,.0f}")
    say(f"  {'DRF 逐行（抽样）':20} {'':8} {naive:10,.0f}")
    say(f"  倍数 {times:.2f}，上限 {LIMIT_TIMES}：{_verdict(times <= LIMIT_TIMES)}")
    say(f"  {rate:,.0f} 行/秒，下限 {LIMIT_RATE:,}：{_verdict(rate >= LIMIT_RATE)}")
    say(
        f"  逐行的 {rate / naive:.0f} 倍，下限 {LIMIT_NAIVE}："
        f"{_verdict(rate >= LIMIT_NAIVE * naive)}"
    )
    measure_beside(folder, rows)
    measure_workbook(folder)
    if tenfold:
        measure_tenfold(folder, rows, held=held, plain=ours)


def measure_beside(folder: Path, rows: int) -> None:
    """Another such file, watched: memory of every process, and the pages that people use."""
    path = folder / "beside.csv"
    write_csv(path, rows, "b")
    with queue_watched() as idle:
        time.sleep(8)
    with queue_watched() as loading, memory_watched() as peak:
        deliver(path)
    most = max(peak.values(), default=0)
    shown = "，".join(f"{name} {mb:.0f} MB" for name, mb in peak.items())
    say(f"  内存峰值 {shown}；上限 {LIMIT_MB} MB：{_verdict(most <= LIMIT_MB)}")
    slower = p95(loading) / p95(idle)
    say(
        f"  审核队列 p95 空闲 {p95(idle) * 1000:.0f} 毫秒，入库时 {p95(loading) * 1000:.0f} 毫秒，"
        f"{slower:.1f} 倍，上限 2：{_verdict(slower <= 2)}"
    )


def measure_workbook(folder: Path, rows: int = 100_000) -> None:
    path = folder / "workbook.xlsx"
    write_xlsx(path, rows, "x")
    took, upload = deliver(path)
    say(
        f"  .xlsx {rows:,} 行 × 15 列：{took:.1f} 秒到回执（收到 {upload.rows_in:,}），"
        f"上限 20：{_verdict(took <= 20)}"
    )


def measure_tenfold(folder: Path, rows: int, *, held: int, plain: float) -> None:
    """The same kind of file into ten times as many rows as the first one met.

    `plain`: seconds of the first one.
    """
    took, _ = timed(lambda: grow_table(10 * held))
    path = folder / "big.csv"
    write_csv(path, rows, "q")
    say(f"  表放大到 {table_rows():,} 行（{took:.0f} 秒）")
    big, _ = deliver(path)
    fall = 1 - plain / big
    say(
        f"  {held:,} 行时 {rows / plain:,.0f} 行/秒，十倍时 {rows / big:,.0f} 行/秒，"
        f"下降 {fall:.0%}，上限 {LIMIT_FALL:.0%}：{_verdict(fall <= LIMIT_FALL)}"
    )
