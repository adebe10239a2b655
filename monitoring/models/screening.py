"""Screening runs: what was asked and frozen, the shards they were cut into, what came of it."""

from django.db import models

from grid.models import Account
from monitoring.models.upload import Upload
from yizhou.deferred import LeasedJob


class ScreeningRun(LeasedJob):
    """One screening. `frozen` keeps rule versions, figures and the batches not yet merged.

    The run itself only plans and adds up; each shard is a job of its own.
    """

    class Trigger(models.TextChoices):
        SCHEDULE = "schedule", "定时"
        UPLOAD = "upload", "数据入库后"
        BY_HAND = "by_hand", "手工"

    class Kind(models.TextChoices):
        FULL = "full", "全量"
        TOUCHED = "touched", "只看有变化的户"
        REPEAT = "repeat", "重算核对"

    trigger = models.CharField("触发方式", max_length=10, choices=Trigger)
    kind = models.CharField("范围", max_length=10, choices=Kind, default=Kind.FULL)
    upload = models.OneToOneField(
        Upload,
        verbose_name="触发批次",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="screening",
    )
    repeats = models.ForeignKey(
        "self",
        verbose_name="重算的批次",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="repeated_by",
    )
    asked_by = models.ForeignKey(
        Account, verbose_name="发起人", null=True, on_delete=models.PROTECT, related_name="+"
    )
    as_of = models.DateField("研判日期")
    known_at = models.DateTimeField("数据截至", null=True, blank=True)
    asked_at = models.DateTimeField("发起时间", auto_now_add=True)
    started_at = models.DateTimeField("开始", null=True, blank=True)
    finished_at = models.DateTimeField("完成", null=True, blank=True)
    stopped_by = models.ForeignKey(
        Account, verbose_name="停止人", null=True, on_delete=models.PROTECT, related_name="+"
    )
    stopped_at = models.DateTimeField("停止时间", null=True, blank=True)
    frozen = models.JSONField("冻结的规则和标准线", default=dict)
    by_rule = models.JSONField("各规则的命中数和指纹", default=dict)
    households = models.PositiveIntegerField("涉及户数", default=0)
    hits = models.PositiveIntegerField("命中", default=0)
    alerts_opened = models.PositiveIntegerField("新预警", default=0)
    alerts_grown = models.PositiveIntegerField("更新预警", default=0)
    alerts_withdrawn = models.PositiveIntegerField("撤销预警", default=0)
    alerts_held = models.PositiveIntegerField("排队待派", default=0)
    work_items_opened = models.PositiveIntegerField("新核查事项", default=0)

    class Meta:
        verbose_name = "研判批次"
        verbose_name_plural = verbose_name
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.as_of} {self.get_trigger_display()}"


class ScreeningShard(LeasedJob):
    """The part of a run that one worker does in one transaction: households of a code range."""

    run = models.ForeignKey(
        ScreeningRun, verbose_name="研判批次", on_delete=models.CASCADE, related_name="shards"
    )
    number = models.PositiveSmallIntegerField("分片")
    label = models.CharField("范围", max_length=200)
    low = models.CharField("代码自", max_length=20, db_collation="C")
    high = models.CharField("代码至（不含）", max_length=20, db_collation="C")
    started_at = models.DateTimeField("开始", null=True, blank=True)
    finished_at = models.DateTimeField("完成", null=True, blank=True)
    households = models.PositiveIntegerField("涉及户数", default=0)
    by_rule = models.JSONField("各规则的命中数和指纹", default=dict)
    hits = models.PositiveIntegerField("命中", default=0)
    alerts_opened = models.PositiveIntegerField("新预警", default=0)
    alerts_grown = models.PositiveIntegerField("更新预警", default=0)
    alerts_withdrawn = models.PositiveIntegerField("撤销预警", default=0)
    alerts_held = models.PositiveIntegerField("排队待派", default=0)
    work_items_opened = models.PositiveIntegerField("新核查事项", default=0)

    class Meta:
        verbose_name = "研判分片"
        verbose_name_plural = verbose_name
        ordering = ["run", "number"]
        constraints = [
            models.UniqueConstraint(name="screening_shard_once", fields=["run", "number"])
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.label}"


class RunComparison(LeasedJob):
    """Two runs recomputed from their frozen inputs and laid side by side. `results` by rule."""

    first = models.ForeignKey(
        ScreeningRun, verbose_name="前一次", on_delete=models.PROTECT, related_name="+"
    )
    second = models.ForeignKey(
        ScreeningRun, verbose_name="后一次", on_delete=models.PROTECT, related_name="+"
    )
    asked_by = models.ForeignKey(
        Account, verbose_name="发起人", null=True, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField("发起时间", auto_now_add=True)
    finished_at = models.DateTimeField("完成", null=True, blank=True)
    results = models.JSONField("结果", default=dict)

    class Meta:
        verbose_name = "研判对比"
        verbose_name_plural = verbose_name
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.first_id}–{self.second_id}"
