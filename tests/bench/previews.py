"""Previews of every shipped rule as a draft, from its page's action: counts, visits, overlap.

kept      measures kept of the last run; 1,000 people changed in the registry since
a month   the same drafts with every window a month shorter: nobody kept their measures
feeds     nothing kept at all
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from statistics import median
from typing import Any
from unittest.mock import patch

from django.db import transaction

from grid.models import Account
from grid.roles import Role
from monitoring.actions import kept_measures
from monitoring.actions.rule_drafts import begin_draft
from monitoring.actions.rule_previews import preview_version
from monitoring.models import KeptMeasures, RuleVersion
from tests.bench.saying import say, timed, verdict
from tests.bench.tables import ask, run

LIMIT = 1.0
CHANGED = 1_000  # people
Change = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def measure_previews() -> None:
    took, _ = timed(kept_measures.keep_measures)
    [(size, tables)] = ask(
        "SELECT coalesce(sum(pg_total_relation_size(oid)), 0) / 1e6, count(*) FROM pg_class"
        " WHERE relkind = 'r' AND relnamespace = 'kept'::regnamespace"
    )
    say(f"  夜间留存测算项 {took:.1f} 秒：{tables} 张表，{size:,.0f} MB")
    with changed_since():
        _report(
            f"单条规则全县预览（留存后 {CHANGED:,} 人有变化）", _previews(lambda d: d), limit=True
        )
        _report("  测算项都改短一个月（没有留存）", _previews(_a_month_shorter), limit=False)
        KeptMeasures.objects.all().delete()
        _report("  什么都没有留存", _previews(lambda d: d), limit=False)
        transaction.set_rollback(True)


@contextmanager
def changed_since() -> Iterator[None]:
    """The county was registered long ago; some people changed since the run. Rolled back."""
    with patch.object(kept_measures, "LATE_MATCH", timedelta(0)), transaction.atomic():
        run(
            "UPDATE grid_person SET entered_at = now() WHERE id IN (SELECT id FROM grid_person"
            " WHERE household_id IS NOT NULL ORDER BY hashint8(id) LIMIT %s)",
            [CHANGED],
        )
        yield


def _previews(change: Change) -> dict[str, float]:
    """Seconds of each preview by rule. Nothing of the drafts stays."""
    acting = Account.objects.filter(posts__role=Role.COUNTY_OFFICER).first()
    assert acting is not None
    took = {}
    for version in RuleVersion.objects.filter(state="published").order_by("rule_id"):
        with transaction.atomic():
            draft = begin_draft(
                acting,
                version.rule,
                definition=change(version.definition),
                source=version.source,
                based_on=version,
            )
            took[version.rule_id], _ = timed(
                lambda d=draft: preview_version(acting=acting, version=d, version_seen=d.version)
            )
            transaction.set_rollback(True)
    return took


def _a_month_shorter(definition: Mapping[str, Any]) -> Mapping[str, Any]:
    measures = {}
    for name, measure in definition["measures"].items():
        window = measure.get("window", {}) if isinstance(measure, dict) else {}
        if window.get("months", 0) > 1:
            measure = {**measure, "window": {**window, "months": window["months"] - 1}}
        measures[name] = measure
    return {**definition, "measures": measures}


def _report(what: str, took: Mapping[str, float], *, limit: bool) -> None:
    slowest = sorted(took.items(), key=lambda pair: -pair[1])
    over = sum(seconds > LIMIT for seconds in took.values())
    say(
        f"  {what}：{len(took)} 条，中位 {median(took.values()):.2f} 秒，最慢 "
        + "，".join(f"{code} {seconds:.2f}" for code, seconds in slowest[:4])
        + f"；超过 {LIMIT:.0f} 秒的 {over} 条"
        + (f"；上限 {LIMIT:.0f} 秒：{verdict(over == 0)}" if limit else "")
    )
