"""The one reader of answers: from a page, from a phone, from any version."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import timezone

from grid.visit_form.question import Question, is_shown
from grid.visit_form.versions import FORM_VERSION, form_of

MAX_YUAN = Decimal("9999999.99")
MONTHS_BACK = 24
FULL_WIDTH = str.maketrans("０１２３４５６７８９．，－。／　", "0123456789.,-./ ")
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
AMOUNT = re.compile(r"\d{1,9}(\.\d+)?", re.ASCII)
MONTH = re.compile(r"(\d{4})\s*[-./年]?\s*(\d{1,2})月?", re.ASCII)
MOST_FAULTS = 3  # of one list, told in its sentence

Read = tuple[Any, str]  # the value, or None and a sentence


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered, by question; and what is wrong, one sentence a question."""

    values: dict[str, Any]
    errors: dict[str, str]


def read_answers(
    given: Mapping[str, Any],
    *,
    version: int = FORM_VERSION,
    kinds: Iterable[str] = (),
    on: date | None = None,
) -> Answers:
    """Check answers by question name, in the wording of a version.

    `given`: text, a list of texts for chips, a list of {item, month, yuan} for lines. `kinds`: the
    purpose kinds this visit answers. `on`: the day of the visit (today), which bounds the months.
    Answers to questions that are not shown fall away. Raises Refusal for an unknown version.
    """
    day = on or timezone.localdate()
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for question in form_of(version).questions(kinds).values():
        if not is_shown(question, values):
            continue
        value, error = _READERS[question.kind](question, given.get(question.name), day)
        if error:
            errors[question.name] = error
        elif value is not None:
            values[question.name] = value
    return Answers(values, errors)


def _text_of(given: Any) -> str:
    if given is None or isinstance(given, list | dict | bool):
        return ""
    return UNPRINTABLE.sub("", str(given)).strip()


def _figure_of(given: Any) -> str:
    return _text_of(given).translate(FULL_WIDTH).strip()


def _read_choice(question: Question, given: Any, on: date) -> Read:
    if isinstance(given, str) and given in dict(question.options):
        return given, ""
    return None, f"请回答：{question.label}"


def _read_chips(question: Question, given: Any, on: date) -> Read:
    chosen = given if isinstance(given, list) else [given]
    known = [v for v, _ in question.options if v in chosen]
    if known or not question.required:
        return known, ""
    return None, f"请至少选一项：{question.label}"


def _read_text(question: Question, given: Any, on: date) -> Read:
    text = _text_of(given)
    if len(text) > question.most:
        return None, f"最多 {question.most} 个字，请写短一些：{question.label}"
    if text:
        return text, ""
    return None, f"请填写：{question.label}" if question.required else ""


def _read_stepper(question: Question, given: Any, on: date) -> Read:
    text = _figure_of(given)
    if text.isascii() and text.isdigit() and len(text) < 9 and int(text) <= question.most:
        return int(text), ""
    return None, f"请填 0 到 {question.most} 的整数：{question.label}"


def _read_amount(question: Question, given: Any, on: date) -> Read:
    text = _figure_of(given)
    if not text:
        return None, f"请填写：{question.label}" if question.required else ""
    amount = yuan_of(text)
    if amount is None:
        return None, f"请填金额数字，例如 38000：{question.label}"
    return str(amount), ""


def yuan_of(text: str) -> Decimal | None:
    """An amount in yuan with two decimals, or None for what is none. Reads ３８，０００元."""
    plain = _figure_of(text).replace(",", "").removesuffix("元").strip()
    if not AMOUNT.fullmatch(plain):
        return None
    amount = Decimal(plain)
    rounded = amount.quantize(Decimal("0.01"))
    return rounded if rounded == amount and amount <= MAX_YUAN else None


def month_of(text: str) -> str | None:
    """2026-11 from 2026-11, 2026.11, 202611 or 2026年11月; None for what is no month."""
    found = MONTH.fullmatch(_figure_of(text))
    if found is None or not 1 <= int(found[2]) <= 12:
        return None
    return f"{found[1]}-{int(found[2]):02d}"


def months_before(on: date, count: int) -> list[str]:
    """`count` months as YYYY-MM, the day's own month first."""
    whole = [on.year * 12 + on.month - 1 - back for back in range(count)]
    return [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in whole]


# ---- short lists of income and spending ----


def _read_lines(question: Question, given: Any, on: date) -> Read:
    rows = [] if given in (None, "") else given
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        return None, f"没有读懂这张表，请重新填写：{question.label}"
    read: list[dict[str, str]] = []
    faults: list[str] = []
    for number, row in enumerate(rows, start=1):
        line, fault = _read_line(question, row, on)
        fault = fault or (_clash(line, read) if line else "")
        if fault:
            faults.append(f"第 {number} 行{fault}")
        elif line:
            read.append(line)
    if len(read) > question.most:
        faults.append(f"最多 {question.most} 行，请把同一项合并成 12 个月合计")
    if faults:
        return None, f"{question.label}：" + "；".join(faults[:MOST_FAULTS]) + "。"
    if not read and question.required:
        return None, f"请至少填一行：{question.label}"
    return read, ""


def _read_line(
    question: Question, row: Mapping[str, Any], on: date
) -> tuple[dict[str, str] | None, str]:
    """The line, or nothing for an empty row, or what is wrong with it."""
    item, month, yuan = (_text_of(row.get(name)) for name in ("item", "month", "yuan"))
    if not yuan and not item:
        return None, ""
    label = dict(question.options).get(item, "")
    if not label:
        return None, "没有选是哪一项：请选择，或把这一行清空"
    if not yuan:
        return None, f"（{label}）没有填金额：请填数字，或把这一行清空"
    amount = yuan_of(yuan)
    if amount is None:
        return None, f"（{label}）的金额请填数字，例如 1200"
    when = month_of(month) if month else ""
    if when is None or (when and when not in months_before(on, MONTHS_BACK)):
        return None, f"（{label}）的月份写成 {on:%Y-%m} 这样，在最近两年之内；不分月就不填"
    return {"item": item, "month": when, "yuan": str(amount)}, ""


def _clash(line: Mapping[str, str], read: list[dict[str, str]]) -> str:
    """The same money twice: a month given twice, or a total beside months."""
    for other in read:
        if other["item"] != line["item"]:
            continue
        if other["month"] == line["month"]:
            return "和前面的一行是同一项、同一月：请合并成一行"
        if not (other["month"] and line["month"]):
            return "的这一项既有 12 个月合计，又有分月：请只留一种"
    return ""


_READERS: dict[str, Callable[[Question, Any, date], Read]] = {
    "yes_no": _read_choice,
    "choice": _read_choice,
    "chips": _read_chips,
    "text": _read_text,
    "stepper": _read_stepper,
    "amount": _read_amount,
    "lines": _read_lines,
}
