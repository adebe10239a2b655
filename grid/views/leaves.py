"""Leave with a stand-in: granted, called off or ended early, from the staffing page."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from grid.actions.leaves import end_leave, grant_leave
from grid.models import Account, Leave, Post
from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import found, require
from grid.views.household_forms import BLANK, Day
from grid.views.staffing_forms import StaffingForm
from grid.visitors import visitors_within
from yizhou.refusals import Refusal


class LeaveForm(StaffingForm):
    """From when, back when, who stands in, why."""

    from_on = Day("请假第一天")
    until_on = Day("回岗日期", help_text="这一天起本人上班，代班人不再看得到这些地方。")
    stand_in = forms.ChoiceField(label="代班人", help_text="本乡镇在任、能入户的人，同村的在前。")
    reason = forms.CharField(label="事由", max_length=200, help_text="例如：住院、外出培训。")

    def __init__(self, *args: Any, post: Post, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.post = post
        self.accounts: dict[str, Account] = {}
        chosen: Any = self.fields["stand_in"]
        chosen.choices = [*BLANK, *self._people()]

    def _people(self) -> list[tuple[str, str]]:
        """Everybody of the township, the post's own village first, then by place."""
        code = self.post.region_id or "-"
        labels: dict[str, str] = {}
        held = visitors_within((code[:9],), on=timezone.localdate())
        for visitor in sorted(held, key=lambda v: (v.region[:12] != code[:12], v.region)):
            key = str(visitor.account.pk)
            if visitor.account.pk != self.post.account_id and key not in labels:
                self.accounts[key] = visitor.account
                labels[key] = f"{visitor.account.name}（{visitor.region_name} {visitor.label}）"
        return list(labels.items())

    def perform(self, acting: Any) -> Leave:
        said = self.cleaned_data
        return grant_leave(
            acting=acting,
            post=self.post,
            stand_in=self.accounts[said["stand_in"]],
            from_on=said["from_on"],
            until_on=said["until_on"],
            reason=said["reason"],
        )


def _back(post: Post) -> str:
    code = (post.region_id or "")[:12]
    return reverse("staffing", query={"region": code} if code else None)


@login_required
@require_http_methods(["GET", "POST"])
def leave(request: SignedInRequest, pk: int) -> HttpResponse:
    post = found(request.user.sees(Post).select_related("account", "region"), pk)
    require(request.user, Act.APPOINT, code=post.region_id)
    form = LeaveForm(request.POST or None, post=post, initial={"from_on": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        try:
            granted = form.perform(request.user)
        except Refusal as no:
            form.refuse(no)
        else:
            days = f"{granted.from_on} 至 {granted.until_on}"
            messages.success(
                request, f"{post.account.name}请假 {days}，由{granted.stand_in.name}代班。"
            )
            return redirect(_back(post))
    context = {"form": form, "post": post, "back_url": _back(post)}
    return render(request, "grid/leave.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def end_early(request: SignedInRequest, pk: int) -> HttpResponse:
    rows = request.user.sees(Leave).select_related("post__account", "post__region", "stand_in")
    chosen: Leave = found(rows, pk)
    require(request.user, Act.APPOINT, code=chosen.post.region_id)
    try:
        back = end_leave(acting=request.user, leave=chosen)
    except Refusal as no:
        messages.warning(request, no.sentence)
    else:
        messages.success(request, f"已办理{chosen.post.account.name}销假，交回 {back} 件。")
    return redirect(_back(chosen.post))


urlpatterns = [
    path("staffing/posts/<int:pk>/leave/", leave, name="leave"),
    path("staffing/leaves/<int:pk>/end/", end_early, name="end-leave"),
]
