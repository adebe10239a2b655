"""Screening the county with every shipped rule beside its yardsticks, in one run.

DuckDB         the engine's own statements in its dialect, its load from PostgreSQL included
one by one     three rules household by household through the ORM, on a sample
two workers    the same shards by one process and by two
a tenth        the same rules over a tenth of the households in tables of their own
twice          the whole way to alerts and work items, and once more without changes

All of it in one run; CPU seconds stand beside seconds because others may use the machine.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from grid.models import Household, Person
from monitoring.actions.screenings import perform_screening, request_screening
from monitoring.engine import COUNTY, Frozen, Screened, Within, screen
from monitoring.feeds import FEEDS
from monitoring.models import (
    DibaoPayment,
    DisabilityCertificate,
    MedicalSettlement,
    SchoolStatus,
    ScreeningRun,
)
from tests.bench.duck import Duck, columns_read, recorded
from tests.bench.frozen import frozen_shipped
from tests.bench.previews import measure_previews
from tests.bench.records import fill_records
from tests.bench.saying import say, timed, verdict
from tests.bench.tables import ask, run
from yizhou.audit import SYSTEM

LIMIT_SECONDS, LIMIT_DUCK, LIMIT_TOUCHED = 30, 1.5, 1.0
LIMIT_GROWTH, LIMIT_WORKERS, LIMIT_MB = 12, 1.6, 600
SAMPLE = 300  # households of the loop one by one
TOUCHED = 1_000  # people of one batch
TOUCHED_FEED = "employment_status"
TENTH = "bench_tenth"  # a schema


def measure(folder: Path) -> None:
    """Print all of it. The county and its settlements are there; the other feeds are filled."""
    rows = prepare()
    frozen = frozen_shipped()
    say(
        f"\n研判（{len(frozen.rules)} 条规则，{Household.objects.living().count():,} 户，"
        f"{Person.objects.living().count():,} 人，{len(FEEDS)} 种部门数据 {rows:,} 行）"
    )
    with transaction.atomic():
        ours = measure_full(frozen)
        duck = beside_duck(folder, ours)
    measure_touched()
    measure_growth(ours)
    measure_workers(duck)
    measure_one_by_one(ours)
    say("\n研判到派单（全县 24 个月数据，两次）")
    measure_runs()
    measure_previews()


def prepare() -> int:
    """All feeds filled and vacuumed, as after a quiet night; how many records there are."""
    took, made = timed(fill_records)
    if made:
        run("VACUUM ANALYZE")
        say(f"\n补齐 24 个月的其他部门数据：{made:,} 行（{took:.0f} 秒，库内按规则生成）")
    tables = [feed.model._meta.db_table for feed in FEEDS.values()]
    return sum(ask(f"SELECT count(*) FROM {table}")[0][0] for table in tables)


# ---- watching ----


class Watched:
    """Seconds, and of the database session: CPU seconds and the most memory of its own (MB)."""

    def __init__(self) -> None:
        self.seconds = self.cpu = self.session_mb = 0.0
        self.client_mb = 0.0


@contextmanager
def watched() -> Iterator[Watched]:
    [(pid,)] = ask("SELECT pg_backend_pid()")
    found, over = Watched(), threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            found.session_mb = max(found.session_mb, _own_memory(pid))
            found.client_mb = max(found.client_mb, _own_memory(os.getpid()))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    began, cpu = time.perf_counter(), _cpu_seconds(pid)
    try:
        yield found
    finally:
        found.seconds, found.cpu = time.perf_counter() - began, _cpu_seconds(pid) - cpu
        over.set()
        thread.join()


def _own_memory(pid: int) -> float:
    """Anonymous memory in MB, shared buffers left out; 0 when it is gone or not ours to see."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# ---- the whole county, beside DuckDB ----


class Full:
    """One screening of everything, and what it said to the database."""

    def __init__(self, watch: Watched, screened: Screened, statements: list[tuple[str, float]]):
        self.watch, self.screened, self.statements = watch, screened, statements


def screened(frozen: Frozen, within: Within = COUNTY) -> Full:
    with watched() as watch, recorded() as heard:
        result = screen(frozen, within=within)
    return Full(watch, result, heard.statements)


