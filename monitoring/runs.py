"""Screening runs as people read them: the list, one run with its shards, its inputs, its rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from grid.roles import Level
from monitoring.actions.schedules import DAILY
from monitoring.actions.shards import COUNTS
from monitoring.freshness import department_names
from monitoring.models import (
    Rule,
    RuleVersion,
    RunComparison,
    ScreeningRun,
    ScreeningShard,
    Threshold,
    Upload,
)
from monitoring.queue import Filters
from yizhou.refusals import NotFound

JobState = ScreeningRun.JobState
UNDER_WAY = (JobState.WAITING, JobState.WORKING)
LARGE = ("frozen", "by_rule")  # what lists have no use for
TO_CHOOSE = 50
ALERT = "alert"  # the effect of a rule that says nothing else


def runs_in_order() -> "QuerySet[ScreeningRun]":
    """All runs, latest first, without their large columns."""
    return ScreeningRun.objects.defer(*LARGE).select_related("upload", "asked_by", "stopped_by")


def with_shards(runs: list[ScreeningRun]) -> list["RunRow"]:
    """The runs with how many of their shards are done, in one query."""
    rows = ScreeningShard.objects.filter(run__in=[run.pk for run in runs]).order_by().values("run")
    counted = rows.annotate(n=Count("pk"), done=Count("pk", filter=Q(job_state=JobState.DONE)))
    shards = {row["run"]: (row["done"], row["n"]) for row in counted}
    return [RunRow(run, *shards.get(run.pk, (0, 0))) for run in runs]


@dataclass(frozen=True, slots=True)
class RunRow:
    run: ScreeningRun
    shards_done: int
    shards: int

    @property
    def busy(self) -> bool:
        return self.run.job_state in UNDER_WAY

    @property
    def may_retry(self) -> bool:
        return self.run.job_state in (JobState.FAILED, JobState.STOPPED)


def run_of(pk: int) -> ScreeningRun:
    """Raises NotFound."""
    rows = ScreeningRun.objects.select_related("upload", "asked_by", "stopped_by", "repeats")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise NotFound("没有这次研判。")
    return found


# ---- one run ----


def shards_of(run: ScreeningRun) -> list[ScreeningShard]:
    return list(run.shards.defer("by_rule").order_by("number"))


@dataclass(frozen=True, slots=True)
class Sum:
    """One count of the run and of all its shards together."""

    label: str
    of_shards: int
    of_run: int

    @property
    def equal(self) -> bool:
        return self.of_shards == self.of_run


def sums_of(run: ScreeningRun, shards: Iterable[ScreeningShard]) -> list[Sum]:
    """In the order of COUNTS. While the run is at work its own counts are still 0."""
    every = list(shards)
    labels = {field.name: str(field.verbose_name) for field in ScreeningRun._meta.fields}
    return [
        Sum(
            labels[name],
            sum(getattr(shard, name) for shard in every),
            getattr(run, name),
        )
        for name in COUNTS
    ]


@dataclass(frozen=True, slots=True)
class Found:
    """Hits of one rule and their fingerprint: equal fingerprints, the same hits."""

    hits: int = 0
    digest: str = "0"
    overfull: int = 0

    @classmethod
    def read(cls, kept: Mapping[str, Any] | None) -> "Found":
        kept = kept or {}
        return cls(kept.get("hits", 0), str(kept.get("digest", "0")), kept.get("overfull", 0))

    @property
    def fingerprint(self) -> str:
        """Hexadecimal, so that two people can read it to each other."""
        return f"{int(self.digest):016x}"

    @property
    def short(self) -> str:
        return self.fingerprint[-8:]


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule of a run; `before` is what the run it repeats had found.

    No address of alerts for a rule that only annotates or lowers those of others.
    """

    code: str
    title: str
    number: int | None
    found: Found
    before: Found | None
    alerts_url: str

    @property
    def equal(self) -> bool:
        return self.before is None or self.found == self.before


def rules_of(run: ScreeningRun, *, first: ScreeningRun | None) -> list[RuleRow]:
    """Rules the run used, most hits first. `first`: compare with that run."""
    used: dict[str, int] = run.frozen.get("rules", {})
    rows_of = RuleVersion.objects.filter(pk__in=used.values()).order_by()
    versions = {
        pk: (number, effect or ALERT)
        for pk, number, effect in rows_of.values_list("pk", "number", "definition__effect")
    }
    titles = rule_titles(used)
    rows = []
    for code, version in used.items():
        number, effect = versions.get(version, (None, ""))
        rows.append(
            RuleRow(
                code=code,
                title=titles.get(code, ""),
                number=number,
                found=Found.read(run.by_rule.get(code)),
                before=Found.read(first.by_rule.get(code)) if first is not None else None,
                alerts_url=Filters(rule=code).url() if effect == ALERT else "",
            )
        )
    return sorted(rows, key=lambda row: (row.equal, -row.found.hits, row.code))


