"""Department data for machines: send, follow, read faults, decide; the contracts of the data sets.

Each view answers in the shape of its serializer and calls ONE action. Errors are problem+json with
a stable code (grid.signing.refusals_as_problems).
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
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
from monitoring.api_shapes import (
    NOT_FOUND,
    PAGED,
    PROBLEMS,
    RECEIVED_EXAMPLE,
    ROWS_EXAMPLE,
    DecisionSerializer,
    FaultSerializer,
    FeedSerializer,
    FileUploadSerializer,
    RowsUploadSerializer,
    UploadSerializer,
    feed_shapes,
    problem_example,
)
from monitoring.feeds import Feed
from monitoring.intake.template import XLSX, template_file
from monitoring.models import Upload, UploadFault
from yizhou.refusals import NotAllowed, NotFound

SLACK = 1024 * 1024  # what a multipart body adds to its file


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
        404: problem_example("没有这个数据集。可用的代码见 GET /api/feeds/。", "not_found"),
        409: problem_example("这个 Idempotency-Key 已用于另一份内容。", "idempotency_key_reused"),
        413: problem_example("文件超过上限。请分成几个文件报送。", "file_too_large"),
        415: problem_example("这不是表格文件。", "not_a_table"),
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
        as_of=sent["as_of"],
        is_correction=sent["is_correction"],
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
        409: problem_example("这一批的状态已经变了。请刷新页面，看清后再操作。", "overtaken"),
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
    return Response(feed_shapes(uploads.feeds_of(request.user)))


@extend_schema(
    operation_id="read_feed",
    summary="一个数据集的列和要求",
    responses={200: FeedSerializer, 401: PROBLEMS[401], **NOT_FOUND},
)
@api_view(["GET"])
def feed_detail(request: Request, code: str) -> Response:
    return Response(feed_shapes([_feed(request, code)])[0])


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
