"""People killed, injured or disabled in a criminal case: the harm, not the case.

Source: reference 4.4 row 10 [P33]. Due day to be confirmed.
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


class CriminalCaseHarm(HarmRecord):
    case_no = models.CharField("案件编号", max_length=40)
    happened_on = models.DateField("案发日期")

    class Meta:
        verbose_name = "刑事案件伤亡"
        verbose_name_plural = verbose_name
        ordering = ["-happened_on", "id"]
        constraints = one_current_per("criminal_case_harm", "case_no", "id_digest")
        indexes = looked_up_by("criminal_case_harm", "happened_on")


FEED = Feed(
    code="criminal_case_harm",
    title="刑事案件伤亡",
    model=CriminalCaseHarm,
    department="police",
    purpose="发现劳动力因刑事案件伤亡致残的家庭（防止返贫监测、司法救助）。",
    source="公安局刑事案件伤亡人员名册（参照峨山等地做法）；报送日待核定",
    due_day=10,
    natural_key=("case_no", "id_number"),
    valid_on="happened_on",
    proposals=(DEATH,),
    note="只报受害人的伤亡程度和赔偿情况，不报案由、案情和嫌疑人。",
    columns=(
        Column("person_name", aliases=("受害人姓名", "被害人姓名"), example="韦某某"),
        Column(
            "id_number",
            aliases=("身份证号码", "证件号码", "受害人身份证号"),
            example="990101198001011236",
            meaning="受害人的 18 位居民身份证号，不要填嫌疑人的。",
        ),
        Column("case_no", aliases=("案号", "立案编号"), example="A4512812026100001"),
        Column(
            "happened_on", aliases=("案发时间", "发生日期"), example="2026-10-06", past_only=True
        ),
        HARM,
        died_on_column("2026-10-07"),
        compensation_column("未赔偿"),
    ),
    checks=(
        DEATH_FITS,
        Check(
            code="died_before_it_happened",
            column="died_on",
            condition="s.died_on IS NULL OR s.died_on >= s.happened_on",
            problem="死亡日期早于案发日期",
            fix="两列可能填反，请核对。",
        ),
    ),
)
