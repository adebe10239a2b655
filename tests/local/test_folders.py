"""Secrets, the lock of the running demo, and steps that are not repeated."""

import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from yizhou.local import done_before, folders
from yizhou.local.folders import ROOT, demo_that_runs, running_demo, secret
from yizhou.local.sentences import CannotRun

HOLDER = """
import sys, time
from pathlib import Path
from yizhou.local.folders import running_demo
with running_demo(Path(sys.argv[1])) as note:
    note({"address": "http://127.0.0.1:8765"})
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that runs the demo of this folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first = secret(tmp_path, "secret_key")
    assert len(first) == 64
    assert secret(tmp_path, "secret_key") == first
    assert stat.S_IMODE((tmp_path / "secrets" / "secret_key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700


def test_a_second_demo_is_refused_with_the_address_of_the_first(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    with pytest.raises(CannotRun, match=f"{holder.pid}.*http://127.0.0.1:8765"):
        with running_demo(tmp_path):
            pass


def test_the_lock_of_a_killed_demo_is_taken_over(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    holder.kill()
    holder.wait()
    assert (tmp_path / "demo.json").exists()
    with running_demo(tmp_path) as note:
        note({"address": "mine"})
        assert json.loads((tmp_path / "demo.json").read_text())["address"] == "mine"
    assert not (tmp_path / "demo.json").exists()


def test_other_commands_find_the_running_demo(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    running = demo_that_runs(tmp_path)
    assert running is not None
    assert running["address"] == "http://127.0.0.1:8765"
    holder.kill()
    holder.wait()
    assert demo_that_runs(tmp_path) is None


def test_a_finished_step_is_not_repeated_until_its_sources_change(tmp_path: Path) -> None:
    asked = []
    for fingerprint in ("a", "a", "b"):
        with done_before.once(tmp_path, "tables", fingerprint) as needed:
            asked.append(needed)
    assert asked == [True, False, True]


def test_a_step_that_failed_is_repeated(tmp_path: Path) -> None:
    with done_before.once(tmp_path, "tables", "a"):
        pass
    with pytest.raises(CannotRun), done_before.once(tmp_path, "tables", "b"):
        raise CannotRun("interrupted")
    with done_before.once(tmp_path, "tables", "a") as needed:
        assert needed


def test_the_fingerprint_follows_contents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(done_before, "ROOT", tmp_path)
    (tmp_path / "one.py").write_text("1")
    before = done_before.fingerprint("*.py")
    assert done_before.fingerprint("*.py") == before
    (tmp_path / "one.py").write_text("2")
    assert done_before.fingerprint("*.py") != before


def test_a_closed_folder_above_is_noticed(tmp_path: Path) -> None:
    inside = tmp_path / "closed" / "inside"
    inside.mkdir(parents=True)
    inside.parent.chmod(0o700)
    assert not folders.is_reachable(inside)
    assert folders.is_reachable(Path("/usr/bin"))
