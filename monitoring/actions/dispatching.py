"""Which alerts reach a worker this week, and which wait in line.

A worker gets so many new households a week, by severity (thresholds BUDGET; red has no limit). A
household that has an open visit already costs nothing: nobody knocks twice. What exceeds the
budget is held, in sight of the township, which may send it at once.

Source: the limits are proposed, to be confirmed by the county.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from psycopg2.extras import Json

from grid.actions.work_items import VisitRequest, open_work_items, route
from grid.models import Severity
from grid.roles import Act
from grid.scope import require
from monitoring.actions.freezing import figures_on
from monitoring.models import Alert, AlertEvent, AlertState
from yizhou.audit import SYSTEM, record
from yizhou.refusals import Overtaken, Refusal, reason_given
from yizhou.workdays import add_workdays

PURPOSE = "verify_alert"
BUDGET = {s: f"visits_per_week_{s.value}" for s in Severity if s != Severity.RED}
MOST_AT_ONCE = 200
ONE_AT_A_TIME = 7_340_001  # class of the advisory locks, one a township
BUSY = "这个乡镇正在研判，预警可能马上会变。请过一分钟再派。"
ASK_REASON = "请写明为什么不等下周就派，2 到 200 个字，例如“村里反映情况紧急”。"

LOCK = """
SELECT pg_advisory_xact_lock(%s, t.key)
FROM (SELECT DISTINCT hashtext(c) AS key FROM unnest(%s::text[]) AS c ORDER BY 1) t
"""
TRY_LOCK = """
SELECT bool_and(pg_try_advisory_xact_lock(%s, t.key))
FROM (SELECT DISTINCT hashtext(c) AS key FROM unnest(%s::text[]) AS c ORDER BY 1) t
"""

# A household is as urgent as its gravest alert. `share`: how far over the line, 1 without a line.
SHARE = """
CASE WHEN coalesce(a.line, 0) <= 0 THEN 1
     WHEN v.definition->>'direction' = 'down' THEN a.line / greatest(a.value, 0.01)
     ELSE a.value / a.line END
"""
IN_LINE = f"""
SELECT DISTINCT ON (a.household_id) a.household_id, a.code, a.severity, {SHARE} AS share,
       a.opened_at
FROM monitoring_alert a JOIN monitoring_ruleversion v ON v.id = a.rule_version_id
WHERE a.state = 'held' AND ({{place}})
ORDER BY a.household_id, a.severity, share DESC, a.opened_at
"""  # noqa: S608 - no value in it

DEADLINES = """
SELECT DISTINCT v.definition->>'deadline'
FROM monitoring_alert a JOIN monitoring_ruleversion v ON v.id = a.rule_version_id
WHERE a.state = 'held' AND a.household_id = ANY (%s) AND v.definition ? 'deadline'
"""

# What every worker was sent since Monday: each household once, by what its visit is graded now.
SENT = """
SELECT w.assignee_id AS account_id, w.household_id, min(w.severity) AS severity
FROM grid_workitem w
WHERE w.opened_at >= %(monday)s AND w.assignee_id = ANY (%(accounts)s)
  AND EXISTS (SELECT 1 FROM grid_workitempurpose p
              WHERE p.work_item_id = w.id AND p.kind = 'verify_alert')
GROUP BY w.assignee_id, w.household_id
"""
USED = f"SELECT account_id, severity, count(*) FROM ({SENT}) s GROUP BY 1, 2"  # noqa: S608

CHOSEN = f"""
WITH line AS ({IN_LINE}),
worker AS (SELECT * FROM unnest(%(codes)s::text[], %(visitors)s::bigint[]) AS w(code, account_id)),
sent AS ({SENT}),
waiting AS (
    SELECT l.*, w.account_id,
           (%(limits)s::jsonb->>l.severity::text)::integer AS most,
           EXISTS (SELECT 1 FROM grid_workitem i
                   WHERE i.household_id = l.household_id AND i.state <> 'closed')
           OR EXISTS (SELECT 1 FROM sent s WHERE s.household_id = l.household_id
                      AND s.account_id = w.account_id) AS visited_anyway
    FROM line l LEFT JOIN worker w ON w.code = l.code
),
ranked AS (
    SELECT household_id, account_id, severity, most,
           row_number() OVER (PARTITION BY account_id, severity
                              ORDER BY share DESC, opened_at, household_id) AS place
    FROM waiting
    WHERE account_id IS NOT NULL AND most IS NOT NULL AND NOT visited_anyway
)
SELECT household_id FROM waiting
WHERE account_id IS NULL OR most IS NULL OR visited_anyway
UNION ALL
SELECT r.household_id FROM ranked r
LEFT JOIN (
    -- A visit under way becomes as grave as what is added to it: that is what it costs.
    SELECT s.account_id, least(s.severity, l.severity) AS severity, count(*) AS n
    FROM sent s LEFT JOIN line l ON l.household_id = s.household_id GROUP BY 1, 2) u
  ON u.account_id = r.account_id AND u.severity = r.severity
