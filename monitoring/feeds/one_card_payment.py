"""Subsidies for people and households paid through the one-card account.

Source: reference 4.4 row 17 (subsidies paid; paid twice); due day to be confirmed.
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


class OneCardPayment(Record):
    class Standing(models.TextChoices):
        PAID = "paid", "已到账"
        FAILED = "failed", "发放失败"
        RETURNED = "returned", "已退回"

    payment_no = models.CharField("发放流水号", max_length=40)
    project = models.CharField("补贴项目", max_length=60)
    office = models.CharField("主管部门", max_length=40)
    month_on = models.DateField("补贴所属月份")
    amount_yuan = models.DecimalField("补贴金额", max_digits=12, decimal_places=2)
    paid_on = models.DateField("发放日期")
    standing = models.CharField("发放状态", max_length=10, choices=Standing)

    class Meta:
        verbose_name = "惠民惠农补贴发放"
        verbose_name_plural = verbose_name
        ordering = ["-paid_on", "id"]
        constraints = one_current_per("one_card", "payment_no")
        indexes = looked_up_by("one_card", "paid_on")

    def __str__(self) -> str:
        return f"{self.paid_on} {self.project}"


FEED = Feed(
    code="one_card_payment",
    title="惠民惠农补贴发放",
    model=OneCardPayment,
    department="finance",
    purpose="核对转移性收入，发现重复发放和应发未发的补贴（防止返贫监测、社会救助）。",
    source="财政局惠民惠农补贴“一卡通”发放明细；数据项和报送日待核定",
    due_day=10,
    natural_key=("payment_no",),
    valid_on="paid_on",
    note="不收银行卡号。同一人同一项目同月有两笔的，两笔都报，由系统提示核对。",
    columns=(
        Column("person_name", aliases=("补贴对象", "补贴对象姓名", "持卡人姓名"), example="韦某某"),
        id_number_column("身份证号码", "证件号码", "补贴对象身份证号"),
        Column("payment_no", aliases=("流水号", "支付流水号"), example="YKT202610000123"),
        Column("project", aliases=("项目名称", "补贴项目名称"), example="耕地地力保护补贴"),
        Column("office", aliases=("业务主管部门", "资金主管部门"), example="农业农村局"),
        Column(
            "month_on",
            aliases=("所属月份", "补贴期间"),
            example="2026-10",
            meaning="年月；一年一次的补贴填发放的月份。",
            past_only=True,
            by_month=True,
        ),
        Column(
            "amount_yuan",
            aliases=("发放金额", "金额"),
            unit="元",
            example="486.50",
            meaning="退回的也填正数，在“发放状态”填“已退回”。",
            at_least="0.01",
        ),
        Column("paid_on", aliases=("到账日期", "支付日期"), example="2026-10-16", past_only=True),
        Column(
            "standing",
            aliases=("状态", "支付状态"),
            example="已到账",
            values={
                "成功": "paid",
                "发放成功": "paid",
                "已发放": "paid",
                "失败": "failed",
                "退回": "returned",
                "退票": "returned",
            },
        ),
    ),
    checks=(
        Check(
            code="paid_before_month",
            column="paid_on",
            condition="s.paid_on >= s.month_on - 31",
            problem="发放日期早于补贴所属月份一个月以上",
            fix="请核对年份和月份，常见为跨年时年份未改。",
        ),
    ),
)
