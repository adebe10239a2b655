"""Answers of banks whether deposits of an applicant are above the limit.

Source: reference 4.4 row 18 (deposit above limit is exclusion evidence); the limit, the legal
basis and the due day to be confirmed.
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


class BankDeposit(Record):
    class Result(models.TextChoices):
        WITHIN = "within", "未超过限额"
        ABOVE = "above", "超过限额"
        NO_ACCOUNT = "no_account", "没有开户"

    query_no = models.CharField("核对申请编号", max_length=40)
    bank = models.CharField("查询机构", max_length=60)
    authorised_on = models.DateField("授权日期")
    queried_on = models.DateField("查询日期")
    result = models.CharField("核对结果", max_length=12, choices=Result)

    class Meta:
        verbose_name = "存款限额核对"
        verbose_name_plural = verbose_name
        ordering = ["-queried_on", "id"]
        constraints = one_current_per("bank_deposit", "id_digest", "query_no", "bank")
        indexes = looked_up_by("bank_deposit", "queried_on")

    def __str__(self) -> str:
        return f"{self.queried_on} {self.get_result_display()}"


FEED = Feed(
    code="bank_deposit",
    title="存款限额核对",
    model=BankDeposit,
    department="banks",
    purpose="经本人授权，核对申请家庭存款是否超过限额（家庭经济状况核对）。",
    source="家庭经济状况核对的金融信息反馈；限额、共享依据和报送日待核定",
    due_day=20,
    natural_key=("id_number", "query_no", "bank"),
    valid_on="queried_on",
    note="只收是否超过限额，不收余额、账号、流水；没有本人授权的不得查询和报送。",
    columns=(
        Column("person_name", aliases=("被核对人", "客户姓名", "被查询人姓名"), example="韦某某"),
        id_number_column("身份证号码", "证件号码", "被查询人身份证号"),
        Column("query_no", aliases=("核对编号", "申请编号", "查询编号"), example="HD2026100031"),
        Column("bank", aliases=("银行名称", "金融机构"), example="宜州区某农村商业银行"),
        Column(
            "authorised_on",
            aliases=("授权书日期", "签署授权日期"),
            example="2026-10-08",
            meaning="本人签署核对授权书的日期。",
            past_only=True,
        ),
        Column(
            "queried_on", aliases=("核对日期", "反馈日期"), example="2026-10-15", past_only=True
        ),
        Column(
            "result",
            aliases=("查询结果", "结果"),
            example="未超过限额",
            values={
                "未超限": "within",
                "未超过": "within",
                "超限": "above",
                "超过": "above",
                "无账户": "no_account",
                "未开户": "no_account",
            },
            meaning="只填结论，不填金额。",
        ),
    ),
    checks=(
        Check(
            code="queried_without_authority",
            column="queried_on",
            condition="s.queried_on >= s.authorised_on",
            problem="查询日期早于授权日期",
            fix="先取得本人授权再查询；日期填错的请核对授权书。",
        ),
    ),
)
