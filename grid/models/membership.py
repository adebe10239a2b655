"""Who belonged to which household from when until when."""

from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q

from grid.models.household import Household
from grid.models.person import Person
from yizhou.terms import TermRange


class Relation(models.TextChoices):
    """Relation to the head. Source: reference 3.4, list 1010 [D3]."""

    HEAD = "head", "户主"
    SPOUSE = "spouse", "配偶"
    SON = "son", "之子"
    DAUGHTER = "daughter", "之女"
    DAUGHTER_IN_LAW = "daughter_in_law", "之儿媳"
    SON_IN_LAW = "son_in_law", "之女婿"
    GRANDSON = "grandson", "之孙子"
    GRANDDAUGHTER = "granddaughter", "之孙女"
    FATHER = "father", "之父"
    MOTHER = "mother", "之母"
    SIBLING = "sibling", "之兄弟姐妹"
    OTHER = "other", "其他"


class MembershipQuerySet(models.QuerySet):
    def open(self) -> Self:
        return self.filter(left_on=None)


class Membership(models.Model):
    """One stay of one person in one household; `left_on` is the first day no longer a member."""

    SCOPE = "household__cell"

    class LeaveReason(models.TextChoices):
        DIED = "died", "死亡"
        MARRIED_OUT = "married_out", "婚出"
        MOVED = "moved", "迁出"
        SPLIT = "split", "分户"
        MERGED = "merged", "并户"
        CORRECTED = "corrected", "登记更正"

    household = models.ForeignKey(
        Household, verbose_name="农户", on_delete=models.PROTECT, related_name="memberships"
    )
    person = models.ForeignKey(
        Person, verbose_name="人员", on_delete=models.PROTECT, related_name="memberships"
    )
    relation = models.CharField("与户主关系", max_length=16, choices=Relation)
    joined_on = models.DateField("加入日期")
    left_on = models.DateField("离开日期", null=True, blank=True)
    leave_reason = models.CharField("离开原因", max_length=12, choices=LeaveReason, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = "家庭成员"
        verbose_name_plural = verbose_name
        ordering = ["household", "joined_on", "id"]
        constraints = [
            models.UniqueConstraint(
                name="membership_one_living_head",
                fields=["household"],
                condition=Q(relation=Relation.HEAD, left_on=None),
            ),
            models.CheckConstraint(
                name="membership_ends_after_it_begins",
                condition=Q(left_on=None) | Q(left_on__gte=F("joined_on")),
            ),
            models.CheckConstraint(
                name="membership_end_has_reason",
                condition=Q(left_on=None, leave_reason="")
                | (Q(left_on__isnull=False) & ~Q(leave_reason="")),
            ),
            ExclusionConstraint(
                name="membership_one_household_at_a_time",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    (TermRange("joined_on", "left_on"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.get_relation_display()}"
