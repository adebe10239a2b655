"""The department rows behind an explanation: what counted, what did not and why, and its source."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from operator import eq
from typing import Any

from django.db.models import Q
from django.utils import timezone

from grid.models import Department
from monitoring.engine.behind import Behind, Member
from monitoring.engine.frozen import Frozen
from monitoring.explaining_logic import COMPARE
from monitoring.explaining_words import Words, days_of, figure, listed
from monitoring.feeds import FEEDS, Feed
from monitoring.rules.language import PERSON, Cond, Definition, FromFeed, Latest, Rows

MOST_SHOWN = 20
MOST_READ = 400  # rows of one household and feed
HIDDEN = frozenset({"person_name", "id_number"})


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row of a department as it was sent. `note` says what it counts for, or why not."""

    who: str
    id_tail: str
    cells: Sequence[tuple[str, str]]
    rest: Sequence[tuple[str, str]]
    upload_id: Any
    batch: str
    row_number: int
    received_on: date
    valid_on: date | None
    counted: bool
    note: str
    superseded: bool


@dataclass(slots=True)
class Source:
    """The rows of one feed for one subject; `more` were left out."""

    feed: Feed
    department: str
    rows: list[SourceRow] = field(default_factory=list)
    more: int = 0

    @property
    def counted(self) -> int:
        return sum(row.counted for row in self.rows)


class SourceRows:
    """Reads the rows of a household once, for all subjects of one rule."""

    def __init__(self, words: Words, members: Sequence[Member], found: Sequence[Behind]) -> None:
        self.words, self.made, self.frozen = words, words.made, words.frozen
        self.departments = dict(Department.objects.values_list("code", "short_name"))
        wanted: dict[str, set[int]] = defaultdict(set)
        for subject in found:
            for rows in (*subject.counted.values(), *subject.looked_at.values()):
                for feed, row in rows:
                    wanted[feed].add(row)
        self.people = {member.person_id: member for member in members}
        self.rows = {
            feed: _read(feed, wanted[feed], self.people, self.frozen) for feed in _feeds(self.made)
        }

    def empty(self, sources: Iterable[Source]) -> list[str]:
        """Titles of data sets the rule reads that hold nothing about the subject."""
        shown = {source.feed.code for source in sources}
        return [FEEDS[code].title for code in self.rows if code not in shown]

    def of(self, subject: Behind) -> list[Source]:
        """Counted rows first, then the newest."""
        sources = []
        for code, rows in self.rows.items():
            source = self._source(FEEDS[code], rows, subject)
            if source.rows:
                sources.append(source)
        return sources

    def records(self, subject: Behind, name: str) -> list[Any]:
        """The rows that made one measure of the subject."""
        ids = {row for _, row in subject.counted.get(name, [])}
        measure = self.made.measures[name]
        rows = self.rows.get(measure.feed, []) if isinstance(measure, FromFeed) else []
        return [row for row in rows if row.pk in ids]

    def _source(self, feed: Feed, rows: Sequence[Any], subject: Behind) -> Source:
        measures = {n: m for n, m in self.made.from_feeds().items() if m.feed == feed.code}
        columns = self._columns(feed, measures.values())
        source = Source(
            feed=feed,
            department=self.departments.get(feed.department, ""),
        )
        whole = any(measure.per != PERSON for measure in measures.values())
        shown = []
        for row in rows:
            if subject.person_id is not None and not whole and row.person_id != subject.person_id:
                continue
            used = [n for n in measures if (feed.code, row.pk) in subject.counted.get(n, ())]
            shown.append(self._row(row, columns, used, measures, subject))
        shown.sort(key=lambda row: (not row.counted, -(row.valid_on or date.min).toordinal()))
        source.rows, source.more = shown[:MOST_SHOWN], max(0, len(shown) - MOST_SHOWN)
        return source

    def _columns(self, feed: Feed, measures: Iterable[FromFeed]) -> list[str]:
        """The day first, then what else the rule looks at."""
        looked: list[str] = [feed.valid_on]
        for measure in measures:
            looked += [measure.window.on, *([measure.column] if measure.column else [])]
            looked += [c.column for c in (*measure.where, *getattr(measure, "then", ()))]
        return [n for n in dict.fromkeys(looked) if n not in HIDDEN]

    def _row(
        self,
        row: Any,
        columns: Sequence[str],
        used: Sequence[str],
        measures: dict[str, FromFeed],
        subject: Behind,
    ) -> SourceRow:
        if used:
            note = listed(list(dict.fromkeys(self.words.purpose(name) for name in used)))
        else:
            why = (self._why_not(row, name, m, subject) for name, m in measures.items())
            note = "；".join(list(dict.fromkeys(why))[:2])
        received_on = timezone.localdate(row.received_at)
        feed = FEEDS[next(iter(measures.values())).feed]
        others = [n for n in feed.contract if n not in HIDDEN and n not in columns]
        return SourceRow(
            who=row.person_name,
            id_tail=row.id_tail,
            cells=[(_heading(feed, name), _text(row, name)) for name in columns],
            rest=[(_heading(feed, name), _text(row, name)) for name in others],
            upload_id=row.upload_id,
            batch=row.upload.filename or f"{received_on:%Y-%m-%d} 批次",
            row_number=row.row_number,
            received_on=received_on,
            valid_on=getattr(row, feed.valid_on),
            counted=bool(used),
            note=note,
            superseded=_superseded(row, self.frozen),
        )

    def _why_not(self, row: Any, name: str, measure: FromFeed, subject: Behind) -> str:
        """The first thing that keeps a row from counting."""
        for cond in measure.where:
            if not holds(row, cond, self.frozen):
                return f"不符合“{self.words.cond(measure.feed, cond)}”"
        first, last = days_of(measure.window, self.frozen)
        day = getattr(row, measure.window.on)
        heading = FEEDS[measure.feed].header(measure.window.on)
        if day is None:
            return f"没有填{heading}"
        if day > last:
            return f"{heading}在 {last} 之后"
        if not isinstance(measure, Rows) and row.pk not in {
            pk for _, pk in subject.looked_at.get(name, [])
        }:
            return "不是最近一条"
        if first is not None and day < first and not self._is_earlier(measure):
            return f"{heading}早于 {first}"
        for cond in measure.then if isinstance(measure, Latest) else ():
            if not holds(row, cond, self.frozen):
                return f"不符合“{self.words.cond(measure.feed, cond)}”"
        if isinstance(measure, Rows | Latest):
            return "本人不在统计的人员范围内"
        return "和前一条比没有所要的变化"

    def _is_earlier(self, measure: FromFeed) -> bool:
        return not isinstance(measure, Rows | Latest)


