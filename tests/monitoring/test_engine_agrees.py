"""The engine's SQL against the interpreter's loops, over random counties and random rules."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Q
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from grid.models import Household
from monitoring.engine import COUNTY, Frozen, FrozenRule, Screened, Within, measured, screen
from monitoring.engine.kept import keep, screen_kept
from monitoring.feeds import FEEDS
from monitoring.rules import SHIPPED
from monitoring.rules.definition import check_definition
from tests.monitoring.interpreter import Facts, Moment, Weighed, cents, feeds_of, weigh
from tests.monitoring.random_county import (
    RICH,
    THRESHOLDS,
    County,
    Hints,
    counties,
    definitions,
    hints_of,
    write,
)
from tests.world import World

pytestmark = pytest.mark.django_db

TOLERANCE = Decimal("0.000001")
SHIPPED_FIGURES = {t.key: Decimal(t.value) for rule in SHIPPED for t in rule.thresholds}
SHIPPED_DEFINITIONS = {rule.code: rule.definition for rule in SHIPPED}
SHIPPED_FEEDS = sorted({f for d in SHIPPED_DEFINITIONS.values() for f in feeds_of(d)})
SHIPPED_HINTS = hints_of(SHIPPED_DEFINITIONS.values(), SHIPPED_FIGURES)
# Between the two townships, so that each range holds some of the world's and the county's people.
RANGES = [("4", "451203104207"), ("451203104207", "451203106"), ("451203106", "~")]

Key = tuple[str, int, int | None]


def examples(number: int) -> settings:
    return settings(
        max_examples=number,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@contextmanager
def rolled_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class Case:
    """A county in the database, frozen inputs for the engine, and what the interpreter says."""

    def __init__(
        self,
        county: County,
        rules: Mapping[str, Mapping[str, Any]],
        figures: Mapping[str, Decimal],
        hints: Hints,
    ) -> None:
        batches = write(county, hints)
        self.rules = rules
        self.frozen = Frozen(
            as_of=county.as_of,
            known_at=county.known_at,
            rules=[FrozenRule(code, n, rules[code]) for n, code in enumerate(sorted(rules), 1)],
            thresholds=figures,
            not_yet=[batches.not_yet.pk],
        )
        facts = Facts.load(county.rows)
        moment = Moment(
            facts, as_of=county.as_of, known_at=county.known_at, not_yet={batches.not_yet.pk}
        )
        self.weighed: dict[Key, Weighed] = {
            (code, w.household_id, w.person_id): w
            for code, definition in rules.items()
            for w in weigh(moment, definition, figures)
        }

    @property
    def expected(self) -> dict[Key, dict[str, Any]]:
        """The interpreter's hits."""
        return {
            key: {
                "severity": w.severity,
                "value": cents(w.measured[self.rules[key[0]]["value"]]),
                "line": w.line,
                "line_label": w.line_label,
                "evidence": w.evidence,
                "measured": w.measured,
            }
            for key, w in self.weighed.items()
            if w.severity is not None
        }

    def screened(self, within: Within = COUNTY) -> dict[Key, dict[str, Any]]:
        """The engine's hits."""
        return self.screened_by(lambda frozen: screen(frozen, within=within))

    def screened_by(self, screening: Callable[[Frozen], Screened]) -> dict[Key, dict[str, Any]]:
        with rolled_back():
            number = screening(self.frozen).hits
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT rule_id, household_id, person_id, severity, value, line, line_label,"
                    " evidence, measured FROM hit"
                )
                rows = cursor.fetchall()
        assert number == len(rows)
        found = {}
        for rule, household, person, severity, value, line, label, evidence, numbers in rows:
            names = sorted(self.rules[rule]["measures"])
            found[rule, household, person] = {
                "severity": severity,
                "value": value,
                "line": line,
                "line_label": label or "",
                "evidence": _evidence(evidence),
                "measured": dict(zip(names, numbers, strict=True)),
            }
        assert len(found) == len(rows), "a subject was hit twice by one rule"
        return found


def _evidence(evidence: Any) -> dict[str, list[int]]:
    read = json.loads(evidence) if isinstance(evidence, str) else evidence
    return {feed: ids for feed, ids in read.items() if ids}


