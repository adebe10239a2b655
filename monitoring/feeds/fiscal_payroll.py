"""People paid from the public purse: who is on the payroll, not how much they earn.

Source: reference 4.4 row 17, a member on the payroll is exclusion evidence [A13]; due day to be
confirmed.
"""

from django.db import models

from monitoring.feeds.record import (
    Check,
    Column,
    Feed,
    Record,
    Rhythm,
    id_number_column,
    looked_up_by,
    one_current_per,
)


class FiscalPayroll(Record):
    class Kind(models.TextChoices):
        OFFICIAL = "official", "机关在编"
        INSTITUTION = "institution", "事业在编"
        CONTRACT = "contract", "编外聘用"
        VILLAGE = "village", "村（社区）干部"
        RETIRED = "retired", "离退休"

    class Standing(models.TextChoices):
        SERVING = "serving", "在册"
        LEFT = "left", "离职"
        STOPPED = "stopped", "停发"

    employer = models.CharField("供养单位", max_length=80)
    kind = models.CharField("供养类别", max_length=12, choices=Kind)
    since_on = models.DateField("列入日期")
    standing = models.CharField("在册状态", max_length=10, choices=Standing)
    left_on = models.DateField("停发日期", null=True, blank=True)

    class Meta:
        verbose_name = "财政供养人员"
        verbose_name_plural = verbose_name
        ordering = ["-since_on", "id"]
        constraints = one_current_per("fiscal_payroll", "id_digest", "employer")
        indexes = looked_up_by("fiscal_payroll", "since_on")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.get_standing_display()}"


FEED = Feed(
    code="fiscal_payroll",
    title="财政供养人员",
    model=FiscalPayroll,
    department="finance",
    purpose="核对申请家庭有无财政供养人员，作为排除的依据（防止返贫监测、社会救助）。",
    source="财政局财政供养人员名册（外地作为排除条件）；数据项和报送日待核定",
    due_day=10,
    natural_key=("id_number", "employer"),
    valid_on="since_on",
    rhythm=Rhythm.WHOLE_LIST,
    note="只收是否在册，不收工资、职务和级别。编外聘用、村干部是否作排除依据由区里核定。",
    columns=(
        Column("person_name", aliases=("人员姓名", "职工姓名"), example="韦某某"),
        id_number_column("身份证号码", "证件号码", "公民身份号码"),
        Column(
            "employer", aliases=("单位名称", "工作单位", "所在单位"), example="宜州区某中心小学"
        ),
        Column(
            "kind",
            aliases=("人员类别", "编制类型"),
            example="编外聘用",
            values={
                "公务员": "official",
                "行政": "official",
                "事业": "institution",
                "事业编": "institution",
                "聘用": "contract",
                "村干部": "village",
                "退休": "retired",
                "离休": "retired",
            },
        ),
        Column("since_on", aliases=("入职日期", "起薪日期"), example="2021-09-01", past_only=True),
        Column(
            "standing",
            aliases=("状态", "人员状态"),
            example="离职",
            values={
                "在职": "serving",
                "在岗": "serving",
                "正常": "serving",
                "调出": "left",
                "辞职": "left",
                "停薪": "stopped",
            },
        ),
        Column(
            "left_on",
            aliases=("离职日期", "停薪日期"),
            example="2026-08-31",
            meaning="在册的留空。",
            past_only=True,
        ),
    ),
    checks=(
        Check(
            code="left_does_not_fit_standing",
            column="left_on",
            condition="(s.standing = 'serving') = (s.left_on IS NULL)",
            problem="在册状态与停发日期不符",
            fix="在册的把停发日期留空；离职或停发的，填停发日期。",
        ),
        Check(
            code="left_before_joining",
            column="left_on",
            condition="s.left_on IS NULL OR s.left_on >= s.since_on",
            problem="停发日期早于列入日期",
            fix="两列可能填反，请核对名册。",
        ),
    ),
)
