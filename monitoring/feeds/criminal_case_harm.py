"""People killed, injured or disabled in a criminal case: the harm, not the case.

Source: reference 4.4 row 10 [P33]. Due day to be confirmed.
"""

from django.db import models

from monitoring.feeds.record import (
    Check,
    Column,
    Feed,
    Happening,
    Proposal,
    Record,
    looked_up_by,
    one_current_per,
)


class CriminalCaseHarm(Record):
    class Harm(models.TextChoices):
        LIGHT = "light", "轻伤"
        SERIOUS = "serious", "重伤"
        DISABLED = "disabled", "致残"
        DEAD = "dead", "死亡"

    class Compensation(models.TextChoices):
        NONE = "none", "未赔偿"
        PARTLY = "partly", "部分赔偿"
        FULL = "full", "已赔偿"

    case_no = models.CharField("案件编号", max_length=40)
    happened_on = models.DateField("案发日期")
    harm = models.CharField("伤亡程度", max_length=10, choices=Harm)
    died_on = models.DateField("死亡日期", null=True, blank=True)
    compensation = models.CharField("赔偿情况", max_length=8, choices=Compensation)

    class Meta:
        verbose_name = "刑事案件伤亡"
        verbose_name_plural = verbose_name
        ordering = ["-happened_on", "id"]
        constraints = one_current_per("criminal_case_harm", "case_no", "id_digest")
        indexes = looked_up_by("criminal_case_harm", "happened_on")

    def __str__(self) -> str:
        return f"{self.happened_on} {self.get_harm_display()}"


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
    proposals=(Proposal(Happening.DEATH, when="r.harm = 'dead'", on="died_on"),),
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
        Column(
            "harm",
            aliases=("伤亡情况", "伤情"),
            example="死亡",
            values={"伤残": "disabled", "残疾": "disabled", "轻微伤": "light", "亡": "dead"},
        ),
        Column("died_on", aliases=("死亡时间",), example="2026-10-07", past_only=True),
        Column(
            "compensation",
            aliases=("是否赔偿", "赔付情况"),
            example="未赔偿",
            values={"否": "none", "无": "none", "部分": "partly", "是": "full", "全部赔偿": "full"},
        ),
    ),
    checks=(
        Check(
            code="death_does_not_fit",
            column="died_on",
            condition="(s.harm = 'dead') = (s.died_on IS NOT NULL)",
            problem="伤亡程度与死亡日期不配",
            fix="死亡的填死亡日期；没有死亡的把这一格清空。",
        ),
        Check(
            code="died_before_it_happened",
            column="died_on",
            condition="s.died_on IS NULL OR s.died_on >= s.happened_on",
            problem="死亡日期早于案发日期",
            fix="两列可能填反，请核对。",
        ),
    ),
)
