"""The visit form as data: versions, the one reader of answers, words, and the arithmetic."""

from grid.visit_form.adding_up import Statement, add_up
from grid.visit_form.question import Form, Question, Section, is_shown
from grid.visit_form.reading import Answers, months_before, read_answers, yuan_of
from grid.visit_form.versions import (
    FORM,
    FORM_VERSION,
    FORMS,
    accepted_until,
    form_of,
    why_too_old,
)
from grid.visit_form.wording import (
    NOTE_NEEDED_UNLESS,
    WITHOUT_MEETING,
    Spoken,
    form_for_phones,
    in_words,
    line_in_words,
    spoken,
    yuan_in_words,
)

QUESTIONS: dict[str, Question] = FORM.every

__all__ = [
    "FORM",
    "FORMS",
    "FORM_VERSION",
    "NOTE_NEEDED_UNLESS",
    "QUESTIONS",
    "WITHOUT_MEETING",
    "Answers",
    "Form",
    "Question",
    "Section",
    "Spoken",
    "Statement",
    "accepted_until",
    "add_up",
    "form_for_phones",
    "form_of",
    "in_words",
    "is_shown",
    "line_in_words",
    "months_before",
    "read_answers",
    "spoken",
    "why_too_old",
    "yuan_in_words",
    "yuan_of",
]
