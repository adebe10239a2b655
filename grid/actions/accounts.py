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
    try:
        validate_password(password, account)
    except ValidationError as wrong:
        raise Refusal(f"密码太弱：{' '.join(wrong.messages)}", code="password") from None
    account.set_password(password)
    account.save(force_insert=True)
    record(acting=acting, verb="opened_account", subject=account)
    return account
