"""What somebody promised a household, by when, and whether it was kept."""

from datetime import date
from typing import Self

from django.db import models
from django.db.models import Q

from grid.models.account import Account
from grid.models.household import Household
from grid.models.visit import Visit


class PromiseQuerySet(models.QuerySet):
    def open(self) -> Self:
        return self.filter(state="open")

    def overdue(self, on: date) -> Self:
        return self.open().filter(due_on__lt=on)


class Promise(models.Model):
    """One thing to be done for one household. What it says never changes; its history is kept."""

    SCOPE = "household__cell"

    class State(models.TextChoices):
        OPEN = "open", "待兑现"
        KEPT = "kept", "已兑现"
        NOT_KEPT = "not_kept", "未兑现"
        WITHDRAWN = "withdrawn", "已撤回"

    household = models.ForeignKey(
        Household, verbose_name="农户", on_delete=models.PROTECT, related_name="promises"
    )
    by = models.ForeignKey(
        Account, verbose_name="承诺人", on_delete=models.PROTECT, related_name="promises"
    )
    visit = models.ForeignKey(
        Visit,
        verbose_name="走访",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="promises",
    )
    sentence = models.CharField("承诺", max_length=200)
    due_on = models.DateField("何时兑现")
    made_at = models.DateTimeField("承诺时间", auto_now_add=True)
    state = models.CharField("状态", max_length=10, choices=State, default=State.OPEN)
    ended_on = models.DateField("结束日期", null=True, blank=True)
    reason = models.CharField("说明", max_length=200, blank=True)
    followed_up_at = models.DateTimeField("已列入回访", null=True)
    version = models.PositiveIntegerField("版本", default=1)

    objects = PromiseQuerySet.as_manager()

    class Meta:
        verbose_name = "帮扶承诺"
        verbose_name_plural = verbose_name
        ordering = ["due_on", "id"]
        indexes = [
            models.Index(fields=["by", "due_on"], name="promise_of_worker"),
            models.Index(fields=["due_on"], name="promise_open", condition=Q(state="open")),
        ]
        constraints = [
            models.CheckConstraint(
                name="promise_ended_has_day",
                condition=Q(state="open", ended_on=None)
                | (~Q(state="open") & Q(ended_on__isnull=False)),
            ),
            models.CheckConstraint(
                name="promise_not_kept_has_reason",
                condition=~Q(state__in=["not_kept", "withdrawn"]) | ~Q(reason=""),
            ),
            # The same form sent twice is one promise.
            models.UniqueConstraint(
                name="promise_once",
                fields=["household", "by", "sentence", "due_on"],
                condition=Q(state="open"),
            ),
        ]

    def __str__(self) -> str:
        return self.sentence


class PromiseEvent(models.Model):
    """The history people read; a trigger refuses to change or delete a row."""

    SCOPE = "promise__household__cell"

    class Verb(models.TextChoices):
        MADE = "made", "作出承诺"
        FOLLOWED = "followed", "列入回访"
        LOOKED = "looked", "入户回访"
        KEPT = "kept", "已兑现"
        NOT_KEPT = "not_kept", "未兑现"
        WITHDRAWN = "withdrawn", "已撤回"

    promise = models.ForeignKey(
        Promise, verbose_name="承诺", on_delete=models.PROTECT, related_name="events"
    )
    verb = models.CharField("动作", max_length=10, choices=Verb)
    at = models.DateTimeField("时间", auto_now_add=True)
    by_name = models.CharField("经办人", max_length=80)
    sentence = models.CharField("说明", max_length=300, blank=True)

    class Meta:
        verbose_name = "承诺经过"
        verbose_name_plural = verbose_name
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.at:%m-%d %H:%M} {self.get_verb_display()}"
