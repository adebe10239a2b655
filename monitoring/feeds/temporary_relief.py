"""Temporary relief (临时救助): every decision, its kind, standard, form and amount.

Source: reference 4.4 row 3 [A3] and 6.3, the Guangxi rules of December 2024 [T1] B. Amounts per
standard and due day to be confirmed.
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


class TemporaryRelief(Record):
    class Kind(models.TextChoices):
        URGENT = "urgent", "急难型"
        EXPENSE = "expense", "支出型"

    class Standard(models.TextChoices):
        GENERAL = "general", "一般救助"
        GRAVE = "grave", "重大困难"
        ONCE = "once", "一次性救助"

    class Form(models.TextChoices):
        MONEY = "money", "发放救助金"
        GOODS = "goods", "发放实物"
        REFERRAL = "referral", "提供转介服务"

    case_no = models.CharField("救助编号", max_length=40)
    kind = models.CharField("救助类型", max_length=10, choices=Kind)
    standard = models.CharField("救助标准", max_length=10, choices=Standard)
    form = models.CharField("救助方式", max_length=10, choices=Form)
    reason = models.CharField("困难原因", max_length=120)
    people = models.PositiveSmallIntegerField("救助人数")
    amount_yuan = models.DecimalField("救助金额", max_digits=10, decimal_places=2)
    decided_on = models.DateField("决定日期")
    paid_on = models.DateField("发放日期", null=True, blank=True)

    class Meta:
        verbose_name = "临时救助"
        verbose_name_plural = verbose_name
        ordering = ["-decided_on", "id"]
        constraints = one_current_per("temporary_relief", "case_no")
        indexes = looked_up_by("temporary_relief", "decided_on")

    def __str__(self) -> str:
        return f"{self.decided_on} {self.get_kind_display()} {self.amount_yuan}"


FEED = Feed(
    code="temporary_relief",
    title="临时救助",
    model=TemporaryRelief,
    department="civil_affairs",
    purpose="发现遭遇急难或支出过大的家庭，核对救助不重复（社会救助、防止返贫监测）。",
    source="民政局临时救助台账；类型、标准和方式按自治区 2024 年 12 月临时救助办法，报送日待核定",
    due_day=5,
    natural_key=("case_no",),
    valid_on="decided_on",
    columns=(
        Column("person_name", aliases=("申请人姓名", "救助对象"), example="韦某某"),
        id_number_column("身份证号码", "证件号码", "申请人身份证号"),
        Column("case_no", aliases=("审批编号", "受理编号"), example="LSJZ2026100012"),
        Column(
            "kind",
            aliases=("类型", "救助类别"),
            example="急难型",
            values={"急难型救助": "urgent", "支出型救助": "expense", "急难": "urgent"},
        ),
        Column(
            "standard",
            aliases=("标准",),
            example="一般救助",
            values={
                "一般": "general",
                "一般救助标准": "general",
                "重大困难标准": "grave",
                "一次性救助标准": "once",
            },
        ),
        Column(
            "form",
            aliases=("方式",),
            example="发放救助金",
            values={"现金": "money", "资金": "money", "实物": "goods", "转介": "referral"},
        ),
        Column("reason", aliases=("救助原因", "致困原因"), example="房屋失火，临时无处居住"),
        Column("people", aliases=("受助人数",), unit="人", example="3", at_least="1", at_most="20"),
        Column("amount_yuan", aliases=("金额",), unit="元", example="2400.00", at_least="0"),
        Column(
            "decided_on", aliases=("审批日期", "批准日期"), example="2026-10-09", past_only=True
        ),
        Column("paid_on", aliases=("打卡日期", "发放时间"), example="2026-10-10", past_only=True),
    ),
    checks=(
        Check(
            code="form_does_not_fit_amount",
            column="amount_yuan",
            condition="CASE s.form WHEN 'money' THEN s.amount_yuan > 0"
            " WHEN 'referral' THEN s.amount_yuan = 0 ELSE true END",
            problem="金额与救助方式不符",
            fix="发放救助金的金额大于 0；提供转介服务的金额填 0；实物填折价。",
        ),
    ),
)
