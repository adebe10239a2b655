"""Which households the eight must-visits (八必访) mean, read from departments' current rows.

Source: reference 5.2 [R5]; how recent is "new" and which levels are severe is proposed, to be
confirmed by the county.
"""

from collections.abc import Callable, Mapping
from datetime import date

from psycopg2.sql import SQL, Composable, Identifier, Literal

from monitoring.feeds import FEEDS
from monitoring.models import AlertState

NEW_DAYS = 183  # recognised or issued within half a year: new; to be confirmed
# Rules that say the income is low or fell; an open alert of one puts the household into the group.
INCOME_RULES = ("INC-01", "INC-02", "INC-03", "INC-04", "IND-02")
MANY_STUDENTS = 2  # beyond compulsory school in one household; to be confirmed


ROWS = SQL(
    "SELECT p.household_id FROM {table} r JOIN grid_person p ON p.id = r.person_id"
    " WHERE r.superseded_at IS NULL AND p.household_id IS NOT NULL AND {condition}"
)


def _of(feed: str, condition: str, **values: object) -> Callable[[date], Composable]:
    """Households of the people whom current rows of a feed name, under a condition on r."""

    def select(day: date) -> Composable:
        asked = SQL(condition).format(
            day=Literal(str(day)),
            new=Literal(NEW_DAYS),
            **{name: Literal(value) for name, value in values.items()},
        )
        return ROWS.format(table=Identifier(FEEDS[feed].model._meta.db_table), condition=asked)

    return select


def _low_income(day: date) -> Composable:
    listed = _of(
        "low_income_list",
        "(r.valid_until_on IS NULL OR r.valid_until_on >= {day}::date)",
    )(day)
    alerted = SQL(
        "SELECT a.household_id FROM monitoring_alert a"
        " WHERE a.state = ANY ({}::text[]) AND a.rule_id = ANY ({}::text[])"
    ).format(
        Literal([AlertState.HELD.value, AlertState.TO_VERIFY.value]), Literal(list(INCOME_RULES))
    )
    return SQL("{} UNION ALL {}").format(listed, alerted)


def _many_students(day: date) -> Composable:
    enrolled = _of(
        "school_status",
        "r.standing = 'enrolled' AND r.stage = ANY ({stages}::text[])"
        " AND r.status_on > {day}::date - 366",
        stages=["senior", "vocational", "college"],
    )(day)
    return SQL("SELECT s.household_id FROM ({}) s GROUP BY 1 HAVING count(*) >= {}").format(
        enrolled, Literal(MANY_STUDENTS)
    )


# A household is newly on dibao when its first month is not older than NEW_DAYS.
def _dibao_new(day: date) -> Composable:
    return SQL(
        "SELECT p.household_id FROM {} r JOIN grid_person p ON p.id = r.person_id"
        " WHERE r.superseded_at IS NULL AND p.household_id IS NOT NULL"
        " GROUP BY 1 HAVING min(r.month_on) > {}::date - {}"
        " AND max(r.month_on) > {}::date - 93"
    ).format(
        Identifier(FEEDS["dibao_payment"].model._meta.db_table),
        Literal(str(day)),
        Literal(NEW_DAYS),
        Literal(str(day)),
    )


GROUPS: Mapping[str, Callable[[date], Composable]] = {
    "low_income": _low_income,
    "serious_illness": _of("serious_illness", "r.treatment <> 'ended'"),
    "tekun_at_home": _of("tekun_support", "r.mode = 'at_home'"),
    "dibao_new": _dibao_new,
    "disabled_new": _of(
        "disability_certificate",
        "r.standing = 'valid' AND (r.level <= 2 OR r.issued_on > {day}::date - {new})",
    ),
    "many_students": _many_students,
    "unstable_job": _of(
        "employment_status",
        "r.standing = ANY ({standings}::text[]) AND r.since_on > {day}::date - {new}",
        standings=["unemployed", "returned"],
    ),
    "major_change": _of(
        "disaster_damage",
        "r.happened_on > {day}::date - {new} AND (r.house IN ('heavy', 'collapsed')"
        " OR r.injured_people > 0)",
    ),
}
