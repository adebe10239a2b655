"""Claims on the insurance against falling into poverty (防贫保).

Source: reference 4.4 row 26 (claims; claim opened); due day to be confirmed.
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


class InsuranceClaim(Record):
    class Cause(models.TextChoices):
        ILLNESS = "illness", "因病"
        SCHOOLING = "schooling", "因学"
        DISASTER = "disaster", "因灾"
        ACCIDENT = "accident", "意外事故"

    class Standing(models.TextChoices):
        OPENED = "opened", "已报案"
        CHECKING = "checking", "核查中"
        PAID = "paid", "已赔付"
        REFUSED = "refused", "不予赔付"

    claim_no = models.CharField("报案号", max_length=40)
    cause = models.CharField("出险原因", max_length=10, choices=Cause)
    happened_on = models.DateField("出险日期")
    opened_on = models.DateField("报案日期")
    loss_yuan = models.DecimalField(
        "核定支出损失", max_digits=12, decimal_places=2, null=True, blank=True
    )
    standing = models.CharField("理赔状态", max_length=10, choices=Standing)
    paid_yuan = models.DecimalField(
        "赔付金额", max_digits=12, decimal_places=2, null=True, blank=True
    )
    paid_on = models.DateField("赔付日期", null=True, blank=True)

    class Meta:
        verbose_name = "防贫保理赔"
        verbose_name_plural = verbose_name
        ordering = ["-opened_on", "id"]
        constraints = one_current_per("insurance_claim", "claim_no")
        indexes = looked_up_by("insurance_claim", "opened_on")

    def __str__(self) -> str:
        return f"{self.opened_on} {self.get_standing_display()}"


FEED = Feed(
    code="insurance_claim",
    title="防贫保理赔",
    model=InsuranceClaim,
    department="insurance",
    purpose="发现因病因学因灾因意外报案的家庭，核对帮扶和赔付（防止返贫监测）。",
    source="防贫保险承办机构理赔台账；承办机构、数据项和报送日待核定",
    due_day=5,
    natural_key=("claim_no",),
    valid_on="opened_on",
    note="只收防贫保的理赔，不收商业保险；不收病历、账号和调查笔录。",
    columns=(
        Column("person_name", aliases=("出险人", "被保险人", "出险人姓名"), example="韦某某"),
        id_number_column("身份证号码", "证件号码", "出险人身份证号"),
        Column("claim_no", aliases=("案件号", "赔案号"), example="FPB2026100018"),
        Column(
            "cause",
            aliases=("致贫原因", "理赔类别"),
            example="因病",
            values={
                "疾病": "illness",
                "大病": "illness",
                "上学": "schooling",
                "灾害": "disaster",
                "意外": "accident",
                "交通事故": "accident",
            },
        ),
        Column(
            "happened_on", aliases=("事故日期", "发生日期"), example="2026-08-30", past_only=True
        ),
        Column("opened_on", aliases=("报案时间", "立案日期"), example="2026-09-11", past_only=True),
        Column(
            "loss_yuan",
            aliases=("核定损失", "自付支出"),
            unit="元",
            example="28600.00",
            meaning="还没有核定的留空。",
            at_least="0",
        ),
        Column(
            "standing",
            aliases=("状态", "案件状态"),
            example="已赔付",
            values={
                "报案": "opened",
                "已立案": "opened",
                "调查中": "checking",
                "已结案": "paid",
                "拒赔": "refused",
            },
        ),
        Column(
            "paid_yuan",
            aliases=("赔款金额", "理赔金额"),
            unit="元",
            example="8200.00",
            meaning="没有赔付的留空。",
            at_least="0",
        ),
        Column("paid_on", aliases=("赔款日期", "结案日期"), example="2026-10-15", past_only=True),
    ),
    checks=(
        Check(
            code="paid_does_not_fit_standing",
            column="paid_yuan",
            condition=(
                "(s.standing = 'paid') = (coalesce(s.paid_yuan, 0) > 0)"
                " AND (s.standing = 'paid') = (s.paid_on IS NOT NULL)"
            ),
            problem="理赔状态与赔付金额、赔付日期不符",
            fix="已赔付的两列都填；没有赔付的两列都留空。",
        ),
        Check(
            code="paid_over_loss",
            column="paid_yuan",
            condition="coalesce(s.paid_yuan, 0) <= coalesce(s.loss_yuan, s.paid_yuan, 0)",
            problem="赔付金额大于核定支出损失",
            fix="两列可能填反，请核对赔案。",
        ),
        Check(
            code="days_out_of_order",
            column="opened_on",
            condition=(
                "s.opened_on >= s.happened_on AND (s.paid_on IS NULL OR s.paid_on >= s.opened_on)"
            ),
            problem="出险、报案、赔付日期的先后不对",
            fix="应为出险不晚于报案，报案不晚于赔付，请核对赔案。",
        ),
    ),
)
