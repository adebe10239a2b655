"""Rules and thresholds: the shipped ones are loaded once; officials change them by new versions."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from grid.models import Region
from grid.roles import Level
from monitoring.models import Rule, RuleVersion, Threshold
from monitoring.rules import DEADLINES, GATES, SHIPPED, ShippedThreshold
from monitoring.rules.definition import check_definition
from yizhou.audit import record
from yizhou.refusals import Refusal

SHIPPED_FROM = date(2020, 1, 1)  # early enough that past days can be replayed


@transaction.atomic
def load_shipped_rules(*, acting: Any) -> int:
    """Enter shipped rules and figures that are not there yet. Returns rules added.

    Nothing that an official changed is touched. Raises Refusal when no county is registered.
    """
    county = Region.objects.filter(level=Level.COUNTY).first()
    if county is None:
        raise Refusal("还没有录入区划。请先导入县、乡、村，再装载规则。", code="no_county")
    for figure in (*DEADLINES, *GATES, *(t for rule in SHIPPED for t in rule.thresholds)):
        _enter_threshold(figure, county)
    added = 0
    for shipped in SHIPPED:
        check_definition(shipped.definition)
        rule, new = Rule.objects.get_or_create(
            code=shipped.code,
            defaults={"title": shipped.title, "risk": shipped.risk, "owner": shipped.owner},
        )
        if not new:
            continue
        added += 1
        version = RuleVersion.objects.create(
            rule=rule,
            number=1,
            state=RuleVersion.State.PUBLISHED,
            definition=shipped.definition,
            source=shipped.source,
            review_on=timezone.localdate() + timedelta(days=365),
            published_at=timezone.now(),
        )
        record(acting=acting, verb="published_rule", subject=version)
    return added


def _enter_threshold(figure: ShippedThreshold, county: Region) -> None:
    Threshold.objects.get_or_create(
        key=figure.key,
        area=county,
        defaults={
            "label": figure.label,
            "value": Decimal(figure.value),
            "unit": figure.unit,
            "from_on": SHIPPED_FROM,
            "source": figure.source,
        },
    )
