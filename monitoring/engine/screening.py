"""One screening in the caller's transaction: subjects, scans, hits, their evidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from psycopg2.sql import SQL, Composable, Identifier, Literal

from grid.past import households_at, people_at
from monitoring.engine.conditions import conjunction, people
from monitoring.engine.evidence import rows_of
from monitoring.engine.frozen import COUNTY, Frozen, Screened, Within
from monitoring.engine.grading import Graded, member_counts
from monitoring.engine.scans import Scans
from monitoring.rules.definition import parsed
from monitoring.rules.language import PERSON, Definition, FromFeed, Members
from yizhou.statements import ask, run

MOST_SHARE = "rule_most_share"
WORTH_ANALYZING = 1_000  # rows; below it the planner can hardly go wrong
ALWAYS_ALLOWED = 2_000  # hits of one rule that are never too many
RAW_HIT = SQL(
    """
CREATE TEMPORARY TABLE raw_hit (
    rule_id varchar(20) NOT NULL,
    version_id bigint NOT NULL,
    household_id bigint NOT NULL,
    person_id bigint,
    code varchar(20) COLLATE "C" NOT NULL,
    value numeric(14,2) NOT NULL,
    line numeric(14,2),
    line_label text NOT NULL,
    severity smallint NOT NULL,
    measured numeric[] NOT NULL
) ON COMMIT DROP"""
)
EVIDENCE = SQL(
    """
CREATE TEMPORARY TABLE evidence (
    rule_id varchar(20) NOT NULL,
    household_id bigint NOT NULL,
    person_id bigint,
    feed varchar(40) NOT NULL,
    record_id bigint NOT NULL
) ON COMMIT DROP"""
)
HIT = SQL(
    """
CREATE TEMPORARY TABLE hit ON COMMIT DROP AS
SELECT h.*, coalesce(e.evidence, '{}'::jsonb) AS evidence
FROM raw_hit h LEFT JOIN (
    SELECT rule_id, household_id, person_id, jsonb_object_agg(feed, ids) AS evidence
    FROM (SELECT rule_id, household_id, person_id, feed,
                 array_agg(DISTINCT record_id ORDER BY record_id) AS ids
          FROM evidence GROUP BY 1, 2, 3, 4) f
    GROUP BY 1, 2, 3
) e ON e.rule_id = h.rule_id AND e.household_id = h.household_id
   AND coalesce(e.person_id, 0) = coalesce(h.person_id, 0)"""
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a rule measured for one subject; `severity` None when it does not fire."""

    rule_id: str
    version_id: int
    household_id: int
    person_id: int | None
    values: Mapping[str, Decimal | None]
    line: Decimal | None
    line_label: str
    severity: int | None


def screen(frozen: Frozen, *, within: Within = COUNTY, evidence: bool = True) -> Screened:
    """Fill the temporary table `hit`, dropped at commit. Raises Refusal when a figure is missing.

    Columns: rule_id, version_id, household_id, person_id, code, value, line, line_label, severity,
    measured (in the order of own_measures) and evidence (feed: row ids).
    """
    rules = Compiled(frozen, within)
    clear()
    rules.prepare(as_views=len(frozen.rules) == 1 and not evidence)
    run(RAW_HIT)
    found = {graded.rule.rule_id: rules.insert_hits(graded) for graded in rules.graded}
    return finished(rules, found, evidence=evidence)


def finished(rules: "Compiled", found: Mapping[str, int], *, evidence: bool) -> Screened:
    """`hit` from the rows of `raw_hit`, of which each rule has `found` so many."""
    overfull: dict[str, int] = {}
    for graded in rules.graded:
        code = graded.rule.rule_id
        if not found[code]:
            continue
        rules.with_hits.append(graded)
        if rules.is_overfull(graded.made, found[code]):
            overfull[code] = found[code]
            run(SQL("DELETE FROM raw_hit WHERE rule_id = {}").format(Literal(code)))
    run(SQL("CREATE INDEX ON raw_hit (rule_id, household_id); ANALYZE raw_hit"))
    run(EVIDENCE)
    if evidence:
        rules.find_evidence()
    run(HIT)
    run(SQL("CREATE INDEX ON hit (household_id, rule_id); ANALYZE hit"))
    [(hits,)] = ask(SQL("SELECT count(*) FROM hit"))
    return Screened(rules.subjects, rules.households, int(hits), overfull)