def measure_full(frozen: Frozen) -> Full:
    ours = screened(frozen)
    took = ours.watch.seconds
    say(
        f"  全县全部规则带证据 {took:.1f} 秒（数据库会话 CPU {ours.watch.cpu:.1f} 秒），"
        f"命中 {ours.screened.hits:,}；上限 {LIMIT_SECONDS} 秒：{verdict(took <= LIMIT_SECONDS)}"
    )
    if ours.screened.overfull:
        say(f"  命中过多而停下的规则：{dict(ours.screened.overfull)}")
    parts: dict[str, float] = {}
    for text, seconds in ours.statements:
        part = _part(text)
        parts[part] = parts.get(part, 0) + seconds
    shown = "，".join(f"{name} {s:.1f}" for name, s in sorted(parts.items(), key=lambda p: -p[1]))
    say(f"    其中（秒，{len(ours.statements)} 条语句）：{shown}")
    return ours


def _part(text: str) -> str:
    text = text.lstrip()
    if text.startswith("ANALYZE"):
        return "统计"
    if "evidence" in text[:60] or "TABLE hit" in text:
        return "证据"
    if "scan" in text[:40]:
        return "扫描"
    if "subject" in text[:40] or "family" in text[:40]:
        return "对象"
    return "判定"


def beside_duck(folder: Path, ours: Full) -> float:
    """In the same transaction, so that the hits can be compared."""
    statements = [text for text, _ in ours.statements]
    tables = columns_read(statements)
    duck = Duck(folder)
    loaded, size = timed(lambda: duck.load(tables))
    asked, _ = timed(lambda: duck.run(statements, say))
    theirs = duck.hits()
    mine = set(ask("SELECT rule_id, household_id, person_id, severity FROM hit"))
    duck.db.close()
    times = ours.watch.seconds / (loaded + asked)
    columns = sum(len(found) for found in tables.values())
    say(
        f"  DuckDB 同样的语句 {loaded + asked:.1f} 秒 = 从库中取数 {loaded:.1f} 秒"
        f"（{len(tables)} 张表 {columns} 列，{size:,.0f} MB）+ 计算 {asked:.1f} 秒"
    )
    same = "完全相同" if mine == theirs else f"不同 {len(mine ^ theirs):,}"
    say(f"    命中 {len(theirs):,}，规则、户、人、级别与本系统{same}")
    say(f"  一个会话与 DuckDB（两个线程）之比 {times:.2f}")
    return loaded + asked


# ---- a few households, one rule ----


def measure_touched() -> None:
    table = FEEDS[TOUCHED_FEED].model._meta.db_table
    frozen = frozen_shipped(feed=TOUCHED_FEED)
    rows = ask(
        f"SELECT DISTINCT p.household_id FROM (SELECT d.person_id FROM (SELECT DISTINCT person_id"
        f" FROM {table} WHERE superseded_at IS NULL) d ORDER BY hashint8(d.person_id) LIMIT %s) t"
        " JOIN grid_person p ON p.id = t.person_id WHERE p.household_id IS NOT NULL",
        [TOUCHED],
    )
    within = Within(households=[household for (household,) in rows])

    def once() -> int:
        with transaction.atomic():
            return screen(frozen, within=within).hits

    seconds = [timed(once)[0] for _ in range(4)]
    say(
        f"  增量：{FEEDS[TOUCHED_FEED].title} {TOUCHED:,} 人（{len(rows):,} 户，"
        f"{len(frozen.rules)} 条有关规则，带证据）首次 {seconds[0]:.2f} 秒，"
        f"再三次中位 {median(seconds[1:]):.2f} 秒；上限 {LIMIT_TOUCHED:.0f} 秒："
        f"{verdict(median(seconds) <= LIMIT_TOUCHED)}"
    )


# ---- one tenth against all ----


