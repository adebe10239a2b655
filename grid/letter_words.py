"""A letter from a phone as officials read it, for deciding what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from grid.actions.facts import in_words as fact
from grid.actions.held import clock_of
from grid.letters import Edit, VisitLetter, moment_of, text_of, visit_letter
from grid.models import Envelope, FactEdit, Outcome, Visit, WorkItemPurpose
from grid.visit_form import FORMS, spoken
from yizhou.refusals import Refusal

Lines = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Told:
    """Sections of (label, words)."""

    head: Lines
    sections: list[tuple[str, Lines]]


def clock_sentence(envelope: Envelope) -> str:
    """Empty when the phone's clock was right."""
    clock = clock_of(envelope)
    if not clock.is_wrong:
        return ""
    minutes = abs(clock.seconds) // 60
    much = (
        f"{minutes // 1440} 天 {minutes % 1440 // 60} 小时"
        if minutes >= 1440
        else (f"{minutes // 60} 小时 {minutes % 60} 分")
    )
    way = "慢" if clock.seconds > 0 else "快"
    return f"手机时钟{way} {much}，时间已按收到时的差值更正，手机上的时间也保留"


def told_in_words(envelope: Envelope, said: Mapping[str, Any]) -> Told:
    if envelope.kind == Envelope.Kind.REPORT:
        return Told(_report_head(said), [])
    letter = visit_letter(said)
    head = [*_head(envelope, letter), *_position(said.get("position"))]
    return Told(head, [*_answers(letter), *_outcomes(letter), *_edits(letter)])


def _day(moment: Any) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M") if moment else "没有写"


def _head(envelope: Envelope, letter: VisitLetter) -> Lines:
    right = clock_of(envelope).right(letter.visited_at)
    mode = dict(Visit.Mode.choices).get(letter.mode, letter.mode)
    lines = [("走访时间", _day(right)), ("方式", str(mode)), ("情况说明", letter.note or "没有写")]
    if sentence := clock_sentence(envelope):
        lines.insert(1, ("时钟", f"{sentence}：{_day(letter.visited_at)}"))
    return lines


def _position(said: Any) -> Lines:
    """WGS-84 degrees and the accuracy in metres, as the phone measured them."""
    if not isinstance(said, dict):
        return []
    numbers = [said.get(name) for name in ("lat", "lon", "accuracy_m")]
    if not all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers):
        return []
    lat, lon, metres = numbers
    return [("位置", f"北纬 {lat:.5f}，东经 {lon:.5f}，误差约 {metres:.0f} 米")]


def _report_head(said: Mapping[str, Any]) -> Lines:
    return [
        ("发现时间", _day(moment_of(said.get("found_at")))),
        ("姓名", text_of(said.get("name"), 60)),
        ("电话", text_of(said.get("phone"), 30)),
        ("地方", text_of(said.get("place"), 20)),
        ("住址", text_of(said.get("address"), 120)),
        ("困难", text_of(said.get("difficulty"), 40)),
        ("情况", text_of(said.get("sentence"), 500)),
    ]


def _answers(letter: VisitLetter) -> list[tuple[str, Lines]]:
    """In the words of its form; as they came when no form knows them."""
    if letter.form_version in FORMS:
        try:
            told = spoken(letter.answers, version=letter.form_version)
            return [(title, [(s.label, s.words) for s in lines]) for title, lines in told]
        except (Refusal, TypeError, ValueError, AttributeError, KeyError, ArithmeticError):
            pass
    raw = [(str(name)[:40], str(value)[:200]) for name, value in letter.answers.items()]
    return [(f"答案（第 {letter.form_version} 版表单，按原样显示）", raw)] if raw else []


def _outcomes(letter: VisitLetter) -> list[tuple[str, Lines]]:
    purposes = [r.purpose_id for r in letter.reports]
    titles = dict(WorkItemPurpose.objects.filter(pk__in=purposes).values_list("pk", "title"))
    labels = dict(Outcome.choices)
    lines = [
        (
            titles.get(r.purpose_id, f"事由 {r.purpose_id}"),
            f"{labels.get(r.outcome, r.outcome)}{'：' if r.note else ''}{r.note}",
        )
        for r in letter.reports
    ]
    return [("核实结果", lines)] if lines else []


def _edits(letter: VisitLetter) -> list[tuple[str, Lines]]:
    def words(edit: Edit) -> str:
        return f"{fact(edit.field, edit.seen)} → {fact(edit.field, edit.value)}"

    labels = dict(FactEdit.Field.choices)
    lines = [
        (f"{'成员' if e.person_id else '本户'}{labels.get(e.field, e.field)}", words(e))
        for e in letter.edits
    ]
    return [("要改的登记事项", lines)] if lines else []
