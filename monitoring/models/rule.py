"""Rules as reviewed data: a rule has versions; one version is published at a time."""

from typing import Self

from django.db import models
from django.db.models import Q

from grid.models import Account


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
    def published(self) -> Self:
        return self.filter(state=RuleVersion.State.PUBLISHED)


class RuleVersion(models.Model):
    """One reviewed wording of a rule. `definition` is checked by monitoring/rules/definition.py."""

    class State(models.TextChoices):
        DRAFT = "draft", "草稿"
        PUBLISHED = "published", "已发布"
        RETIRED = "retired", "已停用"

    rule = models.ForeignKey(
        Rule, verbose_name="规则", on_delete=models.PROTECT, related_name="versions"
    )
    number = models.PositiveSmallIntegerField("版次")
    state = models.CharField("状态", max_length=10, choices=State, default=State.DRAFT)
    definition = models.JSONField("内容")
    source = models.CharField("依据文件", max_length=300)
    review_on = models.DateField("复审日期")
    written_by = models.ForeignKey(
        Account, verbose_name="起草人", null=True, on_delete=models.PROTECT, related_name="+"
    )
    published_by = models.ForeignKey(
        Account, verbose_name="发布人", null=True, on_delete=models.PROTECT, related_name="+"
    )
    published_at = models.DateTimeField("发布时间", null=True, blank=True)

    objects = RuleVersionQuerySet.as_manager()

    class Meta:
        verbose_name = "规则版本"
        verbose_name_plural = verbose_name
        ordering = ["rule", "-number"]
        constraints = [
            models.UniqueConstraint(name="rule_version_once", fields=["rule", "number"]),
            models.UniqueConstraint(
                name="rule_published_once", fields=["rule"], condition=Q(state="published")
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
