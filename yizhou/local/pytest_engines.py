"""pytest plug-in: real PostgreSQL, Redis, Celery worker and Chromium for the suite.

Load it with -p, after pytest-django (pyproject.toml does): its early hook then runs first, before
Django's settings are read. One PostgreSQL serves the whole run; every pytest process has a Redis
of its own, because a worker must never hear the bell of another process's tests.

The engines are always ours: tests create and drop databases and empty caches, so DATABASE_URL and
REDIS_URL of a real installation are ignored. TEST_DATABASE_URL names another server on purpose,
PG_BIN other PostgreSQL programs.
"""

import fcntl
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from yizhou.local import broker, postgres
from yizhou.local.folders import log_file, temp_parent, var_folder
from yizhou.local.processes import Child, stop_all, wait_until
from yizhou.local.sentences import CannotRun
from yizhou.local.stack import settings_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PREFIX = "yizhou-test-"
BROWSER_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--disable-dev-shm-usage",
)
WORKER_READY_WITHIN = 60  # seconds

_children: list[Child] = []
_folder: Path | None = None
_lasting: Path | None = None  # var/ of the project, where a downloaded browser stays


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Start the engines and name them in the environment, which xdist workers inherit."""
    global _folder, _lasting
    _lasting = var_folder()
    sweep_leftovers()
    _folder = own_folder()
    password = os.urandom(16).hex()
    first_process = "PYTEST_XDIST_WORKER" not in os.environ
    try:
        if first_process:
            os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL") or _postgres(password)
        child, os.environ["REDIS_URL"] = broker.start(
            _folder / "redis", password, log=log_file(_folder, "redis"), durable=False
        )
    except CannotRun as reason:
        stop_all(_children)
        raise pytest.UsageError(str(reason)) from None
    _children.append(child)
    os.environ |= settings_of(_folder) | {"DEBUG": "1", "DEMO": "0", "YIZHOU_WALL": ""}


def pytest_configure(config: pytest.Config) -> None:
    """Leave the test databases to the end of their server: dropping one waits for its sessions."""
    if "TEST_DATABASE_URL" not in os.environ:
        config.option.reuse_db = True


def pytest_unconfigure() -> None:
    stop_all(_children)
    if _folder:
        shutil.rmtree(_folder, ignore_errors=True)


def _postgres(password: str) -> str:
    assert _folder
    child, url = postgres.start(
        _folder,
        postgres.Passwords(password, password),
        log=log_file(_folder, "postgres"),
        settings=postgres.FORGETFUL,
    )
    _children.append(child)
    return url


def own_folder() -> Path:
    """A temp folder whose lock shows that this process lives. PostgreSQL's user may enter it."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=temp_parent()))
    folder.chmod(0o755)
    fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX)  # held until this process ends
    return folder


def sweep_leftovers() -> None:
    """Remove the folders of killed runs; their processes died with them."""
    for folder in temp_parent().glob(PREFIX + "*"):
        try:
            handle = os.open(folder, os.O_RDONLY)
        except OSError:  # another user's, or just gone
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if time.time() - folder.stat().st_mtime > 5:  # not yet locked by its new owner
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            pass
        finally:
            os.close(handle)


@pytest.fixture(scope="session")
def celery_worker_process(django_db_setup: None) -> Iterator[Child]:
    """A real `celery worker` on this process's test database; it has answered a ping.

    It sees only what is committed: use it with `transactional_db` or `live_server`.
    """
    from django.db import connection

    from yizhou.celery import app

    assert _folder
    parts = urlsplit(os.environ["DATABASE_URL"])
    database = urlunsplit(parts._replace(path="/" + str(connection.settings_dict["NAME"])))
    node = f"test-{os.getpid()}@yizhou"
    log = log_file(_folder, "worker")
    worker = Child.start(
        "worker",
        [
            *(sys.executable, "-m", "celery", "-A", "yizhou", "worker", "--hostname", node),
            *("--concurrency", "2", "--without-gossip", "--without-mingle", "--loglevel", "INFO"),
        ],
        env={**os.environ, "DATABASE_URL": database, "YIZHOU_WALL": ""},
        log=log,
        stop_signal=signal.SIGQUIT,
        death_signal=signal.SIGKILL,
    )
    try:
        if not wait_until(
            lambda: bool(app.control.ping(destination=[node], timeout=0.5, limit=1)),
            within=WORKER_READY_WITHIN,
            child=worker,
        ):
            pytest.fail("the Celery worker did not start:\n" + log.read_text()[-3000:])
        yield worker
    finally:
        worker.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator["Browser"]:
    """One headless Chromium per pytest process. Give every test a context of its own."""
    from playwright.sync_api import sync_playwright

    from yizhou.local.browser import chromium_path

    # Playwright's loop runs in this thread, which makes Django refuse plain database calls.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as driver:
        options: dict[str, Any] = {
            "executable_path": chromium_path(_lasting),
            "args": [*BROWSER_FLAGS],
        }
        browser = driver.chromium.launch(**options)
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
