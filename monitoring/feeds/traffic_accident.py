"""People killed, injured or disabled in a traffic accident.

Source: reference 4.4 row 11 [P33]. Due day to be confirmed.
"""

from django.db import models

from monitoring.feeds.harm import (
    DEATH,
    DEATH_FITS,
    HARM,
    HarmRecord,
    compensation_column,
    died_on_column,
)
from monitoring.feeds.record import Check, Column, Feed, looked_up_by, one_current_per


class TrafficAccident(HarmRecord):
    class Liability(models.TextChoices):
        FULL = "full", "全部责任"
        MAIN = "main", "主要责任"
        EQUAL = "equal", "同等责任"
        MINOR = "minor", "次要责任"
        NONE = "none", "无责任"
        OPEN = "open", "未认定"

    accident_no = models.CharField("事故编号", max_length=40)
    happened_on = models.DateField("事故日期")
    liability = models.CharField("本人责任", max_length=6, choices=Liability)

    class Meta:
        verbose_name = "交通事故伤亡"
        verbose_name_plural = verbose_name
        ordering = ["-happened_on", "id"]
        constraints = one_current_per("traffic_accident", "accident_no", "id_digest")
        indexes = looked_up_by("traffic_accident", "happened_on")


FEED = Feed(
    code="traffic_accident",
    title="交通事故伤亡",
    model=TrafficAccident,
    department="traffic_police",
    purpose="发现劳动力因交通事故伤亡致残的家庭（防止返贫监测）。",
    source="交警大队交通事故伤亡名册（参照峨山等地做法）；报送日待核定",
    due_day=10,
    natural_key=("accident_no", "id_number"),
    valid_on="happened_on",
    proposals=(DEATH,),
    note="每起事故每名伤亡人员一行；伤情或责任变化后用同一事故编号再报。",
    columns=(
        Column("person_name", aliases=("当事人姓名", "伤亡人员姓名"), example="韦某某"),
        Column(
            "id_number",
            aliases=("身份证号码", "证件号码", "当事人身份证号"),
            example="990101198001011236",
            meaning="伤亡人员本人的 18 位居民身份证号，文本格式。",
        ),
        Column(
            "accident_no", aliases=("事故认定书编号", "认定书编号"), example="451281120260000123"
        ),
        Column(
            "happened_on", aliases=("事故时间", "发生日期"), example="2026-10-11", past_only=True
        ),
        HARM,
        died_on_column("2026-10-12"),
        Column(
            "liability",
            aliases=("责任", "责任认定", "事故责任"),
            example="次要责任",
            values={
                "全责": "full",
                "主责": "main",
                "同责": "equal",
                "次责": "minor",
                "无责": "none",
                "待认定": "open",
            },
        ),
        compensation_column("部分赔偿"),
    ),
    checks=(
        DEATH_FITS,
        Check(
            code="died_before_it_happened",
            column="died_on",
            condition="s.died_on IS NULL OR s.died_on >= s.happened_on",
            problem="死亡日期早于事故日期",
            fix="两列可能填反，请核对事故认定书。",
        ),
    ),
)
