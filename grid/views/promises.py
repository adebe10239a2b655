"""Promises: the own list, a new one for a household, and what became of it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from grid.actions.promises import end_promise, make_promise
from grid.frame import is_field_worker
from grid.models import Household, Promise, PromiseEvent
from grid.paging import capped_page
from grid.places import place_of, places_of
from grid.promises import TABS, conditions, own_promises
from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import found, require
from grid.views.household_forms import Day
from yizhou.refusals import Refusal


class PromiseForm(forms.Form):
    """What and by when."""

    sentence = forms.CharField(
        label="承诺做什么",
        max_length=200,
        help_text="一句话，例如“12 月 10 日前帮联系县医院复查”。",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    due_on = forms.DateField(
        label="哪天前做到", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class EndForm(forms.Form):
    """Kept or not, on which day, and why not."""

    state = forms.ChoiceField(
        label="兑现了吗",
        choices=[("kept", "兑现了"), ("not_kept", "没有兑现"), ("withdrawn", "撤回承诺")],
        widget=forms.RadioSelect,
    )
    on = Day("日期")
    reason = forms.CharField(
        label="说明",
        max_length=200,
        required=False,
        help_text="没有兑现或撤回的，写明原因。",
        widget=forms.Textarea(attrs={"rows": 2}),
    )


@login_required
@require_GET
def promises(request: SignedInRequest) -> HttpResponse:
    require(request.user, Act.RECORD_VISIT)
    mine, where = own_promises(request.user), conditions()
    counts = mine.aggregate(**{key: Count("pk", filter=q) for key, q in where.items()})
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else "open"
    order = ("-ended_on", "-id") if tab == "ended" else ("due_on", "id")
    rows = mine.filter(where[tab]).select_related("household__head").order_by(*order)
    shown, page = capped_page(rows, request)
    places = places_of(row.household.cell_id for row in shown)
    context = {
        "rows": [(row, places[row.household.cell_id]) for row in shown],
        "page": page,
        "tab": tab,
        "tabs": [(key, label, counts[key], key == tab) for key, label in TABS.items()],
    }
    field = is_field_worker(request.user)
    return render(request, f"grid/promises{'' if field else '_office'}.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def new_promise(request: SignedInRequest, pk: int) -> HttpResponse:
    household = found(request.user.sees(Household).select_related("head"), pk)
    require(request.user, Act.RECORD_VISIT, code=household.cell_id)
    form = PromiseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            promise = make_promise(acting=request.user, household=household, **form.cleaned_data)
        except Refusal as no:
            form.add_error(no.code if no.code in form.fields else None, no.sentence)
        else:
            messages.success(request, f"已记下承诺，{promise.due_on:%m-%d} 前回访。")
            return redirect("household", pk)
    context = {"form": form, "household": household, "place": place_of(household.cell_id)}
    status = 422 if form.errors else 200
    return render(request, "grid/promise_new.html", context, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def one_promise(request: SignedInRequest, pk: int) -> HttpResponse:
    rows = request.user.sees(Promise).select_related("household__head", "by")
    promise: Promise = found(rows, pk)
    form = EndForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            _end(request, promise, form.cleaned_data)
        except Refusal as no:
            form.add_error(no.code if no.code in form.fields else None, no.sentence)
        else:
            messages.success(request, "已登记。")
            return redirect("household", promise.household_id)
    may_end = promise.by_id == request.user.pk or request.user.may(
        Act.ASSIGN_WORK, code=promise.household.cell_id
    )
    context = {
        "form": form,
        "promise": promise,
        "may_end": may_end and promise.state == Promise.State.OPEN,
        "events": request.user.sees(PromiseEvent).filter(promise=promise),
        "overdue": promise.due_on < timezone.localdate(),
    }
    return render(request, "grid/promise.html", context, status=422 if form.errors else 200)


def _end(request: SignedInRequest, promise: Promise, said: dict[str, Any]) -> None:
    seen = request.POST.get("version", "")
    end_promise(
        acting=request.user,
        promise=promise,
        version_seen=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 9 else 0,
        **said,
    )


urlpatterns = [
    path("promises/", promises, name="promises"),
    path("promises/<int:pk>/", one_promise, name="promise"),
    path("households/<int:pk>/promises/new/", new_promise, name="new-promise"),
]
