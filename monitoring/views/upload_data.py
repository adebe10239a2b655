"""Department data by page: the data sets, sending a file, following a batch, its faults."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import found
from monitoring.actions import undos, uploads
from monitoring.actions.reminders import standing_reminders
from monitoring.feeds import Feed
from monitoring.freshness import due_in_words, freshness
from monitoring.intake import receipt
from monitoring.intake.contract import contract_of
from monitoring.intake.template import XLSX, template_file
from monitoring.models import Upload, UploadFault
from monitoring.views.data_dictionary import column_in_words
from yizhou.refusals import NotAllowed, NotFound, Refusal

FAULTS_PER_PAGE = 20  # the decision below stays within reach
BATCHES_SHOWN = 20
UNDO_ROWS_SHOWN = 200


class UploadForm(forms.Form):
    file = forms.FileField(
        label="文件",
        help_text="Excel、CSV（UTF-8、GB18030、UTF-16）、JSON、NDJSON 或 gzip。可把文件拖到这里。",
        allow_empty_file=True,  # an empty file gets its own sentence from the reader
        error_messages={"required": "请先选择文件。"},
        widget=forms.FileInput(attrs={"accept": ".xlsx,.xls,.csv,.txt,.json,.ndjson,.gz"}),
    )
    on_faults = forms.ChoiceField(
        label="有错误行时",
        choices=Upload.OnFaults.choices,
        initial=Upload.OnFaults.ASK,
        widget=forms.RadioSelect,
    )
    as_of = forms.DateField(
        label="数据截止日",
        required=False,
        help_text="这批数据反映到哪一天。不填时按文件名里的年月；没有年月，按今天。"
        "较早的数据不会覆盖较新的。",
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": "请填写日期，例如 2026-10-31。"},
    )
    is_correction = forms.BooleanField(
        label="这是更正文件",
        required=False,
        help_text="更正以前报送的内容：不论截止日，以这一份为准。旧的内容留在历史里。",
    )


@login_required
@require_GET
def data_sets(request: SignedInRequest) -> HttpResponse:
    """The data sets the sender may send, each with its last batch, and the latest batches."""
    if not request.user.may(Act.UPLOAD_DATA):
        raise NotAllowed("您的职务不报送部门数据。")
    seen = request.user.sees(Upload)
    own = uploads.feeds_of(request.user)
    state, fresh = receipt.overview(seen), freshness(feeds=own)
    feeds = [
        {"feed": feed, "fresh": f, "due": due_in_words(feed), **state[feed.code]}
        for feed, f in zip(own, fresh, strict=True)
    ]
    recent = seen.select_related("department", "submitted_by", "submitted_key")[:BATCHES_SHOWN]
    context = {
        "feeds": feeds,
        "recent": recent,
        "reminders": standing_reminders(request.user, fresh),
    }
    return render(request, "monitoring/upload_data.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def send_file(request: SignedInRequest, code: str) -> HttpResponse:
    feed = _feed(request, code)
    form = UploadForm(request.POST or None, request.FILES or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                return _received(request, feed, form)
            except Refusal as refusal:
                form.add_error("file", refusal.sentence)
                status = refusal.status
    context = {
        "feed": feed,
        "form": form,
        "columns": [column_in_words(column) for column in contract_of(feed)],
        "due": due_in_words(feed),
        "api_address": request.build_absolute_uri(reverse("api-uploads")),
    }
    return render(request, "monitoring/upload_file.html", context, status=status)


def _received(request: SignedInRequest, feed: Feed, form: UploadForm) -> HttpResponse:
    sent = form.cleaned_data["file"]
    upload, repeated = uploads.receive_upload(
        acting=request.user,
        feed=feed.code,
        file=sent.file,
        filename=sent.name,
        channel=Upload.Channel.PAGE,
        on_faults=form.cleaned_data["on_faults"],
        as_of=form.cleaned_data["as_of"],
        is_correction=form.cleaned_data["is_correction"],
    )
    if repeated:
        messages.info(request, "这份文件以前已经收到，没有重复入库。下面是那一批的结果。")
    return redirect("upload", upload.pk)


@login_required
@require_GET
def download_template(request: SignedInRequest, code: str) -> HttpResponse:
    feed = _feed(request, code)
    return _file(template_file(feed), f"{feed.title}模板.xlsx")


@login_required
@require_GET
def follow_upload(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The steps page; htmx asks for its live part every two seconds while work goes on."""
    upload = _upload(request, pk)
    template = "monitoring/upload_steps.html"
    if request.htmx and not request.htmx.boosted:
        template += "#live"
    return render(request, template, _steps_context(request, upload))


def _steps_context(request: SignedInRequest, upload: Upload) -> dict[str, Any]:
    before = receipt.previous_batch(upload) if upload.checked_at else None
    groups = receipt.fault_groups(upload)
    return {
        "upload": upload,
        "feed": uploads.feed_called(upload.feed),
        "steps": receipt.steps(upload),
        "moving": receipt.is_moving(upload),
        "good": receipt.good_rows(upload),
        "before": before,
        "change": (change := receipt.change_percent(upload, before)),
        "unusual": change is not None and abs(change) > receipt.USUAL_CHANGE,
        "notes": receipt.notes_in_words(upload.notes),
        "groups": groups,
        "faults": _faults(request, upload),
        "chosen": _chosen(request, groups),
        "fault_file": receipt.has_fault_file(upload),
        "may_decide": uploads.may_send(request.user, upload.department_id),
    } | _undo_context(upload)


