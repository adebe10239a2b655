"""What became of grids: split, merged, renamed; which code became which, when, by whom, why."""

from django.db import models

from grid.models.account import Account


class RegionChange(models.Model):
    """One line of a grid's history. A split keeps the old grid beside the new one; a merge
    retires the old code for good; a renaming keeps the code.

    `key` is made by the form: sending it twice changes nothing.
    """

    SCOPE = "old_code"

    class Kind(models.TextChoices):
        SPLIT = "split", "拆分"
        MERGED = "merged", "合并"
        RENAMED = "renamed", "更名"

    key = models.UUIDField("提交编号", unique=True)
    kind = models.CharField("变动", max_length=10, choices=Kind)
    old_code = models.CharField("原代码", max_length=20, db_collation="C", db_index=True)
    old_name = models.CharField("原名称", max_length=60)
    new_code = models.CharField("新代码", max_length=20, db_collation="C", db_index=True)
    new_name = models.CharField("新名称", max_length=60)
    on = models.DateField("生效日期")
    by = models.ForeignKey(
        Account, verbose_name="经办人", on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField("办理时间", auto_now_add=True)
    reason = models.CharField("事由", max_length=200)
    households = models.PositiveIntegerField("转入户数", default=0)
    people = models.PositiveIntegerField("转入人数", default=0)
    items = models.PositiveIntegerField("转入未办结事项", default=0)

    class Meta:
        verbose_name = "网格变动"
        verbose_name_plural = verbose_name
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.old_code} {self.new_code}"
