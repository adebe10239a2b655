"""Hits become alerts: opened, grown, withdrawn; annotations that lower them; visits asked for.

Works in the transaction that filled the temporary table `hit`, for the households and rules it is
given. Repeating it writes nothing: alerts and annotations are keyed by (household, rule) and
compared by a fingerprint of subject, value, line, severity and evidence.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import Q
from psycopg2.extras import Json
from psycopg2.sql import SQL, Composable, Identifier, Literal

from grid.actions.work_items import end_purposes, update_purposes
from grid.models import Severity, WorkItemPurpose
from monitoring.actions.candidates import find_candidates
from monitoring.actions.dispatching import (
    PURPOSE,
    Sent,
    add_events,
    dispatch,
    due_days,
    lock_townships,
    visit_requests,
)
from monitoring.engine import Frozen, Within
from monitoring.feeds import FEEDS
from monitoring.models import AlertEvent, AlertState, ScreeningRun
from monitoring.rules.definition import parsed
from yizhou.audit import SYSTEM
from yizhou.statements import ask, run

OPEN = SQL("('held', 'to_verify', 'reported')")
GONE = "依据消失，不再符合规则，自动撤销"


@dataclass(frozen=True, slots=True)
class Raised:
    """What came of the hits. `opened` counts the held ones too."""

    opened: int
    grown: int
    withdrawn: int
    held: int
    work_items: int


@transaction.atomic
def raise_alerts(
    *, run: ScreeningRun, frozen: Frozen, within: Within, rules: Sequence[str]
) -> Raised:
    """Merge the table `hit` into alerts, annotations and visits, of these households and rules.

    `rules`: those whose missing hits withdraw alerts and end annotations. What a run that knew
    more has written meanwhile is left alone. Raises Refusal when a severity has no deadline.
    """
    return _Merge(run, frozen, within, list(rules)).carry_out()


# ---- statements; {place}: a condition on a (what is said of a household) or its household h ----

# A household that moved takes what is said of it along.
MOVED = SQL(
    """
UPDATE {table} a SET code = h.code FROM grid_household h
WHERE h.id = a.household_id AND a.code <> h.code AND a.{standing} AND {place}"""
)

ENDED = SQL(
    """
UPDATE monitoring_annotation a SET ended_at = now()
FROM grid_household h
WHERE h.id = a.household_id AND {place} AND a.ended_at IS NULL AND a.rule_id = ANY ({rules}::text[])
  AND a.found_in_id <> ALL ({newer}::bigint[])
  AND NOT EXISTS (SELECT 1 FROM candidate c WHERE c.household_id = a.household_id
                  AND c.rule_id = a.rule_id AND c.effect <> 'alert')
RETURNING a.household_id, a.lowers, a.sentence"""
)
RENEWED = SQL(
    """
UPDATE monitoring_annotation n
SET rule_version_id = c.version_id, lowers = c.effect = 'lower', sentence = c.sentence,
    value = c.value, evidence = {evidence}, evidence_hash = c.evidence_hash, found_in_id = {run}
FROM candidate c
WHERE n.household_id = c.household_id AND n.rule_id = c.rule_id AND c.effect <> 'alert'
  AND n.ended_at IS NULL AND n.found_in_id <> ALL ({newer}::bigint[])
  AND (n.evidence_hash <> c.evidence_hash OR n.lowers <> (c.effect = 'lower'))"""
)
FOUND = SQL(
    """
INSERT INTO monitoring_annotation (household_id, code, rule_id, rule_version_id, lowers, sentence,
    value, evidence, evidence_hash, found_in_id, found_at)
SELECT c.household_id, c.code, c.rule_id, c.version_id, c.effect = 'lower', c.sentence, c.value,
       {evidence}, c.evidence_hash, {run}, now()
FROM candidate c
WHERE c.effect <> 'alert'
  AND NOT EXISTS (SELECT 1 FROM monitoring_annotation n
                  WHERE n.household_id = c.household_id AND n.rule_id = c.rule_id
                    AND (n.ended_at IS NULL OR n.found_in_id = ANY ({newer}::bigint[])))
