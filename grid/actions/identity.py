"""Revealing what is sealed: with a reason, written down before it is shown."""

from django.db import transaction

from grid.models import Account, Household, HouseholdReport, Person
from grid.roles import Act
from grid.scope import require
from yizhou.audit import record
from yizhou.refusals import NotFound, Refusal
from yizhou.sealed import unseal

SHORTEST_REASON = 4


@transaction.atomic
def reveal_identity(*, acting: Account, person: Person, reason: str) -> str:
    """The full ID number. Raises NotFound out of sight, NotAllowed, Refusal without a reason."""
    if not acting.sees(Person).filter(pk=person.pk).exists():
        raise NotFound()
    require(acting, Act.REVEAL_IDENTITY, code=person.code)
    said = _said(reason)
    if not person.id_sealed:
        raise Refusal("这个人没有登记身份证号。", code="nothing_sealed")
    record(acting=acting, verb="revealed_identity", subject=person, reason=said)
    return unseal(person.id_sealed, column="grid_person.id_sealed", row=person.pk)


@transaction.atomic
def reveal_phone(
    *, acting: Account, subject: Person | Household | HouseholdReport, reason: str
) -> str:
    """The full phone number of a person, a household or a report. Raises as reveal_identity."""
    if not acting.sees(type(subject)).filter(pk=subject.pk).exists():
        raise NotFound()
    code = _code_of(subject)
    require(acting, Act.REVEAL_IDENTITY, code=code)
    said = _said(reason)
    if not subject.phone_sealed:
        raise Refusal("没有登记电话。", code="nothing_sealed")
    record(acting=acting, verb="revealed_phone", subject=subject, reason=said)
    column = f"{subject._meta.db_table}.phone_sealed"
    return unseal(subject.phone_sealed, column=column, row=subject.pk)


def _code_of(subject: Person | Household | HouseholdReport) -> str:
    if isinstance(subject, Person):
        return subject.code
    return subject.cell_id if isinstance(subject, Household) else subject.place_id


def _said(reason: str) -> str:
    said = " ".join(reason.split())
    if len(said) < SHORTEST_REASON:
        raise Refusal(f"请写明查看的事由（至少 {SHORTEST_REASON} 个字）。", code="reason")
    return said[:500]
