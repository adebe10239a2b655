"""Funeral records: who died when. A row proposes the death to the registry; a person confirms it.

Source: reference 4.4 row 3 (deaths by funeral; death match). Due day to be confirmed.
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


class FuneralRecord(Record):
    class Way(models.TextChoices):
        CREMATION = "cremation", "火化"
        BURIAL = "burial", "土葬"
        OTHER = "other", "其他"

    died_on = models.DateField("死亡日期")
    way = models.CharField("安葬方式", max_length=10, choices=Way)
    buried_on = models.DateField("火化或安葬日期", null=True, blank=True)
    place = models.CharField("殡葬服务单位", max_length=80, blank=True)
    certificate_no = models.CharField("死亡证明编号", max_length=40, blank=True)

    class Meta:
        verbose_name = "殡葬登记"
        verbose_name_plural = verbose_name
        ordering = ["-died_on", "id"]
        constraints = one_current_per("funeral_record", "id_digest")
        indexes = looked_up_by("funeral_record", "died_on")

    def __str__(self) -> str:
        return f"{self.died_on} {self.get_way_display()}"


FEED = Feed(
    code="funeral_record",
    title="殡葬登记",
    model=FuneralRecord,
    department="civil_affairs",
    purpose="及时停发死亡人员待遇，发现主要劳动力死亡的家庭（社会救助、防止返贫监测）。",
    source="民政局殡葬登记；文件和报送日待核定",
    due_day=5,
    natural_key=("id_number",),
    valid_on="died_on",
    proposals=(Proposal(Happening.DEATH, when="true", on="died_on"),),
    note="只提出死亡建议，由人核实后才改人口登记；不收死因。",
    columns=(
        Column("person_name", aliases=("逝者姓名", "死者姓名"), example="韦某某"),
        Column(
            "id_number",
            aliases=("身份证号码", "证件号码", "逝者身份证号", "死者身份证号"),
            example="990101198001011236",
            meaning="逝者的 18 位居民身份证号，文本格式；不要填经办亲属的。",
        ),
        Column("died_on", aliases=("死亡时间", "去世日期"), example="2026-10-03", past_only=True),
        Column(
            "way",
            aliases=("殡葬方式", "遗体处理方式"),
            example="火化",
            values={"火葬": "cremation", "埋葬": "burial", "遗体捐献": "other"},
        ),
        Column(
            "buried_on",
            aliases=("火化日期", "火化时间", "安葬日期"),
            example="2026-10-05",
            past_only=True,
        ),
        Column("place", aliases=("殡仪馆", "火化地点"), example="宜州区某殡仪馆"),
        Column("certificate_no", aliases=("证明编号", "火化证号"), example="SW2026100031"),
    ),
    checks=(
        Check(
            code="buried_before_death",
            column="buried_on",
            condition="s.buried_on IS NULL OR s.buried_on >= s.died_on",
            problem="火化或安葬日期早于死亡日期",
            fix="两列可能填反，请核对死亡证明。",
        ),
        Check(
            code="cremated_without_day",
            column="buried_on",
            condition="s.way <> 'cremation' OR s.buried_on IS NOT NULL",
            problem="火化没有日期",
            fix="请填写火化证上的日期。",
        ),
    ),
)
