"""Low-income families recognised besides dibao: dibao-marginal and rigid-expense families.

Source: reference 4.4 row 3 (marginal and rigid lists), 6.1. Due day to be confirmed.
"""

from django.db import models

from monitoring.feeds.record import (
    Check,
    Column,
    Feed,
    Record,
    Rhythm,
    looked_up_by,
    one_current_per,
)


class LowIncomeListing(Record):
    class Kind(models.TextChoices):
        MARGINAL = "marginal", "低保边缘家庭"
        RIGID = "rigid", "刚性支出困难家庭"

    class Reason(models.TextChoices):
        ILLNESS = "illness", "因病"
        DISABILITY = "disability", "因残"
        SCHOOLING = "schooling", "因学"
        DISASTER = "disaster", "因灾"
        ACCIDENT = "accident", "因意外事故"
        NO_LABOUR = "no_labour", "缺劳动力"
        LOW_WAGE = "low_wage", "务工就业不稳"
        OTHER = "other", "其他"

    kind = models.CharField("认定类别", max_length=10, choices=Kind)
    people = models.PositiveSmallIntegerField("家庭人口数")
    per_head_yuan_month = models.DecimalField("家庭人均月收入", max_digits=8, decimal_places=2)
    rigid_expense_yuan = models.DecimalField(
        "刚性支出金额", max_digits=10, decimal_places=2, null=True, blank=True
    )
    reason = models.CharField("主要困难原因", max_length=12, choices=Reason)
    recognised_on = models.DateField("认定日期")
    valid_until_on = models.DateField("有效期至", null=True, blank=True)

    class Meta:
        verbose_name = "低收入家庭认定名册"
        verbose_name_plural = verbose_name
        ordering = ["-recognised_on", "id"]
        constraints = one_current_per("low_income_list", "id_digest", "kind", "recognised_on")
        indexes = looked_up_by("low_income_list", "recognised_on")

    def __str__(self) -> str:
        return f"{self.recognised_on} {self.get_kind_display()}"


FEED = Feed(
    code="low_income_list",
    title="低收入家庭认定名册",
    model=LowIncomeListing,
    department="civil_affairs",
    purpose="识别低保边缘和刚性支出困难家庭，确定预警标准线和分层救助（社会救助）。",
    source="民政局低保边缘、刚性支出困难家庭认定名册；报送日待核定",
    due_day=20,
    natural_key=("id_number", "kind", "recognised_on"),
    valid_on="recognised_on",
    rhythm=Rhythm.WHOLE_LIST,
    note="每户一行，身份证号填申请人的；每次报送有效期内的全部家庭。",
    columns=(
        Column("person_name", aliases=("申请人姓名", "户主姓名"), example="韦某某"),
        Column(
            "id_number",
            aliases=("身份证号码", "证件号码", "申请人身份证号"),
            example="990101198001011236",
            meaning="申请人的 18 位居民身份证号，文本格式。",
        ),
        Column(
            "kind",
            aliases=("家庭类别", "救助类别"),
            example="刚性支出困难家庭",
            values={
                "低保边缘": "marginal",
                "最低生活保障边缘家庭": "marginal",
                "低边": "marginal",
                "刚性支出困难": "rigid",
                "支出型困难家庭": "rigid",
                "刚性支出家庭": "rigid",
            },
        ),
        Column(
            "people",
            aliases=("家庭人口", "共同生活家庭成员数"),
            unit="人",
            example="4",
            at_least="1",
            at_most="20",
        ),
        Column(
            "per_head_yuan_month",
            aliases=("人均月收入", "月人均收入"),
            unit="元",
            example="756.00",
            at_least="0",
        ),
        Column(
            "rigid_expense_yuan",
            aliases=("刚性支出", "年刚性支出"),
            unit="元",
            example="28600.00",
            at_least="0",
            meaning="认定前 12 个月医疗、教育、残疾康复等自付支出；刚性支出困难家庭必填。",
        ),
        Column(
            "reason",
            aliases=("困难原因", "致困原因"),
            example="因病",
            values={
                "疾病": "illness",
                "残疾": "disability",
                "教育": "schooling",
                "上学": "schooling",
                "自然灾害": "disaster",
                "因自然灾害": "disaster",
                "意外事故": "accident",
                "无劳动力": "no_labour",
            },
        ),
        Column(
            "recognised_on", aliases=("认定时间", "批准日期"), example="2026-08-06", past_only=True
        ),
        Column("valid_until_on", aliases=("有效期", "到期日期"), example="2027-08-05"),
    ),
    checks=(
        Check(
            code="ends_before_it_begins",
            column="valid_until_on",
            condition="s.valid_until_on IS NULL OR s.valid_until_on > s.recognised_on",
            problem="有效期早于认定日期",
            fix="两列可能填反，请核对认定文书。",
        ),
        Check(
            code="rigid_without_expense",
            column="rigid_expense_yuan",
            condition="s.kind <> 'rigid' OR coalesce(s.rigid_expense_yuan, 0) > 0",
            problem="刚性支出困难家庭没有填刚性支出金额",
            fix="填认定时核定的刚性支出；是低保边缘家庭的，更正认定类别。",
        ),
    ),
)