def near(one: Mapping[str, Decimal | None], other: Mapping[str, Decimal | None]) -> bool:
    """The same measures are known, and their values are equal but for the last digits."""
    return one.keys() == other.keys() and all(
        (a is None) == (b is None) and (a is None or abs(a - b) <= TOLERANCE * max(1, abs(b)))
        for a, b in ((one[name], other[name]) for name in one)
    )


def differences(
    engine: Mapping[Key, Mapping[str, Any]],
    interpreter: Mapping[Key, Mapping[str, Any]],
    rules: Mapping[str, Any],
) -> list[str]:
    """One paragraph for each subject the two do not agree on."""
    found = []
    for key in sorted(engine.keys() | interpreter.keys(), key=str):
        one, other = engine.get(key), interpreter.get(key)
        if one is None or other is None:
            who = "only the interpreter" if one is None else "only the engine"
            found.append(f"{key}: {who} hits: {one or other}\n  {rules[key[0]]}")
            continue
        for part in one:
            same = near if part == "measured" else lambda a, b: a == b
            if not same(one[part], other[part]):
                found.append(
                    f"{key}: {part}: engine {one[part]}, interpreter {other[part]}\n"
                    f"  {rules[key[0]]}"
                )
    return found


def assert_agree(
    engine: Mapping[Key, Mapping[str, Any]],
    interpreter: Mapping[Key, Mapping[str, Any]],
    rules: Mapping[str, Any],
) -> None:
    wrong = differences(engine, interpreter, rules)
    assert not wrong, "\n".join(wrong[:5])


@st.composite
def random_cases(draw: st.DrawFn, most: int) -> tuple[County, dict[str, dict[str, Any]], Hints]:
    """A few random rules over three or four feeds, and a county with rows in whatever they read."""
    feeds = draw(st.lists(st.sampled_from(RICH), min_size=3, max_size=4, unique=True))
    drawn = draw(st.lists(definitions(feeds), min_size=1, max_size=most))
    rules = {f"R-{n}": definition for n, definition in enumerate(drawn)}
    read = {feed for definition in drawn for feed in feeds_of(definition)}
    assume(read)
    return draw(counties(read, fewest_rows=2)), rules, hints_of(drawn, THRESHOLDS)


def test_shipped_rules_over_random_counties(world: World) -> None:
    hit: Counter[str] = Counter()

    @examples(30)
    @given(county=counties(SHIPPED_FEEDS, most_rows=12))
    def agree(county: County) -> None:
        with rolled_back():
            case = Case(county, SHIPPED_DEFINITIONS, SHIPPED_FIGURES, SHIPPED_HINTS)
            expected = case.expected
            assert_agree(case.screened(), expected, case.rules)
            hit.update(rule for rule, _, _ in expected)

    agree()
    # Agreement about nothing would show nothing.
    assert len(hit) >= len(SHIPPED) // 2, set(SHIPPED_DEFINITIONS) - set(hit)


def test_random_rules_over_random_counties(world: World) -> None:
    tally: Counter[str] = Counter()

    @examples(140)
    @given(drawn=random_cases(5))
    def agree(drawn: tuple[County, dict[str, dict[str, Any]], Hints]) -> None:
        county, rules, hints = drawn
        for definition in rules.values():
            check_definition(definition)
        with rolled_back():
            case = Case(county, rules, THRESHOLDS, hints)
            expected = case.expected
            assert_agree(case.screened(), expected, rules)
            tally.update(hits=len(expected), subjects=len(case.weighed))

    agree()
    assert tally["subjects"] * 0.05 < tally["hits"] < tally["subjects"] * 0.9, tally


def test_every_measure_of_every_subject_is_explained_alike(world: World) -> None:
    @examples(18)
    @given(drawn=random_cases(5))
    def agree(drawn: tuple[County, dict[str, dict[str, Any]], Hints]) -> None:
        county, rules, hints = drawn
        with rolled_back():
            case = Case(county, rules, THRESHOLDS, hints)
            for household in {household for _, household, _ in case.weighed}:
                assert_explained(case, household)

    agree()


