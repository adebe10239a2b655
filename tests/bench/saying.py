"""What every part of the bench needs to time something and to say how long it took."""

import sys
import time
from collections.abc import Callable
from typing import Any


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def timed(what: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = what()
    return time.perf_counter() - began, result


def verdict(holds: bool) -> str:
    return "达到" if holds else "没有达到"
