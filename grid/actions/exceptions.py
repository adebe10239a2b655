"""Named, dated exceptions: one account may read one household until a day, for a reason."""

from datetime import date, timedelta

from django.contrib.auth.models import Permission
from django.db import transaction
from django.utils import timezone

from grid.models import Account, Household, HouseholdException
from grid.roles import Act
from grid.scope import forget_sight, require
from yizhou.audit import record
from yizhou.refusals import NotAllowed, Overtaken, Refusal

LONGEST = timedelta(days=90)


@transaction.atomic
def grant_exception(
    *, acting: Account, account: Account, household: Household, until_on: date, reason: str
) -> HouseholdException:
    """Let `account` read `household` up to and including `until_on`; a new grant replaces the old.

    Raises NotAllowed for oneself, Refusal for a term over 90 days or a missing reason.
    """
    require(acting, Act.GRANT_EXCEPTION, code=household.cell_id)
    if account.pk == acting.pk:
        raise NotAllowed("不能给自己授权。请由另一位县级监测专员批准。")
    if not account.is_active:
        raise Refusal("这个账号已停用，不能授权。", code="account")
    today = timezone.localdate()
    if not today <= until_on <= today + LONGEST:
        raise Refusal("授权期限应在今天到 90 天之内。", code="until_on")
    if len(reason.strip()) < 4:
        raise Refusal("请写明授权事由（至少 4 个字）。", code="reason")
    exception, _ = HouseholdException.objects.update_or_create(
        user=account,
        content_object=household,
        permission=Permission.objects.get(
            codename="read_household", content_type__app_label="grid"
        ),
        defaults={
            "until_on": until_on,
            "reason": reason.strip()[:200],
            "granted_by": acting,
        },
    )
    forget_sight(account)
    record(
        acting=acting,
        verb="granted_exception",
        subject=household,
        reason=reason.strip()[:500],
        detail={"account": account.pk, "until_on": str(until_on)},
    )
    return exception


@transaction.atomic
def revoke_exception(*, acting: Account, exception: HouseholdException) -> None:
    """The grant ends now; the audit trail keeps that it was."""
    household = exception.content_object
    require(acting, Act.GRANT_EXCEPTION, code=household.cell_id)
    deleted, _ = HouseholdException.objects.filter(pk=exception.pk).delete()
    if not deleted:
        raise Overtaken("这项授权已经撤销。")
    forget_sight(exception.user)
    record(
        acting=acting,
        verb="revoked_exception",
        subject=household,
        detail={"account": exception.user_id},
    )
