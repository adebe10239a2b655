"""What one screening fixes before it begins: the day, what was known, rules, figures, the place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from yizhou.refusals import Refusal


@dataclass(frozen=True, slots=True)
class FrozenRule:
    """A rule version as one run uses it."""

    rule_id: str
    version_id: int
    definition: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Frozen:
    """Rows and registry as known at `known_at`, seen from the day `as_of`.

    `not_yet`: batches that were being merged at that moment; none of their rows counts.
    `replay`: the registry is read as it was then, not as it is.
    """

    as_of: date
    known_at: datetime
    rules: Sequence[FrozenRule]
    thresholds: Mapping[str, Decimal]
    not_yet: Sequence[UUID] = ()
    replay: bool = False

    def figure(self, key: str) -> Decimal:
        """Raises Refusal when the threshold has no value on the day."""
        try:
            return self.thresholds[key]
        except KeyError:
            raise Refusal(
                f"{self.as_of} 没有标准线“{key}”。请先录入，再运行研判。", code="threshold_missing"
            ) from None


@dataclass(frozen=True, slots=True)
class Within:
    """Which households are screened: those of a code range, or just these."""

    low: str = ""
    high: str = ""
    households: Sequence[int] | None = field(default=None)


COUNTY = Within()


@dataclass(frozen=True, slots=True)
class Screened:
    """People and households looked at: None when one rule was tried and nobody had to count them.

    `overfull`: rules that matched far too many, with their count; their hits were dropped.
    """

    subjects: int | None
    households: int | None
    hits: int
    overfull: Mapping[str, int]
