"""Court cases with money at stake: debtors, creditors and victims who wait for compensation.

Source: reference 4.4 row 23 (compensation, enforcement; debtor or victim); due day to be
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


class CourtCase(Record):
    class Part(models.TextChoices):
        DEBTOR = "debtor", "被执行人"
        CREDITOR = "creditor", "申请执行人"
        VICTIM = "victim", "受害人"

    class Standing(models.TextChoices):
        RUNNING = "running", "执行中"
        STOPPED = "stopped", "终结本次执行"
        SETTLED = "settled", "执行完毕"
        AIDED = "aided", "司法救助"

    case_no = models.CharField("案号", max_length=40)
    part = models.CharField("当事人地位", max_length=10, choices=Part)
    filed_on = models.DateField("立案日期")
    claimed_yuan = models.DecimalField("标的金额", max_digits=14, decimal_places=2)
    received_yuan = models.DecimalField("到位金额", max_digits=14, decimal_places=2)
    standing = models.CharField("执行情况", max_length=10, choices=Standing)

    class Meta:
        verbose_name = "涉案执行情况"
        verbose_name_plural = verbose_name
        ordering = ["-filed_on", "id"]
        constraints = one_current_per("court_case", "id_digest", "case_no")
        indexes = looked_up_by("court_case", "filed_on")

    def __str__(self) -> str:
        return f"{self.case_no} {self.get_standing_display()}"


FEED = Feed(
    code="court_case",
    title="涉案执行情况",
    model=CourtCase,
    department="court",
    purpose="发现负债被执行或赔偿拿不到、生活可能困难的家庭（防止返贫监测）。",
    source="法院执行和司法救助台账；共享依据、数据项和报送日待核定",
    due_day=15,
    natural_key=("id_number", "case_no"),
    valid_on="filed_on",
    note="不收案情、案由和对方当事人；离婚、未成年人和不公开审理的案件不报。",
    columns=(
        Column("person_name", aliases=("当事人", "当事人姓名"), example="韦某某"),
        id_number_column("身份证号码", "证件号码", "当事人身份证号"),
        Column("case_no", aliases=("案件编号", "执行案号"), example="（2026）桂1203执123号"),
        Column(
            "part",
            aliases=("诉讼地位", "当事人类型"),
            example="申请执行人",
            values={"被执行": "debtor", "申请人": "creditor", "被害人": "victim"},
        ),
        Column("filed_on", aliases=("立案时间", "受理日期"), example="2026-07-06", past_only=True),
        Column(
            "claimed_yuan",
            aliases=("执行标的", "申请执行金额"),
            unit="元",
            example="86000.00",
            at_least="0",
        ),
        Column(
            "received_yuan",
            aliases=("执行到位金额", "已到位"),
            unit="元",
            example="12000.00",
            meaning="没有到位的填 0；不含司法救助金。",
            at_least="0",
        ),
        Column(
            "standing",
            aliases=("执行状态", "案件状态"),
            example="执行中",
            values={
                "在执": "running",
                "终本": "stopped",
                "终结执行": "stopped",
                "结案": "settled",
                "执结": "settled",
                "已救助": "aided",
            },
        ),
    ),
    checks=(
        Check(
            code="received_over_claim",
            column="received_yuan",
            condition="s.received_yuan <= s.claimed_yuan",
            problem="到位金额大于标的金额",
            fix="两列可能填反；利息并入标的金额后再报。",
        ),
    ),
)
