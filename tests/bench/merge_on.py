"""A department that sends 100,000 settlements every minute until it is stopped.

    python -m tests.bench.merge_on FILE LOG

FILE was written with the mark of FIRST; each time its keys are made new ones. One line a batch goes
to LOG: seconds from the first byte to the receipt.
"""

import os
import sys
import time
from itertools import count
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yizhou.settings")

import django

django.setup()

from tests.bench.intake import deliver

FIRST, EVERY = "m0", 60.0


def main(file: Path, log: Path) -> None:
    text = file.read_text(encoding="utf-8")
    once = file.with_suffix(".now.csv")
    run = time.time_ns() // 1_000_000_000
    for number in count():
        began = time.monotonic()
        once.write_text(text.replace(f"B{FIRST}", f"B{run:x}x{number}x"), encoding="utf-8")
        seconds, upload = deliver(once)
        with log.open("a") as lines:
            lines.write(f"{seconds:.1f} {upload.accepted}\n")
        time.sleep(max(0.0, EVERY - (time.monotonic() - began)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