def measure_growth(full: Full) -> None:
    """Copies of the tables with a tenth of the households, in a schema that is looked up first."""
    tables = ["grid_household", "grid_person"]
    tables += [feed.model._meta.db_table for feed in FEEDS.values()]
    with transaction.atomic():
        run(f"DROP SCHEMA IF EXISTS {TENTH} CASCADE")
        run(f"CREATE SCHEMA {TENTH}")
        _copy_tenth(tables)
    rows = sum(ask(f"SELECT count(*) FROM {TENTH}.{t}")[0][0] for t in tables)
    whole = sum(ask(f"SELECT count(*) FROM public.{t}")[0][0] for t in tables)
    run(f"SET search_path = {TENTH}, public")
    try:
        with transaction.atomic():
            small = screened(frozen_shipped())
    finally:
        run("RESET search_path")
        run(f"DROP SCHEMA {TENTH} CASCADE")
    times, data = full.watch.seconds / small.watch.seconds, whole / rows
    most = max(full.watch.session_mb, full.watch.client_mb)
    say(
        f"  十分之一的县（按户抽取，同样的表和索引，{rows:,} 行，全县的 1/{data:.1f}）"
        f"{small.watch.seconds:.1f} 秒，命中 {small.screened.hits:,}；全县是它的 {times:.1f} 倍，"
        f"上限 {LIMIT_GROWTH} 倍：{verdict(times <= LIMIT_GROWTH)}"
    )
    say(
        f"  内存峰值（会话自有）十分之一 {small.watch.session_mb:.0f} MB，"
        f"全县 {full.watch.session_mb:.0f} MB；主程序 {full.watch.client_mb:.0f} MB；"
        f"上限 {LIMIT_MB} MB：{verdict(most <= LIMIT_MB)}"
    )


def _copy_tenth(tables: Sequence[str]) -> None:
    """Every tenth household, its people, their records and a tenth of those nobody is known for."""
    for table in tables:
        run(
            f"CREATE TABLE {TENTH}.{table} (LIKE public.{table}"
            " INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING IDENTITY)"
        )
        chosen = {
            "grid_household": "x.id % 10 = 0",
            "grid_person": "x.household_id % 10 = 0",
        }.get(table, f"x.person_id IN (SELECT id FROM {TENTH}.grid_person)")
        run(
            f"INSERT INTO {TENTH}.{table} OVERRIDING SYSTEM VALUE"
            f" SELECT x.* FROM public.{table} x WHERE {chosen}"
        )
        for (definition,) in ask(
            "SELECT indexdef FROM pg_indexes WHERE tablename = %s AND schemaname = 'public'",
            [table],
        ):
            run(definition.replace(f"public.{table}", f"{TENTH}.{table}"))
        run(f"ANALYZE {TENTH}.{table}")


# ---- two workers ----


def measure_workers(duck: float) -> None:
    """The full run as the program does it, a shard a worker; beside DuckDB, which has both cores
    too. `duck`: its seconds.
    """
    shards = settings.SCREENING_SHARDS
    rows = ask(
        "SELECT low, coalesce(lead(low) OVER (ORDER BY low), '~'), n FROM (SELECT min(code) AS low,"
        f" count(*) AS n FROM (SELECT code, ntile({shards}) OVER (ORDER BY code) AS part"
        " FROM grid_household WHERE dissolved_on IS NULL) p GROUP BY part) s ORDER BY low"
    )
    parts = [f"{low}-{high}" for low, high, _ in rows]
    one, hits = _worked([parts])
    two, again = _worked([[part] for part in parts])
    free = _cpu_ratio()
    times = one / two
    allowed = f"本机两个进程同时计算是一个的 {free:.2f} 倍"
    say(
        f"  {len(parts)} 片：一个进程 {one:.1f} 秒，两个进程 {two:.1f} 秒，{times:.2f} 倍"
        f"（{allowed}），下限 {LIMIT_WORKERS} 倍：{verdict(times >= LIMIT_WORKERS)}；"
        f"命中 {hits:,} 与 {again:,}"
    )
    say(
        f"  {len(parts)} 个进程与 DuckDB（同样的核）之比 {two / duck:.2f}，上限 {LIMIT_DUCK}："
        f"{verdict(two <= LIMIT_DUCK * duck)}"
    )


def _worked(shares: Sequence[Sequence[str]]) -> tuple[float, int]:
    """Seconds until the last process has screened its share; all hits."""
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.bench.shards", *share],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for share in shares
    ]
    for worker in workers:
        assert worker.stdout is not None
        if worker.stdout.readline().strip() != "ready":
            sys.exit("研判进程没有启动")
    began = time.perf_counter()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    answers = [worker.communicate()[0].split() for worker in workers]
    took = time.perf_counter() - began
    return took, sum(int(answer[0]) for answer in answers)


