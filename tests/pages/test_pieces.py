"""The small parts of pages."""

import datetime
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.paginator import Paginator
from django.template import Context, Template
from django.utils import timezone
from lucide import IconDoesNotExist

from grid.models import Severity
from grid.templatetags.pieces import (
    aligned,
    due_words,
    duration,
    icon,
    meter,
    page_numbers,
    share_of,
    thousands,
)

TODAY = datetime.date(2026, 11, 24)
ROOT = Path(__file__).resolve().parents[2]


def render(source: str, **context: object) -> str:
    return Template(source).render(Context(context))


@pytest.mark.parametrize(
    ("days", "urgency", "words"),
    [
        (-2, "overdue", "超期 2 天"),
        (0, "today", "今天到期"),
        (1, "soon", "剩 1 天"),
        (3, "soon", "剩 3 天"),
        (4, "later", "剩 4 天"),
    ],
)
def test_due_day_is_told_as_time_left(days: int, urgency: str, words: str) -> None:
    day = TODAY + datetime.timedelta(days=days)
    assert due_words(day, today=TODAY) == (urgency, words)


def test_due_moment_within_a_day_is_told_in_hours() -> None:
    now = timezone.now()
    assert due_words(now + datetime.timedelta(hours=6.5), now=now) == ("today", "剩 6 小时")


def test_due_moment_just_missed_is_overdue() -> None:
    now = timezone.now()
    assert due_words(now - datetime.timedelta(hours=2), now=now) == ("overdue", "超期 2 小时")


def test_due_reads_the_day_of_a_row_and_the_today_of_the_page() -> None:
    row = SimpleNamespace(due_on=TODAY - datetime.timedelta(days=1))
    assert "超期 1 天" in render("{% due row %}", row=row, today=TODAY)


def test_nothing_due_is_said_in_words() -> None:
    assert due_words(None, today=TODAY) == ("none", "未定时限")


@pytest.mark.parametrize(
    ("member", "character", "tone"),
    [
        (Severity.RED, "红", "red"),
        (Severity.ORANGE, "橙", "orange"),
        (Severity.YELLOW, "黄", "yellow"),
        (Severity.BLUE, "蓝", "blue"),
    ],
)
def test_severity_carries_character_and_colour(member: Severity, character: str, tone: str) -> None:
    html = render("{% severity value %}", value=member)
    assert f"severity-{tone}" in html
    assert f">{character}</span>" in html


def test_severity_read_from_the_database_as_a_number_is_the_same() -> None:
    assert render("{% severity 1 %}") == render("{% severity value %}", value=Severity.RED)


def test_no_severity_is_a_routine_visit() -> None:
    assert "常规走访" in render("{% severity value %}", value=None)


def test_tag_escapes_its_label() -> None:
    assert "<script>" not in render("{% tag label %}", label="<script>alert(1)</script>")


def test_icon_is_hidden_from_screen_readers_unless_it_has_a_label() -> None:
    assert 'aria-hidden="true"' in icon("bell")
    assert 'aria-label="通知"' in icon("bell", "通知")


def test_icon_label_is_escaped() -> None:
    assert "<b>" not in icon("bell", '"><b>')


def test_every_icon_named_in_a_template_exists() -> None:
    texts = [path.read_text("utf-8") for path in (ROOT / "templates").rglob("*.html")]
    names = {name for text in texts for name in re.findall(r'\{% icon "([^"]+)"', text)}
    assert {"search", "lock"} <= names
    for name in sorted(names):
        icon(name)  # raises IconDoesNotExist


def test_an_unknown_icon_is_an_error_and_not_a_blank() -> None:
    with pytest.raises(IconDoesNotExist):
        icon("no-such-icon")


def test_amounts_are_grouped_and_keep_fen_only_when_there_are_any() -> None:
    assert [thousands(value) for value in (12486, "46820.00", "0.5", None)] == [
        *("12,486", "46,820", "0.50", "—")
    ]


def test_share_of_nothing_is_a_dash() -> None:
    assert share_of(3, 0) == "—"
    assert share_of(1, 3) == "33.3%"


def test_meter_says_the_figures_in_words() -> None:
    assert 'aria-label="测得 46,820元，线 20,000元"' in meter(46820, 20000, Severity.RED, "元")


def test_pager_leaves_out_the_middle() -> None:
    page = Paginator(range(1000), 10).page(50)
    assert page_numbers(page) == [1, "…", 48, 49, 50, 51, 52, "…", 100]


def test_evidence_figures_are_told_from_words_by_column() -> None:
    rows = [["人民医院", "18,410.00"], ["中医院", "28,410.00"]]
    table = aligned(["医院", "自付（元）"], rows, ["合计", "46,820.00"])
    assert [cell.is_figure for cell in table["headings"]] == [False, True]
    assert [cell.is_figure for cell in table["total"]] == [False, True]


def test_evidence_of_one_subject_without_rows_is_an_empty_table() -> None:
    assert aligned(["医院"], [])["rows"] == []


def test_duration_is_told_in_the_largest_fitting_unit() -> None:
    start = timezone.now()
    lengths = [0.4, 14, 125]
    ends = [start + datetime.timedelta(seconds=seconds) for seconds in lengths]
    assert [duration(start, end) for end in ends] == ["0.4 秒", "14 秒", "2 分 5 秒"]
