"""Strict readers of single cells: each turns what a sender typed into one canonical text.

No Django here: the disposable child process imports this file. A reader is a dict from cell to
canonical text, so that a value met before costs one look-up. What it cannot read raises CellFault.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from monitoring.intake.id_cells import IdReader
from monitoring.intake.reader import KEPT, Cell, CellFault, Reader, folded, packed, written

EPOCH_1900, EPOCH_1904 = date(1899, 12, 30), date(1904, 1, 1)
SERIALS = range(20_000, 80_000)  # day numbers from 1954 to 2119
UNITS = {"元": 0, "角": -1, "分": -2, "千元": 3, "万元": 4, "万": 4}  # powers of ten


SCIENTIFIC = re.compile(r"\d(\.\d+)?E\+\d+", re.ASCII | re.IGNORECASE)
INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
UNREADABLE = re.compile("[\ufffd\ud800-\udfff]")
NO_NAMES = frozenset(("TRUE", "FALSE", "NULL", "null", "None"))
DOTS = str.maketrans("•・‧∙⋅．●", "·······")


class TextReader(Reader):
    """Free text: outer and doubled spaces removed, no longer than the column."""

    empty = ""

    def read(self, cell: Cell) -> str:
        text = " ".join(INVISIBLE.sub("", self.text_of(cell)).split())
        if UNREADABLE.search(text):
            raise CellFault("unreadable", "有乱码", "在原系统里重新导出，或把这一格重新填写。")
        if SCIENTIFIC.fullmatch(text):
            raise self.became_number()
        limit = self.column["max_length"]
        if len(text) > limit:
            raise CellFault(
                "too_long",
                f"有 {len(text)} 个字，最多 {limit} 个",
                "缩短后再报，完整内容留在本部门。",
            )
        if not text:
            return self.__missing__("")
        return text.replace("\\", "\\\\") if "\\" in text else text

    def column_of(self, cells: Sequence[Cell], bad: set[int]) -> Sequence[str]:
        if len(self) >= KEPT and all_as_they_should(cells, self.column["max_length"]):
            return cells
        return super().column_of(cells, bad)

    def text_of(self, cell: Cell) -> str:
        if isinstance(cell, float | int):
            if isinstance(cell, float) and not cell.is_integer() or abs(cell) >= 1e15:
                raise self.became_number()
            return f"{cell:.0f}"
        return written(cell)

    def became_number(self) -> CellFault:
        return CellFault(
            "became_number",
            "被表格软件改成了数字，末几位可能已经丢失",
            "把该列设为“文本”后，从业务系统重新导出再报。",
        )


def all_as_they_should(cells: Sequence[Cell], limit: int) -> bool:
    """All are texts that TextReader would leave as they are."""
    try:
        text = "|".join(cells)
    except TypeError:
        return False
    return (
        text.isprintable()
        and not any(odd in text for odd in ("  ", " |", "| ", "\\", "\ufffd", "E+", "e+", "#"))
        and not (text.startswith(" ") or text.endswith(" "))
        and "" not in cells
        and max(map(len, cells)) <= limit
    )


class NameReader(TextReader):
    """Personal names: no padding between characters, one kind of middle dot."""

    def column_of(self, cells: Sequence[Cell], bad: set[int]) -> Sequence[str]:
        if len(self) >= KEPT:
            try:
                plain = "".join(cells).isalpha() and "" not in cells
            except TypeError:
                plain = False
            if plain and max(map(len, cells)) <= self.column["max_length"]:
                return cells
        return Reader.column_of(self, cells, bad)

    def text_of(self, cell: Cell) -> str:
        if not isinstance(cell, str) or cell in NO_NAMES:
            raise CellFault("not_a_name", "不是姓名", "核对列是否错位，填写姓名。")
        text = cell.translate(DOTS).strip()
        if '"' in text:
            raise CellFault("not_a_name", "姓名里有引号", "删去引号；核对这一行是否错位。")
        if any(c.isdecimal() for c in text):
            raise CellFault("not_a_name", "姓名里有数字", "核对列是否错位，填写姓名。")
        return text if any("a" <= c.lower() <= "z" for c in text) else "".join(text.split())


TIME = re.compile(r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$", re.ASCII)
DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})|(\d{4})(\d{2})(\d{2})", re.ASCII)
MONTH = re.compile(r"(\d{4})-(\d{1,2})|(\d{4})(\d{2})", re.ASCII)
MARKS = str.maketrans({"年": "-", "月": "-", "/": "-", ".": "-", "日": "", "号": ""})


class DayReader(Reader):
    """Days, answered as YYYY-MM-DD."""

    def __init__(self, column: Mapping[str, Any], today: date) -> None:
        super().__init__(column, today)
        self.epoch = EPOCH_1904 if column.get("date1904") else EPOCH_1900
        self.serials: bool = column.get("serials", False)

    def read(self, cell: Cell) -> str:
        return self.checked(self.day_of(cell)).isoformat()

    def day_of(self, cell: Cell) -> date:
        if isinstance(cell, datetime):
            return cell.date()
        if isinstance(cell, date):
            return cell
        if isinstance(cell, float | int):
            return self.day_of_number(cell)
        text = packed(TIME.sub("", folded(written(cell))))
        found = DAY.fullmatch(text.translate(MARKS).rstrip("-"))
        if found is None:
            raise self.unreadable(text)
        year, month, day = (int(part) for part in found.groups() if part is not None)
        return self.real(year, month, day)

    def day_of_number(self, number: float) -> date:
        if abs(number) < 1e9 and number == int(number):
            if self.serials and int(number) in SERIALS:
                return self.epoch + timedelta(days=int(number))
            if len(text := str(int(number))) == 8:
                return self.real(int(text[:4]), int(text[4:6]), int(text[6:]))
        raise self.unreadable(written(number))

    def real(self, year: int, month: int, day: int) -> date:
        try:
            return date(year, month, day)
        except ValueError:
            raise CellFault(
                "no_such_day", "没有这一天", f"核对年月日，写成 2026-10-12 的样子{self.like()}。"
            ) from None

    def unreadable(self, text: str) -> CellFault:
        fix = "写成四位年份-月-日" + self.like() + "。"
        if MONTH.fullmatch(text.translate(MARKS).rstrip("-")):
            return CellFault("day_missing", "只有年月，没有日", fix)
        if text.isascii() and text.isdigit() and int(text) in SERIALS:
            likely = EPOCH_1900 + timedelta(days=int(text))
            return CellFault(
                "serial_day", "是表格软件的日期序号", f"若是 {likely}，请写成这个样子后重报。"
            )
        return CellFault("not_a_day", "不是能识别的日期", fix)

    def checked(self, day: date) -> date:
        if not 1900 <= day.year <= 2100:
            raise CellFault("year_implausible", "年份不合常理", "核对年份，写成四位数字。")
        if self.column["past_only"] and day > self.today:
            raise CellFault("future", "晚于今天", f"年份可能写错；今天是 {self.today}，请核对。")
        return day


class MonthReader(DayReader):
    """Months, answered as the first day of the month. A day within it is accepted."""

    def read(self, cell: Cell) -> str:
        return self.checked(self.day_of(cell).replace(day=1)).isoformat()

    def day_of(self, cell: Cell) -> date:
        if isinstance(cell, float) and not cell.is_integer():
            raise self.ambiguous()
        text = packed(cell) if isinstance(cell, str) else written(cell)
        if re.fullmatch(r"\d{4}\.1", text, re.ASCII):
            raise self.ambiguous()
        found = MONTH.fullmatch(text.translate(MARKS).rstrip("-"))
        if found is None:
            return super().day_of(cell)
        year, month = (int(part) for part in found.groups() if part is not None)
        return self.real(year, month, 1)

    def ambiguous(self) -> CellFault:
        return CellFault(
            "month_ambiguous",
            "看不出是 1 月还是 10 月（被表格软件当成了小数）",
            f"把该列设为“文本”，写成四位年份-两位月份{self.like()}。",
        )


PLAIN_AMOUNT = re.compile(r"(?:0|[1-9]\d{0,8}|-[1-9]\d{0,8})\.\d\d", re.ASCII).fullmatch
PLAIN_AMOUNTS = re.compile(r"(?:-?+(?:0|[1-9]\d{0,8})\.\d\d(?:\n|\Z))++", re.ASCII).fullmatch
AMOUNT = re.compile(
    r"([+-]?)[¥￥]?(\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d+))?(元|角|分|千元|万元|万)?", re.ASCII
).fullmatch


class AmountReader(Reader):
    """Money, answered in yuan with two decimals. The heading's unit converts; a cell's may not."""

    def __init__(self, column: Mapping[str, Any], today: date) -> None:
        super().__init__(column, today)
        self.unit: str = column.get("heading_unit") or "元"
        self.places = -column["decimals"]
        self.top = Decimal(10) ** (column["digits"] - column["decimals"])
        self.least = _bound(column["at_least"])
        self.most = _bound(column["at_most"])
        self.bounded = self.least is not None or self.most is not None or self.top < 10**9
        self.usual = self.unit == "元" and self.places == -2 and not self.bounded
        # Whole columns: the usual ones, and those that only may not be negative.
        not_negative = self.least == 0 and self.most is None and self.top >= 10**9
        self.no_minus = not_negative and self.unit == "元" and self.places == -2

    def column_of(self, cells: Sequence[Cell], bad: set[int]) -> Sequence[str]:
        if self.usual or self.no_minus:
            try:
                text = "\n".join(cells)
            except TypeError:
                return super().column_of(cells, bad)
            odd = "-" in text if self.no_minus else "-0" in text
            if not odd and PLAIN_AMOUNTS(text) and text.count("\n") == len(cells) - 1:
                return cells
        return super().column_of(cells, bad)

    def read(self, cell: Cell) -> str:
        if self.usual and isinstance(cell, str) and PLAIN_AMOUNT(cell):
            return cell
        amount = self.number_of(cell).scaleb(UNITS[self.unit])
        whole = round(amount, -self.places)
        if whole != amount:
            raise CellFault(
                "amount_decimals",
                f"超过 {-self.places} 位小数",
                "金额精确到分；若本列单位是万元，请写在表头里。",
            )
        if abs(whole) >= self.top:
            raise CellFault("amount_too_large", "金额过大", "核对单位是否误用“分”，或小数点漏填。")
        check_bounds(whole, self.least, self.most, "元")
        return f"{whole + 0:.{-self.places}f}"

    def number_of(self, cell: Cell) -> Decimal:
        if isinstance(cell, float):
            if abs(cell) > 1e13 or cell != cell:
                raise self.not_an_amount()
            return Decimal(f"{cell:.6f}").normalize()
        if isinstance(cell, int) and abs(cell) < 10**18:
            return Decimal(cell)
        found = AMOUNT(packed(written(cell)))
        if found is None or len(found[2]) > 18:
            raise self.not_an_amount()
        sign, digits, decimals, unit = found.groups()
        if unit and UNITS[unit] != UNITS[self.unit]:
            raise CellFault(
                "amount_unit",
                f"单元格里写了“{unit}”，这一列按“{self.unit}”读",
                "单元格只填数字；整列单位是万元时，把“（万元）”写在表头里。",
            )
        return Decimal(f"{sign}{digits.replace(',', '')}.{(decimals or '0')[:20]}")

    def not_an_amount(self) -> CellFault:
        return CellFault(
            "not_an_amount", "不是金额", f"只填数字，最多两位小数{self.like()}；没有金额填 0。"
        )


WHOLE = re.compile(r"([+-]?\d{1,12})(?:\.0+)?", re.ASCII).fullmatch


class WholeReader(Reader):
    """Whole numbers between the column's bounds."""

    def read(self, cell: Cell) -> str:
        unit = self.column["unit"]
        text = packed(written(cell))
        found = WHOLE(text.removesuffix(unit) if unit else text)
        if found is None:
            raise CellFault("not_whole", "不是整数", f"只填数字{self.like()}。")
        number = int(found[1])
        least, most = self.column["at_least"], self.column["at_most"]
        check_bounds(Decimal(number), _bound(least), _bound(most), unit)
        return str(number)


