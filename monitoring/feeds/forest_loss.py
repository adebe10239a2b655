"""Losses of forest and orchard: fire, pests, weather, and what was paid for them.

Source: reference 4.4 row 13 (fires, pests, compensation); trigger and due day to be confirmed.
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


class ForestLoss(Record):
    class Cause(models.TextChoices):
        FIRE = "fire", "森林火灾"
        PEST = "pest", "病虫害"
        WEATHER = "weather", "风雪冰冻等灾害"
        ANIMAL = "animal", "野生动物毁损"

    class Standing(models.TextChoices):
        CHECKING = "checking", "核损中"
        ASSESSED = "assessed", "已定损"
        COMPENSATED = "compensated", "已补偿"
        REFUSED = "refused", "不予补偿"

    cause = models.CharField("受损原因", max_length=10, choices=Cause)
    plants = models.CharField("受损林木", max_length=40)
    happened_on = models.DateField("受损日期")
    loss_yuan = models.DecimalField("损失金额", max_digits=12, decimal_places=2)
    standing = models.CharField("处理情况", max_length=12, choices=Standing)
    compensated_yuan = models.DecimalField(
        "补偿金额", max_digits=12, decimal_places=2, null=True, blank=True
    )
    compensated_on = models.DateField("补偿日期", null=True, blank=True)

    class Meta:
        verbose_name = "林业受损"
        verbose_name_plural = verbose_name
        ordering = ["-happened_on", "id"]
        constraints = one_current_per("forest_loss", "id_digest", "cause", "plants", "happened_on")
        indexes = looked_up_by("forest_loss", "happened_on")

    def __str__(self) -> str:
        return f"{self.happened_on} {self.get_cause_display()}"


FEED = Feed(
    code="forest_loss",
    title="林业受损",
    model=ForestLoss,
    department="forestry",
    purpose="发现林果业受灾、收入可能大幅下降的家庭（防止返贫监测）。",
    source="林业局灾害核损和补偿台账；数据项和报送日待核定",
    due_day=15,
    natural_key=("id_number", "cause", "plants", "happened_on"),
    valid_on="happened_on",
    note="按户报损失，身份证号填承包户户主；面积不收，以核定的损失金额为准。",
    columns=(
        Column("person_name", aliases=("农户姓名", "承包户姓名", "户主姓名"), example="韦某某"),
        id_number_column("身份证号码", "证件号码", "户主身份证号"),
        Column(
            "cause",
            aliases=("灾害类型", "灾种"),
            example="病虫害",
            values={
                "火灾": "fire",
                "虫害": "pest",
                "病害": "pest",
                "冰冻": "weather",
                "风灾": "weather",
                "雪灾": "weather",
                "野猪毁损": "animal",
            },
        ),
        Column("plants", aliases=("树种", "林木种类", "作物"), example="油茶"),
        Column(
            "happened_on", aliases=("受灾日期", "发生日期"), example="2026-09-08", past_only=True
        ),
        Column(
            "loss_yuan", aliases=("核定损失", "损失"), unit="元", example="8600.00", at_least="0"
        ),
        Column(
            "standing",
            aliases=("处理状态", "状态"),
            example="已补偿",
            values={"核查中": "checking", "已核损": "assessed", "已赔付": "compensated"},
        ),
        Column(
            "compensated_yuan",
            aliases=("补助金额", "赔付金额"),
            unit="元",
            example="3200.00",
            meaning="没有补偿的留空。",
            at_least="0",
        ),
        Column(
            "compensated_on", aliases=("补助日期", "赔付日期"), example="2026-10-20", past_only=True
        ),
    ),
    checks=(
        Check(
            code="compensated_without_payment",
            column="compensated_yuan",
            condition=(
                "s.standing <> 'compensated'"
                " OR (coalesce(s.compensated_yuan, 0) > 0 AND s.compensated_on IS NOT NULL)"
            ),
            problem="处理情况是“已补偿”，没有填补偿金额或补偿日期",
            fix="请补填两列；还没有发放的，处理情况改为“已定损”。",
        ),
        Check(
            code="compensated_before_loss",
            column="compensated_on",
            condition="s.compensated_on IS NULL OR s.compensated_on >= s.happened_on",
            problem="补偿日期早于受损日期",
            fix="两列可能填反，请核对台账。",
        ),
    ),
)
