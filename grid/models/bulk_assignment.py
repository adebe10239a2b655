"""One act that assigned many visits: what each was before, so that it can be taken back."""

import uuid

from django.db import models

from grid.models.account import Account
from grid.models.post import Post
from grid.models.region import Region
from grid.models.work_item import WorkItem
from grid.roles import Role


class BulkAssignment(models.Model):
    """Many work items assigned at once, or moved to even out the work of a place (`balanced`).

    `id` is made by the form: sending it twice is harmless.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    by = models.ForeignKey(
        Account, verbose_name="派单人", on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField("派单时间", auto_now_add=True)
    to = models.ForeignKey(
        Account,
        verbose_name="派给",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="空：按网格员、屯、村逐级",
    )
    note = models.CharField("交办说明", max_length=300, blank=True)
    balanced = models.ForeignKey(
        Region,
        verbose_name="均衡的地方",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="空：派单",
    )
    posts = models.ManyToManyField(Post, verbose_name="为此任的职务", related_name="+")
    undone_at = models.DateTimeField("撤回时间", null=True)
    undone_by = models.ForeignKey(
        Account, verbose_name="撤回人", null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = "批量派单"
        verbose_name_plural = verbose_name
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.by} {self.at:%m-%d %H:%M}"


class BulkAssignmentLine(models.Model):
    """One work item of the act: from whom to whom, or why it was left as it was."""

    SCOPE = "work_item__code"

    class Result(models.TextChoices):
        ASSIGNED = "assigned", "已派"
        UNCHANGED = "unchanged", "原来就是他"
        OVERTAKEN = "overtaken", "别人已处理"
        NO_POST = "no_post", "没有能入户的职务"
        NOBODY = "nobody", "网格到村没有在岗人员"
        UNDONE = "undone", "已撤回"
        KEPT = "kept", "撤回时别人已处理，保留"

    bulk = models.ForeignKey(BulkAssignment, on_delete=models.PROTECT, related_name="lines")
    work_item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, related_name="+")
    result = models.CharField("结果", max_length=10, choices=Result)
    before = models.ForeignKey(
        Account, verbose_name="原承办人", null=True, on_delete=models.PROTECT, related_name="+"
    )
    role_before = models.CharField("原承办职务", max_length=20, choices=Role, blank=True)
    note_before = models.CharField("原交办说明", max_length=300, blank=True)
    after = models.ForeignKey(
        Account, verbose_name="承办人", null=True, on_delete=models.PROTECT, related_name="+"
    )
    version_after = models.PositiveIntegerField("派单后的版本", default=0)

    class Meta:
        verbose_name = "批量派单的事项"
        verbose_name_plural = verbose_name
        ordering = ["id"]
        constraints = [models.UniqueConstraint(name="bulk_line_once", fields=["bulk", "work_item"])]

    def __str__(self) -> str:
        return f"{self.work_item_id} {self.get_result_display()}"
