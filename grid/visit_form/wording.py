"""Answers as people read them, and the form as phones draw it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from grid.models import Outcome
from grid.visit_form.lines import BY_CODE
from grid.visit_form.question import Question, Section
from grid.visit_form.versions import FORM, FORM_VERSION, form_of

# What may be reported without having met anybody, and what needs no further word.
WITHOUT_MEETING = frozenset({Outcome.NOT_CONTACTABLE, Outcome.DECEASED_OR_MOVED})
NOTE_NEEDED_UNLESS = frozenset({Outcome.NO_RISK_SELF_SOLVED})
WHOLE_YEAR = "12 个月合计"


@dataclass(frozen=True, slots=True)
class Spoken:
    """One answer as people read it."""

    name: str
    label: str
    words: str
    is_bad: bool


def in_words(name: str, value: Any, *, version: int = FORM_VERSION) -> str:
    """An answer as people read it, in the wording of its version."""
    question = form_of(version).every.get(name)
    if question is None:
        return str(value)
    labels = dict(question.options)
    if question.kind == "lines":
        return "；".join(line_in_words(line) for line in value) or "没有"
    if isinstance(value, list):
        return "、".join(str(labels.get(v, v)) for v in value) or "没有"
    if question.kind == "amount":
        return f"{yuan_in_words(value)} {question.unit}"
    return labels.get(value, f"{value} {question.unit}".strip())


def line_in_words(line: Mapping[str, str]) -> str:
    """务工工资 2026-10 3,600 元"""
    item = BY_CODE.get(line["item"])
    label = item.label if item else line["item"]
    return f"{label} {line['month'] or WHOLE_YEAR} {yuan_in_words(line['yuan'])} 元"


def yuan_in_words(value: Any) -> str:
    """12000.00 as 12,000; fen are told only where there are any."""
    amount = Decimal(str(value))
    return f"{amount:,.0f}" if amount == amount.to_integral_value() else f"{amount:,.2f}"


def spoken(
    answers: Mapping[str, Any], *, version: int, kinds: Any = None
) -> list[tuple[str, list[Spoken]]]:
    """The answers of a visit by section title; sections nobody answered fall away.

    `kinds` limits the sections to these purpose kinds; None takes every one that has answers.
    """
    form = form_of(version)
    sections = form.asked(form.sections if kinds is None else kinds)
    told = [(section.title, _told(section, answers, version)) for section in sections]
    return [(title, lines) for title, lines in told if lines]


def _told(section: Section, answers: Mapping[str, Any], version: int) -> list[Spoken]:
    return [
        Spoken(
            name=question.name,
            label=question.label,
            words=in_words(question.name, answers[question.name], version=version),
            is_bad=bool(question.bad_value) and answers[question.name] == question.bad_value,
        )
        for question in section.questions
        if question.name in answers
    ]


def form_for_phones() -> dict[str, Any]:
    """The newest version as plain data for the field app: questions, sections, outcomes."""
    return {
        "version": FORM.version,
        "steps": [_section(step) for step in FORM.steps],
        "sections": {kind: _section(section) for kind, section in FORM.sections.items()},
        "outcomes": [[value, label] for value, label in Outcome.choices],
        "without_meeting": sorted(str(outcome) for outcome in WITHOUT_MEETING),
        "note_needed_unless": sorted(str(outcome) for outcome in NOTE_NEEDED_UNLESS),
    }


def _section(section: Section) -> dict[str, Any]:
    return {"title": section.title, "questions": [_question(q) for q in section.questions]}


def _question(question: Question) -> dict[str, Any]:
    return {
        "name": question.name,
        "label": question.label,
        "kind": question.kind,
        "options": [list(option) for option in question.options],
        "bad_value": question.bad_value,
        "shown_when": list(question.shown_when) if question.shown_when else None,
        "required": question.required,
        "help": question.help,
        "unit": question.unit,
        "max": question.most,
        "anew": question.anew,
    }
