"""What every department record carries, and what stands beside a data set's contract."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import models
from django.db.models import Q

from grid.models import Person


class Record(models.Model):
    """One row a department sent. Rows are never changed: a newer version supersedes an older one,
    so what was known on any day can be replayed (received_at, superseded_at). A version that an
    undo brought back is a copy, received then, with its first batch and row number.

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


def one_current_per(table: str, *fields: str) -> list[models.BaseConstraint]:
    """The natural key: one current version of every fact."""
    return [models.UniqueConstraint(name=f"{table}_key", fields=fields, condition=CURRENT)]


def looked_up_by(table: str, valid_on: str) -> list[models.Index]:
    """What screening asks by: the day of the fact, the person, and rows nobody was found for."""
    return [
        models.Index(fields=[valid_on], name=f"{table}_recent", condition=CURRENT),
        models.Index(fields=["person", valid_on], name=f"{table}_person"),
        models.Index(fields=["id_digest"], name=f"{table}_unmatched", condition=Q(person=None)),
        replaced_by(table),
    ]


def replaced_by(table: str) -> models.Index:
    """What merging and undoing ask by: the versions that one batch superseded."""
    return models.Index(
        fields=["superseded_by"],
        name=f"{table}_replaced",
        condition=Q(superseded_by__isnull=False),
    )


class Rhythm(models.TextChoices):
    """What one file holds. Only a whole list lets a missing row mean that the fact has ended."""

    WHOLE_LIST = "whole_list", "每次报送全部名单"
    NEW_FACTS = "new_facts", "每次只报新增和变化"


class Happening(models.TextChoices):
    """What a record may say of the registry; a person confirms it (grid holds the registry)."""

    DEATH = "death", "死亡"
    MOVE_OUT = "move_out", "迁出"
    MOVE_IN = "move_in", "迁入"
    BIRTH = "birth", "出生"
    NEW_HOUSEHOLD = "new_household", "立户"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Rows of a feed that propose a change of the registry: `when` is SQL over the record `r`."""

    happening: Happening
    when: str
    on: str  # the column with the day it happened


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


def id_number_column(*aliases: str) -> Column:
    """The identity number of the person a row tells of, under the headings its senders use."""
    return Column(
        "id_number",
        aliases=aliases,
        example="990101198001011236",
        meaning="18 位居民身份证号，文本格式。",
    )


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
    rhythm: Rhythm = Rhythm.NEW_FACTS
    every_months: int = 1  # due in every month whose number fits; 12 means once a year
    due_month: int = 1  # of a yearly feed; of a quarterly one the first due month
    proposals: Sequence[Proposal] = ()
    note: str = ""  # who sees little of it, why it is narrow, what it does not hold

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
