"""People. Identity numbers are sealed; equality goes by keyed digest."""

from typing import Self

from django.db import models
from django.db.models import Q

from grid.models.household import Household


class Sex(models.TextChoices):
    MALE = "M", "男"
    FEMALE = "F", "女"


class Labour(models.TextChoices):
    """Source: reference 3.4, list 100A14 [D3]."""

    SKILLED = "skilled", "技能劳动力"
    ORDINARY = "ordinary", "普通劳动力"
    WEAK = "weak", "弱劳动力或半劳动力"
    LOST = "lost", "丧失劳动力"
    NONE = "none", "无劳动力"


class Health(models.TextChoices):
    """Source: reference 3.4, list 100A13 [D6]."""

    HEALTHY = "healthy", "健康"
    CHRONIC = "chronic", "长期慢性病"
    SERIOUS = "serious", "患有大病"
    DISABLED = "disabled", "残疾"


class PersonQuerySet(models.QuerySet):
    def living(self) -> Self:
        return self.filter(died_on=None)


class Person(models.Model):
    """One human being of the registry. `household` is the present one, empty after leaving.

    `code` repeats the household's grid for scope. Sealed columns are bound to (table.column, id).
    """

    SCOPE = "code"

    name = models.CharField("姓名", max_length=60)
    sex = models.CharField("性别", max_length=1, choices=Sex)
    born_on = models.DateField("出生日期")
    ethnic_group = models.CharField("民族", max_length=20, blank=True)
    id_sealed = models.BinaryField("身份证号（密封）", null=True, editable=False)
    id_digest = models.BinaryField("身份证号摘要", max_length=16, null=True, editable=False)
    id_tail = models.CharField("身份证尾号", max_length=4, blank=True)
    phone_sealed = models.BinaryField("手机（密封）", null=True, editable=False)
    phone_tail = models.CharField("手机尾号", max_length=4, blank=True)
    labour = models.CharField("劳动技能", max_length=10, choices=Labour, default=Labour.ORDINARY)
    health = models.CharField("健康状况", max_length=10, choices=Health, default=Health.HEALTHY)
    household = models.ForeignKey(
        Household,
        verbose_name="现属农户",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="people",
    )
    code = models.CharField("网格代码", max_length=20, db_collation="C", db_index=True)
    died_on = models.DateField("死亡日期", null=True, blank=True)
    version = models.PositiveIntegerField("版本", default=1)
    # When the registry came to say what the row says: set by a trigger (grid/models/past.py).
    entered_at = models.DateTimeField(
        "登记时间",
        editable=False,
        db_default=models.Func(function="clock_timestamp", output_field=models.DateTimeField()),
    )

    objects = PersonQuerySet.as_manager()

    class Meta:
        verbose_name = "人员"
        verbose_name_plural = verbose_name
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                name="person_one_per_id_number",
                fields=["id_digest"],
                condition=Q(id_digest__isnull=False),
            ),
            models.CheckConstraint(
                name="person_dead_in_no_household",
                condition=Q(died_on=None) | Q(household=None),
            ),
        ]

    def __str__(self) -> str:
        return self.name
