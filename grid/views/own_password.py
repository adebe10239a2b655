"""Changing one's own password; other sessions of the account end."""

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from grid.actions.accounts import change_password
from grid.requests import SignedInRequest
from yizhou.refusals import Refusal


def _secret(label: str, complete: str, help_text: str = "") -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": complete})
    return forms.CharField(label=label, strip=False, widget=widget, help_text=help_text)


class PasswordForm(forms.Form):
    old = _secret("原密码", "current-password")
    new = _secret("新密码", "new-password", "至少 10 位，不能全是数字，不要用常见的词。")
    again = _secret("再输一遍新密码", "new-password")

    def clean(self) -> None:
        said = self.cleaned_data
        if "new" in said and "again" in said and said["new"] != said["again"]:
            self.add_error("again", "两次输入的新密码不一样。")


@sensitive_post_parameters()
@login_required
@require_http_methods(["GET", "POST"])
def own_password(request: SignedInRequest) -> HttpResponse:
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            change_password(acting=request.user, old=said["old"], new=said["new"])
        except Refusal as no:
            form.add_error(no.code, no.sentence)
        else:
            update_session_auth_hash(request, request.user)
            messages.success(request, "密码已修改。别的设备上要重新登录。")
            return redirect("home")
    status = 422 if form.errors else 200
    return render(request, "grid/own_password.html", {"form": form}, status=status)
