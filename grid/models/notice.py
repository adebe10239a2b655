"""The clock of work items: who is told when, told notices, pauses, and messages that go out."""

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from grid.models.account import Account
from grid.models.household import Household
from grid.models.work_item import WorkItem
from grid.roles import Role
from yizhou.deferred import LeasedJob
from yizhou.terms import DatedQuerySet, one_at_a_time

ASSIGNEE = "assignee"


class Stage(models.IntegerChoices):
    """How far the time of a visit has run."""

    BEFORE = 1, "将到时限"
    ORANGE = 2, "橙色提醒"
    RED = 3, "红色超期"


class NoticeStep(models.Model):
    """One rung of the ladder, from a day until a day: at this point of the time this role is told.

    `at`: BEFORE working days left; ORANGE per cent of the time used; RED working days overdue.
    """

    class Told(models.TextChoices):
        ASSIGNEE = ASSIGNEE, "承办人"
        TUN_HEAD = Role.TUN_HEAD.value, Role.TUN_HEAD.label
        INFO_OFFICER = Role.INFO_OFFICER.value, Role.INFO_OFFICER.label
        VILLAGE_HEAD = Role.VILLAGE_HEAD.value, Role.VILLAGE_HEAD.label
        TOWNSHIP_OFFICER = Role.TOWNSHIP_OFFICER.value, Role.TOWNSHIP_OFFICER.label
        TOWNSHIP_HEAD = Role.TOWNSHIP_HEAD.value, Role.TOWNSHIP_HEAD.label
        COUNTY_OFFICER = Role.COUNTY_OFFICER.value, Role.COUNTY_OFFICER.label
        COUNTY_HEAD = Role.COUNTY_HEAD.value, Role.COUNTY_HEAD.label

    stage = models.PositiveSmallIntegerField("阶段", choices=Stage)
    told = models.CharField("提醒谁", max_length=20, choices=Told)
    at = models.PositiveSmallIntegerField("到什么时候")
    from_on = models.DateField("起用日期")
    until_on = models.DateField("停用日期", null=True, blank=True)
    source = models.CharField("依据", max_length=200)
    is_confirmed = models.BooleanField("已核定", default=False)

    objects = DatedQuerySet.as_manager()

    class Meta:
        verbose_name = "提醒规则"
        verbose_name_plural = verbose_name
        ordering = ["stage", "at", "told", "from_on"]
        constraints = [
            models.CheckConstraint(name="notice_step_has_source", condition=~Q(source="")),
            models.CheckConstraint(
                name="notice_step_point_is_possible",
                condition=Q(stage=Stage.BEFORE, at__range=(1, 30))
                | Q(stage=Stage.ORANGE, at__range=(1, 100))
                | Q(stage=Stage.RED, at__range=(1, 90)),
            ),
            one_at_a_time("notice_step_one_at_a_time", "stage", "told"),
        ]

    def __str__(self) -> str:
        return f"{self.get_stage_display()} {self.get_told_display()}"

    @property
    def point(self) -> str:
        """When it is told, in words."""
        return {
            Stage.BEFORE: f"还剩 {self.at} 个工作日",
            Stage.ORANGE: f"用掉时限的 {self.at}%",
            Stage.RED: f"超期满 {self.at} 个工作日",
        }[Stage(self.stage)]


class NoticeQuerySet(models.QuerySet):
    def standing(self) -> Self:
        """Still of use: the visit is still to be made."""
        return self.filter(ended_at=None, work_item__state=WorkItem.State.TO_VISIT)

    def unseen(self) -> Self:
        return self.standing().filter(seen_at=None)


class Notice(models.Model):
    """One person told once of one visit at one stage; ends when that is past or the visit made.

    `due_on` is the deadline the notice speaks of: put off, the visit may be spoken of again.
    """

    SCOPE = "code"

    work_item = models.ForeignKey(
        WorkItem, verbose_name="入户事项", on_delete=models.PROTECT, related_name="notices"
    )
    household = models.ForeignKey(
        Household, verbose_name="农户", on_delete=models.PROTECT, related_name="+"
    )
    code = models.CharField("网格代码", max_length=20, db_collation="C")
    account = models.ForeignKey(
        Account, verbose_name="提醒对象", on_delete=models.PROTECT, related_name="notices"
    )
    stage = models.PositiveSmallIntegerField("阶段", choices=Stage)
    told_as = models.CharField("以什么身份", max_length=20, choices=NoticeStep.Told)
    workdays = models.SmallIntegerField("剩余工作日", help_text="超期为负数。")
    due_on = models.DateField("入户时限")
    told_at = models.DateTimeField("提醒时间", default=timezone.now)
    seen_at = models.DateTimeField("已阅时间", null=True, editable=False)
    ended_at = models.DateTimeField("失效时间", null=True, editable=False)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = "时限提醒"
        verbose_name_plural = verbose_name
        ordering = ["-stage", "due_on", "id"]
        constraints = [
            models.UniqueConstraint(
                name="notice_standing_once",
                fields=["work_item", "stage", "account"],
                condition=Q(ended_at=None),
            )
        ]
        indexes = [
            models.Index(
                fields=["account", "-stage"], name="notice_standing", condition=Q(ended_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.get_stage_display()}"

    @property
    def days(self) -> int:
        """Working days left, or overdue, without a sign."""
        return abs(self.workdays)


class ClockPause(models.Model):
    """The clock of one visit stands still from a day until a day; the deadline moved by as much.

    `until_on` is the first day on which the clock runs again.
    """

    SCOPE = "code"

    work_item = models.ForeignKey(
        WorkItem, verbose_name="入户事项", on_delete=models.PROTECT, related_name="pauses"
    )
    household = models.ForeignKey(
        Household, verbose_name="农户", on_delete=models.PROTECT, related_name="+"
    )
    code = models.CharField("网格代码", max_length=20, db_collation="C")
    from_on = models.DateField("暂停自")
    until_on = models.DateField("恢复日")
    due_before = models.DateField("暂停前时限")
    reason = models.CharField("暂停原因", max_length=200)
    paused_by = models.ForeignKey(
        Account, verbose_name="暂停人", on_delete=models.PROTECT, related_name="+"
    )
    paused_at = models.DateTimeField("暂停时间", auto_now_add=True)
    ended_at = models.DateTimeField("恢复时间", null=True, editable=False)

    class Meta:
        verbose_name = "暂停计时"
        verbose_name_plural = verbose_name
        ordering = ["-paused_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                name="clock_paused_once", fields=["work_item"], condition=Q(ended_at=None)
            ),
            models.CheckConstraint(
                name="pause_ends_after_it_begins", condition=Q(until_on__gt=F("from_on"))
            ),
            models.CheckConstraint(name="pause_has_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.from_on} 至 {self.until_on}"


class OutgoingMessage(LeasedJob):
    """A message to one person: how many notices wait and where. No names, no illness, no place."""

    account = models.ForeignKey(
        Account, verbose_name="收信人", on_delete=models.PROTECT, related_name="+"
    )
    day = models.DateField("日期")
    notices = models.PositiveIntegerField("提醒条数")
    made_at = models.DateTimeField("生成时间", auto_now_add=True)
    sent_at = models.DateTimeField("发出时间", null=True, editable=False)
    channel = models.CharField("渠道", max_length=60, blank=True)

    class Meta:
        verbose_name = "外发消息"
        verbose_name_plural = verbose_name
        ordering = ["-day", "id"]
        constraints = [
            models.UniqueConstraint(name="message_once_a_day", fields=["account", "day"])
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.notices} 条"