def rule_titles(codes: Iterable[str]) -> dict[str, str]:
    return dict(Rule.objects.filter(pk__in=list(codes)).values_list("code", "title").order_by())


def overfull_of(rows: Iterable[RuleRow]) -> list[RuleRow]:
    return [row for row in rows if row.found.overfull]


def skipped_of(run: ScreeningRun) -> list[tuple[str, str, str]]:
    """(code, title, sentence) of the rules that could not run."""
    skipped: dict[str, str] = run.frozen.get("skipped", {})
    titles = rule_titles(skipped)
    return [(code, titles.get(code, ""), why) for code, why in sorted(skipped.items())]


@dataclass(frozen=True, slots=True)
class Line:
    """A figure as a run froze it, named as the county names it on that day."""

    key: str
    label: str
    value: str
    unit: str
    confirmed: bool


def lines_of(run: ScreeningRun) -> list[Line]:
    kept: dict[str, str] = run.frozen.get("thresholds", {})
    named = named_figures(kept, run.as_of)
    lines = []
    for key, value in sorted(kept.items()):
        label, unit, confirmed = named[key]
        lines.append(Line(key, label, value, unit, confirmed))
    return lines


def named_figures(keys: Iterable[str], day: date) -> dict[str, tuple[str, str, bool]]:
    """(label, unit, confirmed) by key as on that day; of the first row when none had begun."""
    found = {key: (key, "", False) for key in keys}
    seen = set()
    rows = Threshold.objects.filter(key__in=found, area__level=Level.COUNTY)
    for row in rows.order_by("from_on"):
        if row.key not in seen or row.from_on <= day:
            found[row.key] = (row.label, row.unit, row.is_confirmed)
            seen.add(row.key)
    return found


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A batch that was being merged when the run began; none of its rows counted."""

    upload: Upload
    department: str


def left_out_of(run: ScreeningRun) -> list[LeftOut]:
    kept = run.frozen.get("not_yet", [])
    names = department_names() if kept else {}
    rows = Upload.objects.filter(pk__in=kept).order_by("received_at")
    return [LeftOut(row, names.get(row.department_id, "")) for row in rows]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A later run over the same inputs, and whether it found the same."""

    run: ScreeningRun
    equal: bool


def repeats_of(run: ScreeningRun) -> list[Repeat]:
    rows = run.repeated_by.select_related("asked_by").order_by("-pk")[:10]
    return [Repeat(row, row.by_rule == run.by_rule) for row in rows.defer("frozen")]


def comparisons_of(run: ScreeningRun) -> list[RunComparison]:
    rows = RunComparison.objects.filter(Q(first=run) | Q(second=run)).defer("results")
    return list(rows.select_related("asked_by").order_by("-pk")[:10])


def runs_to_compare(run: ScreeningRun) -> list[ScreeningRun]:
    """Finished runs that the page offers, latest first."""
    done = ScreeningRun.objects.filter(job_state=JobState.DONE).exclude(pk=run.pk)
    return list(done.exclude(known_at=None).defer(*LARGE).order_by("-pk")[:TO_CHOOSE])


# ---- what runs by the clock ----


@dataclass(frozen=True, slots=True)
class Clocked:
    """One row of the schedule besides the daily screening, which has its own form."""

    name: str
    when: str
    enabled: bool
    last_run: Any


def other_schedules() -> list[Clocked]:
    rows = PeriodicTask.objects.exclude(name=DAILY).exclude(name__startswith="celery.")
    return [
        Clocked(row.name, _when(row), row.enabled, row.last_run_at)
        for row in rows.select_related("crontab", "interval").order_by("crontab", "pk")
    ]


def _when(row: PeriodicTask) -> str:
    if row.crontab is not None:
        return _by_clock(row.crontab)
    if row.interval is None:
        return "—"
    seconds = row.interval.every * {"days": 86_400, "hours": 3_600, "minutes": 60}.get(
        row.interval.period, 1
    )
    for size, word in ((86_400, "天"), (3_600, "小时"), (60, "分钟")):
        if seconds % size == 0:
            return f"每 {seconds // size} {word}"
    return f"每 {seconds} 秒"


def _by_clock(at: CrontabSchedule) -> str:
    """每天 07:30; 每天 0-5 时的第 10 分; anything else as cron writes it."""
    if {at.day_of_week, at.day_of_month, at.month_of_year} != {"*"}:
        return f"{at.minute} {at.hour} {at.day_of_month} {at.month_of_year} {at.day_of_week}"
    if at.hour.isdecimal() and at.minute.isdecimal():
        return f"每天 {int(at.hour):02}:{int(at.minute):02}"
    return f"每天 {at.hour.replace('-', '–')} 时的第 {at.minute} 分"
