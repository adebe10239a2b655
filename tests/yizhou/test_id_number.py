"""One strict reader of identity numbers; what it forgives and what it refuses."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.world import id_number
from yizhou.id_number import CHECKS, check_character, mask_id_number, read_id_number
from yizhou.refusals import Refusal

TODAY = date(2026, 11, 24)
MAN = id_number(date(1990, 5, 6), "M", 12)


def code_of(text: str, *, today: date = TODAY) -> str:
    with pytest.raises(Refusal) as no:
        read_id_number(text, today=today)
    return no.value.code


def test_number_tells_birthday_and_sex() -> None:
    read = read_id_number(MAN, today=TODAY)
    assert (read.value, read.born_on, read.sex, read.tail) == (MAN, date(1990, 5, 6), "M", MAN[-4:])


def test_example_of_the_standard_has_check_character_x() -> None:
    assert check_character("11010519491231002") == "X"


def with_x() -> str:
    return next(
        number
        for serial in range(500)
        if (number := id_number(date(1990, 5, 6), "F", serial)).endswith("X")
    )


def test_small_x_is_forgiven() -> None:
    assert read_id_number(with_x().lower(), today=TODAY).value == with_x()


@pytest.mark.parametrize(
    "dressed",
    [
        f" {MAN} ",
        f"{MAN[:6]} {MAN[6:14]} {MAN[14:]}",
        f"'{MAN}",
        MAN.translate(str.maketrans("0123456789", "０１２３４５６７８９")),
    ],
)
def test_spaces_apostrophe_and_full_width_digits_are_forgiven(dressed: str) -> None:
    assert read_id_number(dressed, today=TODAY).value == MAN


def test_fifteen_digits_of_last_century_are_upgraded() -> None:
    read = read_id_number("990101900506251", today=TODAY)
    assert read.value[:17] == "99010119900506251"
    assert read.value[17] == check_character(read.value[:17])


@pytest.mark.parametrize("text", ["9.90101E+17", "990101199005062500.0"])
def test_number_a_spreadsheet_spoilt_has_its_own_code(text: str) -> None:
    assert code_of(text) == "id_scientific"


@pytest.mark.parametrize("text", ["", "1", MAN[:-1], MAN + "1", "99010119900506"])
def test_wrong_length(text: str) -> None:
    assert code_of(text) == "id_length"


@pytest.mark.parametrize("text", [MAN[:5] + "A" + MAN[6:], "X" * 18, "٠" * 17 + "1"])
def test_characters_that_are_no_digits(text: str) -> None:
    assert code_of(text) == "id_characters"


@pytest.mark.parametrize("day", ["19900230", "19901301", "19900500", "00000101"])
def test_birthday_that_does_not_exist(day: str) -> None:
    first17 = f"990101{day}001"
    assert code_of(first17 + check_character(first17)) == "id_birth"


@pytest.mark.parametrize("day", [date(2026, 11, 25), date(1889, 12, 31)])
def test_birthday_out_of_reason(day: date) -> None:
    assert code_of(id_number(day, "M", 1)) == "id_birth"


def test_birthday_of_today_is_fine() -> None:
    assert read_id_number(id_number(TODAY, "F", 1), today=TODAY).born_on == TODAY


def test_wrong_check_character_names_the_right_one() -> None:
    wrong = MAN[:17] + next(c for c in CHECKS if c != MAN[17])
    with pytest.raises(Refusal, match=f"应为 {MAN[17]}"):
        read_id_number(wrong, today=TODAY)


def test_mask_shows_the_tail_alone() -> None:
    assert mask_id_number("251X") == "**************251X"
    assert mask_id_number("") == ""


@given(
    born_on=st.dates(date(1890, 1, 1), TODAY),
    sex=st.sampled_from("MF"),
    serial=st.integers(0, 499),
)
def test_every_made_number_reads_back(born_on: date, sex: str, serial: int) -> None:
    read = read_id_number(id_number(born_on, sex, serial), today=TODAY)
    assert (read.born_on, read.sex) == (born_on, sex)


@given(serial=st.integers(0, 499), place=st.integers(0, 16), digit=st.sampled_from("0123456789"))
def test_one_wrong_digit_never_passes_as_another_person(
    serial: int, place: int, digit: str
) -> None:
    right = id_number(date(1990, 5, 6), "M", serial)
    changed = right[:place] + digit + right[place + 1 :]
    if changed == right:
        assert read_id_number(changed, today=TODAY).value == right
        return
    with pytest.raises(Refusal):
        read_id_number(changed, today=TODAY)
