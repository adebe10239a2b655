"""Steps that need not be repeated: a step is done while what it was made from stays the same.

var/done/NAME holds the fingerprint of the last complete run. It is removed before a step begins,
so a killed step is done again.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2

from yizhou.local.folders import ROOT


@contextmanager
def once(var: Path, name: str, fingerprint: str) -> Iterator[bool]:
    """True when the step must run. Leaving without an exception marks it as done."""
    mark = var / "done" / name
    mark.parent.mkdir(exist_ok=True)
    if mark.exists() and mark.read_text() == fingerprint:
        yield False
        return
    mark.unlink(missing_ok=True)
    yield True
    mark.write_text(fingerprint)


def fingerprint(*patterns: str) -> str:
    """Hash of the names and contents of the project's files that match (globs from its root)."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in patterns for path in ROOT.glob(pattern)):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def database_identity(url: str) -> str:
    """Names one database for as long as it lives: a new or re-made one has another identity."""
    connection = psycopg2.connect(url, connect_timeout=5)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT system_identifier, (SELECT oid FROM pg_database"
            " WHERE datname = current_database()) FROM pg_control_system()"
        )
        system, oid = cursor.fetchone()
    connection.close()
    return f"{system}/{oid}"
