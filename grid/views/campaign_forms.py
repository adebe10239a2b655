"""The form that begins a centralized check."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone

from grid.views.routine_forms import day_field
from grid.visit_groups import GROUPS, is_known


class CampaignForm(forms.Form):
    """What, why, where, whom, when."""

    name = forms.CharField(
        label="名称",
        max_length=60,
        error_messages={"required": "请起个名称，例如“2026 年冬季集中排查”。"},
    )
    purpose = forms.CharField(
        label="目的和要求",
        max_length=300,
        help_text="网格员入户时会看到。",
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": 300}),
        error_messages={"required": "请写明目的和要求。"},
    )
    from_on = day_field("开始日期")
    until_on = day_field("结束日期（含）", "过了这一天自动结束，没有走访的不再派。")
    groups = forms.MultipleChoiceField(
        label="查哪些农户",
        widget=forms.CheckboxSelectMultiple,
        help_text="勾选“全部农户”就不用再勾别的。",
        error_messages={"required": "请至少勾选一类农户。"},
    )
    places = forms.MultipleChoiceField(
        label="查哪些地方",
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "请至少勾选一个地方。",
            "invalid_choice": "有的地方不在您的管辖范围内。请重新勾选。",
        },
    )

    def __init__(self, *args: Any, places: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(g.key, g.label) for g in GROUPS if is_known(g.key) and g.key != "everybody"]
        self.fields["groups"].choices = [("everybody", "全部农户"), *choices]  # type: ignore[attr-defined]
        self.fields["places"].choices = places  # type: ignore[attr-defined]
        today = timezone.localdate()
        self.fields["from_on"].initial = today
        self.fields["until_on"].initial = today + timedelta(days=30)
