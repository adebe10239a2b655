"""Department data that contradict each other (数据打架), and which source is right for a fact."""

from datetime import date
from typing import Any, Self

from django.db import models
from django.db.models import Q

from grid.models import Account, Department, Person
from grid.scope import sight_of

REGISTRY = "registry"  # what stands in place of a feed's code when the registry is a side


class Fact(models.TextChoices):
    """What two sources may say differently."""

    DEATH = "death", "是否死亡、死亡日期"
    DISABILITY = "disability", "残疾等级"
    HOUSEHOLD_SIZE = "household_size", "家庭人口"
    SCHOOLING = "schooling", "就读学校"
    ALLOWANCE = "allowance", "救助类别"
    NAME = "name", "姓名"
    EMPLOYMENT = "employment", "就业状态"


class SourceOfTruthQuerySet(models.QuerySet["SourceOfTruth"]):
    def on(self, day: date) -> dict[str, "SourceOfTruth"]:
        """The row in force for every fact: the latest one that has begun."""
        rows = self.filter(since__lte=day).order_by("fact", "-since", "-pk").distinct("fact")
        return {row.fact: row for row in rows}


class SourceOfTruth(models.Model):
    """From `since` on, `feed` is right for the fact unless somebody answers otherwise.

    Rows are added, never changed. `applies_itself`: deaths this feed tells of enter the registry
    without a person's confirmation. The county's own rules, about nobody: everybody may read them.
    """

    fact = models.CharField("事实", max_length=20, choices=Fact)
    feed = models.CharField("以哪个来源为准", max_length=40)
    since = models.DateField("起")
    document = models.CharField("依据文件", max_length=200)
    applies_itself = models.BooleanField("直接更新户籍信息，不经人工确认", default=False)
    decided_by = models.ForeignKey(
        Account, verbose_name="决定人", null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField("决定时间", auto_now_add=True)
    reason = models.CharField("理由", max_length=200, blank=True)

    objects = SourceOfTruthQuerySet.as_manager()

    class Meta:
        verbose_name = "以谁为准"
        verbose_name_plural = verbose_name
        ordering = ["fact", "-since", "-id"]

    def __str__(self) -> str:
        return f"{self.get_fact_display()} {self.feed}"


class DataConflictQuerySet(models.QuerySet):
    def seen_by(self, account: Any) -> Self:
        """By place for staff; for a department's clerk those its department owns or is part of."""
        sight = sight_of(account)
        departments = Q(owner__in=sight.departments)
        departments |= Q(left_department__in=sight.departments)
        departments |= Q(right_department__in=sight.departments)
        by_place = account.sees(DataConflict).values("pk")
        return self.filter(Q(pk__in=by_place) | departments)

    def open(self) -> Self:
        return self.filter(state=DataConflict.State.OPEN)


class DataConflict(models.Model):
    """One contradiction about one person: two sources, two values, one department to answer.

    `left` and `right` name a feed and its record, or the registry (no record). The fingerprint
    of both values lets the same contradiction open once.
    """

    SCOPE = "code"

    class State(models.TextChoices):
        OPEN = "open", "待答复"
        ANSWERED = "answered", "已答复"
        GONE = "gone", "已自行消除"

    class Answer(models.TextChoices):
        LEFT = "left", "左边的对"
        RIGHT = "right", "右边的对"
        BOTH = "both", "都对，不矛盾"
        NEITHER = "neither", "都不对"

    kind = models.CharField("类别", max_length=30)
    person = models.ForeignKey(
        Person, verbose_name="人员", on_delete=models.PROTECT, related_name="+"
    )
    person_name = models.CharField("姓名", max_length=60)
    id_tail = models.CharField("身份证尾号", max_length=4, blank=True)
    code = models.CharField("网格代码", max_length=20, db_collation="C", db_index=True)
    left_feed = models.CharField("一方来源", max_length=40)
    left_record = models.BigIntegerField("一方记录", null=True)
    left_value = models.CharField("一方的说法", max_length=200)
    left_department = models.ForeignKey(
        Department, verbose_name="一方部门", null=True, on_delete=models.PROTECT, related_name="+"
    )
    right_feed = models.CharField("另一方来源", max_length=40)
    right_record = models.BigIntegerField("另一方记录", null=True)
    right_value = models.CharField("另一方的说法", max_length=200)
    right_department = models.ForeignKey(
        Department, verbose_name="另一方部门", null=True, on_delete=models.PROTECT, related_name="+"
    )
    fingerprint = models.BinaryField("内容指纹", max_length=16, editable=False)
    owner = models.ForeignKey(
        Department, verbose_name="承办部门", null=True, on_delete=models.PROTECT, related_name="+"
    )
    found_at = models.DateTimeField("发现时间")
    due_on = models.DateField("答复时限")
    state = models.CharField("状态", max_length=10, choices=State, default=State.OPEN)
    answer = models.CharField("答复", max_length=10, choices=Answer, blank=True)
    reason = models.CharField("答复说明", max_length=300, blank=True)
    answered_by = models.ForeignKey(
        Account, verbose_name="答复人", null=True, on_delete=models.PROTECT, related_name="+"
    )
    answered_at = models.DateTimeField("答复时间", null=True)

    objects = DataConflictQuerySet.as_manager()

    class Meta:
        verbose_name = "数据打架"
        verbose_name_plural = verbose_name
        ordering = ["due_on", "id"]
        constraints = [
            models.UniqueConstraint(
                name="data_conflict_once", fields=["kind", "person", "fingerprint"]
            ),
            models.CheckConstraint(
                name="data_conflict_answered",
                condition=~Q(state="answered") | (~Q(answer="") & ~Q(reason="")),
            ),
        ]
        indexes = [
            models.Index(fields=["state", "due_on"], name="data_conflict_list"),
            models.Index(fields=["owner", "state"], name="data_conflict_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.left_value} / {self.right_value}"


class DataConflictEvent(models.Model):
    """What happened to a contradiction: found, gone, back again, answered."""

    class Verb(models.TextChoices):
        FOUND = "found", "发现"
        GONE = "gone", "消除"
        BACK = "back", "再次出现"
        ANSWERED = "answered", "答复"

    conflict = models.ForeignKey(DataConflict, on_delete=models.PROTECT, related_name="events")
    verb = models.CharField("事情", max_length=10, choices=Verb)
    at = models.DateTimeField("时间")
    by_name = models.CharField("谁", max_length=80)
    sentence = models.CharField("说明", max_length=400, blank=True)

    class Meta:
        verbose_name = "数据打架经过"
        verbose_name_plural = verbose_name
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.get_verb_display()}"


def conflicts_in_sight(account: Any) -> DataConflictQuerySet:
    """The one door for pages: rows the account may see, by place or by department."""
    rows: DataConflictQuerySet = DataConflict.objects.seen_by(account)
    return rows
