"""People under management for a severe mental disorder: since when and at what risk, no more.

Source: reference 4.4 row 2. Risk classes 0 to 5 and the due day: to be confirmed.
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


class SevereMentalDisorder(Record):
    class Risk(models.IntegerChoices):
        ZERO = 0, "0级"
        ONE = 1, "1级"
        TWO = 2, "2级"
        THREE = 3, "3级"
        FOUR = 4, "4级"
        FIVE = 5, "5级"

    managed_since_on = models.DateField("纳入管理日期")
    risk = models.PositiveSmallIntegerField("危险性评估等级", choices=Risk)
    assessed_on = models.DateField("评估日期")

    class Meta:
        verbose_name = "严重精神障碍管理"
        verbose_name_plural = verbose_name
        ordering = ["-assessed_on", "id"]
        constraints = one_current_per("severe_mental_disorder", "id_digest")
        indexes = looked_up_by("mental_disorder", "assessed_on")

    def __str__(self) -> str:
        return f"{self.assessed_on} {self.get_risk_display()}"


LEVELS = {text: str(n) for n in range(6) for text in (f"{n}", f"{'零一二三四五'[n]}级")}

FEED = Feed(
    code="severe_mental_disorder",
    title="严重精神障碍管理",
    model=SevereMentalDisorder,
    department="health",
    purpose="发现因精神障碍缺劳动力、需要看护和救助的家庭（防止返贫监测、社会救助）。",
    source="卫健局严重精神障碍患者管理名册；风险等级口径和报送日待核定",
    due_day=10,
    natural_key=("id_number",),
    valid_on="assessed_on",
    rhythm=Rhythm.WHOLE_LIST,
    note=(
        "敏感个人信息，从严控制：只报纳入管理日期和危险性评估等级，"
        "不报诊断、用药和住院情况；不得用于入户以外的用途。"
    ),
    columns=(
        Column("person_name", aliases=("患者姓名",), example="韦某某"),
        id_number_column("身份证号码", "证件号码", "患者身份证号"),
        Column(
            "managed_since_on",
            aliases=("建档日期", "纳管日期"),
            example="2024-05-20",
            past_only=True,
        ),
        Column(
            "risk",
            aliases=("危险性等级", "风险等级"),
            example="1级",
            meaning="最近一次评估的等级，0 至 5 级。",
            values=LEVELS,
        ),
        Column(
            "assessed_on",
            aliases=("评估时间", "最近评估日期"),
            example="2026-10-20",
            past_only=True,
        ),
    ),
    checks=(
        Check(
            code="assessed_before_managed",
            column="assessed_on",
            condition="s.assessed_on >= s.managed_since_on",
            problem="评估日期早于纳入管理日期",
            fix="两列可能填反，请核对随访记录。",
        ),
    ),
)
