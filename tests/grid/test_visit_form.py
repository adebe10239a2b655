"""The visit form: what it asks, what it reads, and that nothing makes it fall over."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.visit_form import QUESTIONS, STEPS, in_words, read_answers

FULL: dict[str, Any] = {
    "members_right": "yes",
    "workers": "2",
    "away": "0",
    "water_safe": "yes",
    "house_safe": "yes",
    "school_ok": "none",
    "insured": "yes",
    "ill": "no",
    "income_change": "same",
}


def test_an_ordinary_visit_asks_at_most_ten_required_answers() -> None:
    assert len(read_answers(FULL).values) <= 10
    assert read_answers(FULL).errors == {}


@pytest.mark.parametrize(
    ("text", "amount"),
    [("38000", "38000.00"), ("３８，０００元", "38000.00"), ("0.5", "0.50"), ("", None)],
)
def test_amounts_are_read(text: str, amount: str | None) -> None:
    assert read_answers(FULL | {"debt_yuan": text}).values.get("debt_yuan") == amount


@pytest.mark.parametrize("text", ["1_000", "Infinity", "NaN", "-1", "三万", "1e9"])
def test_bad_amounts_are_refused(text: str) -> None:
    assert "debt_yuan" in read_answers(FULL | {"debt_yuan": text}).errors


def test_a_question_behind_another_is_asked_only_then() -> None:
    assert "water_problems" not in read_answers(FULL).errors
    assert "water_problems" in read_answers(FULL | {"water_safe": "no"}).errors


def test_answers_to_questions_not_shown_are_dropped() -> None:
    read = read_answers(FULL | {"water_problems": ["quality"]})
    assert "water_problems" not in read.values


def test_each_question_can_be_said_in_words() -> None:
    assert in_words("water_problems", ["quality", "quantity"]) == "水质差、水量不够"
    assert in_words("workers", 2) == "2 人"


def test_names_are_unique_over_all_steps() -> None:
    assert len(QUESTIONS) == sum(len(questions) for _, questions in STEPS)


@given(
    st.dictionaries(
        st.sampled_from([*QUESTIONS, "unknown"]),
        st.one_of(st.none(), st.text(), st.lists(st.text()), st.integers(), st.floats()),
    )
)
def test_whatever_comes_in_every_question_is_answered_or_named(given_answers: dict) -> None:
    read = read_answers(given_answers)
    assert set(read.values) | set(read.errors) <= set(QUESTIONS)
    assert not set(read.values) & set(read.errors)
