"""Reading identity numbers: three table look-ups for the usual one, the strict reader for the rest.

No Django here: the disposable child process imports this file.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from monitoring.intake.reader import KEPT, Cell, CellFault, Reader, folded, written
from yizhou.id_number import DIGITS, WEIGHTS, read_id_number
from yizhou.refusals import Refusal

NONE = float("nan")  # a sum that no other sum makes right


class _AreaSums(dict[str, float]):
    """Weighted sum of the first six digits, kept per area code."""

    def __missing__(self, text: str) -> float:
        if len(text) != 6 or not set(text) <= DIGITS:
            return NONE
        value = sum(int(d) * w for d, w in zip(text, WEIGHTS[:6], strict=True))
        if len(self) < KEPT:
            self[text] = value
        return value


class BirthDays(dict[str, str]):
    """YYYYMMDD -> YYYY-MM-DD; empty when it is no plausible day of birth."""

    def __init__(self, today: date) -> None:
        super().__init__()
        self.today = today

    def __missing__(self, text: str) -> str:
        if len(text) != 8 or not set(text) <= DIGITS:
            return ""
        try:
            day = date(int(text[:4]), int(text[4:6]), int(text[6:]))
        except ValueError:
            return ""
        return day.isoformat() if date(1890, 1, 1) <= day <= self.today else ""


class _BirthSums(dict[str, float]):
    """Weighted sum of the eight digits of birth, kept per day."""

    def __init__(self, today: date) -> None:
        super().__init__()
        self.days = BirthDays(today)

    def __missing__(self, text: str) -> float:
        if not self.days[text]:
            return NONE
        value = self[text] = sum(int(d) * w for d, w in zip(text, WEIGHTS[6:14], strict=True))
        return value


def _end_sums() -> dict[str, float]:
    """Last four characters -> what makes the sum of all a multiple of 11 when they fit."""
    a, b, c = WEIGHTS[14:]
    return {
        f"{n:03}{check}": n // 100 * a + n // 10 % 10 * b + n % 10 * c - rest
        for n in range(1000)
        for rest, check in CHECK_OF.items()
    }


class _EndSums(dict[str, float]):
    def __missing__(self, text: str) -> float:
        return NONE


CHECK_OF = dict(enumerate("10X98765432"))
ID_FIXES = {
    "id_scientific": "把该列设为“文本”后，从业务系统重新导出；不能在表格里改回来。",
    "id_length": "核对证件原件，填 18 位居民身份证号。",
    "id_characters": "核对证件原件，删去多余的字符。",
    "id_birth": "核对证件原件，常见为年月日抄错。",
    "id_check": "核对证件原件，常见为末位抄错。",
}


END_SUMS = _EndSums(_end_sums())


class IdReader(Reader):
    """Identity numbers, answered as 18 characters. Three table look-ups for the usual case."""

    def __init__(self, column: Mapping[str, Any], today: date) -> None:
        super().__init__(column, today)
        self.areas = _AreaSums()
        self.births = _BirthSums(today)
        self.ends = END_SUMS

    def column_of(self, cells: Sequence[Cell], bad: set[int]) -> Sequence[str]:
        areas, births, ends = self.areas, self.births, self.ends
        try:
            odd = [(areas[c[:6]] + births[c[6:14]] + ends[c[14:]]) % 11 for c in cells]
        except TypeError:
            return self.one_by_one(cells, bad)
        if not any(odd):
            return cells
        values = list(cells)
        for at in [at for at, rest in enumerate(odd) if rest]:
            try:
                values[at] = self[cells[at]]
            except CellFault:
                values[at] = ""
                bad.add(at)
        return values

    def __missing__(self, cell: Cell) -> str:
        if isinstance(cell, str):
            found = self.areas[cell[:6]] + self.births[cell[6:14]] + self.ends[cell[14:]]
            if not found % 11:
                return cell
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            return super().__missing__("")
        return self.read(cell)

    def read(self, cell: Cell) -> str:
        if isinstance(cell, float | int):
            code, problem = "id_scientific", "被表格软件存成了数字，末几位可能已经丢失"
            raise CellFault(code, problem, ID_FIXES[code])
        try:
            return read_id_number(folded(written(cell)), today=self.today).value
        except Refusal as refusal:
            raise CellFault(refusal.code, refusal.sentence, ID_FIXES[refusal.code]) from None
