"""Phones: an official's in his places, a worker's own; wiped or ended with a reason."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from grid.actions.phones import end_phone, order_wipe, works_in_the_field
from grid.models import Phone
from grid.paging import capped_page
from grid.places import places_of
from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import found, may
from yizhou.refusals import NotAllowed, NotFound, Refusal

SILENT_DAYS = 7
TONES = {
    Phone.State.LIVE: "green",
    Phone.State.WIPE_ORDERED: "orange",
    Phone.State.WIPED: "grey",
    Phone.State.EXPIRED: "grey",
    Phone.State.ENDED: "grey",
}
TABS = {
    "live": "在用",
    "unsent": "有没送出的",
    "silent": f"{SILENT_DAYS} 天没联系",
    "wiping": "等待清除",
    "over": "已停用",
}


def _tab(tab: str) -> Q:
    now = timezone.now()
    live = Q(ended_at=None, expires_at__gt=now)
    return {
        "live": live,
        "unsent": Q(ended_at=None, unsent__gt=0),
        "silent": live & Q(last_contact_at__lt=now - timedelta(days=SILENT_DAYS)),
        "wiping": Q(ended_at=None, wiped_at=None, wipe_ordered_at__isnull=False),
        "over": Q(ended_at__isnull=False) | Q(expires_at__lte=now),
    }[tab]


def manages_phones(account: Any) -> bool:
    return may(account, Act.ASSIGN_WORK)


def sees_phones(account: Any) -> bool:
    return manages_phones(account) or works_in_the_field(account)


def _phones(request: SignedInRequest) -> Any:
    """Those in the official's places, or only the worker's own."""
    if not sees_phones(request.user):
        raise NotAllowed("您的职务没有走访手机。")
    seen = request.user.sees(Phone) if manages_phones(request.user) else request.user.phones.all()
    return seen.select_related("account", "wipe_ordered_by")


def _one(request: SignedInRequest, pk: uuid.UUID) -> Phone:
    own: Phone | None = request.user.phones.select_related("account").filter(pk=pk).first()
    if own is not None:
        return own
    phone: Phone = found(_phones(request), pk)
    if not may(request.user, Act.ASSIGN_WORK, code=phone.code):
        raise NotFound()
    return phone


@login_required
@require_GET
def phone_list(request: SignedInRequest) -> HttpResponse:
    rows = _phones(request)
    asked = request.GET.get("tab", "")
    tab = asked if asked in TABS else "live"
    counts = {name: rows.filter(_tab(name)).count() for name in TABS}
    chosen = rows.filter(_tab(tab)).order_by("-unsent", "last_contact_at", "pk")
    phones, page = capped_page(chosen, request)
    places = places_of(phone.code for phone in phones)
    context = {
        "rows": [(p, places[p.code], TONES[p.state]) for p in phones],
        "page": page,
        "tabs": [(name, label, counts[name], name == tab) for name, label in TABS.items()],
        "tab": tab,
        "manages": manages_phones(request.user),
        "unsent": sum(phone.unsent for phone in phones),
    }
    return render(request, "grid/phones.html", context)


class WhyForm(forms.Form):
    """Why the phone is wiped or ended."""

    reason = forms.CharField(
        label="事由",
        max_length=200,
        help_text="例如“手机丢失”“换新手机”。事由和您的姓名记入留痕。",
        error_messages={"required": "请写明事由，2 到 200 个字。"},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


def _asked(
    request: SignedInRequest, pk: uuid.UUID, template: str, act: Callable[..., None], done: str
) -> HttpResponse:
    phone = _one(request, pk)
    form = WhyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            act(acting=request.user, phone=phone, reason=form.cleaned_data["reason"])
        except Refusal as no:
            form.add_error("reason" if no.code == "reason" else None, no.sentence)
        else:
            messages.success(request, done.format(name=phone.account.name))
            return redirect("phones")
    status = 422 if form.errors else 200
    return render(request, f"grid/{template}.html", {"form": form, "phone": phone}, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def wipe(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    done = "已下令清除{name}的手机。手机下次联网时清除，没送出的记录仍会送到。"
    return _asked(request, pk, "phones_wipe", order_wipe, done)


@login_required
@require_http_methods(["GET", "POST"])
def end(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    return _asked(request, pk, "phones_end", end_phone, "{name}的手机已停用，须重新登录才能再用。")


urlpatterns = [
    path("phones/", phone_list, name="phones"),
    path("phones/<uuid:pk>/wipe/", wipe, name="wipe-phone"),
    path("phones/<uuid:pk>/end/", end, name="end-phone"),
]
