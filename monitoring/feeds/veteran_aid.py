"""Veterans and their families in hardship: what kind, and the aid they got.

Source: reference 4.4 row 20 (preferential-treatment list, aid); due day to be confirmed.
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


class VeteranAid(Record):
    class Category(models.TextChoices):
        DISABLED = "disabled", "残疾军人"
        BEREAVED = "bereaved", "烈军属"
        DEMOBILISED = "demobilised", "复员军人"
        ILL = "ill", "带病回乡退伍军人"
        COMBAT = "combat", "参战参试退役人员"
        ELDERLY = "elderly", "年满60周岁农村籍退役士兵"
        OTHER = "other", "其他退役军人"

    class Hardship(models.TextChoices):
        LIVING = "living", "生活困难"
        ILLNESS = "illness", "医疗困难"
        HOUSING = "housing", "住房困难"
        ACCIDENT = "accident", "突发困难"

    category = models.CharField("优抚类别", max_length=12, choices=Category)
    hardship = models.CharField("困难类型", max_length=10, choices=Hardship)
    found_on = models.DateField("认定日期")
    aid_yuan = models.DecimalField(
        "帮扶金额", max_digits=12, decimal_places=2, null=True, blank=True
    )
    aided_on = models.DateField("帮扶日期", null=True, blank=True)

    class Meta:
        verbose_name = "困难退役军人帮扶"
        verbose_name_plural = verbose_name
        ordering = ["-found_on", "id"]
        constraints = one_current_per("veteran_aid", "id_digest", "hardship", "found_on")
        indexes = looked_up_by("veteran_aid", "found_on")

    def __str__(self) -> str:
        return f"{self.found_on} {self.get_hardship_display()}"


FEED = Feed(
    code="veteran_aid",
    title="困难退役军人帮扶",
    model=VeteranAid,
    department="veterans",
    purpose="发现生活困难的退役军人和优抚对象家庭，避免重复帮扶（防止返贫监测）。",
    source="退役军人局困难帮扶台账；数据项和报送日待核定",
    due_day=10,
    natural_key=("id_number", "hardship", "found_on"),
    valid_on="found_on",
    note="只报有困难的人，不收部队、军衔、立功和服役经历。",
    columns=(
        Column("person_name", aliases=("退役军人姓名", "优抚对象姓名"), example="韦某某"),
        id_number_column("身份证号码", "证件号码", "公民身份号码"),
        Column(
            "category",
            aliases=("对象类别", "优抚对象类别"),
            example="带病回乡退伍军人",
            values={
                "伤残军人": "disabled",
                "烈属": "bereaved",
                "三属": "bereaved",
                "在乡复员军人": "demobilised",
                "参战": "combat",
                "参试": "combat",
                "参战退役人员": "combat",
                "60周岁以上农村籍退役士兵": "elderly",
                "其他": "other",
            },
        ),
        Column(
            "hardship",
            aliases=("困难原因", "困难类别"),
            example="医疗困难",
            values={
                "生活": "living",
                "医疗": "illness",
                "因病": "illness",
                "住房": "housing",
                "突发": "accident",
                "意外": "accident",
            },
        ),
        Column("found_on", aliases=("申请日期", "登记日期"), example="2026-10-09", past_only=True),
        Column(
            "aid_yuan",
            aliases=("救助金额", "援助金额"),
            unit="元",
            example="2000.00",
            meaning="还没有帮扶的留空。",
            at_least="0",
        ),
        Column("aided_on", aliases=("救助日期", "发放日期"), example="2026-10-23", past_only=True),
    ),
    checks=(
        Check(
            code="aid_without_day",
            column="aided_on",
            condition="(coalesce(s.aid_yuan, 0) > 0) = (s.aided_on IS NOT NULL)",
            problem="帮扶金额与帮扶日期不符",
            fix="已发放的两列都填；还没有发放的两列都留空。",
        ),
        Check(
            code="aided_before_found",
            column="aided_on",
            condition="s.aided_on IS NULL OR s.aided_on >= s.found_on",
            problem="帮扶日期早于认定日期",
            fix="两列可能填反，请核对台账。",
        ),
    ),
)
