"""The township's inbox: facts on which phone and registry disagree, and letters that are held."""

import uuid
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from grid.actions.attachments import view_attachment
from grid.actions.facts import decide_clash, in_words, values_of
from grid.actions.held import accept_envelope, read_envelope, set_aside_envelope
from grid.letter_words import told_in_words
from grid.models import Attachment, Envelope, FactEdit, Household
from grid.paging import capped_page
from grid.places import places_of
from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import found, require
from yizhou.refusals import Overtaken, Refusal

REASON = {"required": "请写明理由，2 到 200 个字。"}


def _edits(request: SignedInRequest) -> Any:
    require(request.user, Act.EDIT_REGISTRY)
    return request.user.sees(FactEdit).select_related("household__head", "person", "by")


def _envelopes(request: SignedInRequest) -> Any:
    require(request.user, Act.EDIT_REGISTRY)
    return request.user.sees(Envelope).select_related("household__head", "sender", "decided_by")


def shown(edit: FactEdit) -> dict[str, Any]:
    values = values_of(edit)
    return {
        "edit": edit,
        "subject": edit.subject_name,
        "seen": in_words(edit.field, values.seen),
        "mine": in_words(edit.field, values.mine),
        "office": in_words(edit.field, values.office),
    }


@login_required
@require_GET
def inbox(request: SignedInRequest) -> HttpResponse:
    over = request.GET.get("tab") == "over"
    edits, letters = _edits(request), _envelopes(request)
    clashing = (
        edits.filter(state__in=("mine", "office")).exclude(decided_at=None)
        if over
        else edits.clashing()
    )
    held = letters.exclude(decided_at=None) if over else letters.held()
    rows, page = capped_page(clashing.order_by("-arrived_at", "pk"), request)
    kept = list(held.order_by("-received_at", "pk")[:100])
    places = places_of([*(e.household.cell_id for e in rows), *(e.code for e in kept)])
    context = {
        "clashes": [(shown(e), places[e.household.cell_id]) for e in rows],
        "letters": [(e, places[e.code]) for e in kept],
        "page": page,
        "over": over,
    }
    return render(request, "grid/fact_clashes.html", context)


class ClashForm(forms.Form):
    """Which of the two values stays."""

    choice = forms.ChoiceField(
        label="以哪个为准",
        choices=(),
        widget=forms.RadioSelect,
        error_messages={"required": "请选以哪个为准。"},
    )
    reason = forms.CharField(
        label="理由",
        max_length=200,
        help_text="写明核对了什么，例如“电话核实过”。",
        error_messages=REASON,
    )

    def __init__(self, *args: Any, clash: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = cast("forms.ChoiceField", self.fields["choice"])
        choice.choices = [
            ("mine", f"用走访填的：{clash['mine']}"),
            ("office", f"用登记的：{clash['office']}"),
        ]


@login_required
@require_http_methods(["GET", "POST"])
def clash(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    edit: FactEdit = found(_edits(request), pk)
    told = shown(edit)
    form = ClashForm(request.POST or None, clash=told)
    if request.method == "POST" and form.is_valid():
        try:
            decided = decide_clash(acting=request.user, edit=edit, **form.cleaned_data)
        except Overtaken:
            raise
        except Refusal as no:
            form.add_error(no.code if no.code in form.fields else None, no.sentence)
        else:
            if decided.state in (FactEdit.State.MINE, FactEdit.State.OFFICE):
                messages.success(request, "已定。")
                return redirect("fact-clashes")
            messages.warning(request, "登记刚又变了，请看清新的值再定。")
            return redirect("fact-clash", pk)
    place = places_of([edit.household.cell_id])[edit.household.cell_id]
    context = told | {"form": form, "place": place}
    status = 422 if form.errors else 200
    return render(request, "grid/fact_clashes_one.html", context, status=status)


class HeldForm(forms.Form):
    """Into the household's visits, or set aside."""

    choice = forms.ChoiceField(
        label="怎样处理",
        choices=(("accept", "采用"), ("set_aside", "不采用，原件保留")),
        widget=forms.RadioSelect,
        error_messages={"required": "请选怎样处理。"},
    )
    number = forms.CharField(
        label="户编号",
        max_length=24,
        required=False,
        help_text="登记里没有找到这一户时填写，走访存入这一户。",
    )
    reason = forms.CharField(label="理由", max_length=200, error_messages=REASON)

    def __init__(self, *args: Any, envelope: Envelope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if envelope.household_id is not None or envelope.kind == Envelope.Kind.REPORT:
            del self.fields["number"]


@login_required
@require_http_methods(["GET", "POST"])
def held(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    envelope: Envelope = found(_envelopes(request), pk)
    form = HeldForm(request.POST or None, envelope=envelope)
    if request.method == "POST" and form.is_valid():
        try:
            _decide(request, envelope, form.cleaned_data)
        except Overtaken:
            raise
        except Refusal as no:
            names = {"household": "number"}
            named = names.get(no.code, no.code)
            form.add_error(named if named in form.fields else None, no.sentence)
        else:
            messages.success(request, "已定，原件保留。")
            return redirect("fact-clashes")
    context = _letter_context(request, envelope) | {"form": form}
    status = 422 if form.errors else 200
    return render(request, "grid/fact_clashes_held.html", context, status=status)


def _decide(request: SignedInRequest, envelope: Envelope, said: dict[str, Any]) -> None:
    if said["choice"] == "set_aside":
        set_aside_envelope(acting=request.user, envelope=envelope, reason=said["reason"])
        return
    number = said.get("number", "").strip()
    home = request.user.sees(Household).filter(number=number).first() if number else None
    accept_envelope(acting=request.user, envelope=envelope, reason=said["reason"], household=home)


def _letter_context(request: SignedInRequest, envelope: Envelope) -> dict[str, Any]:
    letter = read_envelope(acting=request.user, envelope=envelope)
    return {
        "envelope": envelope,
        "place": places_of([envelope.code])[envelope.code],
        "told": told_in_words(envelope, letter),
        "attachments": request.user.sees(Attachment).filter(envelope=envelope),
        "waiting": envelope.state == Envelope.State.HELD,
    }


@login_required
@require_GET
def attachment(request: SignedInRequest, pk: uuid.UUID, attachment: uuid.UUID) -> HttpResponse:
    row = found(request.user.sees(Attachment).filter(envelope=pk), attachment)
    content = view_attachment(acting=request.user, attachment=row)
    response = StreamingHttpResponse(content, content_type=row.media_type)
    response["Content-Length"] = str(row.size)
    response["Content-Disposition"] = "inline"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "no-store"
    return cast("HttpResponse", response)


urlpatterns = [
    path("fact-clashes/", inbox, name="fact-clashes"),
    path("fact-clashes/<uuid:pk>/", clash, name="fact-clash"),
    path("envelopes/<uuid:pk>/", held, name="held-envelope"),
    path("visits/<uuid:pk>/attachments/<uuid:attachment>/", attachment, name="visit-attachment"),
]