def assert_explained(case: Case, household: int) -> None:
    explained = {
        (m.rule_id, m.household_id, m.person_id): m for m in measured(case.frozen, household)
    }
    expected = {key: w for key, w in case.weighed.items() if key[1] == household}
    assert explained.keys() == expected.keys()
    for key, w in expected.items():
        m = explained[key]
        assert near(m.values, w.measured), (key, m.values, w.measured, case.rules[key[0]])
        assert m.severity == w.severity, (key, m.severity, w.severity, case.rules[key[0]])
        assert (cents(m.line), m.line_label or "") == (w.line, w.line_label), key


@st.composite
def mixed_cases(draw: st.DrawFn) -> tuple[County, dict[str, Mapping[str, Any]]]:
    """Some shipped rules together with some random ones."""
    codes = st.lists(st.sampled_from(sorted(SHIPPED_DEFINITIONS)), min_size=4, max_size=8)
    rules = {code: SHIPPED_DEFINITIONS[code] for code in draw(codes)}
    _, others, _ = draw(random_cases(3))
    read = {f for d in (rules | others).values() for f in feeds_of(d)}
    return draw(counties(read)), rules | others


def test_parts_put_together_are_the_whole(world: World) -> None:
    @examples(12)
    @given(drawn=mixed_cases())
    def agree(drawn: tuple[County, dict[str, Mapping[str, Any]]]) -> None:
        county, rules = drawn
        with rolled_back():
            case = Case(county, rules, SHIPPED_FIGURES | THRESHOLDS, SHIPPED_HINTS)
            whole = case.screened()
            by_range = [case.screened(Within(low=low, high=high)) for low, high in RANGES]
            assert_agree(joined(by_range), whole, rules)
            households = Household.objects.values_list("pk", flat=True)
            singly = [case.screened(Within(households=[pk])) for pk in households]
            assert_agree(joined(singly), whole, rules)

    agree()


def test_kept_measures_give_the_same_hits(world: World) -> None:
    """Kept at an earlier moment, some of them not at all; households that changed are seen anew."""
    tally: Counter[str] = Counter()

    @examples(40)
    @given(drawn=mixed_cases(), days=st.integers(1, 300), lacking=st.integers(0, 4))
    def agree(drawn: tuple[County, dict[str, Mapping[str, Any]]], days: int, lacking: int) -> None:
        county, rules = drawn
        with rolled_back():
            case = Case(county, rules, SHIPPED_FIGURES | THRESHOLDS, SHIPPED_HINTS)
            earlier = replace(
                case.frozen,
                known_at=case.frozen.known_at - timedelta(days=days),
                rules=case.frozen.rules[lacking:],
            )
            changed = households_changed(county, earlier.known_at)
            expected = {key: plain(hit) for key, hit in case.screened().items()}
            kept = keep(earlier, "agree")
            found = case.screened_by(lambda frozen: screen_kept(frozen, kept, changed))
            assert_agree({key: plain(hit) for key, hit in found.items()}, expected, rules)
            tally.update(hits=len(expected), all=len(case.weighed), changed=len(changed))
            tally.update(old=sum(key[1] not in changed for key in expected))

    agree()
    assert tally["old"] > 20, tally


def plain(hit: dict[str, Any]) -> dict[str, Any]:
    return {part: value for part, value in hit.items() if part != "evidence"}


def households_changed(county: County, since: datetime) -> list[int]:
    """Those with a row that came or was replaced since, or that is of the batch not yet merged."""
    changed: set[int] = set()
    for feed in county.rows:
        rows = FEEDS[feed].model._default_manager.filter(
            Q(received_at__gt=since) | Q(superseded_at__gt=since)
        )
        found = rows.values_list("person__household", flat=True)
        changed.update(pk for pk in found if pk is not None)
    return sorted(changed)


def joined(parts: Sequence[Mapping[Key, dict[str, Any]]]) -> dict[Key, dict[str, Any]]:
    """No subject may be in two parts."""
    together: dict[Key, dict[str, Any]] = {}
    for part in parts:
        assert not together.keys() & part.keys()
        together |= part
    return together
