"""County departments and the keys their machines use."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

PER_MINUTE = 120  # a key's requests in one minute, unless said otherwise
MOST_PER_MINUTE = 6000


class Department(models.Model):
    """A department that shares data or answers transferred items."""

    code = models.SlugField("代码", max_length=30, primary_key=True)
    name = models.CharField("名称", max_length=60)
    short_name = models.CharField("简称", max_length=20)

    class Meta:
        verbose_name = "部门"
        verbose_name_plural = verbose_name
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class DepartmentKey(models.Model):
    """A secret of one department's machine. Only its SHA-256 is kept; the prefix finds the row.

    `allowed_networks` empty means any address. A key with a sealed signing secret opens nothing
    without a signature (grid/key_guards.py).
    """

    SCOPE = "keys"

    class State(models.TextChoices):
        VALID = "valid", "有效"
        OVERLAP = "overlap", "待换下"
        EXPIRED = "expired", "已过期"
        REVOKED = "revoked", "已停用"

    department = models.ForeignKey(
        Department, verbose_name="部门", on_delete=models.PROTECT, related_name="keys"
    )
    label = models.CharField("用途", max_length=60)
    prefix = models.CharField("前缀", max_length=12, unique=True)
    secret_hash = models.BinaryField("密钥摘要", editable=False)
    created_at = models.DateTimeField("签发时间", auto_now_add=True)
    expires_on = models.DateField("有效期至")
    revoked_at = models.DateTimeField("停用时间", null=True, blank=True)
    last_used_at = models.DateTimeField("最近使用", null=True, blank=True)
    last_address = models.GenericIPAddressField("最近来源地址", null=True, blank=True)
    allowed_networks = ArrayField(
        models.CharField(max_length=43), verbose_name="允许的地址", default=list, blank=True
    )
    per_minute = models.PositiveIntegerField(
        "每分钟次数",
        default=PER_MINUTE,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_PER_MINUTE)],
    )
    signing_sealed = models.BinaryField("签名密钥", null=True, editable=False)
    replaces = models.OneToOneField(
        "self",
        verbose_name="接替的密钥",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="successor",
    )

    class Meta:
        verbose_name = "部门密钥"
        verbose_name_plural = verbose_name
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.department} {self.prefix}…"

    @property
    def must_sign(self) -> bool:
        return self.signing_sealed is not None

    @property
    def state(self) -> "DepartmentKey.State":
        """Today's state; a key whose successor is issued waits out its overlap."""
        if self.revoked_at is not None:
            return self.State.REVOKED
        if self.expires_on < timezone.localdate():
            return self.State.EXPIRED
        return self.State.OVERLAP if hasattr(self, "successor") else self.State.VALID


class KeyMinute(models.Model):
    """Requests of one key in its latest minute: one row a key, counted by UPSERT."""

    key = models.OneToOneField(DepartmentKey, primary_key=True, on_delete=models.CASCADE)
    minute = models.DateTimeField()
    requests = models.PositiveIntegerField()

    class Meta:
        verbose_name = "密钥每分钟次数"
        verbose_name_plural = verbose_name

    def __str__(self) -> str:
        return f"{self.key_id} {self.minute:%H:%M} {self.requests}"


class KeyNonce(models.Model):
    """A signed request that came already; kept as long as its timestamp would be accepted."""

    key = models.ForeignKey(DepartmentKey, on_delete=models.CASCADE, related_name="+")
    nonce = models.CharField(max_length=64)
    until = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = "签名防重记录"
        verbose_name_plural = verbose_name
        constraints = [models.UniqueConstraint(name="key_nonce_once", fields=["key", "nonce"])]

    def __str__(self) -> str:
        return f"{self.key_id} {self.nonce}"
