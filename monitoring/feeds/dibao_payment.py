"""Dibao payments: minimum living allowance paid by month.

Source: reference 4.4 row 3 and 6.2; due day to be confirmed.
"""

from django.db import models

from monitoring.feeds.record import (
    CURRENT,
    Check,
    Column,
    Feed,
    Record,
    id_number_column,
    replaced_by,
)


class DibaoPayment(Record):
    class Kind(models.TextChoices):
        RURAL = "rural", "农村低保"
        URBAN = "urban", "城市低保"

    kind = models.CharField("保障类别", max_length=10, choices=Kind)
    people = models.PositiveSmallIntegerField("保障人数")
    month_on = models.DateField("发放月份")
    amount_yuan = models.DecimalField("发放金额", max_digits=10, decimal_places=2)
    paid_on = models.DateField("发放日期")

    class Meta:
        verbose_name = "低保金发放"
        verbose_name_plural = verbose_name
        ordering = ["-month_on", "id"]
        constraints = [
            models.UniqueConstraint(
                name="dibao_payment_key",
                fields=["id_digest", "kind", "month_on"],
                condition=CURRENT,
            )
        ]
        indexes = [
            models.Index(
                fields=["month_on"],
                include=["person"],
                name="dibao_payment_recent",
                condition=CURRENT,
            ),
            models.Index(fields=["person", "month_on"], name="dibao_payment_person"),
            models.Index(
                fields=["id_digest"],
                name="dibao_payment_unmatched",
                condition=models.Q(person=None),
            ),
            replaced_by("dibao_payment"),
        ]

    def __str__(self) -> str:
        return f"{self.month_on:%Y-%m} {self.amount_yuan}"


FEED = Feed(
    code="dibao_payment",
    title="低保金发放",
    model=DibaoPayment,
    department="civil_affairs",
    purpose="识别低收入家庭类别，确定医疗负担等标准线（防止返贫监测、社会救助）。",
    source="民政局低保金发放名册；报送日待核定",
    due_day=20,
    natural_key=("id_number", "kind", "month_on"),
    valid_on="month_on",
    columns=(
        Column("person_name", aliases=("申请人姓名", "户主姓名"), example="覃某某"),
        id_number_column("身份证号码", "证件号码", "申请人身份证号"),
        Column(
            "kind",
            aliases=("低保类别",),
            example="农村低保",
            values={"农村": "rural", "城市": "urban", "城镇低保": "urban"},
        ),
        Column("people", aliases=("保障人口",), unit="人", example="3", at_least="1", at_most="20"),
        Column(
            "month_on",
            aliases=("月份", "所属月份"),
            example="2026-10",
            meaning="年月；存为当月 1 日。",
            past_only=True,
            by_month=True,
        ),
        Column(
            "amount_yuan", aliases=("金额", "保障金额"), unit="元", example="735.00", at_least="0"
        ),
        Column("paid_on", aliases=("打卡日期",), example="2026-10-18", past_only=True),
    ),
    checks=(
        Check(
            code="amount_per_head_implausible",
            column="amount_yuan",
            condition="s.amount_yuan <= 3000 * s.people",
            problem="人均超过 3000 元，不合常理",
            fix="检查金额单位是否误用“分”，或人数是否漏填。",
        ),
    ),
)
