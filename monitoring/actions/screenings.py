"""Screening: asked for, claimed by one worker, run in one transaction, merged into alerts.

A run freezes its day, rule versions and figures. Repeating it changes nothing: alerts are keyed
by (household, rule), compared by a fingerprint of their evidence, and quiet after a settlement.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from grid.actions.work_items import VisitRequest, end_purposes, open_work_items, update_purposes
from grid.models import Severity, WorkItemPurpose
from grid.roles import Act, Level
from grid.scope import require
from monitoring.engine import Frozen, FrozenRule, collect_hits
from monitoring.models import Alert, AlertEvent, AlertState, RuleVersion, ScreeningRun, Threshold
from yizhou.audit import SYSTEM, record
from yizhou.deferred import LeaseLost, heartbeat, ring
from yizhou.refusals import Refusal
from yizhou.workdays import add_workdays

PURPOSE = "verify_alert"
ONE_AT_A_TIME = 7_340_001  # advisory lock of the merge
RETRY_IN = timedelta(seconds=30)
INTERRUPTED = "研判中断，系统会自动再试；若一直不成功，请点“重试”或联系系统管理员。"
EXHAUSTED = "试了多次都没有完成。请点“重试”；仍不行请联系系统管理员查看日志。"


@transaction.atomic
def request_screening(
    *, acting: Any, trigger: str, upload: Any = None, as_of: date | None = None
) -> ScreeningRun:
    """Put a run in the queue and ring. An upload asks once, however often it is merged again."""
    from monitoring.tasks import run_screening

    if trigger == ScreeningRun.Trigger.BY_HAND:
        require(acting, Act.RUN_SCREENING)
        waiting = ScreeningRun.objects.filter(job_state__in=["waiting", "working"]).first()
        if waiting is not None:
            raise Refusal("已有一次研判在排队或进行中，请等它完成。", code="already_running")
    values = {
        "trigger": trigger,
        "asked_by_id": getattr(acting, "account_id", None) or getattr(acting, "pk", None),
        "as_of": as_of or timezone.localdate(),
    }
    if upload is not None:
        run, new = ScreeningRun.objects.get_or_create(upload=upload, defaults=values)
    else:
        run, new = ScreeningRun.objects.create(**values), True
    if new:
        record(acting=acting, verb="requested_screening", subject=run, detail={"trigger": trigger})
        ring(run_screening, run.pk)
    return run


@transaction.atomic
def retry_screening(*, acting: Any, run_id: int) -> None:
    """Put a failed run back in the queue. Raises Refusal when it is not failed."""
    from monitoring.tasks import run_screening

    require(acting, Act.RUN_SCREENING)
    changed = ScreeningRun.objects.filter(pk=run_id, job_state="failed").update(
        job_state="waiting", attempt=0, not_before=None, job_error=""
    )
    if not changed:
        raise Refusal("这次研判不是失败状态，不用重试。", code="not_failed")
    record(acting=acting, verb="retried_screening", subject=("monitoring.screeningrun", run_id))
    ring(run_screening, run_id)


def freeze(*, as_of: date, known_at: datetime | None = None) -> Frozen:
    """Published rule versions and the county's figures of the day."""
    versions = RuleVersion.objects.published().order_by("rule_id")
    thresholds = Threshold.objects.on(as_of).filter(area__level=Level.COUNTY)
    return Frozen(
        as_of=as_of,
        known_at=known_at,
        rules=[FrozenRule(v.rule_id, v.pk, v.definition) for v in versions],
        thresholds={t.key: t.value for t in thresholds},
    )


def sweep_screenings() -> None:
    """Carry out runs whose bell was lost or whose worker died; give up on those tried too often."""
    for run in ScreeningRun.objects.claimable().order_by("pk")[:20]:
        perform_screening(run.pk)
    ScreeningRun.objects.exhausted().update(job_state="failed", job_error=EXHAUSTED)


