"""Forms of marriages: out of a household, and into it."""

from typing import Any

from django import forms

from grid.actions.households import add_member, remove_member
from grid.actions.marriages import marry_into
from grid.actions.registry import Kind
from grid.models import Household, Membership, Person
from grid.views.household_forms import (
    BLANK,
    OTHERS,
    ChangeForm,
    Day,
    MemberChoice,
    NewMemberFields,
    successor,
)
from yizhou.refusals import Refusal

NOT_FOUND = "没有找到这一户，或不在您的管辖范围内。请核对户编号；跨乡镇由县级监测专员办理。"


class MarriageForm(ChangeForm):
    """One other household, named by its number, may take part."""

    def other(self, name: str) -> Household | None:
        """The living household with the number in this field; None when it is left empty."""
        if not (number := self.cleaned_data[name].strip()):
            return None
        other: Household | None = self.viewer.sees(Household).living().filter(number=number).first()
        if other is None:
            raise Refusal(NOT_FOUND, code=name)
        return other


class MarryOutForm(MarriageForm):
    title = "婚出"
    done = "已登记婚出。"
    asks_relations = True
    relations_always = False

    person = MemberChoice(label="婚出的人", queryset=Person.objects.none(), empty_label="请选择")
    into_number = forms.CharField(
        label="婚入哪一户",
        max_length=24,
        required=False,
        help_text="对方的户编号，例如 104-009-0055。到外地或对方不在册的不填。",
    )
    relation = forms.ChoiceField(
        label="与那一户户主的关系",
        choices=[*BLANK, *OTHERS],
        required=False,
        help_text="填了户编号才要选。",
    )
    on = Day("婚出日期")
    new_head = successor()

    def perform(self, acting: Any) -> None:
        said = self.cleaned_data
        leaving = self.seen(acting) | {
            "person": said["person"],
            "on": said["on"],
            "new_head": said["new_head"],
            "relations": self.relations(),
        }
        into = self.other("into_number")
        if into is None:
            remove_member(**leaving, reason=Membership.LeaveReason.MARRIED_OUT)
            return
        marry_into(**leaving, into=into, into_version_seen=into.version, relation=said["relation"])


class MarryInForm(MarriageForm, NewMemberFields):
    title = "婚入"
    done = "已登记婚入。"

    relation = forms.ChoiceField(label="与户主关系", choices=[*BLANK, *OTHERS])
    on = Day("婚入日期")
    from_number = forms.CharField(
        label="原来的户编号",
        max_length=24,
        required=False,
        help_text="在册的人填原来的户编号，其余不用填；外地来的不填，要填身份证号。",
    )
    field_order = ("version", "name", "relation", "on", "from_number", "id_number")

    def perform(self, acting: Any) -> None:
        said = self.cleaned_data
        source = self.other("from_number")
        if source is None:
            member = self.new_member(said["relation"])
            add_member(**self.seen(acting), member=member, on=said["on"], kind=Kind.MARRIED_IN)
            return
        seen = self.seen(acting)
        try:
            marry_into(
                acting=acting,
                household=source,
                version_seen=source.version,
                person=self._member_of(source),
                into=seen["household"],
                into_version_seen=seen["version_seen"],
                relation=said["relation"],
                on=said["on"],
            )
        except Refusal as no:
            if no.code != "new_head":
                raise
            raise Refusal(
                "这个人是原来那一户的户主。请到那一户办“婚出”，同时指定新户主。",
                code="from_number",
            ) from None

    def _member_of(self, source: Household) -> Person:
        name = self.cleaned_data["name"].strip()
        people = list(self.viewer.sees(Person).filter(household=source, name=name)[:2])
        if len(people) != 1:
            raise Refusal(
                f"{source.number} 户里没有找到“{name}”，或有同名的人。请到那一户办“婚出”。",
                code="name",
            )
        return people[0]


MARRIAGES: dict[str, type[ChangeForm]] = {"marry-in": MarryInForm, "marry-out": MarryOutForm}
