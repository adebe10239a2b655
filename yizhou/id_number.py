"""Citizen identity numbers (居民身份证号, GB 11643-1999): one strict reader.

Source: GB 11643-1999, the 18-digit structure and its ISO 7064 MOD 11-2 check character.
"""

from dataclasses import dataclass
from datetime import date

from yizhou.refusals import Refusal

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"
FULL_WIDTH = str.maketrans("０１２３４５６７８９ＸＸｘ", "0123456789XXX")
DIGITS = frozenset("0123456789")  # str.isdigit() accepts other scripts' digits too


@dataclass(frozen=True, slots=True)
class IdNumber:
    """A valid 18-character number with what it says of its bearer."""

    value: str
    born_on: date
    sex: str  # "M" or "F"

    @property
    def tail(self) -> str:
        return self.value[-4:]


def check_character(first17: str) -> str:
    """The 18th character that belongs to 17 digits."""
    return CHECKS[sum(int(d) * w for d, w in zip(first17, WEIGHTS, strict=True)) % 11]


def read_id_number(text: str, *, today: date) -> IdNumber:
    """Read 18 or 15 characters (full-width, spaces and lower-case x forgiven).

    Raises Refusal with a code: id_scientific, id_length, id_characters, id_birth, id_check.
    """
    value = "".join(str(text).translate(FULL_WIDTH).split()).upper().lstrip("'")
    if "E+" in value or "." in value:
        raise Refusal("被表格软件改成了数字，末几位已经丢失", code="id_scientific")
    if len(value) == 15 and set(value) <= DIGITS:
        value = f"{value[:6]}19{value[6:]}"
        value += check_character(value)
    if len(value) != 18:
        raise Refusal(f"应为 18 位，现在是 {len(value)} 位", code="id_length")
    if not (set(value[:17]) <= DIGITS and value[17] in CHECKS):
        raise Refusal("只能有数字，末位可以是 X", code="id_characters")
    try:
        born_on = date(int(value[6:10]), int(value[10:12]), int(value[12:14]))
    except ValueError:
        raise Refusal("第 7 至 14 位不是真实的出生日期", code="id_birth") from None
    if not date(1890, 1, 1) <= born_on <= today:
        raise Refusal("第 7 至 14 位的出生日期不合常理", code="id_birth")
    right = check_character(value[:17])
    if value[17] != right:
        raise Refusal(f"校验位不对，按前 17 位应为 {right}", code="id_check")
    return IdNumber(value=value, born_on=born_on, sex="M" if int(value[16]) % 2 else "F")


def mask_id_number(tail: str) -> str:
    """What lists and prints show: only the last four characters."""
    return f"**************{tail}" if tail else ""
