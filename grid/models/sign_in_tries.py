"""Wrong passwords, counted where every web process sees them."""

from django.db import models


class SignInTries(models.Model):
    """Tries of one name or address since `since`; what succeeded is taken off again.

    `key` is a keyed hash: people type passwords into the field for the name.
    """

    key = models.CharField(max_length=32, primary_key=True)
    since = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField()

    class Meta:
        verbose_name = "登录试错计数"
        verbose_name_plural = verbose_name

    def __str__(self) -> str:
        return f"{self.count} 次，自 {self.since:%Y-%m-%d %H:%M}"
