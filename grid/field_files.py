"""The files of the field app and a hash of their content: one source for shell and service worker.

The service worker keeps exactly these; a changed file changes `build`, and phones fetch anew.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.templatetags.static import static

FOLDER = "field"
ALSO = ("css/field.css", "img/icon.svg")


@dataclass(frozen=True, slots=True)
class FieldFiles:
    """`files`: addresses by name relative to static/; `build`: 12 hexadecimal digits."""

    files: dict[str, str]
    build: str


def _sources() -> dict[str, Path]:
    """Static files of the app by name, wherever the finders keep them."""
    root = Path(settings.ROOT) / "static"
    names = sorted(
        str(path.relative_to(root))
        for path in (root / FOLDER).rglob("*")
        if path.is_file() and not path.name.startswith(".")
    )
    found = {name: finders.find(name) for name in (*names, *ALSO)}
    return {name: Path(path) for name, path in found.items() if isinstance(path, str)}


def _read() -> FieldFiles:
    digest = hashlib.sha256()
    files = {}
    for name, path in _sources().items():
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
        files[name] = static(name)
    for path in sorted((Path(settings.ROOT) / "templates" / FOLDER).glob("*")):
        digest.update(path.read_bytes())
    return FieldFiles(files, digest.hexdigest()[:12])


_read_once = lru_cache(maxsize=1)(_read)


def field_files() -> FieldFiles:
    """Read once a process; on every call while developing."""
    return _read() if settings.DEBUG else _read_once()
