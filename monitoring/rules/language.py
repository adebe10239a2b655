"""The rule language as typed values: what a checked definition means, macros expanded.

All of them are frozen and hashable: two rules that measure the same share one scan.
monitoring/rules/definition.py makes them, monitoring/engine compiles them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

HOUSEHOLD, PERSON = "household", "person"


@dataclass(frozen=True, slots=True)
class Members:
    """Which living people count; None means whoever. `age` in completed years on the day."""

    age: tuple[int, int] | None = None
    sex: str | None = None
    labour: tuple[str, ...] | None = None
    health: tuple[str, ...] | None = None
    head: bool | None = None


@dataclass(frozen=True, slots=True)
class Population:
    """Which households or people a rule looks at."""

    kinds: tuple[str, ...] | None = None
    members: Members = Members()


@dataclass(frozen=True, slots=True)
class Window:
    """Days with as_of - (ago + months) < day <= as_of - ago; without months open at the start."""

    on: str
    months: int | None = None
    ago: int = 0


@dataclass(frozen=True, slots=True)
class Cond:
    """A condition on one row. `kind`: value, values, threshold, days, than, year or none."""

    column: str
    op: str
    kind: str
    operand: Any = None


@dataclass(frozen=True, slots=True)
class Rows:
    """sum, max, min, count, exists or absent over the rows of a window."""

    feed: str
    op: str
    column: str | None
    where: tuple[Cond, ...]
    window: Window
    per: str
    members: Members = Members()


@dataclass(frozen=True, slots=True)
class Latest:
    """Each person's latest row: its value (latest), or whether it fits (latest_is)."""

    feed: str
    op: str
    column: str | None
    where: tuple[Cond, ...]
    then: tuple[Cond, ...]
    window: Window
    per: str
    members: Members = Members()
    across: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Latest row against the one that was latest at the window's beginning (change, changed)."""

    feed: str
    op: str
    column: str
    where: tuple[Cond, ...]
    window: Window
    per: str
    members: Members = Members()
    across: str | None = None
    was: tuple[str | int, ...] | None = None
    becomes: tuple[str | int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """age, size, members, workers; or kind_is: the household is of one of `kinds`."""

    name: str
    per: str
    members: Members = Members()
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Total:
    """A sum of other measures, unknown terms counted as 0; per `by`, times a factor."""

    plus: tuple[str, ...]
    minus: tuple[str, ...]
    by: str | None
    times: Decimal
    per: str


@dataclass(frozen=True, slots=True)
class Ratio:
    of: str
    to: str
    per: str


Measure = Rows | Latest | Change | Fact | Total | Ratio
FromFeed = Rows | Latest | Change


@dataclass(frozen=True, slots=True)
class Leaf:
    """measure op operand. `kind`: number, threshold, than, line, or none (known, unknown)."""

    measure: str
    op: str
    kind: str
    operand: Any = None
    times: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Joined:
    """all, any or none of the parts."""

    how: str
    parts: tuple["Joined | Leaf", ...]


Tree = Joined | Leaf


@dataclass(frozen=True, slots=True)
class Line:
    threshold: str
    label: str = ""
    kinds: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()  # names of hidden household measures


@dataclass(frozen=True, slots=True)
class Band:
    """A severity and what reaches it. `kind`: times, threshold, equals or always."""

    severity: int
    kind: str
    operand: Any = None


@dataclass(frozen=True, slots=True)
class Definition:
    """A checked rule. `measures` holds the rule's own, then the hidden ones of macros ("a.1")."""

    level: str
    effect: str
    population: Population
    measures: Mapping[str, Measure] = field(hash=False)
    when: Tree | None
    value: str
    direction: str
    lines: tuple[Line, ...]
    bands: tuple[Band, ...]
    deadline: str | None
    sentence: str
    cool_down_days: int
    regrow_share: Decimal
    lowerable: bool = True

    @property
    def own_measures(self) -> list[str]:
        """Names the rule itself gives, sorted: the order of a hit's measured values."""
        return sorted(name for name in self.measures if "." not in name)

    def from_feeds(self) -> dict[str, FromFeed]:
        """The measures that read rows."""
        return {n: m for n, m in self.measures.items() if isinstance(m, Rows | Latest | Change)}
