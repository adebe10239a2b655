"""The audit trail: one append-only row for every write, reveal, export and refused access.

Rows are written in the same transaction as the act. A trigger (migration 0002) refuses UPDATE
and DELETE, whoever asks.
"""

from typing import Any

from django.conf import settings
from django.db import models


class AuditEntry(models.Model):
    """Who did what to which row, when, and why."""

    SCOPE = "audit"

    at = models.DateTimeField("时间", auto_now_add=True, db_index=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="操作人",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
    )
    actor_name = models.CharField("操作人姓名", max_length=80)
    verb = models.CharField("动作", max_length=60)
    subject_type = models.CharField("对象类别", max_length=60)
    subject_id = models.CharField("对象编号", max_length=64, blank=True)
    code = models.CharField("区划代码", max_length=20, blank=True, db_collation="C")
    reason = models.CharField("事由", max_length=500, blank=True)
    detail = models.JSONField("详情", default=dict)
    address = models.GenericIPAddressField("来源地址", null=True)

    class Meta:
        verbose_name = "操作留痕"
        verbose_name_plural = verbose_name
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["subject_type", "subject_id"], name="audit_subject"),
            models.Index(fields=["actor", "-at"], name="audit_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_name} {self.verb}"


def record(
    *,
    acting: Any,
    verb: str,
    subject: Any,
    reason: str = "",
    detail: dict[str, Any] | None = None,
    address: str | None = None,
) -> None:
    """Write one audit row. `acting`: an Account, a department-key user, or SYSTEM.

    `subject`: a model instance, or a (type, id) pair where no single row is meant.
    Never put names, ID numbers or illness into `detail`.
    """
    kind, key = subject if isinstance(subject, tuple) else (subject._meta.label_lower, subject.pk)
    AuditEntry.objects.create(
        actor_id=getattr(acting, "account_id", None) or getattr(acting, "pk", None),
        actor_name=acting.display_name,
        verb=verb,
        subject_type=kind,
        subject_id=str(key),
        code="" if isinstance(subject, tuple) else _code_of(subject),
        reason=reason,
        detail=detail or {},
        address=address,
    )


def _code_of(subject: Any) -> str:
    for name in ("code", "cell_id", "region_id"):
        if value := getattr(subject, name, None):
            return str(value)[:20]
    return ""


class System:
    """The program itself, acting on a schedule."""

    pk = None
    account_id = None
    display_name = "系统"
    is_authenticated = True
    is_system = True


SYSTEM = System()