def _chosen(request: SignedInRequest, groups: list[receipt.FaultGroup]) -> Any:
    """The kind of fault the address asks for, or None."""
    asked = (request.GET.get("column", ""), request.GET.get("code", ""))
    return next((group for group in groups if (group.column, group.code) == asked), None)


def _undo_context(upload: Upload) -> dict[str, Any]:
    if upload.stage != Upload.Stage.UNDONE:
        return {}
    rows = upload.undo.rows.all()
    more = upload.undo.kept + upload.undo.failed - UNDO_ROWS_SHOWN
    return {"undo_rows": rows[:UNDO_ROWS_SHOWN], "undo_rows_more": max(0, more)}


def _faults(request: SignedInRequest, upload: Upload) -> Any:
    found = request.user.sees(UploadFault).filter(upload=upload).order_by("row_number", "id")
    if code := request.GET.get("code"):
        found = found.filter(code=code, column=request.GET.get("column", ""))
    return Paginator(found, FAULTS_PER_PAGE).get_page(request.GET.get("page"))


@login_required
@require_POST
def decide_upload(request: SignedInRequest, pk: UUID) -> HttpResponse:
    def act() -> None:
        upload, take = _upload(request, pk), request.POST.get("take", "")
        uploads.decide_upload(acting=request.user, upload=upload, take=take)

    return _done(request, pk, act)


@login_required
@require_POST
def discard_upload(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return _done(
        request,
        pk,
        lambda: uploads.discard_upload(acting=request.user, upload=_upload(request, pk)),
    )


@login_required
@require_POST
def retry_upload(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return _done(
        request, pk, lambda: uploads.retry_upload(acting=request.user, upload=_upload(request, pk))
    )


@login_required
@require_POST
def release_upload(request: SignedInRequest, pk: UUID) -> HttpResponse:
    def act() -> None:
        upload, reason = _upload(request, pk), request.POST.get("reason", "")
        uploads.release_upload(acting=request.user, upload=upload, reason=reason)

    return _done(request, pk, act)


@login_required
@require_POST
def undo_upload(request: SignedInRequest, pk: UUID) -> HttpResponse:
    def act() -> None:
        upload, reason = _upload(request, pk), request.POST.get("reason", "")
        undos.request_undo(acting=request.user, upload=upload, reason=reason)

    return _done(request, pk, act)


@login_required
@require_POST
def retry_undo(request: SignedInRequest, pk: UUID) -> HttpResponse:
    return _done(
        request, pk, lambda: undos.retry_undo(acting=request.user, upload=_upload(request, pk))
    )


@login_required
@require_GET
def download_faults(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """The faulty rows as a workbook that goes in again once corrected; an audited export."""
    upload = _upload(request, pk)
    content = uploads.open_fault_file(acting=request.user, upload=upload)
    title = uploads.feed_called(upload.feed).title
    return _file(b"".join(content), f"{title}错误行{upload.received_at:%Y%m%d}.xlsx")


def _done(request: SignedInRequest, pk: UUID, act: Any) -> HttpResponse:
    try:
        act()
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
    return redirect("upload", pk)


def _upload(request: SignedInRequest, pk: UUID) -> Upload:
    rows = request.user.sees(Upload).select_related("department", "submitted_by", "submitted_key")
    upload: Upload = found(rows.select_related("screening", "undo__asked_by"), pk)
    return upload


def _feed(request: SignedInRequest, code: str) -> Feed:
    if not request.user.may(Act.UPLOAD_DATA):
        raise NotAllowed("您的职务不报送部门数据。")
    feed = next((f for f in uploads.feeds_of(request.user) if f.code == code), None)
    if feed is None:
        raise NotFound("没有这个数据集，或不归您的部门报送。")
    return feed


def _file(content: bytes, name: str) -> HttpResponse:
    attachment = content_disposition_header(as_attachment=True, filename=name) or ""
    return HttpResponse(content, content_type=XLSX, headers={"Content-Disposition": attachment})


urlpatterns = [
    path("data/", data_sets, name="upload-data"),
    path("data/uploads/<uuid:pk>/", follow_upload, name="upload"),
    path("data/uploads/<uuid:pk>/decide/", decide_upload, name="upload-decide"),
    path("data/uploads/<uuid:pk>/discard/", discard_upload, name="upload-discard"),
    path("data/uploads/<uuid:pk>/retry/", retry_upload, name="upload-retry"),
    path("data/uploads/<uuid:pk>/release/", release_upload, name="upload-release"),
    path("data/uploads/<uuid:pk>/undo/", undo_upload, name="upload-undo"),
    path("data/uploads/<uuid:pk>/undo/retry/", retry_undo, name="upload-undo-retry"),
    path("data/uploads/<uuid:pk>/faults.xlsx", download_faults, name="upload-faults"),
    path("data/<slug:code>/", send_file, name="upload-file"),
    path("data/<slug:code>/template.xlsx", download_template, name="upload-template"),
]
