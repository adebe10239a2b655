"""People in tekun support (特困供养): the whole list in force.

Source: reference 4.4 row 3; care levels in 6.4 [S21]. Due day to be confirmed.
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


class TekunSupport(Record):
    class Mode(models.TextChoices):
        AT_HOME = "at_home", "分散供养"
        INSTITUTION = "institution", "集中供养"

    class Care(models.TextChoices):
        NONE = "none", "全自理"
        HALF = "half", "半护理"
        FULL = "full", "全护理"

    mode = models.CharField("供养方式", max_length=12, choices=Mode)
    care = models.CharField("护理等级", max_length=6, choices=Care)
    institution = models.CharField("供养机构", max_length=80, blank=True)
    approved_on = models.DateField("认定日期")
    basic_yuan_month = models.DecimalField("基本生活月标准", max_digits=8, decimal_places=2)
    care_yuan_month = models.DecimalField("照料护理月标准", max_digits=8, decimal_places=2)

    class Meta:
        verbose_name = "特困供养名册"
        verbose_name_plural = verbose_name
        ordering = ["-approved_on", "id"]
        constraints = one_current_per("tekun_support", "id_digest", "approved_on")
        indexes = looked_up_by("tekun_support", "approved_on")

    def __str__(self) -> str:
        return f"{self.get_mode_display()} {self.get_care_display()}"


FEED = Feed(
    code="tekun_support",
    title="特困供养名册",
    model=TekunSupport,
    department="civil_affairs",
    purpose="识别特困供养人员，核对救助待遇和医疗救助类别（防止返贫监测、社会救助）。",
    source="民政局特困人员救助供养名册；报送日待核定",
    due_day=20,
    natural_key=("id_number", "approved_on"),
    valid_on="approved_on",
    rhythm=Rhythm.WHOLE_LIST,
    note="每次报送在册全部人员；名册里不再出现的人视为已停止供养，由民政局核对。",
    columns=(
        Column("person_name", aliases=("供养对象姓名", "特困人员姓名"), example="韦某某"),
        id_number_column("身份证号码", "证件号码", "公民身份号码"),
        Column(
            "mode",
            aliases=("供养形式", "救助供养方式"),
            example="集中供养",
            values={"分散": "at_home", "集中": "institution"},
        ),
        Column(
            "care",
            aliases=("自理能力", "护理类型"),
            example="半护理",
            values={
                "自理": "none",
                "具备生活自理能力": "none",
                "半自理": "half",
                "半失能": "half",
                "部分丧失生活自理能力": "half",
                "全失能": "full",
                "不能自理": "full",
                "完全丧失生活自理能力": "full",
            },
        ),
        Column(
            "institution",
            aliases=("敬老院", "供养机构名称"),
            example="宜州区某敬老院",
            meaning="集中供养的填机构名称，分散供养的不填。",
        ),
        Column(
            "approved_on", aliases=("批准日期", "认定时间"), example="2025-03-12", past_only=True
        ),
        Column(
            "basic_yuan_month",
            aliases=("基本生活费", "月基本生活标准"),
            unit="元",
            example="780.00",
            at_least="1",
            at_most="10000",
        ),
        Column(
            "care_yuan_month",
            aliases=("护理费", "月照料护理费"),
            unit="元",
            example="320.00",
            at_least="0",
            at_most="10000",
        ),
    ),
    checks=(
        Check(
            code="institution_does_not_fit",
            column="institution",
            condition="(s.mode = 'institution') = (s.institution <> '')",
            problem="供养方式与供养机构不配",
            fix="集中供养的写机构名称；分散供养的把这一格清空。",
        ),
    ),
)