class ChoiceReader(Reader):
    """One of a list of words; other spellings the contract knows are accepted."""

    def read(self, cell: Cell) -> str:
        value = self.column["choices"].get(packed(written(cell)))
        if value is None:
            allowed = "、".join(self.column["labels"])
            raise CellFault("not_in_list", "不在可选范围内", f"只能填：{allowed}。")
        return str(value)


def _bound(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def check_bounds(number: Decimal, least: Decimal | None, most: Decimal | None, unit: str) -> None:
    if least is not None and number < least:
        raise CellFault("too_small", f"小于 {least}{unit}", "核对后重填。")
    if most is not None and number > most:
        raise CellFault("too_large", f"大于 {most}{unit}", "核对后重填。")


READERS: dict[str, type[Reader]] = {
    "text": TextReader,
    "name": NameReader,
    "id": IdReader,
    "day": DayReader,
    "month": MonthReader,
    "amount": AmountReader,
    "whole": WholeReader,
    "choice": ChoiceReader,
}

LONG_NUMBER = re.compile(r"(?<!\d)(\d{6})\d{5,}([\dXx]{4})(?!\d)", re.ASCII)


def masked(cell: Cell, *, is_id: bool) -> str:
    """A cell as faults show it: identity numbers keep the first six and the last four."""
    text = " ".join(folded(written(cell)).split())
    if is_id and "E+" not in text.upper():
        text = packed(text)
        if len(text) > 10:
            text = f"{text[:6]}****{text[-4:]}"
        elif len(text) > 4:
            text = f"{text[:2]}****"
    text = LONG_NUMBER.sub(r"\1****\2", text)
    return text[:117] + "…" if len(text) > 120 else text
