"""The procedure as data: who takes each step, within how many working days, with which papers.

The order of the steps is the regulations' own and stands in monitoring/procedure.py; everything a
county may set stands here, for an area and a term. A running case keeps its version.
"""

from datetime import date
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import F, Q

from grid.models import Account, Region
from grid.roles import Role
from monitoring.models.stage import Paper, Stage
from yizhou.terms import TermRange


class ProcedureQuerySet(models.QuerySet):
    def published(self) -> Self:
        return self.filter(published_at__isnull=False)

    def on(self, day: date) -> Self:
        return self.published().filter(Q(until_on=None) | Q(until_on__gt=day), from_on__lte=day)


class Procedure(models.Model):
    """One version of the procedure. Days are working days unless the name says calendar days.

    Source of the shipped figures: reference 2.2; Guangxi's own are to be confirmed.
    """

    area = models.ForeignKey(
        Region, verbose_name="适用区划", on_delete=models.PROTECT, related_name="procedures"
    )
    title = models.CharField("名称", max_length=80)
    from_on = models.DateField("起用日期")
    until_on = models.DateField("停用日期", null=True, blank=True)
    total_workdays = models.PositiveSmallIntegerField("识别总时限（工作日）")
    out_workdays = models.PositiveSmallIntegerField("消除总时限（工作日）")
    green_workdays = models.PositiveSmallIntegerField("绿色通道补办时限（工作日）")
    notice_days = models.PositiveSmallIntegerField("公示天数（自然日，至少）")
    meeting_least = models.PositiveSmallIntegerField("评议会最少到会人数")
    income_months = models.PositiveSmallIntegerField("消除前收入稳定月数")
    source = models.CharField("依据文件", max_length=300)
    is_confirmed = models.BooleanField("已核定", default=False)
    drafted_by = models.ForeignKey(
        Account, verbose_name="起草人", null=True, on_delete=models.PROTECT, related_name="+"
    )
    published_by = models.ForeignKey(
        Account, verbose_name="发布人", null=True, on_delete=models.PROTECT, related_name="+"
    )
    published_at = models.DateTimeField("发布时间", null=True, blank=True)

    objects = ProcedureQuerySet.as_manager()

    class Meta:
        verbose_name = "程序版本"
        verbose_name_plural = verbose_name
        ordering = ["area", "-from_on", "-id"]
        constraints = [
            models.CheckConstraint(name="procedure_has_source", condition=~Q(source="")),
            models.CheckConstraint(
                name="procedure_days_are_possible",
                condition=Q(total_workdays__range=(1, 120))
                & Q(out_workdays__range=(1, 120))
                & Q(green_workdays__range=(1, 60))
                & Q(notice_days__range=(1, 30))
                & Q(meeting_least__range=(1, 200))
                & Q(income_months__range=(1, 36)),
            ),
            models.CheckConstraint(
                name="procedure_second_person_publishes",
                condition=Q(drafted_by=None)
                | Q(published_by=None)
                | ~Q(drafted_by=F("published_by")),
            ),
            ExclusionConstraint(
                name="procedure_one_at_a_time",
                expressions=[
                    ("area", RangeOperators.EQUAL),
                    (TermRange(F("from_on"), F("until_on")), RangeOperators.OVERLAPS),
                ],
                condition=Q(published_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title}（{self.from_on}）"


class ProcedureStep(models.Model):
    """One stage of one version: whose turn, how long, what must be on file before it is left."""

    procedure = models.ForeignKey(Procedure, on_delete=models.CASCADE, related_name="steps")
    stage = models.CharField("环节", max_length=20, choices=Stage)
    roles = ArrayField(models.CharField(max_length=20, choices=Role), verbose_name="谁办")
    workdays = models.PositiveSmallIntegerField("时限（工作日）", null=True, blank=True)
    papers = ArrayField(
        models.CharField(max_length=20, choices=Paper), verbose_name="须有材料", default=list
    )
    source = models.CharField("依据文件", max_length=300)
    is_confirmed = models.BooleanField("已核定", default=False)

    class Meta:
        verbose_name = "程序环节"
        verbose_name_plural = verbose_name
        ordering = ["procedure", "id"]
        constraints = [
            models.UniqueConstraint(name="procedure_step_once", fields=["procedure", "stage"]),
            models.CheckConstraint(name="procedure_step_has_source", condition=~Q(source="")),
            models.CheckConstraint(name="procedure_step_has_roles", condition=~Q(roles=[])),
        ]

    def __str__(self) -> str:
        return self.get_stage_display()
