"""Cases: one open case a household, every step of it as a row that nobody can change."""

from datetime import date
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import F, Q

from grid.models import Account, Household, HouseholdKind
from monitoring.models.procedure import Procedure
from monitoring.models.stage import ENDED, IDENTIFYING, MONITORED, Duty, Risk, Stage

NOT_EQUAL = "<>"


class Category(models.TextChoices):
    """Classes of monitored households. Source: reference 1.1 [P1]."""

    UNSTABLE_OUT_OF_POVERTY = HouseholdKind.UNSTABLE_OUT_OF_POVERTY.value, "脱贫不稳定户"
    MARGINAL_PRONE = HouseholdKind.MARGINAL_PRONE.value, "边缘易致贫户"
    SUDDEN_DIFFICULTY = HouseholdKind.SUDDEN_DIFFICULTY.value, "突发严重困难户"


class EliminationMode(models.TextChoices):
    """How a risk went. Source: reference 1.2 [P5][D2]."""

    ASSISTED = "assisted", "帮扶消除"
    NATURAL = "natural", "自然消除"


class CaseQuerySet(models.QuerySet):
    def open(self) -> Self:
        return self.filter(closed_at=None)

    def at_stage(self, *stages: str) -> Self:
        return self.filter(stage__in=stages)

    def identifying(self) -> Self:
        return self.filter(stage__in=IDENTIFYING)

    def monitored(self) -> Self:
        return self.filter(stage__in=MONITORED)

    def overdue(self, on: date) -> Self:
        return self.open().filter(Q(step_due_on__lt=on) | Q(total_due_on__lt=on))


class Case(models.Model):
    """A household on its way through the procedure. `round` counts how often the chain began anew.

    Meetings and notices belong to a round: what was upheld or sent back needs new ones. `code` is
    the household's grid, kept by grid moves like that of alerts.
    """

    SCOPE = "code"

    number = models.CharField("个案编号", max_length=24, unique=True)
    household = models.ForeignKey(
        Household, verbose_name="农户", on_delete=models.PROTECT, related_name="cases"
    )
    code = models.CharField("网格代码", max_length=20, db_collation="C")
    procedure = models.ForeignKey(
        Procedure, verbose_name="程序版本", on_delete=models.PROTECT, related_name="cases"
    )
    stage = models.CharField("环节", max_length=20, choices=Stage, default=Stage.CLUE)
    round = models.PositiveSmallIntegerField("轮次", default=1)
    version = models.PositiveIntegerField("版本", default=1)
    opened_at = models.DateTimeField("立案时间", auto_now_add=True)
    opened_on = models.DateField("线索日期")
    stage_since = models.DateTimeField("本环节开始时间")
    round_since = models.DateTimeField("本轮开始时间")
    step_due_on = models.DateField("本环节时限", null=True, blank=True)
    total_due_on = models.DateField("总时限", null=True, blank=True)
    category = models.CharField("监测对象类别", max_length=24, choices=Category, blank=True)
    risks = ArrayField(
        models.CharField(max_length=30, choices=Risk),
        verbose_name="风险类型",
        default=list,
        blank=True,
    )
    green_since = models.DateTimeField("绿色通道开通时间", null=True, blank=True)
    green_due_on = models.DateField("手续补办时限", null=True, blank=True)
    kind_before = models.CharField(
        "识别前户类型", max_length=24, choices=HouseholdKind, blank=True, editable=False
    )
    national_number = models.CharField("全国系统户编号", max_length=24, blank=True)
    identified_on = models.DateField("识别日期", null=True, blank=True)
    elimination_mode = models.CharField(
        "风险消除方式", max_length=10, choices=EliminationMode, blank=True
    )
    eliminated_on = models.DateField("风险消除日期", null=True, blank=True)
    previous = models.ForeignKey(
        "self",
        verbose_name="上一次个案",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="later",
    )
    closed_at = models.DateTimeField("结案时间", null=True, blank=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = "个案"
        verbose_name_plural = verbose_name
        ordering = ["step_due_on", "id"]
        indexes = [
            models.Index(
                fields=["code", "stage", "step_due_on"],
                name="case_open_by_place",
                condition=Q(closed_at=None),
            ),
            models.Index(fields=["household", "-id"], name="case_by_household"),
        ]
        constraints = [
            models.UniqueConstraint(
                name="case_one_open_per_household",
                fields=["household"],
                condition=Q(closed_at=None),
            ),
            models.CheckConstraint(
                name="case_closed_has_time",
                condition=Q(stage__in=ENDED, closed_at__isnull=False)
                | (~Q(stage__in=ENDED) & Q(closed_at=None)),
            ),
            models.CheckConstraint(
                name="case_monitored_has_category",
                condition=~Q(stage__in=[*MONITORED, Stage.ELIMINATED])
                | (~Q(category="") & ~Q(risks=[]) & Q(identified_on__isnull=False)),
            ),
            models.CheckConstraint(
                name="case_eliminated_has_mode",
                condition=~Q(stage=Stage.ELIMINATED)
                | (~Q(elimination_mode="") & Q(eliminated_on__isnull=False)),
            ),
            models.CheckConstraint(name="case_at_most_five_risks", condition=Q(risks__len__lte=5)),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_green(self) -> bool:
        """Help came first; the papers are being made up for."""
        return self.green_since is not None

    @property
    def is_out(self) -> bool:
        """On its way out: the chain of elimination."""
        return self.stage.startswith("out_")


class CaseStep(models.Model):
    """What happened to a case: who, when, as what, why, on which evidence. Rows never change.

    `snapshot` is what the page showed to the person who decided. A person acts in one duty only
    within a round: whoever made the finding neither checks nor approves it.
    """

    SCOPE = "case__code"

    case = models.ForeignKey(
        Case, verbose_name="个案", on_delete=models.PROTECT, related_name="steps"
    )
    move = models.CharField("动作", max_length=30)
    from_stage = models.CharField("从", max_length=20, choices=Stage, blank=True)
    to_stage = models.CharField("到", max_length=20, choices=Stage)
    round = models.PositiveSmallIntegerField("轮次")
    duty = models.CharField("职责", max_length=10, choices=Duty, null=True)  # noqa: DJ001 - below
    by = models.ForeignKey(
        Account, verbose_name="经办人", null=True, on_delete=models.PROTECT, related_name="+"
    )
    by_name = models.CharField("经办人姓名", max_length=80)
    by_post = models.CharField("职务", max_length=120, blank=True)
    at = models.DateTimeField("时间", auto_now_add=True)
    sentence = models.CharField("说明", max_length=500, blank=True)
    snapshot = models.JSONField("当时所见", default=dict)

    class Meta:
        verbose_name = "个案经过"
        verbose_name_plural = verbose_name
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["case", "id"], name="case_step_by_case")]
        constraints = [
            # duty is NULL where none is borne: NULL conflicts with nothing.
            ExclusionConstraint(
                name="case_step_one_duty_a_person",
                expressions=[
                    ("case", RangeOperators.EQUAL),
                    ("round", RangeOperators.EQUAL),
                    ("by", RangeOperators.EQUAL),
                    ("duty", NOT_EQUAL),
                ],
            )
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.move}"


