"""Income declared for personal tax: wages, business income, labour fees.

Source: reference 4.4 row 16 (salary tax, business turnover), exclusion evidence; due day to be
confirmed.
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


class SalaryTax(Record):
    class Kind(models.TextChoices):
        WAGES = "wages", "工资薪金"
        LABOUR = "labour", "劳务报酬"
        BUSINESS = "business", "经营所得"

    kind = models.CharField("所得项目", max_length=10, choices=Kind)
    payer = models.CharField("扣缴单位", max_length=80)
    month_on = models.DateField("所属月份")
    income_yuan = models.DecimalField("收入额", max_digits=12, decimal_places=2)
    tax_yuan = models.DecimalField("已缴税额", max_digits=12, decimal_places=2)

    class Meta:
        verbose_name = "个人所得税申报收入"
        verbose_name_plural = verbose_name
        ordering = ["-month_on", "id"]
        constraints = one_current_per("salary_tax", "id_digest", "kind", "payer", "month_on")
        indexes = looked_up_by("salary_tax", "month_on")

    def __str__(self) -> str:
        return f"{self.month_on:%Y-%m} {self.get_kind_display()}"


FEED = Feed(
    code="salary_tax",
    title="个人所得税申报收入",
    model=SalaryTax,
    department="tax",
    purpose="核对申请家庭的工资和经营收入，作为收入测算和排除的依据（防止返贫监测、社会救助）。",
    source="税务局个人所得税扣缴申报数据；共享依据、数据项和报送日待核定",
    due_day=20,
    natural_key=("id_number", "kind", "payer", "month_on"),
    valid_on="month_on",
    note="只收收入额和税额，不收专项附加扣除、银行账户和其他申报内容。",
    columns=(
        Column("person_name", aliases=("纳税人姓名", "纳税人"), example="韦某某"),
        id_number_column("身份证号码", "证件号码", "纳税人识别号"),
        Column(
            "kind",
            aliases=("征收品目", "所得类型"),
            example="工资薪金",
            values={
                "工资、薪金所得": "wages",
                "工资": "wages",
                "正常工资薪金": "wages",
                "劳务报酬所得": "labour",
                "劳务": "labour",
                "个体工商户经营所得": "business",
                "经营": "business",
            },
        ),
        Column(
            "payer",
            aliases=("扣缴义务人", "单位名称", "扣缴义务人名称"),
            example="宜州区某制衣厂",
            meaning="经营所得填本人的市场主体名称。",
        ),
        Column(
            "month_on",
            aliases=("税款所属期", "所属期"),
            example="2026-10",
            meaning="年月；存为当月 1 日。",
            past_only=True,
            by_month=True,
        ),
        Column(
            "income_yuan", aliases=("本期收入", "收入"), unit="元", example="3200.00", at_least="0"
        ),
        Column(
            "tax_yuan",
            aliases=("应缴税额", "税额", "实缴税额"),
            unit="元",
            example="0.00",
            meaning="没有缴税的填 0。",
            at_least="0",
        ),
    ),
    checks=(
        Check(
            code="tax_over_income",
            column="tax_yuan",
            condition="s.tax_yuan <= s.income_yuan",
            problem="已缴税额大于收入额",
            fix="两列可能填反，请核对申报表。",
        ),
    ),
)
