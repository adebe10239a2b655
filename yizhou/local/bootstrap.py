"""First step of every make target, run by whatever python3 the system has.

Only the standard library, and no syntax newer than Python 3.6, so that an old Python can still
read this file and say what is missing. `make` calls: python3 -m yizhou.local.bootstrap COMMAND
"""

import os
import shutil
import sys

OLDEST = (3, 11)
KNOWN_GOOD = ("python3.11", "python3.12", "python3.13", "python3.14")


def main() -> int:
    if sys.version_info < OLDEST:
        newer = next((p for p in map(shutil.which, KNOWN_GOOD) if p), None)
        if newer:
            os.execv(newer, [newer, "-m", "yizhou.local.bootstrap"] + sys.argv[1:])
        found = "{}.{}.{}".format(*sys.version_info[:3])
        sys.stderr.write(
            "无法运行：需要 Python 3.11 或更新版本，现在的 python3 是 " + found + "。"
            "请安装 Python 3.11（Debian/Ubuntu：sudo apt-get install python3.11 python3.11-venv），"
            "或用 make PYTHON=/路径/python3.11 指定已有的解释器，再运行同一条命令。\n"
        )
        return 1
    from yizhou.local.environment import enter

    return enter(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
