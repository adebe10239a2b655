"""Income a head from the lines of one visit, with the arithmetic shown.

Source: reference 3.5 [D1][P30][P23]: net = a wages + b business + c property + d transfers
- e business costs; reference = net + f insurance payouts - g compliant self-paid expense; the 12
whole months before the visit; one-off aid is not counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from grid.visit_form.lines import BY_CODE, PARTS
from grid.visit_form.reading import months_before

NET = "abcd"
MONTHS = 12
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a part: its months or its whole-year total, added up."""

    label: str
    yuan: Decimal
    months: int  # 0 when a total of 12 months was given


@dataclass(frozen=True, slots=True)
class Part:
    """One letter of the statement; `sign` says whether it is added or taken off."""

    letter: str
    label: str
    sign: int
    yuan: Decimal
    entries: list[Entry]


@dataclass(frozen=True, slots=True)
class Statement:
    """Twelve months of one household; all amounts in yuan, a head in yuan a year."""

    since: str  # the first month, YYYY-MM
    until: str  # the last month
    size: int
    parts: list[Part]
    net: Decimal
    reference: Decimal
    left_out: list[str]  # sentences: what was said and is not counted, and why

    @property
    def net_a_head(self) -> Decimal:
        return (self.net / self.size).quantize(CENT)

    @property
    def reference_a_head(self) -> Decimal:
        return (self.reference / self.size).quantize(CENT)

    @property
    def net_parts(self) -> list[Part]:
        return [part for part in self.parts if part.letter in "abcde"]

    @property
    def reference_parts(self) -> list[Part]:
        return [part for part in self.parts if part.letter in "fg"]


def add_up(answers: Mapping[str, Any], *, size: int, on: date) -> Statement | None:
    """The statement of the 12 whole months before `on`; None without a list or without people."""
    lines = [*answers.get("income", []), *answers.get("spending", [])]
    if not lines or size < 1:
        return None
    period = months_before(on, MONTHS + 1)[1:]
    counted = [line for line in lines if _counts(line, period)]
    parts = [part for letter in "abcdefg" if (part := _part(letter, counted)).entries]
    sums = {part.letter: part.yuan for part in parts}
    net = sum((sums.get(letter, Decimal(0)) for letter in NET), Decimal(0)) - sums.get(
        "e", Decimal(0)
    )
    return Statement(
        since=period[-1],
        until=period[0],
        size=size,
        parts=parts,
        net=net,
        reference=net + sums.get("f", Decimal(0)) - sums.get("g", Decimal(0)),
        left_out=[_why_left_out(line, period) for line in lines if not _counts(line, period)],
    )


def _counts(line: Mapping[str, str], period: list[str]) -> bool:
    item = BY_CODE.get(line["item"])
    return (
        item is not None and item.part != "out" and (not line["month"] or line["month"] in period)
    )


def _part(letter: str, lines: list[Mapping[str, str]]) -> Part:
    sums: dict[str, list[Decimal]] = {}
    whole: set[str] = set()
    for line in lines:
        if BY_CODE[line["item"]].part == letter:
            sums.setdefault(line["item"], []).append(Decimal(line["yuan"]))
            if not line["month"]:
                whole.add(line["item"])
    entries = [
        Entry(BY_CODE[item].label, sum(amounts, Decimal(0)), 0 if item in whole else len(amounts))
        for item, amounts in sums.items()
    ]
    return Part(
        letter=letter,
        label=PARTS[letter],
        sign=-1 if letter in "eg" else 1,
        yuan=sum((entry.yuan for entry in entries), Decimal(0)),
        entries=entries,
    )


def _why_left_out(line: Mapping[str, str], period: list[str]) -> str:
    item = BY_CODE.get(line["item"])
    label = item.label if item else line["item"]
    yuan = f"{label} {Decimal(line['yuan']):,.2f} 元"
    if item is None or item.part == "out":
        return f"{yuan}：一次性或专项救助，不计入收入。"
    return f"{yuan}（{line['month']}）：不在 {period[-1]} 至 {period[0]} 之内。"
