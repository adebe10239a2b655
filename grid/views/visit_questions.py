"""The visit form drawn as a page: questions with what was typed or is known, and what is wrong."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.http import QueryDict

from grid.known import LINE_MONTHS
from grid.visit_form import Form, Question, Section, line_in_words, months_before, yuan_of

BLANK_ROWS = 3  # of a list; a script adds more
SHORT = 4  # characters: three such choices fit beside each other
PARTS_OF_LINE = ("item", "month", "yuan")


def given_answers(posted: QueryDict, form: Form, kinds: Collection[str]) -> dict[str, Any]:
    """What the page sent, by question name, as read_answers takes it."""
    return {name: _given(posted, q) for name, q in form.questions(kinds).items()}


def _given(posted: QueryDict, question: Question) -> Any:
    name = f"q_{question.name}"
    if question.kind == "chips":
        return posted.getlist(name)
    if question.kind != "lines":
        return posted.get(name)
    columns = [posted.getlist(f"{name}_{part}") for part in PARTS_OF_LINE]
    return [
        dict(zip(PARTS_OF_LINE, row, strict=True))
        for row in zip(*columns, strict=False)
        if any(row)
    ]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A version of the form with answers to begin with, for one visit on one day.

    `said` are sentences under a question; `errors` are keyed by q_<name>.
    """

    form: Form
    kinds: Collection[str]
    answers: Mapping[str, Any]
    on: date
    said: Mapping[str, list[str]] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    def steps(self) -> list[dict[str, Any]]:
        return [self._step(section) for section in self.form.steps]

    def sections(self) -> list[dict[str, Any]]:
        """What the purposes of this visit add."""
        steps = len(self.form.steps)
        return [self._step(section) for section in self.form.asked(self.kinds)[steps:]]

    def _step(self, section: Section) -> dict[str, Any]:
        """Questions that another answer reveals are drawn behind it, in its card."""
        first = [q for q in section.questions if q.shown_when is None]
        drawn = []
        for question in first:
            behind = [
                self._drawn(q)
                for q in section.questions
                if q.shown_when and q.shown_when[0] == question.name
            ]
            drawn.append(self._drawn(question) | {"behind": behind})
        return {"title": section.title, "questions": drawn}

    def _drawn(self, question: Question) -> dict[str, Any]:
        value = self.answers.get(question.name)
        chosen = value if isinstance(value, list) else [value]
        return {
            "name": question.name,
            "label": question.label,
            "kind": question.kind,
            "options": [
                {"value": v, "label": label, "checked": v in chosen}
                for v, label in question.options
            ],
            "value": "" if value is None else value,
            "rows": self._rows(question) if question.kind == "lines" else [],
            "months": self._months() if question.kind == "lines" else [],
            "said": self.said.get(question.name, []),
            "error": self.errors.get(f"q_{question.name}", ""),
            "help": question.help,
            "max": question.most,
            "unit": question.unit,
            "short": all(len(label) <= SHORT for _, label in question.options),
            "bad_value": question.bad_value,
            "shown_when": self._when(question),
            "required": question.required,
        }

    def _when(self, question: Question) -> dict[str, str] | None:
        if question.shown_when is None:
            return None
        name, value = question.shown_when
        label = dict(self.form.every[name].options).get(value, value)
        return {"name": name, "value": value, "label": label}

    def _rows(self, question: Question) -> list[dict[str, Any]]:
        """The lines given, closed when all is well, and a few empty rows."""
        given = self.answers.get(question.name) or []
        wrong = f"q_{question.name}" in self.errors
        rows = [_row(line, question, wrong) for line in given]
        blank = min(BLANK_ROWS, max(0, question.most - len(rows)))
        return rows + [_row({}, question, wrong) for _ in range(blank)]

    def _months(self) -> list[str]:
        return months_before(self.on, LINE_MONTHS)


def _row(line: Mapping[str, Any], question: Question, wrong: bool) -> dict[str, Any]:
    """One line; typed amounts that are none stay as they were typed, and the line stays open."""
    item, month, yuan = (str(line.get(part) or "") for part in PARTS_OF_LINE)
    amount = yuan_of(yuan)
    whole = not wrong and item in dict(question.options) and amount is not None
    return {
        "item": item,
        "month": month,
        "yuan": yuan if amount is None else str(amount).removesuffix(".00"),
        "summary": line_in_words({"item": item, "month": month, "yuan": str(amount)})
        if whole
        else "",
    }
