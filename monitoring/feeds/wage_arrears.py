"""Wages owed to workers, one row per case and worker.

Source: reference 4.4 row 6 (wage arrears). Due day to be confirmed.
"""

from django.db import models

from monitoring.feeds.record import (
    Check,
    Column,
    Feed,
    Record,
    id_number_column,
    looked_up_by,
    one_current_per,
)


class WageArrears(Record):
    class Standing(models.TextChoices):
        CHECKED = "checked", "核查中"
        OPENED = "opened", "已立案"
        PARTLY_PAID = "partly_paid", "部分支付"
        PAID = "paid", "已付清"
        HANDED_ON = "handed_on", "移送司法"

    case_no = models.CharField("案件编号", max_length=40)
    employer = models.CharField("欠薪单位", max_length=80)
    owed_from_on = models.DateField("欠薪起始月")
    owed_until_on = models.DateField("欠薪截止月")
    owed_yuan = models.DecimalField("欠薪金额", max_digits=10, decimal_places=2)
    paid_yuan = models.DecimalField("已追回金额", max_digits=10, decimal_places=2)
    reported_on = models.DateField("受理日期")
    standing = models.CharField("办理状态", max_length=12, choices=Standing)

    class Meta:
        verbose_name = "拖欠工资"
        verbose_name_plural = verbose_name
        ordering = ["-reported_on", "id"]
        constraints = one_current_per("wage_arrears", "case_no", "id_digest")
        indexes = looked_up_by("wage_arrears", "reported_on")

    def __str__(self) -> str:
        return f"{self.case_no} {self.owed_yuan}"


FEED = Feed(
    code="wage_arrears",
    title="拖欠工资",
    model=WageArrears,
    department="human_resources",
    purpose="发现被拖欠工资、收入突然中断的务工家庭（防止返贫监测、就业帮扶）。",
    source="人社局劳动保障监察案件台账；报送日待核定",
    due_day=10,
    natural_key=("case_no", "id_number"),
    valid_on="reported_on",
    note="每案每人一行；办理状态变化后用同一案件编号再报。",
    columns=(
        Column("person_name", aliases=("劳动者姓名", "被欠薪人姓名"), example="韦某某"),
        id_number_column("身份证号码", "证件号码", "公民身份号码"),
        Column("case_no", aliases=("案号", "线索编号"), example="LJ2026100012"),
        Column("employer", aliases=("用人单位", "企业名称"), example="某建筑劳务公司"),
        Column(
            "owed_from_on",
            aliases=("欠薪开始月份",),
            example="2026-05",
            meaning="年月；存为当月 1 日。",
            past_only=True,
            by_month=True,
        ),
        Column(
            "owed_until_on",
            aliases=("欠薪结束月份",),
            example="2026-08",
            meaning="年月；存为当月 1 日。",
            past_only=True,
            by_month=True,
        ),
        Column(
            "owed_yuan",
            aliases=("拖欠金额", "涉及金额"),
            unit="元",
            example="14400.00",
            at_least="0.01",
            at_most="1000000",
            meaning="本人被拖欠的金额，不是全案金额。",
        ),
        Column(
            "paid_yuan", aliases=("追回金额", "已支付金额"), unit="元", example="0.00", at_least="0"
        ),
        Column(
            "reported_on", aliases=("受理时间", "投诉日期"), example="2026-09-10", past_only=True
        ),
        Column(
            "standing",
            aliases=("状态", "办理情况"),
            example="已立案",
            values={
                "调查中": "checked",
                "立案": "opened",
                "部分追回": "partly_paid",
                "已结案": "paid",
                "已办结": "paid",
                "已移送": "handed_on",
            },
        ),
    ),
    checks=(
        Check(
            code="ends_before_it_begins",
            column="owed_until_on",
            condition="s.owed_until_on >= s.owed_from_on",
            problem="欠薪截止月早于起始月",
            fix="两列可能填反，请核对。",
        ),
        Check(
            code="paid_over_owed",
            column="paid_yuan",
            condition="s.paid_yuan <= s.owed_yuan",
            problem="已追回金额大于欠薪金额",
            fix="两列可能填反，或填了全案金额，请核对。",
        ),
        Check(
            code="paid_does_not_fit_standing",
            column="standing",
            condition="s.standing <> 'paid' OR s.paid_yuan = s.owed_yuan",
            problem="已付清但追回金额与欠薪金额不等",
            fix="没有付清的，办理状态改为“部分支付”；已付清的补齐金额。",
        ),
    ),
)
