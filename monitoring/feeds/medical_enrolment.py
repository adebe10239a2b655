"""Basic medical insurance enrolment: who is insured in which scheme this year, the whole list.

Source: reference 4.4 row 1, 3.6 (uninsured member) and 3.8 (two schemes at once); enrolment target
in [A11]. Due day to be confirmed.
"""

from django.db import models

from monitoring.feeds.record import (
    Check,
    Column,
    Feed,
    Record,
    Rhythm,
    id_number_column,
    looked_up_by,
    one_current_per,
)


class MedicalEnrolment(Record):
    class Scheme(models.TextChoices):
        RESIDENT = "resident", "城乡居民基本医疗保险"
        EMPLOYEE = "employee", "城镇职工基本医疗保险"

    class Standing(models.TextChoices):
        INSURED = "insured", "正常参保"
        SUSPENDED = "suspended", "暂停参保"
        UNINSURED = "uninsured", "未参保"

    class Payer(models.TextChoices):
        SELF = "self", "个人缴费"
        PART_AID = "part_aid", "定额资助"
        FULL_AID = "full_aid", "全额资助"
        EMPLOYER = "employer", "单位缴费"
        NOBODY = "nobody", "未缴费"

    insured_year = models.PositiveSmallIntegerField("参保年度")
    scheme = models.CharField("参保险种", max_length=10, choices=Scheme)
    standing = models.CharField("参保状态", max_length=10, choices=Standing)
    payer = models.CharField("缴费方式", max_length=10, choices=Payer)
    paid_yuan = models.DecimalField("个人缴费金额", max_digits=8, decimal_places=2)
    paid_on = models.DateField("缴费日期", null=True, blank=True)
    counted_on = models.DateField("统计日期")

    class Meta:
        verbose_name = "基本医保参保"
        verbose_name_plural = verbose_name
        ordering = ["-counted_on", "id"]
        # The scheme belongs to the key: enrolment in both is a finding, not a repeated row.
        constraints = one_current_per("medical_enrolment", "id_digest", "insured_year", "scheme")
        indexes = looked_up_by("medical_enrolment", "counted_on")

    def __str__(self) -> str:
        return f"{self.insured_year} {self.get_standing_display()}"


FEED = Feed(
    code="medical_enrolment",
    title="基本医保参保",
    model=MedicalEnrolment,
    department="medical_insurance",
    purpose="发现未参加基本医疗保险的家庭成员，核对重复参保（基本医疗有保障）。",
    source="医保局参保缴费名册（监测内容见防返贫摸排表“有家庭成员未参加基本医疗保险”）；报送日待核定",
    due_day=10,
    natural_key=("id_number", "insured_year", "scheme"),
    valid_on="counted_on",
    rhythm=Rhythm.WHOLE_LIST,
    note="每次报送本年度全部应参保人员，含未参保的；年度集中缴费期内每月更新。",
    columns=(
        Column("person_name", aliases=("参保人姓名", "参保人"), example="韦某某"),
        id_number_column("身份证号码", "证件号码", "公民身份号码"),
        Column(
            "insured_year",
            aliases=("年度", "缴费年度"),
            unit="年",
            example="2026",
            meaning="四位年份。",
            at_least="2015",
            at_most="2100",
        ),
        Column(
            "scheme",
            aliases=("险种", "险种类型"),
            example="城乡居民基本医疗保险",
            meaning="未参保的人填应当参加的险种。",
            values={
                "居民医保": "resident",
                "城乡居民医保": "resident",
                "城乡居民": "resident",
                "新农合": "resident",
                "职工医保": "employee",
                "城镇职工医保": "employee",
                "城镇职工": "employee",
            },
        ),
        Column(
            "standing",
            aliases=("状态", "参保情况"),
            example="正常参保",
            values={
                "参保": "insured",
                "已参保": "insured",
                "正常": "insured",
                "暂停": "suspended",
                "中断": "suspended",
                "中断参保": "suspended",
                "未参": "uninsured",
                "否": "uninsured",
                "是": "insured",
            },
        ),
        Column(
            "payer",
            aliases=("资助类型", "缴费类别"),
            example="定额资助",
            values={
                "自缴": "self",
                "个人": "self",
                "部分资助": "part_aid",
                "差额资助": "part_aid",
                "全额": "full_aid",
                "单位": "employer",
                "单位代扣": "employer",
                "未缴": "nobody",
            },
        ),
        Column(
            "paid_yuan",
            aliases=("个人缴费", "个人实缴金额"),
            unit="元",
            example="200.00",
            at_least="0",
            meaning="本人实际缴纳的部分；没有缴的填 0。",
        ),
        Column("paid_on", aliases=("缴费时间",), example="2026-01-15", past_only=True),
        Column(
            "counted_on", aliases=("数据日期", "截止日期"), example="2026-11-01", past_only=True
        ),
    ),
    checks=(
        Check(
            code="paid_but_uninsured",
            column="standing",
            condition="s.standing <> 'uninsured' OR (s.paid_yuan = 0 AND s.payer = 'nobody')",
            problem="未参保却有缴费",
            fix="已缴费的把参保状态改为“正常参保”；确未参保的，缴费金额填 0，缴费方式填“未缴费”。",
        ),
        Check(
            code="insured_but_nobody_paid",
            column="payer",
            condition="s.standing <> 'insured' OR s.payer <> 'nobody'",
            problem="正常参保却填了“未缴费”",
            fix="核对参保状态；全额资助的，缴费方式填“全额资助”。",
        ),
        Check(
            code="full_aid_but_paid",
            column="paid_yuan",
            condition="s.payer <> 'full_aid' OR s.paid_yuan = 0",
            problem="全额资助却有个人缴费",
            fix="个人缴了一部分的，缴费方式改为“定额资助”；全额资助的金额填 0。",
        ),
        Check(
            code="paid_after_count",
            column="paid_on",
            condition="s.paid_on IS NULL OR s.paid_on <= s.counted_on",
            problem="缴费日期晚于统计日期",
            fix="核对两个日期，统计日期填数据截止的那一天。",
        ),
    ),
)
