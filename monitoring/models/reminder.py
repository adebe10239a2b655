"""Reminders to a department that a data set is due or late."""

from django.db import models

from grid.models import Account, Department
from monitoring.feeds import FEEDS


class DataReminder(models.Model):
    """One reminder of one due day. `days` after it (negative: before) tells the steps of a kind
    apart.

    It stands on the department's data page until somebody there has seen it or the data came.
    """

    SCOPE = "department"

    class Kind(models.TextChoices):
        BEFORE = "before", "将到报送日"
        LATE = "late", "已过报送日"
        BY_HAND = "by_hand", "县级催报"

    feed = models.CharField("数据集", max_length=40)
    department = models.ForeignKey(
        Department, verbose_name="部门", on_delete=models.PROTECT, related_name="reminders"
    )
    due_on = models.DateField("报送日")
    kind = models.CharField("类别", max_length=8, choices=Kind)
    days = models.SmallIntegerField("迟报天数", help_text="报送日之前为负数。")
    reason = models.CharField("催报说明", max_length=200, blank=True)
    made_at = models.DateTimeField("提醒时间", auto_now_add=True)
    made_by = models.ForeignKey(
        Account, verbose_name="催报人", null=True, on_delete=models.PROTECT, related_name="+"
    )
    seen_at = models.DateTimeField("已阅时间", null=True, editable=False)
    seen_by = models.ForeignKey(
        Account, verbose_name="已阅人", null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = "报送提醒"
        verbose_name_plural = verbose_name
        ordering = ["-made_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                name="data_reminder_once", fields=["feed", "due_on", "kind", "days"]
            )
        ]
        indexes = [
            models.Index(
                fields=["department", "feed"],
                name="data_reminder_unseen",
                condition=models.Q(seen_at=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.feed} {self.due_on} {self.get_kind_display()}"

    @property
    def feed_title(self) -> str:
        return FEEDS[self.feed].title
