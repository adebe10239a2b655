"""Changes of the registry that a department's record proposes and a person confirms."""

from django.db import models
from django.db.models import Q

from grid.models import Account, Person
from monitoring.feeds.record import Happening


class RegistryProposal(models.Model):
    """One happening told by one record. A file sent again finds the same proposal: it is keyed by
    feed, happening, identity number and day. `record` follows the current version of the row.

    `code` is the person's grid; the county's or the township's where nobody is registered yet.
    """

    SCOPE = "code"

    class State(models.TextChoices):
        OPEN = "open", "待确认"
        CONFIRMED = "confirmed", "已登记"
        REFUSED = "refused", "不予登记"
        GONE = "gone", "已失效"

    happening = models.CharField("变动", max_length=14, choices=Happening)
    person = models.ForeignKey(
        Person, verbose_name="人员", null=True, on_delete=models.PROTECT, related_name="+"
    )
    feed = models.CharField("来源", max_length=40)
    record = models.BigIntegerField("记录")
    id_digest = models.BinaryField("身份证号摘要", max_length=16, editable=False)
    name = models.CharField("姓名", max_length=60)
    id_tail = models.CharField("身份证尾号", max_length=4, blank=True)
    happened_on = models.DateField("发生日期")
    detail = models.CharField("来源说明", max_length=200, blank=True)
    code = models.CharField("网格代码", max_length=20, db_collation="C", db_index=True)
    found_at = models.DateTimeField("提出时间")
    state = models.CharField("状态", max_length=10, choices=State, default=State.OPEN)
    decided_by = models.ForeignKey(
        Account, verbose_name="办理人", null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField("办理时间", null=True)
    reason = models.CharField("办理说明", max_length=200, blank=True)

    class Meta:
        verbose_name = "户籍变动建议"
        verbose_name_plural = verbose_name
        ordering = ["-happened_on", "-id"]
        constraints = [
            models.UniqueConstraint(
                name="registry_proposal_once",
                fields=["feed", "happening", "id_digest", "happened_on"],
            ),
            models.CheckConstraint(
                name="registry_proposal_refusal_has_reason",
                condition=~Q(state="refused") | ~Q(reason=""),
            ),
        ]
        indexes = [
            models.Index(fields=["state", "happening"], name="registry_proposal_list"),
            models.Index(fields=["person"], name="registry_proposal_person"),
        ]

    def __str__(self) -> str:
        return f"{self.get_happening_display()} {self.happened_on}"
