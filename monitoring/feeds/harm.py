"""What the data sets of people harmed in accidents and crimes have in common."""

from django.db import models

from monitoring.feeds.record import Check, Column, Happening, Proposal, Record


class HarmRecord(Record):
    class Harm(models.TextChoices):
        LIGHT = "light", "轻伤"
        SERIOUS = "serious", "重伤"
        DISABLED = "disabled", "致残"
        DEAD = "dead", "死亡"

    class Compensation(models.TextChoices):
        NONE = "none", "未赔偿"
        PARTLY = "partly", "部分赔偿"
        FULL = "full", "已赔偿"

    happened_on: models.DateField  # every data set has its own heading for it
    harm = models.CharField("伤亡程度", max_length=10, choices=Harm)
    died_on = models.DateField("死亡日期", null=True, blank=True)
    compensation = models.CharField("赔偿情况", max_length=8, choices=Compensation)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.happened_on} {self.get_harm_display()}"


HARM = Column(
    "harm",
    aliases=("伤亡情况", "伤情"),
    example="死亡",
    values={"伤残": "disabled", "残疾": "disabled", "轻微伤": "light", "亡": "dead"},
)
DEATH = Proposal(Happening.DEATH, when="r.harm = 'dead'", on="died_on")
DEATH_FITS = Check(
    code="death_does_not_fit",
    column="died_on",
    condition="(s.harm = 'dead') = (s.died_on IS NOT NULL)",
    problem="伤亡程度与死亡日期不配",
    fix="死亡的填死亡日期；没有死亡的把这一格清空。",
)


def died_on_column(example: str) -> Column:
    return Column("died_on", aliases=("死亡时间",), example=example, past_only=True)


def compensation_column(example: str) -> Column:
    return Column(
        "compensation",
        aliases=("是否赔偿", "赔付情况"),
        example=example,
        values={"否": "none", "无": "none", "部分": "partly", "是": "full", "全部赔偿": "full"},
    )
