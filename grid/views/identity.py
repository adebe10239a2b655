"""Revealing a number: the reason first, then the number, once, on a page that is not kept."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_http_methods

from grid.actions.identity import SHORTEST_REASON, reveal_identity, reveal_phone
from grid.models import Household, Person
from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import found, require
from yizhou.refusals import Refusal


class ReasonForm(forms.Form):
    """Why somebody must see the number."""

    reason = forms.CharField(
        label="查看事由",
        max_length=500,
        help_text=f"至少 {SHORTEST_REASON} 个字，例如“核对医保票据”。事由和您的姓名记入留痕。",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


def _page(
    request: SignedInRequest, subject: Person | Household, what: str, reveal: Callable[[str], str]
) -> HttpResponse:
    """The form on GET; on POST the number itself, never in an address."""
    code = subject.code if isinstance(subject, Person) else subject.cell_id
    require(request.user, Act.REVEAL_IDENTITY, code=code)
    form = ReasonForm(request.POST or None)
    shown = ""
    if request.method == "POST" and form.is_valid():
        try:
            shown = reveal(form.cleaned_data["reason"])
        except Refusal as no:
            form.add_error("reason" if no.code == "reason" else None, no.sentence)
    context: dict[str, Any] = {"form": form, "subject": subject, "what": what, "shown": shown}
    context["household_id"] = subject.household_id if isinstance(subject, Person) else subject.pk
    return render(request, "grid/reveal.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def person_identity(request: SignedInRequest, pk: int) -> HttpResponse:
    person = found(request.user.sees(Person), pk)

    def reveal(reason: str) -> str:
        return reveal_identity(acting=request.user, person=person, reason=reason)

    return _page(request, person, "身份证号", reveal)


@login_required
@require_http_methods(["GET", "POST"])
def person_phone(request: SignedInRequest, pk: int) -> HttpResponse:
    person = found(request.user.sees(Person), pk)

    def reveal(reason: str) -> str:
        return reveal_phone(acting=request.user, subject=person, reason=reason)

    return _page(request, person, "电话", reveal)


@login_required
@require_http_methods(["GET", "POST"])
def household_phone(request: SignedInRequest, pk: int) -> HttpResponse:
    household = found(request.user.sees(Household), pk)

    def reveal(reason: str) -> str:
        return reveal_phone(acting=request.user, subject=household, reason=reason)

    return _page(request, household, "户联系电话", reveal)


urlpatterns = [
    path("people/<int:pk>/identity/", person_identity, name="reveal-identity"),
    path("people/<int:pk>/phone/", person_phone, name="reveal-phone"),
    path("households/<int:pk>/phone/", household_phone, name="reveal-household-phone"),
]
