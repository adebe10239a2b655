"""Groups of households the visit plan and the checks speak of, as SQL that selects household ids.

The grid itself knows everybody, the monitored and the formerly poor, and what happened in a
household lately. Of the eight must-visits (八必访) the rest needs departments' data: the floors
above give it by dotted name (settings.VISIT_GROUPS: mappings key -> function of a day -> SQL).
Source: must-visits after reference 5.2 [R5] (another county's list), to be confirmed for Yizhou.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string
from psycopg2.sql import SQL, Composable, Literal

from grid.models import HouseholdEvent, HouseholdKind

Selecting = Callable[[date], Composable]
LATELY = timedelta(days=92)  # a change of three months ago still asks for a visit; to be confirmed
MONITORED = (
    HouseholdKind.UNSTABLE_OUT_OF_POVERTY,
    HouseholdKind.MARGINAL_PRONE,
    HouseholdKind.SUDDEN_DIFFICULTY,
)
Event = HouseholdEvent.Kind
MAJOR_EVENTS = (Event.DIED, Event.NEW_HEAD, Event.SPLIT, Event.MERGED, Event.MOVED)


@dataclass(frozen=True, slots=True)
class Group:
    """`key` is what categories and campaigns store; `is_must_visit`: one of the eight."""

    key: str
    label: str
    is_must_visit: bool = False


GROUPS = (
    Group("monitored", "监测对象"),
    Group("low_income", "收入低或下降户", is_must_visit=True),
    Group("serious_illness", "大病慢病户", is_must_visit=True),
    Group("tekun_at_home", "分散供养特困户", is_must_visit=True),
    Group("dibao_new", "新纳入低保户", is_must_visit=True),
    Group("disabled_new", "新增和重度残疾户", is_must_visit=True),
    Group("many_students", "多子女就学户", is_must_visit=True),
    Group("unstable_job", "务工不稳户", is_must_visit=True),
    Group("major_change", "重大变故和受灾户", is_must_visit=True),
    Group("out_of_poverty", "脱贫户"),
    Group("everybody", "其他农户"),
)
BY_KEY = {group.key: group for group in GROUPS}


def _of_kinds(*kinds: HouseholdKind) -> Selecting:
    def select(day: date) -> Composable:
        return SQL("SELECT id FROM grid_household WHERE kind = ANY ({}::text[])").format(
            Literal([kind.value for kind in kinds])
        )

    return select


def _everybody(day: date) -> Composable:
    return SQL("SELECT id FROM grid_household")


def _major_change(day: date) -> Composable:
    return SQL(
        "SELECT household_id FROM grid_householdevent"
        " WHERE kind = ANY ({}::text[]) AND {} > {}::date"
    ).format(
        Literal([kind.value for kind in MAJOR_EVENTS]), SQL('"on"'), Literal(str(day - LATELY))
    )


OWN: Mapping[str, Selecting] = {
    "everybody": _everybody,
    "monitored": _of_kinds(*MONITORED),
    "out_of_poverty": _of_kinds(HouseholdKind.OUT_OF_POVERTY),
    "major_change": _major_change,
}


@cache
def _given(names: tuple[str, ...]) -> tuple[Mapping[str, Selecting], ...]:
    return tuple(import_string(name) for name in names)


def sources_of(key: str) -> list[Selecting]:
    """Everything that tells which households are in the group; empty: nobody tells."""
    mappings = (OWN, *_given(tuple(settings.VISIT_GROUPS)))
    return [mapping[key] for mapping in mappings if key in mapping]


def is_known(key: str) -> bool:
    return bool(sources_of(key))


def members(keys: Iterable[str], day: date) -> Composable:
    """SELECT key, household_id of all these groups; a household may stand there several times."""
    parts = [
        SQL("SELECT {}::text AS key, m.* FROM ({}) AS m(household_id)").format(
            Literal(key), select(day)
        )
        for key in sorted(set(keys))
        for select in sources_of(key)
    ]
    nobody = SQL("SELECT NULL::text AS key, NULL::bigint AS household_id WHERE FALSE")
    return SQL(" UNION ALL ").join(parts) if parts else nobody