ON CONFLICT DO NOTHING"""
)
EVIDENCE = SQL(
    """(SELECT coalesce(jsonb_object_agg(f.feed, f.ids), '{{}}') FROM (
        SELECT e.key AS feed, jsonb_agg(DISTINCT i.value ORDER BY i.value) AS ids
        FROM hit h, jsonb_each(h.evidence) e, jsonb_array_elements(e.value) i
        WHERE h.household_id = c.household_id AND h.rule_id = c.rule_id GROUP BY e.key) f)"""
)

GROWN = SQL(
    """
UPDATE monitoring_alert a
SET value = c.value, line = c.line, severity = c.graded,
    lowered_from = CASE WHEN a.lowered_from IS NOT NULL THEN c.base END,
    due_on = CASE WHEN c.graded < a.severity THEN least(a.due_on, {due}) ELSE a.due_on END,
    sentence = c.sentence, evidence_hash = c.evidence_hash, rule_version_id = c.version_id,
    changed_in_id = {run}, version = a.version + 1
FROM (
    SELECT o.id, b.base, c.*,
           CASE WHEN o.lowered_from IS NULL THEN b.base ELSE least(b.base + 1, 4) END AS graded
    FROM monitoring_alert o
    JOIN candidate c ON c.household_id = o.household_id AND c.rule_id = o.rule_id
    CROSS JOIN LATERAL (
        SELECT least(coalesce(o.lowered_from, o.severity), c.severity) AS base) b
    WHERE c.effect = 'alert' AND o.state IN {open} AND o.evidence_hash <> c.evidence_hash
      AND o.changed_in_id <> ALL ({newer}::bigint[])
) c
WHERE a.id = c.id AND a.state IN {open}
RETURNING a.id"""
)

# Quiet after a settlement, unless there are new rows AND (a new person, the rest is over, or the
# value moved by the rule's share). A rule that shows by absence has no rows to be new.
OPENED = SQL(
    """
INSERT INTO monitoring_alert (rule_id, rule_version_id, household_id, code, severity, lowered_from,
    state, value, line, sentence, evidence_hash, due_on, opened_at, opened_in_id, changed_in_id,
    version)
SELECT c.rule_id, c.version_id, c.household_id, c.code, c.graded,
       CASE WHEN c.graded > c.severity THEN c.severity END, 'held', c.value, c.line, c.sentence,
       c.evidence_hash, {due}, now(), {run}, {run}, 1
FROM (
    SELECT c.*, CASE WHEN c.household_id IN (
        SELECT n.household_id FROM monitoring_annotation n WHERE n.lowers AND n.ended_at IS NULL)
        AND NOT EXISTS (SELECT 1 FROM monitoring_ruleversion w
                        WHERE w.id = c.version_id AND w.definition->'lowerable' = 'false')
        THEN least(c.severity + 1, 4) ELSE c.severity END AS graded
    FROM candidate c WHERE c.effect = 'alert'
) c
LEFT JOIN LATERAL (
    SELECT a.id, a.value, a.closed_at,
           array_agg(DISTINCT s.person_id) FILTER (WHERE s.person_id IS NOT NULL) AS people_ids
    FROM monitoring_alert a JOIN monitoring_hit s ON s.alert_id = a.id
    WHERE a.household_id = c.household_id AND a.rule_id = c.rule_id AND a.state = 'settled'
    GROUP BY a.id ORDER BY a.closed_at DESC LIMIT 1
) last ON true
WHERE NOT EXISTS (
    SELECT 1 FROM monitoring_alert o
    WHERE o.household_id = c.household_id AND o.rule_id = c.rule_id
      AND (o.state IN {open} OR o.changed_in_id = ANY ({newer}::bigint[])))
  AND (last.id IS NULL OR (
      (EXISTS (
          SELECT 1 FROM hit h, jsonb_each(h.evidence) e, jsonb_array_elements(e.value) i
          WHERE h.household_id = c.household_id AND h.rule_id = c.rule_id
            AND NOT EXISTS (SELECT 1 FROM monitoring_hit s
                            WHERE s.alert_id = last.id AND s.evidence->e.key @> i.value))
       OR NOT EXISTS (
          SELECT 1 FROM hit h WHERE h.household_id = c.household_id AND h.rule_id = c.rule_id
            AND h.evidence <> '{{}}'))
      AND (NOT c.people_ids <@ coalesce(last.people_ids, '{{}}')
           OR {as_of} >= (last.closed_at AT TIME ZONE 'Asia/Shanghai')::date + c.cool_down_days
           OR CASE WHEN c.down THEN c.value <= last.value * (1 - c.regrow_share)
                   ELSE c.value >= last.value * (1 + c.regrow_share) END)))
