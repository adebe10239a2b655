"""Forms of household changes: what is asked, and which one action it goes to."""

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.db import transaction
from django.utils import timezone

from grid.actions.discovery import name_reported_household
from grid.actions.households import (
    add_member,
    change_head,
    record_death,
    register_household,
    remove_member,
)
from grid.actions.moves import merge_households, move_household, split_household
from grid.actions.people import NewMember
from grid.models import (
    Household,
    HouseholdKind,
    HouseholdReport,
    Membership,
    Person,
    Region,
    Relation,
)
from grid.models.person import Health, Labour, Sex
from grid.places import places_of
from grid.roles import ROLES, Act, Level
from grid.scope import in_subtrees, sight_of
from yizhou.refusals import Refusal

BLANK = [("", "请选择")]
OTHERS = [(value, label) for value, label in Relation.choices if value != Relation.HEAD]


class Day(forms.DateField):
    """A day in the browser's own calendar; today unless said."""

    def __init__(self, label: str, **options: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(label=label, widget=widget, initial=timezone.localdate, **options)


class MemberChoice(forms.ModelChoiceField):
    def label_from_instance(self, person: Person) -> str:
        return f"{person.name}（{person.born_on:%Y-%m} 生）"


class MembersChoice(forms.ModelMultipleChoiceField):
    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, person: Person) -> str:
        return f"{person.name}（{person.born_on:%Y-%m} 生）"


def grids_for(account: Any) -> list[tuple[str, list[tuple[str, str]]]]:
    """Grids where the account may edit, grouped by village, as choices."""
    places = tuple(
        h.region
        for h in sight_of(account).holdings
        if h.region and Act.EDIT_REGISTRY in ROLES[h.role].acts
    )
    grids = list(account.sees(Region).at(Level.GRID).filter(in_subtrees("code", places)))
    where = places_of(grid.code for grid in grids)
    groups: dict[str, list[tuple[str, str]]] = {}
    for grid in grids:
        place = where[grid.code]
        groups.setdefault(f"{place.township}{place.village}", []).append(
            (grid.code, f"{place.tun} {grid.name}")
        )
    return list(groups.items())


