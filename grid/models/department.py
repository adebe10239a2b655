"""County departments and the keys their machines use."""

from django.db import models


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
    """A secret of one department's machine. Only its SHA-256 is kept; the prefix finds the row."""

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

    class Meta:
        verbose_name = "部门密钥"
        verbose_name_plural = verbose_name
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.department} {self.prefix}…"
