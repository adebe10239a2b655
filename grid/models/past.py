"""What the registry said before: values that screening reads, and when they were known.

A trigger of the database writes these rows when such a value changes, whoever changes it; nobody
else does, and the tables refuse UPDATE and DELETE. A value was known from `entered_at` until just
before `until_at`. Names, numbers and telephones are not kept here.
"""

from django.db import models
from django.db.models import F, Q

from grid.models.household import Household, HouseholdKind
from grid.models.person import Health, Labour, Person, Sex

# Keys are copied from rows whose own foreign keys are checked and which are never deleted:
# checking them once more would cost as much as writing the row.


class PersonPast(models.Model):
    """A person as the registry had them. Seen by who sees the person today."""

    SCOPE = "person__code"

    person = models.ForeignKey(
        Person,
        verbose_name="人员",
        on_delete=models.PROTECT,
        related_name="past",
        db_constraint=False,
        db_index=False,
    )
    household = models.ForeignKey(
        Household,
        verbose_name="当时所属农户",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    born_on = models.DateField("出生日期")
    died_on = models.DateField("死亡日期", null=True)
    sex = models.CharField("性别", max_length=1, choices=Sex)
    labour = models.CharField("劳动技能", max_length=10, choices=Labour)
    health = models.CharField("健康状况", max_length=10, choices=Health)
    code = models.CharField("网格代码", max_length=20, db_collation="C")
    entered_at = models.DateTimeField("登记时间")
    until_at = models.DateTimeField("变更时间")

    class Meta:
        verbose_name = "人员以前的登记"
        verbose_name_plural = verbose_name
        ordering = ["until_at", "id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="person_past_ends_after_it_begins", condition=Q(until_at__gte=F("entered_at"))
            )
        ]
        indexes = [
            models.Index(fields=["person", "until_at"], name="person_past_person"),
            models.Index(fields=["household", "until_at"], name="person_past_household"),
            models.Index(fields=["until_at"], name="person_past_until"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.until_at:%Y-%m-%d %H:%M}"


class HouseholdPast(models.Model):
    """A household as the registry had it. Seen by who sees the household today."""

    SCOPE = "household__cell"

    household = models.ForeignKey(
        Household,
        verbose_name="农户",
        on_delete=models.PROTECT,
        related_name="past",
        db_constraint=False,
        db_index=False,
    )
    kind = models.CharField("户类型", max_length=24, choices=HouseholdKind)
    code = models.CharField("网格代码", max_length=20, db_collation="C")
    head = models.ForeignKey(
        Person,
        verbose_name="户主",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    size = models.PositiveSmallIntegerField("人口")
    dissolved_on = models.DateField("销户日期", null=True)
    entered_at = models.DateTimeField("登记时间")
    until_at = models.DateTimeField("变更时间")

    class Meta:
        verbose_name = "农户以前的登记"
        verbose_name_plural = verbose_name
        ordering = ["until_at", "id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="household_past_ends_after_it_begins",
                condition=Q(until_at__gte=F("entered_at")),
            )
        ]
        indexes = [
            models.Index(fields=["household", "until_at"], name="household_past_household"),
            models.Index(fields=["until_at"], name="household_past_until"),
        ]

    def __str__(self) -> str:
        return f"{self.household_id} {self.until_at:%Y-%m-%d %H:%M}"