class RegistryForm(forms.Form):
    """A form that goes to one action and shows the action's refusal beside the right field."""

    title: ClassVar[str]
    done: ClassVar[str]
    required_css_class = "required"

    def __init__(self, *args: Any, viewer: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer
        if "cell" in self.fields:
            self.fields["cell"].choices = [*BLANK, *grids_for(viewer)]

    def cell(self) -> Region:
        """The chosen grid: one of the choices, so within sight."""
        return self.viewer.sees(Region).get(pk=self.cleaned_data["cell"])

    def refuse(self, refusal: Refusal) -> None:
        code = "id_number" if refusal.code.startswith("id_") else refusal.code
        self.add_error(code if code in self.fields else None, refusal.sentence)


class NewMemberFields(forms.Form):
    """Who somebody is; the ID number tells sex and birthday."""

    name = forms.CharField(label="姓名", max_length=60)
    id_number = forms.CharField(
        label="身份证号",
        max_length=30,
        required=False,
        help_text="没有身份证号的新生儿可不填，但要填性别和出生日期。",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    sex = forms.ChoiceField(
        label="性别", choices=[("", "按身份证号"), *Sex.choices], required=False
    )
    born_on = forms.DateField(
        label="出生日期", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    member_phone = forms.CharField(label="本人电话", max_length=20, required=False)
    ethnic_group = forms.CharField(label="民族", max_length=20, required=False)
    labour = forms.ChoiceField(label="劳动技能", choices=Labour.choices, initial=Labour.ORDINARY)
    health = forms.ChoiceField(label="健康状况", choices=Health.choices, initial=Health.HEALTHY)

    def new_member(self, relation: str) -> NewMember:
        said = self.cleaned_data
        return NewMember(
            name=said["name"],
            relation=relation,
            id_number=said["id_number"],
            sex=said["sex"],
            born_on=said["born_on"],
            phone=said["member_phone"],
            ethnic_group=said["ethnic_group"],
            labour=said["labour"],
            health=said["health"],
        )


class RegisterForm(RegistryForm, NewMemberFields):
    title = "新建农户"
    done = "已建户。请接着添加其他家庭成员。"

    cell = forms.ChoiceField(label="网格")
    kind = forms.ChoiceField(label="户类型", choices=HouseholdKind.choices)
    address = forms.CharField(label="住址", max_length=120)
    phone = forms.CharField(label="户联系电话", max_length=20, required=False)
    on = Day("建户日期")
    field_order: ClassVar = ["cell", "kind", "address", "phone", "on", "name", "id_number"]

    def perform(self, acting: Any, report: HouseholdReport | None = None) -> Household:
        """The new household; the report it was told in then names it."""
        said = self.cleaned_data
        with transaction.atomic():
            fresh = register_household(
                acting=acting,
                cell=self.cell(),
                kind=said["kind"],
                address=said["address"],
                phone=said["phone"],
                members=[self.new_member(Relation.HEAD)],
                on=said["on"],
            )
            if report is not None:
                name_reported_household(acting=acting, report=report, household=fresh)
        return fresh


class ChangeForm(RegistryForm):
    """A change of one household, at the version the person has seen."""

    asks_relations: ClassVar[bool] = False
    relations_always: ClassVar[bool] = True  # or only when the head leaves
    relations_help: ClassVar[str] = "其他人与新户主的关系；户主不变则不用填，不填为“其他”。"
    perform: Callable[[Any], Any]  # each change names its action
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, household: Household, **kwargs: Any) -> None:
        kwargs["initial"] = {"version": household.version} | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)
        self.household = household
        people = self.viewer.sees(Person).filter(household=household)
        for name in ("person", "leavers", "head", "new_head", "remaining_head"):
            if name in self.fields:
                self.fields[name].queryset = people
        if self.asks_relations:
            self._ask_relations(household)

    def _ask_relations(self, household: Household) -> None:
        rows = self.viewer.sees(Membership).open().filter(household=household)
        for row in rows.select_related("person"):
            self.fields[f"relation_{row.person_id}"] = forms.ChoiceField(
                label=row.person.name,
                choices=[("", "其他"), *[c for c in OTHERS if c[0] != Relation.OTHER]],
                required=False,
            )

    @property
    def relation_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("relation_")]

    @property
    def plain_fields(self) -> list[forms.BoundField]:
        return [
            self[name]
            for name in self.fields
            if not name.startswith("relation_") and not name.endswith("version")
        ]

    def relations(self) -> dict[int, str]:
        return {
            int(name.removeprefix("relation_")): value
            for name, value in self.cleaned_data.items()
            if name.startswith("relation_") and value
        }

    def seen(self, acting: Any) -> dict[str, Any]:
        """What every action of a change takes."""
        return {
            "acting": acting,
            "household": self.household,
            "version_seen": self.cleaned_data["version"],
        }


class JoinForm(ChangeForm, NewMemberFields):
    title = "新增成员"
    done = "已加入本户。"

    relation = forms.ChoiceField(label="与户主关系", choices=[*BLANK, *OTHERS])
    on = Day("加入日期", help_text="出生或迁入的日期。婚入请办“婚入”。")
    field_order: ClassVar = ["version", "name", "relation", "on", "id_number"]

    def perform(self, acting: Any) -> None:
        said = self.cleaned_data
        add_member(**self.seen(acting), member=self.new_member(said["relation"]), on=said["on"])


SUCCESSOR_HELP = "只在户主离开或死亡、户内还有人时填写。"


def successor() -> MemberChoice:
    """Who becomes head, where the head may be the one who goes."""
    return MemberChoice(
        label="新户主",
        queryset=Person.objects.none(),
        required=False,
        empty_label="户主不变",
        help_text=SUCCESSOR_HELP,
    )


class DeathForm(ChangeForm):
    title = "登记死亡"
    done = "已登记死亡。"
    asks_relations = True
    relations_always = False

    person = MemberChoice(label="死亡的人", queryset=Person.objects.none(), empty_label="请选择")
    on = Day("死亡日期")
    new_head = successor()

    def perform(self, acting: Any) -> None:
        said = self.cleaned_data
        record_death(
            **self.seen(acting),
            person=said["person"],
            died_on=said["on"],
            new_head=said["new_head"],
            relations=self.relations(),
        )


class LeaveForm(ChangeForm):
    title = "成员迁出"
    done = "已迁出本户。"
    asks_relations = True
    relations_always = False

    person = MemberChoice(label="迁出的人", queryset=Person.objects.none(), empty_label="请选择")
    reason = forms.ChoiceField(
        label="原因",
        choices=[
            *BLANK,
            *[
                (reason.value, reason.label)
                for reason in (
                    Membership.LeaveReason.MOVED,
                    Membership.LeaveReason.CORRECTED,
                )
            ],
        ],
    )
    on = Day("离开日期")
    new_head = successor()

    def perform(self, acting: Any) -> None:
        said = self.cleaned_data
        remove_member(
            **self.seen(acting),
            person=said["person"],
            on=said["on"],
            reason=said["reason"],
            new_head=said["new_head"],
            relations=self.relations(),
        )


