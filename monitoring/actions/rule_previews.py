"""Preview of a draft: what it would find today over the whole county, kept with the draft."""

import time
from collections import Counter
from typing import Any

from django.db import OperationalError, transaction
from django.utils import timezone
from psycopg2.sql import SQL, Literal

from grid.actions.work_items import route
from grid.models import Account, Person, Region
from grid.roles import Act, Level
from grid.scope import require
from monitoring.actions.figures import fingerprint, lacking
from monitoring.actions.kept_measures import ask_to_keep, screen_for_preview
from monitoring.actions.trying import frozen_with, tried
from monitoring.models import RuleVersion
from monitoring.models.alert import OPEN
from monitoring.rules.definition import check_definition
from yizhou.audit import record
from yizhou.refusals import Overtaken, Refusal
from yizhou.statements import ask, run

WITHIN_MS = 10_000
EXAMPLES = 10
BUSIEST = 8  # workers named with their number of visits
State = RuleVersion.State


@transaction.atomic
def preview_version(*, acting: Account, version: RuleVersion, version_seen: int) -> dict[str, Any]:
    """Counts, visits, overlap and examples of a draft, stored on it under its fingerprint.

    Nothing of the trial stays but the counts. Raises Refusal when a figure is missing or the
    preview takes too long, Overtaken when the draft was changed meanwhile.
    """
    require(acting, Act.WRITE_RULES)
    check_definition(version.definition)
    today = timezone.localdate()
    if missing := lacking(version.definition, version.figures, today):
        raise Refusal(missing[0], code="figures")
    begun = time.monotonic()
    frozen = frozen_with(
        version.rule_id, version.pk, version.definition, version.figures, as_of=today
    )
    try:
        with tried(frozen, within_ms=WITHIN_MS, screening=screen_for_preview) as screened:
            overfull = screened.overfull.get(version.rule_id, 0)
            seen = {} if overfull else _counted(version.rule_id)
    except OperationalError as error:
        if "statement timeout" not in str(error):
            raise
        raise Refusal(
            "预览超过 10 秒，已停止。请缩短时间窗或减少测算项后再试。", code="too_slow"
        ) from None
    seen |= {
        "hash": fingerprint(version.definition, version.figures),
        "at": timezone.now().isoformat(),
        "as_of": today.isoformat(),
        "level": version.definition["level"],
        "people_screened": Person.objects.living().exclude(household=None).count(),
        "overfull": overfull,
        "ms": round((time.monotonic() - begun) * 1000),
    }
    kept = RuleVersion.objects.filter(
        pk=version.pk, version=version_seen, state__in=[State.DRAFT, State.SUBMITTED]
    ).update(preview=seen)
    if not kept:
        raise Overtaken()
    version.preview = seen
    ask_to_keep(frozen)
    detail = {"households": seen.get("households", 0), "overfull": overfull}
    record(acting=acting, verb="previewed_rule", subject=version, detail=detail)
    return seen


HOUSEHOLDS = SQL(
    "CREATE TEMPORARY TABLE previewed ON COMMIT DROP AS SELECT h.household_id, min(h.code) AS code,"
    " min(h.severity) AS severity, bool_or(w.id IS NOT NULL) AS has_visit"
    " FROM hit h LEFT JOIN grid_workitem w ON w.household_id = h.household_id"
    " AND w.state <> 'closed' GROUP BY h.household_id"
)


def _counted(rule_id: str) -> dict[str, Any]:
    """Everything the preview says, from the temporary table `hit`. Ids, no names of people."""
    run(HOUSEHOLDS)
    run(SQL("ANALYZE previewed"))
    [(hits,)] = ask(SQL("SELECT count(*) FROM hit"))
    [(households, people)] = ask(
        SQL(
            "SELECT count(DISTINCT v.household_id), count(p.id) FROM previewed v"
            " LEFT JOIN grid_person p ON p.household_id = v.household_id AND p.died_on IS NULL"
        )
    )
    graded = ask(SQL("SELECT severity, count(*) FROM previewed GROUP BY 1"))
    return {
        "hits": hits,
        "households": households,
        "people": people,
        "by_severity": {str(severity): n for severity, n in graded},
        **_visits(),
        "townships": _townships(),
        **_overlap(rule_id),
        "examples": _examples(),
    }


def _visits() -> dict[str, Any]:
    """Visits that would be new, by the worker they would go to."""
    rows = ask(SQL("SELECT code, count(*) FROM previewed WHERE NOT has_visit GROUP BY 1"))
    workers = route((code for code, _ in rows), on=timezone.localdate())
    by_worker: Counter[int] = Counter()
    unrouted = 0
    for code, n in rows:
        if code in workers:
            by_worker[workers[code][0]] += n
        else:
            unrouted += n
    busiest = by_worker.most_common(BUSIEST)
    names = dict(Account.objects.filter(pk__in=[pk for pk, _ in busiest]).values_list("pk", "name"))
    loads = sorted(by_worker.values())
    return {
        "new_visits": sum(n for _, n in rows),
        "unrouted": unrouted,
        "workers": len(loads),
        "most_per_worker": loads[-1] if loads else 0,
        "median_per_worker": loads[len(loads) // 2] if loads else 0,
        "busiest": [[names.get(pk, ""), n] for pk, n in busiest],
    }


def _townships() -> list[list[Any]]:
    """[name, households] of every township that has some, most first."""
    rows = ask(SQL("SELECT left(code, 9), count(*) FROM previewed GROUP BY 1 ORDER BY 2 DESC, 1"))
    names = dict(Region.objects.filter(level=Level.TOWNSHIP).values_list("code", "name"))
    return [[names.get(code, code), n] for code, n in rows]


def _overlap(rule_id: str) -> dict[str, Any]:
    """Households that other rules alert already; and against this rule's own open alerts."""
    states, own = Literal(tuple(OPEN)), Literal(rule_id)
    rows = ask(
        SQL(
            "SELECT a.rule_id, count(*) FROM previewed v JOIN monitoring_alert a"
            " ON a.household_id = v.household_id AND a.state IN {states} AND a.rule_id <> {own}"
            " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10"
        ).format(states=states, own=own)
    )
    [(already, kept)] = ask(
        SQL(
            "SELECT count(*) FILTER (WHERE other), count(*) FILTER (WHERE same) FROM ("
            " SELECT bool_or(a.rule_id <> {own}) AS other, bool_or(a.rule_id = {own}) AS same"
            " FROM previewed v JOIN monitoring_alert a ON a.household_id = v.household_id"
            " AND a.state IN {states} GROUP BY v.household_id) x"
        ).format(states=states, own=own)
    )
    [(standing,)] = ask(
        SQL(
            "SELECT count(*) FROM monitoring_alert WHERE rule_id = {own} AND state IN {states}"
        ).format(states=states, own=own)
    )
    return {
        "overlap": [list(row) for row in rows],
        "already": already,
        "kept": kept,
        "gone": standing - kept,
    }


def _examples() -> list[dict[str, Any]]:
    """A few households of every severity, the same ones each time."""
    rows = ask(
        SQL(
            "SELECT household_id, person_id, value::text, line::text, line_label, severity,"
            " measured::text[] FROM (SELECT *, row_number() OVER (PARTITION BY severity"
            " ORDER BY md5(household_id::text), person_id) AS n FROM hit) h"
            " ORDER BY n, severity LIMIT {}"
        ).format(Literal(EXAMPLES))
    )
    names = ("household", "person", "value", "line", "line_label", "severity", "measured")
    return [dict(zip(names, row, strict=True)) for row in rows]
