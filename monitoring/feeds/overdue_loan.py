"""Overdue small loans of rural households.

Source: reference 4.4 row 18 (overdue small loans are a risk); due day to be confirmed.
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


class OverdueLoan(Record):
    class Kind(models.TextChoices):
        MICRO = "micro", "脱贫人口小额信贷"
        FARMER = "farmer", "其他农户贷款"
        STUDENT = "student", "助学贷款"

    class Standing(models.TextChoices):
        OVERDUE = "overdue", "逾期"
        EXTENDED = "extended", "展期续贷"
        SETTLED = "settled", "已结清"

    bank = models.CharField("贷款机构", max_length=60)
    loan_no = models.CharField("借据号", max_length=40)
    kind = models.CharField("贷款类别", max_length=10, choices=Kind)
    due_on = models.DateField("到期日期")
    principal_yuan = models.DecimalField("贷款本金", max_digits=12, decimal_places=2)
    overdue_yuan = models.DecimalField("逾期本金", max_digits=12, decimal_places=2)
    overdue_days = models.PositiveSmallIntegerField("逾期天数")
    standing = models.CharField("贷款状态", max_length=10, choices=Standing)
    standing_on = models.DateField("统计日期")

    class Meta:
        verbose_name = "逾期小额贷款"
        verbose_name_plural = verbose_name
        ordering = ["-standing_on", "id"]
        constraints = one_current_per("overdue_loan", "id_digest", "bank", "loan_no")
        indexes = looked_up_by("overdue_loan", "standing_on")

    def __str__(self) -> str:
        return f"{self.standing_on} {self.get_standing_display()}"


FEED = Feed(
    code="overdue_loan",
    title="逾期小额贷款",
    model=OverdueLoan,
    department="banks",
    purpose="发现小额信贷逾期、可能还款困难的家庭（防止返贫监测、小额信贷风险防控）。",
    source="金融机构小额信贷逾期台账；共享依据、数据项和报送日待核定",
    due_day=10,
    natural_key=("id_number", "bank", "loan_no"),
    valid_on="standing_on",
    note="只收逾期过的贷款，不收正常贷款、账户和其他征信内容。",
    columns=(
        Column("person_name", aliases=("借款人", "借款人姓名", "客户姓名"), example="韦某某"),
        id_number_column("身份证号码", "证件号码", "借款人身份证号"),
        Column("bank", aliases=("经办银行", "放款机构"), example="宜州区某农村商业银行"),
        Column("loan_no", aliases=("借据编号", "合同号", "贷款合同号"), example="JJ2024000456"),
        Column(
            "kind",
            aliases=("贷款品种", "贷款产品"),
            example="脱贫人口小额信贷",
            values={
                "小额信贷": "micro",
                "扶贫小额信贷": "micro",
                "农户贷款": "farmer",
                "生源地助学贷款": "student",
            },
        ),
        Column("due_on", aliases=("贷款到期日", "到期日"), example="2026-09-30"),
        Column(
            "principal_yuan",
            aliases=("贷款金额", "放款金额"),
            unit="元",
            example="30000.00",
            at_least="0.01",
        ),
        Column(
            "overdue_yuan",
            aliases=("逾期金额", "逾期余额"),
            unit="元",
            example="12000.00",
            meaning="不含利息；没有逾期填 0。",
            at_least="0",
        ),
        Column("overdue_days", aliases=("逾期期限",), unit="天", example="31", at_most="9999"),
        Column(
            "standing",
            aliases=("状态", "还款状态"),
            example="逾期",
            values={"已逾期": "overdue", "展期": "extended", "续贷": "extended", "结清": "settled"},
        ),
        Column(
            "standing_on", aliases=("数据日期", "截止日期"), example="2026-10-31", past_only=True
        ),
    ),
    checks=(
        Check(
            code="overdue_over_principal",
            column="overdue_yuan",
            condition="s.overdue_yuan <= s.principal_yuan",
            problem="逾期本金大于贷款本金",
            fix="请核对两列是否填反，逾期本金不含利息。",
        ),
        Check(
            code="overdue_does_not_fit_standing",
            column="overdue_days",
            condition=(
                "(s.standing = 'overdue') = (s.overdue_days > 0)"
                " AND (s.standing = 'overdue') = (s.overdue_yuan > 0)"
            ),
            problem="贷款状态与逾期天数、逾期本金不符",
            fix="逾期的，天数和本金都大于 0；展期续贷或已结清的，两列都填 0。",
        ),
    ),
)
