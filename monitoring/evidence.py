"""Why an alert was raised: its source rows read back, feed by feed, with the arithmetic of each."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import timezone

from grid.models import Department
from monitoring.feeds import FEEDS, Feed
from monitoring.models import Alert, Annotation, Hit

MOST_ROWS = 20
Rows = Mapping[str, Sequence[int]]  # data set: record ids, as hits and annotations keep them


@dataclass(slots=True)
class FeedEvidence:
    """The rows of one data set: `rows` and `total` are its arithmetic, `details` the rows."""

    title: str = ""
    department: str = ""
    received_on: date | None = None
    headings: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    total: list[str] | None = None
    detail_headings: list[str] = field(default_factory=list)
    details: list[list[str]] = field(default_factory=list)
    more: int = 0

    @property
    def single(self) -> list[tuple[str, str]]:
        """The only source row as (heading, text), which reads better than a table of one row."""
        if len(self.details) != 1:
            return []
        return list(zip(self.detail_headings, self.details[0], strict=True))


@dataclass(slots=True)
class Evidence:
    """What the page shows for one alert; a sign that shows by absence has no feeds."""

    feeds: list[FeedEvidence] = field(default_factory=list)

    @property
    def department(self) -> str:
        return "、".join(dict.fromkeys(f.department for f in self.feeds if f.department))

    @property
    def received_on(self) -> date | None:
        return max((f.received_on for f in self.feeds if f.received_on), default=None)


def evidence_of(alerts: Iterable[Alert]) -> dict[int, Evidence]:
    """Evidence by alert id; one query for hits and one a feed."""
    wanted: dict[int, list[Rows]] = defaultdict(list)
    for hit in Hit.objects.filter(alert__in=list(alerts)):
        wanted[hit.alert_id].append(hit.evidence)
    return _read(wanted)


def evidence_of_annotations(annotations: Iterable[Annotation]) -> dict[int, Evidence]:
    """Evidence by annotation id; one query a feed."""
    return _read({a.pk: [a.evidence] for a in annotations})


def _read(wanted: Mapping[int, Sequence[Rows]]) -> dict[int, Evidence]:
    ids: dict[str, set[int]] = defaultdict(set)
    for parts in wanted.values():
        for code, rows in (item for part in parts for item in part.items()):
            ids[code].update(rows)
    records = {
        code: FEEDS[code].model._default_manager.select_related("upload").in_bulk(list(rows))
        for code, rows in ids.items()
        if code in FEEDS
    }
    departments = dict(Department.objects.values_list("code", "short_name")) if records else {}
    return {key: _shown(parts, records, departments) for key, parts in wanted.items()}


def _shown(
    parts: Sequence[Rows], records: Mapping[str, dict[int, Any]], departments: dict[str, str]
) -> Evidence:
    """The feeds with arithmetic first, then by name."""
    codes = {code for part in parts for code in part if code in records}
    shown = Evidence()
    for code in sorted(codes, key=lambda c: (not FEEDS[c].arithmetic, FEEDS[c].title)):
        ids = sorted({pk for part in parts for pk in part.get(code, ())})
        rows = [records[code][pk] for pk in ids if pk in records[code]]
        if rows:
            shown.feeds.append(_of_feed(FEEDS[code], rows, departments))
    return shown


def _of_feed(feed: Feed, rows: Sequence[Any], departments: dict[str, str]) -> FeedEvidence:
    received_on = timezone.localdate(max(r.received_at for r in rows))
    shown = FeedEvidence(feed.title, departments.get(feed.department, ""), received_on)
    if feed.arithmetic:
        _add_arithmetic(shown, feed, rows, f"{shown.department} {received_on:%m-%d}")
    _add_details(shown, feed, rows)
    return shown


def _add_arithmetic(shown: FeedEvidence, feed: Feed, rows: Sequence[Any], source: str) -> None:
    """Sums of the columns: the first, less the others, gives the last."""
    first, *less, last = feed.arithmetic
    shown.headings = ["依据", "数值（元）", "来源"]
    total = _sum(rows, first)
    shown.rows.append([f"{feed.header(first)}（{len(rows)} 次）", figure(total), source])
    for name in less:
        part = _sum(rows, name)
        shown.rows.append([feed.header(name), f"−{figure(part)}" if part else "0", source])
    shown.total = [feed.header(last), figure(_sum(rows, last)), ""]


def _sum(rows: Sequence[Any], name: str) -> Decimal:
    return sum((getattr(r, name) or Decimal(0) for r in rows), Decimal(0))


def _add_details(shown: FeedEvidence, feed: Feed, rows: Sequence[Any]) -> None:
    """Each source row with its batch row number, newest first."""
    hidden = {"person_name", "id_number", *feed.arithmetic[1:-1]}
    names = [n for n in feed.contract if n not in hidden]
    names.sort(key=lambda n: n != feed.valid_on)
    shown.detail_headings = [feed.header(n) for n in names] + ["批次行号"]
    newest = sorted(rows, key=lambda r: (getattr(r, feed.valid_on) or date.min, r.pk), reverse=True)
    shown.more = max(0, len(newest) - MOST_ROWS)
    shown.details = [
        [_text(r, n) for n in names] + [f"{r.received_at:%m-%d} 第 {r.row_number} 行"]
        for r in newest[:MOST_ROWS]
    ]


def _text(record: Any, name: str) -> str:
    if display := getattr(record, f"get_{name}_display", None):
        return str(display())
    value = getattr(record, name)
    if isinstance(value, Decimal):
        return figure(value)
    return "" if value is None else str(value)


def figure(value: Decimal | None) -> str:
    """A measured value as people read it: thousands separated, no empty decimals."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value == value.to_integral_value() else f"{value:,.2f}"
