"""Transfers: a large file on its way in, part by part, until it becomes an upload."""

import uuid

from django.db import models
from django.db.models import F, Q

from grid.models import Account, Department, DepartmentKey
from monitoring.models.upload import Upload


class Transfer(models.Model):
    """One file of the tus protocol: `received` of `size_bytes` are here, sealed in parts."""

    SCOPE = "department"

    class Stage(models.TextChoices):
        OPEN = "open", "传输中"
        RECEIVED = "received", "已收齐"
        REFUSED = "refused", "不能受理"
        ENDED = "ended", "已取消"
        EXPIRED = "expired", "已过期"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    department = models.ForeignKey(
        Department, verbose_name="部门", on_delete=models.PROTECT, related_name="transfers"
    )
    started_by = models.ForeignKey(
        Account, verbose_name="报送人", null=True, on_delete=models.PROTECT, related_name="+"
    )
    started_key = models.ForeignKey(
        DepartmentKey, verbose_name="报送密钥", null=True, on_delete=models.PROTECT
    )
    feed = models.CharField("数据集", max_length=40)
    filename = models.CharField("文件名", max_length=200, blank=True)
    on_faults = models.CharField("遇错时", max_length=12, choices=Upload.OnFaults)
    idempotency_key = models.CharField("防重键", max_length=80, blank=True)
    as_of = models.DateField("数据截止日", null=True, blank=True)
    is_correction = models.BooleanField("更正文件", default=False)
    size_bytes = models.PositiveBigIntegerField("大小（字节）")
    received = models.PositiveBigIntegerField("已收（字节）", default=0)
    stage = models.CharField("阶段", max_length=8, choices=Stage, default=Stage.OPEN)
    refusal = models.CharField("不能受理的原因", max_length=400, blank=True)
    started_at = models.DateTimeField("开始时间", auto_now_add=True)
    expires_at = models.DateTimeField("作废时间")
    upload = models.ForeignKey(
        Upload, verbose_name="报送批次", null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = "断点续传"
        verbose_name_plural = verbose_name
        ordering = ["-started_at"]
        indexes = [
            models.Index(fields=["expires_at"], name="transfer_open", condition=Q(stage="open"))
        ]
        constraints = [
            models.CheckConstraint(
                name="transfer_not_past_its_end", condition=Q(received__lte=F("size_bytes"))
            ),
            models.CheckConstraint(
                name="transfer_received_is_an_upload",
                condition=~Q(stage="received") | Q(upload__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.feed} {self.received}/{self.size_bytes}"

    @property
    def is_whole(self) -> bool:
        return self.received == self.size_bytes


class TransferPart(models.Model):
    """A sealed piece of the file; `offset` is where it begins."""

    transfer = models.ForeignKey(Transfer, on_delete=models.CASCADE, related_name="parts")
    offset = models.PositiveBigIntegerField()
    sealed = models.BinaryField()

    class Meta:
        verbose_name = "断点续传的一段"
        verbose_name_plural = verbose_name
        ordering = ["offset"]
        constraints = [
            models.UniqueConstraint(name="transfer_part_once", fields=["transfer", "offset"])
        ]

    def __str__(self) -> str:
        return f"{self.transfer_id}/{self.offset}"
