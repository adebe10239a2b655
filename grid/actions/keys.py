"""Keys of departments' machines: issued, shown once, revoked."""

from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from grid.models import Account, Department, DepartmentKey
from grid.roles import Act
from grid.scope import require
from grid.signing import hash_secret, new_secret
from yizhou.audit import System, record
from yizhou.refusals import Overtaken, Refusal

LONGEST = timedelta(days=731)


@transaction.atomic
def issue_key(
    *, acting: Account | System, department: Department, label: str, expires_on: date
) -> str:
    """The key's text "prefix.secret". Only its hash is kept: this is the one time it is shown."""
    require(acting, Act.MANAGE_KEYS)
    today = timezone.localdate()
    if not label.strip():
        raise Refusal("请写明密钥的用途，例如“医保结算系统”。", code="label")
    if not today < expires_on <= today + LONGEST:
        raise Refusal("有效期应在明天到两年之内。", code="expires_on")
    prefix, secret = new_secret()
    key = DepartmentKey.objects.create(
        department=department,
        label=label.strip()[:60],
        prefix=prefix,
        secret_hash=hash_secret(secret),
        expires_on=expires_on,
    )
    record(
        acting=acting,
        verb="issued_key",
        subject=key,
        detail={"department": department.pk, "prefix": prefix, "expires_on": str(expires_on)},
    )
    return f"{prefix}.{secret}"


@transaction.atomic
def revoke_key(*, acting: Account | System, key: DepartmentKey) -> None:
    """From now on the key opens nothing. Raises Overtaken when it is revoked already."""
    require(acting, Act.MANAGE_KEYS)
    revoked = DepartmentKey.objects.filter(pk=key.pk, revoked_at=None).update(
        revoked_at=timezone.now()
    )
    if not revoked:
        raise Overtaken("这个密钥已经停用。")
    record(
        acting=acting,
        verb="revoked_key",
        subject=key,
        detail={"department": key.department_id, "prefix": key.prefix},
    )
