"""Hardship of a named family seen in the news, on the net or on the hotline.

Source: reference 4.4 row 25 (publicity and network office, clue senders in Wangcang [P32]); due
day to be confirmed.
"""

from django.db import models

from monitoring.feeds.record import Check, Column, Feed, Record, looked_up_by, one_current_per


class PublicOpinionClue(Record):
    class Channel(models.TextChoices):
        NEWS = "news", "新闻报道"
        NETWORK = "network", "网络平台"
        HOTLINE = "hotline", "热线留言"
        FUNDRAISING = "fundraising", "网络筹款"

    class Topic(models.TextChoices):
        ILLNESS = "illness", "因病"
        SCHOOLING = "schooling", "因学"
        DISASTER = "disaster", "因灾"
        ACCIDENT = "accident", "意外事故"
        HOUSING = "housing", "住房饮水"
        LIVING = "living", "生活困难"

    clue_no = models.CharField("线索编号", max_length=40)
    channel = models.CharField("发现渠道", max_length=12, choices=Channel)
    topic = models.CharField("困难类别", max_length=10, choices=Topic)
    found_on = models.DateField("发现日期")
    gist = models.CharField("情况摘要", max_length=100)

    class Meta:
        verbose_name = "舆情线索"
        verbose_name_plural = verbose_name
        ordering = ["-found_on", "id"]
        constraints = one_current_per("opinion_clue", "id_digest", "clue_no")
        indexes = looked_up_by("opinion_clue", "found_on")

    def __str__(self) -> str:
        return f"{self.found_on} {self.get_topic_display()}"


FEED = Feed(
    code="public_opinion_clue",
    title="舆情线索",
    model=PublicOpinionClue,
    department="publicity",
    purpose="把公开报道和网络上反映的家庭困难转为风险线索，及时入户核实（防止返贫监测）。",
    source="宣传部（网信办）舆情台账（参照旺苍线索部门）；数据项和报送日待核定",
    due_day=5,
    natural_key=("id_number", "clue_no"),
    valid_on="found_on",
    note="只报困难家庭本人，不收发布者、转发者的身份和账号；摘要只写困难，不写评论。",
    columns=(
        Column("person_name", aliases=("困难人员姓名", "涉及人员"), example="韦某某"),
        Column(
            "id_number",
            aliases=("身份证号码", "证件号码", "涉及人员身份证号"),
            example="990101198001011236",
            meaning="18 位居民身份证号，文本格式；由村里核实后填写。",
        ),
        Column("clue_no", aliases=("舆情编号", "编号"), example="YQ2026100007"),
        Column(
            "channel",
            aliases=("来源", "来源渠道"),
            example="网络筹款",
            values={
                "媒体": "news",
                "微博": "network",
                "抖音": "network",
                "网络": "network",
                "12345": "hotline",
                "12345热线": "hotline",
                "水滴筹": "fundraising",
            },
        ),
        Column(
            "topic",
            aliases=("问题类别", "类别"),
            example="因病",
            values={
                "大病": "illness",
                "上学": "schooling",
                "灾害": "disaster",
                "事故": "accident",
                "住房": "housing",
                "饮水": "housing",
                "困难": "living",
            },
        ),
        Column("found_on", aliases=("监测日期", "登记日期"), example="2026-10-19", past_only=True),
        Column(
            "gist",
            aliases=("摘要", "主要内容"),
            example="家中一人重病，自付费用较高，在网上筹款。",
            meaning="100 字以内，只写困难情况。",
        ),
    ),
    checks=(
        Check(
            code="gist_too_short",
            column="gist",
            condition="length(s.gist) >= 6",
            problem="情况摘要太短，无法据此入户核实",
            fix="请用一句话写明谁、遇到什么困难。",
        ),
    ),
)
