"""Work of rural people: working, registered unemployed, back home.

Source: reference 4.4 row 6 (lost job or back home), labour block of 3.3 [D2]. Due day to be
confirmed.
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


class EmploymentStatus(Record):
    class Standing(models.TextChoices):
        WORKING = "working", "在岗务工"
        UNEMPLOYED = "unemployed", "失业"
        RETURNED = "returned", "返乡未就业"

    class Channel(models.TextChoices):
        AWAY = "away", "外出务工"
        NEARBY = "nearby", "就近就业"
        WELFARE_POST = "welfare_post", "公益性岗位"
        SELF_EMPLOYED = "self_employed", "自主创业"
        NONE = "none", "无"

    standing = models.CharField("就业状态", max_length=12, choices=Standing)
    since_on = models.DateField("状态开始日期")
    channel = models.CharField("就业形式", max_length=14, choices=Channel)
    place = models.CharField("务工所在地", max_length=60, blank=True)
    employer = models.CharField("务工企业名称", max_length=80, blank=True)
    wage_yuan_month = models.DecimalField(
        "月工资", max_digits=8, decimal_places=2, null=True, blank=True
    )
    counted_on = models.DateField("统计日期")

    class Meta:
        verbose_name = "就业与失业登记"
        verbose_name_plural = verbose_name
        ordering = ["-since_on", "id"]
        # One current status a person: who works again is no longer unemployed.
        constraints = one_current_per("employment_status", "id_digest")
        indexes = looked_up_by("employment_status", "since_on")

    def __str__(self) -> str:
        return f"{self.since_on} {self.get_standing_display()}"


FEED = Feed(
    code="employment_status",
    title="就业与失业登记",
    model=EmploymentStatus,
    department="human_resources",
    purpose="发现失业、返乡后务工收入中断的家庭（防止返贫监测、就业帮扶）。",
    source="人社局就业失业登记和务工监测台账；报送日待核定",
    due_day=10,
    natural_key=("id_number",),
    valid_on="since_on",
    note="每人只留最新状态，较早的状态留在历史里。",
    columns=(
        Column("person_name", aliases=("务工人员姓名", "劳动力姓名"), example="韦某某"),
        id_number_column("身份证号码", "证件号码", "公民身份号码"),
        Column(
            "standing",
            aliases=("状态", "务工状态", "是否已务工"),
            example="在岗务工",
            values={
                "在岗": "working",
                "务工": "working",
                "就业": "working",
                "已就业": "working",
                "是": "working",
                "未就业": "unemployed",
                "登记失业": "unemployed",
                "返乡": "returned",
                "已返乡": "returned",
                "返乡回流": "returned",
            },
        ),
        Column(
            "since_on",
            aliases=("开始日期", "务工开始时间", "失业日期", "返乡日期"),
            example="2026-03-01",
            meaning="现在这个状态从哪一天起。",
            past_only=True,
        ),
        Column(
            "channel",
            aliases=("就业渠道", "就业类型"),
            example="外出务工",
            meaning="没有就业的填“无”。",
            values={
                "外出": "away",
                "县外务工": "away",
                "就近务工": "nearby",
                "县内务工": "nearby",
                "公益岗": "welfare_post",
                "公益岗位": "welfare_post",
                "自主就业": "self_employed",
                "创业": "self_employed",
                "未就业": "none",
            },
        ),
        Column("place", aliases=("务工地点", "就业地"), example="广东省佛山市"),
        Column("employer", aliases=("企业名称", "用工单位"), example="某家具厂"),
        Column(
            "wage_yuan_month",
            aliases=("月收入", "工资", "月工资收入"),
            unit="元",
            example="3600.00",
            at_least="0",
            at_most="100000",
        ),
        Column(
            "counted_on", aliases=("数据日期", "登记日期"), example="2026-11-01", past_only=True
        ),
    ),
    checks=(
        Check(
            code="channel_does_not_fit",
            column="channel",
            condition="(s.standing = 'working') = (s.channel <> 'none')",
            problem="就业状态与就业形式不配",
            fix="在岗的选一种就业形式；失业、返乡未就业的填“无”。",
        ),
        Check(
            code="working_without_place",
            column="place",
            condition="s.standing <> 'working' OR s.place <> ''",
            problem="在岗务工没有填所在地",
            fix="填到市或县，例如“广东省佛山市”；县内的填乡镇。",
        ),
        Check(
            code="wage_without_work",
            column="wage_yuan_month",
            condition="s.standing = 'working' OR coalesce(s.wage_yuan_month, 0) = 0",
            problem="没有就业却填了月工资",
            fix="核对就业状态；没有就业的把月工资清空。",
        ),
        Check(
            code="begins_after_count",
            column="since_on",
            condition="s.since_on <= s.counted_on",
            problem="状态开始日期晚于统计日期",
            fix="核对两个日期，统计日期填数据截止的那一天。",
        ),
    ),
)
