"""Geological hazard points: the households each of them threatens, and whether they moved.

Source: reference 4.4 row 14 (geological hazard points, relocation); due day to be confirmed.
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


class HazardPoint(Record):
    class Kind(models.TextChoices):
        LANDSLIDE = "landslide", "滑坡"
        ROCKFALL = "rockfall", "崩塌"
        DEBRIS_FLOW = "debris_flow", "泥石流"
        COLLAPSE = "collapse", "地面塌陷"
        CRACK = "crack", "地裂缝"
        OTHER = "other", "其他隐患"

    class Standing(models.TextChoices):
        WATCHED = "watched", "监测中"
        LEAVING = "leaving", "待搬迁"
        MOVED = "moved", "已搬迁"
        TREATED = "treated", "已治理"
        CLOSED = "closed", "已销号"

    point_no = models.CharField("隐患点编号", max_length=30)
    kind = models.CharField("隐患类型", max_length=12, choices=Kind)
    found_on = models.DateField("认定日期")
    people = models.PositiveSmallIntegerField("受威胁人数")
    standing = models.CharField("处置情况", max_length=10, choices=Standing)
    moved_on = models.DateField("搬迁日期", null=True, blank=True)

    class Meta:
        verbose_name = "地质灾害隐患点住户"
        verbose_name_plural = verbose_name
        ordering = ["-found_on", "id"]
        constraints = one_current_per("hazard_point", "id_digest", "point_no")
        indexes = looked_up_by("hazard_point", "found_on")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.get_standing_display()}"


FEED = Feed(
    code="hazard_point",
    title="地质灾害隐患点住户",
    model=HazardPoint,
    department="natural_resources",
    purpose="发现住房受地质灾害威胁、需要避险搬迁的家庭（住房安全、防止返贫监测）。",
    source="自然资源局地质灾害隐患点台账；数据项和报送日待核定",
    due_day=10,
    natural_key=("id_number", "point_no"),
    valid_on="found_on",
    rhythm=Rhythm.WHOLE_LIST,
    every_months=3,
    note="每户一行，身份证号填户主；同一隐患点威胁几户就报几行。",
    columns=(
        Column("person_name", aliases=("户主姓名", "住户姓名"), example="韦某某"),
        id_number_column("身份证号码", "证件号码", "户主身份证号"),
        Column("point_no", aliases=("隐患点统一编号", "灾害点编号"), example="451203010027"),
        Column(
            "kind",
            aliases=("灾害类型", "灾害体类型"),
            example="滑坡",
            values={
                "不稳定斜坡": "landslide",
                "危岩": "rockfall",
                "岩溶塌陷": "collapse",
                "塌陷": "collapse",
                "其他": "other",
            },
        ),
        Column("found_on", aliases=("发现日期", "入库日期"), example="2026-06-21", past_only=True),
        Column(
            "people",
            aliases=("威胁人数", "受威胁人口"),
            unit="人",
            example="4",
            meaning="只数本户。",
            at_least="1",
            at_most="30",
        ),
        Column(
            "standing",
            aliases=("防治措施", "状态"),
            example="已搬迁",
            values={
                "群测群防": "watched",
                "拟搬迁": "leaving",
                "避险搬迁": "moved",
                "工程治理": "treated",
                "已核销": "closed",
            },
        ),
        Column(
            "moved_on",
            aliases=("搬迁完成日期",),
            example="2026-10-15",
            meaning="没有搬迁的留空。",
            past_only=True,
        ),
    ),
    checks=(
        Check(
            code="moved_without_day",
            column="moved_on",
            condition="(s.standing = 'moved') = (s.moved_on IS NOT NULL)",
            problem="处置情况与搬迁日期不符",
            fix="已搬迁的填搬迁日期；没有搬迁的，搬迁日期留空。",
        ),
        Check(
            code="moved_before_found",
            column="moved_on",
            condition="s.moved_on IS NULL OR s.moved_on >= s.found_on",
            problem="搬迁日期早于认定日期",
            fix="两列可能填反，请核对台账。",
        ),
    ),
)
