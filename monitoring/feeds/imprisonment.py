"""People in prison or detention: a missing worker, and payments that must stop.

Source: reference 4.4 row 23 (prisoners; imprisoned recipient, stop payment); due day to be
confirmed. As narrow as the purpose allows: no offence, no place.
"""

from django.db import models

from monitoring.feeds.record import (
    Check,
    Column,
    Feed,
    Record,
    id_number_column,
    looked_up_by,
    one_current_per,
)


class Imprisonment(Record):
    class Standing(models.TextChoices):
        HELD = "held", "在押服刑"
        COMMUNITY = "community", "社区矫正"
        RELEASED = "released", "已释放"

    started_on = models.DateField("开始日期")
    standing = models.CharField("服刑状态", max_length=10, choices=Standing)
    ends_on = models.DateField("预计期满日期", null=True, blank=True)
    released_on = models.DateField("释放日期", null=True, blank=True)

    class Meta:
        verbose_name = "服刑人员"
        verbose_name_plural = verbose_name
        ordering = ["-started_on", "id"]
        constraints = one_current_per("imprisonment", "id_digest", "started_on")
        indexes = looked_up_by("imprisonment", "started_on")

    def __str__(self) -> str:
        return f"{self.started_on} {self.get_standing_display()}"


FEED = Feed(
    code="imprisonment",
    title="服刑人员",
    model=Imprisonment,
    department="justice",
    purpose="停发服刑期间不应领取的救助，发现失去劳动力和无人照料的家庭（社会救助、防止返贫监测）。",
    source="司法局服刑和社区矫正人员名册；共享依据、数据项和报送日待核定",
    due_day=10,
    natural_key=("id_number", "started_on"),
    valid_on="started_on",
    note="不收罪名、刑期、关押地点和案情；未成年人不报。入户只核实家庭困难，不得公开。",
    columns=(
        Column("person_name", aliases=("服刑人员姓名", "人员姓名"), example="韦某某"),
        id_number_column("身份证号码", "证件号码", "公民身份号码"),
        Column(
            "started_on",
            aliases=("入监日期", "执行日期", "矫正开始日期"),
            example="2025-04-15",
            past_only=True,
        ),
        Column(
            "standing",
            aliases=("状态", "执行状态"),
            example="已释放",
            values={
                "服刑": "held",
                "在押": "held",
                "在监": "held",
                "矫正": "community",
                "刑满释放": "released",
                "释放": "released",
                "解除矫正": "released",
            },
        ),
        Column(
            "ends_on",
            aliases=("刑满日期", "期满日期"),
            example="2026-10-14",
            meaning="不能确定的留空。",
        ),
        Column(
            "released_on",
            aliases=("出监日期", "解除日期"),
            example="2026-10-14",
            meaning="没有释放的留空。",
            past_only=True,
        ),
    ),
    checks=(
        Check(
            code="release_does_not_fit_standing",
            column="released_on",
            condition="(s.standing = 'released') = (s.released_on IS NOT NULL)",
            problem="服刑状态与释放日期不符",
            fix="已释放的填释放日期；没有释放的，释放日期留空。",
        ),
        Check(
            code="ends_before_it_begins",
            column="ends_on",
            condition=(
                "(s.ends_on IS NULL OR s.ends_on >= s.started_on)"
                " AND (s.released_on IS NULL OR s.released_on >= s.started_on)"
            ),
            problem="期满或释放日期早于开始日期",
            fix="几列可能填反，请核对法律文书。",
        ),
    ),
)
