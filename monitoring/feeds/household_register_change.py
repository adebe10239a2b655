"""Changes of the household register: birth, death, move, new household; each is a proposal.

Source: reference 4.4 row 10 (household register, deaths). Due day to be confirmed.
"""

from django.db import models

from monitoring.feeds.record import (
    Check,
    Column,
    Feed,
    Happening,
    Proposal,
    Record,
    looked_up_by,
    one_current_per,
)


class HouseholdRegisterChange(Record):
    class Kind(models.TextChoices):
        BIRTH = "birth", "出生"
        DEATH = "death", "死亡"
        MOVE_IN = "move_in", "迁入"
        MOVE_OUT = "move_out", "迁出"
        NEW_HOUSEHOLD = "new_household", "立户"

    kind = models.CharField("变动类型", max_length=14, choices=Kind)
    happened_on = models.DateField("变动日期")
    registered_on = models.DateField("登记日期")
    household_no = models.CharField("户口簿户号", max_length=20, blank=True)
    from_place = models.CharField("迁出地", max_length=120, blank=True)
    to_place = models.CharField("迁入地", max_length=120, blank=True)

    class Meta:
        verbose_name = "户籍变动"
        verbose_name_plural = verbose_name
        ordering = ["-happened_on", "id"]
        constraints = one_current_per("register_change", "id_digest", "kind", "happened_on")
        indexes = looked_up_by("register_change", "happened_on")

    def __str__(self) -> str:
        return f"{self.happened_on} {self.get_kind_display()}"


FEED = Feed(
    code="household_register_change",
    title="户籍变动",
    model=HouseholdRegisterChange,
    department="police",
    purpose="及时更新家庭人口，发现失去劳动力的家庭（防止返贫监测、社会救助）。",
    source="公安局户籍变动登记；报送日待核定",
    due_day=5,
    natural_key=("id_number", "kind", "happened_on"),
    valid_on="happened_on",
    proposals=tuple(
        Proposal(happening, when=f"r.kind = '{kind}'", on="happened_on")
        for happening, kind in (
            (Happening.BIRTH, "birth"),
            (Happening.DEATH, "death"),
            (Happening.MOVE_IN, "move_in"),
            (Happening.MOVE_OUT, "move_out"),
            (Happening.NEW_HOUSEHOLD, "new_household"),
        )
    ),
    note="每人每次变动一行。档案里的家庭人口由人核实后才改动，不会被本表直接改写。",
    columns=(
        Column("person_name", aliases=("变动人姓名",), example="韦某某"),
        Column(
            "id_number",
            aliases=("身份证号码", "证件号码", "公民身份号码"),
            example="990101198001011236",
            meaning="变动人本人的 18 位居民身份证号；新生儿填新编的号码。",
        ),
        Column(
            "kind",
            aliases=("变动类别", "变动原因"),
            example="迁出",
            values={
                "出生登记": "birth",
                "新生儿": "birth",
                "死亡注销": "death",
                "迁入登记": "move_in",
                "户口迁入": "move_in",
                "户口迁出": "move_out",
                "迁出注销": "move_out",
                "分户": "new_household",
                "新立户": "new_household",
            },
        ),
        Column(
            "happened_on",
            aliases=("变动时间", "发生日期"),
            example="2026-10-08",
            meaning="出生、死亡、迁移实际发生的日期，不是登记的日期。",
            past_only=True,
        ),
        Column(
            "registered_on", aliases=("登记时间", "办理日期"), example="2026-10-12", past_only=True
        ),
        Column("household_no", aliases=("户号",), example="990101000123"),
        Column("from_place", aliases=("原户籍地",), example="宜州区某镇某村"),
        Column("to_place", aliases=("现户籍地", "迁往地"), example="柳州市某区"),
    ),
    checks=(
        Check(
            code="registered_before_it_happened",
            column="registered_on",
            condition="s.registered_on >= s.happened_on",
            problem="登记日期早于变动日期",
            fix="两列可能填反，请核对登记表。",
        ),
        Check(
            code="move_without_place",
            column="kind",
            condition=(
                "(s.kind <> 'move_in' OR s.from_place <> '')"
                " AND (s.kind <> 'move_out' OR s.to_place <> '')"
            ),
            problem="迁移没有填对方地点",
            fix="迁入的填迁出地，迁出的填迁入地，写到县或乡镇。",
        ),
    ),
)
