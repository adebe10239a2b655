"""Why an alert was raised: the arithmetic over its evidence rows, read back from the feeds."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import timezone

from grid.models import Department
from monitoring.actions.screenings import figure
from monitoring.feeds import FEEDS, Feed
from monitoring.models import Alert, Hit

MOST_ROWS = 20


@dataclass(slots=True)
class Evidence:
    """What the page shows for one alert."""

    headings: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    total: list[str] | None = None
    detail_headings: list[str] = field(default_factory=list)
    details: list[list[str]] = field(default_factory=list)
    more: int = 0
    department: str = ""
    received_on: date | None = None

    @property
    def single(self) -> list[tuple[str, str]]:
        """The only source row as (heading, text), which reads better than a table of one row."""
        if len(self.details) != 1:
            return []
        return list(zip(self.detail_headings, self.details[0], strict=True))


def evidence_of(alerts: Iterable[Alert]) -> dict[int, Evidence]:
    """Evidence by alert id; one query for hits and one a feed."""
    hits: dict[int, list[Hit]] = defaultdict(list)
    for hit in Hit.objects.filter(alert__in=list(alerts)).select_related("person"):
        hits[hit.alert_id].append(hit)
    wanted: dict[str, set[int]] = defaultdict(set)
    for hit in (h for group in hits.values() for h in group):
        wanted[hit.feed].update(hit.evidence)
    records = {
        code: FEEDS[code].model._default_manager.select_related("upload").in_bulk(ids)
        for code, ids in wanted.items()
    }
    departments = dict(Department.objects.values_list("code", "short_name"))
    return {
        alert_id: _shown(group, records[group[0].feed], departments)
        for alert_id, group in hits.items()
    }


def _shown(hits: Sequence[Hit], records: dict[int, Any], departments: dict[str, str]) -> Evidence:
    feed = FEEDS[hits[0].feed]
    rows = [records[pk] for hit in hits for pk in hit.evidence if pk in records]
    shown = Evidence(department=departments.get(feed.department, ""))
    if not rows:
        return shown
    shown.received_on = timezone.localdate(max(r.received_at for r in rows))
    source = f"{shown.department} {shown.received_on:%m-%d}"
    if feed.arithmetic:
        _add_arithmetic(shown, feed, rows, source)
    _add_details(shown, feed, rows)
    return shown


def _add_arithmetic(shown: Evidence, feed: Feed, rows: Sequence[Any], source: str) -> None:
    """Sums of the columns: the first, less the others, gives the last."""
    first, *less, last = feed.arithmetic
    shown.headings = ["依据", "数值（元）", "来源"]
    total = sum((getattr(r, first) for r in rows), Decimal(0))
    shown.rows.append([f"{feed.header(first)}（{len(rows)} 次）", figure(total), source])
    for name in less:
        part = sum((getattr(r, name) for r in rows), Decimal(0))
        shown.rows.append([feed.header(name), f"−{figure(part)}" if part else "0", source])
    result = sum((getattr(r, last) for r in rows), Decimal(0))
    shown.total = [feed.header(last), figure(result), ""]


def _add_details(shown: Evidence, feed: Feed, rows: Sequence[Any]) -> None:
    """Each source row with its batch row number, newest first."""
    hidden = {"person_name", "id_number", *feed.arithmetic[1:-1]}
    names = [n for n in feed.contract if n not in hidden]
    names.sort(key=lambda n: n != feed.valid_on)
    shown.detail_headings = [feed.header(n) for n in names] + ["批次行号"]
    newest = sorted(rows, key=lambda r: (getattr(r, feed.valid_on), r.pk), reverse=True)
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
