"""What the bench screens with: the shipped rules and their own figures, as of today."""

from collections.abc import Iterable
from decimal import Decimal

from django.utils import timezone

from monitoring.engine import Frozen, FrozenRule
from monitoring.rules import DEADLINES, GATES, SHIPPED
from monitoring.rules.definition import feeds_read


def frozen_shipped(codes: Iterable[str] = (), feed: str = "") -> Frozen:
    """All shipped rules, or those named, or those that read a feed."""
    today = timezone.localdate()
    wanted = set(codes)
    rules = [
        FrozenRule(shipped.code, number, shipped.definition)
        for number, shipped in enumerate(SHIPPED, start=1)
        if (not wanted or shipped.code in wanted)
        and (not feed or feed in feeds_read(shipped.definition))
    ]
    figures = {
        figure.key: Decimal(figure.value)
        for figure in (*DEADLINES, *GATES, *(t for rule in SHIPPED for t in rule.thresholds))
        if figure.from_on <= today and (figure.until_on is None or today < figure.until_on)
    }
    return Frozen(today, timezone.now(), rules, figures)
