"""Households in difficulty that somebody met: reported, read by the township, taken up or not."""

import uuid
from typing import Self

from django.db import models
from django.db.models import Q

from grid.models.account import Account
from grid.models.household import Household
from grid.models.region import Region
from grid.models.visit import Outcome
from yizhou.sealed import digest
from yizhou.terms import DatedQuerySet, one_at_a_time


class Difficulty(models.TextChoices):
    """What is wrong, in one word. Source: reference 2.1 and 2.3 (proposed, to be confirmed)."""

    ILL = "ill", "生病"
    DISABLED = "disabled", "残疾"
    ACCIDENT = "accident", "意外事故"
    DISASTER = "disaster", "受灾"
    SCHOOLING = "schooling", "上学"
    JOB_LOST = "job_lost", "失业"
    HOUSE = "house", "住房"
    WATER = "water", "饮水"
    OLD_ALONE = "old_alone", "老人独居"
    OTHER = "other", "其他"


class HouseholdReportQuerySet(models.QuerySet):
    def waiting(self) -> Self:
        """The township has not decided yet."""
        return self.filter(state__in=HouseholdReport.WAITING)


class HouseholdReport(models.Model):
    """One household that somebody met in difficulty. The id is made where the form is filled.

    `place` is the tun, grid or village named by the reporter; its column is called code for scope.
    `number` is what visit purposes know it by. The telephone and the position are sealed to the
    id. Who reported sees the own rows wherever they lie (OWN), as long as a post is held.
    """

    SCOPE = "place"
    OWN = "by"
    WAITING = ("received", "with_township")

    class State(models.TextChoices):
        RECEIVED = "received", "已收到"
        WITH_TOWNSHIP = "with_township", "乡镇处理中"
        TAKEN_UP = "taken_up", "已采纳"
        SET_ASIDE = "set_aside", "不予采纳"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.BigIntegerField(
        "序号",
        unique=True,
        editable=False,
        db_default=models.Func(
            models.Value("grid_householdreport_number"),
            function="nextval",
            output_field=models.BigIntegerField(),
        ),
    )
    by = models.ForeignKey(
        Account, verbose_name="上报人", on_delete=models.PROTECT, related_name="household_reports"
    )
    found_at = models.DateTimeField("发现时间")
    received_at = models.DateTimeField("收到时间", auto_now_add=True)
    name = models.CharField("户主或困难的人", max_length=40)
    phone_sealed = models.BinaryField("电话（密封）", null=True, editable=False)
    phone_tail = models.CharField("电话尾号", max_length=4, blank=True)
    place = models.ForeignKey(
        Region,
        verbose_name="地方",
        on_delete=models.PROTECT,
        db_column="code",
        related_name="household_reports",
    )
    address = models.CharField("住址", max_length=120, blank=True)
    people = models.PositiveSmallIntegerField("人口", null=True, blank=True)
    difficulty = models.CharField("难处", max_length=12, choices=Difficulty)
    sentence = models.CharField("情况", max_length=300)
    position_sealed = models.BinaryField("定位（密封）", null=True, editable=False)
    household = models.ForeignKey(
        Household,
        verbose_name="农户",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="reports",
    )
    said_digest = models.BinaryField("内容摘要", max_length=16, editable=False)
    state = models.CharField("状态", max_length=14, choices=State, default=State.RECEIVED)
    due_on = models.DateField("乡镇处理时限")
    opened_by = models.ForeignKey(
        Account, verbose_name="乡镇经办人", null=True, on_delete=models.PROTECT, related_name="+"
    )
    opened_at = models.DateTimeField("乡镇打开时间", null=True)
    decided_by = models.ForeignKey(
        Account, verbose_name="决定人", null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField("决定时间", null=True)
    reason = models.CharField("说明", max_length=300, blank=True)
    same_as = models.ForeignKey(
        "self",
        verbose_name="并入的上报",
        null=True,
        on_delete=models.PROTECT,
        related_name="repeats",
    )
    outcome = models.CharField("入户结果", max_length=30, choices=Outcome, blank=True)
    outcome_at = models.DateTimeField("入户结果时间", null=True)
    told_at = models.DateTimeField("上报人已看到处理结果", null=True)
    version = models.PositiveIntegerField("版本", default=1)

    objects = HouseholdReportQuerySet.as_manager()

    class Meta:
        verbose_name = "困难户上报"
        verbose_name_plural = verbose_name
        ordering = ["-received_at", "-number"]
        constraints = [
            models.CheckConstraint(
                name="report_set_aside_has_reason",
                condition=~Q(state="set_aside") | ~Q(reason=""),
            ),
            models.CheckConstraint(
                name="report_decided_has_time",
                condition=Q(state__in=["received", "with_township"], decided_at=None)
                | Q(state__in=["taken_up", "set_aside"], decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="report_taken_up_has_household",
                condition=~Q(state="taken_up")
                | Q(household__isnull=False)
                | Q(same_as__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["by", "-received_at"], name="report_by_sender"),
            models.Index(fields=["place", "name"], name="report_by_place"),
            models.Index(
                fields=["place", "due_on"],
                name="report_waiting",
                condition=Q(state__in=["received", "with_township"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.get_difficulty_display()}"

    @property
    def receipt(self) -> str:
        """What the reporter may quote; a phone is answered with the same (grid/envelopes.py)."""
        digits = digest(str(self.pk), kind="receipt")[:4].hex().upper()
        return f"{digits[:4]}-{digits[4:]}"

    @property
    def receipt_sentence(self) -> str:
        return (
            f"已收到，回执号 {self.receipt}。乡镇在 {self.due_on:%-m 月 %-d 日}前处理，"
            "结果会出现在“我的上报”里。"
        )


class ReportLimit(models.Model):
    """How many working days a step of a report may take: dated, with its source."""

    class Step(models.TextChoices):
        DECIDE = "decide", "乡镇处理"
        VISIT = "visit", "入户核实"

    step = models.CharField("步骤", max_length=8, choices=Step)
    workdays = models.PositiveSmallIntegerField("工作日")
    from_on = models.DateField("起")
    until_on = models.DateField("止（不含）", null=True, blank=True)
    source = models.CharField("依据", max_length=200)
    is_confirmed = models.BooleanField("已核定", default=False)

    objects = DatedQuerySet.as_manager()

    class Meta:
        verbose_name = "上报处理时限"
        verbose_name_plural = verbose_name
        ordering = ["step", "-from_on"]
        constraints = [
            models.CheckConstraint(name="report_limit_has_source", condition=~Q(source="")),
            one_at_a_time("report_limit_one_at_a_time", "step"),
        ]

    def __str__(self) -> str:
        return f"{self.get_step_display()} {self.workdays} 个工作日"

    @property
    def value(self) -> int:
        return self.workdays
