"""Numbers that cannot belong to anybody: identity numbers, phones and bank accounts.

Identity numbers have a right check digit, sex and birth date, on area codes beginning with 99:
GB/T 2260 has no such division, and cards of residents from abroad ("9" plus a province code) have
no province 90 to 99. Phones begin with 154, which no operator has been given (Source: to be
confirmed). Bank accounts begin with 999999, which is no bank's number.
"""

from datetime import date
from random import Random

from yizhou.id_number import check_character

STRANGERS = "999901"  # people of nowhere: their rows match nobody in the registry


class IdNumbers:
    """Numbers of one area: each call gives the next free one for that birthday and sex."""

    def __init__(self, area: str) -> None:
        self.area = area
        self._used: dict[tuple[date, str], int] = {}

    def next(self, born_on: date, sex: str) -> str:
        """`sex`: "M" (odd) or "F" (even). Raises ValueError after 499 in one day."""
        key = (born_on, sex)
        n = self._used.get(key, 0)
        self._used[key] = n + 1
        sequence = 2 * n + (1 if sex == "M" else 2)
        if sequence > 999:
            raise ValueError(f"{self.area}: too many born on {born_on}")
        first17 = f"{self.area}{born_on:%Y%m%d}{sequence:03d}"
        return first17 + check_character(first17)


def phone(rng: Random) -> str:
    return f"154{rng.randrange(10**8):08d}"


def bank_account(rng: Random) -> str:
    return f"999999{rng.randrange(10**13):013d}"


def with_wrong_check(id_number: str) -> str:
    """The same number as a clerk would mistype it: the last character is off."""
    return id_number[:17] + ("1" if id_number[17] != "1" else "2")
