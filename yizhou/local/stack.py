"""The two engines a command needs, embedded or real, and the environment that names them."""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from yizhou.local import broker, postgres
from yizhou.local.folders import log_file, reachable_home, secret, secret_path, temp_parent
from yizhou.local.key_ring import new_key_ring
from yizhou.local.processes import Child, stop_all
from yizhou.local.sentences import progress
from yizhou.local.servers import check_database, check_redis


def settings_of(var: Path) -> dict[str, str]:
    """What the program must be told on this machine, apart from the engines."""
    secret(var, "key_ring", new_key_ring)
    return {
        "SECRET_KEY": secret(var, "secret_key"),
        "YIZHOU_KEYS": str(secret_path(var, "key_ring")),
        "VAR_DIR": str(var),
    }


def start_engines(var: Path, children: list[Child]) -> dict[str, str]:
    """Start what no variable names; add it to `children`. Returns DATABASE_URL and REDIS_URL."""
    urls = {}
    if given := os.environ.get("DATABASE_URL"):
        check_database(given)
        urls["DATABASE_URL"] = given
        progress("使用 DATABASE_URL 指定的数据库")
    else:
        home = reachable_home(var)
        passwords = postgres.Passwords(
            secret(var, "postgres_superuser_password"), secret(var, "database_password")
        )
        child, urls["DATABASE_URL"] = postgres.start(home, passwords, log=log_file(var, "postgres"))
        children.append(child)
        elsewhere = f"，数据在 {home}（PostgreSQL 进不了 {var}）" if home != var else ""
        progress(f"本机数据库 PostgreSQL 已启动{elsewhere}")
    if given := os.environ.get("REDIS_URL"):
        check_redis(given)
        urls["REDIS_URL"] = given
        progress("使用 REDIS_URL 指定的 Redis")
    else:
        child, urls["REDIS_URL"] = broker.start(
            var / "redis", secret(var, "redis_password"), log=log_file(var, "redis")
        )
        children.append(child)
        progress("本机 Redis 已启动")
    return urls


@contextmanager
def throw_away_engines(*, lasting: bool) -> Iterator[dict[str, str]]:
    """Engines in a temp folder for one command, whatever the variables name.

    `lasting` keeps the settings of a real installation (for measuring); otherwise nothing is
    flushed to disk.
    """
    children: list[Child] = []
    with tempfile.TemporaryDirectory(
        prefix="yizhou-", dir=temp_parent(), ignore_cleanup_errors=True
    ) as name:
        var = Path(name)
        var.chmod(0o755)
        passwords = postgres.Passwords(secrets.token_hex(16), secrets.token_hex(16))
        try:
            child, database = postgres.start(
                var,
                passwords,
                log=log_file(var, "postgres"),
                settings=None if lasting else postgres.FORGETFUL,
            )
            children.append(child)
            child, queue = broker.start(
                var / "redis", passwords.role, log=log_file(var, "redis"), durable=lasting
            )
            children.append(child)
            yield {"DATABASE_URL": database, "REDIS_URL": queue, **settings_of(var)}
        finally:
            stop_all(children)
