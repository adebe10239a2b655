"""Uploads: one batch of one department's data set, from receipt to merge, with its faults."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from grid.models import Account, Department, DepartmentKey
from monitoring.feeds import FEEDS
from yizhou.deferred import LeasedJob


class Upload(LeasedJob):
    """One batch. rows_in = accepted + unchanged + faulty + duplicate + blank, by constraint.

    `stage` is what the sender sees; `job_state` (LeasedJob) is what the workers see.
    """

    SCOPE = "department"

    class Stage(models.TextChoices):
        RECEIVED = "received", "已收到"
        CHECKING = "checking", "校验中"
        DECIDING = "deciding", "待您决定"
        HELD = "held", "待核实"
        MERGING = "merging", "入库中"
        MERGED = "merged", "已入库"
        REFUSED = "refused", "不能入库"
        DISCARDED = "discarded", "已放弃"
        UNDOING = "undoing", "撤回中"
        UNDONE = "undone", "已撤回"

    UNDER_WAY = (Stage.RECEIVED, Stage.CHECKING, Stage.DECIDING, Stage.HELD, Stage.MERGING)

    class OnFaults(models.TextChoices):
        TAKE_GOOD = "take_good", "先入库无误的行"
        TAKE_NOTHING = "take_nothing", "有错则全部不入库"
        ASK = "ask", "校验后由我决定"

    class Channel(models.TextChoices):
        API_FILE = "api_file", "接口（文件）"
        API_ROWS = "api_rows", "接口（逐条）"
        PAGE = "page", "网页"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    feed = models.CharField("数据集", max_length=40)
    department = models.ForeignKey(
        Department, verbose_name="部门", on_delete=models.PROTECT, related_name="uploads"
    )
    channel = models.CharField("渠道", max_length=10, choices=Channel)
    filename = models.CharField("文件名", max_length=200, blank=True)
    size_bytes = models.PositiveBigIntegerField("大小（字节）")
    sha256 = models.CharField("内容指纹", max_length=64)
    submitted_by = models.ForeignKey(
        Account,
        verbose_name="报送人",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="uploads",
    )
    submitted_key = models.ForeignKey(
        DepartmentKey, verbose_name="报送密钥", null=True, blank=True, on_delete=models.PROTECT
    )
    idempotency_key = models.CharField("防重键", max_length=80, blank=True)
    received_at = models.DateTimeField("收到时间", auto_now_add=True)
    as_of = models.DateField(
        "数据截止日",
        default=timezone.localdate,
        help_text="这批数据反映到哪一天。较早的一批不会覆盖较新的数据。",
    )
    is_correction = models.BooleanField(
        "更正文件", default=False, help_text="更正以前报送的内容：不论截止日，以这一批为准。"
    )
    on_faults = models.CharField("遇错时", max_length=12, choices=OnFaults)
    stage = models.CharField("阶段", max_length=10, choices=Stage, default=Stage.RECEIVED)
    refusal = models.CharField("不能入库的原因", max_length=400, blank=True)
    notes = models.JSONField(
        "校验说明", default=dict, help_text="编码、表头行、未用列、跳过的合计行等。"
    )

    rows_in = models.PositiveIntegerField("收到行", default=0)
    accepted = models.PositiveIntegerField("入库行", default=0)
    unchanged = models.PositiveIntegerField("无变化行", default=0)
    faulty = models.PositiveIntegerField("错误行", default=0)
    duplicate = models.PositiveIntegerField("重复行", default=0)
    blank = models.PositiveIntegerField("空行", default=0)
    unmatched = models.PositiveIntegerField("未匹配到人的行", default=0)
    held_for = models.JSONField(
        "待核实的原因", default=list, help_text="质量关口：比上批少一半、九成有变化、金额全为零。"
    )
    released_by = models.ForeignKey(
        Account,
        verbose_name="核实放行人",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    harm = models.JSONField(
        "错误行的影响", default=dict, help_text="households：因错误行没有进入研判的户数。"
    )
    checked_at = models.DateTimeField("校验完成", null=True, blank=True)
    merged_at = models.DateTimeField("入库完成", null=True, blank=True)

    class Meta:
        verbose_name = "数据报送"
        verbose_name_plural = verbose_name
        ordering = ["-received_at"]
        indexes = [
            models.Index(fields=["department", "-received_at"], name="upload_by_department"),
            models.Index(fields=["feed", "-merged_at"], name="upload_by_feed"),
        ]
        constraints = [
            models.UniqueConstraint(
                name="upload_same_content_once",
                fields=["feed", "department", "sha256", "is_correction"],
                condition=~Q(stage__in=["refused", "discarded", "undone"]),
            ),
            models.UniqueConstraint(
                name="upload_idempotency_key_once",
                fields=["department", "idempotency_key"],
                condition=~Q(idempotency_key=""),
            ),
            models.CheckConstraint(
                name="upload_rows_add_up",
                condition=~Q(stage="merged")
                | Q(
                    rows_in=F("accepted")
                    + F("unchanged")
                    + F("faulty")
                    + F("duplicate")
                    + F("blank")
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.feed} {self.received_at:%Y-%m-%d %H:%M}"

    @property
    def feed_title(self) -> str:
        return FEEDS[self.feed].title

    @property
    def is_under_way(self) -> bool:
        """Not over yet: the program or a person has a next step to take."""
        return self.stage in self.UNDER_WAY

    @property
    def sent_by(self) -> str:
        if self.submitted_by:
            return self.submitted_by.name
        return f"密钥 {self.submitted_key.prefix}…" if self.submitted_key else "系统"


class UploadUndo(LeasedJob):
    """Taking a merged batch back: every row of it is reversed, kept with a reason, or failed."""

    SCOPE = "upload__department"

    upload = models.OneToOneField(Upload, on_delete=models.PROTECT, related_name="undo")
    asked_by = models.ForeignKey(
        Account, verbose_name="撤回人", null=True, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField("撤回时间", auto_now_add=True)
    reason = models.CharField("撤回原因", max_length=200)
    reversed = models.PositiveIntegerField("已撤回行", default=0)
    restored = models.PositiveIntegerField("恢复的原记录", default=0)
    kept = models.PositiveIntegerField("保留行", default=0)
    failed = models.PositiveIntegerField("未能撤回行", default=0)

    class Meta:
        verbose_name = "批次撤回"
        verbose_name_plural = verbose_name
        ordering = ["-asked_at"]

    def __str__(self) -> str:
        return f"{self.upload_id} {self.asked_at:%Y-%m-%d}"


class UploadUndoRow(models.Model):
    """A row that was not reversed, and why."""

    class Outcome(models.TextChoices):
        KEPT = "kept", "保留"
        FAILED = "failed", "未能撤回"

    undo = models.ForeignKey(UploadUndo, on_delete=models.CASCADE, related_name="rows")
    row_number = models.PositiveIntegerField("原表行号")
    outcome = models.CharField("结果", max_length=8, choices=Outcome)
    reason = models.CharField("原因", max_length=200)

    class Meta:
        ordering = ["row_number"]
        indexes = [models.Index(fields=["undo", "outcome", "row_number"], name="undo_row")]

    def __str__(self) -> str:
        return f"{self.row_number} {self.outcome}"


class UploadChunk(models.Model):
    """A sealed piece of the file, so that any worker on any host can read it back.

    Besides the file itself the faulty rows are kept, as the workbook the sender corrects.
    """

    class Part(models.TextChoices):
        FILE = "file", "原文件"
        FAULTS = "faults", "错误行文件"

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="chunks")
    part = models.CharField(max_length=6, choices=Part, default=Part.FILE)
    number = models.PositiveIntegerField()
    sealed = models.BinaryField()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(name="upload_chunk_once", fields=["upload", "part", "number"])
        ]

    def __str__(self) -> str:
        return f"{self.upload_id}/{self.number}"


class UploadFault(models.Model):
    """One thing wrong with one cell: what was seen, what is allowed, how to put it right."""

    SCOPE = "upload__department"

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="faults")
    row_number = models.PositiveIntegerField("原表行号")
    column = models.CharField("列", max_length=40, blank=True)
    code = models.CharField("错误类别", max_length=30)
    seen = models.CharField("填的内容", max_length=120, blank=True)
    problem = models.CharField("问题", max_length=200)
    fix = models.CharField("怎么改", max_length=200)
    is_duplicate = models.BooleanField("属于重复行", default=False)

    class Meta:
        verbose_name = "错误行"
        verbose_name_plural = verbose_name
        ordering = ["row_number", "id"]
        indexes = [models.Index(fields=["upload", "row_number"], name="fault_by_row")]

    def __str__(self) -> str:
        return f"第 {self.row_number} 行 {self.problem}"
