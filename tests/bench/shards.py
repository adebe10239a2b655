"""One worker that screens parts of the county: python -m tests.bench.shards LOW-HIGH ...

Says "ready", waits for a line, screens each part in a transaction of its own, prints its hits.
"""

import os
import sys
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yizhou.settings")

import django

django.setup()

from django.db import connection, transaction

from monitoring.engine import Within, screen
from tests.bench.frozen import frozen_shipped


def main(parts: list[str]) -> None:
    frozen = frozen_shipped()
    connection.ensure_connection()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    began, hits = time.perf_counter(), 0
    for part in parts:
        low, _, high = part.partition("-")
        with transaction.atomic():
            hits += screen(frozen, within=Within(low=low, high=high)).hits
    sys.stdout.write(f"{hits} {time.perf_counter() - began}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