def measured(frozen: Frozen, household_id: int) -> list[Measured]:
    """Every rule and subject of one household, whether it fires or not."""
    rules = Compiled(frozen, Within(households=[household_id]))
    clear()
    rules.prepare()
    found = []
    for graded in rules.graded:
        statement = SQL(
            "SELECT household_id, person_id, line, line_label, severity, measured FROM ({}) g"
            " ORDER BY person_id"
        ).format(graded.graded(only_firing=False))
        for household, person, line, label, severity, values in ask(statement):
            found.append(
                Measured(
                    graded.rule.rule_id,
                    graded.rule.version_id,
                    household,
                    person,
                    dict(zip(graded.made.own_measures, values, strict=True)),
                    line,
                    label,
                    severity,
                )
            )
    return found


class Compiled:
    """A set of rules over one frozen moment and place."""

    def __init__(
        self,
        frozen: Frozen,
        within: Within,
        kept: Mapping[FromFeed, tuple[str, str]] = MappingProxyType({}),
    ) -> None:
        self.frozen, self.within = frozen, within
        made = [parsed(rule.definition) for rule in frozen.rules]
        self.counts = member_counts(made)
        self.measures = list(dict.fromkeys(m for d in made for m in d.from_feeds().values()))
        self.scans = Scans(frozen, self.measures, wide=within.households is None, kept=kept)
        self.graded = [
            Graded(rule, definition, self.scans, self.counts, frozen)
            for rule, definition in zip(frozen.rules, made, strict=True)
        ]
        self.with_hits: list[Graded] = []
        self.subjects: int | None = None
        self.households: int | None = None

    def prepare(self, *, as_views: bool = False) -> None:
        """`subject` (people), `family` (households) and the scans, each made once for all rules.

        One rule alone reads each of them once: as views the planner sees through them, and several
        processes of the database share the work.
        """
        settle()
        base = {
            "subject": subjects(self.frozen, self.within),
            "family": (
                families(self.counts, self.frozen)
                if self.counts or not as_views
                else _plain_families(self.frozen, self.within)
            ),
        }
        self.make({**base, **self.scans.queries()}, as_views=as_views)
        if not as_views:
            self._count()

    def make(self, queries: Mapping[str, Composable], *, as_views: bool) -> None:
        """Temporary tables or views by name, in their order."""
        for name, query in queries.items():
            self._make(name, query, "VIEW" if as_views else "TABLE")

    def _count(self) -> None:
        [(self.subjects,)] = ask(SQL("SELECT count(*) FROM subject"))
        [(self.households,)] = ask(SQL("SELECT count(*) FROM family"))

    def _make(self, name: str, query: Composable, what: str) -> None:
        if what == "VIEW":
            run(SQL("CREATE TEMPORARY VIEW {} AS {}").format(Identifier(name), query))
            return
        made = SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS {}").format(Identifier(name), query)
        if run(made) < WORTH_ANALYZING:
            return
        # Feeds with few rows find their people by key; a hash of all people costs more.
        for key in {"subject": ("person_id", "household_id"), "family": ("household_id",)}.get(
            name, ()
        ):
            run(SQL("CREATE INDEX ON {} ({})").format(Identifier(name), Identifier(key)))
        run(SQL("ANALYZE {}").format(Identifier(name)))

    def insert_hits(self, graded: Graded) -> int:
        """How many subjects the rule fires for."""
        if len(self.graded) > 1:
            return run(SQL("INSERT INTO raw_hit {}").format(graded.hits()))
        # By way of a table: several processes may fill that, but not an INSERT.
        run(SQL("CREATE TEMPORARY TABLE fired ON COMMIT DROP AS {}").format(graded.hits()))
        found = run(SQL("INSERT INTO raw_hit SELECT * FROM fired"))
        run(SQL("DROP TABLE fired"))
        return found

    def is_overfull(self, made: Definition, found: int) -> bool:
        """Whether a rule that alerts fires for more than is believable."""
        if made.effect != "alert" or found <= ALWAYS_ALLOWED:
            return False
        if self.subjects is None or self.households is None:
            self._count()
        subjects = (self.subjects if made.level == PERSON else self.households) or 0
        return found > subjects * self.frozen.thresholds.get(MOST_SHARE, Decimal(1))

    def find_evidence(self) -> None:
        """The rows behind the hits, each measure once for all rules that use it."""
        if not self.with_hits:
            return
        used: dict[FromFeed, list[str]] = {}
        for graded in self.with_hits:
            for measure in graded.made.from_feeds().values():
                codes = used.setdefault(measure, [])
                if graded.rule.rule_id not in codes:
                    codes.append(graded.rule.rule_id)
        for measure, codes in used.items():
            statement = rows_of(codes, measure, self.frozen)
            if statement is not None:
                run(SQL("INSERT INTO evidence {}").format(statement))


