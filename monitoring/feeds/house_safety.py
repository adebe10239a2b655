"""Safety appraisal of rural houses.

Source: reference 4.4 row 7, grades A to D in 4.6 [P29]. Due day to be confirmed.
"""

from django.db import models

from monitoring.feeds.record import Check, Column, Feed, Record, looked_up_by, one_current_per


class HouseSafety(Record):
    class Grade(models.TextChoices):
        A = "A", "A级"
        B = "B", "B级"
        C = "C", "C级"
        D = "D", "D级"

    class LivedIn(models.TextChoices):
        LIVED_IN = "lived_in", "有人居住"
        EMPTY = "empty", "无人居住"

    class Remedy(models.TextChoices):
        NOT_NEEDED = "not_needed", "不需要"
        PENDING = "pending", "未处置"
        REPAIRING = "repairing", "正在改造"
        REPAIRED = "repaired", "已改造"
        MOVED_OUT = "moved_out", "已搬离"

    house_no = models.CharField("房屋编号", max_length=40)
    place = models.CharField("房屋坐落", max_length=120)
    grade = models.CharField("鉴定等级", max_length=1, choices=Grade)
    appraised_on = models.DateField("鉴定日期")
    appraiser = models.CharField("鉴定单位", max_length=80)
    lived_in = models.CharField("居住情况", max_length=10, choices=LivedIn)
    remedy = models.CharField("处置情况", max_length=12, choices=Remedy)

    class Meta:
        verbose_name = "住房安全鉴定"
        verbose_name_plural = verbose_name
        ordering = ["-appraised_on", "id"]
        # A newer appraisal of the same house replaces the older grade.
        constraints = one_current_per("house_safety", "id_digest", "house_no")
        indexes = looked_up_by("house_safety", "appraised_on")

    def __str__(self) -> str:
        return f"{self.appraised_on} {self.get_grade_display()}"


FEED = Feed(
    code="house_safety",
    title="住房安全鉴定",
    model=HouseSafety,
    department="housing",
    purpose="发现居住在 C、D 级危房里的家庭（住房安全有保障）。",
    source="住建局农村住房安全鉴定和动态监测台账；报送日待核定",
    due_day=15,
    natural_key=("id_number", "house_no"),
    valid_on="appraised_on",
    note="每处房屋一行，身份证号填户主的。",
    columns=(
        Column("person_name", aliases=("户主姓名", "房主姓名", "产权人"), example="韦某某"),
        Column(
            "id_number",
            aliases=("身份证号码", "证件号码", "户主身份证号"),
            example="990101198001011236",
            meaning="户主的 18 位居民身份证号，文本格式。",
        ),
        Column(
            "house_no",
            aliases=("农房编号", "房屋编码"),
            example="1",
            meaning="农房系统里的编号；没有编号的，主要住房填 1，其他房屋填 2、3。",
        ),
        Column("place", aliases=("房屋地址", "住址"), example="宜州区某镇某村某屯"),
        Column(
            "grade",
            aliases=("危房等级", "房屋等级", "安全等级"),
            example="C级",
            values={"甲级": "A", "乙级": "B", "丙级": "C", "丁级": "D"},
        ),
        Column(
            "appraised_on", aliases=("鉴定时间", "评定日期"), example="2026-09-25", past_only=True
        ),
        Column("appraiser", aliases=("鉴定机构", "评定单位"), example="某镇村镇建设站"),
        Column(
            "lived_in",
            aliases=("是否居住", "使用情况"),
            example="有人居住",
            values={
                "是": "lived_in",
                "居住": "lived_in",
                "在住": "lived_in",
                "否": "empty",
                "空置": "empty",
                "闲置": "empty",
            },
        ),
        Column(
            "remedy",
            aliases=("改造情况", "整改情况"),
            example="未处置",
            meaning="A、B 级填“不需要”。",
            values={
                "无需处置": "not_needed",
                "未改造": "pending",
                "待改造": "pending",
                "改造中": "repairing",
                "已修缮": "repaired",
                "已加固": "repaired",
                "已重建": "repaired",
                "搬离": "moved_out",
            },
        ),
    ),
    checks=(
        Check(
            code="dangerous_without_remedy",
            column="remedy",
            condition="s.grade NOT IN ('C', 'D') OR s.remedy <> 'not_needed'",
            problem="C、D 级房屋填了“不需要”处置",
            fix="填实际的处置情况；还没有动的填“未处置”。",
        ),
        Check(
            code="moved_out_but_lived_in",
            column="lived_in",
            condition="s.remedy <> 'moved_out' OR s.lived_in = 'empty'",
            problem="已搬离却填了有人居住",
            fix="核对房屋现状；已搬离的，居住情况填“无人居住”。",
        ),
    ),
)
