"""The visit form: what it asks, reads and says, and that nothing makes it fall over."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.visit_form import (
    FORM,
    FORMS,
    accepted_until,
    add_up,
    form_for_phones,
    in_words,
    is_shown,
    read_answers,
    spoken,
    why_too_old,
)
from yizhou.refusals import Refusal

ON = date(2026, 11, 24)
QUIET: dict[str, Any] = {
    "members_right": "yes",
    "away": "0",
    "water_safe": "yes",
    "house_safe": "yes",
    "school_ok": "none",
    "insured": "yes",
    "income_change": "same",
    "risk": "no",
    "need_help": "no",
}
FULL: dict[str, Any] = QUIET | {
    "income": [{"item": "wages", "month": "", "yuan": "18000"}],
    "spending": [{"item": "medical", "month": "", "yuan": "12000"}],
    "alert_right": "yes",
    "alert_seen": ["papers"],
}
V1: dict[str, Any] = {
    "members_right": "yes",
    "workers": "2",
    "away": "0",
    "water_safe": "no",
    "water_problems": ["quantity"],
    "house_safe": "yes",
    "school_ok": "none",
    "insured": "yes",
    "ill": "no",
    "income_change": "same",
    "self_paid_yuan": "３８，０００元",
}


def lines(*rows: tuple[str, str, str]) -> list[dict[str, str]]:
    return [{"item": item, "month": month, "yuan": yuan} for item, month, yuan in rows]


def income(*rows: tuple[str, str, str]) -> Any:
    """The list read, or its sentence."""
    read = read_answers(QUIET | {"income": lines(*rows)}, on=ON)
    return read.errors.get("income") or read.values["income"]


# ---- how much is asked ----


def decided(kinds: tuple[str, ...] = (), *, known: bool) -> list[str]:
    """What must be typed or decided when nothing changed: `known`, all the rest is filled in."""
    values: dict[str, Any] = {}
    asked = []
    for name, question in FORM.questions(kinds).items():
        if question.required and is_shown(question, values):
            good = [v for v, _ in question.options if v != question.bad_value]
            values[name] = good[0] if good else "0"
            if question.anew or not known:
                asked.append(name)
    return asked


def test_an_ordinary_visit_asks_nine_answers_and_its_outcome() -> None:
    assert len([*decided(known=False), "outcome"]) == 10


@pytest.mark.parametrize("kind", ["", *FORM.sections])
def test_when_nothing_changed_at_most_ten_are_decided_whatever_the_purpose(kind: str) -> None:
    assert len([*decided((kind,), known=True), "outcome"]) <= 8


def test_an_ordinary_visit_types_nothing() -> None:
    kinds = {FORM.every[name].kind for name in decided(known=True)}
    assert kinds <= {"yes_no", "choice", "chips"}


@pytest.mark.parametrize("version", FORMS)
def test_no_name_is_used_twice_in_a_version(version: int) -> None:
    form = FORMS[version]
    names = [q.name for s in form.asked(form.sections) for q in s.questions]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("version", FORMS)
def test_what_reveals_a_question_comes_before_it_in_the_same_section(version: int) -> None:
    form = FORMS[version]
    for section in form.asked(form.sections):
        before: dict[str, set[str]] = {}
        for question in section.questions:
            if question.shown_when:
                name, value = question.shown_when
                assert value in before[name]
            before[question.name] = {v for v, _ in question.options}


# ---- sections of purposes ----


def test_a_purpose_brings_its_own_questions() -> None:
    assert read_answers(QUIET, on=ON).errors == {}
    assert set(read_answers(QUIET, kinds=["verify_alert"], on=ON).errors) == {
        "alert_right",
        "alert_seen",
    }


def test_one_visit_answers_two_purposes() -> None:
    given = FULL | {"help_arrived": "no", "help_missing": "高龄补贴停了两个月"}
    read = read_answers(given, kinds={"verify_alert", "routine"}, on=ON)
    assert read.errors == {}
    assert read.values["help_missing"] == "高龄补贴停了两个月"


def test_a_purpose_the_form_does_not_know_asks_nothing_more() -> None:
    assert read_answers(QUIET, kinds=["something_new"], on=ON).errors == {}


# ---- reading ----


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("38000", "38000.00"),
        ("３８，０００元", "38000.00"),
        ("0.5", "0.50"),
        (" 1,200.00 ", "1200.00"),
    ],
)
def test_amounts_are_read(text: str, amount: str) -> None:
    assert income(("wages", "", text)) == lines(("wages", "", amount))


@pytest.mark.parametrize(
    "text", ["1_000", "Infinity", "NaN", "-1", "三万", "1e3", "0.001", "10000000"]
)
def test_bad_amounts_are_refused_with_what_to_do(text: str) -> None:
    assert income(("wages", "", text)) == (
        "近 12 个月的收入：第 1 行（务工工资）的金额请填数字，例如 1200。"
    )


@pytest.mark.parametrize("text", ["2026-10", "2026.10", "202610", "２０２６－１０", "2026年10月"])
def test_months_are_read(text: str) -> None:
    assert income(("wages", text, "3600")) == lines(("wages", "2026-10", "3600.00"))


@pytest.mark.parametrize("text", ["2026-13", "2026-12", "2024-11", "十月", "26-10"])
def test_bad_months_are_refused_with_what_to_do(text: str) -> None:
    assert "（务工工资）的月份写成 2026-11 这样" in income(("wages", text, "3600"))


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([("wages", "", "")], "第 1 行（务工工资）没有填金额"),
        ([("", "", "100")], "第 1 行没有选是哪一项"),
        ([("gold", "", "100")], "第 1 行没有选是哪一项"),
        (
            [("wages", "2026-10", "1"), ("wages", "2026-10", "2")],
            "第 2 行和前面的一行是同一项、同一月",
        ),
        ([("wages", "", "1"), ("wages", "2026-10", "2")], "请只留一种"),
        ([("wages", m, "1") for m in ("2026-10", "2026-09")] * 7, "最多 12 行"),
    ],
)
def test_faults_of_a_list_are_told_by_row(rows: list[Any], sentence: str) -> None:
    if "最多" in sentence:
        rows = [("wages", f"2025-{m:02d}", "1") for m in range(1, 13)] + [("dibao", "", "1")]
    assert sentence in income(*rows)


def test_an_empty_row_is_no_row() -> None:
    assert income(("", "", ""), ("", "2026-10", ""), ("dibao", "", "8820")) == lines(
        ("dibao", "", "8820.00")
    )


def test_a_question_behind_another_is_asked_only_then() -> None:
    assert "water_problems" not in read_answers(QUIET, on=ON).errors
    errors = read_answers(QUIET | {"water_safe": "no"}, on=ON).errors
    assert set(errors) == {"water_problems", "water_evidence"}


def test_answers_to_questions_not_shown_are_dropped() -> None:
    read = read_answers(QUIET | {"water_problems": ["quality"]}, on=ON)
    assert "water_problems" not in read.values


def test_a_text_too_long_is_refused_and_not_cut() -> None:
    read = read_answers(QUIET | {"members_right": "no", "members_change": "长" * 301}, on=ON)
    assert read.errors["members_change"].startswith("最多 300 个字")


def test_what_a_database_cannot_keep_is_taken_out() -> None:
    read = read_answers(QUIET | {"members_right": "no", "members_change": "生\x00了\ud800"}, on=ON)
    assert read.values["members_change"] == "生了"


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.text(),
    st.lists(st.text()),
    st.integers(),
    st.floats(),
    st.lists(
        st.dictionaries(
            st.sampled_from(["item", "month", "yuan", "x"]),
            st.one_of(
                st.none(), st.text(), st.sampled_from(["wages", "2026-10", "12"]), st.integers()
            ),
        )
    ),
)


@given(st.dictionaries(st.sampled_from([*FORM.every, "unknown"]), JUNK), st.sampled_from([1, 2]))
def test_whatever_comes_in_every_question_is_answered_or_named(
    given_answers: dict[str, Any], version: int
) -> None:
    read = read_answers(given_answers, version=version, kinds=FORM.sections, on=ON)
    assert set(read.values) | set(read.errors) <= set(FORMS[version].every)
    assert not set(read.values) & set(read.errors)
    for name, value in read.values.items():
        assert in_words(name, value, version=version)


# ---- versions ----


def test_a_visit_of_version_one_is_read_and_told_in_its_own_words() -> None:
    read = read_answers(V1, version=1, on=ON)
    assert read.errors == {}
    assert read.values["self_paid_yuan"] == "38000.00"
    parts = dict(spoken(read.values, version=1))
    told = {line.label: (line.words, line.is_bad) for line in parts["饮水和住房"]}
    assert told["饮水有保障吗？"] == ("没有", True)
    assert told["哪里不达标？"] == ("水量不够", False)


def test_an_old_version_is_accepted_for_a_year_after_the_next() -> None:
    until = accepted_until(1)
    assert until == FORMS[2].since + timedelta(days=365)
    assert why_too_old(1, on=until) == ""
    assert "第 1 版表单" in why_too_old(1, on=until + timedelta(days=1))


def test_the_newest_version_never_grows_old() -> None:
    assert why_too_old(FORM.version, on=date(2099, 1, 1)) == ""


@pytest.mark.parametrize("version", [0, 3, None, "1", []])
def test_a_version_that_does_not_exist_is_refused(version: Any) -> None:
    with pytest.raises(Refusal, match="请联网更新"):
        read_answers({}, version=version)


def test_words_of_lists() -> None:
    assert (
        in_words("income", lines(("wages", "2026-10", "3600.50"))) == "务工工资 2026-10 3,600.50 元"
    )
    assert in_words("income", []) == "没有"
    assert in_words("away", 2) == "2 人"


def test_phones_get_the_form_whole() -> None:
    form = form_for_phones()
    names = [q["name"] for step in form["steps"] for q in step["questions"]]
    assert form["version"] == FORM.version
    assert names == list(FORM.questions())
    assert set(form["sections"]) == set(FORM.sections)
    assert form["without_meeting"] == ["deceased_or_moved", "not_contactable"]


# ---- income a head ----


def test_the_statement_adds_twelve_months_by_part() -> None:
    """Reference 3.5: net = a+b+c+d-e; reference = net + f - g."""
    read = read_answers(
        QUIET
        | {
            "income": lines(
                ("wages", "2026-10", "3000"),
                ("wages", "2025-11", "2000"),
                ("wages", "2026-11", "9999"),  # the month of the visit is not over
                ("wages", "2025-10", "9999"),  # before the twelve months
                ("planting", "", "12000"),
                ("land_rent", "", "600"),
                ("dibao", "", "4400"),
                ("payout", "", "5000"),
                ("relief", "", "3000"),  # one-off aid
            ),
            "spending": lines(("planting_cost", "", "4000"), ("medical", "", "11000")),
        },
        on=ON,
    )
    statement = add_up(read.values, size=4, on=ON)
    assert statement is not None
    assert (statement.since, statement.until) == ("2025-11", "2026-10")
    assert {part.letter: part.yuan for part in statement.parts} == {
        "a": 5000,
        "b": 12000,
        "c": 600,
        "d": 4400,
        "e": 4000,
        "f": 5000,
        "g": 11000,
    }
    assert (statement.net, statement.reference) == (18000, 12000)
    assert statement.net_a_head == Decimal("4500.00")
    assert statement.reference_a_head == Decimal("3000.00")
    assert len(statement.left_out) == 3


def test_no_list_is_no_statement_and_not_nought() -> None:
    assert add_up(QUIET, size=3, on=ON) is None
    assert add_up(FULL, size=0, on=ON) is None


@given(st.lists(st.integers(0, 999_999_999), max_size=6), st.integers(1, 12))
def test_the_statement_is_exact_to_the_cent(cents: list[int], size: int) -> None:
    items = ("wages", "planting", "dibao", "payout", "support", "eco")
    given_lines = [
        {"item": item, "month": "", "yuan": f"{Decimal(c) / 100:.2f}"}
        for item, c in zip(items, cents, strict=False)
    ]
    statement = add_up({"income": given_lines}, size=size, on=ON)
    if not cents:
        assert statement is None
        return
    assert statement is not None
    assert statement.reference == Decimal(sum(cents)) / 100
