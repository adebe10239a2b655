"""Why a rule fires for a household or does not: arithmetic, conditions, rows, what would turn it.

Everything is read again at the frozen inputs, so a past run is explained as it saw the county.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction

from grid.models import Household, Person, Severity
from grid.roles import Level
from monitoring.engine.behind import Behind, behind
from monitoring.engine.frozen import Frozen, FrozenRule
from monitoring.explaining_logic import Case, Flip, Judged, is_flag, smallest_changes
from monitoring.explaining_rows import Source, SourceRows
from monitoring.explaining_words import ENDINGS, Words, figure, income_term, listed
from monitoring.feeds import FEEDS
from monitoring.models import RuleVersion, Threshold
from monitoring.rules.definition import parsed, threshold_units
from monitoring.rules.language import Band, Joined, Ratio, Rows, Total

HOW = {"all": "以下全部成立", "any": "以下任一成立", "none": "以下都不成立"}
EFFECTS = {"alert": "预警", "lower": "降一级", "annotate": "注明"}


@dataclass(frozen=True, slots=True)
class Part:
    """One condition in words and whether it holds; groups have parts."""

    words: str
    holds: bool
    parts: Sequence["Part"] = ()

    @property
    def is_group(self) -> bool:
        return bool(self.parts)


@dataclass(frozen=True, slots=True)
class Sum:
    """How a derived figure came about: (label, figure, remark) lines and the result."""

    title: str
    lines: Sequence[tuple[str, str, str]]
    result: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Figure:
    """A threshold the rule compares with, as the run had it."""

    key: str
    label: str
    value: str
    source: str
    is_confirmed: bool


@dataclass(frozen=True, slots=True)
class Subject:
    """The rule over one subject: the household, or one person of it."""

    person_id: int | None
    who: str
    severity: int | None
    case: Case
    value: str
    measures: Sequence[tuple[str, str, bool]]  # label, value, whether it is only yes or no
    population: Sequence[Part]
    when: Part | None
    line: str
    line_why: str
    bands: Sequence[tuple[Part, int]]
    sums: Sequence[Sum]
    sources: Sequence[Source]
    silent: Sequence[str]
    changes: Sequence[str]
    flips: Sequence[tuple[Flip, ...]]

    @property
    def fires(self) -> bool:
        return self.severity is not None

    @property
    def amounts(self) -> Sequence[tuple[str, str]]:
        """What was measured as a figure; the conditions tell of the rest."""
        return [(label, shown) for label, shown, is_sign in self.measures if not is_sign]

    @property
    def conditions(self) -> Sequence[tuple[str, Part]]:
        """The population and the tree line by line, deeper ones set in further."""
        return [("", part) for part in self.population] + list(_lines(self.when, 0))

    @property
    def severity_label(self) -> str:
        return Severity(self.severity).label if self.severity else ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """All subjects of one household under one rule version; those that fire come first."""

    version: RuleVersion
    frozen: Frozen
    effect: str
    cool_down_days: int
    subjects: Sequence[Subject]
    figures: Sequence[Figure]
    sentence: str

    @property
    def fires(self) -> bool:
        return any(subject.fires for subject in self.subjects)

    @property
    def severity(self) -> int | None:
        return min((s.severity for s in self.subjects if s.severity), default=None)

    @property
    def shown(self) -> Sequence[Subject]:
        """Who is told of at length: those that fire, else whoever comes nearest to it."""
        return [s for s in self.subjects if s.fires] or self.subjects[:1]

    @property
    def others(self) -> Sequence[Subject]:
        shown = self.shown
        return [s for s in self.subjects if s not in shown]

    @property
    def unconfirmed(self) -> Sequence[Figure]:
        return [f for f in self.figures if not f.is_confirmed]


@transaction.atomic
def explain(frozen: Frozen, rule: FrozenRule, household: Household) -> Explanation:
    """Read everything again at the frozen inputs; writes nothing.

    No subjects: at the moment the household had no living member. Raises Refusal when a figure is
    missing.
    """
    made = parsed(rule.definition)
    version = RuleVersion.objects.select_related("rule", "published_by").get(pk=rule.version_id)
    members, found = behind(frozen, rule, household.pk)
    figures = _figures(frozen, rule)
    words = Words(
        made, frozen, rule.definition["measures"], {f.key: f.label for f in figures if f.label}
    )
    rows = SourceRows(words, members, found)
    names = dict(
        Person.objects.filter(pk__in=[m.person_id for m in members]).values_list("pk", "name")
    )
    subjects = [
        _subject(Case.of(made, frozen, one, members), words, one, rows, names) for one in found
    ]
    subjects.sort(key=lambda s: (s.severity or 9, s.case.missing(want=True)))
    return Explanation(
        version=version,
        frozen=frozen,
        effect=EFFECTS[made.effect],
        cool_down_days=made.cool_down_days,
        subjects=subjects,
        figures=figures,
        sentence=_sentence(made.sentence, words, [s for s in subjects if s.fires]),
    )


def _figures(frozen: Frozen, rule: FrozenRule) -> list[Figure]:
    """The thresholds of the definition with the value the run had."""
    units = threshold_units(rule.definition)
    rows = {
        row.key: row
        for row in Threshold.objects.on(frozen.as_of).filter(
            area__level=Level.COUNTY, key__in=list(units)
        )
    }
    return [
        Figure(
            key=key,
            label=rows[key].label if key in rows else "",
            value=figure(frozen.figure(key), rows[key].unit if key in rows else units[key]),
            source=rows[key].source if key in rows else "现在已没有这条标准线的登记",
            is_confirmed=key in rows and rows[key].is_confirmed,
        )
        for key in sorted(units)
    ]


def _subject(
    case: Case, words: Words, found: Behind, rows: SourceRows, names: dict[int, str]
) -> Subject:
    made = case.made
    flips = smallest_changes(case)
    sources = rows.of(found)
    return Subject(
        person_id=found.person_id,
        who=names.get(found.person_id, "已迁走的成员") if found.person_id else "全户",
        severity=found.severity,
        case=case,
        value=words.shown(made.value, case.values[made.value]),
        measures=[
            (words.label(n), words.shown(n, case.values[n]), is_flag(made.measures[n]))
            for n in made.own_measures
        ],
        population=[Part(words.test(case, t.what), t.holds) for t in case.population()],
        when=_part(words, case, case.judged(made.when)) if made.when else None,
        line="" if case.line is None else _line(words, case),
        line_why=_line_why(words, case),
        bands=[(_band(words, case, band), band.severity) for band in made.bands],
        sums=[*_sums(words, case, found, rows)],
        sources=sources,
        silent=rows.empty(sources),
        changes=_changes(words, case, flips),
        flips=flips,
    )


def _lines(part: Part | None, depth: int) -> Iterable[tuple[str, Part]]:
    if part is not None:
        yield "　" * depth, part
        for inner in part.parts:
            yield from _lines(inner, depth + 1)


def _part(words: Words, case: Case, judged: Judged) -> Part:
    if isinstance(judged.what, Joined):
        parts = [_part(words, case, part) for part in judged.parts]
        return Part(HOW[judged.what.how], judged.holds, parts)
    return Part(words.leaf(case, judged.what), judged.holds)


def _band(words: Words, case: Case, band: Band) -> Part:
    return Part(words.band(case, band), case.reached(band))


def _line(words: Words, case: Case) -> str:
    line = case.class_of_line
    label = words.named.get(line.threshold, line.label) if line else ""
    return f"{label} {figure(case.line, words.unit(case.made.value))}"


def _line_why(words: Words, case: Case) -> str:
    """Why the household has this line and no other."""
    line = case.class_of_line
    if line is None or len(case.made.lines) < 2:
        return ""
    kind = words.kind(case.kind)
    if line is case.made.lines[-1]:
        return f"户类型是{kind}，也没有其他标准线所要的身份，按“{line.label}”"
    held = [words.label(s) for s in line.statuses if (case.values[s] or 0) > 0]
    reasons = ([f"户类型是{kind}"] if case.kind in line.kinds else []) + held
    return f"{listed(reasons)}，按“{line.label}”"


def _sums(words: Words, case: Case, found: Behind, rows: SourceRows) -> Iterable[Sum]:
    for name in case.made.own_measures:
        measure = case.made.measures[name]
        if isinstance(measure, Total | Ratio):
            yield _derived(words, case, name)
        elif isinstance(measure, Rows) and measure.op == "sum":
            feed = FEEDS[measure.feed]
            if feed.arithmetic and measure.column == feed.arithmetic[-1]:
                records = rows.records(found, name)
                if records:
                    yield _columns(words, name, feed, records)


def _derived(words: Words, case: Case, name: str) -> Sum:
    measure, values = case.made.measures[name], case.values
    title, result = words.label(name), ("得数", words.shown(name, values[name]))
    if isinstance(measure, Ratio):
        pair = [(words.label(n), words.shown(n, values[n]), "") for n in (measure.of, measure.to)]
        return Sum(title, pair, result)
    assert isinstance(measure, Total)  # noqa: S101 - the caller asks for these two
    terms = [(term, "") for term in measure.plus] + [(term, "减") for term in measure.minus]
    silent = [term for term, _ in terms if values[term] is None]
    if len(silent) < 2:
        silent = []
    lines = [_term(words, case, term, sign) for term, sign in terms if term not in silent]
    if silent:
        lines.append((listed([words.short(term) for term in silent]), "没有记录，按 0 计", ""))
    if measure.by is not None:
        by = words.shown(measure.by, values[measure.by])
        lines.append((f"除以{words.short(measure.by)}", by, ""))
    if measure.times != 1:
        lines.append(("乘以", figure(measure.times), ""))
    return Sum(title, lines, result)


def _term(words: Words, case: Case, name: str, sign: str) -> tuple[str, str, str]:
    """One term; of an income its rows' sum and what makes a year of it."""
    value, measure = case.values[name], case.made.measures[name]
    remark = ""
    if income_term(name) and isinstance(measure, Total) and measure.times != 1:
        inner = measure.plus[0]
        if case.values[inner] is not None:
            times = figure(measure.times)
            remark = f"{words.shown(inner, case.values[inner])} × {times}，折成一年"
    label = words.label(name) if not income_term(name) else words.short(name)
    shown = "没有记录，按 0 计" if value is None else figure(value, words.unit(name))
    return (f"{sign}{label}", shown, remark)


