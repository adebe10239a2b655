"""How good a department's data are: a score out of 100 and twelve months of it, from batch counts.

score = 50 x good + 30 x matched + 20 x on time, each a share between 0 and 1. A share that cannot
be told (nothing came, nothing was due) is left out and the other weights are scaled up.
Source: the weights are ours, to be confirmed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone

from monitoring.feeds import Feed
from monitoring.freshness import (
    MONTHS_SHOWN,
    UNCOUNTED,
    Freshness,
    Mark,
    first_of,
    freshness,
    month_index,
)
from monitoring.models import Upload

WEIGHTS = {"good": 50, "matched": 30, "on_time": 20}  # 待核定
SPARK_WIDTH, SPARK_HEIGHT = 120, 28  # drawing units


@dataclass(frozen=True, slots=True)
class Shares:
    """Row counts and the three shares; None where there is nothing to measure."""

    rows: int = 0  # sent, without blank ones
    kept: int = 0  # accepted or unchanged
    matched_rows: int = 0
    due: int = 0  # due months that are over
    on_time_months: int = 0

    @property
    def good(self) -> float | None:
        return self.kept / self.rows if self.rows else None

    @property
    def matched(self) -> float | None:
        return self.matched_rows / self.kept if self.kept else None

    @property
    def on_time(self) -> float | None:
        return self.on_time_months / self.due if self.due else None

    @property
    def score(self) -> int | None:
        """0 to 100, or None before any row came."""
        if not self.rows:
            return None
        known = [
            (weight, share)
            for name, weight in WEIGHTS.items()
            if (share := getattr(self, name)) is not None
        ]
        return round(100 * sum(w * s for w, s in known) / sum(w for w, _ in known))


@dataclass(frozen=True, slots=True)
class MonthQuality:
    month: date
    shares: Shares
    mark: Mark


@dataclass(frozen=True, slots=True)
class Quality:
    """One data set over the months shown."""

    fresh: Freshness
    total: Shares
    months: tuple[MonthQuality, ...]

    @property
    def change(self) -> int | None:
        """Points between the last two months in which rows came."""
        scores = [m.shares.score for m in self.months if m.shares.score is not None]
        return scores[-1] - scores[-2] if len(scores) > 1 else None

    @property
    def change_in_words(self) -> str:
        """How the last month compares with the one before it; nothing when it is the same."""
        if not self.change:
            return ""
        return f"末月比前次{'高' if self.change > 0 else '低'} {abs(self.change)}"

    @property
    def spark(self) -> str:
        """Points of an SVG polyline, 0 at the bottom and 100 at the top; months in order."""
        step = SPARK_WIDTH / (MONTHS_SHOWN - 1)
        return " ".join(
            f"{i * step:.1f},{2 + (SPARK_HEIGHT - 4) * (1 - score / 100):.1f}"
            for i, month in enumerate(self.months)
            if (score := month.shares.score) is not None
        )

    @property
    def spark_ends(self) -> tuple[str, str] | None:
        """Where the newest score is drawn, so that a single month shows too."""
        last = self.spark.rpartition(" ")[2]
        return (last.partition(",")[0], last.partition(",")[2]) if last else None


def quality(feeds: Iterable[Feed], today: date | None = None) -> list[Quality]:
    """Score and months of each data set in four queries, however many they are."""
    today = today or timezone.localdate()
    feeds = list(feeds)
    now = month_index(today)
    counts = _counts({feed.code for feed in feeds}, first_of(now - MONTHS_SHOWN + 1))
    found = []
    for fresh in freshness(today, feeds):
        months = tuple(
            MonthQuality(m.month, _month(counts.get((fresh.feed, m.month), {}), m.mark), m.mark)
            for m in fresh.months
        )
        found.append(Quality(fresh, _total(months), months))
    return found


def _counts(codes: set[str], since: date) -> dict[tuple[str, date], dict[str, Any]]:
    rows = (
        Upload.objects.filter(stage=Upload.Stage.MERGED, feed__in=codes, merged_at__date__gte=since)
        .order_by()
        .annotate(month=TruncMonth("merged_at"))
        .values("feed", "month")
        .annotate(
            rows_in=Sum("rows_in"),
            empty=Sum("blank"),
            taken=Sum("accepted"),
            same=Sum("unchanged"),
            nobody=Sum("unmatched"),
        )
    )
    return {(row["feed"], timezone.localdate(row["month"])): dict(row) for row in rows}


def _month(row: dict[str, Any], mark: Mark) -> Shares:
    over = mark not in UNCOUNTED
    kept = row.get("taken", 0) + row.get("same", 0)
    return Shares(
        rows=row.get("rows_in", 0) - row.get("empty", 0),
        kept=kept,
        matched_rows=max(0, kept - row.get("nobody", 0)),
        due=int(over),
        on_time_months=int(mark == Mark.ON_TIME),
    )


def _total(months: Iterable[MonthQuality]) -> Shares:
    shares = [m.shares for m in months]
    return Shares(
        rows=sum(s.rows for s in shares),
        kept=sum(s.kept for s in shares),
        matched_rows=sum(s.matched_rows for s in shares),
        due=sum(s.due for s in shares),
        on_time_months=sum(s.on_time_months for s in shares),
    )
