"""Property titles: evidence that a household owns more than the home it lives in.

Source: reference 4.4 row 14, property as exclusion evidence [A12]; due day to be confirmed.
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


class PropertyTitle(Record):
    class Kind(models.TextChoices):
        RURAL_HOME = "rural_home", "农村宅基地住房"
        FLAT = "flat", "商品房"
        SUBSIDISED = "subsidised", "保障性住房"
        SHOP = "shop", "商铺"
        FACTORY = "factory", "厂房仓库"
        OTHER = "other", "其他不动产"

    class Origin(models.TextChoices):
        BOUGHT = "bought", "购买"
        BUILT = "built", "自建"
        INHERITED = "inherited", "继承赠与"
        RELOCATED = "relocated", "搬迁安置"
        OTHER = "other", "其他"

    class Standing(models.TextChoices):
        HELD = "held", "现有"
        TRANSFERRED = "transferred", "已转移"
        CANCELLED = "cancelled", "已注销"

    title_no = models.CharField("不动产权证号", max_length=40)
    kind = models.CharField("不动产类型", max_length=12, choices=Kind)
    origin = models.CharField("取得方式", max_length=12, choices=Origin)
    registered_on = models.DateField("登记日期")
    standing = models.CharField("权利状态", max_length=12, choices=Standing)
    ended_on = models.DateField("转移注销日期", null=True, blank=True)

    class Meta:
        verbose_name = "不动产登记"
        verbose_name_plural = verbose_name
        ordering = ["-registered_on", "id"]
        constraints = one_current_per("property_title", "id_digest", "title_no")
        indexes = looked_up_by("property_title", "registered_on")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.get_standing_display()}"


FEED = Feed(
    code="property_title",
    title="不动产登记",
    model=PropertyTitle,
    department="natural_resources",
    purpose="核对申请家庭是否另有商品房、商铺等，作为排除的依据（防止返贫监测、社会救助）。",
    source="自然资源局不动产登记簿（参照烟台等地做法）；数据项和报送日待核定",
    due_day=15,
    natural_key=("id_number", "title_no"),
    valid_on="registered_on",
    every_months=3,
    note="不收坐落、面积、价格和抵押，只用来核对有无。共有的，每个共有人一行。",
    columns=(
        Column("person_name", aliases=("权利人", "权利人姓名"), example="韦某某"),
        id_number_column("身份证号码", "证件号码", "权利人证件号"),
        Column(
            "title_no",
            aliases=("权证号", "产权证号", "不动产证号"),
            example="桂（2026）河池市不动产权第0001234号",
        ),
        Column(
            "kind",
            aliases=("房屋用途", "规划用途", "类型"),
            example="商品房",
            values={
                "宅基地": "rural_home",
                "农村住房": "rural_home",
                "住宅": "flat",
                "经济适用房": "subsidised",
                "商业": "shop",
                "商业服务": "shop",
                "工业": "factory",
                "仓储": "factory",
                "其他": "other",
            },
        ),
        Column(
            "origin",
            aliases=("取得来源", "登记原因"),
            example="购买",
            values={
                "买卖": "bought",
                "继承": "inherited",
                "赠与": "inherited",
                "易地扶贫搬迁": "relocated",
                "易地搬迁": "relocated",
            },
        ),
        Column(
            "registered_on", aliases=("登簿日期", "登记时间"), example="2026-08-14", past_only=True
        ),
        Column(
            "standing",
            aliases=("状态", "权属状态"),
            example="已转移",
            values={"现势": "held", "有效": "held", "历史": "transferred", "注销": "cancelled"},
        ),
        Column(
            "ended_on",
            aliases=("注销日期", "转移日期"),
            example="2026-10-14",
            meaning="现有的留空。",
            past_only=True,
        ),
    ),
    checks=(
        Check(
            code="end_does_not_fit_standing",
            column="ended_on",
            condition="(s.standing = 'held') = (s.ended_on IS NULL)",
            problem="权利状态与转移注销日期不符",
            fix="现有的把日期留空；已转移或已注销的，填办理日期。",
        ),
        Check(
            code="ends_before_it_begins",
            column="ended_on",
            condition="s.ended_on IS NULL OR s.ended_on >= s.registered_on",
            problem="转移注销日期早于登记日期",
            fix="两列可能填反，请核对登记簿。",
        ),
    ),
)
