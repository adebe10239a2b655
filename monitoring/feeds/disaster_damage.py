"""Damage to a household by a disaster, reported after each disaster.

Source: reference 4.4 row 9 [A2]; kinds from list 100A271 in 3.2 [D1][D7]. Due day to be confirmed.
"""

from django.db import models

from monitoring.feeds.record import Check, Column, Feed, Record, looked_up_by, one_current_per


class DisasterDamage(Record):
    class Kind(models.TextChoices):
        FLOOD = "flood", "洪涝灾害"
        GEOLOGICAL = "geological", "地质灾害"
        DROUGHT = "drought", "旱灾"
        BIOLOGICAL = "biological", "生物灾害"
        WEATHER = "weather", "气象灾害"
        EARTHQUAKE = "earthquake", "地震灾害"
        FIRE = "fire", "火灾"
        OTHER = "other", "其他"

    class House(models.TextChoices):
        NONE = "none", "未受损"
        LIGHT = "light", "一般损坏"
        HEAVY = "heavy", "严重损坏"
        COLLAPSED = "collapsed", "倒塌"

    kind = models.CharField("灾害种类", max_length=12, choices=Kind)
    happened_on = models.DateField("受灾日期")
    house = models.CharField("房屋受损程度", max_length=10, choices=House)
    rooms = models.PositiveSmallIntegerField("受损房屋间数")
    loss_yuan = models.DecimalField("直接经济损失", max_digits=12, decimal_places=2)
    relief_yuan = models.DecimalField("已发救助金额", max_digits=10, decimal_places=2)
    moved_people = models.PositiveSmallIntegerField("转移安置人数")
    injured_people = models.PositiveSmallIntegerField("因灾伤亡人数")

    class Meta:
        verbose_name = "灾害受损"
        verbose_name_plural = verbose_name
        ordering = ["-happened_on", "id"]
        constraints = one_current_per("disaster_damage", "id_digest", "kind", "happened_on")
        indexes = looked_up_by("disaster_damage", "happened_on")

    def __str__(self) -> str:
        return f"{self.happened_on} {self.get_kind_display()}"


FEED = Feed(
    code="disaster_damage",
    title="灾害受损",
    model=DisasterDamage,
    department="emergency",
    purpose="灾后及时发现房屋、收入受损的家庭（防止返贫监测、受灾人员救助）。",
    source="应急管理局灾情和救助台账，每次灾后报送；没有灾害的月份报送日待核定",
    due_day=10,
    natural_key=("id_number", "kind", "happened_on"),
    valid_on="happened_on",
    note="每户每次灾害一行，身份证号填户主的；后来核实的数字用同一受灾日期再报。",
    columns=(
        Column("person_name", aliases=("户主姓名", "受灾人姓名"), example="韦某某"),
        Column(
            "id_number",
            aliases=("身份证号码", "证件号码", "户主身份证号"),
            example="990101198001011236",
            meaning="户主的 18 位居民身份证号，文本格式。",
        ),
        Column(
            "kind",
            aliases=("灾种", "灾害类型"),
            example="洪涝灾害",
            values={
                "洪涝": "flood",
                "暴雨洪涝": "flood",
                "水灾": "flood",
                "山体滑坡": "geological",
                "滑坡": "geological",
                "泥石流": "geological",
                "崩塌": "geological",
                "干旱": "drought",
                "病虫害": "biological",
                "风雹": "weather",
                "冰雹": "weather",
                "台风": "weather",
                "低温冷冻": "weather",
                "地震": "earthquake",
            },
        ),
        Column(
            "happened_on", aliases=("灾害日期", "发生日期"), example="2026-06-18", past_only=True
        ),
        Column(
            "house",
            aliases=("房屋受损情况", "倒损情况"),
            example="一般损坏",
            values={"无": "none", "轻微损坏": "light", "严损": "heavy", "全倒": "collapsed"},
        ),
        Column("rooms", aliases=("受损间数", "倒损间数"), unit="间", example="2", at_most="50"),
        Column(
            "loss_yuan",
            aliases=("经济损失", "损失金额"),
            unit="元",
            example="8600.00",
            at_least="0",
            at_most="10000000",
        ),
        Column(
            "relief_yuan",
            aliases=("救助金额", "已救助金额"),
            unit="元",
            example="1000.00",
            at_least="0",
            meaning="没有发放的填 0。",
        ),
        Column(
            "moved_people", aliases=("转移人数", "安置人数"), unit="人", example="0", at_most="20"
        ),
        Column("injured_people", aliases=("伤亡人数",), unit="人", example="0", at_most="20"),
    ),
    checks=(
        Check(
            code="rooms_do_not_fit",
            column="rooms",
            condition="(s.house = 'none') = (s.rooms = 0)",
            problem="房屋受损程度与受损间数不配",
            fix="有受损的填间数；没有受损的，程度填“未受损”，间数填 0。",
        ),
        Check(
            code="nothing_lost",
            column="loss_yuan",
            condition="s.loss_yuan > 0 OR s.moved_people > 0 OR s.injured_people > 0",
            problem="没有损失，也没有转移和伤亡",
            fix="填核定的损失金额；没有受灾的不用报。",
        ),
        Check(
            code="house_without_loss",
            column="loss_yuan",
            condition="s.house NOT IN ('heavy', 'collapsed') OR s.loss_yuan > 0",
            problem="房屋严重损坏或倒塌，损失却为 0",
            fix="填房屋和财产的损失；检查单位是不是万元，万元要写在表头里。",
        ),
    ),
)
