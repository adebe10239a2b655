"""Forms of issuing, rotating and changing a department's key."""

from datetime import timedelta
from typing import Any

from django import forms
from django.db import transaction
from django.utils import timezone

from grid.actions.keys import (
    LONGEST_OVERLAP,
    change_key,
    demand_signature,
    issue_key,
    rotate_key,
    waive_signature,
)
from grid.models import DepartmentKey
from grid.models.department import MOST_PER_MINUTE, PER_MINUTE
from grid.staffing import departments
from grid.views.household_forms import BLANK, Day
from grid.views.staffing_forms import StaffingForm

OVERLAP = 14  # days offered at first
WRONG_NUMBER = ("required", "invalid", "min_value", "max_value")


class LastDay(Day):
    """A year from now unless said."""

    def __init__(self, label: str) -> None:
        super().__init__(
            label,
            help_text="最长两年。",
            error_messages=dict.fromkeys(("required", "invalid"), "请选择日期，例如 2027-06-30。"),
        )
        self.initial = lambda: timezone.localdate() + timedelta(days=365)


class Networks(forms.CharField):
    """One address or network a line; the action checks them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            label="允许的地址",
            required=False,
            max_length=1000,
            help_text="每行一个地址或网段，例如 10.45.12.0/24。留空则不限。",
            widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
            **options,
        )

    def clean(self, value: Any) -> list[str]:
        text = super().clean(value)
        return text.replace(",", "\n").replace("，", "\n").split()


class Rate(forms.IntegerField):
    def __init__(self, **options: Any) -> None:
        wrong = f"请填 1 到 {MOST_PER_MINUTE} 之间的整数。"
        super().__init__(
            label="每分钟最多次数",
            min_value=1,
            max_value=MOST_PER_MINUTE,
            error_messages=dict.fromkeys(WRONG_NUMBER, wrong),
            **options,
        )


class Signed(forms.BooleanField):
    def __init__(self, **options: Any) -> None:
        super().__init__(
            label="要求请求签名",
            required=False,
            help_text="没有正确签名的请求一律拒绝。要另发一个签名密钥，部门系统须先改好程序。",
            **options,
        )


class IssueForm(StaffingForm):
    """A new key with all that limits it."""

    department = forms.ChoiceField(label="部门", error_messages={"required": "请选择部门。"})
    label = forms.CharField(
        label="用途",
        max_length=60,
        help_text="例如：医保结算系统。",
        error_messages={"required": "请写明哪个系统用它。"},
    )
    expires_on = LastDay("有效期至")
    allowed_networks = Networks()
    per_minute = Rate(initial=PER_MINUTE)
    must_sign = Signed()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"].choices = [*BLANK, *[(d.pk, d.name) for d in departments()]]

    @transaction.atomic
    def perform(self, acting: Any) -> dict[str, Any]:
        said = self.cleaned_data
        text = issue_key(
            acting=acting,
            department=departments().get(pk=said["department"]),
            label=said["label"],
            expires_on=said["expires_on"],
            allowed_networks=said["allowed_networks"],
            per_minute=said["per_minute"],
        )
        key = acting.sees(DepartmentKey).get(prefix=text.partition(".")[0])
        signing = demand_signature(acting=acting, key=key) if said["must_sign"] else ""
        return {"key": key, "text": text, "signing": signing}


class RotateForm(StaffingForm):
    """The new key's last day, and how long the old one still opens."""

    expires_on = LastDay("新密钥有效期至")
    overlap_days = forms.IntegerField(
        label="新旧并用天数",
        min_value=0,
        max_value=LONGEST_OVERLAP,
        initial=OVERLAP,
        help_text="部门在这几天内换上新密钥，期间两个都能用。填 0 则旧密钥立即停用。",
        error_messages=dict.fromkeys(WRONG_NUMBER, f"请填 0 到 {LONGEST_OVERLAP} 之间的整数。"),
    )

    def __init__(self, *args: Any, key: DepartmentKey, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.key = key

    def perform(self, acting: Any) -> dict[str, Any]:
        return rotate_key(acting=acting, key=self.key, **self.cleaned_data)._asdict()


class ChangeForm(StaffingForm):
    """From where, how often, signed or not."""

    allowed_networks = Networks()
    per_minute = Rate()
    must_sign = Signed()

    def __init__(self, *args: Any, key: DepartmentKey, **kwargs: Any) -> None:
        initial = {
            "allowed_networks": "\n".join(key.allowed_networks),
            "per_minute": key.per_minute,
            "must_sign": key.must_sign,
        }
        super().__init__(*args, initial=initial, **kwargs)
        self.key = key

    @transaction.atomic
    def perform(self, acting: Any) -> dict[str, Any] | None:
        """What must be shown once: the signing secret, when one was made."""
        said = self.cleaned_data
        change_key(
            acting=acting,
            key=self.key,
            allowed_networks=said["allowed_networks"],
            per_minute=said["per_minute"],
        )
        if said["must_sign"] and not self.key.must_sign:
            signing = demand_signature(acting=acting, key=self.key)
            return {"key": self.key, "text": "", "signing": signing}
        if self.key.must_sign and not said["must_sign"]:
            waive_signature(acting=acting, key=self.key)
        return None
