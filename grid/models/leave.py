"""Leave: a post holder is away, and a stand-in holds the post's work and sight for those days."""

from datetime import date
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q

from grid.models.account import Account
from grid.models.post import Post
from grid.models.work_item import WorkItem
from yizhou.terms import TermRange


class LeaveQuerySet(models.QuerySet):
    def standing(self, on: date) -> Self:
        """Leaves of that day, in which the stand-in holds the post, by their days alone."""
        return self.exclude(state=Leave.State.CANCELLED).filter(from_on__lte=on, until_on__gt=on)

    def to_begin(self, on: date) -> Self:
        return self.filter(state=Leave.State.PLANNED, from_on__lte=on)

    def to_end(self, on: date) -> Self:
        return self.filter(state=Leave.State.RUNNING, until_on__lte=on)


class Leave(models.Model):
    """One absence from one post. `until_on` is the day the holder is back, no longer away.

    Sight follows the days alone (grid/scope.py); the state says whether the open work has gone
    over and come back, which beat does.
    """

    SCOPE = "post__region"

    class State(models.TextChoices):
        PLANNED = "planned", "未开始"
        RUNNING = "running", "代班中"
        ENDED = "ended", "已销假"
        CANCELLED = "cancelled", "已取消"

    post = models.ForeignKey(
        Post, verbose_name="职务", on_delete=models.PROTECT, related_name="leaves"
    )
    stand_in = models.ForeignKey(
        Account, verbose_name="代班人", on_delete=models.PROTECT, related_name="stands_in"
    )
    from_on = models.DateField("请假第一天")
    until_on = models.DateField("回岗日期")
    reason = models.CharField("事由", max_length=200)
    state = models.CharField("状态", max_length=10, choices=State, default=State.PLANNED)
    granted_by = models.ForeignKey(
        Account, verbose_name="批准人", on_delete=models.PROTECT, related_name="+"
    )
    granted_at = models.DateTimeField("批准时间", auto_now_add=True)
    begun_at = models.DateTimeField("交出时间", null=True, blank=True)
    ended_at = models.DateTimeField("交回时间", null=True, blank=True)

    objects = LeaveQuerySet.as_manager()

    class Meta:
        verbose_name = "请假代班"
        verbose_name_plural = verbose_name
        ordering = ["-from_on", "-id"]
        constraints = [
            models.CheckConstraint(
                name="leave_ends_after_it_begins",
                condition=Q(until_on__gt=F("from_on"))
                | Q(until_on=F("from_on"), state__in=["ended", "cancelled"]),
            ),
            ExclusionConstraint(
                name="leave_one_at_a_time",
                expressions=[
                    ("post", RangeOperators.EQUAL),
                    (TermRange("from_on", "until_on"), RangeOperators.OVERLAPS),
                ],
                condition=~Q(state="cancelled"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.post} {self.from_on} {self.get_state_display()}"


class LeaveItem(models.Model):
    """An open visit that went over to the stand-in when the leave began."""

    leave = models.ForeignKey(Leave, on_delete=models.PROTECT, related_name="items")
    work_item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, related_name="+")
    came_back = models.BooleanField("已交回", default=False)

    class Meta:
        verbose_name = "代班交出的事项"
        verbose_name_plural = verbose_name
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(name="leave_item_once", fields=["leave", "work_item"])
        ]

    def __str__(self) -> str:
        return f"{self.leave_id} {self.work_item_id}"