def perform_screening(run_id: int) -> bool:
    """Claim the run and carry it out. False when another worker has it or it is over."""
    token = ScreeningRun.claim(run_id)
    if token is None:
        return False
    try:
        with heartbeat(ScreeningRun, run_id, token):
            _screen(run_id, token)
    except Refusal as refusal:
        ScreeningRun.fail(run_id, token, refusal.sentence, retry_in=None)
    except LeaseLost:
        return False
    except Exception:
        # The error may quote rows; it goes to the log, people get a sentence.
        ScreeningRun.fail(run_id, token, INTERRUPTED, retry_in=RETRY_IN)
        raise
    return True


@transaction.atomic
def _screen(run_id: int, token: uuid.UUID) -> None:
    run = ScreeningRun.objects.get(pk=run_id)
    run.started_at = timezone.now()
    # Tried again late, it must not withdraw what came to light since.
    run.as_of = max([run.as_of, *_later_days(run.as_of)])
    frozen = freeze(as_of=run.as_of)
    run.frozen = {
        "rules": {r.rule_id: r.version_id for r in frozen.rules},
        "thresholds": {key: str(value) for key, value in frozen.thresholds.items()},
        "known_at": run.started_at.isoformat(),
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
    run.hits = collect_hits(frozen)
    merged = _Merge(run, frozen).carry_out()
    run.alerts_opened, run.alerts_grown = len(merged.opened), len(merged.grown)
    run.alerts_withdrawn, run.work_items_opened = merged.withdrawn, merged.work_items
    run.finished_at = timezone.now()
    run.save(
        update_fields=[
            "as_of",
            "started_at",
            "frozen",
            "hits",
            "alerts_opened",
            "alerts_grown",
            "alerts_withdrawn",
            "work_items_opened",
            "finished_at",
        ]
    )
    record(
        acting=SYSTEM,
        verb="screened",
        subject=run,
        detail={"hits": run.hits, "opened": run.alerts_opened, "grown": run.alerts_grown},
    )
    if not ScreeningRun.finish(run_id, token):
        raise LeaseLost


def _later_days(day: date) -> list[date]:
    done = ScreeningRun.objects.filter(job_state="done", as_of__gt=day).order_by("-as_of")
    return list(done.values_list("as_of", flat=True)[:1])


@dataclass(slots=True)
class _Merged:
    opened: list[int]
    grown: list[int]
    withdrawn: int
    work_items: int


# One row a household and rule: gravest severity, largest value, all evidence, one sentence.
CANDIDATES = """
DROP TABLE IF EXISTS pg_temp.candidate;
CREATE TEMPORARY TABLE candidate ON COMMIT DROP AS
SELECT g.*,
       left(replace(replace(replace(replace(replace(v.definition->>'sentence',
           '{{value}}', {value}), '{{line}}', coalesce({line}, '')),
           '{{line_label}}', g.line_label), '{{who}}', coalesce(g.who, '')),
           '{{people}}', g.people::text), 300) AS sentence,
       (v.definition->>'cool_down_days')::integer AS cool_down_days,
       (v.definition->>'regrow_share')::numeric AS regrow_share
FROM (
    SELECT h.rule_id, h.version_id, h.household_id, min(h.code) AS code,
           min(h.severity) AS severity, max(h.value) AS value, max(h.line) AS line,
           max(h.line_label) AS line_label,
           string_agg(p.name, '、' ORDER BY p.id) AS who, count(*) AS people,
           coalesce(array_agg(h.person_id) FILTER (WHERE h.person_id IS NOT NULL), '{{}}')
               AS people_ids,
           decode(md5(string_agg(
               concat_ws('|', h.person_id, h.value, h.line, h.severity, h.evidence::text), ';'
               ORDER BY h.person_id)), 'hex') AS evidence_hash
    FROM hit h LEFT JOIN grid_person p ON p.id = h.person_id
    GROUP BY h.rule_id, h.version_id, h.household_id
) g JOIN monitoring_ruleversion v ON v.id = g.version_id
"""
FIGURE = (
    "CASE WHEN {0} = trunc({0}) THEN to_char({0}, 'FM999,999,999,990')"
    " ELSE to_char({0}, 'FM999,999,999,990.00') END"
)

GROWN = """
UPDATE monitoring_alert a
SET value = c.value, line = c.line, severity = least(a.severity, c.severity),
    due_on = CASE WHEN c.severity < a.severity
        THEN least(a.due_on, ((%(due)s)::date[])[c.severity]) ELSE a.due_on END,
    sentence = c.sentence, evidence_hash = c.evidence_hash, rule_version_id = c.version_id,
    changed_in_id = %(run)s, version = a.version + 1
FROM candidate c
WHERE a.household_id = c.household_id AND a.rule_id = c.rule_id
  AND a.state IN ('to_verify', 'reported') AND a.evidence_hash <> c.evidence_hash
RETURNING a.id
"""

# Quiet after a settlement, unless there are new rows AND (a new person, the rest is over, or the
# value grew by the rule's share).
OPENED = """
INSERT INTO monitoring_alert (rule_id, rule_version_id, household_id, code, severity, state, value,
    line, sentence, evidence_hash, due_on, opened_at, opened_in_id, changed_in_id, version)
SELECT c.rule_id, c.version_id, c.household_id, c.code, c.severity, 'to_verify', c.value, c.line,
       c.sentence, c.evidence_hash, ((%(due)s)::date[])[c.severity], now(), %(run)s, %(run)s, 1
FROM candidate c
LEFT JOIN LATERAL (
    SELECT a.id, a.value, a.closed_at,
           array_agg(DISTINCT s.person_id) FILTER (WHERE s.person_id IS NOT NULL) AS people_ids
    FROM monitoring_alert a JOIN monitoring_hit s ON s.alert_id = a.id
    WHERE a.household_id = c.household_id AND a.rule_id = c.rule_id AND a.state = 'settled'
    GROUP BY a.id ORDER BY a.closed_at DESC LIMIT 1
) last ON true
WHERE NOT EXISTS (
    SELECT 1 FROM monitoring_alert o WHERE o.household_id = c.household_id
      AND o.rule_id = c.rule_id AND o.state IN ('to_verify', 'reported'))
  AND (last.id IS NULL OR (
      EXISTS (
          SELECT 1 FROM hit h, unnest(h.evidence) AS e(id)
          WHERE h.household_id = c.household_id AND h.rule_id = c.rule_id
            AND NOT EXISTS (SELECT 1 FROM monitoring_hit s
                            WHERE s.alert_id = last.id AND e.id = ANY (s.evidence)))
      AND (NOT c.people_ids <@ coalesce(last.people_ids, '{}')
           OR %(as_of)s >= (last.closed_at AT TIME ZONE 'Asia/Shanghai')::date + c.cool_down_days
           OR c.value >= last.value * (1 + c.regrow_share))))
ORDER BY c.household_id, c.rule_id
ON CONFLICT DO NOTHING
RETURNING id
"""

HITS = """
INSERT INTO monitoring_hit (alert_id, person_id, feed, value, line, severity, evidence, run_id)
SELECT a.id, h.person_id, h.feed, h.value, h.line, h.severity, h.evidence, %(run)s
FROM hit h JOIN monitoring_alert a ON a.household_id = h.household_id AND a.rule_id = h.rule_id
WHERE a.id = ANY (%(alerts)s)
"""

WITHDRAWN = """
UPDATE monitoring_alert a
SET state = 'withdrawn', closed_at = now(), changed_in_id = %(run)s, version = version + 1
WHERE a.state = 'to_verify' AND a.rule_id = ANY (%(rules)s)
  AND NOT EXISTS (SELECT 1 FROM candidate c
                  WHERE c.household_id = a.household_id AND c.rule_id = a.rule_id)
  AND NOT EXISTS (
      SELECT 1 FROM grid_visitreport r JOIN grid_workitempurpose p ON p.id = r.purpose_id
      WHERE p.kind = 'verify_alert' AND p.subject = a.id AND r.collected_at IS NULL)
RETURNING a.id
"""

# A household that moved takes its open alerts along.
MOVED = """
UPDATE monitoring_alert a SET code = h.code FROM grid_household h
WHERE h.id = a.household_id AND a.code <> h.code AND a.state IN ('to_verify', 'reported')
"""


class _Merge:
    """The merge of one run's hits into alerts and work items, statement by statement."""

    def __init__(self, run: ScreeningRun, frozen: Frozen) -> None:
        self.run = run
        self.frozen = frozen
        self.due = deadlines(frozen)

    def carry_out(self) -> _Merged:
        with connection.cursor() as cursor:
            cursor.execute(
                CANDIDATES.format(value=FIGURE.format("g.value"), line=FIGURE.format("g.line"))
            )
            cursor.execute(MOVED)
        withdrawn = self._ids(WITHDRAWN, rules=[r.rule_id for r in self.frozen.rules])
        due = [self.due[s] for s in sorted(self.due)]
        grown = self._ids(GROWN, due=due)
        opened = self._ids(OPENED, due=due, as_of=self.frozen.as_of)
        self._replace_hits(opened, grown)
        self._tell(AlertEvent.Verb.OPENED, opened)
        self._tell(AlertEvent.Verb.GREW, grown)
        self._tell(AlertEvent.Verb.WITHDRAWN, withdrawn, "部门数据更新后不再符合规则，自动撤销")
        end_purposes(
            acting=SYSTEM,
            kind=PURPOSE,
            subjects=withdrawn,
            state=WorkItemPurpose.State.DROPPED,
            sentence="部门数据更新后不再符合规则",
        )
        update_purposes(acting=SYSTEM, changed=visit_requests(grown))
        work = open_work_items(acting=SYSTEM, requests=visit_requests(opened))
        return _Merged(opened, grown, len(withdrawn), work.new)

    def _ids(self, statement: str, **values: Any) -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute(statement, {"run": self.run.pk, **values})
            return [row[0] for row in cursor.fetchall()]

    def _replace_hits(self, opened: Sequence[int], grown: Sequence[int]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM monitoring_hit WHERE alert_id = ANY (%s)", [list(grown)])
            cursor.execute(HITS, {"run": self.run.pk, "alerts": [*opened, *grown]})

    def _tell(self, verb: AlertEvent.Verb, alerts: Sequence[int], sentence: str = "") -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO monitoring_alertevent (alert_id, verb, at, by_name, sentence)"
                " SELECT id, %s, now(), %s, coalesce(nullif(%s, ''), sentence)"
                " FROM monitoring_alert WHERE id = ANY (%s)",
                [verb, SYSTEM.display_name, sentence, list(alerts)],
            )


def deadlines(frozen: Frozen) -> dict[int, date]:
    """The last day to visit, by severity: working days from today, not from the as-of day."""
    today = timezone.localdate()
    days: dict[int, date] = {}
    for severity in Severity.values:
        key = f"deadline_workdays_{severity}"
        if key not in frozen.thresholds:
            raise Refusal(
                f"没有{Severity(severity).label}色预警的核查时限（{key}）。请先录入。",
                code="threshold_missing",
            )
        days[severity] = add_workdays(today, int(frozen.thresholds[key]))
    return days


def visit_requests(alert_ids: Sequence[int]) -> list[VisitRequest]:
    """The alerts as purposes of a visit."""
    alerts = Alert.objects.filter(pk__in=alert_ids, state=AlertState.TO_VERIFY)
    return [
        VisitRequest(
            household_id=a.household_id,
            code=a.code,
            kind=PURPOSE,
            subject=a.pk,
            title=a.rule.title,
            sentence=a.sentence,
            severity=a.severity,
            due_on=a.due_on,
        )
        for a in alerts.select_related("rule").order_by("pk")
    ]


def figure(value: Decimal | None) -> str:
    """A measured value as people read it: thousands separated, no empty decimals."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value == value.to_integral_value() else f"{value:,.2f}"
