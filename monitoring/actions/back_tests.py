"""Back-test: a version as it would have spoken at past month ends, against verified findings.

At each month end, and today, the rule sees what was known then. The truth are the findings of
alerts of the same risk that were settled in the 90 days before: a household is positive when one of
them is CONFIRMED, negative when all are REFUTED (monitoring/verdicts.py), and otherwise left out.
Counts are of households on one day; the total adds the days up.

Before the first batch of its data sets came in, nothing was known: such a day is judged with what
is known now and marked `hindsight`. Before the registry was entered, the present one stands in.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta
from django.db import OperationalError, transaction
from django.utils import timezone
from psycopg2.sql import SQL

from grid.models import Account, Household
from grid.roles import Act
from grid.scope import require
from monitoring.actions.figures import lacking
from monitoring.actions.trying import frozen_with, tried
from monitoring.models import BackTest, Finding, RuleVersion, Upload
from monitoring.rules.definition import check_definition, feeds_read
from monitoring.verdicts import CONFIRMED, REFUTED
from yizhou.audit import record
from yizhou.deferred import LeaseLost, ring
from yizhou.refusals import Refusal
from yizhou.statements import ask

MOST_MONTHS = 24
KNOWN_FOR = timedelta(days=90)
DAY_WITHIN_MS = 60_000
INTERRUPTED = "回测中断，系统会自动再试；若一直不成功，请点“重试”或联系系统管理员。"
EXHAUSTED = "试了多次都没有完成。请点“重试”；仍不行请联系系统管理员查看日志。"
COUNTED = ("hits", "known", "positive", "true", "false", "lost", "unknown")
JobState = BackTest.JobState


@transaction.atomic
def request_back_test(*, acting: Account, version: RuleVersion, months: int) -> BackTest:
    """Freeze the version's content as it is now and put the test in the queue. Raises Refusal."""
    require(acting, Act.WRITE_RULES)
    if not 1 <= months <= MOST_MONTHS:
        raise Refusal(f"回测的月数应为 1 到 {MOST_MONTHS}。", code="months")
    check_definition(version.definition)
    if missing := lacking(version.definition, version.figures, timezone.localdate()):
        raise Refusal(missing[0], code="figures")
    same = BackTest.objects.filter(
        rule_version=version, job_state__in=[JobState.WAITING, JobState.WORKING]
    )
    if same.exists():
        raise Refusal("这个版本的回测正在进行，请等它完成。", code="already_running")
    test = BackTest.objects.create(
        rule_version=version,
        definition=version.definition,
        figures=version.figures,
        months=months,
        until_on=timezone.localdate(),
        asked_by=acting,
    )
    record(acting=acting, verb="requested_back_test", subject=test, detail={"months": months})
    _ring_for(test.pk)
    return test


@transaction.atomic
def retry_back_test(*, acting: Account, back_test_id: int) -> None:
    """Put a failed test back in the queue. Raises Refusal when it is not failed."""
    require(acting, Act.WRITE_RULES)
    changed = BackTest.objects.filter(pk=back_test_id, job_state=JobState.FAILED).update(
        job_state=JobState.WAITING, attempt=0, not_before=None, job_error=""
    )
    if not changed:
        raise Refusal("这次回测没有失败，不用重试。", code="not_failed")
    record(acting=acting, verb="retried_back_test", subject=("monitoring.backtest", back_test_id))
    _ring_for(back_test_id)


def _ring_for(back_test_id: int) -> None:
    from monitoring.tasks import run_back_test

    ring(run_back_test, back_test_id)


def perform_back_test(back_test_id: int) -> bool:
    """Claim the test and carry it out. False when another worker has it or it is over."""
    return BackTest.carry_out(back_test_id, _test, interrupted=INTERRUPTED)


def sweep_back_tests() -> None:
    """Tests whose bell was lost or whose worker died; give up on those tried too often."""
    for pk in BackTest.objects.claimable().order_by("pk").values_list("pk", flat=True)[:5]:
        perform_back_test(pk)
    BackTest.objects.exhausted().update(
        job_state=JobState.FAILED, lease_until=None, job_error=EXHAUSTED
    )


