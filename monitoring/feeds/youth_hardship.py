"""Children and young people in hardship known to the youth league.

Source: reference 4.4 row 25 (clue senders in Wangcang [P32]); due day to be confirmed.
"""

from django.db import models

from monitoring.feeds.record import Check, Column, Feed, Record, looked_up_by, one_current_per


class YouthHardship(Record):
    class Kind(models.TextChoices):
        ALONE = "alone", "无人照料"
        LEFT_BEHIND = "left_behind", "留守儿童"
        ILLNESS = "illness", "患病残疾"
        SCHOOLING = "schooling", "就学困难"
        JOBLESS = "jobless", "毕业未就业"
        LIVING = "living", "生活困难"

    class Help(models.TextChoices):
        NEEDED = "needed", "需要帮扶"
        UNDER_WAY = "under_way", "帮扶中"
        DONE = "done", "已帮扶"

    kind = models.CharField("困难类型", max_length=12, choices=Kind)
    found_on = models.DateField("发现日期")
    help = models.CharField("帮扶情况", max_length=10, choices=Help)
    project = models.CharField("帮扶项目", max_length=60, blank=True)
    aid_yuan = models.DecimalField(
        "资助金额", max_digits=12, decimal_places=2, null=True, blank=True
    )

    class Meta:
        verbose_name = "困难青少年"
        verbose_name_plural = verbose_name
        ordering = ["-found_on", "id"]
        constraints = one_current_per("youth_hardship", "id_digest", "kind", "found_on")
        indexes = looked_up_by("youth_hardship", "found_on")

    def __str__(self) -> str:
        return f"{self.found_on} {self.get_kind_display()}"


FEED = Feed(
    code="youth_hardship",
    title="困难青少年",
    model=YouthHardship,
    department="youth_league",
    purpose="把团组织发现的困难青少年转为风险线索，及时入户核实（防止返贫监测）。",
    source="团委困难青少年台账（参照旺苍线索部门）；数据项和报送日待核定",
    due_day=10,
    natural_key=("id_number", "kind", "found_on"),
    valid_on="found_on",
    note="未满 14 周岁的，须经监护人同意；不收学习成绩、心理测评和照片。",
    columns=(
        Column("person_name", aliases=("青少年姓名", "学生姓名"), example="韦某某"),
        Column(
            "id_number",
            aliases=("身份证号码", "证件号码", "公民身份号码"),
            example="990101198001011236",
            meaning="18 位居民身份证号，文本格式；填本人的，不填家长的。",
        ),
        Column(
            "kind",
            aliases=("困难类别", "类别"),
            example="就学困难",
            values={
                "事实无人抚养": "alone",
                "孤儿": "alone",
                "留守": "left_behind",
                "疾病": "illness",
                "残疾": "illness",
                "贫困学生": "schooling",
                "待业": "jobless",
                "家庭困难": "living",
            },
        ),
        Column("found_on", aliases=("登记日期", "走访日期"), example="2026-09-22", past_only=True),
        Column(
            "help",
            aliases=("帮扶状态", "状态"),
            example="已帮扶",
            values={"待帮扶": "needed", "结对中": "under_way", "已资助": "done"},
        ),
        Column(
            "project",
            aliases=("资助项目", "项目名称"),
            example="希望工程助学",
            meaning="没有帮扶的留空。",
        ),
        Column(
            "aid_yuan",
            aliases=("帮扶金额", "助学金额"),
            unit="元",
            example="2000.00",
            meaning="没有资助的留空。",
            at_least="0",
        ),
    ),
    checks=(
        Check(
            code="aid_without_project",
            column="project",
            condition=("coalesce(s.aid_yuan, 0) = 0 OR (s.project <> '' AND s.help <> 'needed')"),
            problem="填了资助金额，没有填帮扶项目，或帮扶情况还是“需要帮扶”",
            fix="请补填帮扶项目，并把帮扶情况改为“帮扶中”或“已帮扶”。",
        ),
    ),
)
