"""Rural drinking water of a household: quantity, quality, convenience, reliability as measured.

Source: reference 4.4 row 8 (cut for over a month [P21]), the four tests of 4.6 [W1][W2]. Whether a
figure is enough is a threshold's matter, not the feed's. Due day to be confirmed.
"""

from django.db import models

from monitoring.feeds.record import Check, Column, Feed, Record, looked_up_by, one_current_per


class WaterSupply(Record):
    class Supply(models.TextChoices):
        PIPED = "piped", "集中供水"
        SCATTERED = "scattered", "分散供水"

    class Quality(models.TextChoices):
        GOOD = "good", "达标"
        FAIR = "fair", "基本达标"
        BAD = "bad", "不达标"

    class Verdict(models.TextChoices):
        SAFE = "safe", "安全"
        FAIR = "fair", "基本安全"
        UNSAFE = "unsafe", "不安全"

    supply = models.CharField("供水方式", max_length=10, choices=Supply)
    litres_per_head_day = models.PositiveSmallIntegerField("人均日供水量")
    quality = models.CharField("水质", max_length=6, choices=Quality)
    fetch_minutes = models.PositiveSmallIntegerField("取水往返时间")
    fetch_metres = models.PositiveSmallIntegerField("取水水平距离", null=True, blank=True)
    fetch_climb_metres = models.PositiveSmallIntegerField("取水垂直高差", null=True, blank=True)
    cut_days = models.PositiveSmallIntegerField("近一年停水天数")
    longest_cut_days = models.PositiveSmallIntegerField("最长连续停水天数")
    verdict = models.CharField("评价结论", max_length=8, choices=Verdict)
    tested_on = models.DateField("评价日期")

    class Meta:
        verbose_name = "农村饮水"
        verbose_name_plural = verbose_name
        ordering = ["-tested_on", "id"]
        constraints = one_current_per("water_supply", "id_digest")
        indexes = looked_up_by("water_supply", "tested_on")

    def __str__(self) -> str:
        return f"{self.tested_on} {self.get_verdict_display()}"


FEED = Feed(
    code="water_supply",
    title="农村饮水",
    model=WaterSupply,
    department="water",
    purpose="发现饮水不安全、停水时间长的家庭（饮水安全有保障）。",
    source="水利局农村饮水监测台账（《农村饮水安全评价准则》四项指标）；报送日待核定",
    due_day=15,
    every_months=3,
    natural_key=("id_number",),
    valid_on="tested_on",
    note="每户一行，身份证号填户主的；只留最近一次评价，较早的留在历史里。",
    columns=(
        Column("person_name", aliases=("户主姓名",), example="韦某某"),
        Column(
            "id_number",
            aliases=("身份证号码", "证件号码", "户主身份证号"),
            example="990101198001011236",
            meaning="户主的 18 位居民身份证号，文本格式。",
        ),
        Column(
            "supply",
            aliases=("供水类型",),
            example="集中供水",
            values={
                "自来水": "piped",
                "集中": "piped",
                "水柜": "scattered",
                "水井": "scattered",
                "山泉水": "scattered",
                "分散": "scattered",
            },
        ),
        Column(
            "litres_per_head_day",
            aliases=("人均日用水量", "水量"),
            unit="升",
            example="60",
            at_most="1000",
        ),
        Column(
            "quality",
            aliases=("水质情况", "水质检测结果"),
            example="达标",
            meaning="有检测报告的按报告；分散供水没有报告的按望、闻、问、尝。",
            values={"合格": "good", "基本合格": "fair", "不合格": "bad"},
        ),
        Column(
            "fetch_minutes",
            aliases=("取水时间",),
            unit="分钟",
            example="0",
            at_most="600",
            meaning="入户的填 0。",
        ),
        Column(
            "fetch_metres",
            aliases=("水平距离", "取水距离"),
            unit="米",
            example="0",
            at_most="20000",
        ),
        Column("fetch_climb_metres", aliases=("垂直高差",), unit="米", example="0", at_most="2000"),
        Column("cut_days", aliases=("停水天数", "缺水天数"), unit="天", example="3", at_most="366"),
        Column(
            "longest_cut_days",
            aliases=("最长停水天数", "连续停水天数"),
            unit="天",
            example="2",
            at_most="366",
        ),
        Column(
            "verdict",
            aliases=("饮水安全评价", "是否安全"),
            example="安全",
            values={"是": "safe", "达标": "safe", "否": "unsafe", "不达标": "unsafe"},
        ),
        Column("tested_on", aliases=("评价时间", "检测日期"), example="2026-10-15", past_only=True),
    ),
    checks=(
        Check(
            code="longest_cut_over_all_cuts",
            column="longest_cut_days",
            condition="s.longest_cut_days <= s.cut_days",
            problem="最长连续停水天数大于全年停水天数",
            fix="两列可能填反，请核对。",
        ),
        Check(
            code="safe_with_bad_water",
            column="verdict",
            condition="s.verdict <> 'safe' OR s.quality <> 'bad'",
            problem="水质不达标却评价为安全",
            fix="四项指标有一项不达标就不能评为安全，请核对水质或结论。",
        ),
    ),
)
