"""The embedded engines: started for real, killed for real, started again."""

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest
import redis

from yizhou.local import broker, postgres
from yizhou.local.folders import temp_parent
from yizhou.local.postgres import FORGETFUL, Passwords
from yizhou.local.processes import Child
from yizhou.local.sentences import CannotRun

PASSWORDS = Passwords("super-secret", "role-secret")


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that PostgreSQL's own user can reach (pytest's tmp_path is closed to it)."""
    with tempfile.TemporaryDirectory(
        prefix="yizhou-", dir=temp_parent(), ignore_cleanup_errors=True
    ) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def cluster(home: Path, *, durable: bool = False) -> Iterator[tuple[Child, str]]:
    settings = None if durable else FORGETFUL
    child, url = postgres.start(home, PASSWORDS, log=home / "log", settings=settings)
    try:
        yield child, url
    finally:
        child.stop()


def ask(url: str, sql: str) -> object:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(sql)
        answer = cursor.fetchone()[0] if cursor.description else None
    connection.close()
    return answer


def test_the_program_is_no_superuser_but_may_create_test_databases(home: Path) -> None:
    with cluster(home) as (_, url):
        assert ask(
            url, "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = 'yizhou'"
        ) is (False)
        assert ask(
            url, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname='yizhou'"
        ) == ("yizhou")
        ask(url, "CREATE DATABASE test_yizhou")


def test_chinese_words_have_trigrams(home: Path) -> None:
    with cluster(home) as (_, url):
        ask(url, "CREATE EXTENSION pg_trgm")
        assert ask(url, "SELECT cardinality(show_trgm('宜州区'))") == 4


def test_a_wrong_password_does_not_open_the_database(home: Path) -> None:
    with cluster(home) as (_, url):
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            ask(url.replace("role-secret", "guess"), "SELECT 1")


def test_stopping_leaves_no_lock_and_starting_again_finds_the_data(home: Path) -> None:
    with cluster(home) as (_, url):
        ask(url, "CREATE TABLE kept AS SELECT 7 AS n")
    assert not list(home.glob("*/postmaster.pid"))
    with cluster(home) as (_, url):
        assert ask(url, "SELECT n FROM kept") == 7


def test_a_killed_server_starts_again_with_what_was_committed(home: Path) -> None:
    with cluster(home, durable=True) as (child, url):
        ask(url, "CREATE TABLE kept AS SELECT 7 AS n")
        child.process.kill()
        child.process.wait()
        assert list(home.glob("*/postmaster.pid"))
        with cluster(home, durable=True) as (_, url_again):
            assert ask(url_again, "SELECT n FROM kept") == 7


def test_a_pid_file_that_names_a_foreign_process_does_not_block(home: Path) -> None:
    with cluster(home):
        pass
    data = next(home.glob("postgresql-*"))
    stale = data / "postmaster.pid"
    stale.write_text(f"{os.getppid()}\n{data}\n0\n5432\n\n127.0.0.1\n")
    owner = data.stat()
    os.chown(stale, owner.st_uid, owner.st_gid)
    with cluster(home) as (_, url):
        assert ask(url, "SELECT 1") == 1


def test_a_half_made_cluster_is_made_again(home: Path) -> None:
    with cluster(home):
        pass
    complete = next(home.glob("postgresql-*"))
    complete.rename(complete.with_name(complete.name + ".new"))  # killed before the last rename
    with cluster(home) as (_, url):
        assert ask(url, "SELECT 1") == 1


def test_a_role_lost_between_two_steps_is_completed(home: Path) -> None:
    with cluster(home) as (_, url):
        superuser = url.replace("yizhou:role-secret", "postgres:super-secret")
        ask(superuser.replace("/yizhou", "/postgres"), "DROP DATABASE yizhou")
    with cluster(home) as (_, url):
        assert ask(url, "SELECT current_database()") == "yizhou"


def test_lost_passwords_are_refused_with_what_to_do(home: Path) -> None:
    with cluster(home):
        pass
    with pytest.raises(CannotRun, match="放回原来的密码文件"):
        postgres.start(home, Passwords("other", "other"), log=home / "log")


def test_redis_wants_its_password_and_keeps_what_it_was_told(home: Path) -> None:
    child, url = broker.start(home / "redis", "bell-secret", log=home / "log")
    with pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url(url.replace("bell-secret", "guess")).ping()
    told = redis.Redis.from_url(url)
    told.set("job", "7")
    told.close()
    child.process.send_signal(signal.SIGTERM)
    child.process.wait()
    child, url = broker.start(home / "redis", "bell-secret", log=home / "log")
    try:
        assert redis.Redis.from_url(url).get("job") == b"7"
    finally:
        child.stop()
