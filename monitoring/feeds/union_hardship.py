"""Workers in hardship on the union's files.

Source: reference 4.4 row 22 (hardship workers; new case); due day to be confirmed.
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


class UnionHardship(Record):
    class Grade(models.TextChoices):
        DEEP = "deep", "深度困难"
        RELATIVE = "relative", "相对困难"
        ACCIDENT = "accident", "意外致困"

    class Cause(models.TextChoices):
        ILLNESS = "illness", "因病"
        SCHOOLING = "schooling", "因学"
        DISABILITY = "disability", "因残"
        JOBLESS = "jobless", "失业"
        ACCIDENT = "accident", "意外灾害"
        OTHER = "other", "其他"

    class Standing(models.TextChoices):
        LISTED = "listed", "在档"
        RELIEVED = "relieved", "已脱困"
        CANCELLED = "cancelled", "已注销"

    grade = models.CharField("困难等级", max_length=10, choices=Grade)
    cause = models.CharField("致困原因", max_length=12, choices=Cause)
    employer = models.CharField("工作单位", max_length=80, blank=True)
    filed_on = models.DateField("建档日期")
    standing = models.CharField("档案状态", max_length=10, choices=Standing)
    ended_on = models.DateField("脱困注销日期", null=True, blank=True)

    class Meta:
        verbose_name = "困难职工档案"
        verbose_name_plural = verbose_name
        ordering = ["-filed_on", "id"]
        constraints = one_current_per("union_hardship", "id_digest", "filed_on")
        indexes = looked_up_by("union_hardship", "filed_on")

    def __str__(self) -> str:
        return f"{self.get_grade_display()} {self.get_standing_display()}"


FEED = Feed(
    code="union_hardship",
    title="困难职工档案",
    model=UnionHardship,
    department="union",
    purpose="发现家在农村、因病因学因失业等生活困难的职工家庭（防止返贫监测）。",
    source="总工会困难职工建档名册；数据项和报送日待核定",
    due_day=10,
    natural_key=("id_number", "filed_on"),
    valid_on="filed_on",
    rhythm=Rhythm.WHOLE_LIST,
    every_months=3,
    columns=(
        Column("person_name", aliases=("职工姓名",), example="韦某某"),
        id_number_column("身份证号码", "证件号码", "职工身份证号"),
        Column(
            "grade",
            aliases=("困难类别", "困难类型"),
            example="相对困难",
            values={"深度": "deep", "相对": "relative", "意外致困职工": "accident"},
        ),
        Column(
            "cause",
            aliases=("困难原因", "主要致困原因"),
            example="因病",
            values={
                "本人患病": "illness",
                "家属患病": "illness",
                "疾病": "illness",
                "子女上学": "schooling",
                "残疾": "disability",
                "下岗": "jobless",
                "下岗失业": "jobless",
                "意外": "accident",
                "灾害": "accident",
            },
        ),
        Column(
            "employer",
            aliases=("单位名称", "所在单位"),
            example="宜州区某缫丝厂",
            meaning="已失业的留空。",
        ),
        Column("filed_on", aliases=("建档时间", "入档日期"), example="2026-03-12", past_only=True),
        Column(
            "standing",
            aliases=("状态", "建档状态"),
            example="已脱困",
            values={"在册": "listed", "脱困": "relieved", "注销": "cancelled"},
        ),
        Column(
            "ended_on",
            aliases=("脱困日期", "注销日期"),
            example="2026-09-30",
            meaning="在档的留空。",
            past_only=True,
        ),
    ),
    checks=(
        Check(
            code="end_does_not_fit_standing",
            column="ended_on",
            condition="(s.standing = 'listed') = (s.ended_on IS NULL)",
            problem="档案状态与脱困注销日期不符",
            fix="在档的把日期留空；已脱困或已注销的，填办理日期。",
        ),
        Check(
            code="ends_before_it_begins",
            column="ended_on",
            condition="s.ended_on IS NULL OR s.ended_on >= s.filed_on",
            problem="脱困注销日期早于建档日期",
            fix="两列可能填反，请核对档案。",
        ),
    ),
)
