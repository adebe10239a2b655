"""Medical settlements: every stay or chronic-disease visit settled by basic insurance.

Source: reference 4.4 row 1 (claims, self-paid after three tiers). Monthly by the 5th [A2][K7].
"""

from django.db import models

from monitoring.feeds.record import (
    CURRENT,
    Check,
    Column,
    Feed,
    Record,
    id_number_column,
    replaced_by,
)


class MedicalSettlement(Record):
    class Care(models.TextChoices):
        INPATIENT = "inpatient", "住院"
        CHRONIC = "chronic", "门诊慢特病"
        OUTPATIENT = "outpatient", "普通门诊"

    class Kind(models.TextChoices):
        NORMAL = "normal", "正常"
        REVERSAL = "reversal", "冲正"

    settlement_no = models.CharField("结算单号", max_length=40)
    kind = models.CharField("结算类型", max_length=10, choices=Kind)
    hospital = models.CharField("医疗机构", max_length=80)
    care = models.CharField("就诊类别", max_length=12, choices=Care)
    disease = models.CharField("主要诊断", max_length=80, blank=True)
    settled_on = models.DateField("结算日期")
    total_yuan = models.DecimalField("总费用", max_digits=12, decimal_places=2)
    basic_paid_yuan = models.DecimalField("基本医保支付", max_digits=12, decimal_places=2)
    serious_paid_yuan = models.DecimalField("大病保险支付", max_digits=12, decimal_places=2)
    assistance_paid_yuan = models.DecimalField("医疗救助支付", max_digits=12, decimal_places=2)
    self_paid_yuan = models.DecimalField("个人自付", max_digits=12, decimal_places=2)

    class Meta:
        verbose_name = "医疗费用结算"
        verbose_name_plural = verbose_name
        ordering = ["-settled_on", "id"]
        constraints = [
            models.UniqueConstraint(
                name="medical_settlement_key", fields=["settlement_no"], condition=CURRENT
            )
        ]
        indexes = [
            models.Index(
                fields=["settled_on"],
                include=["person", "self_paid_yuan"],
                name="medical_settlement_recent",
                condition=CURRENT,
            ),
            models.Index(fields=["person", "settled_on"], name="medical_settlement_person"),
            models.Index(
                fields=["id_digest"],
                name="medical_settlement_unmatched",
                condition=models.Q(person=None),
            ),
            replaced_by("medical_settlement"),
        ]

    def __str__(self) -> str:
        return f"{self.settled_on} {self.get_care_display()}"


FEED = Feed(
    code="medical_settlement",
    title="医疗费用结算",
    model=MedicalSettlement,
    department="medical_insurance",
    purpose="发现医疗自付负担过重、有返贫致贫风险的家庭（防止返贫监测）。",
    source="医保局三重保障结算数据；外地多为每月 5 日报送，本区报送日待核定",
    due_day=5,
    natural_key=("settlement_no",),
    valid_on="settled_on",
    arithmetic=(
        "total_yuan",
        "basic_paid_yuan",
        "serious_paid_yuan",
        "assistance_paid_yuan",
        "self_paid_yuan",
    ),
    columns=(
        Column("person_name", aliases=("患者姓名", "参保人姓名"), example="韦某某"),
        id_number_column("身份证号码", "证件号码", "公民身份号码"),
        Column("settlement_no", aliases=("结算号", "结算流水号"), example="JS202611000123"),
        Column(
            "kind",
            aliases=("业务类型",),
            example="正常",
            values={"正常结算": "normal", "退费": "reversal", "撤销": "reversal"},
            meaning="冲正时各金额填负数，另起结算单号。",
        ),
        Column("hospital", aliases=("医院名称", "定点机构名称"), example="宜州区某定点医院"),
        Column(
            "care",
            aliases=("医疗类别", "就医类别"),
            example="住院",
            values={"普通住院": "inpatient", "门诊特殊慢性病": "chronic", "门诊": "outpatient"},
        ),
        Column("disease", aliases=("诊断", "病种"), example="慢性肾脏病 5 期"),
        Column("settled_on", aliases=("结算时间",), example="2026-10-12", past_only=True),
        Column("total_yuan", aliases=("医疗总费用", "总金额"), unit="元", example="18640.00"),
        Column(
            "basic_paid_yuan",
            aliases=("统筹支付", "基本医保报销"),
            unit="元",
            example="11184.00",
        ),
        Column("serious_paid_yuan", aliases=("大病报销",), unit="元", example="1200.00"),
        Column("assistance_paid_yuan", aliases=("医疗救助",), unit="元", example="0.00"),
        Column(
            "self_paid_yuan",
            aliases=("个人自付金额", "自付金额", "三重保障后自付"),
            unit="元",
            example="6256.00",
        ),
    ),
    checks=(
        Check(
            code="self_paid_over_total",
            column="self_paid_yuan",
            condition="abs(s.self_paid_yuan) <= abs(s.total_yuan)",
            problem="个人自付大于总费用",
            fix="两列可能填反，请核对结算单。",
        ),
        Check(
            code="parts_do_not_add_up",
            column="total_yuan",
            condition=(
                "abs(s.total_yuan - s.basic_paid_yuan - s.serious_paid_yuan"
                " - s.assistance_paid_yuan - s.self_paid_yuan) <= 0.05"
            ),
            problem="总费用与各项支付之和不符",
            fix="总费用应等于基本医保、大病保险、医疗救助与个人自付之和，请核对后重报。",
        ),
        Check(
            code="sign_does_not_fit_kind",
            column="kind",
            condition=(
                "(s.kind = 'normal' AND s.total_yuan >= 0 AND s.self_paid_yuan >= 0)"
                " OR (s.kind = 'reversal' AND s.total_yuan <= 0 AND s.self_paid_yuan <= 0)"
            ),
            problem="金额正负与结算类型不符",
            fix="正常结算填正数；冲正填负数，并在“结算类型”填“冲正”。",
        ),
    ),
)