def _columns(words: Words, name: str, feed: Any, records: Sequence[Any]) -> Sum:
    """The first column, less the others, gives the last one."""
    first, *less, last = feed.arithmetic

    def added(column: str) -> Decimal:
        return sum((getattr(record, column) for record in records), Decimal(0))

    unit = feed.column(last).unit
    lines = [(f"{feed.header(first)}（{len(records)} 条）", figure(added(first), unit), "")]
    lines += [(f"减{feed.header(column)}", figure(added(column), unit), "") for column in less]
    return Sum(words.label(name), lines, (feed.header(last), figure(added(last), unit)))


def _changes(words: Words, case: Case, flips: Sequence[tuple[Flip, ...]]) -> list[str]:
    """Each smallest set of changes as one sentence; signs that each suffice share one."""
    end = ENDINGS[not case.fires] + EFFECTS[case.made.effect]
    flags = [way[0] for way in flips if len(way) == 1 and _is_yes_or_no(case, way[0])]
    sentences = []
    for way in flips:
        if len(way) > 1:
            parts = "；".join(words.change(case, flip) for flip in way)
            sentences.append(f"同时满足：{parts}，{end}。")
        elif way[0] not in flags or len(flags) == 1:
            sentences.append(f"{words.change(case, way[0])}，{end}。")
    if len(flags) > 1:
        parts = "；".join(words.change(case, flip) for flip in flags)
        sentences.append(f"下面任何一项有变，{end}：{parts}。")
    return sentences


def _is_yes_or_no(case: Case, flip: Flip) -> bool:
    measure = case.made.measures.get(flip.what)
    return measure is None or is_flag(measure)


def _sentence(template: str, words: Words, fired: Sequence[Subject]) -> str:
    """The rule's own sentence, over the gravest subject; empty when nothing fires."""
    if not fired:
        return ""
    case = fired[0].case
    line = case.class_of_line
    slots = {
        "value": figure(case.values[case.made.value]),
        "line": figure(case.line) if line else "",
        "line_label": line.label if line else "",
        "who": listed([s.who for s in fired if s.person_id]),
        "people": str(len(fired)),
    }
    slots |= {name: figure(case.values[name]) for name in case.made.own_measures}
    for name, text in slots.items():
        template = template.replace("{" + name + "}", text)
    return template


__all__ = ["Explanation", "explain"]
