"""Screening runs: what was asked, with which rules and figures, and what came of it."""

from django.db import models

from grid.models import Account
from monitoring.models.upload import Upload
from yizhou.deferred import LeasedJob


class ScreeningRun(LeasedJob):
    """One screening of the county. `frozen` keeps rule versions, thresholds and the upload mark."""

    class Trigger(models.TextChoices):
        SCHEDULE = "schedule", "定时"
        UPLOAD = "upload", "数据入库后"
        BY_HAND = "by_hand", "手工"

    trigger = models.CharField("触发方式", max_length=10, choices=Trigger)
    upload = models.OneToOneField(
        Upload,
        verbose_name="触发批次",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="screening",
    )
    asked_by = models.ForeignKey(
        Account, verbose_name="发起人", null=True, on_delete=models.PROTECT, related_name="+"
    )
    as_of = models.DateField("研判日期")
    asked_at = models.DateTimeField("发起时间", auto_now_add=True)
    started_at = models.DateTimeField("开始", null=True, blank=True)
    finished_at = models.DateTimeField("完成", null=True, blank=True)
    frozen = models.JSONField("冻结的规则和标准线", default=dict)
    hits = models.PositiveIntegerField("命中", default=0)
    alerts_opened = models.PositiveIntegerField("新预警", default=0)
    alerts_grown = models.PositiveIntegerField("更新预警", default=0)
    alerts_withdrawn = models.PositiveIntegerField("撤销预警", default=0)
    work_items_opened = models.PositiveIntegerField("新核查事项", default=0)

    class Meta:
        verbose_name = "研判批次"
        verbose_name_plural = verbose_name
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.as_of} {self.get_trigger_display()}"
