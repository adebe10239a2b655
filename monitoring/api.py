"""Department data for machines: send, follow, read faults, decide; the contracts of the data sets.

Each view answers in the shape of its serializer and calls ONE action. Errors are problem+json with
a stable code (grid.signing.refusals_as_problems).
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.urls import path, reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_field,
    inline_serializer,
)
from rest_framework import serializers, status
from rest_framework.decorators import api_view, parser_classes
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from grid.roles import Act
from grid.scope import found
from monitoring.actions import uploads
from monitoring.feeds import FEEDS, Feed
from monitoring.intake.contract import contract_of
from monitoring.intake.receipt import receipt
from monitoring.intake.template import XLSX, template_file
from monitoring.models import Upload, UploadFault
from yizhou.refusals import NotAllowed, NotFound

SLACK = 1024 * 1024  # what a multipart body adds to its file


# ---- shapes ----


class ProblemSerializer(serializers.Serializer[Any]):
    """An error (RFC 9457): `code` is stable, `title` is one Chinese sentence with what to do."""

    type = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    title = serializers.CharField()
    errors = serializers.DictField(required=False)  # type: ignore[assignment]


class ReceiptSerializer(serializers.Serializer[Any]):
    """rows_in = accepted + unchanged + faulty + duplicate + blank."""

    rows_in = serializers.IntegerField(help_text="收到的数据行（不含表头、合计、签字行）")
    accepted = serializers.IntegerField(help_text="入库：新增或更正")
    unchanged = serializers.IntegerField(help_text="与已有记录相同")
    faulty = serializers.IntegerField(help_text="有错误，没有入库")
    duplicate = serializers.IntegerField(help_text="文件内重复，只取第一行")
    blank = serializers.IntegerField(help_text="空行")
    unmatched = serializers.IntegerField(help_text="身份证号不在户籍库的行，已入库待匹配")
    notes = serializers.ListField(child=serializers.CharField(), help_text="校验说明")


class UploadSerializer(serializers.ModelSerializer[Upload]):
    address = serializers.SerializerMethodField(help_text="查询本批次的地址")
    faults_address = serializers.SerializerMethodField(help_text="逐条错误的地址")
    feed_title = serializers.SerializerMethodField()
    stage_label = serializers.CharField(source="get_stage_display")
    receipt = serializers.SerializerMethodField()
    repeated = serializers.SerializerMethodField(help_text="同一内容以前已收到，本次没有做任何事")

    class Meta:
        model = Upload
        fields = (
            *("id", "address", "faults_address", "feed", "feed_title", "department", "channel"),
            *("filename", "size_bytes", "sha256", "received_at", "on_faults", "stage"),
            *("stage_label", "progress", "job_state", "job_error", "refusal", "checked_at"),
            *("merged_at", "receipt", "repeated"),
        )

    def get_address(self, upload: Upload) -> str:
        return reverse("api-upload", args=[upload.pk])

    def get_faults_address(self, upload: Upload) -> str:
        return reverse("api-upload-faults", args=[upload.pk])

    def get_feed_title(self, upload: Upload) -> str:
        return FEEDS[upload.feed].title

    @extend_schema_field(ReceiptSerializer)
    def get_receipt(self, upload: Upload) -> dict[str, Any]:
        return receipt(upload)

    def get_repeated(self, upload: Upload) -> bool:
        return bool(self.context.get("repeated"))


class FaultSerializer(serializers.ModelSerializer[UploadFault]):
    class Meta:
        model = UploadFault
        fields = ("row_number", "column", "code", "seen", "problem", "fix", "is_duplicate")


class FileUploadSerializer(serializers.Serializer[Any]):
    feed = serializers.ChoiceField(choices=list(FEEDS), help_text="数据集代码")
    file = serializers.FileField(
        allow_empty_file=True,  # an empty file gets its own sentence from the reader
        help_text=".xlsx、.xls 或 CSV（UTF-8、GB18030、UTF-16）",
    )
    on_faults = serializers.ChoiceField(
        choices=Upload.OnFaults.choices, default=Upload.OnFaults.TAKE_GOOD, help_text="遇到错误行时"
    )


class RowsUploadSerializer(serializers.Serializer[Any]):
    feed = serializers.ChoiceField(choices=list(FEEDS), help_text="数据集代码")
    rows = serializers.ListField(
        child=serializers.DictField(), help_text="每行一个对象，键为中文列名或字段名"
    )
    on_faults = serializers.ChoiceField(
        choices=Upload.OnFaults.choices, default=Upload.OnFaults.TAKE_GOOD
    )


class DecisionSerializer(serializers.Serializer[Any]):
    take = serializers.ChoiceField(
        choices=["good", "nothing"], help_text="good：先入库无误的行；nothing：全部不入库"
    )


class ColumnSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="字段名")
    title = serializers.CharField(help_text="列名")
    kind = serializers.CharField(help_text="id、name、text、day、month、amount、whole、choice")
    required = serializers.BooleanField()  # type: ignore[assignment]
    aliases = serializers.ListField(child=serializers.CharField(), help_text="也认得的列名")
    unit = serializers.CharField()
    example = serializers.CharField()
    meaning = serializers.CharField()
    allowed = serializers.ListField(child=serializers.CharField(), help_text="可选值")


class FeedSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    title = serializers.CharField()
    department = serializers.CharField()
    purpose = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    due_day = serializers.IntegerField(help_text="每月报送日")
    natural_key = serializers.ListField(
        child=serializers.CharField(), help_text="识别同一条记录的列"
    )
    address = serializers.CharField()
    template_address = serializers.CharField()
    columns = ColumnSerializer(many=True)


def _feed_shape(feed: Feed) -> dict[str, Any]:
    columns = [column | {"allowed": column.get("labels", [])} for column in contract_of(feed)]
    return {
        "code": feed.code,
        "title": feed.title,
        "department": feed.department,
        "purpose": feed.purpose,
        "source": feed.source,
        "due_day": feed.due_day,
        "natural_key": [feed.header(name) for name in feed.natural_key],
        "address": reverse("api-feed", args=[feed.code]),
        "template_address": reverse("api-feed-template", args=[feed.code]),
        "columns": columns,
    }


def _problem(sentence: str, code: str) -> OpenApiResponse:
    example = OpenApiExample(
        code,
        value={"type": "about:blank", "status": 400, "code": code, "title": sentence},
        response_only=True,
    )
    return OpenApiResponse(ProblemSerializer, description=sentence, examples=[example])


PROBLEMS: dict[Any, Any] = {
    400: _problem("提交的内容有误，请按 errors 逐项改正。", "invalid"),
    401: _problem("密钥不对。请核对，或请县级监测专员重新签发。", "authentication_failed"),
    403: _problem("只能报送本部门的数据集。", "not_allowed"),
}
NOT_FOUND = {404: _problem("没有找到，或不在您的管辖范围内。", "not_found")}
PAGED = [
    OpenApiParameter("limit", int, description="每页条数"),
    OpenApiParameter("offset", int, description="从第几条起"),
]
RECEIVED_EXAMPLE = OpenApiExample(
    "收到，开始校验",
    value={
        "id": "0b8f5c1e-3a0e-4b43-9d0a-5c0f7f0f2a11",
        "address": "/api/uploads/0b8f5c1e-3a0e-4b43-9d0a-5c0f7f0f2a11/",
        "stage": "received",
        "stage_label": "已收到",
        "progress": 0,
        "repeated": False,
    },
    response_only=True,
)
ROWS_EXAMPLE = OpenApiExample(
    "逐条报送",
    value={
        "feed": "dibao_payment",
        "rows": [
            {
                "姓名": "覃某某",
                "身份证号": "990101198001011236",
                "保障类别": "农村低保",
                "保障人数": 3,
                "发放月份": "2026-10",
                "发放金额": "735.00",
                "发放日期": "2026-10-18",
            }
        ],
    },
    request_only=True,
    media_type="application/json",
)


# ---- views ----


@extend_schema(
    methods=["GET"],
    operation_id="list_uploads",
    summary="本部门的报送批次",
    parameters=[*PAGED, OpenApiParameter("feed", str, description="只看一个数据集")],
    responses={
        200: inline_serializer(
            "UploadPage",
            {
                "count": serializers.IntegerField(),
                "next": serializers.CharField(allow_null=True),
                "previous": serializers.CharField(allow_null=True),
                "results": UploadSerializer(many=True),
            },
        ),
        401: PROBLEMS[401],
    },
)
@extend_schema(
    methods=["POST"],
    operation_id="send_upload",
    summary="报送一批数据（文件或逐条）",
    description=(
        "收到即答 202，Location 头是查询地址；校验和入库在后台进行。同一内容再报一次答 200，"
        "不会重复入库。可带 Idempotency-Key 头。on_faults 不填时先入库无误的行。"
    ),
    parameters=[
        OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, description="防重键")
    ],
    request={"multipart/form-data": FileUploadSerializer, "application/json": RowsUploadSerializer},
    examples=[ROWS_EXAMPLE, RECEIVED_EXAMPLE],
    responses={
        202: UploadSerializer,
        200: OpenApiResponse(UploadSerializer, description="同一内容以前已收到（repeated 为真）"),
        **PROBLEMS,
        404: _problem("没有这个数据集。可用的代码见 GET /api/feeds/。", "not_found"),
        409: _problem("这个 Idempotency-Key 已用于另一份内容。", "idempotency_key_reused"),
        413: _problem("文件超过上限。请分成几个文件报送。", "file_too_large"),
        415: _problem("这不是表格文件。", "not_a_table"),
    },
)
@api_view(["GET", "POST"])
@parser_classes([MultiPartParser, JSONParser])
def upload_list(request: Request) -> Response:
    if request.method == "POST":
        return _receive(request)
    found = request.user.sees(Upload).order_by("-received_at")
    if feed := request.query_params.get("feed"):
        found = found.filter(feed=feed)
    return _paged(request, found, UploadSerializer)


def _receive(request: Request) -> Response:
    if not request.user.may(Act.UPLOAD_DATA):
        raise NotAllowed("您现在的职务不能报送部门数据。请联系县级监测专员。")
    _refuse_too_long(request)
    is_file = request.content_type.startswith("multipart/")
    shape: Any = FileUploadSerializer if is_file else RowsUploadSerializer
    asked = shape(data=request.data)
    if isinstance(request.data, dict) and (feed := request.data.get("feed")):
        uploads.feed_called(str(feed))
    asked.is_valid(raise_exception=True)
    sent = asked.validated_data
    upload, repeated = uploads.receive_upload(
        acting=request.user,
        feed=sent["feed"],
        file=sent["file"].file if is_file else uploads.rows_as_file(sent["rows"]),
        filename=sent["file"].name if is_file else "",
        channel=Upload.Channel.API_FILE if is_file else Upload.Channel.API_ROWS,
        on_faults=sent["on_faults"],
        idempotency_key=request.headers.get("Idempotency-Key", ""),
    )
    shown = UploadSerializer(upload, context={"repeated": repeated}).data
    code = status.HTTP_200_OK if repeated else status.HTTP_202_ACCEPTED
    return Response(shown, status=code, headers={"Location": shown["address"]})


def _refuse_too_long(request: Request) -> None:
    """Before the body is read."""
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    is_json = request.content_type.startswith("application/json")
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE if is_json else settings.UPLOAD_MAX_BYTES + SLACK
    if length > most:
        raise uploads.too_large()


@extend_schema(
    operation_id="read_upload",
    summary="一个批次的进度和回执",
    responses={200: UploadSerializer, 401: PROBLEMS[401], **NOT_FOUND},
)
@api_view(["GET"])
def upload_detail(request: Request, pk: UUID) -> Response:
    return Response(UploadSerializer(_upload(request, pk)).data)


@extend_schema(
    operation_id="list_upload_faults",
    summary="逐条错误",
    parameters=PAGED,
    responses={
        200: inline_serializer(
            "FaultPage",
            {
                "count": serializers.IntegerField(),
                "next": serializers.CharField(allow_null=True),
                "previous": serializers.CharField(allow_null=True),
                "results": FaultSerializer(many=True),
            },
        ),
        401: PROBLEMS[401],
        **NOT_FOUND,
    },
)
@api_view(["GET"])
def upload_faults(request: Request, pk: UUID) -> Response:
    upload = _upload(request, pk)
    found = request.user.sees(UploadFault).filter(upload=upload).order_by("row_number", "id")
    return _paged(request, found, FaultSerializer)


@extend_schema(
    operation_id="decide_upload",
    summary="校验后决定：先入库无误的行，或全部不入库",
    request=DecisionSerializer,
    responses={
        200: UploadSerializer,
        **PROBLEMS,
        **NOT_FOUND,
        409: _problem("这一批的状态已经变了。请刷新页面，看清后再操作。", "overtaken"),
    },
)
@api_view(["POST"])
def upload_decision(request: Request, pk: UUID) -> Response:
    asked = DecisionSerializer(data=request.data)
    asked.is_valid(raise_exception=True)
    upload = uploads.decide_upload(
        acting=request.user, upload=_upload(request, pk), take=asked.validated_data["take"]
    )
    return Response(UploadSerializer(upload).data)


@extend_schema(
    operation_id="list_feeds",
    summary="可报送的数据集",
    responses={200: FeedSerializer(many=True), 401: PROBLEMS[401]},
)
@api_view(["GET"])
def feed_list(request: Request) -> Response:
    return Response([_feed_shape(feed) for feed in uploads.feeds_of(request.user)])


@extend_schema(
    operation_id="read_feed",
    summary="一个数据集的列和要求",
    responses={200: FeedSerializer, 401: PROBLEMS[401], **NOT_FOUND},
)
@api_view(["GET"])
def feed_detail(request: Request, code: str) -> Response:
    return Response(_feed_shape(_feed(request, code)))


@extend_schema(
    operation_id="download_feed_template",
    summary="Excel 模板",
    responses={(200, XLSX): OpenApiTypes.BINARY, 401: PROBLEMS[401], **NOT_FOUND},
)
@api_view(["GET"])
def feed_template(request: Request, code: str) -> HttpResponse:
    feed = _feed(request, code)
    headers = {"Content-Disposition": f'attachment; filename="{feed.code}.xlsx"'}
    return HttpResponse(template_file(feed), content_type=XLSX, headers=headers)


def _upload(request: Request, pk: UUID) -> Upload:
    upload: Upload = found(request.user.sees(Upload), pk)
    return upload


def _feed(request: Request, code: str) -> Feed:
    feed = next((f for f in uploads.feeds_of(request.user) if f.code == code), None)
    if feed is None:
        raise NotFound("没有这个数据集，或不归您的部门报送。可用的代码见 GET /api/feeds/。")
    return feed


def _paged(request: Request, found: Any, shape: Any) -> Response:
    paginator = LimitOffsetPagination()
    paginator.max_limit = 1000
    page: Any = paginator.paginate_queryset(found, request)
    return paginator.get_paginated_response(shape(page, many=True).data)


urlpatterns = [
    path("api/uploads/", upload_list, name="api-uploads"),
    path("api/uploads/<uuid:pk>/", upload_detail, name="api-upload"),
    path("api/uploads/<uuid:pk>/faults/", upload_faults, name="api-upload-faults"),
    path("api/uploads/<uuid:pk>/decision/", upload_decision, name="api-upload-decision"),
    path("api/feeds/", feed_list, name="api-feeds"),
    path("api/feeds/<slug:code>/", feed_detail, name="api-feed"),
    path("api/feeds/<slug:code>/template/", feed_template, name="api-feed-template"),
]
