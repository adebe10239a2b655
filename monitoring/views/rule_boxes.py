"""What the editor's template draws: boxes (fields) and parts, which hold boxes and parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Options = list[tuple[str, list[tuple[str, str]]]]


@dataclass(slots=True)
class Box:
    """One field: `kind` is text, number, date, area, select, several or tick."""

    name: str
    label: str
    value: Any = ""
    kind: str = "text"
    options: Options = field(default_factory=list)
    again: bool = False  # the rest of the form depends on it
    hint: str = ""
    wide: bool = False

    @property
    def id(self) -> str:
        return self.name.replace(".", "-")

    @property
    def is_unlisted(self) -> bool:
        """A chosen value that is not, or no longer, among the options."""
        return bool(self.value) and all(
            self.value != v for _, group in self.options for v, _ in group
        )


@dataclass(slots=True)
class Part:
    """A titled group of fields and further parts; `adds` are (label, act) of its buttons."""

    path: str
    title: str
    boxes: list[Box] = field(default_factory=list)
    parts: list["Part"] = field(default_factory=list)
    adds: list[tuple[str, str]] = field(default_factory=list)
    error: str = ""
    words: str = ""
    hint: str = ""
    removable: bool = False
    folded: bool = False  # rarely needed and empty: shown closed

    @property
    def id(self) -> str:
        return "part-" + self.path.replace(".", "-")

    @property
    def is_top(self) -> bool:
        return "." not in self.path


def flat(labels: Mapping[str, str] | Sequence[tuple[str, str]]) -> Options:
    pairs = labels.items() if isinstance(labels, Mapping) else labels
    return [("", [(str(value), str(label)) for value, label in pairs])]