ORDER BY c.household_id, c.rule_id
ON CONFLICT DO NOTHING
RETURNING id, lowered_from, severity, sentence"""
)

HITS = SQL(
    """
INSERT INTO monitoring_hit (alert_id, person_id, value, line, severity, measured, evidence, run_id)
SELECT a.id, h.person_id, h.value, h.line, h.severity,
       ARRAY(SELECT CASE WHEN m.v IS NOT NULL
                         THEN least(greatest(m.v, -999999999999999), 999999999999999) END
             FROM unnest(h.measured) WITH ORDINALITY AS m(v, n) ORDER BY m.n),
       h.evidence, {run}
FROM hit h JOIN monitoring_alert a ON a.household_id = h.household_id AND a.rule_id = h.rule_id
WHERE a.id = ANY ({alerts}::bigint[])"""
)

WITHDRAWN = SQL(
    """
UPDATE monitoring_alert a
SET state = 'withdrawn', closed_at = now(), changed_in_id = {run}, version = a.version + 1
FROM grid_household h
WHERE h.id = a.household_id AND {place}
  AND a.state IN ('held', 'to_verify') AND a.rule_id = ANY ({rules}::text[])
  AND a.changed_in_id <> ALL ({newer}::bigint[])
  AND NOT EXISTS (SELECT 1 FROM candidate c WHERE c.household_id = a.household_id
                  AND c.rule_id = a.rule_id AND c.effect = 'alert')
  AND NOT EXISTS (
      SELECT 1 FROM grid_visitreport r JOIN grid_workitempurpose p ON p.id = r.purpose_id
      WHERE p.kind = 'verify_alert' AND p.subject = a.id AND r.collected_at IS NULL)
RETURNING a.id"""
)

# Rows behind withdrawn alerts that their department corrected or took back.
TAKEN_BACK = SQL(
    """
SELECT s.alert_id, count(DISTINCT r.id), bool_or(r.superseded_by_id = r.upload_id)
FROM monitoring_hit s, jsonb_array_elements_text(s.evidence->{feed}) i
JOIN {table} r ON r.id = i.value::bigint
WHERE s.alert_id = ANY ({alerts}::bigint[]) AND r.superseded_at IS NOT NULL
GROUP BY s.alert_id"""
)

SPEAKS_AGAINST = SQL(
    "(SELECT n.sentence FROM monitoring_annotation n WHERE n.household_id = a.household_id"
    " AND n.lowers AND n.ended_at IS NULL AND NOT EXISTS (SELECT 1 FROM monitoring_ruleversion w"
    " WHERE w.id = a.rule_version_id AND w.definition->'lowerable' = 'false')"
    " ORDER BY n.rule_id LIMIT 1)"
)
LOWERED = SQL(
    """
UPDATE monitoring_alert a
SET lowered_from = a.severity, severity = a.severity + 1, changed_in_id = {run},
    version = a.version + 1
FROM grid_household h
WHERE h.id = a.household_id AND {place} AND a.state IN {open}
  AND a.lowered_from IS NULL AND a.severity < 4 AND {against} IS NOT NULL
RETURNING a.id, a.lowered_from, a.severity, {against}"""
)
RAISED_AGAIN = SQL(
    """
UPDATE monitoring_alert a
SET severity = a.lowered_from, lowered_from = NULL, changed_in_id = {run}, version = a.version + 1,
    due_on = least(a.due_on, coalesce({due}::jsonb->>(v.definition->>'deadline'),
                                      {due}::jsonb->>('deadline_workdays_' || a.lowered_from)
                                      )::date)
FROM grid_household h, monitoring_ruleversion v
WHERE h.id = a.household_id AND {place} AND v.id = a.rule_version_id AND a.state IN {open}
  AND a.lowered_from IS NOT NULL AND {against} IS NULL
