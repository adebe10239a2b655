"""Finding households: by name, by household number, or by a whole ID number."""

from typing import Any

from django.db.models import Q, QuerySet

from grid.models import Household, HouseholdKind, Person
from grid.scope import in_subtrees
from yizhou.audit import record
from yizhou.id_number import FULL_WIDTH
from yizhou.sealed import digest


def looks_like_id_number(text: str) -> str | None:
    """The text as a whole ID number, or None. A wrong one is still one: it finds nobody."""
    value = "".join(text.translate(FULL_WIDTH).split()).upper()
    whole = len(value) == 18 and value[:17].isascii() and value[:17].isdigit()
    return value if whole and value[17] in "0123456789X" else None


def find_by_id_number(account: Any, number: str) -> Person | None:
    """The person with this ID number within the account's sight. Every such search is audited."""
    person = (
        account.sees(Person)
        .select_related("household")
        .filter(id_digest=digest(number, kind="id"))
        .first()
    )
    record(
        acting=account,
        verb="searched_id_number",
        subject=person if person is not None else ("grid.person", ""),
        detail={"found": person is not None},
    )
    return person


def listed_households(account: Any, query: Any) -> QuerySet[Household]:
    """The account's households under the filters of a query string; unknown values are dropped."""
    rows = account.sees(Household).select_related("head").order_by("cell_id", "number")
    if query.get("dissolved") == "1":
        rows = rows.exclude(dissolved_on=None)
    else:
        rows = rows.living()
    if (kind := query.get("kind")) in HouseholdKind.values:
        rows = rows.filter(kind=kind)
    village = query.get("village", "")
    if village.isascii() and village.isdigit():
        rows = rows.filter(in_subtrees("cell", (village,)))
    words = query.get("q", "").strip()[:40]
    if not words:
        return rows
    if words[0].isascii() and words[0].isdigit():
        return rows.filter(number__startswith=words)
    named = account.sees(Person).filter(name__contains=words).exclude(household=None)
    return rows.filter(Q(pk__in=named.values("household")))
