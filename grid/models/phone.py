"""Phones of the field: enrolled devices, the key their letters are sealed to, and what they sent.

A phone seals every visit as an envelope before it leaves its hand. What arrives is kept for good
under the county's own key ring, whatever becomes of it: nothing a worker wrote is ever dropped.
"""

import uuid
from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from grid.models.account import Account
from grid.models.household import Household
from grid.models.person import Person
from grid.models.visit import Visit


class PhoneQuerySet(models.QuerySet):
    def live(self, at: datetime) -> Self:
        return self.filter(ended_at=None, expires_at__gt=at)


class Phone(models.Model):
    """A device an account works on. `code` is the smallest place that holds the worker's posts.

    Only the hash of the token is kept; the token lives in a cookie that scripts cannot read.
    """

    SCOPE = "code"

    class State(models.TextChoices):
        LIVE = "live", "在用"
        WIPE_ORDERED = "wipe_ordered", "等待清除"
        WIPED = "wiped", "已清除"
        EXPIRED = "expired", "已过期"
        ENDED = "ended", "已停用"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(
        Account, verbose_name="使用人", on_delete=models.PROTECT, related_name="phones"
    )
    install = models.UUIDField("安装编号")
    name = models.CharField("手机名称", max_length=60, blank=True)
    code = models.CharField("区划代码", max_length=20, db_collation="C", db_index=True)
    token_hash = models.BinaryField("令牌摘要", max_length=32, unique=True, editable=False)
    enrolled_at = models.DateTimeField("登记时间")
    expires_at = models.DateTimeField("有效期至")
    last_contact_at = models.DateTimeField("最近联系")
    last_address = models.GenericIPAddressField("最近地址", null=True, blank=True)
    unsent = models.PositiveIntegerField("未送出", default=0)
    oldest_unsent_at = models.DateTimeField("最早未送出", null=True, blank=True)
    pack_taken_at = models.DateTimeField("最近取数据包", null=True, blank=True)
    wipe_ordered_at = models.DateTimeField("下令清除", null=True, blank=True)
    wipe_ordered_by = models.ForeignKey(
        Account,
        verbose_name="下令人",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    wipe_reason = models.CharField("清除事由", max_length=200, blank=True)
    wiped_at = models.DateTimeField("清除完成", null=True, blank=True)
    ended_at = models.DateTimeField("停用时间", null=True, blank=True)
    end_reason = models.CharField("停用事由", max_length=200, blank=True)

    objects = PhoneQuerySet.as_manager()

    class Meta:
        verbose_name = "手机"
        verbose_name_plural = verbose_name
        ordering = ["-last_contact_at", "id"]
        constraints = [
            models.UniqueConstraint(name="phone_once_per_install", fields=["account", "install"]),
            models.CheckConstraint(
                name="phone_wipe_has_reason",
                condition=Q(wipe_ordered_at=None) | ~Q(wipe_reason=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name or str(self.pk)[:8]

    @property
    def state(self) -> State:
        if self.ended_at is not None:
            return self.State.ENDED
        if self.wiped_at is not None:
            return self.State.WIPED
        if self.wipe_ordered_at is not None:
            return self.State.WIPE_ORDERED
        return self.State.EXPIRED if self.expires_at <= timezone.now() else self.State.LIVE


OLD_KEYS_OPEN = timedelta(days=60)


class FieldKey(models.Model):
    """The RSA key pair that phones seal to. The private half lies sealed under the key ring."""

    kid = models.CharField("密钥编号", max_length=16, primary_key=True)
    spki = models.TextField("公钥（SPKI，Base64）")
    private_sealed = models.BinaryField("私钥（密封）", editable=False)
    made_at = models.DateTimeField("生成时间", auto_now_add=True)
    retired_at = models.DateTimeField("停用时间", null=True, blank=True)

    class Meta:
        verbose_name = "手机信封密钥"
        verbose_name_plural = verbose_name
        ordering = ["-made_at"]
        constraints = [
            models.UniqueConstraint(
                models.Value(1), name="field_key_one_current", condition=Q(retired_at=None)
            )
        ]

    def __str__(self) -> str:
        return self.kid

    def opens(self, at: datetime) -> bool:
        """The present key, and a retired one for 60 days more."""
        return self.retired_at is None or at < self.retired_at + OLD_KEYS_OPEN


class EnvelopeQuerySet(models.QuerySet):
    def held(self) -> Self:
        return self.filter(state=Envelope.State.HELD)


class Envelope(models.Model):
    """Everything a phone sent in one letter, kept as it came, with what became of it.

    `id` was made on the phone; `body_sealed` is the letter as JSON under the county's key ring;
    `digest` tells the same letter from another. `sentence` is what the worker was told.
    """

    SCOPE = "code"

    class Kind(models.TextChoices):
        VISIT = "visit", "走访"
        REPORT = "report", "上报新发现的户"

    class State(models.TextChoices):
        FILED = "filed", "已归档"
        EXTRA = "extra", "作为补充走访保存"
        HELD = "held", "待乡镇决定"
        INVALID = "invalid", "待更正"
        REPLACED = "replaced", "已由更正件代替"
        SET_ASIDE = "set_aside", "不采用，原件保留"

    class Because(models.TextChoices):
        """Why an envelope is held."""

        MOVED = "moved", "农户不在走访人的范围内"
        POST_ENDED = "post_ended", "走访人没有可以入户的职务"
        DISSOLVED = "dissolved", "农户已销户"
        OLD_FORM = "old_form", "表单版本太旧"
        WRONG_TIME = "wrong_time", "走访时间不可信"
        NO_HOUSEHOLD = "no_household", "登记里没有这一户"
        NO_VISIT = "no_visit", "要更正的走访不是本人的最新记录"
        REFUSED = "refused", "接收时被退回"

    id = models.UUIDField(primary_key=True, editable=False)
    kind = models.CharField("类别", max_length=8, choices=Kind)
    phone = models.ForeignKey(
        Phone, verbose_name="手机", on_delete=models.PROTECT, related_name="envelopes"
    )
    sender = models.ForeignKey(
        Account, verbose_name="发送人", on_delete=models.PROTECT, related_name="envelopes"
    )
    household = models.ForeignKey(
        Household,
        verbose_name="农户",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="envelopes",
    )
    code = models.CharField("区划代码", max_length=20, db_collation="C", db_index=True)
    visit = models.OneToOneField(
        Visit,
        verbose_name="走访记录",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="envelope",
    )
    replaces = models.ForeignKey(
        "self",
        verbose_name="代替",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="replaced_by",
        db_constraint=False,
    )
    state = models.CharField("状态", max_length=10, choices=State)
    because = models.CharField("待决原因", max_length=12, choices=Because, blank=True)
    sentence = models.CharField("答复", max_length=300)
    errors = models.JSONField("待更正之处", default=dict, blank=True)
    receipt = models.CharField("回执号", max_length=9, db_index=True)
    digest = models.BinaryField("原件摘要", max_length=16, editable=False)
    body_sealed = models.BinaryField("原件（密封）", editable=False)
    listed = models.JSONField("附件清单", default=list, blank=True)
    received_at = models.DateTimeField("收到时间", auto_now_add=True)
    phone_now = models.DateTimeField("发送时手机的时间", null=True, blank=True)
    clock_off = models.IntegerField("手机时钟偏差（秒）", default=0)
    decided_by = models.ForeignKey(
        Account,
        verbose_name="决定人",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    decided_at = models.DateTimeField("决定时间", null=True, blank=True)
    decision_reason = models.CharField("决定事由", max_length=200, blank=True)

    objects = EnvelopeQuerySet.as_manager()

    class Meta:
        verbose_name = "手机来件"
        verbose_name_plural = verbose_name
        ordering = ["-received_at", "id"]
        indexes = [
            models.Index(
                fields=["code", "received_at"],
                name="envelope_held",
                condition=Q(state="held"),
            ),
            models.Index(fields=["sender", "-received_at"], name="envelope_sender"),
        ]
        constraints = [
            models.CheckConstraint(
                name="envelope_held_has_cause",
                condition=~Q(state="held") | ~Q(because=""),
            ),
            models.CheckConstraint(
                name="envelope_set_aside_has_reason",
                condition=~Q(state="set_aside") | ~Q(decision_reason=""),
            ),
        ]

    def __str__(self) -> str:
        return self.receipt


class Attachment(models.Model):
    """A photo, a signature or a voice note of an envelope; its bytes lie sealed in pieces."""

    SCOPE = "envelope__code"

    class Kind(models.TextChoices):
        PHOTO = "photo", "照片"
        SIGNATURE = "signature", "签名"
        VOICE = "voice", "语音"

    id = models.UUIDField(primary_key=True, editable=False)
    envelope = models.ForeignKey(
        Envelope, verbose_name="来件", on_delete=models.PROTECT, related_name="attachments"
    )
    kind = models.CharField("类别", max_length=10, choices=Kind)
    slot = models.CharField("拍的什么", max_length=40, blank=True)
    media_type = models.CharField("格式", max_length=20)
    size = models.PositiveIntegerField("字节数")
    sha256 = models.CharField("校验和", max_length=64)
    taken_at = models.DateTimeField("拍摄时间", null=True, blank=True)
    received_at = models.DateTimeField("收到时间", auto_now_add=True)

    class Meta:
        verbose_name = "走访附件"
        verbose_name_plural = verbose_name
        ordering = ["received_at", "id"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.slot}".strip()


class AttachmentPiece(models.Model):
    """A sealed piece of an attachment, bound to its place in it."""

    attachment = models.ForeignKey(
        Attachment, verbose_name="附件", on_delete=models.PROTECT, related_name="pieces"
    )
    number = models.PositiveIntegerField("序号")
    sealed = models.BinaryField("内容（密封）", editable=False)

    class Meta:
        verbose_name = "附件分片"
        verbose_name_plural = verbose_name
        ordering = ["attachment", "number"]
        constraints = [
            models.UniqueConstraint(name="attachment_piece_once", fields=["attachment", "number"])
        ]

    def __str__(self) -> str:
        return f"{self.attachment_id} {self.number}"


class FactEditQuerySet(models.QuerySet):
    def clashing(self) -> Self:
        return self.filter(state__in=(FactEdit.State.CLASH, FactEdit.State.TOWNSHIP))


class FactEdit(models.Model):
    """A worker's change of one registered fact. A clash keeps both values until a person decides.

    `values_sealed` is JSON {"seen", "mine", "office"}: what the phone showed, what the worker
    wrote, what the registry said when it arrived.
    """

    SCOPE = "household__cell"

    class Field(models.TextChoices):
        ADDRESS = "address", "住址"
        PHONE = "phone", "电话"
        LABOUR = "labour", "劳动技能"
        HEALTH = "health", "健康状况"

    class State(models.TextChoices):
        APPLIED = "applied", "已改"
        CLASH = "clash", "两边不一致"
        TOWNSHIP = "township", "交乡镇定"
        MINE = "mine", "用走访填的"
        OFFICE = "office", "用登记的"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    envelope = models.ForeignKey(
        Envelope, verbose_name="来件", on_delete=models.PROTECT, related_name="edits"
    )
    household = models.ForeignKey(
        Household, verbose_name="农户", on_delete=models.PROTECT, related_name="fact_edits"
    )
    person = models.ForeignKey(
        Person,
        verbose_name="成员",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="fact_edits",
    )
    field = models.CharField("项目", max_length=10, choices=Field)
    by = models.ForeignKey(
        Account, verbose_name="填写人", on_delete=models.PROTECT, related_name="fact_edits"
    )
    written_at = models.DateTimeField("填写时间")
    arrived_at = models.DateTimeField("收到时间", auto_now_add=True)
    base_version = models.PositiveIntegerField("手机上的版本", default=0)
    values_sealed = models.BinaryField("三个值（密封）", editable=False)
    state = models.CharField("状态", max_length=10, choices=State)
    office_by = models.CharField("登记的来源", max_length=80, blank=True)
    office_at = models.DateTimeField("登记的时间", null=True, blank=True)
    decided_by = models.ForeignKey(
        Account,
        verbose_name="决定人",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    decided_at = models.DateTimeField("决定时间", null=True, blank=True)
    reason = models.CharField("事由", max_length=200, blank=True)

    objects = FactEditQuerySet.as_manager()

    class Meta:
        verbose_name = "登记事项的改动"
        verbose_name_plural = verbose_name
        ordering = ["-arrived_at", "id"]
        indexes = [
            models.Index(fields=["household", "field"], name="fact_edit_of_household"),
            models.Index(
                fields=["household"],
                name="fact_edit_clashing",
                condition=Q(state__in=["clash", "township"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_field_display()} {self.get_state_display()}"

    @property
    def subject_name(self) -> str:
        return self.person.name if self.person is not None else "本户"
