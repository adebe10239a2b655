"""Hardship seen at the counters of the approvals office.

Source: reference 4.4 row 25 (clue senders in Wangcang [P32]); due day to be confirmed.
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


class ApprovalsClue(Record):
    class Topic(models.TextChoices):
        ILLNESS = "illness", "因病"
        SCHOOLING = "schooling", "因学"
        DISASTER = "disaster", "因灾"
        HOUSING = "housing", "住房饮水"
        CLOSING = "closing", "停业歇业"
        LIVING = "living", "生活困难"

    class Result(models.TextChoices):
        WAITING = "waiting", "办理中"
        GRANTED = "granted", "已办结"
        REFUSED = "refused", "不符合条件"
        WITHDRAWN = "withdrawn", "已撤回"

    business_no = models.CharField("办件编号", max_length=40)
    matter = models.CharField("办理事项", max_length=80)
    topic = models.CharField("困难类别", max_length=10, choices=Topic)
    accepted_on = models.DateField("受理日期")
    result = models.CharField("办理结果", max_length=10, choices=Result)
    finished_on = models.DateField("办结日期", null=True, blank=True)

    class Meta:
        verbose_name = "审批窗口线索"
        verbose_name_plural = verbose_name
        ordering = ["-accepted_on", "id"]
        constraints = one_current_per("approvals_clue", "id_digest", "business_no")
        indexes = looked_up_by("approvals_clue", "accepted_on")

    def __str__(self) -> str:
        return f"{self.accepted_on} {self.matter}"


FEED = Feed(
    code="approvals_clue",
    title="审批窗口线索",
    model=ApprovalsClue,
    department="approvals",
    purpose="把窗口办事时发现的家庭困难转为风险线索，及时入户核实（防止返贫监测）。",
    source="行政审批局窗口台账（参照旺苍线索部门）；数据项和报送日待核定",
    due_day=5,
    natural_key=("id_number", "business_no"),
    valid_on="accepted_on",
    note="只报办事时反映困难的人，不是全部办件；不收申请材料。",
    columns=(
        Column("person_name", aliases=("申请人", "申请人姓名", "办事人"), example="韦某某"),
        id_number_column("身份证号码", "证件号码", "申请人身份证号"),
        Column("business_no", aliases=("办件号", "受理编号"), example="SP2026100086"),
        Column("matter", aliases=("事项名称", "申请事项"), example="个体工商户注销登记"),
        Column(
            "topic",
            aliases=("问题类别", "困难类型"),
            example="停业歇业",
            values={
                "大病": "illness",
                "上学": "schooling",
                "灾害": "disaster",
                "住房": "housing",
                "停业": "closing",
                "歇业": "closing",
                "困难": "living",
            },
        ),
        Column(
            "accepted_on", aliases=("受理时间", "申请日期"), example="2026-10-13", past_only=True
        ),
        Column(
            "result",
            aliases=("结果", "办件状态"),
            example="已办结",
            values={
                "受理中": "waiting",
                "办结": "granted",
                "准予": "granted",
                "不予许可": "refused",
                "退件": "refused",
                "撤回": "withdrawn",
            },
        ),
        Column(
            "finished_on",
            aliases=("办结时间",),
            example="2026-10-16",
            meaning="还在办理的留空。",
            past_only=True,
        ),
    ),
    checks=(
        Check(
            code="finish_does_not_fit_result",
            column="finished_on",
            condition="(s.result = 'waiting') = (s.finished_on IS NULL)",
            problem="办理结果与办结日期不符",
            fix="还在办理的把办结日期留空；其他的填办结日期。",
        ),
        Check(
            code="finished_before_accepted",
            column="finished_on",
            condition="s.finished_on IS NULL OR s.finished_on >= s.accepted_on",
            problem="办结日期早于受理日期",
            fix="两列可能填反，请核对办件。",
        ),
    ),
)
