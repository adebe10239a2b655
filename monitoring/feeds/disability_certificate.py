"""Disability certificates: new, changed, expired.

Source: reference 4.4 row 4 [A3]; categories and levels as in [S8]. Due day to be confirmed.
"""

from django.db import models

from monitoring.feeds.record import CURRENT, Check, Column, Feed, Record, replaced_by


class DisabilityCertificate(Record):
    class Category(models.TextChoices):
        SIGHT = "sight", "视力"
        HEARING = "hearing", "听力"
        SPEECH = "speech", "言语"
        LIMB = "limb", "肢体"
        INTELLECT = "intellect", "智力"
        MENTAL = "mental", "精神"
        MULTIPLE = "multiple", "多重"

    class Level(models.IntegerChoices):
        ONE = 1, "一级"
        TWO = 2, "二级"
        THREE = 3, "三级"
        FOUR = 4, "四级"

    class Standing(models.TextChoices):
        VALID = "valid", "有效"
        EXPIRED = "expired", "过期"
        CANCELLED = "cancelled", "注销"

    category = models.CharField("残疾类别", max_length=10, choices=Category)
    level = models.PositiveSmallIntegerField("残疾等级", choices=Level)
    issued_on = models.DateField("发证日期")
    valid_until_on = models.DateField("有效期至")
    standing = models.CharField("证件状态", max_length=10, choices=Standing)

    class Meta:
        verbose_name = "残疾人证"
        verbose_name_plural = verbose_name
        ordering = ["-issued_on", "id"]
        constraints = [
            models.UniqueConstraint(
                name="disability_certificate_key",
                fields=["id_digest", "issued_on"],
                condition=CURRENT,
            )
        ]
        indexes = [
            models.Index(fields=["issued_on"], name="disability_cert_recent", condition=CURRENT),
            models.Index(fields=["person", "issued_on"], name="disability_cert_person"),
            models.Index(
                fields=["id_digest"],
                name="disability_cert_unmatched",
                condition=models.Q(person=None),
            ),
            replaced_by("disability_cert"),
        ]

    def __str__(self) -> str:
        return f"{self.get_category_display()}{self.get_level_display()}"


FEED = Feed(
    code="disability_certificate",
    title="残疾人证",
    model=DisabilityCertificate,
    department="disabled_federation",
    purpose="发现新增重度残疾、可能丧失劳动能力的家庭（防止返贫监测）。",
    source="残联残疾人证办理名册（参照烟台等地做法）；报送日待核定",
    due_day=10,
    natural_key=("id_number", "issued_on"),
    valid_on="issued_on",
    columns=(
        Column("person_name", aliases=("残疾人姓名",), example="蓝某某"),
        Column(
            "id_number",
            aliases=("身份证号码", "证件号码", "公民身份号码"),
            example="990101198001011236",
            meaning="18 位居民身份证号，文本格式；不要填 20 位残疾人证号。",
        ),
        Column(
            "category",
            aliases=("类别",),
            example="肢体",
            values={
                "视力残疾": "sight",
                "听力残疾": "hearing",
                "言语残疾": "speech",
                "肢体残疾": "limb",
                "智力残疾": "intellect",
                "精神残疾": "mental",
                "多重残疾": "multiple",
            },
        ),
        Column(
            "level",
            aliases=("等级", "残疾级别"),
            example="二级",
            values={
                "1": "1",
                "2": "2",
                "3": "3",
                "4": "4",
                "1级": "1",
                "2级": "2",
                "3级": "3",
                "4级": "4",
                "壹级": "1",
                "贰级": "2",
                "叁级": "3",
                "肆级": "4",
            },
        ),
        Column("issued_on", aliases=("评定日期", "办证日期"), example="2026-09-18", past_only=True),
        Column("valid_until_on", aliases=("有效期",), example="2036-09-17"),
        Column("standing", aliases=("状态",), example="有效", values={"正常": "valid"}),
    ),
    checks=(
        Check(
            code="ends_before_it_begins",
            column="valid_until_on",
            condition="s.valid_until_on > s.issued_on",
            problem="有效期早于发证日期",
            fix="两列可能填反，请核对证件。",
        ),
    ),
)
