"""Women in hardship: patients of the two cancers, and women whose safety needs help.

Source: reference 4.4 row 21 (two-cancer patients, family violence; new case); due day to be
confirmed. As narrow as the purpose allows: no account of what happened.
"""

from django.db import models

from monitoring.feeds.record import Check, Column, Feed, Record, looked_up_by, one_current_per


class WomenCase(Record):
    class Kind(models.TextChoices):
        TWO_CANCERS = "two_cancers", "两癌患病"
        RIGHTS = "rights", "权益维护"
        LIVING = "living", "生活困难"

    class Help(models.TextChoices):
        NEEDED = "needed", "需要帮扶"
        UNDER_WAY = "under_way", "帮扶中"
        DONE = "done", "已帮扶"
        DECLINED = "declined", "本人不需要"

    kind = models.CharField("个案类别", max_length=12, choices=Kind)
    found_on = models.DateField("登记日期")
    help = models.CharField("帮扶情况", max_length=10, choices=Help)
    aid_yuan = models.DecimalField(
        "救助金额", max_digits=12, decimal_places=2, null=True, blank=True
    )

    class Meta:
        verbose_name = "困难妇女个案"
        verbose_name_plural = verbose_name
        ordering = ["-found_on", "id"]
        constraints = one_current_per("women_case", "id_digest", "kind", "found_on")
        indexes = looked_up_by("women_case", "found_on")

    def __str__(self) -> str:
        return f"{self.found_on} {self.get_help_display()}"


FEED = Feed(
    code="women_case",
    title="困难妇女个案",
    model=WomenCase,
    department="women",
    purpose="发现因患两癌或权益受侵害而生活困难的妇女家庭（防止返贫监测）。",
    source="妇联两癌救助和维权服务台账；共享依据、数据项和报送日待核定",
    due_day=10,
    natural_key=("id_number", "kind", "found_on"),
    valid_on="found_on",
    note=(
        "家庭暴力一律归入“权益维护”，须经本人同意才报；不收经过、地点、侵害人和病历。"
        "入户时不得当着家人提起来源，线索由妇联陪同核实。"
    ),
    columns=(
        Column("person_name", aliases=("妇女姓名", "当事人姓名"), example="韦某某"),
        Column(
            "id_number",
            aliases=("身份证号码", "证件号码", "公民身份号码"),
            example="990101198001011236",
            meaning="18 位居民身份证号，文本格式；填本人的，不填家人的。",
        ),
        Column(
            "kind",
            aliases=("类别", "服务类别"),
            example="两癌患病",
            values={
                "两癌": "two_cancers",
                "乳腺癌": "two_cancers",
                "宫颈癌": "two_cancers",
                "维权": "rights",
                "家庭暴力": "rights",
                "家暴": "rights",
                "困难": "living",
            },
            meaning="只填类别，不写经过。",
        ),
        Column("found_on", aliases=("受理日期", "发现日期"), example="2026-10-14", past_only=True),
        Column(
            "help",
            aliases=("帮扶状态", "状态"),
            example="已帮扶",
            values={
                "待帮扶": "needed",
                "跟进中": "under_way",
                "已救助": "done",
                "不需要": "declined",
            },
        ),
        Column(
            "aid_yuan",
            aliases=("帮扶金额", "救助金"),
            unit="元",
            example="10000.00",
            meaning="没有救助金的留空。",
            at_least="0",
        ),
    ),
    checks=(
        Check(
            code="aid_without_help",
            column="aid_yuan",
            condition="coalesce(s.aid_yuan, 0) = 0 OR s.help IN ('under_way', 'done')",
            problem="帮扶情况是还没有帮扶或本人不需要，却填了救助金额",
            fix="已发放的，帮扶情况改为“已帮扶”；没有发放的，救助金额留空。",
        ),
    ),
)