RETURNING a.id, a.severity, a.household_id"""
)


class _Merge:
    """The merge of one part of a run, statement by statement."""

    def __init__(self, run: ScreeningRun, frozen: Frozen, within: Within, rules: list[str]) -> None:
        self.frozen, self.within, self.rules = frozen, within, rules
        self.made = {rule.version_id: parsed(rule.definition) for rule in frozen.rules}
        self.due = due_days(
            frozen.thresholds, (d.deadline for d in self.made.values() if d.deadline)
        )
        self.values: dict[str, Composable] = {
            "run": Literal(run.pk),
            "rules": Literal(rules),
            "newer": Literal(_newer_than(run, frozen)),
            "place": place_of(within, "a.household_id"),
            "open": OPEN,
            "as_of": Literal(frozen.as_of),
            "evidence": EVIDENCE.format(),
            "against": SPEAKS_AGAINST,
            "due": _day_of(self.due),
        }

    def carry_out(self) -> Raised:
        lock_townships(townships_of(self.within))
        find_candidates(self.made, self.rules)
        run(self._said(MOVED, table=_ALERTS, standing=SQL("state IN {}").format(OPEN)))
        run(self._said(MOVED, table=_ANNOTATIONS, standing=SQL("ended_at IS NULL")))
        ended = {home: said for home, lowers, said in ask(self._said(ENDED)) if lowers}
        run(self._said(RENEWED))
        run(self._said(FOUND))
        withdrawn = self._withdraw()
        grown = self._ids(GROWN)
        add_events(AlertEvent.Verb.GREW, grown)
        changed = self._regrade(ended)  # after GROWN: what grew out of blue can be lowered
        opened = self._open()
        self._replace_hits(opened, grown)
        changed |= set(grown)
        both = (AlertState.TO_VERIFY, AlertState.REPORTED)
        update_purposes(acting=SYSTEM, changed=visit_requests(changed, states=both))
        sent = self._dispatch(set(opened) | changed)
        held = sorted(set(opened) - set(sent.alerts))
        add_events(AlertEvent.Verb.HELD, held, sentence="本周派给承办人的户数已满，排队待派")
        add_events(
            AlertEvent.Verb.SENT,
            sorted(set(sent.alerts) - set(opened)),
            sentence="有了名额，派出核查",
        )
        return Raised(len(opened), len(changed), len(withdrawn), len(held), sent.work_items)

    def _said(self, statement: SQL, **more: Composable) -> Composable:
        return statement.format(**(self.values | more))

    def _ids(self, statement: SQL) -> list[int]:
        return sorted(pk for (pk,) in ask(self._said(statement)))

    def _withdraw(self) -> list[int]:
        withdrawn = self._ids(WITHDRAWN)
        notes = _why_withdrawn(withdrawn)
        add_events(AlertEvent.Verb.WITHDRAWN, withdrawn, sentence=GONE, sentences=notes)
        end_purposes(
            acting=SYSTEM,
            kind=PURPOSE,
            subjects=withdrawn,
            state=WorkItemPurpose.State.DROPPED,
            sentence="部门数据更新后不再符合规则",
        )
        return withdrawn

    def _open(self) -> list[int]:
        """New alerts, all of them in line at first."""
        rows = ask(self._said(OPENED))
        lowered = {
            pk: f"{why}（有旁证，由{Severity(was).label}降为{Severity(now).label}）"
            for pk, was, now, why in rows
            if was is not None
        }
        opened = sorted(row[0] for row in rows)
        add_events(AlertEvent.Verb.OPENED, opened, sentences=lowered)
        return opened

    def _regrade(self, ended: Mapping[int, str]) -> set[int]:
        """Alerts made milder by an annotation, and those whose annotation ended."""
        lowered = {
            pk: f"有旁证（{why}），由{Severity(was).label}降为{Severity(now).label}"
            for pk, was, now, why in ask(self._said(LOWERED))
        }
        due = Literal(Json({key: str(day) for key, day in self.due.items()}))
        restored = {
            pk: f"旁证（{ended.get(home, '降级的')}）已消失，级别恢复为{Severity(now).label}"
            for pk, now, home in ask(self._said(RAISED_AGAIN, due=due))
        }
        sentences = lowered | restored
        add_events(AlertEvent.Verb.GREW, sorted(sentences), sentences=sentences)
        return set(sentences)

    def _replace_hits(self, opened: Iterable[int], grown: Iterable[int]) -> None:
        run(
            SQL("DELETE FROM monitoring_hit WHERE alert_id = ANY ({}::bigint[])").format(
                Literal(list(grown))
            )
        )
        run(self._said(HITS, alerts=Literal([*opened, *grown])))

    def _dispatch(self, changed: set[int]) -> Sent:
        """A part of the county is dispatched whole; single households, with their villages."""
        figures = self.frozen.thresholds
        if self.within.households is None:
            low, high = self.within.low, self.within.high
            place = "a.code >= %(low)s AND a.code < %(high)s" if low else "TRUE"
            return dispatch(figures, place=place, values={"low": low, "high": high})
        villages = "SELECT left(code, 12) FROM monitoring_alert WHERE id = ANY (%(changed)s)"
        return dispatch(
            figures,
            place=f"left(a.code, 12) IN ({villages})",
            values={"changed": sorted(changed)},
        )


_ALERTS, _ANNOTATIONS = Identifier("monitoring_alert"), Identifier("monitoring_annotation")
_CASES = Identifier("monitoring_case")


def place_of(within: Within, key: str) -> Composable:
    """The condition on h (grid_household), or for single households on the column that has `key`.

    The key beside an index of its own lets PostgreSQL begin with the few.
    """
    if within.households is not None:
        column = Identifier(*key.split("."))
        return SQL("{} = ANY ({}::bigint[])").format(column, Literal(list(within.households)))
    if within.low:
        return SQL("h.code >= {} AND h.code < {}").format(Literal(within.low), Literal(within.high))
    return SQL("TRUE")


def townships_of(within: Within) -> list[str]:
    """Codes of the townships where those households live."""
    return [
        code
        for (code,) in ask(
            SQL("SELECT DISTINCT left(h.code, 9) FROM grid_household h WHERE {}").format(
                place_of(within, "h.id")
            )
        )
    ]


def follow_moves() -> None:
    """What is open of households that moved takes the new place's code."""
    for table, standing in (
        (_ALERTS, SQL("state IN {}").format(OPEN)),
        (_ANNOTATIONS, SQL("ended_at IS NULL")),
        (_CASES, SQL("closed_at IS NULL")),
    ):
        run(MOVED.format(table=table, standing=standing, place=SQL("TRUE")))


