"""How fresh each department's data is: last batch, due day, days late."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Max
from django.utils import timezone

from grid.models import Department
from monitoring.feeds import FEEDS
from monitoring.models import ScreeningRun, Upload


@dataclass(frozen=True, slots=True)
class Freshness:
    """One data set. `days_late` counts from the last due day that passed without a batch."""

    feed: str
    title: str
    department: str
    last_on: date | None
    days_late: int

    @property
    def late(self) -> bool:
        return self.days_late > 0


def last_due(day: int, today: date) -> date:
    """The latest due day not after today."""
    if today.day >= day:
        return today.replace(day=day)
    year, month = (today.year, today.month - 1) if today.month > 1 else (today.year - 1, 12)
    return date(year, month, day)


def freshness(today: date | None = None) -> list[Freshness]:
    """All data sets in one query; lateness is measured from the month in which data were due."""
    today = today or timezone.localdate()
    last = dict(
        Upload.objects.filter(stage=Upload.Stage.MERGED)
        .order_by()
        .values_list("feed")
        .annotate(at=Max("merged_at"))
    )
    names = dict(Department.objects.values_list("code", "short_name"))
    shown = []
    for code, feed in FEEDS.items():
        last_on = timezone.localdate(last[code]) if code in last else None
        due = last_due(feed.due_day, today)
        in_time = last_on is not None and last_on >= due.replace(day=1)
        shown.append(
            Freshness(
                feed=code,
                title=feed.title,
                department=names.get(feed.department, feed.department),
                last_on=last_on,
                days_late=0 if in_time else (today - due).days,
            )
        )
    return shown


def last_run() -> ScreeningRun | None:
    """The latest finished screening."""
    return ScreeningRun.objects.filter(job_state="done").first()


def recent_runs() -> list[ScreeningRun]:
    return list(ScreeningRun.objects.select_related("upload", "asked_by")[:50])
