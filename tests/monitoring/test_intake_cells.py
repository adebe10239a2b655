"""Each strict reader: what it accepts, in which form, and what it refuses by which code."""

from collections.abc import Callable
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.feeds import FEEDS
from monitoring.intake.cells import READERS, CellFault, Reader, masked
from monitoring.intake.contract import contract_of
from yizhou.id_number import check_character, read_id_number
from yizhou.refusals import Refusal

TODAY = date(2026, 11, 24)
GOOD_ID = "99010119800101123" + check_character("99010119800101123")


def reader(feed: str, name: str, **more: object) -> Reader:
    column = next(c for c in contract_of(FEEDS[feed]) if c["name"] == name)
    return READERS[column["kind"]](column | more, TODAY)


def code_of(one: Reader, cell: object) -> str:
    with pytest.raises(CellFault) as caught:
        one[cell]
    return caught.value.code


# ---- days ----


@pytest.mark.parametrize(
    "cell",
    [
        "2026-03-05",
        "2026-3-5",
        "2026/3/5",
        "2026.03.05",
        "20260305",
        "2026年3月5日",
        "2026年03月05号",
        "２０２６－０３－０５",
        "2026-03-05 00:00:00",
        "2026-03-05T08:30",
        " 2026-03-05 ",
        datetime(2026, 3, 5, 8, 0),  # noqa: DTZ001 - as a workbook gives it
        date(2026, 3, 5),
        20260305.0,
    ],
)
def test_a_day_is_read_in_every_usual_spelling(cell: object) -> None:
    assert reader("medical_settlement", "settled_on")[cell] == "2026-03-05"


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("2026-13-01", "no_such_day"),
        ("2026-02-29", "no_such_day"),
        ("2026-10", "day_missing"),
        ("45942", "serial_day"),
        ("26-03-05", "not_a_day"),
        ("3/5/2026", "not_a_day"),
        ("昨天", "not_a_day"),
        ("1026-03-05", "year_implausible"),
        ("2026-11-25", "future"),
        ("2026-03-05T00:00:00Z", "not_a_day"),
        ("", "required"),
        ("　", "required"),
        (None, "required"),
    ],
)
def test_what_is_no_day_is_refused_by_its_code(cell: object, code: str) -> None:
    assert code_of(reader("medical_settlement", "settled_on"), cell) == code


def test_a_serial_of_a_workbook_counts_from_1900() -> None:
    assert reader("medical_settlement", "settled_on", serials=True)[45942.0] == "2025-10-12"


def test_a_serial_of_an_old_mac_workbook_counts_from_1904() -> None:
    one = reader("medical_settlement", "settled_on", serials=True, date1904=True)
    assert one[44480.0] == "2025-10-12"


def test_the_serial_fault_of_a_text_file_names_the_likely_day() -> None:
    with pytest.raises(CellFault) as caught:
        reader("medical_settlement", "settled_on")["45942"]
    assert "2025-10-12" in caught.value.fix


@pytest.mark.parametrize(
    "cell", ["2025-10", "2025年10月", "202510", "2025.10", "2025/10", "2025-10-31", 202510.0]
)
def test_a_month_is_kept_as_its_first_day(cell: object) -> None:
    assert reader("dibao_payment", "month_on")[cell] == "2025-10-01"


@pytest.mark.parametrize("cell", [2025.1, "2025.1"])
def test_a_month_that_became_a_decimal_is_ambiguous(cell: object) -> None:
    assert code_of(reader("dibao_payment", "month_on"), cell) == "month_ambiguous"


# ---- money ----


@pytest.mark.parametrize(
    ("cell", "canonical"),
    [
        ("735", "735.00"),
        ("735.5", "735.50"),
        ("18,640.00", "18640.00"),
        ("１８，６４０．００", "18640.00"),
        ("¥18640", "18640.00"),
        ("18640元", "18640.00"),
        ("-120.00", "-120.00"),
        ("-0.00", "0.00"),
        ("0", "0.00"),
        (735.0, "735.00"),
        (735, "735.00"),
        (0.1 + 0.2, "0.30"),
    ],
)
def test_an_amount_is_kept_in_yuan_with_two_decimals(cell: object, canonical: str) -> None:
    assert reader("medical_settlement", "total_yuan")[cell] == canonical


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("1_000", "not_an_amount"),
        ("Infinity", "not_an_amount"),
        ("NaN", "not_an_amount"),
        (float("nan"), "not_an_amount"),
        (float("inf"), "not_an_amount"),
        ("1e5", "not_an_amount"),
        ("12,34", "not_an_amount"),
        ("-", "not_an_amount"),
        ("约500", "not_an_amount"),
        ("1.864万元", "amount_unit"),
        ("1.864万", "amount_unit"),
        ("12.345", "amount_decimals"),
        ("99999999999.00", "amount_too_large"),
        ("٣٤", "not_an_amount"),
    ],
)
def test_what_is_no_amount_is_refused_by_its_code(cell: object, code: str) -> None:
    assert code_of(reader("medical_settlement", "total_yuan"), cell) == code


def test_the_unit_of_the_heading_converts() -> None:
    one = reader("medical_settlement", "total_yuan", heading_unit="万元")
    assert one["1.864"] == "18640.00"


def test_a_cell_in_yuan_under_a_heading_in_wan_is_refused() -> None:
    one = reader("medical_settlement", "total_yuan", heading_unit="万元")
    assert code_of(one, "18640元") == "amount_unit"


