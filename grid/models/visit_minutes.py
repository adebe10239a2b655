"""How long a visit takes, by what it is for: a dated setting, to be confirmed by the county."""

from django.db import models
from django.db.models import Q

from yizhou.terms import DatedQuerySet, one_at_a_time


class VisitMinutes(models.Model):
    """Minutes of one visit with a purpose of this kind; the empty kind holds for all others."""

    kind = models.CharField("事由类别", max_length=30, blank=True)
    minutes = models.PositiveSmallIntegerField("每户分钟")
    from_on = models.DateField("起")
    until_on = models.DateField("止（不含）", null=True, blank=True)
    source = models.CharField("依据", max_length=200)
    is_confirmed = models.BooleanField("已核定", default=False)

    objects = DatedQuerySet.as_manager()

    class Meta:
        verbose_name = "入户用时"
        verbose_name_plural = verbose_name
        ordering = ["kind", "-from_on"]
        constraints = [
            models.CheckConstraint(
                name="visit_minutes_sensible", condition=Q(minutes__gte=1, minutes__lte=480)
            ),
            one_at_a_time("visit_minutes_one_at_a_time", "kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind or '其他'} {self.minutes}"
