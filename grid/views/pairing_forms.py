"""The form that moves all pairings of one worker to another."""

from typing import Any

from django import forms

from grid.actions.pairings import move_pairings
from grid.models import Region
from grid.pairings import Helper
from grid.views.household_forms import BLANK


class MoveForm(forms.Form):
    """From whom to whom, and why."""

    from_worker = forms.ChoiceField(label="转出人")
    to_worker = forms.ChoiceField(label="接手人")
    reason = forms.CharField(label="原因", max_length=200, help_text="例如：调离、病假。")

    def __init__(self, *args: Any, helpers: list[Helper], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.accounts = {str(h.account.pk): h.account for h in helpers}
        choices = [*BLANK, *[(str(h.account.pk), h.label) for h in helpers]]
        self.fields["to_worker"].choices = choices
        self.fields["from_worker"].choices = choices

    def perform(self, acting: Any, region: Region) -> int:
        said = self.cleaned_data
        return move_pairings(
            acting=acting,
            from_worker=self.accounts[said["from_worker"]],
            to_worker=self.accounts[said["to_worker"]],
            region=region,
            reason=said["reason"],
        )
