"""Keys of the departments' machines: who has which, until when, from where; issue and rotate."""

from itertools import groupby
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from grid.actions.keys import revoke_key
from grid.models import DepartmentKey
from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import found, require
from grid.views.key_forms import ChangeForm, IssueForm, RotateForm
from yizhou.refusals import Refusal

TONES = {"valid": "green", "overlap": "orange", "expired": "grey", "revoked": "grey"}


def _keys(request: SignedInRequest) -> Any:
    require(request.user, Act.MANAGE_KEYS)
    return request.user.sees(DepartmentKey).select_related("department", "successor", "replaces")


def _filled(request: SignedInRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    status = 422 if context["form"].errors else 200
    return render(request, f"grid/{template}.html", context, status=status)


@login_required
@require_GET
def key_list(request: SignedInRequest) -> HttpResponse:
    rows = _keys(request).order_by("department__name", "-pk")
    over = (DepartmentKey.State.REVOKED, DepartmentKey.State.EXPIRED)
    shown = [key for key in rows if request.GET.get("all") or key.state not in over]
    groups = [
        (department, [(key, TONES[key.state]) for key in keys])
        for department, keys in groupby(shown, key=lambda key: key.department)
    ]
    context = {
        "groups": groups,
        "all": bool(request.GET.get("all")),
        "over": len(rows) - len(shown),
    }
    return render(request, "grid/keys.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def issue(request: SignedInRequest) -> HttpResponse:
    require(request.user, Act.MANAGE_KEYS)
    form = IssueForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            secrets = form.perform(request.user)
        except Refusal as no:
            form.refuse(no)
        else:
            # Shown in the answer itself: a redirect would have to keep the secret somewhere.
            return render(request, "grid/keys_secret.html", secrets)
    return _filled(request, "keys_issue", {"form": form})


@login_required
@require_http_methods(["GET", "POST"])
def rotate(request: SignedInRequest, pk: int) -> HttpResponse:
    key = found(_keys(request), pk)
    form = RotateForm(request.POST or None, key=key)
    if request.method == "POST" and form.is_valid():
        try:
            secrets = form.perform(request.user)
        except Refusal as no:
            form.refuse(no)
        else:
            return render(request, "grid/keys_secret.html", secrets)
    return _filled(request, "keys_rotate", {"form": form, "key": key})


@login_required
@require_http_methods(["GET", "POST"])
def change(request: SignedInRequest, pk: int) -> HttpResponse:
    key = found(_keys(request), pk)
    form = ChangeForm(request.POST or None, key=key)
    if request.method == "POST" and form.is_valid():
        try:
            secrets = form.perform(request.user)
        except Refusal as no:
            form.refuse(no)
        else:
            if secrets:
                return render(request, "grid/keys_secret.html", secrets)
            messages.success(request, f"已修改密钥 {key.prefix}… 的限制。")
            return redirect("keys")
    return _filled(request, "keys_change", {"form": form, "key": key})


@login_required
@require_http_methods(["GET", "POST"])
def revoke(request: SignedInRequest, pk: int) -> HttpResponse:
    key = found(_keys(request), pk)
    errors = []
    if request.method == "POST":
        try:
            revoke_key(acting=request.user, key=key)
        except Refusal as no:
            errors.append(no.sentence)
        else:
            messages.success(request, f"密钥 {key.prefix}… 已停用，从现在起不能再用。")
            return redirect("keys")
    context = {"key": key, "errors": errors}
    return render(request, "grid/keys_revoke.html", context, status=409 if errors else 200)


urlpatterns = [
    path("keys/", key_list, name="keys"),
    path("keys/new/", issue, name="issue-key"),
    path("keys/<int:pk>/rotate/", rotate, name="rotate-key"),
    path("keys/<int:pk>/change/", change, name="change-key"),
    path("keys/<int:pk>/revoke/", revoke, name="revoke-key"),
]