WHERE r.place <= r.most - coalesce(u.n, 0)
"""  # noqa: S608 - the pieces are constants of this module

SEND = """
UPDATE monitoring_alert a
SET state = 'to_verify', version = a.version + 1,
    due_on = coalesce(%(due)s::jsonb->>(v.definition->>'deadline'),
                      %(due)s::jsonb->>('deadline_workdays_' || a.severity))::date
FROM monitoring_ruleversion v
WHERE v.id = a.rule_version_id AND a.state = 'held' AND a.household_id = ANY (%(households)s)
RETURNING a.id
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """Alerts that left the line, the households they are of, and the visits opened for them."""

    alerts: list[int]
    households: int
    work_items: int


@transaction.atomic
def send_held(*, acting: Any) -> int:
    """Send what this week's budgets allow, gravest first. Returns how many alerts left the line.

    Doing it twice changes nothing.
    """
    townships = {code[:9] for code in _held().values_list("code", flat=True).distinct()}
    if not townships:
        return 0
    lock_townships(townships)
    sent = dispatch(figures_on(_today()))
    add_events(AlertEvent.Verb.SENT, sent.alerts, sentence="有了名额，派出核查")
    if sent.alerts:
        record(
            acting=acting,
            verb="sent_held_alerts",
            subject=("monitoring.alert", sent.alerts[0]),
            detail={"alerts": len(sent.alerts), "households": sent.households},
        )
    return len(sent.alerts)


@transaction.atomic
def send_now(*, acting: Any, alerts: Sequence[Alert], reason: str) -> Sent:
    """Send held alerts without waiting for the budget; all held ones of their households go along.

    Raises NotAllowed, Refusal (no reason, too many, a screening under way), Overtaken when none
    of them is held any more.
    """
    for alert in alerts:
        require(acting, Act.ASSIGN_WORK, code=alert.code)
    reason = reason_given(reason, ask=ASK_REASON)
    if not alerts:
        raise Refusal("没有勾选预警。请勾选要立即派出的。", code="nothing_ticked")
    if len(alerts) > MOST_AT_ONCE:
        raise Refusal(f"一次最多派出 {MOST_AT_ONCE} 条，请分几次办理。", code="too_many")
    if not _try_lock({alert.code[:9] for alert in alerts}):
        raise Refusal(BUSY, code="busy")
    still = _held().filter(pk__in=[alert.pk for alert in alerts])
    households = sorted(set(still.values_list("household_id", flat=True)))
    sent = _send(households, figures_on(_today()), acting)
    if not sent.alerts:
        raise Overtaken()
    add_events(
        AlertEvent.Verb.SENT, sent.alerts, by=acting, sentence=f"不等名额，立即派出：{reason}"
    )
    record(
        acting=acting,
        verb="sent_alerts_now",
        subject=alerts[0],
        reason=reason,
        detail={"alerts": sent.alerts},
    )
    return sent