def settle() -> None:
    """How the database is to work in this transaction."""
    # Compiling to machine code costs more than it saves here. The feeds lie in memory or on
    # fast disks: a place's rows by key are cheaper than the county's in a row.
    run(SQL("SET LOCAL work_mem = '128MB'; SET LOCAL jit = off; SET LOCAL random_page_cost = 1"))


def clear(*, results: bool = True) -> None:
    """An earlier screening of the same transaction may have left its tables or views.

    `results`: what it found, too.
    """
    left = ask(
        SQL(
            "SELECT CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, relname FROM pg_class"
            " WHERE relnamespace = pg_my_temp_schema() AND relkind IN ('r', 'v')"
            " AND (relname IN ('subject', 'family') OR relname ~ '^scan_[0-9]+$'"
            " OR ({} AND relname IN ('raw_hit', 'evidence', 'hit'))) ORDER BY relkind DESC"
        ).format(Literal(results))
    )
    for what, name in left:
        run(SQL("DROP {} IF EXISTS pg_temp.{} CASCADE").format(SQL(what), Identifier(name)))


def subjects(frozen: Frozen, within: Within) -> Composable:
    moment = frozen.known_at if frozen.replay else None
    return SQL(
        "SELECT p.id AS person_id, p.household_id, h.code, h.kind, p.born_on, p.sex, p.labour,"
        " p.health, p.id = h.head_id AS is_head"
        " FROM {people} p JOIN {households} h ON h.id = p.household_id"
        " WHERE p.died_on IS NULL AND h.dissolved_on IS NULL AND {place}"
    ).format(
        people=people_at(moment),
        households=households_at(moment),
        place=conjunction(_place(within)),
    )


def _place(within: Within) -> list[Composable]:
    place: list[Composable] = []
    if within.households is not None:
        place.append(SQL("h.id = ANY ({}::bigint[])").format(Literal(list(within.households))))
    if within.low:
        place.append(SQL("h.code >= {}").format(Literal(within.low)))
    if within.high:
        place.append(SQL("h.code < {}").format(Literal(within.high)))
    return place


def _plain_families(frozen: Frozen, within: Within) -> Composable:
    """Households with a living member, none of them counted: found by key, one by one."""
    moment = frozen.known_at if frozen.replay else None
    return SQL(
        "SELECT h.id AS household_id, h.code, h.kind FROM {households} h"
        " WHERE h.dissolved_on IS NULL AND {place} AND EXISTS (SELECT 1 FROM {people} p"
        " WHERE p.household_id = h.id AND p.died_on IS NULL)"
    ).format(
        people=people_at(moment),
        households=households_at(moment),
        place=conjunction(_place(within)),
    )


def families(counts: Mapping[Members, str], frozen: Frozen) -> Composable:
    columns = [
        SQL("count(*) FILTER (WHERE {}) AS {}").format(
            conjunction(people(members, frozen)), Identifier(name)
        )
        for members, name in counts.items()
    ]
    return SQL("SELECT {} FROM subject s GROUP BY s.household_id").format(
        SQL(", ").join(
            [
                SQL("s.household_id, min(s.code) AS code, min(s.kind) AS kind"),
                *columns,
            ]
        )
    )
