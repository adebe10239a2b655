"""What a question, a section and a version of the visit form are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

MOST = {"stepper": 20, "text": 500, "lines": 12}


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `shown_when` names a question and the answer that reveals this one.

    `maximum` is people for a stepper, characters for a text, rows for lines. `anew`: what was
    said last time is told but never filled in, because it must be decided at every visit.
    """

    name: str
    label: str
    kind: str  # yes_no, choice, chips, stepper, amount, text, lines
    options: tuple[tuple[str, str], ...] = ()
    bad_value: str = ""
    shown_when: tuple[str, str] | None = None
    required: bool = True
    help: str = ""
    unit: str = ""
    maximum: int = 0
    anew: bool = False

    @property
    def most(self) -> int:
        return self.maximum or MOST.get(self.kind, 0)


@dataclass(frozen=True, slots=True)
class Section:
    """Questions under one heading: a step of the form, or what one kind of purpose adds."""

    title: str
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Form:
    """One version. Never changed once used: a new wording is a new version.

    `since` is the first day it was given out; `sections` are keyed by purpose kind.
    """

    version: int
    since: date
    steps: tuple[Section, ...]
    sections: Mapping[str, Section] = field(default_factory=dict)

    def asked(self, kinds: Iterable[str] = ()) -> list[Section]:
        """The steps and, after them, the sections of these purpose kinds, in the form's order."""
        wanted = set(kinds)
        return [*self.steps, *(s for kind, s in self.sections.items() if kind in wanted)]

    def questions(self, kinds: Iterable[str] = ()) -> dict[str, Question]:
        return {q.name: q for section in self.asked(kinds) for q in section.questions}

    @property
    def every(self) -> dict[str, Question]:
        """All questions of all sections by name."""
        return self.questions(self.sections)


def is_shown(question: Question, values: Mapping[str, Any]) -> bool:
    if question.shown_when is None:
        return True
    name, answer = question.shown_when
    return bool(values.get(name) == answer)
