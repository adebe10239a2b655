"""The hits of one household and rule together: who, how grave, and the sentence with figures.

Fills the temporary table `candidate` from `hit`; monitoring/actions/raising.py merges it.
"""

import re
from collections.abc import Mapping, Sequence

from psycopg2.extras import Json
from psycopg2.sql import SQL, Composable, Identifier, Literal

from monitoring.rules.language import Definition
from yizhou.statements import run

SLOT = re.compile(r"\{(\w+)\}")
# One row a household and rule. The gravest hit, of these the one farthest over the line, gives
# severity, value, line and measures; all hits give people and fingerprint.
CANDIDATES = SQL(
    """
CREATE TEMPORARY TABLE candidate ON COMMIT DROP AS
WITH rule AS (
    SELECT * FROM jsonb_to_recordset({rules}::jsonb) AS r(version_id bigint, effect text,
        down boolean, deadline text, cool_down_days integer, regrow_share numeric)
), wanted AS (
    SELECT h.*, r.effect, r.down, r.deadline, r.cool_down_days, r.regrow_share
    FROM hit h JOIN rule r ON r.version_id = h.version_id
    WHERE h.rule_id = ANY ({codes}::text[])
), gravest AS (
    SELECT DISTINCT ON (household_id, rule_id) *
    FROM wanted
    ORDER BY household_id, rule_id, severity, CASE WHEN down THEN value ELSE -value END, person_id
), told AS (
    SELECT w.household_id, w.rule_id, count(*) AS people,
           coalesce(string_agg(p.name, '、' ORDER BY p.id), '') AS who,
           coalesce(array_agg(w.person_id) FILTER (WHERE w.person_id IS NOT NULL), '{{}}')
               AS people_ids,
           decode(md5(string_agg(
               concat_ws('|', w.person_id, w.value, w.line, w.severity, w.evidence::text), ';'
               ORDER BY w.person_id)), 'hex') AS evidence_hash
    FROM wanted w LEFT JOIN grid_person p ON p.id = w.person_id
    GROUP BY w.household_id, w.rule_id
)
SELECT g.household_id, g.rule_id, g.version_id, g.code, g.severity::integer AS severity, g.value,
       g.line, g.effect, g.down, g.deadline, g.cool_down_days, g.regrow_share,
       t.people_ids, t.evidence_hash, left({sentence}, 300) AS sentence
FROM gravest g JOIN told t USING (household_id, rule_id)"""
)
FIGURE = SQL(
    "CASE WHEN round({0}, 2) = trunc({0}) THEN to_char({0}, 'FM999,999,999,999,990')"
    " ELSE to_char({0}, 'FM999,999,999,999,990.00') END"
)
UNKNOWN = "不详"  # a measure without a value


def find_candidates(made: Mapping[int, Definition], rules: Sequence[str]) -> None:
    """`made`: definitions by version; hits of other rules than `rules` are left out."""
    run(SQL("DROP TABLE IF EXISTS pg_temp.candidate"))
    facts = [
        {
            "version_id": version,
            "effect": definition.effect,
            "down": definition.direction == "down",
            "deadline": definition.deadline or "",
            "cool_down_days": definition.cool_down_days,
            "regrow_share": str(definition.regrow_share),
        }
        for version, definition in made.items()
    ]
    run(
        CANDIDATES.format(
            rules=Literal(Json(facts)),
            codes=Literal(list(rules)),
            sentence=_sentences(made),
        )
    )
    run(SQL("CREATE INDEX ON candidate (household_id, rule_id)"))
    run(SQL("ANALYZE candidate"))


def _sentences(made: Mapping[int, Definition]) -> Composable:
    """The sentence of g (gravest hit) and t (all hits), figures as people read them."""
    if not made:
        return SQL("''")
    whens = [
        SQL("WHEN {} THEN {}").format(Literal(version), _sentence(definition))
        for version, definition in made.items()
    ]
    return SQL("CASE g.version_id {} END").format(SQL(" ").join(whens))


def _sentence(made: Definition) -> Composable:
    parts: list[Composable] = []
    for place, piece in enumerate(SLOT.split(made.sentence)):
        if place % 2 == 0:
            parts.append(SQL("{}::text").format(Literal(piece)))
        else:
            parts.append(_slot(piece, made))
    return SQL("concat({})").format(SQL(", ").join(parts))


def _slot(name: str, made: Definition) -> Composable:
    own = made.own_measures
    if name in own:
        measured = SQL("g.measured[{}]").format(Literal(own.index(name) + 1))
        return SQL("coalesce({}, {})").format(FIGURE.format(measured), Literal(UNKNOWN))
    if name in ("value", "line"):
        return FIGURE.format(Identifier("g", name))
    return {
        "line_label": SQL("g.line_label"),
        "who": SQL("t.who"),
        "people": SQL("t.people"),
    }[name]