def days_tested(until_on: date, months: int) -> list[date]:
    """The last days of so many months before `until_on`, oldest first, then `until_on` itself."""
    first = until_on.replace(day=1)
    ends = [first - relativedelta(months=n) - timedelta(days=1) for n in range(months)]
    return [*reversed(ends), until_on]


def _test(test: BackTest, token: uuid.UUID) -> None:
    done: list[dict[str, Any]] = []
    ends = days_tested(test.until_on, test.months)
    for number, end in enumerate(ends, start=1):
        try:
            done.append(_on(test, end))
        except OperationalError as error:
            if "statement timeout" not in str(error):
                raise
            raise Refusal("一天的回测超过 1 分钟，已停止。请缩短时间窗后再试。") from None
        if not BackTest.renew(test.pk, token, progress=99 * number // len(ends)):
            raise LeaseLost
    with transaction.atomic():
        BackTest.objects.filter(pk=test.pk, lease_token=token).update(
            results={"months": done, "total": added_up(done)}, finished_at=timezone.now()
        )
        if not BackTest.finish(test.pk, token):
            raise LeaseLost


def _on(test: BackTest, day: date) -> dict[str, Any]:
    """What the rule says on that day, with what was known at its end."""
    moment = min(end_of(day), timezone.now())
    version = test.rule_version
    known = records_known(test.definition, moment)
    frozen = replace(
        frozen_with(version.rule_id, version.pk, test.definition, test.figures, as_of=day),
        known_at=moment if known else timezone.now(),
        replay=Household.objects.filter(entered_at__lte=moment).exists(),
    )
    with tried(frozen, within_ms=DAY_WITHIN_MS) as screened:
        hit = {pk for (pk,) in ask(SQL("SELECT DISTINCT household_id FROM hit"))}
    positive, negative = verified(version.rule.risk, moment)
    return {
        "on": day.isoformat(),
        "hindsight": not known,
        "overfull": screened.overfull.get(version.rule_id, 0),
        **judged(hit, positive, negative),
    }


def records_known(definition: Mapping[str, Any], moment: datetime) -> bool:
    """Whether any batch of the data sets that the rule reads was in by that moment."""
    feeds = feeds_read(definition)
    came = Upload.objects.filter(feed__in=feeds, stage=Upload.Stage.MERGED, merged_at__lte=moment)
    return not feeds or came.exists()


def end_of(day: date) -> datetime:
    """The last moment of a day here."""
    return timezone.make_aware(datetime.combine(day, time.max))


def verified(risk: str, known_at: datetime) -> tuple[set[int], set[int]]:
    """Households known by findings of that risk to be (positive, negative) at a moment."""
    rows = Finding.objects.filter(
        alert__rule__risk=risk, decided_at__lte=known_at, decided_at__gt=known_at - KNOWN_FOR
    ).values_list("alert__household_id", "outcome")
    found = list(rows)
    positive = {pk for pk, outcome in found if outcome in CONFIRMED}
    negative = {pk for pk, outcome in found if outcome in REFUTED}
    return positive, negative - positive


def judged(hit: set[int], positive: set[int], negative: set[int]) -> dict[str, int]:
    """Counts of one day: true and false hits, positives the rule would have lost."""
    known = positive | negative
    return {
        "hits": len(hit),
        "known": len(known),
        "positive": len(positive),
        "true": len(hit & positive),
        "false": len(hit & negative),
        "lost": len(positive - hit),
        "unknown": len(hit - known),
    }


def added_up(months: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """All days together, with precision and recall among the known (None when nothing is)."""
    rows = list(months)
    total: dict[str, Any] = {name: sum(row[name] for row in rows) for name in COUNTED}
    total["overfull"] = sum(1 for row in rows if row["overfull"])
    total["precision"] = share(total["true"], total["true"] + total["false"])
    total["recall"] = share(total["true"], total["positive"])
    return total


def share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
