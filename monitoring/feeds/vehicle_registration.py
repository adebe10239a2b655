"""Vehicle registrations: evidence that a household owns a car or works with a lorry.

Source: reference 4.4 rows 11 and 14, property as exclusion evidence [A12]; due day to be confirmed.
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


class VehicleRegistration(Record):
    class Kind(models.TextChoices):
        CAR = "car", "小型汽车"
        BUS = "bus", "大中型客车"
        LORRY = "lorry", "货车"
        FARM = "farm", "农用三轮或低速车"
        MOTORCYCLE = "motorcycle", "摩托车"
        OTHER = "other", "其他机动车"

    class Operation(models.TextChoices):
        PRIVATE = "private", "非营运"
        TRADE = "trade", "营运"

    class Standing(models.TextChoices):
        HELD = "held", "正常"
        OVERDUE = "overdue", "逾期未检"
        TRANSFERRED = "transferred", "已转移"
        CANCELLED = "cancelled", "已注销"

    plate = models.CharField("号牌号码", max_length=12)
    kind = models.CharField("车辆类型", max_length=12, choices=Kind)
    operation = models.CharField("使用性质", max_length=10, choices=Operation)
    registered_on = models.DateField("登记日期")
    standing = models.CharField("车辆状态", max_length=12, choices=Standing)
    ended_on = models.DateField("转移注销日期", null=True, blank=True)

    class Meta:
        verbose_name = "机动车登记"
        verbose_name_plural = verbose_name
        ordering = ["-registered_on", "id"]
        constraints = one_current_per("vehicle", "id_digest", "plate", "registered_on")
        indexes = looked_up_by("vehicle", "registered_on")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.get_standing_display()}"


FEED = Feed(
    code="vehicle_registration",
    title="机动车登记",
    model=VehicleRegistration,
    department="traffic_police",
    purpose="核对申请家庭是否有汽车、营运车辆，作为排除的依据（防止返贫监测、社会救助）。",
    source="交警车辆登记数据；共享依据、数据项和报送日待核定",
    due_day=15,
    natural_key=("id_number", "plate", "registered_on"),
    valid_on="registered_on",
    every_months=3,
    note="不收品牌、价格、车架号和违法记录。摩托车和农用车一般不作排除依据，由区里核定。",
    columns=(
        Column("person_name", aliases=("机动车所有人", "所有人", "车主姓名"), example="韦某某"),
        id_number_column("身份证号码", "证件号码", "车主身份证号"),
        Column("plate", aliases=("车牌号", "车牌号码"), example="桂M00000"),
        Column(
            "kind",
            aliases=("车型", "号牌种类"),
            example="小型汽车",
            values={
                "小型轿车": "car",
                "轿车": "car",
                "面包车": "car",
                "客车": "bus",
                "轻型货车": "lorry",
                "重型货车": "lorry",
                "三轮汽车": "farm",
                "低速货车": "farm",
                "普通摩托车": "motorcycle",
                "其他": "other",
            },
        ),
        Column(
            "operation",
            aliases=("营运性质",),
            example="非营运",
            values={"货运": "trade", "客运": "trade", "自用": "private"},
        ),
        Column(
            "registered_on",
            aliases=("注册登记日期", "初次登记日期"),
            example="2026-05-18",
            past_only=True,
        ),
        Column(
            "standing",
            aliases=("状态", "机动车状态"),
            example="已注销",
            values={"逾期未检验": "overdue", "转出": "transferred", "注销": "cancelled"},
        ),
        Column(
            "ended_on",
            aliases=("注销日期", "转移日期"),
            example="2026-10-14",
            meaning="仍在名下的留空。",
            past_only=True,
        ),
    ),
    checks=(
        Check(
            code="end_does_not_fit_standing",
            column="ended_on",
            condition="(s.standing IN ('transferred', 'cancelled')) = (s.ended_on IS NOT NULL)",
            problem="车辆状态与转移注销日期不符",
            fix="仍在名下的把日期留空；已转移或已注销的，填办理日期。",
        ),
        Check(
            code="ends_before_it_begins",
            column="ended_on",
            condition="s.ended_on IS NULL OR s.ended_on >= s.registered_on",
            problem="转移注销日期早于登记日期",
            fix="两列可能填反，请核对登记信息。",
        ),
    ),
)
