"""Debian packages that wheels cannot carry; installed only when we are root and apt is there."""

import os
import shutil
import subprocess

from yizhou.local.processes import dies_with_parent
from yizhou.local.sentences import progress

PDF_LIBRARIES = {"pango-1.0": "libpango-1.0-0", "pangoft2-1.0": "libpangoft2-1.0-0"}


def can_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(*packages: str) -> bool:
    """Install by apt; False when it did not work (its own words are shown)."""
    progress("用 apt 安装 " + "、".join(packages))
    quiet = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120"]
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        [*quiet, "update"],
        [*quiet, "install", "-y", "--no-install-recommends", *packages],
    ):
        done = subprocess.run(
            command,
            check=False,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            preexec_fn=dies_with_parent(),
        )
    return done.returncode == 0
