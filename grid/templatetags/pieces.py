"""Small parts of pages: icons, severity, due dates, tags and bars."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from django import template
from django.core.paginator import Page
from django.template.context import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from lucide.templatetags.lucide import lucide

from yizhou.id_number import mask_id_number

register = template.Library()

SEVERITIES = {
    "red": ("红", "红色预警"),
    "orange": ("橙", "橙色预警"),
    "yellow": ("黄", "黄色预警"),
    "blue": ("蓝", "蓝色提示"),
}
ROUTINE = ("常", "常规走访")
TONES = frozenset({"red", "orange", "yellow", "blue", "green", "grey"})
SOON_DAYS = 3
METER_WIDTH = 200
HIDDEN = 'aria-hidden="true"'


# Our own words for icons that the package names by their shape.
ICON_NAMES = {"home": "house", "alert": "triangle-alert", "chart": "chart-column"}


@lru_cache(maxsize=256)
def _drawing(name: str) -> SafeString:
    """The shapes inside one icon, without the <svg> element around them."""
    svg = str(lucide(ICON_NAMES.get(name, name)))
    shapes = " ".join(re.sub(r"^<svg[^>]*>|</svg>\s*$", "", svg.strip()).split())
    return mark_safe(shapes)  # noqa: S308 - drawn by the icon package, no text of users in it


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An inline svg; hidden from screen readers unless it carries a label of its own."""
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"'
        ' stroke-linecap="round" stroke-linejoin="round" {}>{}</svg>',
        format_html('role="img" aria-label="{}"', label) if label else SafeString(HIDDEN),
        _drawing(str(name)),
    )


def _tone(severity: object) -> str:
    """red, orange, yellow or blue from a Severity member, its number or its name; else nothing."""
    word = str(getattr(severity, "value", severity) or "").lower()
    if word in ("1", "2", "3", "4"):
        return list(SEVERITIES)[int(word) - 1]
    return word if word in SEVERITIES else ""


@register.simple_tag
def severity(value: object) -> SafeString:
    """红橙黄蓝 as colour, character and spoken words; anything else is a routine visit (常)."""
    tone = _tone(value)
    character, words = SEVERITIES.get(tone, ROUTINE)
    return format_html(
        '<span class="severity{}" role="img" aria-label="{}">{}</span>',
        f" severity-{tone}" if tone else "",
        words,
        character,
    )


@register.filter
def severity_tone(value: object) -> str:
    """The class suffix of a severity (red, orange, yellow, blue), or nothing."""
    return _tone(value)


def _due_day(what: object) -> object:
    for name in ("due_at", "due_on"):
        found = getattr(what, name, None)
        if found is not None:
            return found
    return what


