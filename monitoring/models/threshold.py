"""Thresholds: every figure a rule compares with, as a dated row with its source."""

from django.db import models
from django.db.models import Q

from grid.models import Region
from yizhou.terms import DatedQuerySet, one_at_a_time


class Threshold(models.Model):
    """One figure for one area and term. `key` is what rules name; `unit` is shown beside it."""

    key = models.SlugField("名称键", max_length=60)
    label = models.CharField("名称", max_length=80)
    value = models.DecimalField("数值", max_digits=14, decimal_places=2)
    unit = models.CharField("单位", max_length=20)
    area = models.ForeignKey(
        Region, verbose_name="适用区划", on_delete=models.PROTECT, related_name="thresholds"
    )
    from_on = models.DateField("起")
    until_on = models.DateField("止（不含）", null=True, blank=True)
    source = models.CharField("依据文件", max_length=300)
    is_confirmed = models.BooleanField("已核定", default=False)

    objects = DatedQuerySet.as_manager()

    class Meta:
        verbose_name = "标准线"
        verbose_name_plural = verbose_name
        ordering = ["key", "-from_on"]
        constraints = [
            models.CheckConstraint(name="threshold_has_unit", condition=~Q(unit="")),
            models.CheckConstraint(name="threshold_has_source", condition=~Q(source="")),
            one_at_a_time("threshold_one_at_a_time", "key", "area"),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.value}{self.unit}"
