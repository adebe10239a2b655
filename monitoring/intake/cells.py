"""Strict readers of single cells: each turns what a sender typed into one canonical text.

No Django here: the disposable child process imports this file. A reader is a dict from cell to
canonical text, so that a value met before costs one look-up. What it cannot read raises CellFault.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from yizhou.id_number import DIGITS, WEIGHTS, read_id_number
from yizhou.refusals import Refusal

Cell = Any  # str, int, float, date or datetime, as the file gave it
KEPT = 50_000  # values remembered per column
NULL = "\\N"  # what COPY reads as NULL
EPOCH_1900, EPOCH_1904 = date(1899, 12, 30), date(1904, 1, 1)
SERIALS = range(20_000, 80_000)  # day numbers from 1954 to 2119
UNITS = {"元": 0, "角": -1, "分": -2, "千元": 3, "万元": 4, "万": 4}  # powers of ten


class CellFault(Exception):
    """What is wrong with one cell, and how the sender puts it right."""

    def __init__(self, code: str, problem: str, fix: str) -> None:
        super().__init__(code)
        self.code, self.problem, self.fix = code, problem, fix


def folded(text: str) -> str:
    """Full-width letters and digits made plain, ="…" and a leading apostrophe taken off."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    text = text.strip().lstrip("'")
    return text[2:-1] if text.startswith('="') and text.endswith('"') else text


def packed(text: str) -> str:
    """folded() without any space inside."""
    return "".join(folded(text).split())


def written(cell: Cell) -> str:
    """A cell as its sender sees it."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ").removesuffix(" 00:00:00")
    return str(cell)


class Reader(dict[Cell, str]):
    """One column's reader. Subclasses answer read(); an empty cell is answered here."""

    empty = NULL

    def __init__(self, column: Mapping[str, Any], today: date) -> None:
        super().__init__()
        self.title: str = column["title"]
        self.required: bool = column["required"]
        self.example: str = column["example"]
        self.column = column
        self.today = today

    def __missing__(self, cell: Cell) -> str:
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            if self.required:
                raise CellFault("required", "必填，没有填", f"填写{self.title}{self.like()}。")
            return self.empty
        value = self.read(cell)
        if len(self) < KEPT:
            self[cell] = value
        return value

    def read(self, cell: Cell) -> str:
        raise NotImplementedError

    def like(self) -> str:
        return f"，例如 {self.example}" if self.example else ""


SCIENTIFIC = re.compile(r"\d(\.\d+)?E\+\d+", re.ASCII | re.IGNORECASE)
INVISIBLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\u200b-\u200f\u2028-\u202e\ufeff]")
DOTS = str.maketrans("•・‧∙⋅．●", "·······")


class TextReader(Reader):
    """Free text: outer and doubled spaces removed, no longer than the column."""

    empty = ""

    def read(self, cell: Cell) -> str:
        text = " ".join(INVISIBLE.sub("", self.text_of(cell)).split())
        if "\ufffd" in text:
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


class NameReader(TextReader):
    """Personal names: no padding between characters, one kind of middle dot."""

    def text_of(self, cell: Cell) -> str:
        if not isinstance(cell, str):
            raise CellFault("not_a_name", "不是姓名", "核对列是否错位，填写姓名。")
        text = cell.translate(DOTS).strip()
        if any(c in DIGITS for c in text):
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
        text = packed(TIME.sub("", folded(cell)))
        found = DAY.fullmatch(text.translate(MARKS).rstrip("-"))
        if found is None:
            raise self.unreadable(text)
        year, month, day = (int(part) for part in found.groups() if part is not None)
        return self.real(year, month, day)

    def day_of_number(self, number: float) -> date:
        if number == int(number):
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
        if isinstance(cell, int):
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


class _AreaSum(dict[str, int]):
    """Weighted sum of the first six digits, kept per area code; -1 when they are no digits."""

    def __missing__(self, text: str) -> int:
        if not set(text) <= DIGITS:
            return -1
        value = self[text] = sum(int(d) * w for d, w in zip(text, WEIGHTS[:6], strict=True))
        return value


class _BirthSum(dict[str, int]):
    """Weighted sum of the eight digits of birth, kept per day; -1 when it is no plausible day."""

    def __init__(self, today: date) -> None:
        super().__init__()
        self.today = today

    def __missing__(self, text: str) -> int:
        try:
            plausible = date(1890, 1, 1) <= date.fromisoformat(text) <= self.today
        except ValueError:
            plausible = False
        if not (plausible and set(text) <= DIGITS):
            return -1
        value = self[text] = sum(int(d) * w for d, w in zip(text, WEIGHTS[6:14], strict=True))
        return value


CHECK_OF = dict(enumerate("10X98765432"))
ID_FIXES = {
    "id_scientific": "把该列设为“文本”后，从业务系统重新导出；不能在表格里改回来。",
    "id_length": "核对证件原件，填 18 位居民身份证号。",
    "id_characters": "核对证件原件，删去多余的字符。",
    "id_birth": "核对证件原件，常见为年月日抄错。",
    "id_check": "核对证件原件，常见为末位抄错。",
}


class IdReader(Reader):
    """Identity numbers, answered as 18 characters. Three table look-ups for the usual case."""

    def __init__(self, column: Mapping[str, Any], today: date) -> None:
        super().__init__(column, today)
        self.areas = _AreaSum()
        self.births = _BirthSum(today)
        a, b, c = WEIGHTS[14:]
        self.orders = {f"{n:03}": n // 100 * a + n // 10 % 10 * b + n % 10 * c for n in range(1000)}

    def __missing__(self, cell: Cell) -> str:
        if isinstance(cell, str) and len(cell) == 18:
            area, birth = self.areas[cell[:6]], self.births[cell[6:14]]
            order = self.orders.get(cell[14:17], -1)
            if area >= 0 and birth >= 0 and order >= 0:
                if CHECK_OF[(area + birth + order) % 11] == cell[17]:
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