def _feeds(made: Definition) -> list[str]:
    return list(dict.fromkeys(measure.feed for measure in made.from_feeds().values()))


def _read(feed: str, ids: set[int], people: Iterable[int], frozen: Frozen) -> list[Any]:
    """Rows that counted or were looked at, and what else stood at the moment."""
    standing = Q(superseded_at=None) | Q(superseded_at__gt=frozen.known_at)
    if frozen.not_yet:
        standing |= Q(superseded_by__in=frozen.not_yet)
    stood = Q(person__in=list(people), received_at__lte=frozen.known_at) & standing
    stood &= ~Q(upload__in=list(frozen.not_yet))
    rows = FEEDS[feed].model._default_manager.filter(stood | Q(pk__in=ids))
    # A window's own day may be empty; the newest received come first then.
    order = ("-" + FEEDS[feed].valid_on, "-received_at", "-pk")
    return list(rows.select_related("upload").order_by(*order)[:MOST_READ])


def _superseded(row: Any, frozen: Frozen) -> bool:
    """Whether a newer version of the fact was known at the moment."""
    return row.superseded_at is not None and row.superseded_at <= frozen.known_at


def holds(row: Any, cond: Cond, frozen: Frozen) -> bool:
    """The condition on one row, as the engine asks it."""
    value = getattr(row, cond.column)
    if cond.kind == "none":
        return (value in (None, "")) == (cond.op == "empty")
    if cond.op == "not_before":
        return value is None or bool(value >= frozen.as_of + timedelta(days=cond.operand))
    if value is None:
        return False
    if cond.kind == "values":
        return any(_like(value, one) for one in cond.operand)
    operand = _operand(row, cond, frozen)
    if operand is None:
        return False
    compare = COMPARE[cond.op]
    if compare is eq:
        return _like(value, operand)
    return bool(compare(value, operand))


def _like(value: Any, other: Any) -> bool:
    return bool(value == other) or str(value) == str(other)


def _operand(row: Any, cond: Cond, frozen: Frozen) -> Any:
    if cond.kind == "threshold":
        return frozen.figure(cond.operand)
    if cond.kind == "days":
        return frozen.as_of + timedelta(days=cond.operand)
    if cond.kind == "year":
        return frozen.as_of.year + cond.operand
    return getattr(row, cond.operand) if cond.kind == "than" else cond.operand


def _heading(feed: Feed, name: str) -> str:
    unit = feed.column(name).unit
    return f"{feed.header(name)}（{unit}）" if unit else feed.header(name)


def _text(record: Any, name: str) -> str:
    if display := getattr(record, f"get_{name}_display", None):
        return str(display())
    value = getattr(record, name)
    if isinstance(value, Decimal):
        return figure(value)
    return "" if value is None else str(value)