def _newer_than(run: ScreeningRun, frozen: Frozen) -> list[int]:
    """Runs that knew more than this one: tried again late, it must not undo what they wrote."""
    later = ScreeningRun.objects.filter(
        Q(known_at__gt=frozen.known_at) | Q(known_at=None, asked_at__gt=frozen.known_at)
    ).exclude(pk=run.pk)
    return list(later.values_list("pk", flat=True))


def _day_of(due: Mapping[str, date]) -> Composable:
    """The deadline of a row c with `deadline` and `graded`."""
    days = Literal(Json({key: str(day) for key, day in due.items()}))
    return SQL(
        "coalesce({days}::jsonb->>c.deadline, {days}::jsonb->>('deadline_workdays_' || c.graded)"
        ")::date"
    ).format(days=days)


def _why_withdrawn(alerts: Sequence[int]) -> dict[int, str]:
    """Which rows were corrected or taken back, by alert; no entry when all rows still stand."""
    if not alerts:
        return {}
    feeds = ask(
        SQL(
            "SELECT DISTINCT k FROM monitoring_hit s, jsonb_object_keys(s.evidence) k"
            " WHERE s.alert_id = ANY ({}::bigint[]) ORDER BY k"
        ).format(Literal(list(alerts)))
    )
    parts: dict[int, list[str]] = {}
    for (code,) in feeds:
        if (feed := FEEDS.get(code)) is None:
            continue
        statement = TAKEN_BACK.format(
            feed=Literal(code),
            table=Identifier(feed.model._meta.db_table),
            alerts=Literal(list(alerts)),
        )
        for alert, rows, undone in ask(statement):
            how = "撤回" if undone else "更正"
            parts.setdefault(alert, []).append(f"“{feed.title}”{rows} 行已由部门{how}")
    return {alert: f"{'，'.join(said)}，不再符合规则，自动撤销" for alert, said in parts.items()}
