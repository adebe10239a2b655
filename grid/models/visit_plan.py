"""The visit plan: how often whom, its figures, and every household's next planned visit."""

from datetime import date
from typing import Self

from django.db import models
from django.db.models import F, Q

from grid.models.campaign import Campaign
from grid.models.household import Household
from grid.models.visit import Visit
from grid.models.work_item import WorkItem
from yizhou.terms import DatedQuerySet, one_at_a_time


class Rhythm(models.IntegerChoices):
    """Months between two visits; 0: no visit by plan."""

    NEVER = 0, "不安排"
    MONTHLY = 1, "每月"
    QUARTERLY = 3, "每季度"
    HALF_YEARLY = 6, "每半年"
    YEARLY = 12, "每年"


class VisitCategory(models.Model):
    """How often households of one group are visited, from a day until a day.

    `key` names a group (grid/visit_groups.py). Of several groups a household is in, the shortest
    rhythm counts. `away_months`: by phone for those away; 0 means they are visited like others.
    """

    key = models.SlugField("类别", max_length=40)
    months = models.PositiveSmallIntegerField("频次", choices=Rhythm)
    away_months = models.PositiveSmallIntegerField(
        "外出户改为电话", choices=Rhythm, default=Rhythm.NEVER
    )
    from_on = models.DateField("起用日期")
    until_on = models.DateField("停用日期", null=True, blank=True)
    source = models.CharField("依据", max_length=200)
    is_confirmed = models.BooleanField("已核定", default=False)

    objects = DatedQuerySet.as_manager()

    class Meta:
        verbose_name = "走访频次"
        verbose_name_plural = verbose_name
        ordering = ["key", "-from_on"]
        constraints = [
            models.CheckConstraint(name="visit_category_has_source", condition=~Q(source="")),
            one_at_a_time("visit_category_one_at_a_time", "key"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.get_months_display()}"


class RoutineFigure(models.Model):
    """A figure of the plan and of the clock, from a day until a day, with its source."""

    class Key(models.TextChoices):
        ROUTINE_A_WEEK = "routine_a_week", "每人每周最多派几户常规走访"
        CHECK_A_WEEK = "check_a_week", "每人每周最多派几户集中排查"
        WORKDAYS_TO_VISIT = "workdays_to_visit", "派出后几个工作日内走访"
        TRIES = "tries", "没见到人，一期最多去几次"
        LONGEST_PAUSE = "longest_pause", "一次最多暂停计时几个工作日"

    key = models.CharField("名称", max_length=20, choices=Key)
    value = models.PositiveSmallIntegerField("数值")
    from_on = models.DateField("起用日期")
    until_on = models.DateField("停用日期", null=True, blank=True)
    source = models.CharField("依据", max_length=200)
    is_confirmed = models.BooleanField("已核定", default=False)

    objects = DatedQuerySet.as_manager()

    class Meta:
        verbose_name = "走访数值"
        verbose_name_plural = verbose_name
        ordering = ["key", "-from_on"]
        constraints = [
            models.CheckConstraint(name="routine_figure_has_source", condition=~Q(source="")),
            models.CheckConstraint(name="routine_figure_positive", condition=Q(value__gte=1)),
            one_at_a_time("routine_figure_one_at_a_time", "key"),
        ]

    def __str__(self) -> str:
        return f"{self.get_key_display()} {self.value}"


class PlanEntryQuerySet(models.QuerySet):
    def living(self) -> Self:
        return self.filter(state__in=[PlanEntry.State.PLANNED, PlanEntry.State.OPENED])

    def routine(self) -> Self:
        return self.filter(campaign=None)


class PlanEntry(models.Model):
    """One household to be visited once in [period_from, period_until), by plan or by a campaign.

    `week_on`: from this day on it may be sent out. `months`: the rhythm, 0 for a campaign.
    """

    SCOPE = "code"

    class State(models.TextChoices):
        PLANNED = "planned", "待派"
        OPENED = "opened", "已派"
        DONE = "done", "已走访"
        NOT_MET = "not_met", "没见到人"
        LAPSED = "lapsed", "到期未走访"
        DROPPED = "dropped", "已撤销"

    class Mode(models.TextChoices):
        IN_PERSON = "in_person", "入户"
        PHONE = "phone", "电话"

    household = models.ForeignKey(
        Household, verbose_name="农户", on_delete=models.PROTECT, related_name="plan_entries"
    )
    code = models.CharField("网格代码", max_length=20, db_collation="C")
    campaign = models.ForeignKey(
        Campaign,
        verbose_name="集中排查",
        null=True,
        on_delete=models.PROTECT,
        related_name="entries",
    )
    category = models.ForeignKey(
        VisitCategory, verbose_name="类别", null=True, on_delete=models.PROTECT, related_name="+"
    )
    months = models.PositiveSmallIntegerField("频次", choices=Rhythm, default=Rhythm.NEVER)
    mode = models.CharField("方式", max_length=10, choices=Mode, default=Mode.IN_PERSON)
    period_from = models.DateField("本期起")
    period_until = models.DateField("本期止（不含）")
    week_on = models.DateField("派出日")
    state = models.CharField("状态", max_length=10, choices=State, default=State.PLANNED)
    tries = models.PositiveSmallIntegerField("去过几次", default=0)
    work_item = models.ForeignKey(
        WorkItem,
        verbose_name="入户事项",
        null=True,
        on_delete=models.PROTECT,
        related_name="plan_entries",
    )
    opened_at = models.DateTimeField("派出时间", null=True, editable=False)
    visit = models.ForeignKey(
        Visit, verbose_name="走访记录", null=True, on_delete=models.PROTECT, related_name="+"
    )
    done_on = models.DateField("走访日期", null=True, editable=False)
    found_risk = models.BooleanField("发现风险", default=False)

    objects = PlanEntryQuerySet.as_manager()

    class Meta:
        verbose_name = "走访安排"
        verbose_name_plural = verbose_name
        ordering = ["week_on", "code", "id"]
        constraints = [
            models.UniqueConstraint(
                name="plan_entry_one_living",
                fields=["household"],
                condition=Q(campaign=None, state__in=["planned", "opened"]),
            ),
            models.UniqueConstraint(
                name="plan_entry_once_a_period",
                fields=["household", "period_from", "months"],
                condition=Q(campaign=None) & ~Q(state="dropped"),
            ),
            models.UniqueConstraint(
                name="plan_entry_once_a_campaign",
                fields=["campaign", "household"],
                condition=Q(campaign__isnull=False),
            ),
            models.CheckConstraint(
                name="plan_entry_period_has_days",
                condition=Q(period_until__gt=F("period_from")),
            ),
            models.CheckConstraint(
                name="plan_entry_done_has_day",
                condition=~Q(state="done") | Q(done_on__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["code", "period_from"], name="plan_entry_place"),
            models.Index(
                fields=["week_on"], name="plan_entry_to_open", condition=Q(state="planned")
            ),
            models.Index(fields=["campaign", "code"], name="plan_entry_campaign"),
        ]

    def __str__(self) -> str:
        return f"{self.household} {self.period_from}"

    @property
    def last_day(self) -> date:
        return date.fromordinal(self.period_until.toordinal() - 1)
