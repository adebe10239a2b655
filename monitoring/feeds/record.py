"""What every department record carries, and what stands beside a data set's contract."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import models
from django.db.models import Q

from grid.models import Person


class Record(models.Model):
    """One row a department sent. Rows are never changed: a newer version supersedes an older one,
    so what was known on any day can be replayed (received_at, superseded_at).

    The identity number itself is not kept here: `id_digest` finds the person, `id_tail` is shown.
    """

    id_digest = models.BinaryField("身份证号摘要", max_length=16, editable=False)
    id_tail = models.CharField("身份证尾号", max_length=4, editable=False)
    person_name = models.CharField("姓名", max_length=60)
    person = models.ForeignKey(
        Person,
        verbose_name="人员",
        null=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    upload = models.ForeignKey(
        "monitoring.Upload",
        verbose_name="批次",
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )
    row_number = models.PositiveIntegerField("原表行号", editable=False)
    content_hash = models.BinaryField("内容指纹", max_length=16, editable=False)
    received_at = models.DateTimeField("收到时间", editable=False)
    superseded_at = models.DateTimeField("被替换时间", null=True, editable=False)
    superseded_by = models.ForeignKey(
        "monitoring.Upload",
        verbose_name="替换批次",
        null=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )

    class Meta:
        abstract = True


CURRENT = Q(superseded_at=None)


@dataclass(frozen=True, slots=True)
class Column:
    """What stands beside one model field: other headings senders use, the unit, an example."""

    name: str
    aliases: tuple[str, ...] = ()
    unit: str = ""
    example: str = ""
    meaning: str = ""
    values: Mapping[str, str] = field(default_factory=dict)  # other spellings -> choice value
    past_only: bool = False  # a day that may not lie after today
    by_month: bool = False  # a month, kept as its first day
    at_least: str | None = None  # Decimal text
    at_most: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A rule across columns, as an SQL condition over the staging row `s` that must be TRUE."""

    code: str
    column: str
    condition: str
    problem: str
    fix: str


@dataclass(frozen=True, slots=True)
class Feed:
    """One department data set: its model plus what no Django field can say.

    The identity-number column is always present and is called `id_number` in the contract.
    """

    code: str
    title: str
    model: type[Record]
    department: str  # Department.code
    purpose: str  # the lawful purpose, shown in the data dictionary
    source: str  # document or "to be confirmed"
    due_day: int  # day of month the department should have sent by
    natural_key: tuple[str, ...]  # contract columns; "id_number" means its digest
    valid_on: str  # the column that dates the fact
    columns: Sequence[Column]
    checks: Sequence[Check] = ()
    arithmetic: tuple[str, ...] = ()  # the first column less the others gives the last one

    def column(self, name: str) -> Column:
        return next(c for c in self.columns if c.name == name)

    @property
    def contract(self) -> tuple[str, ...]:
        """Names of the contract's columns in the order of the template."""
        return tuple(c.name for c in self.columns)

    def header(self, name: str) -> str:
        """The Chinese heading: the model field's verbose name."""
        if name == "id_number":
            return "身份证号"
        return str(getattr(self.model._meta.get_field(name), "verbose_name", name))
