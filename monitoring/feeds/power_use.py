"""Power used by homes, month by month: a strong drop, or a use that does not fit hardship.

Source: reference 4.4 row 24 (consumption; an idea only); due day to be confirmed.
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


class PowerUse(Record):
    class Supply(models.TextChoices):
        HOME = "home", "居民生活"
        FARM = "farm", "农业生产"
        TRADE = "trade", "工商业"

    class Standing(models.TextChoices):
        NORMAL = "normal", "正常用电"
        CUT = "cut", "欠费停电"
        CLOSED = "closed", "已销户"

    account_no = models.CharField("用电户号", max_length=20)
    supply = models.CharField("用电类别", max_length=10, choices=Supply)
    month_on = models.DateField("用电月份")
    kwh = models.PositiveIntegerField("用电量")
    owed_yuan = models.DecimalField("欠费金额", max_digits=10, decimal_places=2)
    standing = models.CharField("用电状态", max_length=10, choices=Standing)

    class Meta:
        verbose_name = "用电情况"
        verbose_name_plural = verbose_name
        ordering = ["-month_on", "id"]
        constraints = one_current_per("power_use", "account_no", "month_on")
        indexes = looked_up_by("power_use", "month_on")

    def __str__(self) -> str:
        return f"{self.month_on:%Y-%m} {self.kwh} 度"


FEED = Feed(
    code="power_use",
    title="用电情况",
    model=PowerUse,
    department="power",
    purpose="辅助发现用电骤降、欠费停电的家庭，须入户核实后才能使用（防止返贫监测）。",
    source="供电局月用电量；是否共享、共享依据和报送日待核定",
    due_day=10,
    natural_key=("account_no", "month_on"),
    valid_on="month_on",
    note="只收月用电量，不收分时曲线。身份证号填户主本人的；外出务工也会用电骤降，不能单独作结论。",
    columns=(
        Column("person_name", aliases=("户名", "用电户名", "用户名称"), example="韦某某"),
        id_number_column("身份证号码", "证件号码", "用电人身份证号"),
        Column(
            "account_no",
            aliases=("户号", "用户编号"),
            example="0612345678901",
            meaning="文本格式，保留前面的 0。",
        ),
        Column(
            "supply",
            aliases=("用电性质", "电价类别"),
            example="居民生活",
            values={
                "居民": "home",
                "生活用电": "home",
                "农业": "farm",
                "农业排灌": "farm",
                "商业": "trade",
                "一般工商业": "trade",
            },
        ),
        Column(
            "month_on",
            aliases=("电费月份", "电费年月"),
            example="2026-10",
            meaning="年月；存为当月 1 日。",
            past_only=True,
            by_month=True,
        ),
        Column("kwh", aliases=("电量", "月用电量"), unit="度", example="86", at_most="100000"),
        Column(
            "owed_yuan",
            aliases=("欠费", "欠缴电费"),
            unit="元",
            example="0.00",
            meaning="没有欠费的填 0。",
            at_least="0",
        ),
        Column(
            "standing",
            aliases=("状态", "用户状态"),
            example="正常用电",
            values={"正常": "normal", "停电": "cut", "欠费": "cut", "销户": "closed"},
        ),
    ),
    checks=(
        Check(
            code="cut_without_debt",
            column="owed_yuan",
            condition="s.standing <> 'cut' OR s.owed_yuan > 0",
            problem="用电状态是“欠费停电”，欠费金额为 0",
            fix="请填欠费金额；已经缴清的，用电状态改为“正常用电”。",
        ),
    ),
)
