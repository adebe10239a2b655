"""Accounts: people who sign in. What they may see and do comes from their current posts."""

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models

if TYPE_CHECKING:
    from grid.roles import Act


class Account(AbstractUser):
    """A person with a sign-in name. Django's staff and superuser flags give nothing here."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = None  # type: ignore[assignment]
    name = models.CharField("姓名", max_length=40)
    phone_sealed = models.BinaryField("手机（密封）", null=True, editable=False)
    phone_tail = models.CharField("手机尾号", max_length=4, blank=True)

    objects = UserManager()  # type: ignore[misc]
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = "账号"
        verbose_name_plural = verbose_name
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name

    @property
    def display_name(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        return self.name

    def sees(self, model: type[models.Model]) -> Any:
        """Rows of `model` the account may see today, in the model's query set: the only door."""
        from grid.scope import sees

        return sees(self, model)

    def may(self, act: "Act", *, code: str | None = None) -> bool:
        """Whether a current post carries the act, there (`code`) or anywhere (None)."""
        from grid.scope import may

        return may(self, act, code=code)
