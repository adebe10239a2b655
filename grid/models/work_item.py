"""Work items: one open visit to one household, whatever sent it."""

from datetime import date
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from grid.models.account import Account
from grid.models.household import Household
from grid.roles import Role


class Severity(models.IntegerChoices):
    """Small is grave. Source: proposed, to be confirmed by the county (reference 4.7)."""

    RED = 1, "红"
    ORANGE = 2, "橙"
    YELLOW = 3, "黄"
    BLUE = 4, "蓝"


class WorkItemQuerySet(models.QuerySet):
    def open(self) -> Self:
        return self.exclude(state=WorkItem.State.CLOSED)

    def to_visit(self) -> Self:
        return self.filter(state=WorkItem.State.TO_VISIT)

    def overdue(self, on: date) -> Self:
        return self.open().filter(due_on__lt=on)

    def due(self, on: date) -> Self:
        return self.open().filter(due_on=on)


class WorkItem(models.Model):
    """A visit to be made. Purposes are added to the household's open item: nobody knocks twice."""

    SCOPE = "code"

    class State(models.TextChoices):
        TO_VISIT = "to_visit", "待入户"
        VISITED = "visited", "已回传"
        CLOSED = "closed", "已办结"

    household = models.ForeignKey(
        Household, verbose_name="农户", on_delete=models.PROTECT, related_name="work_items"
    )
    code = models.CharField("网格代码", max_length=20, db_collation="C")
    severity = models.PositiveSmallIntegerField("级别", choices=Severity)
    state = models.CharField("状态", max_length=10, choices=State, default=State.TO_VISIT)
    due_on = models.DateField("入户时限")
    assignee = models.ForeignKey(
        Account,
        verbose_name="承办人",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="work_items",
    )
    assigned_role = models.CharField("承办职务", max_length=20, choices=Role, blank=True)
    note = models.CharField("交办说明", max_length=300, blank=True)
    returned_because = models.CharField("退回补充原因", max_length=300, blank=True)
    opened_at = models.DateTimeField("生成时间", auto_now_add=True)
    visited_at = models.DateTimeField("回传时间", null=True, blank=True)
    closed_at = models.DateTimeField("办结时间", null=True, blank=True)
    version = models.PositiveIntegerField("版本", default=1)

    objects = WorkItemQuerySet.as_manager()

    class Meta:
        verbose_name = "入户事项"
        verbose_name_plural = verbose_name
        ordering = ["due_on", "severity", "id"]
        indexes = [
            models.Index(
                fields=["code", "due_on"],
                name="work_item_open_by_place",
                condition=~Q(state="closed"),
            ),
            models.Index(
                fields=["assignee", "due_on"],
                name="work_item_open_by_worker",
                condition=~Q(state="closed"),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                name="work_item_one_open_per_household",
                fields=["household"],
                condition=~Q(state="closed"),
            ),
            models.CheckConstraint(
                name="work_item_closed_has_time",
                condition=Q(state="closed", closed_at__isnull=False)
                | (~Q(state="closed") & Q(closed_at=None)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.household} {self.get_state_display()}"


class WorkItemPurpose(models.Model):
    """Why the household is visited: put there by a floor above, which alone knows `subject`."""

    SCOPE = "work_item__code"

    class State(models.TextChoices):
        WANTED = "wanted", "待核实"
        REPORTED = "reported", "已回传"
        SETTLED = "settled", "已办结"
        DROPPED = "dropped", "已撤销"

    work_item = models.ForeignKey(
        WorkItem, verbose_name="入户事项", on_delete=models.PROTECT, related_name="purposes"
    )
    kind = models.CharField("事由类别", max_length=30)
    subject = models.BigIntegerField("来源编号")
    title = models.CharField("事由", max_length=60)
    sentence = models.CharField("原因", max_length=300)
    severity = models.PositiveSmallIntegerField("级别", choices=Severity)
    due_on = models.DateField("时限")
    state = models.CharField("状态", max_length=10, choices=State, default=State.WANTED)
    added_at = models.DateTimeField("加入时间", auto_now_add=True)

    class Meta:
        verbose_name = "入户事由"
        verbose_name_plural = verbose_name
        ordering = ["severity", "id"]
        constraints = [
            models.UniqueConstraint(
                name="purpose_once_per_subject",
                fields=["kind", "subject"],
                condition=Q(state__in=["wanted", "reported"]),
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def kind_label(self) -> str:
        return settings.VISIT_PURPOSES[self.kind]


class WorkItemEvent(models.Model):
    """The history people read: opened, assigned, visited, returned, closed."""

    SCOPE = "work_item__code"

    class Verb(models.TextChoices):
        OPENED = "opened", "生成核查事项"
        GREW = "grew", "并入新事由"
        ASSIGNED = "assigned", "派单"
        VISITED = "visited", "完成入户"
        RETURNED = "returned", "退回补充"
        HANDED_OVER = "handed_over", "工作移交"
        CLOSED = "closed", "办结"
        PAUSED = "paused", "暂停计时"
        RESUMED = "resumed", "恢复计时"

    work_item = models.ForeignKey(
        WorkItem, verbose_name="入户事项", on_delete=models.PROTECT, related_name="events"
    )
    verb = models.CharField("动作", max_length=12, choices=Verb)
    at = models.DateTimeField("时间", auto_now_add=True)
    by_name = models.CharField("经办人", max_length=80)
    sentence = models.CharField("说明", max_length=300, blank=True)

    class Meta:
        verbose_name = "入户事项经过"
        verbose_name_plural = verbose_name
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.at:%m-%d %H:%M} {self.get_verb_display()}"
