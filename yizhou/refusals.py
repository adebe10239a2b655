"""How the program says no: one clear Chinese sentence with what to do.

Imports no Django: the process that reads departments' files uses it too.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db import IntegrityError


class Denial(Exception):
    """Any no. `sentence` is shown to the person; `code` is for machines.

    Views catch Refusal alone, to show it in the form; the other denials pass through to the
    middleware, which writes them into the audit trail and shows a page.
    """

    status = 400

    def __init__(self, sentence: str, *, code: str = "refused") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code


class Refusal(Denial):
    """An act that may not happen as asked; the person can put it right."""


class NotAllowed(Denial):
    """The person has no post that permits the act."""

    status = 403

    def __init__(self, sentence: str, *, code: str = "not_allowed") -> None:
        super().__init__(sentence, code=code)


class Overtaken(Refusal):
    """Somebody else changed the row since it was read."""

    status = 409

    def __init__(
        self, sentence: str = "您打开之后，别人已经处理过。请刷新页面，看清变化后再提交。"
    ) -> None:
        super().__init__(sentence, code="overtaken")


class NotFound(Denial):
    """Does not exist, or lies outside what the person may see: the same answer for both."""

    status = 404

    def __init__(self, sentence: str = "没有找到，或不在您的管辖范围内。") -> None:
        super().__init__(sentence, code="not_found")


def broken_constraint(error: "IntegrityError") -> str:
    """Name of the database constraint a write ran into, so that it can be said in a sentence."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return str(getattr(diagnosis, "constraint_name", None) or "")


def reason_given(text: str, *, ask: str, most: int = 200) -> str:
    """The reason without outer spaces. Raises Refusal `ask` for one too short or too long."""
    if not 2 <= len(reason := text.strip()) <= most:
        raise Refusal(ask, code="reason")
    return reason
