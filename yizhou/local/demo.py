"""`make demo`: engines, tables, the demo county, web, worker and beat, until Ctrl-C."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from yizhou.local import done_before
from yizhou.local.folders import ROOT, demo_that_runs, log_file, running_demo, var_folder
from yizhou.local.processes import Child, free_port, is_free, stop_all, wait_until
from yizhou.local.sentences import CannotRun, progress, say
from yizhou.local.stack import settings_of, start_engines

SCALES = ("one", "full")
FIRST_PORT, LAST_PORT = 8000, 8099
READY_WITHIN = 90  # seconds for web, worker and beat on a slow machine


def run(_arguments: list[str]) -> int:
    """Serve the demo county until a signal. 0 after Ctrl-C, 1 when something failed."""
    scale = os.environ.get("SCALE") or "one"
    if scale not in SCALES:
        raise CannotRun(f"SCALE={scale} 不认识。可用 SCALE=one（一个乡镇）或 SCALE=full（全县）。")
    var = var_folder()
    children: list[Child] = []
    with running_demo(var) as note:
        port = choose_port(os.environ.get("PORT"))
        address = f"http://127.0.0.1:{port}"
        try:
            urls = start_engines(var, children)
            env = {**os.environ, **settings_of(var), **urls, "DEMO": "1", "PYTHONUNBUFFERED": "1"}
            note({"address": address, "env": {**settings_of(var), **urls, "DEMO": "1"}})
            prepare(var, env, scale)
            serve(var, env, port, children)
            progress("各部门通过接口报送数据（送过的不重送）")
            step(var, env, "send_demo_files", "--scale", scale, "--address", address)
            say()
            progress("已就绪，演示中的人物和数据都是虚构的")
            say(f"           地址：{address}/")
            say(f"           日志：{var / 'logs'}    停止：按 Ctrl-C")
            watch(var, children)
        except SystemExit:  # a signal: the normal way to stop
            say()
            progress("正在停止……")
        finally:
            stop_all(children)
    progress("已全部停止，下次运行会接着用现有数据")
    return 0


def choose_port(wanted: str | None) -> int:
    """PORT when given (it must be free), else the first free one from 8000."""
    if not wanted:
        for port in range(FIRST_PORT, LAST_PORT + 1):
            if is_free(port):
                if port != FIRST_PORT:
                    progress(f"端口 {FIRST_PORT} 已被占用，改用 {port}")
                return port
        return free_port()
    if not wanted.isdecimal() or not 0 < int(wanted) < 65536:
        raise CannotRun(f"PORT={wanted} 不是端口号。请用 1024 到 65535 之间的数，如 PORT=8010。")
    try:
        if is_free(int(wanted)):
            return int(wanted)
    except PermissionError:
        raise CannotRun(
            f"端口 {wanted} 只有 root 能用。请换 1024 以上的端口，如 PORT=8010。"
        ) from None
    raise CannotRun(
        f"端口 {wanted} 已被别的程序占用。请换一个（make demo PORT={int(wanted) % 65535 + 1}），"
        "或不写 PORT，程序会自动找空闲端口。"
    )


def prepare(var: Path, env: dict[str, str], scale: str) -> None:
    """Tables and the county, each only when what it is made from has changed."""
    database = done_before.database_identity(env["DATABASE_URL"])
    tables = done_before.fingerprint("*/migrations/*.py", "constraints.txt")
    with done_before.once(var, "tables", f"{database} {tables}") as needed:
        if needed:
            step(var, env, "migrate", "-v0")
            progress("数据库表已是最新")
    county = done_before.fingerprint("yizhou/demo/**/*.py", "*/migrations/*.py")
    with done_before.once(var, f"county-{scale}", f"{database} {county}") as needed:
        if needed:
            progress(
                "建演示县：" + ("全县" if scale == "full" else "一个乡镇（全县用 SCALE=full）")
            )
            step(var, env, "build_demo_county", "--scale", scale)
            progress("演示县已建好")


def step(var: Path, env: dict[str, str], *command: str) -> None:
    """Run one management command to its end; its progress goes to the terminal."""
    log = log_file(var, command[0])
    child = Child.start(
        command[0],
        [sys.executable, "manage.py", *command],
        env=env,
        cwd=ROOT,
        log=log,
        only_errors_to_log=True,
        patience=5,
    )
    try:
        code = child.process.wait()
    finally:
        child.stop()
    if code:
        last_words = log.read_text(errors="replace").strip().rpartition("\n")[2]
        raise CannotRun(
            f"步骤 {command[0]} 没有成功：{last_words.removeprefix('CommandError: ')[:300]}"
            f"（退出码 {code}，详见 {log}）。处理后重新运行 make demo，已完成的步骤不会重做。"
        )


def serve(var: Path, env: dict[str, str], port: int, children: list[Child]) -> None:
    """Start web, worker and beat together, then wait until each answers."""
    python, celery = sys.executable, [sys.executable, "-m", "celery", "-A", "yizhou"]
    node = f"demo-{os.getpid()}@yizhou"
    web = Child.start(
        "web",
        [
            *(python, "-m", "gunicorn", "yizhou.wsgi", "--bind", f"127.0.0.1:{port}"),
            *("--worker-class", "gthread", "--workers", "2", "--threads", "4", "--preload"),
            *("--graceful-timeout", "3", "--no-control-socket", "--log-level", "warning"),
        ],
        env=env,
        cwd=ROOT,
        log=log_file(var, "web"),
    )
    children.append(web)
    worker = Child.start(
        "worker",
        [
            *(*celery, "worker", "--hostname", node, "--concurrency", "2"),
            *("--without-gossip", "--without-mingle", "--loglevel", "INFO"),
        ],
        env=env,
        cwd=ROOT,
        log=log_file(var, "worker"),
        # Not a polite one: its broker goes at the same moment, and the job's lease brings it back.
        death_signal=signal.SIGKILL,
    )
    children.append(worker)
    beat_log = log_file(var, "beat")
    already_said = beat_log.stat().st_size if beat_log.exists() else 0
    beat = Child.start(
        "beat",
        [*celery, "beat", "--pidfile", "", "--loglevel", "INFO"],
        env=env,
        cwd=ROOT,
        log=beat_log,
        death_signal=signal.SIGKILL,  # beat ignores SIGTERM while its broker is away
        patience=3,
    )
    children.append(beat)

    await_ready(web, lambda: web_answers(port), var, "网页服务已启动")
    await_ready(worker, lambda: worker_answers(env["REDIS_URL"], node), var, "后台任务进程已启动")
    await_ready(beat, lambda: beat_began(beat_log, already_said), var, "定时任务已启动")


def await_ready(child: Child, question: Callable[[], bool], var: Path, announcement: str) -> None:
    if not wait_until(question, within=READY_WITHIN, child=child):
        raise CannotRun(
            f"{child.name} 没有启动成功，原因见 {var / 'logs' / child.name}.log 的最后几行。"
            "处理后重新运行 make demo。"
        )
    progress(announcement)


def web_answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready/", timeout=5):
            return True
    except urllib.error.HTTPError as answer:
        return answer.code < 500
    except OSError:
        return False


def worker_answers(broker_url: str, node: str) -> bool:
    from celery import Celery

    with Celery(broker=broker_url, set_as_current=False) as asker:
        return bool(asker.control.ping(destination=[node], timeout=1.0, limit=1))


def beat_began(log: Path, already_said: int) -> bool:
    with log.open("rb") as file:
        file.seek(already_said)
        return b"beat: Starting" in file.read()


def watch(var: Path, children: list[Child]) -> None:
    """Wait for a signal; raise CannotRun when a child ends by itself."""
    while True:
        for child in children:
            if not child.running:
                raise CannotRun(
                    f"{child.name} 意外停止了（退出码 {child.process.returncode}），"
                    f"原因见 {var / 'logs' / child.name}.log 的最后几行。"
                    "重新运行 make demo 即可继续。"
                )
        time.sleep(0.5)


def manage(arguments: list[str]) -> int:
    """`make manage ARGS="..."`: one manage.py command on the demo's data, running or not."""
    var = var_folder()
    command = [sys.executable, "manage.py", *arguments]
    if running := demo_that_runs(var):
        os.execve(sys.executable, command, {**os.environ, **running.get("env", {})})
    children: list[Child] = []
    with running_demo(var):
        try:
            urls = start_engines(var, children)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C belongs to the command
            env = {**os.environ, **settings_of(var), **urls, "DEMO": "1"}
            return subprocess.run(command, check=False, cwd=ROOT, env=env).returncode
        finally:
            stop_all(children)
