"""The project's own Python environment, .venv: made once, mended when half-made, else untouched.

Standard library only: this runs before anything is installed.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import shutil
import ssl
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from yizhou.local.processes import dies_with_parent, dies_with_this_parent
from yizhou.local.sentences import (
    CannotRun,
    hand_over_clock,
    of_os_error,
    progress,
    refuse,
    speak_plainly,
)

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "complete.json"
RUNTIME, DEVELOPMENT = "requirements.txt", "requirements-dev.txt"
CONSTRAINTS = "constraints.txt"
UV = "uv==0.13.9"
WITHOUT_VENV = "Debian/Ubuntu 请先运行 sudo apt-get install python3-venv，再运行同一条命令。"
NEEDS_ONLY_RUNTIME = {"demo", "manage"}


def enter(arguments: list[str]) -> int:
    """Make the environment fit for the command, then become `.venv/bin/python -m yizhou.local`."""
    speak_plainly()
    dies_with_this_parent()
    command = arguments[0] if arguments else "help"
    try:
        prepare(RUNTIME if command in NEEDS_ONLY_RUNTIME else DEVELOPMENT)
    except CannotRun as reason:
        return refuse(str(reason))
    except OSError as fault:
        return refuse(of_os_error(fault))
    except KeyboardInterrupt:
        return refuse("安装中断了。重新运行同一条命令即可，半成品会自动重做。")
    hand_over_clock()
    os.execv(PYTHON, [str(PYTHON), "-m", "yizhou.local", *arguments])


def prepare(level: str) -> None:
    """Bring .venv to the pins of `level`, a requirements file. Free when there is nothing to do."""
    if is_ready(level):
        return
    with only_one():
        if is_ready(level):  # another make made it while this one waited
            return
        began = time.monotonic()
        if not STAMP.exists() or not _runs():
            _make_empty()
        installed = json.loads(STAMP.read_text()) if STAMP.exists() else {}
        STAMP.unlink(missing_ok=True)  # from here to the end a kill leaves "half-made"
        _install(level)
        wanted = {level: fingerprint(level)}
        if level == DEVELOPMENT:
            wanted[RUNTIME] = fingerprint(RUNTIME)
        elif installed.get(DEVELOPMENT) == fingerprint(DEVELOPMENT):
            wanted[DEVELOPMENT] = installed[DEVELOPMENT]
        STAMP.write_text(json.dumps(wanted))
        progress(f"运行环境已就绪，用时 {time.monotonic() - began:.1f} 秒")


def is_ready(level: str) -> bool:
    try:
        return json.loads(STAMP.read_text()).get(level) == fingerprint(level) and _runs()
    except (OSError, ValueError):
        return False


def fingerprint(level: str) -> str:
    """Hash of the pins, the machine and the place (a moved environment does not work)."""
    files = [CONSTRAINTS, RUNTIME] + ([DEVELOPMENT] if level == DEVELOPMENT else [])
    parts = [str(VENV).encode(), platform.machine().encode()]
    parts += [(ROOT / name).read_bytes() for name in files]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


@contextmanager
def only_one() -> Iterator[None]:
    """Hold the project folder itself: a lock that leaves no file and dies with its holder."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("另一条 make 命令正在准备运行环境，等它完成……")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _runs() -> bool:
    return os.access(PYTHON, os.X_OK)


def _make_empty() -> None:
    if not os.access(ROOT, os.W_OK):
        raise CannotRun(
            f"项目文件夹 {ROOT} 不可写。请把项目复制到可写的文件夹，或用拥有它的用户运行。"
        )
    if VENV.exists():
        progress("上次的运行环境没有做完，删除后重做")
        shutil.rmtree(VENV)
    progress("建立运行环境 .venv（Python " + platform.python_version() + "）")
    _step(
        [sys.executable, "-m", "venv", "--without-pip", str(VENV)],
        f"建立 .venv 失败，原因见上。{WITHOUT_VENV}",
    )
    _step(
        [str(PYTHON), f"{_bundled_pip()}/pip", "install", "-q", UV],
        "下载安装工具 uv 失败。请检查网络或 pip 的镜像设置（PIP_INDEX_URL），再运行同一条命令。",
    )


def _bundled_pip() -> Path:
    """The pip wheel that comes with Python, run as it is.

    `venv` would install it by a grandchild, which outlives a kill and goes on writing.
    """
    with contextlib.suppress(ImportError):
        import ensurepip

        places = [
            Path(ensurepip.__file__).parent / "_bundled",
            Path(sysconfig.get_config_var("WHEEL_PKG_DIR") or "/usr/share/python-wheels"),
        ]
        for wheel in (wheel for place in places for wheel in place.glob("pip-*.whl")):
            return wheel
    raise CannotRun(f"这个 Python 没有带 pip。{WITHOUT_VENV}")


def _install(level: str) -> None:
    progress(f"安装 {level} 中的程序包（首次需要下载，约 1 分钟）")
    _step(
        [
            *(str(PYTHON), "-m", "uv", "pip", "install", "-q", "-p", str(PYTHON)),
            *("-r", str(ROOT / level)),
        ],
        f"安装 {level} 失败，原因见上。请检查网络和磁盘空间，再运行同一条命令。",
        env=uv_settings(),
    )


def uv_settings() -> dict[str, str]:
    """uv reads neither pip's mirror nor, unasked, the system's certificates: pass both on."""
    settings = {"UV_PYTHON_DOWNLOADS": "never"}
    trusted = ssl.get_default_verify_paths()
    if trusted.cafile or trusted.capath:
        settings["UV_SYSTEM_CERTS"] = "1"
    if not {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & set(os.environ):
        asked = subprocess.run(
            [str(PYTHON), f"{_bundled_pip()}/pip", "config", "get", "global.index-url"],
            capture_output=True,
            text=True,
            check=False,
        )
        if mirror := os.environ.get("PIP_INDEX_URL") or asked.stdout.strip():
            settings["UV_DEFAULT_INDEX"] = mirror
    return settings


def _step(command: list[str], refusal: str, env: dict[str, str] | None = None) -> None:
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONHOME", "PYTHONPATH")}
    done = subprocess.run(
        command,
        check=False,
        cwd=ROOT,
        env=clean | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"} | (env or {}),
        preexec_fn=dies_with_parent(),
    )
    if done.returncode:
        raise CannotRun(refusal)
