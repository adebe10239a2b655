"""Rules as reviewed data: a rule has versions, one of them in force on any day."""

from datetime import date
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q

from grid.models import Account
from yizhou.deferred import LeasedJob
from yizhou.terms import TermRange


class Rule(models.Model):
    """What is looked for, named once. Its figures and conditions live in versions."""

    code = models.SlugField("编号", max_length=20, primary_key=True)
    title = models.CharField("名称", max_length=60)
    risk = models.CharField("风险类型", max_length=30)
    owner = models.CharField("责任部门", max_length=60)

    class Meta:
        verbose_name = "研判规则"
        verbose_name_plural = verbose_name
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"


class RuleVersionQuerySet(models.QuerySet):
    def published(self, on: date | None = None) -> Self:
        """Published versions; with a day, those in force on it."""
        found = self.filter(state=RuleVersion.State.PUBLISHED)
        if on is None:
            return found
        return found.filter(Q(until_on=None) | Q(until_on__gt=on), from_on__lte=on)


class RuleVersion(models.Model):
    """One reviewed wording of a rule, in force from `from_on` until (not on) `until_on`.

    `definition` is checked by monitoring/rules/definition.py. `figures` are thresholds the draft
    proposes ({key: label, value, unit, source}); they become Threshold rows when it is published.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "草稿"
        SUBMITTED = "submitted", "待发布"
        PUBLISHED = "published", "已发布"
        DISCARDED = "discarded", "已作废"

    rule = models.ForeignKey(
        Rule, verbose_name="规则", on_delete=models.PROTECT, related_name="versions"
    )
    number = models.PositiveSmallIntegerField("版次")
    state = models.CharField("状态", max_length=10, choices=State, default=State.DRAFT)
    definition = models.JSONField("内容")
    figures = models.JSONField("拟定的标准线", default=dict, blank=True)
    source = models.CharField("依据文件", max_length=300)
    why = models.CharField("修改原因", max_length=300, blank=True)
    review_on = models.DateField("复审日期")
    from_on = models.DateField("起用日期", null=True, blank=True)
    until_on = models.DateField("停用日期（不含）", null=True, blank=True)
    based_on = models.ForeignKey(
        "self",
        verbose_name="依据版本",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    written_by = models.ForeignKey(
        Account, verbose_name="起草人", null=True, on_delete=models.PROTECT, related_name="+"
    )
    changed_at = models.DateTimeField("修改时间", auto_now=True)
    published_by = models.ForeignKey(
        Account, verbose_name="发布人", null=True, on_delete=models.PROTECT, related_name="+"
    )
    published_at = models.DateTimeField("发布时间", null=True, blank=True)
    preview = models.JSONField("最近一次预览", default=dict, editable=False)
    version = models.PositiveIntegerField("版本", default=1)

    objects = RuleVersionQuerySet.as_manager()

    class Meta:
        verbose_name = "规则版本"
        verbose_name_plural = verbose_name
        ordering = ["rule", "-number"]
        constraints = [
            models.UniqueConstraint(name="rule_version_once", fields=["rule", "number"]),
            models.UniqueConstraint(
                name="rule_one_draft",
                fields=["rule"],
                condition=Q(state__in=["draft", "submitted"]),
            ),
            models.CheckConstraint(
                name="rule_published_has_term",
                condition=~Q(state="published") | Q(from_on__isnull=False),
            ),
            ExclusionConstraint(
                name="rule_in_force_once",
                expressions=[
                    ("rule", RangeOperators.EQUAL),
                    (TermRange(F("from_on"), F("until_on")), RangeOperators.OVERLAPS),
                ],
                condition=Q(state="published"),
            ),
            models.CheckConstraint(
                name="rule_published_by_second_person",
                condition=Q(written_by=None)
                | Q(published_by=None)
                | ~Q(written_by=models.F("published_by")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} 第 {self.number} 版"


class BackTest(LeasedJob):
    """A version tried on past months against what visits found. `results` holds the months.

    `definition` and `figures` are frozen when asked for, so an edited draft is another back-test.
    """

    rule_version = models.ForeignKey(
        RuleVersion, verbose_name="规则版本", on_delete=models.PROTECT, related_name="back_tests"
    )
    definition = models.JSONField("内容")
    figures = models.JSONField("标准线", default=dict)
    months = models.PositiveSmallIntegerField("月数")
    until_on = models.DateField("截至")
    asked_by = models.ForeignKey(
        Account, verbose_name="发起人", null=True, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField("发起时间", auto_now_add=True)
    finished_at = models.DateTimeField("完成", null=True, blank=True)
    results = models.JSONField("结果", default=dict)

    class Meta:
        verbose_name = "规则回测"
        verbose_name_plural = verbose_name
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.rule_version} {self.until_on}"