SPIN = "import time\nt=time.perf_counter()\nsum(i*i for i in range(8_000_000))\n"


def _cpu_ratio() -> float:
    """How much more two processes compute than one at this moment: 2 when both cores are free."""

    def spin(count: int) -> float:
        began = time.perf_counter()
        running = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(count)]
        for process in running:
            process.wait()
        return time.perf_counter() - began

    return 2 * spin(1) / spin(2)


# ---- household by household ----


def measure_one_by_one(ours: Full) -> None:
    """Three of the rules as a first version would write them."""
    today = timezone.localdate()
    households = list(Household.objects.living().order_by("number")[:SAMPLE])

    def loop() -> int:
        return sum(_judged(household, today) for household in households)

    took, _ = timed(loop)
    projected = took / max(1, len(households)) * Household.objects.living().count()
    say(
        f"  逐户循环（ORM，抽 {len(households)} 户，只三条规则，推算全县）{projected:,.0f} 秒："
        f"是本系统全部规则的 {projected / ours.watch.seconds:,.0f} 倍"
    )


def _judged(household: Household, today: date) -> int:
    year, quarter = today - relativedelta(years=1), today - relativedelta(months=3)
    found = 0
    paid: Any = 0
    low = household.kind != "ordinary"
    for person in Person.objects.living().filter(household=household):
        rows = MedicalSettlement.objects.filter(
            person=person, superseded_at=None, settled_on__gt=year, settled_on__lte=today
        )
        paid += sum(row.self_paid_yuan for row in rows)
        low |= DibaoPayment.objects.filter(
            person=person, superseded_at=None, month_on__gt=quarter
        ).exists()
        certificate = (
            DisabilityCertificate.objects.filter(person=person, superseded_at=None)
            .order_by("-issued_on")
            .first()
        )
        found += certificate is not None and certificate.level in (1, 2)
        status = (
            SchoolStatus.objects.filter(person=person, superseded_at=None)
            .order_by("-status_on")
            .first()
        )
        found += status is not None and status.standing == "suspected_dropout"
    return found + (paid >= (10_000 if low else 26_000))


# ---- the whole way to alerts and work, twice ----

WRITTEN = (
    *("monitoring_alert", "monitoring_hit", "monitoring_alertevent", "monitoring_annotation"),
    *("grid_workitem", "grid_workitempurpose"),
)


def measure_runs() -> float:
    """Two runs through the queue: the second finds nothing to write. Seconds of the first."""
    first = _through_the_queue()
    before = _written()
    second = _through_the_queue()
    after = _written()
    changed = {t: after[t] - before[t] for t in WRITTEN if after[t] != before[t]}
    say(
        f"  第二次运行 {second:.1f} 秒，预警、命中、事项、记录的写入（增、改、删）："
        f"{changed or 0}：{verdict(not changed)}"
    )
    return first


def _through_the_queue() -> float:
    asked = request_screening(acting=SYSTEM, trigger=ScreeningRun.Trigger.SCHEDULE)
    took, _ = timed(lambda: perform_screening(asked.pk))
    asked.refresh_from_db()
    if asked.job_state != "done":
        sys.exit(f"研判没有完成：{asked.job_state} {asked.job_error}")
    counts = ("hits", "alerts_opened", "alerts_grown", "alerts_withdrawn", "work_items_opened")
    hits, opened, grown, withdrawn, work = (getattr(asked, name) for name in counts)
    say(
        f"  研判到派单 {took:.1f} 秒：命中 {hits:,}，新预警 {opened:,}，更新 {grown:,}，"
        f"撤销 {withdrawn:,}，新核查事项 {work:,}"
    )
    return took


def _written() -> dict[str, int]:
    """Rows inserted, updated and deleted so far, by table."""
    run("SELECT pg_stat_force_next_flush()")
    run("SELECT pg_stat_clear_snapshot()")
    rows = ask(
        "SELECT relname::text, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables"
        " WHERE schemaname = 'public' AND relname = ANY (%s)",
        [list(WRITTEN)],
    )
    return dict(rows)
