"""Posts (4+2+2 and offices), their establishment, and named dated exceptions."""

from datetime import date
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from guardian.models import UserObjectPermissionBase

from grid.models.account import Account
from grid.models.department import Department
from grid.models.household import Household
from grid.models.region import Region
from grid.roles import Role
from yizhou.terms import TermRange


class PostQuerySet(models.QuerySet):
    def current(self, on: date) -> Self:
        return self.filter(Q(until_on=None) | Q(until_on__gt=on), from_on__lte=on)


class Post(models.Model):
    """One seat of one role in one region (or department), held from a day until a day.

    `until_on` is the first day no longer held. Two holders of one seat may not overlap: the
    database refuses.
    """

    SCOPE = "region"

    account = models.ForeignKey(
        Account, verbose_name="任职人", on_delete=models.PROTECT, related_name="posts"
    )
    role = models.CharField("职务", max_length=20, choices=Role)
    region = models.ForeignKey(
        Region,
        verbose_name="区划",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="posts",
    )
    department = models.ForeignKey(
        Department,
        verbose_name="部门",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="posts",
    )
    seat = models.PositiveSmallIntegerField("席位", default=1)
    from_on = models.DateField("任职日期")
    until_on = models.DateField("离任日期", null=True, blank=True)

    objects = PostQuerySet.as_manager()

    class Meta:
        verbose_name = "任职"
        verbose_name_plural = verbose_name
        ordering = ["id"]
        indexes = [models.Index(fields=["region", "role"], name="post_region_role")]
        constraints = [
            models.CheckConstraint(
                name="post_is_held_somewhere",
                condition=Q(role=Role.DEPARTMENT_CLERK, department__isnull=False, region=None)
                | (~Q(role=Role.DEPARTMENT_CLERK) & Q(department=None, region__isnull=False)),
            ),
            models.CheckConstraint(
                name="post_ends_after_it_begins",
                condition=Q(until_on=None) | Q(until_on__gt=F("from_on")),
            ),
            ExclusionConstraint(
                name="post_seat_held_once",
                expressions=[
                    ("role", RangeOperators.EQUAL),
                    ("region", RangeOperators.EQUAL),
                    ("seat", RangeOperators.EQUAL),
                    (TermRange("from_on", "until_on"), RangeOperators.OVERLAPS),
                ],
                condition=Q(region__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.get_role_display()}"


class Establishment(models.Model):
    """How many seats of a role each region of its level has: a setting, with its source."""

    role = models.CharField("职务", max_length=20, choices=Role, primary_key=True)
    seats = models.PositiveSmallIntegerField("每个区划席位数")
    source = models.CharField("依据", max_length=200)

    class Meta:
        verbose_name = "编制"
        verbose_name_plural = verbose_name
        ordering = ["role"]

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.seats}"


class HouseholdException(UserObjectPermissionBase):
    """A named, dated exception: this account may see this household until that day, for a reason.

    django-guardian keeps who and what; the term and the reason are ours. Never whole lists.
    """

    content_object = models.ForeignKey(Household, on_delete=models.CASCADE)
    until_on = models.DateField("有效至（含）")
    reason = models.CharField("事由", max_length=200)
    granted_by = models.ForeignKey(
        Account, verbose_name="批准人", on_delete=models.PROTECT, related_name="+"
    )
    granted_at = models.DateTimeField("批准时间", auto_now_add=True)

    class Meta(UserObjectPermissionBase.Meta):
        verbose_name = "个案授权"
        verbose_name_plural = verbose_name