def dispatch(
    figures: Mapping[str, Decimal],
    *,
    place: str = "TRUE",
    values: Mapping[str, Any] | None = None,
) -> Sent:
    """Take out of the line what the budgets allow. The caller holds the townships' locks.

    `place`: a condition on `a` (monitoring_alert) with its `values`; writes no alert events.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT a.code FROM monitoring_alert a"  # noqa: S608 - a constant condition
            f" WHERE a.state = 'held' AND ({place})",
            dict(values or {}),
        )
        codes = [code for (code,) in cursor.fetchall()]
    if not codes:
        return Sent([], 0, 0)
    visitors = {code: account for code, (account, _) in route(codes, on=_today()).items()}
    asked = {
        **(values or {}),
        "codes": list(visitors),
        "visitors": list(visitors.values()),
        "accounts": sorted(set(visitors.values())),
        "monday": week_began(),
        "limits": Json({str(s.value): n for s, n in limits(figures).items()}),
    }
    with connection.cursor() as cursor:
        cursor.execute(CHOSEN.format(place=place), asked)
        chosen = sorted(household for (household,) in cursor.fetchall())
    return _send(chosen, figures, SYSTEM)


def _send(households: Sequence[int], figures: Mapping[str, Decimal], acting: Any) -> Sent:
    with connection.cursor() as cursor:
        cursor.execute(DEADLINES, [list(households)])
        named = [key for (key,) in cursor.fetchall()]
        due = Json({key: str(day) for key, day in due_days(figures, named).items()})
        cursor.execute(SEND, {"due": due, "households": list(households)})
        alerts = sorted(alert for (alert,) in cursor.fetchall())
    opened = open_work_items(acting=acting, requests=visit_requests(alerts))
    return Sent(alerts, len(households), opened.new)


def visit_requests(
    alerts: Collection[int], *, states: Iterable[str] = (AlertState.TO_VERIFY,)
) -> list[VisitRequest]:
    """The alerts in these states as purposes of a visit."""
    found = Alert.objects.filter(pk__in=list(alerts), state__in=list(states)).order_by("pk")
    columns = ("household_id", "code", "pk", "rule__title", "sentence", "severity", "due_on")
    return [
        VisitRequest(household, code, PURPOSE, pk, title, sentence, severity, due_on)
        for household, code, pk, title, sentence, severity, due_on in found.values_list(*columns)
    ]


def add_events(
    verb: AlertEvent.Verb,
    alerts: Sequence[int],
    *,
    by: Any = SYSTEM,
    sentence: str = "",
    sentences: Mapping[int, str] | None = None,
) -> None:
    """A line in the history of each alert: its own sentence, the same for all, or the alert's."""
    own = sentences or {}
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO monitoring_alertevent (alert_id, verb, at, by_name, sentence)"
            " SELECT a.id, %s, now(), %s, left(coalesce(nullif(t.sentence, ''), a.sentence), 300)"
            " FROM unnest(%s::bigint[], %s::text[]) AS t(id, sentence)"
            " JOIN monitoring_alert a ON a.id = t.id",
            [
                verb,
                by.display_name,
                list(alerts),
                [own.get(pk, sentence) for pk in alerts],
            ],
        )


# ---- figures ----


def limits(figures: Mapping[str, Decimal]) -> dict[Severity, int]:
    """New households a worker may get a week, by severity; a severity without a figure has none."""
    return {s: int(figures[key]) for s, key in BUDGET.items() if key in figures}


def used_this_week(accounts: Collection[int]) -> dict[tuple[int, int], int]:
    """(account, severity) -> households newly sent since Monday."""
    with connection.cursor() as cursor:
        cursor.execute(USED, {"monday": week_began(), "accounts": sorted(accounts)})
        return {(account, severity): n for account, severity, n in cursor.fetchall()}


def week_began() -> datetime:
    """Monday, 0:00 in Shanghai."""
    today = _today()
    monday = today - timedelta(days=today.weekday())
    return timezone.make_aware(datetime.combine(monday, time.min))


def due_days(figures: Mapping[str, Decimal], named: Iterable[str] = ()) -> dict[str, date]:
    """The last day to visit by threshold key: working days from today, not from the as-of day.

    `named`: keys that rules name as their own deadline; one without a figure is left out. Raises
    Refusal when a severity has no deadline.
    """
    for severity in Severity:
        key = f"deadline_workdays_{severity.value}"
        if key not in figures:
            raise Refusal(
                f"没有{severity.label}色预警的核查时限（{key}）。请先录入。",
                code="threshold_missing",
            )
    keys = [*(f"deadline_workdays_{severity.value}" for severity in Severity), *named]
    return {key: add_workdays(_today(), int(figures[key])) for key in keys if key in figures}


def _held() -> QuerySet[Alert]:
    return Alert.objects.filter(state=AlertState.HELD)


def _today() -> date:
    return timezone.localdate()


# ---- one at a time in a township ----


def lock_townships(codes: Collection[str]) -> None:
    """Wait until no other raising or sending is at work there; held until commit."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [ONE_AT_A_TIME, sorted(codes)])


def _try_lock(codes: Collection[str]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(TRY_LOCK, [ONE_AT_A_TIME, sorted(codes)])
        return bool(cursor.fetchone()[0])
