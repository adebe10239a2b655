"""What a phone carries out: own households and due work, and a stamp that tells when they changed.

No ID numbers and no bank accounts leave the county; phone numbers do, for the call button. The
number of queries does not grow with the households.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Case, Q, Value, When
from django.utils import timezone
from django.utils.module_loading import import_string

from grid.discovery import DIFFICULTIES, may_report
from grid.dossier import age_on
from grid.envelopes import receipt_of
from grid.frame import role_name
from grid.known import for_phones, known_about, last_visits
from grid.models import (
    Account,
    Envelope,
    Health,
    Household,
    Labour,
    Membership,
    Outcome,
    Region,
    Relation,
    Visit,
    WorkItem,
    WorkItemPurpose,
)
from grid.places import Place, places_of, short_name
from grid.roles import Act, Role
from grid.scope import highest_place, may, sight_of
from grid.visit_form import FORM_VERSION, form_for_phones
from yizhou.sealed import unseal

DONE_DAYS = 7
HEAD_FIRST = Case(When(relation=Relation.HEAD, then=Value(0)), default=Value(1))
Json = dict[str, Any]

# Households of own grids as first-level worker, of own open items, and those named (%(more)s).
STAMP = """
WITH posts AS (
    SELECT role, region_id FROM grid_post
    WHERE account_id = %(account)s AND from_on <= %(today)s
      AND (until_on IS NULL OR until_on > %(today)s)
), mine AS (
    SELECT id, household_id, version FROM grid_workitem
    WHERE assignee_id = %(account)s AND state = 'to_visit'
), homes AS (
    SELECT id, version FROM grid_household
    WHERE dissolved_on IS NULL
      AND (code IN (SELECT region_id FROM posts WHERE role = 'grid_worker_1')
           OR id IN (SELECT household_id FROM mine) OR id = ANY(%(more)s))
)
SELECT md5(concat_ws('|',
    (SELECT string_agg(role || region_id, ',' ORDER BY role, region_id) FROM posts),
    (SELECT string_agg(id || ':' || version, ',' ORDER BY id) FROM homes),
    (SELECT string_agg(id || ':' || version, ',' ORDER BY id) FROM mine),
    (SELECT string_agg(p.id || p.state || p.severity || p.due_on, ',' ORDER BY p.id)
     FROM grid_workitempurpose p JOIN mine ON p.work_item_id = mine.id),
    (SELECT count(*) || ':' || sum(p.version) FROM grid_person p
     WHERE p.household_id IN (SELECT id FROM homes)),
    (SELECT count(*) || ':' || max(received_at) FROM grid_visit
     WHERE household_id IN (SELECT id FROM homes)),
    (SELECT count(*) || ':' || max(received_at) FROM grid_visit
     WHERE by_id = %(account)s AND received_at >= %(since)s),
    (SELECT string_agg(id || state, ',' ORDER BY id) FROM grid_envelope
     WHERE sender_id = %(account)s AND (received_at >= %(since)s OR decided_at >= %(since)s))
    {sections}))
"""


def etag_of(account: Account) -> str:
    """Changes whenever the pack does; one query, and one for the named households. The wall must
    let all of the account's households through.
    """
    today = timezone.localdate()
    values: dict[str, Any] = {
        "account": account.pk,
        "today": today,
        "since": timezone.now() - timedelta(days=DONE_DAYS),
        "more": sorted(_named(account)),
    }
    with connection.cursor() as cursor:
        cursor.execute(_stamp(), values)
        [stamp] = cursor.fetchone()
    parts = [stamp, today.isoformat(), str(FORM_VERSION), settings.VERSION_OF_PACK]
    return f'"{hashlib.sha256("|".join(parts).encode()).hexdigest()[:24]}"'


def _stamp() -> str:
    """STAMP with what tells that a section changed: scalar subqueries over `homes` that the
    sections name (settings.FIELD_STAMPS). A section without one is fetched anew once a day.
    """
    sections = [import_string(name) for _, name in sorted(settings.FIELD_STAMPS.items())]
    # Null and nothing at all must not look alike, nor may one section's text run into the next.
    told = "".join(f", coalesce(({section}), '-')" for section in sections)
    return STAMP.replace("{sections}", told)


def _named(account: Account) -> set[int]:
    """Households others name for the account: assigned ones, those it stands in for."""
    return {pk for name in settings.FIELD_HOUSEHOLDS for pk in import_string(name)(account)}


@dataclass(frozen=True, slots=True)
class Carried:
    """The rows a pack is made of."""

    items: list[WorkItem]
    households: list[Household]
    places: dict[str, Place]
    names: dict[str, str]


def pack_of(account: Account) -> Json:
    """Everything the phone carries out, as JSON. The caller has raised the account's wall."""
    today = timezone.localdate()
    carried = _carried(account)
    ids = [h.pk for h in carried.households]
    members = _members(ids, today)
    last = last_visits(ids)
    known = known_about(ids, on=today)
    # Further parts of a household by name: functions (account, ids) -> {household id: json}.
    sections = {
        name: import_string(dotted)(account, ids)
        for name, dotted in settings.FIELD_SECTIONS.items()
    }
    return {
        "made_at": timezone.localtime().isoformat(timespec="seconds"),
        "account": account_of(account),
        "grids": {
            code: carried.names.get(code, code)
            for code in sorted({h.cell_id for h in carried.households})
        },
        "form": form_for_phones(),
        "items": _items(carried.items),
        "households": [
            _household(h, carried.places[h.cell_id])
            | {
                "members": members.get(h.pk, []),
                "last": _last(last.get(h.pk)),
                "known": for_phones(known.get(h.pk, [])),
                "plan": None,
                "promises": [],
            }
            | {name: told[h.pk] for name, told in sections.items() if h.pk in told}
            for h in carried.households
        ],
        "done": _done(account),
        "lists": {
            "relations": _pairs(Relation.choices),
            "labour": _pairs(Labour.choices),
            "health": _pairs(Health.choices),
            "outcomes": _pairs(Outcome.choices),
            "difficulties": _pairs(DIFFICULTIES),
        },
    }


