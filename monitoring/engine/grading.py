"""A rule over the scans: its measures by name, whether it fires, its line and its severity."""

import operator
from collections.abc import Callable, Iterable
from typing import Any

from psycopg2.sql import SQL, Composable, Identifier, Literal

from monitoring.engine.conditions import conjunction, disjunction, people
from monitoring.engine.frozen import Frozen, FrozenRule
from monitoring.engine.scans import COUNTED, Scan, Scans
from monitoring.rules.language import (
    PERSON,
    Band,
    Change,
    Definition,
    Fact,
    FromFeed,
    Latest,
    Leaf,
    Measure,
    Members,
    Ratio,
    Rows,
    Total,
    Tree,
)

HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "=": operator.eq,
    "<>": operator.ne,
}
MOST = "999999999999.99"  # what numeric(14, 2) holds


def member_counts(definitions: Iterable[Definition]) -> dict[Members, str]:
    """Each way in which rules count members of a household, and its column of `family`."""
    found: dict[Members, str] = {}
    for definition in definitions:
        for measure in definition.measures.values():
            if isinstance(measure, Fact) and measure.name == "members":
                found.setdefault(measure.members, f"n{len(found)}")
    return found


class Graded:
    """One rule compiled: SELECT of every subject with values, `fires`, line and severity."""

    def __init__(
        self,
        rule: FrozenRule,
        made: Definition,
        scans: Scans,
        counts: dict[Members, str],
        frozen: Frozen,
    ) -> None:
        self.rule, self.made, self.scans = rule, made, scans
        self.counts, self.frozen = counts, frozen

    def hits(self) -> Composable:
        """The rows of `raw_hit`."""
        return SQL(
            "SELECT {rule}::varchar(20) AS rule_id, {version}::bigint AS version_id, household_id,"
            " person_id, code, least(greatest(value, -{most}), {most})::numeric(14,2) AS value,"
            " CASE WHEN line IS NOT NULL THEN least(greatest(line, -{most}), {most})"
            " END::numeric(14,2) AS line, line_label,"
            " severity::smallint AS severity, measured FROM ({graded}) g WHERE severity IS NOT NULL"
        ).format(
            rule=Literal(self.rule.rule_id),
            version=Literal(self.rule.version_id),
            most=SQL(MOST),
            graded=self.graded(only_firing=True),
        )

    def graded(self, *, only_firing: bool) -> Composable:
        """household_id, person_id, code, value, line, line_label, measured, fires, severity."""
        fires = conjunction(
            [
                *self._population(),
                *([self._tree(self.made.when)] if self.made.when else []),
                SQL("{} IS NOT NULL").format(_named(self.made.value)),
            ]
        )
        measured = SQL("ARRAY[{}]::numeric[]").format(
            SQL(", ").join(_named(name) for name in self.made.own_measures)
        )
        person = SQL("b.person_id") if self.made.level == PERSON else SQL("NULL::bigint")
        line, label = self._line()
        inner = SQL(
            "SELECT b.household_id, {person} AS person_id, b.code, {value} AS value,"
            " {line} AS line, {label} AS line_label, {measured} AS measured,"
            " {fires} AS fires FROM {source}{where}"
        ).format(
            person=person,
            value=_named(self.made.value),
            line=line,
            label=label,
            measured=measured,
            fires=SQL("({}) IS TRUE").format(fires),
            source=self._source(self._needed() if only_firing else frozenset()),
            where=SQL(" WHERE {}").format(fires) if only_firing else SQL(""),
        )
        return SQL("SELECT l.*, CASE WHEN l.fires THEN {} END AS severity FROM ({}) l").format(
            self._severity(), inner
        )

    # ---- measures ----

    def _source(self, needed: frozenset[str]) -> Composable:
        """Subjects with the scans they need, then every measure under its name."""
        counted = any(
            isinstance(m, Fact) and m.name == "members" for m in self.made.measures.values()
        )
        parts = [SQL("subject b" if self.made.level == PERSON else "family b")]
        if self.made.level == PERSON and counted:
            parts.append(SQL("JOIN family f ON f.household_id = b.household_id"))
        for scan in self._scans():
            key = SQL("person_id") if scan.per == PERSON else SQL("household_id")
            join = SQL("JOIN" if scan.name in needed else "LEFT JOIN")
            parts.append(SQL("{2} {0} ON {0}.{1} = b.{1}").format(Identifier(scan.name), key, join))
        for name, measure in self.made.measures.items():
            parts.append(
                SQL("CROSS JOIN LATERAL (SELECT {} AS v) {}").format(
                    self._value(measure), Identifier(f"m.{name}")
                )
            )
        return SQL(" ").join(parts)

    def _scans(self) -> list[Scan]:
        found: dict[str, Scan] = {}
        for measure in self.made.from_feeds().values():
            scan = self.scans.of(measure)
            found[scan.name] = scan
        return list(found.values())

    # ---- who can fire at all ----

    def _needed(self) -> frozenset[str]:
        """Scans without a row of which a subject can't fire."""
        needed = self._to_be_known(self.made.value)
        if self.made.when is not None:
            needed |= self._to_be_true(self.made.when)
        if all(self._out_of_reach(band) for band in self.made.bands):
            needed |= self._to_be_counted(self.made.value)
        return needed

    def _to_be_known(self, name: str) -> frozenset[str]:
        measure = self.made.measures[name]
        if isinstance(measure, Rows | Latest | Change):
            if measure.op in COUNTED:
                return frozenset()
            return frozenset({self.scans.of(measure).name})
        if isinstance(measure, Ratio):
            return self._to_be_known(measure.of) | self._to_be_known(measure.to)
        if isinstance(measure, Total):
            terms = [self._to_be_known(term) for term in (*measure.plus, *measure.minus)]
            needed = frozenset.intersection(*terms)
            return needed | self._to_be_known(measure.by) if measure.by else needed
        return frozenset()

    def _to_be_counted(self, name: str) -> frozenset[str]:
        """For a measure that must be more than 0."""
        measure = self.made.measures[name]
        if isinstance(measure, Rows | Latest | Change) and measure.op in COUNTED:
            return (
                frozenset() if measure.op == "absent" else frozenset({self.scans.of(measure).name})
            )
        return frozenset()

    def _to_be_true(self, tree: Tree) -> frozenset[str]:
        if isinstance(tree, Leaf):
            return self._leaf_needs(tree)
        parts = [self._to_be_true(part) for part in tree.parts]
        if tree.how == "all":
            return frozenset().union(*parts)
        return frozenset.intersection(*parts) if tree.how == "any" else frozenset()

    def _leaf_needs(self, leaf: Leaf) -> frozenset[str]:
        if leaf.kind == "none" and leaf.op == "unknown":
            return frozenset()
        needed = self._to_be_known(leaf.measure)
        if leaf.kind == "than":
            needed |= self._to_be_known(leaf.operand)
        figure = None
        if leaf.kind == "number":
            figure = leaf.operand
        elif leaf.kind == "threshold":
            figure = self.frozen.figure(leaf.operand) * leaf.times
        if figure is not None and not HOLDS[leaf.op](0, figure):
            needed |= self._to_be_counted(leaf.measure)
        return needed

    def _out_of_reach(self, band: Band) -> bool:
        """Whether 0 never reaches the band."""
        if band.kind == "equals":
            return bool(band.operand != 0)
        if band.kind != "threshold":
            return False
        return not HOLDS[">=" if self.made.direction == "up" else "<="](
            0, self.frozen.figure(band.operand)
        )

    def _value(self, measure: Measure) -> Composable:
        if isinstance(measure, Rows | Latest | Change):
            return self._from_scan(measure)
        if isinstance(measure, Fact):
            return self._fact(measure)
        if isinstance(measure, Ratio):
            return SQL("{} / nullif({}, 0)").format(_named(measure.of), _named(measure.to))
        return _total(measure)

    def _from_scan(self, measure: FromFeed) -> Composable:
        scan = self.scans.of(measure)
        column = SQL("{}.{}").format(Identifier(scan.name), scan.column(measure))
        if measure.op == "exists":
            return SQL("(coalesce({}, 0) > 0)::integer::numeric").format(column)
        if measure.op == "absent":
            return SQL("(coalesce({}, 0) = 0)::integer::numeric").format(column)
        if measure.op in ("count", "latest_is", "changed"):
            return SQL("coalesce({}, 0)").format(column)
        return column

    def _fact(self, fact: Fact) -> Composable:
        family = SQL("f") if self.made.level == PERSON else SQL("b")
        if fact.name == "members":
            return SQL("{}.{}::numeric").format(family, Identifier(self.counts[fact.members]))
        if fact.name == "kind_is":
            return SQL("(b.kind = ANY ({}))::integer::numeric").format(Literal(list(fact.kinds)))
        return SQL("extract(year FROM age({}, b.born_on))::numeric").format(
            SQL("{}::timestamp").format(Literal(self.frozen.as_of))
        )

    # ---- conditions ----

    def _population(self) -> list[Composable]:
        population = self.made.population
        parts = people(population.members, self.frozen, "b")
        if population.kinds is not None:
            parts.append(SQL("b.kind = ANY ({})").format(Literal(list(population.kinds))))
        return parts

    def _tree(self, tree: Tree) -> Composable:
        if isinstance(tree, Leaf):
            return self._leaf(tree)
        parts = [self._tree(part) for part in tree.parts]
        if tree.how == "all":
            return SQL("({})").format(conjunction(parts))
        joined = SQL("({})").format(disjunction(parts))
        return joined if tree.how == "any" else SQL("({}) IS NOT TRUE").format(joined)

    def _leaf(self, leaf: Leaf) -> Composable:
        measure = _named(leaf.measure)
        if leaf.kind == "none":
            return SQL("{} IS {}NULL").format(
                measure, SQL("NOT ") if leaf.op == "known" else SQL("")
            )
        operand: Composable
        if leaf.kind == "number":
            operand = Literal(leaf.operand)
        elif leaf.kind == "threshold":
            operand = Literal(self.frozen.figure(leaf.operand) * leaf.times)
        else:
            other = self._line()[0] if leaf.kind == "line" else _named(leaf.operand)
            operand = SQL("({} * {})").format(other, Literal(leaf.times))
        return SQL("{} {} {}").format(measure, SQL(leaf.op), operand)

    def _line(self) -> tuple[Composable, Composable]:
        """The figure to compare with, and what it is called, by class of household."""
        if not self.made.lines:
            return SQL("NULL::numeric"), SQL("''::text")
        *classes, rest = self.made.lines
        figure, label = Literal(self.frozen.figure(rest.threshold)), Literal(rest.label)
        if not classes:
            return SQL("{}::numeric").format(figure), SQL("{}::text").format(label)
        figures, labels = [], []
        for line in classes:
            tests = [SQL("{} > 0").format(_named(name)) for name in line.statuses]
            if line.kinds:
                tests.append(SQL("b.kind = ANY ({})").format(Literal(list(line.kinds))))
            when = disjunction(tests)
            value = Literal(self.frozen.figure(line.threshold))
            figures.append(SQL("WHEN {} THEN {}").format(when, value))
            labels.append(SQL("WHEN {} THEN {}").format(when, Literal(line.label)))
        return (
            SQL("CASE {} ELSE {} END::numeric").format(SQL(" ").join(figures), figure),
            SQL("CASE {} ELSE {} END::text").format(SQL(" ").join(labels), label),
        )

    def _severity(self) -> Composable:
        """The first band that fits, in the order written; NULL when none does."""
        whens, otherwise = [], SQL("NULL::integer")
        for band in self.made.bands:
            if band.kind == "always":
                otherwise = Literal(band.severity)
                break
            whens.append(SQL("WHEN {} THEN {}").format(self._reached(band), Literal(band.severity)))
        if not whens:
            return otherwise
        return SQL("CASE {} ELSE {} END").format(SQL(" ").join(whens), otherwise)

    def _reached(self, band: Band) -> Composable:
        compared = SQL(">=") if self.made.direction == "up" else SQL("<=")
        if band.kind == "equals":
            return SQL("l.value = {}").format(Literal(band.operand))
        if band.kind == "times":
            return SQL("l.value {} l.line * {}").format(compared, Literal(band.operand))
        return SQL("l.value {} {}").format(compared, Literal(self.frozen.figure(band.operand)))


def _named(name: str) -> Composable:
    return SQL("{}.v").format(Identifier(f"m.{name}"))


def _total(measure: Total) -> Composable:
    """Unknown terms count as 0; all unknown is unknown."""
    if measure.by is None and not measure.minus and len(measure.plus) == 1:
        return SQL("{} * {}").format(_named(measure.plus[0]), Literal(measure.times))
    terms = [
        *(SQL("+ coalesce({}, 0)").format(_named(name)) for name in measure.plus),
        *(SQL("- coalesce({}, 0)").format(_named(name)) for name in measure.minus),
    ]
    anything = SQL(", ").join(_named(name) for name in (*measure.plus, *measure.minus))
    value = SQL("(0 {}) * {}").format(SQL(" ").join(terms), Literal(measure.times))
    if measure.by is not None:
        value = SQL("{} / nullif({}, 0)").format(value, _named(measure.by))
    return SQL("CASE WHEN coalesce({}) IS NOT NULL THEN {} END").format(anything, value)
