"""One second-level worker for one household (点对点帮扶), from a day until a day."""

from datetime import date
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q

from grid.models.account import Account
from grid.models.household import Household
from yizhou.terms import TermRange


class PairingQuerySet(models.QuerySet):
    def current(self, on: date) -> Self:
        return self.filter(Q(until_on=None) | Q(until_on__gt=on), from_on__lte=on)


class Pairing(models.Model):
    """A household and the worker who helps it. `until_on` is the first day no longer paired.

    A household has one worker at a time: the database refuses a second. A pairing opens the
    household to the worker only while the worker holds a second-level post in its grid.
    """

    SCOPE = "household__cell"

    worker = models.ForeignKey(
        Account, verbose_name="二级网格员", on_delete=models.PROTECT, related_name="pairings"
    )
    household = models.ForeignKey(
        Household, verbose_name="农户", on_delete=models.PROTECT, related_name="pairings"
    )
    from_on = models.DateField("结对日期")
    until_on = models.DateField("结束日期", null=True, blank=True)
    paired_by = models.ForeignKey(
        Account, verbose_name="办理人", null=True, on_delete=models.PROTECT, related_name="+"
    )
    paired_at = models.DateTimeField("办理时间", auto_now_add=True)
    end_reason = models.CharField("结束原因", max_length=200, blank=True)

    objects = PairingQuerySet.as_manager()

    class Meta:
        verbose_name = "结对帮扶"
        verbose_name_plural = verbose_name
        ordering = ["-from_on", "-id"]
        indexes = [models.Index(fields=["worker", "until_on"], name="pairing_of_worker")]
        constraints = [
            # A pairing mended on its first day is an empty term, which overlaps nothing.
            models.CheckConstraint(
                name="pairing_ends_after_it_begins",
                condition=Q(until_on=None) | Q(until_on__gte=F("from_on")),
            ),
            models.CheckConstraint(
                name="pairing_end_has_reason",
                condition=Q(until_on=None) | ~Q(end_reason=""),
            ),
            ExclusionConstraint(
                name="pairing_one_worker_at_a_time",
                expressions=[
                    ("household", RangeOperators.EQUAL),
                    (TermRange("from_on", "until_on"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.worker} {self.household}"
