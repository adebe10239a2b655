"""School status: enrolment and suspected drop-out, one row per pupil and term.

Source: reference 4.4 row 5 [P33]; school stages from list 100A12 [D3]. Due day to be confirmed.
"""

from django.db import models

from monitoring.feeds.record import CURRENT, Check, Column, Feed, Record, replaced_by


class SchoolStatus(Record):
    class Stage(models.TextChoices):
        PRESCHOOL = "preschool", "学前教育"
        PRIMARY = "primary", "小学"
        JUNIOR = "junior", "初中"
        SENIOR = "senior", "普通高中"
        VOCATIONAL = "vocational", "中职"
        COLLEGE = "college", "高职高专及以上"
        SPECIAL = "special", "特殊教育"

    class Standing(models.TextChoices):
        ENROLLED = "enrolled", "在读"
        SUSPECTED_DROPOUT = "suspected_dropout", "疑似辍学"
        SUSPENDED = "suspended", "休学"
        TRANSFERRED = "transferred", "转学"
        GRADUATED = "graduated", "毕业"

    term = models.CharField("学期", max_length=12)
    school = models.CharField("学校", max_length=80)
    stage = models.CharField("学段", max_length=12, choices=Stage)
    standing = models.CharField("就学状态", max_length=20, choices=Standing)
    absent_days = models.PositiveSmallIntegerField("连续未到校天数")
    status_on = models.DateField("状态日期")

    class Meta:
        verbose_name = "学生就学状态"
        verbose_name_plural = verbose_name
        ordering = ["-status_on", "id"]
        constraints = [
            models.UniqueConstraint(
                name="school_status_key", fields=["id_digest", "term"], condition=CURRENT
            )
        ]
        indexes = [
            models.Index(fields=["status_on"], name="school_status_recent", condition=CURRENT),
            models.Index(fields=["person", "status_on"], name="school_status_person"),
            models.Index(
                fields=["id_digest"],
                name="school_status_unmatched",
                condition=models.Q(person=None),
            ),
            replaced_by("school_status"),
        ]

    def __str__(self) -> str:
        return f"{self.term} {self.get_standing_display()}"


FEED = Feed(
    code="school_status",
    title="学生就学状态",
    model=SchoolStatus,
    department="education",
    purpose="发现义务教育阶段疑似失学辍学的孩子（义务教育有保障）。",
    source="教育局学籍和控辍保学数据（参照峨山等地做法）；报送日待核定",
    due_day=15,
    natural_key=("id_number", "term"),
    valid_on="status_on",
    columns=(
        Column("person_name", aliases=("学生姓名",), example="莫某某"),
        Column(
            "id_number",
            aliases=("身份证号码", "证件号码", "学生身份证号"),
            example="99010120140101123X",
            meaning="18 位居民身份证号，文本格式。",
        ),
        Column("term", aliases=("学年学期",), example="2026秋", meaning="四位年份加“春”或“秋”。"),
        Column("school", aliases=("学校名称", "就读学校"), example="宜州区某小学"),
        Column(
            "stage",
            aliases=("学段（年级）",),
            example="初中",
            values={
                "一年级": "primary",
                "二年级": "primary",
                "三年级": "primary",
                "四年级": "primary",
                "五年级": "primary",
                "六年级": "primary",
                "七年级": "junior",
                "八年级": "junior",
                "九年级": "junior",
                "高中": "senior",
                "中等职业教育": "vocational",
            },
        ),
        Column(
            "standing",
            aliases=("学籍状态", "状态"),
            example="在读",
            values={"在校": "enrolled", "疑似失学辍学": "suspected_dropout", "转出": "transferred"},
        ),
        Column("absent_days", aliases=("未到校天数",), unit="天", example="0", at_most="366"),
        Column("status_on", aliases=("统计日期",), example="2026-11-15", past_only=True),
    ),
    checks=(
        Check(
            code="dropout_without_absence",
            column="absent_days",
            condition="s.standing <> 'suspected_dropout' OR s.absent_days > 0",
            problem="疑似辍学但未到校天数为 0",
            fix="请填连续未到校的天数；已返校的把状态改为“在读”。",
        ),
        Check(
            code="term_unreadable",
            column="term",
            condition="s.term ~ '^20[0-9][0-9](春|秋)$'",
            problem="学期写法不对",
            fix="写成四位年份加“春”或“秋”，例如 2026秋。",
        ),
    ),
)
