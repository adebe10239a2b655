"""Forms of the routine and the clock; actions check again what must hold."""

from typing import Any

from django import forms
from django.utils import timezone

from grid.deadlines import Figure, Rung
from grid.models import Rhythm, Stage


def day_field(label: str, help_text: str = "") -> forms.DateField:
    return forms.DateField(
        label=label,
        help_text=help_text,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": "请选择日期。",
            "invalid": "日期写成年-月-日，例如 2026-12-01。",
        },
    )


class DatedForm(forms.Form):
    """From which day, on whose word: every setting ends with these three."""

    from_on = day_field("从哪天起用", "不能早于今天；此前的安排和提醒不改。")
    source = forms.CharField(
        label="依据",
        max_length=200,
        help_text="文件名和文号；没有文件的写“待核定”和提出的人。",
        error_messages={"required": "请写明依据。"},
        widget=forms.TextInput(attrs={"maxlength": 200}),
    )
    is_confirmed = forms.BooleanField(
        label="已由县里核定", required=False, help_text="没有核定的，各页都标“待核定”。"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["from_on"].initial = timezone.localdate()


def whole(label: str, most: int, **more: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        min_value=1,
        max_value=most,
        error_messages={
            "required": f"请填 1 到 {most} 的整数。",
            "invalid": f"请填 1 到 {most} 的整数。",
            "min_value": f"请填 1 到 {most} 的整数。",
            "max_value": f"请填 1 到 {most} 的整数。",
        },
        **more,
    )


class StepForm(DatedForm):
    """When this role hears of it; empty: not any more."""

    def __init__(self, *args: Any, rung: Rung, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label, most = {
            Stage.BEFORE: ("时限前还剩几个工作日时提醒", 30),
            Stage.ORANGE: ("时限用掉百分之几时提醒", 100),
            Stage.RED: ("超期满几个工作日时提醒", 90),
        }[rung.stage]
        self.fields = {
            "at": whole(label, most, required=False, help_text="空着表示不再提醒。"),
            **self.fields,
        }
        if rung.now:
            self.fields["at"].initial = rung.now.at


class FigureForm(DatedForm):
    """One whole number."""

    def __init__(self, *args: Any, figure: Figure, most: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields = {"value": whole("数值", most), **self.fields}
        if figure.now:
            self.fields["value"].initial = figure.now.value


class CategoryForm(DatedForm):
    """How often this group is visited."""

    months = forms.TypedChoiceField(
        label="走访频次",
        coerce=int,
        choices=Rhythm.choices,
        error_messages={"required": "请选择频次。", "invalid_choice": "请从列表里选择频次。"},
    )
    away_months = forms.TypedChoiceField(
        label="外出户改为电话走访",
        coerce=int,
        choices=Rhythm.choices,
        help_text="选“不安排”表示外出户也按上面的频次入户。",
        error_messages={"required": "请选择频次。", "invalid_choice": "请从列表里选择频次。"},
    )
    field_order = ("months", "away_months", "from_on", "source", "is_confirmed")


class PauseForm(forms.Form):
    """Until when and why the clock stands still."""

    until_on = day_field("恢复计时的日子", "到这一天自动恢复。")
    reason = forms.CharField(
        label="为什么暂停",
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": 200}),
        error_messages={"required": "请写明为什么暂停。"},
    )


class ReasonForm(forms.Form):
    """A reason of at most 200 characters."""

    reason = forms.CharField(
        label="原因",
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": 200}),
        error_messages={"required": "请写明原因。", "max_length": "原因不能超过 200 个字。"},
    )