def test_an_amount_below_the_bound_is_refused() -> None:
    assert code_of(reader("dibao_payment", "amount_yuan"), "-1.00") == "too_small"


@given(st.decimals(min_value=-999_999, max_value=999_999, places=2))
def test_every_amount_survives_being_written_with_separators(value: object) -> None:
    assert reader("medical_settlement", "total_yuan")[f"{value:,.2f}"] in (f"{value:.2f}", "0.00")


# ---- whole numbers and choices ----


@pytest.mark.parametrize("cell", ["3", "３", "3人", "3.0", 3.0, 3])
def test_a_whole_number_is_read(cell: object) -> None:
    assert reader("dibao_payment", "people")[cell] == "3"


@pytest.mark.parametrize(
    ("cell", "code"),
    [("3.5", "not_whole"), ("三", "not_whole"), ("0", "too_small"), ("21", "too_large")],
)
def test_what_is_no_whole_number_in_bounds_is_refused(cell: object, code: str) -> None:
    assert code_of(reader("dibao_payment", "people"), cell) == code


@pytest.mark.parametrize("cell", ["二级", "2", "2级", "２级", " 二 级 ", 2.0])
def test_a_choice_is_read_in_all_its_spellings(cell: object) -> None:
    assert reader("disability_certificate", "level")[cell] == "2"


def test_a_word_outside_the_list_is_refused_with_the_list() -> None:
    with pytest.raises(CellFault) as caught:
        reader("disability_certificate", "level")["五级"]
    assert "一级、二级、三级、四级" in caught.value.fix


# ---- text and names ----


def test_a_name_padded_with_a_space_is_closed_up() -> None:
    assert reader("medical_settlement", "person_name")["韦　甲"] == "韦甲"


def test_the_dot_of_a_name_has_one_form() -> None:
    assert reader("medical_settlement", "person_name")["买买提•甲"] == "买买提·甲"


def test_a_rare_character_of_a_name_is_kept() -> None:
    assert reader("medical_settlement", "person_name")["韦𬭼"] == "韦𬭼"


def test_a_number_in_the_name_column_is_refused() -> None:
    assert code_of(reader("medical_settlement", "person_name"), "452702") == "not_a_name"


def test_a_long_number_that_became_scientific_is_refused() -> None:
    assert code_of(reader("medical_settlement", "settlement_no"), "4.51203E+17") == "became_number"


def test_a_settlement_number_stored_as_a_number_is_read_while_exact() -> None:
    assert reader("medical_settlement", "settlement_no")[202611000123.0] == "202611000123"


def test_an_optional_text_may_be_empty() -> None:
    assert reader("medical_settlement", "disease")[""] == ""


def test_broken_characters_are_refused() -> None:
    assert code_of(reader("medical_settlement", "hospital"), "宜州\ufffd医院") == "unreadable"


def test_a_text_longer_than_its_column_is_refused() -> None:
    assert code_of(reader("medical_settlement", "hospital"), "院" * 81) == "too_long"


# ---- identity numbers ----


@pytest.mark.parametrize(
    "cell",
    [GOOD_ID, f" {GOOD_ID} ", f"'{GOOD_ID}", f'="{GOOD_ID}"', f"{GOOD_ID[:6]} {GOOD_ID[6:]}"],
)
def test_an_identity_number_is_read(cell: str) -> None:
    assert reader("medical_settlement", "id_number")[cell] == GOOD_ID


def test_a_number_with_small_x_is_read() -> None:
    numbers = (f"99010119800101{i:03}" for i in range(99))
    small = next(number for number in numbers if check_character(number) == "X")
    assert reader("medical_settlement", "id_number")[small + "x"] == small + "X"


def test_a_number_of_fifteen_digits_is_made_eighteen() -> None:
    assert reader("medical_settlement", "id_number")["990101800101123"] == GOOD_ID


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (9.90101198001011e17, "id_scientific"),
        ("9.90101E+17", "id_scientific"),
        (GOOD_ID[:-1], "id_length"),
        (GOOD_ID + "1", "id_length"),
        ("99010119801301123X", "id_birth"),
        ("990101209901011230", "id_birth"),
        (GOOD_ID[:17] + ("0" if GOOD_ID[17] != "0" else "1"), "id_check"),
        ("99O101198001011237", "id_characters"),
        ("", "required"),
    ],
)
def test_a_wrong_identity_number_is_refused_by_its_code(cell: object, code: str) -> None:
    assert code_of(reader("medical_settlement", "id_number"), cell) == code


def test_what_a_fault_shows_of_an_identity_number_is_masked() -> None:
    assert masked(GOOD_ID, is_id=True) == f"990101****{GOOD_ID[-4:]}"


def test_an_identity_number_in_a_wrong_column_is_masked_too() -> None:
    assert GOOD_ID not in masked(f"见{GOOD_ID}", is_id=False)


@given(
    st.dates(date(1880, 1, 1), date(2027, 12, 31)),
    st.integers(0, 999),
    st.sampled_from("0123456789Xx０"),
)
def test_the_fast_way_agrees_with_the_strict_reader(born: date, order: int, last: str) -> None:
    text = f"990101{born:%Y%m%d}{order:03}{last}"

    def answer(read: Callable[[], str]) -> str:
        try:
            return read()
        except (CellFault, Refusal) as fault:
            return fault.code

    fast = reader("medical_settlement", "id_number")
    assert answer(lambda: fast[text]) == answer(lambda: read_id_number(text, today=TODAY).value)
