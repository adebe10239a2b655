"""Dibao suspended or ended, with the reason.

Source: reference 4.4 row 3 (exits; exit from dibao is a trigger). Due day to be confirmed.
"""

from django.db import models

from monitoring.feeds.record import Check, Column, Feed, Record, looked_up_by, one_current_per


class DibaoExit(Record):
    class Kind(models.TextChoices):
        RURAL = "rural", "农村低保"
        URBAN = "urban", "城市低保"

    class Ending(models.TextChoices):
        SUSPENDED = "suspended", "停发"
        ENDED = "ended", "退出"

    class Reason(models.TextChoices):
        INCOME = "income", "收入超过标准"
        PROPERTY = "property", "财产超过标准"
        DEATH = "death", "死亡"
        MOVED = "moved", "户籍迁出"
        TEKUN = "tekun", "转特困供养"
        OWN_WISH = "own_wish", "本人申请"
        NO_ANSWER = "no_answer", "未配合核查"
        OTHER = "other", "其他"

    kind = models.CharField("保障类别", max_length=10, choices=Kind)
    ending = models.CharField("退出方式", max_length=10, choices=Ending)
    stopped_on = models.DateField("停发日期")
    reason = models.CharField("退出原因", max_length=10, choices=Reason)
    reason_detail = models.CharField("其他原因说明", max_length=100, blank=True)
    people = models.PositiveSmallIntegerField("退出人数")
    last_amount_yuan = models.DecimalField(
        "停发前月金额", max_digits=10, decimal_places=2, null=True, blank=True
    )

    class Meta:
        verbose_name = "低保退出"
        verbose_name_plural = verbose_name
        ordering = ["-stopped_on", "id"]
        constraints = one_current_per("dibao_exit", "id_digest", "kind", "stopped_on")
        indexes = looked_up_by("dibao_exit", "stopped_on")

    def __str__(self) -> str:
        return f"{self.stopped_on} {self.get_reason_display()}"


FEED = Feed(
    code="dibao_exit",
    title="低保退出",
    model=DibaoExit,
    department="civil_affairs",
    purpose="发现退出低保后收入可能不稳的家庭，防止应保未保（防止返贫监测、社会救助）。",
    source="民政局低保停发、退出名册；报送日待核定",
    due_day=20,
    natural_key=("id_number", "kind", "stopped_on"),
    valid_on="stopped_on",
    note="每户一行，身份证号填申请人的。",
    columns=(
        Column("person_name", aliases=("申请人姓名", "户主姓名"), example="韦某某"),
        Column(
            "id_number",
            aliases=("身份证号码", "证件号码", "申请人身份证号"),
            example="990101198001011236",
            meaning="申请人的 18 位居民身份证号，文本格式。",
        ),
        Column(
            "kind",
            aliases=("低保类别",),
            example="农村低保",
            values={"农村": "rural", "城市": "urban", "城镇低保": "urban"},
        ),
        Column(
            "ending",
            aliases=("变动类型", "退出类型"),
            example="退出",
            values={"暂停": "suspended", "停保": "ended", "取消": "ended", "注销": "ended"},
        ),
        Column(
            "stopped_on", aliases=("退出日期", "停发时间"), example="2026-10-01", past_only=True
        ),
        Column(
            "reason",
            aliases=("停发原因", "停保原因"),
            example="收入超过标准",
            values={
                "收入超标": "income",
                "家庭收入超标": "income",
                "财产超标": "property",
                "死亡注销": "death",
                "迁出": "moved",
                "转特困": "tekun",
                "自愿退出": "own_wish",
                "主动退出": "own_wish",
                "不配合核查": "no_answer",
            },
        ),
        Column(
            "reason_detail",
            aliases=("原因说明",),
            example="长子外出务工，月收入增加",
            meaning="退出原因为“其他”时必填，其余可不填。",
        ),
        Column("people", aliases=("人数",), unit="人", example="3", at_least="1", at_most="20"),
        Column(
            "last_amount_yuan",
            aliases=("原月保障金", "停发前金额"),
            unit="元",
            example="735.00",
            at_least="0",
        ),
    ),
    checks=(
        Check(
            code="other_without_words",
            column="reason_detail",
            condition="s.reason <> 'other' OR s.reason_detail <> ''",
            problem="退出原因为“其他”但没有说明",
            fix="写明原因，或改选列表里的原因。",
        ),
        Check(
            code="suspended_for_good",
            column="ending",
            condition="s.ending <> 'suspended' OR s.reason NOT IN ('death', 'moved', 'tekun')",
            problem="死亡、迁出、转特困不是临时停发",
            fix="退出方式改为“退出”，或核对退出原因。",
        ),
    ),
)