def _pairs(choices: Iterable[tuple[Any, Any]]) -> list[list[str]]:
    return [[str(value), str(label)] for value, label in choices]


def account_of(account: Account) -> Json:
    place = highest_place(account)
    return {
        "id": account.pk,
        "name": account.name,
        "role_name": role_name(account),
        "place": short_name(place) if place else "",
        "may_visit": may(account, Act.RECORD_VISIT),
        "may_report": may_report(account),
    }


def _carried(account: Account) -> Carried:
    items = list(
        account.sees(WorkItem)
        .to_visit()
        .filter(assignee=account)
        .prefetch_related("purposes")[: settings.FIELD_MOST_ITEMS]
    )
    due = {item.household_id for item in items}
    own = {
        h.region for h in sight_of(account).holdings if h.region and h.role == Role.GRID_WORKER_1
    }
    households = list(
        account.sees(Household)
        .living()
        .filter(Q(cell__in=own) | Q(pk__in=due) | Q(pk__in=_named(account)))
        .select_related("head")
        .order_by(Case(When(pk__in=due, then=Value(0)), default=Value(1)), "number")[
            : max(settings.FIELD_MOST_HOUSEHOLDS, len(due))
        ]
    )
    codes = {h.cell_id for h in households}
    names = dict(account.sees(Region).filter(code__in=codes).values_list("code", "name"))
    return Carried(items, households, places_of(codes), names)


def _items(items: list[WorkItem]) -> list[Json]:
    return [
        {
            "id": item.pk,
            "household": item.household_id,
            "severity": item.severity,
            "due_on": item.due_on.isoformat(),
            "state": item.state,
            "returned_because": item.returned_because,
            "note": item.note,
            "version": item.version,
            "purposes": [
                {
                    "id": p.pk,
                    "kind": p.kind,
                    "kind_label": p.kind_label,
                    "title": p.title,
                    "sentence": p.sentence,
                    "severity": p.severity,
                    "due_on": p.due_on.isoformat(),
                }
                for p in item.purposes.all()
                if p.state == WorkItemPurpose.State.WANTED
            ],
        }
        for item in items
    ]


def _household(household: Household, place: Place) -> Json:
    sealed = household.phone_sealed
    return {
        "id": household.pk,
        "number": household.number,
        "head": household.head.name if household.head else "",
        "tun": place.tun,
        "place": str(place),
        "address": household.address,
        "kind_label": household.get_kind_display(),
        "size": household.size,
        "phone": unseal(sealed, column="grid_household.phone_sealed", row=household.pk)
        if sealed
        else "",
        "version": household.version,
    }


def _members(household_ids: list[int], today: date) -> dict[int, list[Json]]:
    """Present members by household, the head first."""
    rows = (
        Membership.objects.open()
        .filter(household__in=household_ids)
        .select_related("person")
        .order_by(
            "household_id", Case(When(relation="head", then=Value(0)), default=Value(1)), "id"
        )
    )
    members: dict[int, list[Json]] = defaultdict(list)
    for row in rows:
        person = row.person
        members[row.household_id].append(
            {
                "id": person.pk,
                "name": person.name,
                "relation": row.relation,
                "relation_label": row.get_relation_display(),
                "age": age_on(person.born_on, today),
                "sex": person.get_sex_display(),
                "labour": person.labour,
                "health": person.health,
                "phone_tail": person.phone_tail,
                "version": person.version,
            }
        )
    return members


def _last(visit: Visit | None) -> Json | None:
    if visit is None:
        return None
    return {
        "at": timezone.localtime(visit.visited_at).isoformat(timespec="seconds"),
        "by": visit.by.name,
        "mode": visit.mode,
        "form_version": visit.form_version,
        "answers": visit.answers,
    }


def _done(account: Account) -> list[Json]:
    """What the account sent in the last days and where it stands."""
    visits = (
        account.sees(Visit)
        .filter(by=account, received_at__gte=timezone.now() - timedelta(days=DONE_DAYS))
        .select_related("household__head", "work_item")
        .order_by("-received_at")[: settings.FIELD_MOST_ITEMS]
    )
    return _undecided(account) + [
        {
            "household": visit.household_id,
            "head": visit.household.head.name if visit.household.head else "",
            "at": timezone.localtime(visit.received_at).isoformat(timespec="seconds"),
            "receipt": receipt_of(visit.pk),
            "state_label": visit.work_item.get_state_display() if visit.work_item else "补充走访",
        }
        for visit in visits
    ]


def _undecided(account: Account) -> list[Json]:
    """Letters that are no visit: held, returned, or set aside in the last days."""
    since = timezone.now() - timedelta(days=DONE_DAYS)
    letters = (
        Envelope.objects.filter(sender=account, visit=None)
        .filter(Q(received_at__gte=since) | Q(decided_at__gte=since))
        .exclude(state__in=(Envelope.State.FILED, Envelope.State.REPLACED))
        .order_by("-received_at")[: settings.FIELD_MOST_ITEMS]
    )
    return [
        {
            "household": letter.household_id,
            "head": "",  # where it lives now may be out of the worker's sight
            "at": timezone.localtime(letter.received_at).isoformat(timespec="seconds"),
            "receipt": letter.receipt,
            "state_label": letter.get_state_display(),
            "sentence": letter.sentence,
        }
        for letter in letters
    ]
