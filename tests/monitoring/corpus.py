"""A corpus of bad and odd files, each with what must become of it.

A kind is refused with a code, or its rows come out exactly as counted by hand here: so many good,
faulty, blank and passed over (totals, signatures, repeated headings).
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from monitoring.feeds import FEEDS
from tests.monitoring.batches import as_csv, dibao, titles

DIBAO, MEDICAL = "dibao_payment", "medical_settlement"
Build = Callable[[], bytes]


@dataclass(frozen=True)
class Kind:
    name: str
    build: Build
    feed: str = DIBAO
    refused: tuple[str, ...] = ()  # one of these codes
    good: int = 0
    faulty: int = 0
    blank: int = 0
    passed: int = 0
    codes: tuple[str, ...] = ()  # of the faults, in order
    reads: dict[str, str] = field(default_factory=dict)  # canonical cells of the row `at`
    at: int = 2

    @property
    def family(self) -> str:
        return self.name.partition(":")[0]

    @property
    def sent(self) -> int:
        return self.good + self.faulty + self.blank + self.passed


KINDS: list[Kind] = []


def kind(name: str, build: Build | bytes, **expected: Any) -> None:
    content = (lambda: build) if isinstance(build, bytes) else build
    for several in ("refused", "codes"):
        if isinstance(expected.get(several), str):
            expected[several] = (expected[several],)
    KINDS.append(Kind(name, content, **expected))


def rows(count: int = 3, start: int = 0) -> list[list[Any]]:
    return [dibao(n) for n in range(start, start + count)]


def table(*more: Sequence[Any]) -> list[Sequence[Any]]:
    return [titles(), *(more or rows())]


def names(feed: str = DIBAO) -> list[str]:
    return [column.name for column in FEEDS[feed].columns]


def objects(count: int = 3, **changed: Any) -> list[dict[str, Any]]:
    return [dict(zip(titles(), dibao(n), strict=True)) | changed for n in range(count)]


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def as_lines(values: Sequence[Any]) -> bytes:
    return b"".join(as_json(value) + b"\n" for value in values)


def text(content: bytes, old: str, new: str | bytes, count: int = -1) -> bytes:
    return content.replace(old.encode(), new.encode() if isinstance(new, str) else new, count)


def changed(**cells: Any) -> bytes:
    """A good row, one with these cells, a good row."""
    return as_csv([titles(), dibao(0), dibao(1, **cells), dibao(2)])
