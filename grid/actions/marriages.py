"""A marriage between two households of the registry: one act, told in both."""

from datetime import date

from django.db import transaction

from grid.actions.registry import (
    Kind,
    Reason,
    Relations,
    check_day,
    join,
    leave,
    note,
    restate,
    succeed,
    take,
    tell,
)
from grid.models import Account, Household, Person, Relation
from yizhou.refusals import Refusal


@transaction.atomic
def marry_into(
    *,
    acting: Account,
    household: Household,
    version_seen: int,
    person: Person,
    into: Household,
    into_version_seen: int,
    relation: str,
    on: date,
    new_head: Person | None = None,
    relations: Relations | None = None,
) -> None:
    """`person` leaves `household` by marriage and joins `into` on the same day. A head who leaves
    others behind names the successor. The acting must work in both places.

    Raises NotAllowed, Refusal, Overtaken.
    """
    if household.pk == into.pk:
        raise Refusal("婚入的户和原来的户是同一户。请核对户编号。", code="into_number")
    if relation not in Relation.values or relation == Relation.HEAD:
        raise Refusal("请选择与那一户户主的关系。", code="relation")
    # Lower key first, so that two marriages between the same pair cannot wait for each other.
    seen = {household.pk: (household, version_seen), into.pk: (into, into_version_seen)}
    taken = {pk: take(acting, *seen[pk]) for pk in sorted(seen)}
    household, into = taken[household.pk], taken[into.pk]
    check_day(on)
    leave(household, person, on=on, reason=Reason.MARRIED_OUT)
    succeed(household, new_head, relations or {}, "婚出")
    join(into, person, on=on, relation=relation)
    dissolved = restate(household, on=on)
    restate(into, on=on)
    _tell_new_head(acting, household, on)
    tell(
        acting,
        household,
        Kind.MARRIED_OUT,
        on=on,
        sentence=f"{person.name} 婚出到 {into.number} 户"
        + ("，户内无人，销户" if dissolved else ""),
        verb="married_out",
        detail={"person": person.pk, "into": into.pk, "dissolved": dissolved},
    )
    tell(
        acting,
        into,
        Kind.MARRIED_IN,
        on=on,
        sentence=f"{person.name} 由 {household.number} 户婚入，{Relation(relation).label}",
        verb="married_in",
        detail={"person": person.pk, "from": household.pk},
    )


def _tell_new_head(acting: Account, household: Household, on: date) -> None:
    """Compare with the head the household had when it was taken."""
    now = Household.objects.select_related("head").get(pk=household.pk)
    if now.head_id != household.head_id:
        sentence = f"户主由 {household.head} 变更为 {now.head}"
        note(acting, household, Kind.NEW_HEAD, on=on, sentence=sentence)
