"""Where things lie on one machine: var/, its secrets, logs, and the lock of the running demo.

var/secrets/   generated once, mode 0600, never shown          var/logs/   one file a process
var/postgresql-18/  var/redis/   the embedded engines          var/browser/   Chromium for tests
var/demo.json  who runs `make demo` here now (held locked while it runs)
"""

import fcntl
import hashlib
import json
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from yizhou.local.sentences import CannotRun

ROOT = Path(__file__).resolve().parents[2]
LASTING_TEMP = Path("/var/tmp")  # noqa: S108  (what we use there is checked for its owner)
LOG_LIMIT = 5_000_000  # bytes; a longer log is set aside once as .old


def var_folder() -> Path:
    """VAR_DIR or ./var, made if need be."""
    var = Path(os.environ.get("VAR_DIR") or ROOT / "var").absolute()
    var.mkdir(parents=True, exist_ok=True)
    if not os.access(var, os.W_OK):
        raise CannotRun(
            f"文件夹 {var} 不可写，可能是别的用户建立的。"
            f"请用同一个用户运行，或删除它（sudo rm -r {var}）后重新运行。"
        )
    return var


def secret(var: Path, name: str, make: Callable[[], str] = lambda: secrets.token_hex(32)) -> str:
    """The text of var/secrets/NAME, made on first use."""
    path = secret_path(var, name)
    if not path.exists():
        draft = path.with_suffix(".new")
        write_private(draft, make())
        draft.rename(path)
    return path.read_text(encoding="utf-8").strip()


def secret_path(var: Path, name: str) -> Path:
    folder = var / "secrets"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / name


def write_private(path: Path, text: str) -> None:
    """Write a file only its owner can read, from its first byte on."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text + "\n")


def log_file(var: Path, name: str) -> Path:
    folder = var / "logs"
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.log"
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.rename(path.with_suffix(".log.old"))
    return path


@contextmanager
def running_demo(var: Path) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Be the only demo of this folder; gives a function that notes what runs, for other commands.

    The lock is the kernel's and dies with us, so a file left by a killed demo blocks nobody.
    """
    path = var / "demo.json"
    handle = _locked(path)
    if handle is None:
        running = read_note(path)
        raise CannotRun(
            f"这个文件夹里的演示已在运行（进程 {running.get('pid', '未知')}，"
            f"地址 {running.get('address', '正在启动')}）。请直接打开该地址，"
            "或在那个窗口按 Ctrl-C 停止后再运行。"
        )

    def note(what: dict[str, Any]) -> None:
        os.truncate(handle, 0)
        os.pwrite(handle, json.dumps({"pid": os.getpid(), **what}).encode(), 0)

    try:
        note({})
        yield note
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


def demo_that_runs(var: Path) -> dict[str, Any] | None:
    """What the demo of this folder noted, or None when none runs."""
    path = var / "demo.json"
    if not path.exists():
        return None
    handle = _locked(path)
    if handle is None:
        return read_note(path)
    path.unlink()
    os.close(handle)
    return None


def _locked(path: Path) -> int | None:
    """Open and lock; None when another process holds it. Never a file that was just removed."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.stat().st_ino == os.fstat(handle).st_ino:
                return handle
        except BlockingIOError:
            os.close(handle)
            return None
        except FileNotFoundError:
            pass
        os.close(handle)


def read_note(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def is_reachable(path: Path) -> bool:
    """Whether a user without any rights here could walk to `path`."""
    return all(step.stat().st_mode & 0o001 for step in [path, *path.parents])


def reachable_home(var: Path) -> Path:
    """Where an engine that must not be root keeps its data: var, or a place in the temp folder.

    Raises CannotRun when somebody else already sits on that name.
    """
    if os.geteuid() != 0 or is_reachable(var):
        return var
    mark = hashlib.sha256(str(var).encode()).hexdigest()[:10]
    return own_temp_folder(f"yizhou-data-{mark}")


def temp_parent() -> Path:
    """The system's temp folder, or for root one that PostgreSQL's own user can reach too."""
    usual = Path(tempfile.gettempdir())
    return usual if os.geteuid() != 0 or is_reachable(usual) else LASTING_TEMP


def own_temp_folder(name: str) -> Path:
    """A lasting folder of ours outside the project, readable by all, writable only by us."""
    folder = (LASTING_TEMP if LASTING_TEMP.is_dir() else Path(tempfile.gettempdir())) / name
    folder.mkdir(mode=0o755, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise CannotRun(f"{folder} 属于别的用户，不能使用。请删除它后重新运行。")
    folder.chmod(0o755)
    return folder
