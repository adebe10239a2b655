"""Centralized checks (集中排查): every household of some kinds in some villages, once, by a day."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from grid.models.account import Account
from grid.models.region import Region


class CampaignQuerySet(models.QuerySet):
    def running(self) -> Self:
        return self.filter(state=Campaign.State.RUNNING)


class Campaign(models.Model):
    """One check. Households come under it as plan entries, in waves, week by week.

    `groups` are category keys (grid/visit_groups.py); `until_on` is the last day.
    """

    class State(models.TextChoices):
        RUNNING = "running", "进行中"
        CLOSED = "closed", "已结束"
        STOPPED = "stopped", "已停止"

    name = models.CharField("名称", max_length=60)
    purpose = models.CharField("目的和要求", max_length=300)
    groups = ArrayField(models.CharField(max_length=40), verbose_name="对象")
    from_on = models.DateField("开始日期")
    until_on = models.DateField("结束日期（含）")
    state = models.CharField("状态", max_length=10, choices=State, default=State.RUNNING)
    opened_by = models.ForeignKey(
        Account, verbose_name="发起人", on_delete=models.PROTECT, related_name="+"
    )
    opened_at = models.DateTimeField("发起时间", auto_now_add=True)
    ended_at = models.DateTimeField("结束时间", null=True, editable=False)
    ended_by = models.ForeignKey(
        Account, verbose_name="停止人", null=True, on_delete=models.PROTECT, related_name="+"
    )
    end_reason = models.CharField("停止原因", max_length=200, blank=True)
    version = models.PositiveIntegerField("版本", default=1)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        verbose_name = "集中排查"
        verbose_name_plural = verbose_name
        ordering = ["-from_on", "-id"]
        constraints = [
            models.CheckConstraint(
                name="campaign_ends_after_it_begins", condition=Q(until_on__gte=F("from_on"))
            ),
            models.CheckConstraint(
                name="campaign_ended_has_time",
                condition=Q(state="running", ended_at=None)
                | (~Q(state="running") & Q(ended_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="campaign_stopped_has_reason",
                condition=~Q(state="stopped") | ~Q(end_reason=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CampaignVillage(models.Model):
    """A village the check covers: who sees one of them sees the check, of own villages only."""

    SCOPE = "village"

    campaign = models.ForeignKey(
        Campaign, verbose_name="集中排查", on_delete=models.CASCADE, related_name="villages"
    )
    village = models.ForeignKey(
        Region, verbose_name="村（社区）", on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = "集中排查的村"
        verbose_name_plural = verbose_name
        ordering = ["village"]
        constraints = [
            models.UniqueConstraint(name="campaign_village_once", fields=["campaign", "village"])
        ]

    def __str__(self) -> str:
        return f"{self.campaign} {self.village}"
