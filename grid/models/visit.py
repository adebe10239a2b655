"""Visits: append-only. A correction is a new version that names the one it replaces."""

import uuid
from typing import Any, Self

from django.db import models
from django.db.models import Q

from grid.models.account import Account
from grid.models.household import Household
from grid.models.work_item import WorkItem, WorkItemPurpose


class Outcome(models.TextChoices):
    """What the visit found, per purpose. Source: reference 4.8 (proposed, to be confirmed)."""

    NO_RISK_SELF_SOLVED = "no_risk_self_solved", "无风险，家庭能自行解决"
    NO_RISK_DATA_ERROR = "no_risk_data_error", "数据有误，退回来源部门"
    DEPT_PROBLEM = "dept_problem", "行业问题，转部门办理"
    TO_SOCIAL_ASSISTANCE = "to_social_assistance", "转社会救助"
    TO_MONITORING = "to_monitoring", "有返贫致贫风险，纳入监测程序"
    ALREADY_MONITORED_UPDATE = "already_monitored_update", "已是监测对象，更新风险"
    ALREADY_ELIMINATED_ROLLBACK = "already_eliminated_rollback", "风险已消除户，风险回退"
    NOT_CONTACTABLE = "not_contactable", "外出，联系不上"
    DECEASED_OR_MOVED = "deceased_or_moved", "死亡或迁出"
    REFUSED = "refused", "农户不愿纳入"


class Visit(models.Model):
    """One knock at one door. The id is made where the form is filled, so sending twice is harmless.

    `answers` follows the form version `form_version` (grid/visit_form.py); money in yuan.
    """

    SCOPE = "code"

    class Mode(models.TextChoices):
        IN_PERSON = "in_person", "入户"
        PHONE = "phone", "电话"
        NOT_MET = "not_met", "未见到人"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    work_item = models.ForeignKey(
        WorkItem,
        verbose_name="入户事项",
        null=True,
        on_delete=models.PROTECT,
        related_name="visits",
    )
    household = models.ForeignKey(
        Household, verbose_name="农户", on_delete=models.PROTECT, related_name="visits"
    )
    code = models.CharField("网格代码", max_length=20, db_collation="C", db_index=True)
    by = models.ForeignKey(
        Account, verbose_name="走访人", on_delete=models.PROTECT, related_name="visits"
    )
    visited_at = models.DateTimeField("走访时间")
    received_at = models.DateTimeField("收到时间", auto_now_add=True)
    # Kept only when the phone's clock was wrong and `visited_at` was put right.
    phone_time_at = models.DateTimeField("手机记的走访时间", null=True, blank=True)
    mode = models.CharField("方式", max_length=10, choices=Mode, default=Mode.IN_PERSON)
    form_version = models.PositiveSmallIntegerField("表单版本")
    answers = models.JSONField("答案")
    note = models.TextField("情况说明", blank=True)
    corrects = models.OneToOneField(
        "self",
        verbose_name="更正",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="corrected_by",
    )
    correction_reason = models.CharField("更正原因", max_length=200, blank=True)

    class Meta:
        verbose_name = "走访记录"
        verbose_name_plural = verbose_name
        ordering = ["-visited_at"]
        constraints = [
            models.CheckConstraint(
                name="visit_correction_has_reason",
                condition=Q(corrects=None) | ~Q(correction_reason=""),
            )
        ]

    def __str__(self) -> str:
        return f"{self.household} {self.visited_at:%Y-%m-%d}"


class VisitReportQuerySet(models.QuerySet):
    def uncollected(self, *kinds: str) -> Self:
        """Reports of these purpose kinds that who put the purpose has not taken yet."""
        return self.filter(collected_at=None, purpose__kind__in=kinds)

    def to_collect(self, *kinds: str, work_item_id: int | None = None) -> list[Any]:
        """Uncollected ones, of one work item or of all, locked until the transaction ends. Those
        that another collector holds are left to it.
        """
        rows = self.uncollected(*kinds)
        if work_item_id is not None:
            rows = rows.filter(purpose__work_item=work_item_id)
        locked = rows.select_for_update(of=("self",), skip_locked=True)
        return list(locked.select_related("purpose", "visit__by").order_by("pk"))


class VisitReport(models.Model):
    """The visit's answer to one purpose; the floor that put the purpose collects it."""

    SCOPE = "visit__code"

    visit = models.ForeignKey(
        Visit, verbose_name="走访记录", on_delete=models.PROTECT, related_name="reports"
    )
    purpose = models.ForeignKey(
        WorkItemPurpose, verbose_name="事由", on_delete=models.PROTECT, related_name="reports"
    )
    outcome = models.CharField("核实结果", max_length=30, choices=Outcome)
    note = models.CharField("依据和说明", max_length=500, blank=True)
    collected_at = models.DateTimeField("已收取", null=True, blank=True)

    objects = VisitReportQuerySet.as_manager()

    class Meta:
        verbose_name = "核实结果"
        verbose_name_plural = verbose_name
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(name="report_once_per_visit", fields=["visit", "purpose"])
        ]
        indexes = [
            models.Index(
                fields=["purpose"], name="report_uncollected", condition=Q(collected_at=None)
            )
        ]

    def __str__(self) -> str:
        return self.get_outcome_display()
