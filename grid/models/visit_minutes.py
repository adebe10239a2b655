"""How long a visit takes, by what it is for: a dated setting, to be confirmed by the county."""

from datetime import date
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import Q

from yizhou.terms import TermRange


class VisitMinutesQuerySet(models.QuerySet):
    def on(self, day: date) -> Self:
        return self.filter(Q(until_on=None) | Q(until_on__gt=day), from_on__lte=day)


class VisitMinutes(models.Model):
    """Minutes of one visit with a purpose of this kind; the empty kind holds for all others."""

    kind = models.CharField("事由类别", max_length=30, blank=True)
    minutes = models.PositiveSmallIntegerField("每户分钟")
    from_on = models.DateField("起")
    until_on = models.DateField("止（不含）", null=True, blank=True)
    source = models.CharField("依据", max_length=200)
    is_confirmed = models.BooleanField("已核定", default=False)

    objects = VisitMinutesQuerySet.as_manager()

    class Meta:
        verbose_name = "入户用时"
        verbose_name_plural = verbose_name
        ordering = ["kind", "-from_on"]
        constraints = [
            models.CheckConstraint(
                name="visit_minutes_sensible", condition=Q(minutes__gte=1, minutes__lte=480)
            ),
            ExclusionConstraint(
                name="visit_minutes_one_at_a_time",
                expressions=[
                    ("kind", RangeOperators.EQUAL),
                    (TermRange("from_on", "until_on"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind or '其他'} {self.minutes}"
