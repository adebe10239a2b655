"""Alerts: one open alert for a household and rule, its evidence, its settlement, its clue."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from grid.models import Account, Household, Outcome, Person, Severity, Visit
from monitoring.models.rule import Rule, RuleVersion
from monitoring.models.screening import ScreeningRun


class AlertState(models.TextChoices):
    """Moves between these are in monitoring/lifecycle.py and nowhere else."""

    HELD = "held", "排队待派"
    TO_VERIFY = "to_verify", "核查中"
    REPORTED = "reported", "已回传"
    SETTLED = "settled", "已办结"
    WITHDRAWN = "withdrawn", "已撤销"


OPEN = (AlertState.HELD, AlertState.TO_VERIFY, AlertState.REPORTED)


class AlertQuerySet(models.QuerySet):
    def open(self) -> Self:
        return self.filter(state__in=OPEN)


class Alert(models.Model):
    """A clue made by a rule over department data. `sentence` says why, with figures."""

    SCOPE = "code"

    rule = models.ForeignKey(
        Rule, verbose_name="规则", on_delete=models.PROTECT, related_name="alerts"
    )
    rule_version = models.ForeignKey(
        RuleVersion, verbose_name="规则版本", on_delete=models.PROTECT, related_name="+"
    )
    household = models.ForeignKey(
        Household, verbose_name="农户", on_delete=models.PROTECT, related_name="alerts"
    )
    code = models.CharField("网格代码", max_length=20, db_collation="C")
    severity = models.PositiveSmallIntegerField("级别", choices=Severity)
    lowered_from = models.PositiveSmallIntegerField(
        "降级前的级别", choices=Severity, null=True, blank=True
    )
    state = models.CharField(
        "状态", max_length=10, choices=AlertState, default=AlertState.TO_VERIFY
    )
    value = models.DecimalField("测得值", max_digits=14, decimal_places=2)
    line = models.DecimalField("标准线", max_digits=14, decimal_places=2, null=True)
    sentence = models.CharField("原因", max_length=300)
    evidence_hash = models.BinaryField("依据指纹", max_length=16, editable=False)
    due_on = models.DateField("时限")
    opened_at = models.DateTimeField("产生时间", auto_now_add=True)
    opened_in = models.ForeignKey(
        ScreeningRun, verbose_name="产生批次", on_delete=models.PROTECT, related_name="opened"
    )
    changed_in = models.ForeignKey(
        ScreeningRun, verbose_name="最近变化批次", on_delete=models.PROTECT, related_name="changed"
    )
    closed_at = models.DateTimeField("办结时间", null=True, blank=True)
    version = models.PositiveIntegerField("版本", default=1)

    objects = AlertQuerySet.as_manager()

    class Meta:
        verbose_name = "预警"
        verbose_name_plural = verbose_name
        ordering = ["due_on", "severity", "id"]
        indexes = [
            models.Index(
                fields=["code", "due_on"],
                name="alert_open_by_place",
                condition=Q(state__in=["held", "to_verify", "reported"]),
            ),
            models.Index(fields=["household", "rule"], name="alert_by_household"),
        ]
        constraints = [
            models.UniqueConstraint(
                name="alert_one_open_per_household_rule",
                fields=["household", "rule"],
                condition=Q(state__in=["held", "to_verify", "reported"]),
            ),
            models.CheckConstraint(
                name="alert_closed_has_time",
                condition=Q(state__in=["held", "to_verify", "reported"], closed_at=None)
                | Q(state__in=["settled", "withdrawn"], closed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.household}"


class Hit(models.Model):
    """What a rule measured for one subject, with the ids of the evidence rows of its feed."""

    SCOPE = "alert__code"

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="hits")
    person = models.ForeignKey(
        Person, verbose_name="人员", null=True, on_delete=models.PROTECT, related_name="+"
    )
    value = models.DecimalField("测得值", max_digits=14, decimal_places=2)
    line = models.DecimalField("标准线", max_digits=14, decimal_places=2, null=True)
    severity = models.PositiveSmallIntegerField("级别", choices=Severity)
    measured = ArrayField(
        models.DecimalField(max_digits=20, decimal_places=4, null=True),
        verbose_name="各测算项的数",
        default=list,
        help_text="按测算项名称排序",
    )
    evidence = models.JSONField("依据记录", help_text="数据集: [记录号]")
    run = models.ForeignKey(ScreeningRun, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = "命中"
        verbose_name_plural = verbose_name
        ordering = ["severity", "id"]

    def __str__(self) -> str:
        return f"{self.alert_id} {self.value}"


class AnnotationQuerySet(models.QuerySet):
    def standing(self) -> Self:
        return self.filter(ended_at=None)


class Annotation(models.Model):
    """A sign that speaks against a household's alerts or beside them: property, a car, a wage.

    It lowers or explains, never hides. One stands for a household and rule, renewed by every run
    and ended by the run that finds it no more.
    """

    SCOPE = "code"

    household = models.ForeignKey(
        Household, verbose_name="农户", on_delete=models.PROTECT, related_name="annotations"
    )
    code = models.CharField("网格代码", max_length=20, db_collation="C")
    rule = models.ForeignKey(
        Rule, verbose_name="规则", on_delete=models.PROTECT, related_name="annotations"
    )
    rule_version = models.ForeignKey(
        RuleVersion, verbose_name="规则版本", on_delete=models.PROTECT, related_name="+"
    )
    lowers = models.BooleanField("降一级", default=False)
    sentence = models.CharField("说明", max_length=300)
    value = models.DecimalField("测得值", max_digits=14, decimal_places=2)
    evidence = models.JSONField("依据记录", help_text="数据集: [记录号]")
    evidence_hash = models.BinaryField("依据指纹", max_length=16, editable=False)
    found_in = models.ForeignKey(
        ScreeningRun, verbose_name="研判批次", on_delete=models.PROTECT, related_name="+"
    )
    found_at = models.DateTimeField("发现时间", auto_now_add=True)
    ended_at = models.DateTimeField("消失时间", null=True, blank=True)

    objects = AnnotationQuerySet.as_manager()

    class Meta:
        verbose_name = "旁证"
        verbose_name_plural = verbose_name
        ordering = ["rule"]
        constraints = [
            models.UniqueConstraint(
                name="annotation_once",
                fields=["household", "rule"],
                condition=Q(ended_at=None),
            )
        ]

    def __str__(self) -> str:
        return self.sentence


class Finding(models.Model):
    """The township's settlement of one alert: outcome, evidence, who decided."""

    SCOPE = "alert__code"

    alert = models.OneToOneField(
        Alert, verbose_name="预警", on_delete=models.PROTECT, related_name="finding"
    )
    visit = models.ForeignKey(
        Visit,
        verbose_name="走访记录",
        null=True,
        on_delete=models.PROTECT,
        related_name="findings",
    )
    outcome = models.CharField("核实结果", max_length=30, choices=Outcome)
    reason = models.CharField("依据和理由", max_length=500)
    decided_by = models.ForeignKey(
        Account, verbose_name="审核人", on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField("审核时间", auto_now_add=True)

    class Meta:
        verbose_name = "核实结论"
        verbose_name_plural = verbose_name
        ordering = ["-decided_at"]

    def __str__(self) -> str:
        return self.get_outcome_display()


class ClueQuerySet(models.QuerySet):
    def waiting(self) -> Self:
        """Not yet part of a case."""
        return self.filter(case=None)


class Clue(models.Model):
    """A risk clue and the case it opened or joined. Source of the codes: reference 2.1.

    `visit` is the one that confirmed it; without one the case begins with the analysis.
    """

    SCOPE = "code"

    class Source(models.TextChoices):
        SELF_DECLARED = "self_declared", "农户自主申报"
        CADRE_CHECK = "cadre_check", "网格员走访"
        DEPT_ALERT = "dept_alert", "部门筛查预警"
        UPPER_PUSH = "upper_push", "上级推送"
        HOTLINE_PETITION = "hotline_petition", "热线和信访"
        SUPERVISION = "supervision", "监督反馈"
        LINKED = "linked", "关联监测"
        VILLAGE_ASSISTANT = "village_assistant", "村级协理员"
        SOCIAL_STATION = "social_station", "社工站"
        VOLUNTEER = "volunteer", "志愿者"

    household = models.ForeignKey(
        Household, verbose_name="农户", on_delete=models.PROTECT, related_name="clues"
    )
    code = models.CharField("网格代码", max_length=20, db_collation="C")
    source = models.CharField("来源", max_length=20, choices=Source)
    alert = models.OneToOneField(
        Alert,
        verbose_name="预警",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="clue",
    )
    risk = models.CharField("风险类型", max_length=30)
    sentence = models.CharField("说明", max_length=300)
    raised_by = models.ForeignKey(
        Account, verbose_name="提出人", null=True, on_delete=models.PROTECT, related_name="+"
    )
    raised_at = models.DateTimeField("提出时间", auto_now_add=True)
    visit = models.ForeignKey(
        Visit,
        verbose_name="核实走访",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="clues",
    )
    case = models.ForeignKey(
        "monitoring.Case",
        verbose_name="个案",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="clues",
    )

    objects = ClueQuerySet.as_manager()

    class Meta:
        verbose_name = "风险线索"
        verbose_name_plural = verbose_name
        ordering = ["-raised_at"]

    def __str__(self) -> str:
        return f"{self.household} {self.risk}"


class AlertEvent(models.Model):
    """The history people read."""

    SCOPE = "alert__code"

    class Verb(models.TextChoices):
        OPENED = "opened", "系统预警"
        HELD = "held", "排队待派"
        SENT = "sent", "派出核查"
        GREW = "grew", "依据更新"
        REPORTED = "reported", "入户核实回传"
        RETURNED = "returned", "退回补充"
        SETTLED = "settled", "办结"
        WITHDRAWN = "withdrawn", "撤销"

    alert = models.ForeignKey(
        Alert, verbose_name="预警", on_delete=models.PROTECT, related_name="events"
    )
    verb = models.CharField("动作", max_length=12, choices=Verb)
    at = models.DateTimeField("时间", auto_now_add=True)
    by_name = models.CharField("经办人", max_length=80)
    sentence = models.CharField("说明", max_length=300, blank=True)

    class Meta:
        verbose_name = "预警经过"
        verbose_name_plural = verbose_name
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.at:%m-%d %H:%M} {self.get_verb_display()}"
