"""Bad input of the launcher: one Chinese sentence with what to do, exit code 1, no traceback."""

import ast
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from yizhou.local import environment
from yizhou.local.demo import choose_port
from yizhou.local.folders import ROOT
from yizhou.local.processes import free_port
from yizhou.local.sentences import CannotRun
from yizhou.local.servers import check_database, check_redis

BOOTSTRAP = ROOT / "yizhou" / "local" / "bootstrap.py"


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_taken_port_is_refused_when_it_was_asked_for(taken_port: int) -> None:
    with pytest.raises(CannotRun, match=f"端口 {taken_port} 已被别的程序占用"):
        choose_port(str(taken_port))


@pytest.mark.parametrize("wanted", ["web", "0", "65536", "-1", "80.5", "８０００x"])
def test_what_is_no_port_is_refused(wanted: str) -> None:
    with pytest.raises(CannotRun, match="不是端口号"):
        choose_port(wanted)


def test_without_a_wish_the_next_free_port_is_chosen() -> None:
    chosen = choose_port(None)
    with socket.socket() as server:
        server.bind(("127.0.0.1", chosen))
        server.listen()
        assert choose_port(None) > chosen


def test_the_launcher_refuses_in_one_sentence_and_exits_with_1(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "yizhou.local", "demo"],
        cwd=ROOT,
        env={**os.environ, "SCALE": "planet", "VAR_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("无法运行：SCALE=planet 不认识。可用 SCALE=one")
    assert done.stderr.count("\n") == 1


def test_a_wrong_password_names_user_and_place_but_no_password() -> None:
    parts = urlsplit(os.environ["DATABASE_URL"])
    url = parts._replace(netloc=f"yizhou:guessed@{parts.hostname}:{parts.port}").geturl()
    with pytest.raises(CannotRun, match="拒绝了用户 yizhou 的密码") as refusal:
        check_database(url)
    assert "guessed" not in str(refusal.value)


def test_an_absent_database_says_how_to_make_it() -> None:
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path="/nowhere").geturl()
    with pytest.raises(CannotRun, match="createdb -O yizhou nowhere"):
        check_database(url)


@pytest.mark.parametrize("url", ["mysql://root@127.0.0.1/x", "postgres://127.0.0.1", "nonsense"])
def test_a_malformed_database_url_is_refused(url: str) -> None:
    with pytest.raises(CannotRun, match="写法不对"):
        check_database(url)


def test_servers_that_do_not_answer_are_refused() -> None:
    port = free_port()
    with pytest.raises(CannotRun, match=f"连不上.*127.0.0.1:{port}"):
        check_database(f"postgres://yizhou:x@127.0.0.1:{port}/yizhou")
    with pytest.raises(CannotRun, match=f"连不上.*127.0.0.1:{port}"):
        check_redis(f"redis://127.0.0.1:{port}/0")


def test_a_usable_database_and_redis_pass(capsys: pytest.CaptureFixture[str]) -> None:
    check_database(os.environ["DATABASE_URL"])
    check_redis(os.environ["REDIS_URL"])
    assert "超级用户" not in capsys.readouterr().out


def test_redis_with_a_wrong_password_is_refused() -> None:
    parts = urlsplit(os.environ["REDIS_URL"])
    with pytest.raises(CannotRun, match="拒绝了 REDIS_URL 里的密码"):
        check_redis(f"redis://:guessed@{parts.hostname}:{parts.port}/0")


def test_old_pythons_can_read_the_bootstrap() -> None:
    ast.parse(BOOTSTRAP.read_text(encoding="utf-8"), feature_version=(3, 6))


def test_an_old_python_is_told_what_to_install(tmp_path: Path) -> None:
    pretend = "import sys; sys.version_info = (3, 9, 2, 'final', 0)\n"
    done = subprocess.run(
        [sys.executable, "-c", pretend + BOOTSTRAP.read_text(encoding="utf-8")],
        env={"PATH": str(tmp_path), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "需要 Python 3.11 或更新版本，现在的 python3 是 3.9.2" in done.stderr


def test_an_environment_without_its_stamp_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "constraints.txt"):
        (tmp_path / name).write_text("django==5.2.19\n")
    stamp = tmp_path / "complete.json"
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "STAMP", stamp)
    monkeypatch.setattr(environment, "PYTHON", Path(sys.executable))
    assert not environment.is_ready(environment.RUNTIME)
    stamp.write_text('{"requirements.txt": "')  # killed while writing
    assert not environment.is_ready(environment.RUNTIME)
    made = environment.fingerprint(environment.RUNTIME)
    stamp.write_text(f'{{"requirements.txt": "{made}"}}')
    assert environment.is_ready(environment.RUNTIME)
    (tmp_path / "constraints.txt").write_text("django==5.2.20\n")
    assert not environment.is_ready(environment.RUNTIME)
