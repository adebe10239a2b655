"""The other make targets: setup, test, check, fix, bench, docs, diagram."""

import os
import subprocess
import sys
import time

from yizhou.local import browser
from yizhou.local.folders import ROOT
from yizhou.local.processes import dies_with_parent
from yizhou.local.sentences import progress
from yizhou.local.stack import throw_away_engines

PYTHON = [sys.executable, "-m"]
MANAGE = [sys.executable, "manage.py"]
# The plug-ins the suite uses, by name: loading every installed one doubles the run time.
PYTEST = [
    *(*PYTHON, "pytest", "--disable-plugin-autoload"),
    *("-p", "pytest_django.plugin", "-p", "xdist.plugin", "-p", "yizhou.local.pytest_engines"),
]
PRODUCTION = {
    "DEBUG": "0",
    "DEMO": "0",
    "HTTPS": "1",
    "ALLOWED_HOSTS": "yizhou.example",
    "CSRF_TRUSTED_ORIGINS": "https://yizhou.example",
}


def setup(_arguments: list[str]) -> int:
    progress("运行环境已就绪。下一步：make demo（演示）或 make test（测试）")
    return 0


def test(arguments: list[str]) -> int:
    """The whole suite, or what ARGS names. The engines come from yizhou.local.pytest_engines."""
    os.environ["CHROMIUM"] = browser.chromium_path()
    os.chdir(ROOT)
    workers = [] if any(word.startswith("-n") for word in arguments) else ["-n", "2"]
    os.execv(sys.executable, [*PYTEST, *workers, *arguments])


def check(_arguments: list[str]) -> int:
    """Everything that can be found without running the suite; all findings, not only the first."""
    with throw_away_engines(lasting=False) as engines:
        failed = [
            title
            for title, command, env in (
                ("ruff check", [*PYTHON, "ruff", "check", "."], {}),
                ("ruff format", [*PYTHON, "ruff", "format", "--check", "."], {}),
                ("lint-imports", ["lint-imports"], {}),
                ("makemigrations", [*MANAGE, "makemigrations", "--check", "--dry-run"], {}),
                ("diagram", [*MANAGE, "diagram", "--check"], {}),
                (
                    "check --deploy",
                    [*MANAGE, "check", "--deploy", "--fail-level", "WARNING"],
                    PRODUCTION,
                ),
                ("mypy", [*PYTHON, "mypy", "."], {}),
            )
            if not passes(title, command, {**engines, **env})
        ]
    if failed:
        progress("没有通过：" + "、".join(failed) + "。格式问题可用 make fix 自动改。")
        return 1
    progress("检查全部通过")
    return 0


def passes(title: str, command: list[str], env: dict[str, str]) -> bool:
    began = time.monotonic()
    good = call(command, env) == 0
    progress(f"{'通过' if good else '没有通过'} {title}（{time.monotonic() - began:.1f} 秒）")
    return good


def fix(_arguments: list[str]) -> int:
    call([*PYTHON, "ruff", "check", "--fix", "."], {})
    return call([*PYTHON, "ruff", "format", "."], {})


def bench(arguments: list[str]) -> int:
    """Measure on engines that flush to disk as a real installation does."""
    with throw_away_engines(lasting=True) as engines:
        return call([*PYTHON, "tests.bench", *arguments], engines)


def docs(_arguments: list[str]) -> int:
    with throw_away_engines(lasting=False) as engines:
        return call(
            [*MANAGE, "spectacular", "--validate", "--file", "docs/openapi.yaml"], engines
        ) or call([*MANAGE, "data_dictionary"], engines)


def diagram(arguments: list[str]) -> int:
    with throw_away_engines(lasting=False) as engines:
        return call([*MANAGE, "diagram", *arguments], engines)


def call(command: list[str], env: dict[str, str]) -> int:
    beside_python = os.path.dirname(sys.executable)
    path = f"{beside_python}{os.pathsep}{os.environ.get('PATH', '')}"
    return subprocess.run(
        command,
        check=False,
        cwd=ROOT,
        env={**os.environ, **env, "PATH": path},
        preexec_fn=dies_with_parent(),
    ).returncode