class CasePause(models.Model):
    """The clock stands still from a day; all limits move by the working days it stood."""

    SCOPE = "case__code"

    case = models.ForeignKey(
        Case, verbose_name="个案", on_delete=models.PROTECT, related_name="pauses"
    )
    from_on = models.DateField("暂停自")
    until_on = models.DateField("恢复日", null=True, blank=True)
    reason = models.CharField("暂停原因", max_length=200)
    paused_by = models.ForeignKey(
        Account, verbose_name="暂停人", on_delete=models.PROTECT, related_name="+"
    )
    paused_at = models.DateTimeField("暂停时间", auto_now_add=True)
    resumed_by = models.ForeignKey(
        Account, verbose_name="恢复人", null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = "个案暂停计时"
        verbose_name_plural = verbose_name
        ordering = ["-from_on", "-id"]
        constraints = [
            models.UniqueConstraint(
                name="case_paused_once", fields=["case"], condition=Q(until_on=None)
            ),
            models.CheckConstraint(
                name="case_pause_ends_after_it_begins",
                condition=Q(until_on=None) | Q(until_on__gte=F("from_on")),
            ),
            models.CheckConstraint(name="case_pause_has_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.case} {self.from_on}"


class Explanation(models.Model):
    """The household was told of a decision, and what it answered. Source: 2.2 [P18][G1]."""

    SCOPE = "case__code"

    class Answer(models.TextChoices):
        ACCEPTS = "accepts", "无异议"
        OBJECTS = "objects", "有异议，要求复核"
        NOT_REACHED = "not_reached", "没有联系上"

    case = models.ForeignKey(
        Case, verbose_name="个案", on_delete=models.PROTECT, related_name="explanations"
    )
    step = models.ForeignKey(
        CaseStep, verbose_name="对应决定", on_delete=models.PROTECT, related_name="explanations"
    )
    on = models.DateField("告知日期")
    how = models.CharField("告知方式", max_length=40)
    words = models.CharField("告知内容", max_length=500)
    answer = models.CharField("农户答复", max_length=12, choices=Answer)
    explained_by = models.ForeignKey(
        Account, verbose_name="告知人", on_delete=models.PROTECT, related_name="+"
    )
    explained_at = models.DateTimeField("登记时间", auto_now_add=True)

    class Meta:
        verbose_name = "告知记录"
        verbose_name_plural = verbose_name
        ordering = ["-explained_at"]

    def __str__(self) -> str:
        return f"{self.on} {self.get_answer_display()}"


class RelativeQuerySet(models.QuerySet):
    def standing(self) -> Self:
        return self.filter(ended_on=None)


class Relative(models.Model):
    """An official declared a household as that of a relative and decides nothing about it.

    Source: reference 6.2 [S6]: relatives of staff are registered.
    """

    SCOPE = "household__cell"
    OWN = "account"

    account = models.ForeignKey(
        Account, verbose_name="申报人", on_delete=models.PROTECT, related_name="relatives"
    )
    household = models.ForeignKey(
        Household, verbose_name="农户", on_delete=models.PROTECT, related_name="+"
    )
    relation = models.CharField("关系", max_length=40)
    declared_at = models.DateTimeField("申报时间", auto_now_add=True)
    ended_on = models.DateField("终止日期", null=True, blank=True)
    ended_because = models.CharField("终止原因", max_length=200, blank=True)

    objects = RelativeQuerySet.as_manager()

    class Meta:
        verbose_name = "亲属回避申报"
        verbose_name_plural = verbose_name
        ordering = ["-declared_at"]
        constraints = [
            models.UniqueConstraint(
                name="relative_declared_once",
                fields=["account", "household"],
                condition=Q(ended_on=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.relation}"
