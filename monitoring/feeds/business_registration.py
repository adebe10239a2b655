"""Registered businesses: evidence of a going concern, and of one that closed.

Source: reference 4.4 row 15: registration is exclusion evidence [A12], deregistration a risk.
Due day to be confirmed.
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


class BusinessRegistration(Record):
    class Kind(models.TextChoices):
        SELF_EMPLOYED = "self_employed", "个体工商户"
        COMPANY = "company", "企业"
        COOPERATIVE = "cooperative", "农民专业合作社"

    class Capacity(models.TextChoices):
        OWNER = "owner", "经营者"
        LEGAL_PERSON = "legal_person", "法定代表人"
        SHAREHOLDER = "shareholder", "股东"
        MEMBER = "member", "合作社成员"

    class Standing(models.TextChoices):
        OPEN = "open", "存续"
        ABNORMAL = "abnormal", "经营异常"
        REVOKED = "revoked", "吊销"
        CLOSED = "closed", "注销"

    credit_code = models.CharField("统一社会信用代码", max_length=18)
    business_name = models.CharField("市场主体名称", max_length=80)
    kind = models.CharField("主体类型", max_length=16, choices=Kind)
    capacity = models.CharField("任职类型", max_length=16, choices=Capacity)
    registered_on = models.DateField("成立日期")
    standing = models.CharField("登记状态", max_length=10, choices=Standing)
    standing_on = models.DateField("状态日期")

    class Meta:
        verbose_name = "市场主体登记"
        verbose_name_plural = verbose_name
        ordering = ["-standing_on", "id"]
        constraints = one_current_per("business", "id_digest", "credit_code", "capacity")
        indexes = looked_up_by("business", "standing_on")

    def __str__(self) -> str:
        return f"{self.business_name} {self.get_standing_display()}"


FEED = Feed(
    code="business_registration",
    title="市场主体登记",
    model=BusinessRegistration,
    department="market_regulation",
    purpose="核对申请家庭是否办有企业，发现停业注销、收入可能下降的家庭（防止返贫监测）。",
    source="市场监管局登记数据（参照烟台等地做法）；数据项和报送日待核定",
    due_day=10,
    natural_key=("id_number", "credit_code", "capacity"),
    valid_on="standing_on",
    note="合作社普通成员不作排除依据；名下登记可能是被冒用，须入户核实。",
    columns=(
        Column("person_name", aliases=("法定代表人姓名", "经营者姓名"), example="韦某某"),
        id_number_column("身份证号码", "证件号码", "法定代表人身份证号", "经营者身份证号"),
        Column(
            "credit_code",
            aliases=("信用代码", "社会信用代码"),
            example="92450000MA00000001",
            meaning="18 位，字母大写。",
        ),
        Column("business_name", aliases=("企业名称", "字号名称"), example="宜州区某小卖部"),
        Column(
            "kind",
            aliases=("企业类型", "市场主体类型"),
            example="个体工商户",
            values={
                "个体": "self_employed",
                "有限责任公司": "company",
                "公司": "company",
                "个人独资企业": "company",
                "合作社": "cooperative",
            },
        ),
        Column(
            "capacity",
            aliases=("身份", "职务"),
            example="经营者",
            values={
                "法人": "legal_person",
                "法人代表": "legal_person",
                "投资人": "shareholder",
                "成员": "member",
            },
        ),
        Column(
            "registered_on", aliases=("注册日期", "登记日期"), example="2023-04-06", past_only=True
        ),
        Column(
            "standing",
            aliases=("经营状态", "状态"),
            example="注销",
            values={
                "在业": "open",
                "开业": "open",
                "异常": "abnormal",
                "已吊销": "revoked",
                "已注销": "closed",
            },
        ),
        Column(
            "standing_on",
            aliases=("变更日期", "注销日期"),
            example="2026-10-09",
            meaning="变成现在这个状态的日期；一直存续的填成立日期。",
            past_only=True,
        ),
    ),
    checks=(
        Check(
            code="credit_code_unreadable",
            column="credit_code",
            condition="length(s.credit_code) = 18 AND s.credit_code ~ '^[0-9A-Z]+$'",
            problem="统一社会信用代码不是 18 位数字和大写字母",
            fix="请按营业执照填写；没有换证的个体户，先补办统一代码。",
        ),
        Check(
            code="standing_before_founding",
            column="standing_on",
            condition="s.standing_on >= s.registered_on",
            problem="状态日期早于成立日期",
            fix="两列可能填反，请核对登记信息。",
        ),
    ),
)
