"""Signing in, with the demo's names shown only in the demo."""

from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from grid.client_address import address_of
from grid.sign_in_tries import TooManyTries, count_try, note_wrong, take_off
from yizhou.audit import record
from yizhou.refusals import Refusal


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": "用户名或密码不对。请检查大小写；忘记密码请联系系统管理员。",
        "inactive": "这个账号已停用。请联系系统管理员。",
    }

    def clean(self) -> dict[str, Any]:
        """Looks at the password unless it was tried too often."""
        name = self.cleaned_data.get("username")
        if not name or not self.cleaned_data.get("password"):
            return self.cleaned_data
        assert self.request is not None
        try:
            count_try(name, self.request)
        except TooManyTries as refusal:
            raise ValidationError(refusal.sentence, code=refusal.code) from None
        try:
            cleaned = super().clean()
        except ValidationError as wrong:
            note_wrong(name, self.request, wrong.messages[0], verb="refused_sign_in")
            raise
        take_off(name, self.request)
        return cleaned

    @property
    def status(self) -> int:
        """Of the answer that shows this form."""
        if self.has_error(NON_FIELD_ERRORS, "too_many_tries"):
            return TooManyTries.status
        return 401 if self.errors else 200


def _next_page(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    fits = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()})
    return wanted if fits else "/"


def _demo_logins() -> dict[str, Any]:
    """The demo's names and its public password; nothing outside the demo."""
    if not settings.DEMO:
        return {}
    logins = import_string(settings.DEMO_LOGINS)
    return {
        "demo_logins": [{"username": username, "role": what} for username, what in logins],
        "demo_password": import_string(settings.DEMO_PASSWORD),
    }


@never_cache
@require_http_methods(["GET", "POST"])
def signin(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect(_next_page(request))
    form = SignInForm(request, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        account = form.get_user()
        login(request, account)
        record(acting=account, verb="signed_in", subject=account, address=address_of(request))
        return redirect(_next_page(request))
    context = {"form": form, "next": _next_page(request)} | _demo_logins()
    return render(request, "signin.html", context, status=form.status)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    refusal = Refusal("页面停留太久，安全校验已过期。请返回上一页，刷新后再提交。", code="csrf")
    refusal.status = 403
    return render(request, "refusal.html", {"refusal": refusal}, status=403)
