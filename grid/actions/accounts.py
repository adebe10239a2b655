"""Accounts: opened by whoever may appoint. An account without a post sees nothing."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from grid.models import Account
from grid.roles import Act
from grid.scope import require
from yizhou.audit import System, record
from yizhou.refusals import Refusal


@transaction.atomic
def open_account(*, acting: Account | System, username: str, name: str, password: str) -> Account:
    """A new sign-in. Raises Refusal for a name taken or a weak password."""
    require(acting, Act.APPOINT)
    account = Account(username=username.strip(), name=name.strip())
    if not account.name:
        raise Refusal("请填写姓名。", code="name")
    try:
        account.clean_fields(exclude=["password"])
    except ValidationError as wrong:
        raise Refusal(f"用户名不合要求：{wrong.messages[0]}", code="username") from None
    if Account.objects.filter(username__iexact=account.username).exists():
        raise Refusal("这个用户名已有人使用。请换一个。", code="username")
    _set_password(account, password)
    account.save(force_insert=True)
    record(acting=acting, verb="opened_account", subject=account)
    return account


@transaction.atomic
def change_password(*, acting: Account, old: str, new: str) -> None:
    """One's own password. Raises Refusal when the old one is wrong or the new one is weak."""
    if not acting.check_password(old):
        raise Refusal("原密码不对。忘记了请联系系统管理员重置。", code="old")
    if old == new:
        raise Refusal("新密码和原密码一样，请换一个。", code="new")
    _set_password(acting, new, field="new")
    acting.save(update_fields=["password"])
    record(acting=acting, verb="changed_password", subject=acting)


@transaction.atomic
def reset_password(*, acting: System, account: Account, password: str) -> None:
    """A new password for somebody who forgot it, from the server's command line."""
    _set_password(account, password)
    account.save(update_fields=["password"])
    record(acting=acting, verb="reset_password", subject=account)


@transaction.atomic
def close_account(*, acting: System, account: Account, reason: str) -> None:
    """No more sign-in; open sessions end with the next request, visits are re-routed by beat."""
    if len(reason.strip()) < 4:
        raise Refusal("请写明停用原因（至少 4 个字）。", code="reason")
    account.is_active = False
    account.save(update_fields=["is_active"])
    record(acting=acting, verb="closed_account", subject=account, reason=reason)


def _set_password(account: Account, password: str, *, field: str = "password") -> None:
    try:
        validate_password(password, account)
    except ValidationError as wrong:
        raise Refusal(f"密码太弱：{' '.join(wrong.messages)}", code=field) from None
    account.set_password(password)
