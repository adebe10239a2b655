"""Rules in force: the shipped ones are loaded once, any is retired or written out as a file."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from grid.models import Region
from grid.roles import Act, Level
from grid.scope import require
from monitoring.actions.figures import figures_in_force
from monitoring.models import Rule, RuleVersion, Threshold
from monitoring.rules import BUDGETS, DEADLINES, GATES, SHIPPED, ShippedRule, ShippedThreshold
from monitoring.rules.definition import check_definition, threshold_keys
from monitoring.rules.shipped import SHIPPED_FROM
from monitoring.rules.wording import figure_words, phrases
from yizhou.audit import record
from yizhou.refusals import Overtaken, Refusal, reason_given

FORMAT = "yizhou-rule-2"
REVIEWED_WITHIN = timedelta(days=365)
# The order in which people read a definition; a name that is not here follows by alphabet.
READING_ORDER = (
    *("format", "code", "title", "risk", "owner", "source", "why", "review_on", "in_words"),
    *("definition", "thresholds", "level", "effect", "population", "measures", "when", "value"),
    *("direction", "lines", "bands", "deadline", "sentence", "cool_down_days", "regrow_share"),
    *("lowerable", "feed", "op", "column", "where", "then", "window", "per", "members", "across"),
    *("key", "label", "unit", "months", "on", "ago", "severity", "measure", "threshold"),
)
PLACE = {name: place for place, name in enumerate(READING_ORDER)}


@transaction.atomic
def load_shipped_rules(*, acting: Any) -> int:
    """Enter shipped rules and figures that are not there yet. Returns versions added.

    Nothing that an official changed is touched. Raises Refusal when no county is registered.
    """
    county = Region.objects.filter(level=Level.COUNTY).first()
    if county is None:
        raise Refusal("还没有录入区划。请先导入县、乡、村，再装载规则。", code="no_county")
    _enter_thresholds(county)
    in_force = set(RuleVersion.objects.published().values_list("rule_id", flat=True))
    missing = [shipped for shipped in SHIPPED if shipped.code not in in_force]
    for version in _enter_rules(missing):
        record(acting=acting, verb="published_rule", subject=version)
    return len(missing)


def _enter_rules(shipped: Sequence[ShippedRule]) -> list[RuleVersion]:
    """A published version of each, after whatever versions the rule has."""
    for rule in shipped:
        check_definition(rule.definition)
    Rule.objects.bulk_create(
        [Rule(code=r.code, title=r.title, risk=r.risk, owner=r.owner) for r in shipped],
        ignore_conflicts=True,
    )
    last = dict(RuleVersion.objects.values_list("rule").annotate(Max("number")).order_by())
    return RuleVersion.objects.bulk_create(
        RuleVersion(
            rule_id=rule.code,
            number=last.get(rule.code, 0) + 1,
            state=RuleVersion.State.PUBLISHED,
            definition=rule.definition,
            source=rule.source,
            review_on=timezone.localdate() + REVIEWED_WITHIN,
            from_on=SHIPPED_FROM,
            published_at=timezone.now(),
        )
        for rule in shipped
    )


def next_number(rule: Rule) -> int:
    """The number of the rule's next version."""
    return int(rule.versions.aggregate(last=Max("number"))["last"] or 0) + 1


def _enter_thresholds(county: Region) -> None:
    """Each figure for its term, unless the county already has one for a part of that term."""
    terms: dict[str, list[tuple[date, date]]] = {}
    for key, begins, ends in Threshold.objects.filter(area=county).values_list(
        "key", "from_on", "until_on"
    ):
        terms.setdefault(key, []).append((begins, ends or date.max))
    fresh = []
    for figure in (*BUDGETS, *DEADLINES, *GATES, *(t for rule in SHIPPED for t in rule.thresholds)):
        term = (figure.from_on, figure.until_on or date.max)
        taken = terms.setdefault(figure.key, [])
        if any(begins < term[1] and term[0] < ends for begins, ends in taken):
            continue
        taken.append(term)
        fresh.append(_threshold(figure, county))
    Threshold.objects.bulk_create(fresh)


def _threshold(figure: ShippedThreshold, county: Region) -> Threshold:
    return Threshold(
        key=figure.key,
        area=county,
        label=figure.label,
        value=Decimal(figure.value),
        unit=figure.unit,
        from_on=figure.from_on,
        until_on=figure.until_on,
        source=figure.source,
    )


@transaction.atomic
def retire_rule(
    *, acting: Any, version: RuleVersion, version_seen: int, until_on: date, reason: str
) -> None:
    """No longer in force from `until_on` on. Raises Refusal, Overtaken."""
    require(acting, Act.WRITE_RULES)
    reason = reason_given(reason, ask="请写明停用原因，2 到 200 个字。")
    if until_on < timezone.localdate():
        raise Refusal("停用日期不能早于今天：过去的研判已经用了这条规则。", code="until_on")
    if version.from_on and until_on <= version.from_on:
        raise Refusal(f"停用日期要晚于起用日期 {version.from_on}。", code="until_on")
    changed = RuleVersion.objects.filter(
        Q(until_on=None) | Q(until_on__gt=until_on),
        pk=version.pk,
        state=RuleVersion.State.PUBLISHED,
        version=version_seen,
    ).update(until_on=until_on, version=F("version") + 1, changed_at=timezone.now())
    if not changed:
        raise Overtaken()
    detail = {"until_on": until_on.isoformat()}
    record(acting=acting, verb="retired_rule", subject=version, reason=reason, detail=detail)


@transaction.atomic
def export_rule(*, acting: Any, version: RuleVersion) -> bytes:
    """The version as a JSON file in a fixed order of keys, with its words and its figures."""
    record(acting=acting, verb="exported_rule", subject=version)
    return as_file(version)


def as_file(version: RuleVersion) -> bytes:
    """Equal versions give equal bytes."""
    rule, definition = version.rule, version.definition
    day = max(version.from_on or timezone.localdate(), timezone.localdate())
    figures = figures_in_force(day, version.figures)
    content = {
        "format": FORMAT,
        "code": rule.code,
        "title": rule.title,
        "risk": rule.risk,
        "owner": rule.owner,
        "source": version.source,
        "why": version.why,
        "review_on": version.review_on.isoformat(),
        "in_words": [f"{p.title}：{p.text}" for p in phrases(definition, figure_words(figures))],
        "definition": definition,
        "thresholds": [
            {"key": key} | figures[key]
            for key in sorted(threshold_keys(definition) | version.figures.keys())
            if key in figures
        ],
    }
    return json.dumps(in_reading_order(content), ensure_ascii=False, indent=2).encode() + b"\n"


def in_reading_order(value: Any) -> Any:
    """The same data with the keys of every object in READING_ORDER."""
    if isinstance(value, Mapping):
        names = sorted(value, key=lambda name: (PLACE.get(name, len(PLACE)), name))
        return {name: in_reading_order(value[name]) for name in names}
    if isinstance(value, list | tuple):
        return [in_reading_order(part) for part in value]
    return value
