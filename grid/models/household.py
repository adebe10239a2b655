"""Households: the unit that is monitored, visited and helped."""

from typing import Self

from django.db import models
from django.db.models import Q

from grid.models.account import Account
from grid.models.region import Region


class HouseholdKind(models.TextChoices):
    """What the household is in the registry. Source: reference glossary 1.1 [P1][D1][S1]."""

    ORDINARY = "ordinary", "一般农户"
    OUT_OF_POVERTY = "out_of_poverty", "脱贫户"
    UNSTABLE_OUT_OF_POVERTY = "unstable_out_of_poverty", "脱贫不稳定户"
    MARGINAL_PRONE = "marginal_prone", "边缘易致贫户"
    SUDDEN_DIFFICULTY = "sudden_difficulty", "突发严重困难户"


class HouseholdQuerySet(models.QuerySet):
    def living(self) -> Self:
        return self.filter(dissolved_on=None)


class Household(models.Model):
    """A family living in one grid. `cell` is its grid; the column is called code for scope.

    `head` and `size` repeat what memberships say, kept by grid.actions.households so that lists
    need no join; a deferred constraint trigger holds "exactly one living head".
    """

    SCOPE = "cell"

    number = models.CharField("户编号", max_length=24, unique=True)
    cell = models.ForeignKey(
        Region,
        verbose_name="网格",
        on_delete=models.PROTECT,
        db_column="code",
        related_name="households",
    )
    kind = models.CharField(
        "户类型", max_length=24, choices=HouseholdKind, default=HouseholdKind.ORDINARY
    )
    head = models.ForeignKey(
        "grid.Person",
        verbose_name="户主",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
    )
    size = models.PositiveSmallIntegerField("人口", default=0)
    address = models.CharField("住址", max_length=120, blank=True)
    phone_sealed = models.BinaryField("联系电话（密封）", null=True, editable=False)
    phone_tail = models.CharField("电话尾号", max_length=4, blank=True)
    bank_sealed = models.BinaryField("银行账号（密封）", null=True, editable=False)
    bank_tail = models.CharField("账号尾号", max_length=4, blank=True)
    registered_on = models.DateField("建户日期")
    dissolved_on = models.DateField("销户日期", null=True, blank=True)
    version = models.PositiveIntegerField("版本", default=1)
    # When the registry came to say what the row says: set by a trigger (grid/models/past.py).
    entered_at = models.DateTimeField(
        "登记时间",
        editable=False,
        db_default=models.Func(function="clock_timestamp", output_field=models.DateTimeField()),
    )

    objects = HouseholdQuerySet.as_manager()

    class Meta:
        verbose_name = "农户"
        verbose_name_plural = verbose_name
        ordering = ["id"]
        default_permissions = ()
        permissions = [("read_household", "查看农户")]
        constraints = [
            models.CheckConstraint(
                name="household_living_has_head",
                condition=Q(dissolved_on__isnull=False) | Q(head__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.number


class HouseholdEvent(models.Model):
    """The history people read: births, deaths, moves, splits, merges, new heads."""

    SCOPE = "household__cell"

    class Kind(models.TextChoices):
        REGISTERED = "registered", "建户"
        JOINED = "joined", "新增成员"
        LEFT = "left", "成员迁出"
        DIED = "died", "成员死亡"
        NEW_HEAD = "new_head", "变更户主"
        MOVED = "moved", "搬迁"
        SPLIT = "split", "分户"
        MERGED = "merged", "并户"
        MARRIED_IN = "married_in", "婚入"
        MARRIED_OUT = "married_out", "婚出"
        CLASSIFIED = "classified", "户类型变更"

    household = models.ForeignKey(
        Household, verbose_name="农户", on_delete=models.PROTECT, related_name="events"
    )
    kind = models.CharField("事件", max_length=12, choices=Kind)
    on = models.DateField("日期")
    sentence = models.CharField("说明", max_length=200)
    recorded_by = models.ForeignKey(
        Account, verbose_name="登记人", null=True, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField("登记时间", auto_now_add=True)

    class Meta:
        verbose_name = "农户变动"
        verbose_name_plural = verbose_name
        ordering = ["-on", "-id"]

    def __str__(self) -> str:
        return f"{self.on} {self.get_kind_display()}"
