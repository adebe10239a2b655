"""Forms of household reports: the few things a reporter writes, and the township's decision."""

import uuid
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from grid.actions.discovery import report_household
from grid.actions.visits import Incomplete
from grid.discovery import DIFFICULTIES, home_place, place_choices
from grid.models import Household, HouseholdReport
from grid.places import places_of
from grid.views.household_forms import BLANK
from yizhou.refusals import Refusal


class ReportForm(forms.Form):
    """Who, where, what is wrong. What must be said is the action's to judge."""

    name = forms.CharField(
        label="户主或困难的人",
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    place = forms.ChoiceField(label="在哪个村屯", required=False)
    difficulty = forms.ChoiceField(
        label="主要的难处", choices=DIFFICULTIES, required=False, widget=forms.RadioSelect
    )
    sentence = forms.CharField(
        label="一句话说情况",
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    phone = forms.CharField(
        label="联系电话",
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )
    address = forms.CharField(label="住址", max_length=120, required=False)
    people = forms.IntegerField(
        label="家里几口人",
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    report_id = forms.CharField(required=False, widget=forms.HiddenInput)
    found_at = forms.CharField(required=False, widget=forms.HiddenInput)
    household = forms.IntegerField(required=False, widget=forms.HiddenInput)
    must = ("name", "place", "difficulty", "sentence")

    def __init__(self, *args: Any, viewer: Any, about: Household | None, **kwargs: Any) -> None:
        initial: dict[str, Any] = {
            "report_id": str(uuid.uuid4()),
            "found_at": timezone.now().isoformat(),
            "place": home_place(viewer),
        }
        if about is not None:
            initial |= {
                "name": about.head.name if about.head else "",
                "place": about.cell_id[:15],
                "address": about.address,
                "people": about.size,
                "household": about.pk,
            }
        super().__init__(*args, initial=initial, **kwargs)
        self.viewer = viewer
        self.fields["place"].choices = [*BLANK, *place_choices(viewer)]

    @property
    def more_fields(self) -> list[forms.BoundField]:
        return [self["address"], self["people"]]

    @property
    def more_open(self) -> bool:
        return any(field.errors or field.value() for field in self.more_fields)

    def perform(self, acting: Any) -> HouseholdReport | None:
        """The report, or None with the errors beside their fields."""
        said = self.cleaned_data
        try:
            return report_household(
                acting=acting,
                report_id=uuid.UUID(said["report_id"]),
                found_at=_moment(said["found_at"]),
                **{k: said[k] for k in ("name", "phone", "place", "address", "people")},
                difficulty=said["difficulty"],
                sentence=said["sentence"],
                household_id=said["household"],
            )
        except Incomplete as incomplete:
            for name, sentence in incomplete.errors.items():
                self.add_error(name if name != "found_at" else None, sentence)
        except Refusal as no:
            self.add_error(None, no.sentence)
        except ValueError as odd:
            if "NUL" in str(odd):
                raise
            self.add_error(None, "页面已过期，请重新打开表单再填。")
        return None


def _moment(text: str) -> datetime | None:
    moment = parse_datetime(text)
    return moment if moment is not None and timezone.is_aware(moment) else None


class TakeUpForm(forms.Form):
    """One of the households that may be meant, or another by its number."""

    household = forms.ChoiceField(label="是哪一户", required=False, widget=forms.RadioSelect)
    number = forms.CharField(
        label="别的户编号", max_length=24, required=False, help_text="例如 104-009-0055。"
    )

    def __init__(self, *args: Any, viewer: Any, report: HouseholdReport, offered: Any, **kw: Any):
        super().__init__(*args, **kw)
        self.viewer = viewer
        known = {c.household.pk: c for c in offered}
        self.fields["household"].choices = [
            (
                str(pk),
                f"{c.household.head} 户，{c.place.village}{c.place.tun}，{c.household.size} 人"
                + ("" if str(c.household.head) == c.who else f"（{c.who}是家庭成员）"),
            )
            for pk, c in known.items()
        ]
        if report.household_id and report.household_id not in known:
            self._offer_named(report.household_id)
        if report.household_id:
            self.fields["household"].initial = str(report.household_id)
        elif len(known) == 1 and next(iter(known.values())).same_hamlet:
            self.fields["household"].initial = str(next(iter(known)))

    def _offer_named(self, pk: int) -> None:
        named = self.viewer.sees(Household).living().select_related("head").filter(pk=pk).first()
        if named is not None:
            place = places_of([named.cell_id])[named.cell_id]
            words = f"{named.head} 户，{place.village}{place.tun}，{named.size} 人"
            self.fields["household"].choices += [(str(pk), words)]

    def chosen(self) -> Household:
        """Raises Refusal when nothing is chosen, or the number is nowhere in sight."""
        rows = self.viewer.sees(Household).living()
        if number := self.cleaned_data["number"].strip():
            household = rows.filter(number=number).first()
            if household is None:
                raise Refusal("没有找到这个户编号，或不在您的管辖范围内。请核对。", code="number")
            return household
        chosen = self.cleaned_data["household"]
        household = rows.filter(pk=chosen).first() if chosen else None
        if household is None:
            raise Refusal("请选择是哪一户；都不是的，先登记新农户。", code="household")
        return household
