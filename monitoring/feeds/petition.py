"""Petitions about hardship: every one becomes a clue.

Source: reference 4.4 row 19; due day to be confirmed.
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


class Petition(Record):
    class Topic(models.TextChoices):
        LIVING = "living", "生活困难"
        ILLNESS = "illness", "看病就医"
        SCHOOLING = "schooling", "子女就学"
        HOUSING = "housing", "住房饮水"
        AID = "aid", "低保救助"
        WORK = "work", "务工就业"
        OTHER = "other", "其他困难"

    class Channel(models.TextChoices):
        LETTER = "letter", "来信"
        VISIT = "visit", "来访"
        NETWORK = "network", "网上信访"
        PHONE = "phone", "电话"

    class Standing(models.TextChoices):
        RECEIVED = "received", "已受理"
        TRANSFERRED = "transferred", "已转办"
        CLOSED = "closed", "已办结"

    petition_no = models.CharField("信访件编号", max_length=40)
    channel = models.CharField("信访形式", max_length=10, choices=Channel)
    topic = models.CharField("困难类别", max_length=12, choices=Topic)
    received_on = models.DateField("受理日期")
    standing = models.CharField("办理情况", max_length=12, choices=Standing)
    closed_on = models.DateField("办结日期", null=True, blank=True)

    class Meta:
        verbose_name = "困难类信访事项"
        verbose_name_plural = verbose_name
        ordering = ["-received_on", "id"]
        constraints = one_current_per("petition", "id_digest", "petition_no")
        indexes = looked_up_by("petition", "received_on")

    def __str__(self) -> str:
        return f"{self.received_on} {self.get_topic_display()}"


FEED = Feed(
    code="petition",
    title="困难类信访事项",
    model=Petition,
    department="petition",
    purpose="把群众反映的生活困难转为风险线索，及时入户核实（防止返贫监测）。",
    source="信访局信访事项台账；数据项和报送日待核定",
    due_day=5,
    natural_key=("id_number", "petition_no"),
    valid_on="received_on",
    note="只报反映自家生活困难的事项，只收类别，不收信访内容和被反映人；举报、控告类不报。",
    columns=(
        Column("person_name", aliases=("信访人", "信访人姓名", "反映人"), example="韦某某"),
        id_number_column("身份证号码", "证件号码", "信访人身份证号"),
        Column("petition_no", aliases=("信访编号", "登记编号"), example="XF2026100012"),
        Column(
            "channel",
            aliases=("信访渠道", "来源"),
            example="来访",
            values={
                "写信": "letter",
                "走访": "visit",
                "网信": "network",
                "网上": "network",
                "热线": "phone",
            },
        ),
        Column(
            "topic",
            aliases=("问题类别", "诉求类别"),
            example="看病就医",
            values={
                "医疗": "illness",
                "教育": "schooling",
                "住房": "housing",
                "饮水": "housing",
                "低保": "aid",
                "社会救助": "aid",
                "就业": "work",
                "其他": "other",
            },
        ),
        Column(
            "received_on", aliases=("登记日期", "信访日期"), example="2026-10-12", past_only=True
        ),
        Column(
            "standing",
            aliases=("办理状态", "状态"),
            example="已办结",
            values={
                "办理中": "received",
                "受理": "received",
                "转办": "transferred",
                "交办": "transferred",
                "办结": "closed",
            },
        ),
        Column(
            "closed_on",
            aliases=("答复日期", "办结时间"),
            example="2026-10-28",
            meaning="没有办结的留空。",
            past_only=True,
        ),
    ),
    checks=(
        Check(
            code="closed_does_not_fit_standing",
            column="closed_on",
            condition="(s.standing = 'closed') = (s.closed_on IS NOT NULL)",
            problem="办理情况与办结日期不符",
            fix="已办结的填办结日期；没有办结的，办结日期留空。",
        ),
        Check(
            code="closed_before_received",
            column="closed_on",
            condition="s.closed_on IS NULL OR s.closed_on >= s.received_on",
            problem="办结日期早于受理日期",
            fix="两列可能填反，请核对台账。",
        ),
    ),
)
