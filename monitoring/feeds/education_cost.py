"""School cost after aid in senior and vocational schools, once a year.

Source: reference 4.4 row 5, yearly school cost above 10,000 yuan after aid (public senior and
vocational schools), by the end of April [A2]. Yizhou's own day to be confirmed.
"""

from django.db import models

from monitoring.feeds.record import Check, Column, Feed, Record, looked_up_by, one_current_per


class EducationCost(Record):
    class Stage(models.TextChoices):
        SENIOR = "senior", "普通高中"
        VOCATIONAL = "vocational", "中职"
        COLLEGE = "college", "高职高专及以上"

    class Ownership(models.TextChoices):
        PUBLIC = "public", "公办"
        PRIVATE = "private", "民办"

    year = models.PositiveSmallIntegerField("学年起始年")
    school = models.CharField("学校", max_length=80)
    stage = models.CharField("学段", max_length=12, choices=Stage)
    ownership = models.CharField("办学性质", max_length=10, choices=Ownership)
    cost_yuan = models.DecimalField("学年费用", max_digits=10, decimal_places=2)
    aid_yuan = models.DecimalField("资助金额", max_digits=10, decimal_places=2)
    net_yuan = models.DecimalField("家庭自付", max_digits=10, decimal_places=2)
    aid_names = models.CharField("资助项目", max_length=120, blank=True)
    counted_on = models.DateField("统计日期")

    class Meta:
        verbose_name = "教育支出"
        verbose_name_plural = verbose_name
        ordering = ["-counted_on", "id"]
        constraints = one_current_per("education_cost", "id_digest", "year")
        indexes = looked_up_by("education_cost", "counted_on")

    def __str__(self) -> str:
        return f"{self.year} {self.net_yuan}"


FEED = Feed(
    code="education_cost",
    title="教育支出",
    model=EducationCost,
    department="education",
    purpose="发现资助后教育支出仍然过重的家庭（防止返贫监测，因学风险）。",
    source="教育局学生资助数据；外地每年 4 月底报送，本区报送日待核定",
    due_day=28,
    every_months=12,
    due_month=4,
    natural_key=("id_number", "year"),
    valid_on="counted_on",
    arithmetic=("cost_yuan", "aid_yuan", "net_yuan"),
    columns=(
        Column("person_name", aliases=("学生姓名",), example="韦某某"),
        Column(
            "id_number",
            aliases=("身份证号码", "证件号码", "学生身份证号"),
            example="990101200801011234",
            meaning="学生本人的 18 位居民身份证号，文本格式。",
        ),
        Column(
            "year",
            aliases=("学年", "学年度"),
            unit="年",
            example="2025",
            meaning="2025—2026 学年填 2025。",
            at_least="2016",
            at_most="2100",
        ),
        Column("school", aliases=("学校名称", "就读学校"), example="宜州区某职业学校"),
        Column(
            "stage",
            aliases=("教育阶段",),
            example="中职",
            values={"高中": "senior", "中等职业教育": "vocational", "大学": "college"},
        ),
        Column(
            "ownership",
            aliases=("学校性质",),
            example="公办",
            values={"公立": "public", "私立": "private"},
        ),
        Column(
            "cost_yuan",
            aliases=("费用合计", "学费住宿费合计"),
            unit="元",
            example="9800.00",
            meaning="学费、住宿费、教材费和在校伙食费之和。",
            at_least="0",
        ),
        Column("aid_yuan", aliases=("资助合计",), unit="元", example="4000.00", at_least="0"),
        Column("net_yuan", aliases=("自付金额", "资助后支出"), unit="元", example="5800.00"),
        Column("aid_names", aliases=("资助名称",), example="国家助学金、雨露计划"),
        Column("counted_on", aliases=("数据日期",), example="2026-04-20", past_only=True),
    ),
    checks=(
        Check(
            code="parts_do_not_add_up",
            column="net_yuan",
            condition="abs(s.cost_yuan - s.aid_yuan - s.net_yuan) <= 0.05",
            problem="家庭自付不等于学年费用减资助金额",
            fix="家庭自付等于学年费用减去资助金额，可以是负数，请核对后重报。",
        ),
    ),
)
