"""Which source rows stand behind a hit: read again, for the hits only."""

from collections.abc import Sequence

from psycopg2.sql import SQL, Composable, Literal

from monitoring.engine.conditions import conjunction, standing, table_of
from monitoring.engine.frozen import Frozen
from monitoring.engine.scans import fits, picked_rows
from monitoring.rules.language import PERSON, FromFeed, Rows


def rows_of(codes: Sequence[str], measure: FromFeed, frozen: Frozen) -> Composable | None:
    """SELECT of (rule, household, person, feed, row id); None for what shows by its absence."""
    if measure.op == "absent":
        return None
    head = SQL("SELECT h.rule_id, h.household_id, h.person_id, {feed}").format(
        feed=Literal(measure.feed)
    )
    whose = SQL("person_id") if measure.per == PERSON else SQL("household_id")
    subjects = SQL("raw_hit h JOIN subject s ON s.{0} = h.{0}").format(whose)
    if isinstance(measure, Rows):
        return SQL(
            "{head}, r.id FROM {subjects} JOIN {table} r ON r.person_id = s.person_id"
            " WHERE h.rule_id = ANY ({rule}) AND {conditions}"
        ).format(
            head=head,
            subjects=subjects,
            table=table_of(measure.feed),
            rule=Literal(list(codes)),
            conditions=conjunction([standing(frozen), fits(measure, frozen)]),
        )
    only = SQL("s.{0} IN (SELECT {0} FROM raw_hit WHERE rule_id = ANY ({1}))").format(
        whose, Literal(list(codes))
    )
    return SQL(
        "{head}, k.id FROM raw_hit h JOIN ({picked}) k ON k.{whose} = h.{whose}"
        " WHERE h.rule_id = ANY ({rule})"
    ).format(
        head=head,
        picked=picked_rows(measure, frozen, only),
        whose=whose,
        rule=Literal(list(codes)),
    )