class HeadForm(ChangeForm):
    title = "变更户主"
    done = "已变更户主。"
    asks_relations = True

    person = MemberChoice(label="新户主", queryset=Person.objects.none(), empty_label="请选择")
    on = Day("变更日期")

    def perform(self, acting: Any) -> None:
        said = self.cleaned_data
        change_head(
            **self.seen(acting), person=said["person"], on=said["on"], relations=self.relations()
        )


class MoveForm(ChangeForm):
    title = "搬迁"
    done = "已登记搬迁，未办结的入户事项已转到新网格。"

    cell = forms.ChoiceField(label="搬到的网格", help_text="跨乡镇搬迁由县级监测专员办理。")
    address = forms.CharField(label="新住址", max_length=120)
    on = Day("搬迁日期")

    def perform(self, acting: Any) -> None:
        said = self.cleaned_data
        move_household(
            **self.seen(acting), cell=self.cell(), address=said["address"], on=said["on"]
        )


class SplitForm(ChangeForm):
    title = "分户"
    done = "已分户。"
    relations_help = "分出去的人填与新户户主的关系；留下的人只在原户主也分出去时填。不填为“其他”。"
    asks_relations = True

    leavers = MembersChoice(label="分出去的人", queryset=Person.objects.none())
    head = MemberChoice(label="新户的户主", queryset=Person.objects.none(), empty_label="请选择")
    cell = forms.ChoiceField(label="新户所在网格")
    address = forms.CharField(label="新户住址", max_length=120)
    on = Day("分户日期")
    remaining_head = MemberChoice(
        label="原户的新户主",
        queryset=Person.objects.none(),
        required=False,
        empty_label="户主不变",
        help_text="只在原户主也分出去时填写。",
    )

    def perform(self, acting: Any) -> None:
        said = self.cleaned_data
        relations = self.relations()
        leaving = {person.pk for person in said["leavers"]}
        split_household(
            **self.seen(acting),
            leavers=list(said["leavers"]),
            head=said["head"],
            cell=self.cell(),
            address=said["address"],
            on=said["on"],
            relations={pk: r for pk, r in relations.items() if pk in leaving},
            remaining_head=said["remaining_head"],
            remaining_relations={pk: r for pk, r in relations.items() if pk not in leaving},
        )

    def refuse(self, refusal: Refusal) -> None:
        code = "remaining_head" if refusal.code == "new_head" else refusal.code
        self.add_error(code if code in self.fields else None, refusal.sentence)


class MergeForm(ChangeForm):
    """The other household by its number; once it is known, its members' relations are asked."""

    title = "并户"
    done = "已并户。"
    relations_help = "并进来的人与本户户主的关系，不填为“其他”。"

    source_number = forms.CharField(
        label="要并进来的户编号",
        max_length=24,
        help_text="例如 104-009-0055。那一户的成员全部加入本户，那一户销户。",
    )
    source_version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    on = Day("并户日期")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.source: Household | None = None
        if self.is_bound:
            number = str(self.data.get("source_number", "")).strip()
            living = self.viewer.sees(Household).living()
            self.source = living.filter(number=number).exclude(pk=self.household.pk).first()
        if self.source is not None:
            self._ask_relations(self.source)

    def clean_source_number(self) -> str:
        if self.source is None:
            raise forms.ValidationError("没有找到这一户，或不在您的管辖范围内。请核对户编号。")
        return self.source.number

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if self.source is not None and not said.get("source_version"):
            self.data = self.data.copy()
            self.data["source_version"] = str(self.source.version)
            raise forms.ValidationError("请为并进来的人选择与户主关系，再提交一次。")
        return said

    def perform(self, acting: Any) -> None:
        said = self.cleaned_data
        merge_households(
            **self.seen(acting),
            source=self.source,
            source_version_seen=said["source_version"],
            on=said["on"],
            relations=self.relations(),
        )


CHANGES: dict[str, type[ChangeForm]] = {
    "join": JoinForm,
    "death": DeathForm,
    "leave": LeaveForm,
    "head": HeadForm,
    "move": MoveForm,
    "split": SplitForm,
    "merge": MergeForm,
}
