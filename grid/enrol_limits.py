"""How often a password may be tried by a phone, counted in the audit trail: no Redis, one clock.

Many phones share one address behind a mobile operator, so an address is allowed more than a name.
"""

from datetime import timedelta

from django.utils import timezone

from grid.client_address import address_of
from grid.models import Account
from yizhou.audit import AuditEntry, record
from yizhou.refusals import Refusal

WITHIN = timedelta(minutes=15)
TRIES_OF_A_NAME = 5
TRIES_OF_AN_ADDRESS = 40
VERB = "refused_enrolment"


class TooManyTries(Refusal):
    status = 429

    def __init__(self) -> None:
        minutes = int(WITHIN.total_seconds() // 60)
        super().__init__(
            f"密码试错太多次。请 {minutes} 分钟后再试；忘记密码请联系系统管理员。",
            code="too_many_tries",
        )


def check_tries(account: Account | None, address: str | None) -> None:
    """Before the password is looked at. Raises TooManyTries."""
    recent = AuditEntry.objects.filter(verb=VERB, at__gte=timezone.now() - WITHIN)
    if account is not None:
        tried = recent.filter(subject_type="grid.account", subject_id=str(account.pk))
        if tried.count() >= TRIES_OF_A_NAME:
            raise TooManyTries
    if address is not None and recent.filter(address=address).count() >= TRIES_OF_AN_ADDRESS:
        raise TooManyTries


def note_wrong(account: Account | None, request: object, sentence: str) -> None:
    """A failed try counts against the name, when there is one, and against the address."""
    from grid.refused import Stranger

    record(
        acting=Stranger(),
        verb=VERB,
        subject=("grid.account", account.pk if account is not None else ""),
        reason=sentence,
        address=address_of(request),  # type: ignore[arg-type]
    )
