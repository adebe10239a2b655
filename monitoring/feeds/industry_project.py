"""Industry projects of assisted households: what went in, what came out, what failed.

Source: reference 4.4 row 12 (failed project, income fall against last year). Due day to be
confirmed.
"""

from django.db import models

from monitoring.feeds.record import Check, Column, Feed, Record, looked_up_by, one_current_per


class IndustryProject(Record):
    class Kind(models.TextChoices):
        PLANTING = "planting", "种植业"
        LIVESTOCK = "livestock", "养殖业"
        FORESTRY = "forestry", "林果业"
        PROCESSING = "processing", "加工业"
        OTHER = "other", "其他"

    class Standing(models.TextChoices):
        RUNNING = "running", "正常经营"
        STRUGGLING = "struggling", "经营困难"
        FAILED = "failed", "失败"
        FINISHED = "finished", "已完成"

    project = models.CharField("项目名称", max_length=80)
    project_year = models.PositiveSmallIntegerField("项目年度")
    kind = models.CharField("产业类型", max_length=12, choices=Kind)
    standing = models.CharField("项目状态", max_length=12, choices=Standing)
    invested_yuan = models.DecimalField("自筹投入", max_digits=12, decimal_places=2)
    subsidy_yuan = models.DecimalField("产业奖补金额", max_digits=12, decimal_places=2)
    income_yuan = models.DecimalField("本年收入", max_digits=12, decimal_places=2)
    last_income_yuan = models.DecimalField(
        "上年收入", max_digits=12, decimal_places=2, null=True, blank=True
    )
    failed_on = models.DateField("失败日期", null=True, blank=True)
    failed_because = models.CharField("失败原因", max_length=100, blank=True)
    counted_on = models.DateField("统计日期")

    class Meta:
        verbose_name = "帮扶产业项目"
        verbose_name_plural = verbose_name
        ordering = ["-counted_on", "id"]
        constraints = one_current_per("industry_project", "id_digest", "project", "project_year")
        indexes = looked_up_by("industry_project", "counted_on")

    def __str__(self) -> str:
        return f"{self.project_year} {self.project}"


FEED = Feed(
    code="industry_project",
    title="帮扶产业项目",
    model=IndustryProject,
    department="agriculture",
    purpose="发现产业项目失败、经营收入大幅下降的家庭（防止返贫监测、产业帮扶）。",
    source="农业农村局（乡村振兴局）帮扶产业项目台账；报送日待核定",
    due_day=15,
    every_months=3,
    natural_key=("id_number", "project", "project_year"),
    valid_on="counted_on",
    note="每户每个项目每年一行，身份证号填户主的；经营变化后用同一项目名称再报。",
    columns=(
        Column("person_name", aliases=("户主姓名", "经营者姓名"), example="韦某某"),
        Column(
            "id_number",
            aliases=("身份证号码", "证件号码", "户主身份证号"),
            example="990101198001011236",
            meaning="户主的 18 位居民身份证号，文本格式。",
        ),
        Column("project", aliases=("项目", "产业项目"), example="桑蚕养殖"),
        Column(
            "project_year",
            aliases=("年度",),
            unit="年",
            example="2026",
            meaning="四位年份。",
            at_least="2015",
            at_most="2100",
        ),
        Column(
            "kind",
            aliases=("类型", "产业类别"),
            example="养殖业",
            values={
                "种植": "planting",
                "养殖": "livestock",
                "林果": "forestry",
                "林业": "forestry",
                "加工": "processing",
            },
        ),
        Column(
            "standing",
            aliases=("状态", "经营状况"),
            example="失败",
            values={
                "正常": "running",
                "在营": "running",
                "困难": "struggling",
                "停产": "failed",
                "项目失败": "failed",
                "完成": "finished",
                "已验收": "finished",
            },
        ),
        Column(
            "invested_yuan",
            aliases=("自筹资金", "投入金额"),
            unit="元",
            example="6000.00",
            at_least="0",
        ),
        Column(
            "subsidy_yuan",
            aliases=("奖补金额", "产业奖补"),
            unit="元",
            example="3000.00",
            at_least="0",
            meaning="没有奖补的填 0。",
        ),
        Column(
            "income_yuan",
            aliases=("今年收入", "项目收入"),
            unit="元",
            example="12800.00",
            at_least="0",
            meaning="截至统计日期的销售收入。",
        ),
        Column(
            "last_income_yuan",
            aliases=("去年收入",),
            unit="元",
            example="15000.00",
            at_least="0",
            meaning="上年同期的销售收入；新项目不填。",
        ),
        Column("failed_on", aliases=("停产日期",), example="2026-09-20", past_only=True),
        Column(
            "failed_because",
            aliases=("停产原因", "原因"),
            example="蚕病",
            meaning="项目失败时必填，例如：蚕病、滞销、洪水冲毁。",
        ),
        Column("counted_on", aliases=("数据日期",), example="2026-10-31", past_only=True),
    ),
    checks=(
        Check(
            code="failure_does_not_fit",
            column="failed_on",
            condition=(
                "(s.standing = 'failed') = (s.failed_on IS NOT NULL)"
                " AND (s.standing <> 'failed' OR s.failed_because <> '')"
            ),
            problem="项目状态与失败日期、失败原因不配",
            fix="失败的填日期和原因；没有失败的把失败日期清空。",
        ),
        Check(
            code="failed_after_count",
            column="failed_on",
            condition="s.failed_on IS NULL OR s.failed_on <= s.counted_on",
            problem="失败日期晚于统计日期",
            fix="核对两个日期，统计日期填数据截止的那一天。",
        ),
    ),
)