def due_words(
    what: object, *, today: datetime.date | None = None, now: datetime.datetime | None = None
) -> tuple[str, str]:
    """How much time is left, as (urgency, words); urgency is overdue, today, soon, later or none.

    Takes a day, a moment, or anything with due_at or due_on. A moment within 24 hours is told
    in hours, because three days' notice and six hours' notice ask for different plans.
    """
    what = _due_day(what)
    if isinstance(what, datetime.datetime):
        now = now or timezone.now()
        left = what - now
        if datetime.timedelta(0) < left < datetime.timedelta(hours=24):
            hours = int(left.total_seconds() // 3600)
            return "today", f"剩 {hours} 小时" if hours else "剩不到 1 小时"
        if datetime.timedelta(hours=-24) < left <= datetime.timedelta(0):
            return "overdue", f"超期 {max(1, int(-left.total_seconds() // 3600))} 小时"
        what = timezone.localtime(what).date()
        today = timezone.localtime(now).date()
    if not isinstance(what, datetime.date):
        return "none", "未定时限"
    days = (what - (today or timezone.localdate())).days
    if days < 0:
        return "overdue", f"超期 {-days} 天"
    if days == 0:
        return "today", "今天到期"
    return ("soon" if days <= SOON_DAYS else "later"), f"剩 {days} 天"


@register.simple_tag(takes_context=True)
def due(context: Context, what: object, today: datetime.date | None = None) -> SafeString:
    """Time left in words, loud only when it is close. `today` may come from the page."""
    day = today or context.get("today")
    urgency, words = due_words(what, today=day if isinstance(day, datetime.date) else None)
    exact = _due_day(what)
    title = ""
    if isinstance(exact, datetime.datetime):
        title = f"{timezone.localtime(exact):%Y-%m-%d %H:%M} 前办结"
    elif isinstance(exact, datetime.date):
        title = f"{exact:%Y-%m-%d} 前办结"
    clock = icon("clock") if urgency in ("today", "soon") else ""
    return format_html(
        '<span class="due due-{}" title="{}">{}{}</span>', urgency, title, clock, words
    )


@register.simple_tag
def tag(label: object, tone: str = "") -> SafeString:
    """A small adjective of state. `tone` is red, orange, yellow, blue, green or nothing."""
    shade = f" tag-{tone}" if tone in TONES - {"grey"} else ""
    return format_html('<span class="tag{}">{}</span>', shade, label)


# Loud while somebody must act, quiet when it is over.
STATUS_TONES = {
    "red": {"refused", "failed"},
    "orange": {"deciding", "draft"},
    "blue": {"to_visit", "wanted", "to_verify", "received", "checking", "merging", "waiting"}
    | {"working"},
    "green": {"visited", "reported", "merged", "done", "published"},
}


@register.simple_tag
def status_tag(thing: object, field: str = "state") -> SafeString:
    """The state of a model row as a tag, worded by its choices and toned by its value."""
    value = str(getattr(thing, field, "") or "")
    words = getattr(thing, f"get_{field}_display", lambda: value)()
    shade = next((tone for tone, values in STATUS_TONES.items() if value.lower() in values), "")
    return tag(words, shade)


@register.filter
def thousands(value: object) -> str:
    """12486 -> 12,486; whole amounts lose their .00; nothing becomes a dash."""
    if value is None or value == "":
        return "—"
    number = Decimal(str(value))
    if number == number.to_integral_value():
        return f"{int(number):,}"
    return f"{number:,.2f}"


@register.filter
def share_of(part: object, whole: object) -> str:
    """Part of a whole as a per cent figure with one decimal, or a dash when the whole is empty."""
    total = Decimal(str(whole or 0))
    if not total:
        return "—"
    return f"{Decimal(str(part or 0)) / total * 100:.1f}%"


FIGURE = re.compile(r"[−-]?[\d,]+(\.\d+)?( ?(元|天|次|%|级|人|户))?")


class Cell(NamedTuple):
    """One cell of an evidence table; figures stand right-aligned under one another."""

    text: str
    is_figure: bool


@register.simple_tag
def aligned(
    headings: Sequence[object],
    rows: Sequence[Sequence[object]],
    total: Sequence[object] | None = None,
) -> dict[str, Any]:
    """A table with every cell told as words or as a figure, column by column."""
    texts = [[str(cell) for cell in row] for row in rows]
    columns = list(zip(*texts, strict=True)) or [("—",) for _ in headings]
    figures = [all(FIGURE.fullmatch(cell) for cell in column if cell) for column in columns]

    def line(cells: Sequence[object]) -> list[Cell]:
        return [Cell(str(cell), is_figure) for cell, is_figure in zip(cells, figures, strict=True)]

    return {
        "headings": line(headings),
        "rows": [line(row) for row in texts],
        "total": line(total) if total else None,
    }


@register.simple_tag
def meter(value: object, line: object, severity: object = "", unit: str = "") -> SafeString:
    """A measured value against its line; drawn as svg because pages carry no inline style."""
    try:
        measured, limit = Decimal(str(value)), Decimal(str(line))
    except ArithmeticError:
        return mark_safe("")
    top = max(measured, limit, Decimal(1)) * Decimal("1.1")
    shade = _tone(severity)
    words = f"测得 {thousands(measured)}{unit}，线 {thousands(limit)}{unit}"
    return format_html(
        '<svg class="meter" viewBox="0 0 {} 12" preserveAspectRatio="none" role="img"'
        ' aria-label="{}"><rect class="track" y="3" width="{}" height="6" rx="3"/>'
        '<rect class="value{}" y="3" width="{}" height="6" rx="3"/>'
        '<rect class="line" x="{}" width="2" height="12"/></svg>',
        METER_WIDTH,
        words,
        METER_WIDTH,
        f" value-{shade}" if shade else "",
        f"{measured / top * METER_WIDTH:.0f}",
        f"{limit / top * METER_WIDTH:.0f}",
    )


@register.simple_tag
def page_numbers(page: Page) -> list[int | str]:
    """The page numbers to link, with … where the middle is left out."""
    return list(page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1))


@register.simple_tag
def duration(start: datetime.datetime, end: datetime.datetime) -> str:
    """How long something took: 不到 0.1 秒, 0.4 秒, 14 秒, 2 分 5 秒."""
    seconds = (end - start).total_seconds()
    if seconds < 0.1:
        return "不到 0.1 秒"
    if seconds < 10:
        return f"{seconds:.1f} 秒"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} 分 {rest} 秒" if minutes else f"{rest} 秒"


@register.filter
def masked_id(tail: str) -> str:
    """An identity number of which only the tail is shown."""
    return mask_id_number(tail)
