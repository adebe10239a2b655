"""Large files in parts that resume: the tus protocol 1.0.0 (core, creation, checksum, termination,
expiration) on the API of machines.

Source: https://tus.io/protocols/resumable-upload, version 1.0.0.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC
from functools import wraps
from typing import IO, Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.http import http_date
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view, parser_classes
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from grid.roles import Act
from grid.scope import found
from monitoring.actions import transfers, uploads
from monitoring.api_shapes import (
    NOT_FOUND,
    PROBLEMS,
    BatchSerializer,
    problem_example,
)
from monitoring.models import Transfer
from yizhou.refusals import NotAllowed, Refusal

VERSION = "1.0.0"
PART_TYPE = "application/offset+octet-stream"
ALGORITHMS: dict[str, Callable[[bytes], Any]] = {
    "sha256": hashlib.sha256,
    "sha1": lambda content: hashlib.sha1(content, usedforsecurity=False),
}


class WrongVersion(Refusal):
    status = 412


class PartTooLarge(Refusal):
    status = 413


class NotAPart(Refusal):
    status = 415


class NoLength(Refusal):
    status = 411


class ChecksumMismatch(Refusal):
    status = 460


# ---- shapes ----


class MetadataSerializer(BatchSerializer):
    """What Upload-Metadata may say: the fields of an ordinary upload, without the file."""

    filename = serializers.CharField(required=False, default="", allow_blank=True)
    idempotency_key = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=uploads.LONGEST_KEY
    )


class TransferSerializer(serializers.ModelSerializer[Transfer]):
    """Where a transfer stands; `upload_address` once the file is whole."""

    address = serializers.SerializerMethodField(help_text="续传的地址")
    upload_address = serializers.SerializerMethodField(help_text="报送批次的地址，收齐前为空")
    stage_label = serializers.CharField(source="get_stage_display")

    class Meta:
        model = Transfer
        fields = (
            *("id", "address", "feed", "filename", "size_bytes", "received", "stage"),
            *("stage_label", "refusal", "started_at", "expires_at", "upload_address"),
        )

    def get_address(self, transfer: Transfer) -> str:
        return reverse("api-transfer", args=[transfer.pk])

    def get_upload_address(self, transfer: Transfer) -> str:
        return reverse("api-upload", args=[transfer.upload_id]) if transfer.upload_id else ""


class PartParser(BaseParser):
    """The bytes of one part, never more than one part holds."""

    media_type = PART_TYPE

    def parse(self, stream: IO[Any], media_type: Any = None, parser_context: Any = None) -> Any:
        return stream.read(transfers.MAX_PART + 1)


def _header(name: str, description: str, kind: Any = str, *, required: bool = False) -> Any:
    return OpenApiParameter(
        name, kind, OpenApiParameter.HEADER, description=description, required=required
    )


def _answer(name: str, description: str) -> Any:
    return OpenApiParameter(
        name, str, OpenApiParameter.HEADER, description=description, response=True
    )


RESUMABLE = OpenApiParameter(
    "Tus-Resumable",
    str,
    OpenApiParameter.HEADER,
    description="协议版本，固定为 1.0.0",
    required=True,
    enum=[VERSION],
)
BYTES: Any = {"type": "integer", "minimum": 0, "maximum": 10**15 - 1}
VERSIONS: dict[Any, Any] = {412: problem_example("请带上 Tus-Resumable: 1.0.0。", "tus_version")}
GONE: dict[Any, Any] = {
    **NOT_FOUND,
    410: problem_example("这次传输已取消。请重新开始。", "transfer_ended"),
}


def tus(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Every answer, refusals too, names the protocol version and is kept by no cache."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["Tus-Resumable"] = VERSION
        response["Cache-Control"] = "no-store"
        if response.status_code == 412:
            response["Tus-Version"] = VERSION
        return response

    return answered


# ---- views ----


@tus
@extend_schema(
    methods=["POST"],
    operation_id="start_transfer",
    summary="断点续传：登记一个大文件",
    description=(
        "tus 1.0.0。答 201，Location 头是续传地址。Upload-Metadata 的写法："
        "“名称 Base64值”，逗号分隔；名称有 feed（必填）、filename、on_faults、"
        "idempotency_key、as_of、is_correction。"
    ),
    parameters=[
        RESUMABLE,
        _header("Upload-Length", "文件大小（字节）", BYTES, required=True),
        _header("Upload-Metadata", "feed ZGliYW9fcGF5bWVudA==,filename YS5jc3Y=", required=True),
        _answer("Location", "续传地址"),
        _answer("Upload-Expires", "没传完时的作废时间"),
    ],
    request=None,
    responses={
        201: TransferSerializer,
        **PROBLEMS,
        404: problem_example("没有这个数据集。可用的代码见 GET /api/feeds/。", "not_found"),
        409: problem_example("本部门已有 20 个没传完的文件。", "too_many_transfers"),
        413: problem_example("文件超过上限。请分成几个文件报送。", "file_too_large"),
        **VERSIONS,
    },
)
@extend_schema(methods=["OPTIONS"], exclude=True)
@api_view(["OPTIONS", "POST"])
@parser_classes([PartParser])
def transfer_list(request: Request) -> HttpResponse:
    _require_sender(request)
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers=_abilities())
    _require_version(request)
    said = MetadataSerializer(data=_metadata(request.headers.get("Upload-Metadata", "")))
    if (feed := said.initial_data.get("feed")) is not None:
        uploads.feed_called(feed)
    said.is_valid(raise_exception=True)
    transfer = transfers.start_transfer(
        acting=request.user, size_bytes=_number(request, "Upload-Length"), **said.validated_data
    )
    shown = TransferSerializer(transfer).data
    headers = {"Location": shown["address"], **_standing(transfer)}
    return Response(shown, status=status.HTTP_201_CREATED, headers=headers)


@tus
@extend_schema(
    methods=["GET"],
    operation_id="read_transfer",
    summary="断点续传：收到哪里了（HEAD 相同，只要头）",
    parameters=[
        _answer("Upload-Offset", "已收到的字节数"),
        _answer("Upload-Length", "文件大小"),
        _answer("X-Yizhou-Upload", "收齐后报送批次的地址"),
    ],
    responses={200: TransferSerializer, 401: PROBLEMS[401], 403: PROBLEMS[403], **GONE, **VERSIONS},
)
@extend_schema(
    methods=["PATCH"],
    operation_id="append_to_transfer",
    summary="断点续传：接着传一段（最多 8 MB）",
    description=(
        "最后一段收下后，文件转为一个报送批次，地址在 X-Yizhou-Upload 头；文件不能受理时答 4xx。"
    ),
    parameters=[
        RESUMABLE,
        _header("Upload-Offset", "这一段从第几个字节起", BYTES, required=True),
        _header("Upload-Checksum", "sha256 加 Base64 摘要"),
        _answer("Upload-Offset", "已收到的字节数"),
        _answer("X-Yizhou-Upload", "收齐后报送批次的地址"),
    ],
    request={PART_TYPE: OpenApiTypes.BINARY},
    responses={
        204: OpenApiResponse(description="收下了"),
        **PROBLEMS,
        **GONE,
        409: problem_example("Upload-Offset 应为 8388608。请续传。", "offset_mismatch"),
        411: problem_example("请带上 Content-Length。", "length_required"),
        **VERSIONS,
        413: problem_example("一段最多 8 MB。", "part_too_large"),
        415: problem_example("不支持这种内容类型。", "unsupported_media_type"),
        460: problem_example("这一段的校验值不符，没有收下。请重传。", "checksum_mismatch"),
    },
)
@extend_schema(
    methods=["POST"],
    operation_id="override_transfer",
    summary="断点续传：网络不放行 PATCH、DELETE 时用",
    description="头 X-HTTP-Method-Override 写 PATCH 或 DELETE，其余与之相同。",
    parameters=[
        RESUMABLE,
        OpenApiParameter(
            "X-HTTP-Method-Override",
            str,
            OpenApiParameter.HEADER,
            required=True,
            enum=["PATCH", "DELETE"],
        ),
        _header("Upload-Offset", "PATCH 时：这一段从第几个字节起", BYTES),
        _header("Upload-Checksum", "sha256 加 Base64 摘要"),
    ],
    request={PART_TYPE: OpenApiTypes.BINARY},
    responses={
        204: OpenApiResponse(description="办好了"),
        **PROBLEMS,
        **GONE,
        405: problem_example("不支持这种方法。", "method_not_allowed"),
        409: problem_example("Upload-Offset 应为 8388608。请续传。", "offset_mismatch"),
        411: problem_example("请带上 Content-Length。", "length_required"),
        **VERSIONS,
        413: problem_example("一段最多 8 MB。", "part_too_large"),
        415: problem_example("不支持这种内容类型。", "unsupported_media_type"),
        460: problem_example("这一段的校验值不符，没有收下。请重传。", "checksum_mismatch"),
    },
)
@extend_schema(
    methods=["DELETE"],
    operation_id="end_transfer",
    summary="断点续传：取消",
    parameters=[RESUMABLE],
    responses={
        204: OpenApiResponse(description="已取消"),
        400: PROBLEMS[400],
        401: PROBLEMS[401],
        403: PROBLEMS[403],
        **GONE,
        **VERSIONS,
    },
)
@extend_schema(methods=["OPTIONS", "HEAD"], exclude=True)
@api_view(["OPTIONS", "HEAD", "GET", "PATCH", "POST", "DELETE"])
@parser_classes([PartParser])
def transfer_detail(request: Request, pk: UUID) -> HttpResponse:
    _require_sender(request)
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers=_abilities())
    transfer: Transfer = found(request.user.sees(Transfer).select_related("upload"), pk)
    if request.method in ("GET", "HEAD"):
        transfers.require_open(transfer)
        return Response(TransferSerializer(transfer).data, headers=_standing(transfer))
    _require_version(request)
    if _asked(request) == "DELETE":
        transfers.end_transfer(acting=request.user, transfer=transfer)
        return Response(status=status.HTTP_204_NO_CONTENT)
    return _append(request, transfer)


def _append(request: Request, transfer: Transfer) -> Response:
    transfers.append_part(
        transfer=transfer, offset=_number(request, "Upload-Offset"), content=_part(request)
    )
    if transfer.is_whole:
        transfer, refusal = transfers.finish_transfer(acting=request.user, transfer=transfer)
        if refusal is not None:
            raise refusal
    return Response(status=status.HTTP_204_NO_CONTENT, headers=_standing(transfer))


def _asked(request: Request) -> str:
    """The method meant, for networks that let only GET and POST through."""
    if request.method != "POST":
        return str(request.method)
    meant = request.headers.get("X-HTTP-Method-Override", "").upper()
    if meant not in ("PATCH", "DELETE"):
        raise Refusal(
            "请用 PATCH 续传；用 POST 时要带 X-HTTP-Method-Override: PATCH 或 DELETE。",
            code="no_override",
        )
    return meant


def _require_sender(request: Request) -> None:
    if not request.user.may(Act.UPLOAD_DATA):
        raise NotAllowed("您现在的职务不能报送部门数据。请联系县级监测专员。")


def _require_version(request: Request) -> None:
    if request.headers.get("Tus-Resumable") != VERSION:
        raise WrongVersion(f"请带上 Tus-Resumable: {VERSION}。", code="tus_version")


def _abilities() -> dict[str, str]:
    return {
        "Tus-Version": VERSION,
        "Tus-Max-Size": str(settings.UPLOAD_MAX_BYTES),
        "Tus-Extension": "creation,checksum,termination,expiration",
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }


def _standing(transfer: Transfer) -> dict[str, str]:
    headers = {
        "Upload-Offset": str(transfer.received),
        "Upload-Length": str(transfer.size_bytes),
    }
    if transfer.upload_id:
        return headers | {"X-Yizhou-Upload": reverse("api-upload", args=[transfer.upload_id])}
    expires = transfer.expires_at.astimezone(UTC).timestamp()
    return headers | {"Upload-Expires": http_date(expires)}


def _number(request: Request, name: str) -> int:
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise Refusal(f"请带上 {name} 头，写非负整数。", code="bad_header")
    return int(text)


def _metadata(text: str) -> dict[str, str]:
    """Upload-Metadata as names and values. Raises Refusal for what is not Base64 of UTF-8."""
    said = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = pair.partition(" ")
        try:
            said[name] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError):
            raise Refusal(
                f"Upload-Metadata 的 {name[:40]} 不是 Base64 编码的 UTF-8 文字。", code="bad_header"
            ) from None
    return said


def _part(request: Request) -> bytes:
    """The body, as long as it says it is and with the checksum it says it has."""
    if "CONTENT_LENGTH" not in request.META or not request.META["CONTENT_LENGTH"]:
        raise NoLength("请带上 Content-Length。", code="length_required")
    length = int(request.META["CONTENT_LENGTH"])
    if length > transfers.MAX_PART:
        most = transfers.MAX_PART // (1024 * 1024)
        raise PartTooLarge(f"一段最多 {most} MB。请分小再传。", code="part_too_large")
    if request.content_type.partition(";")[0].strip() != PART_TYPE:
        raise NotAPart(f"Content-Type 应为 {PART_TYPE}。", code="unsupported_media_type")
    content = request.data if isinstance(request.data, bytes) else b""
    if len(content) != length:
        raise Refusal("这一段没有收全，没有收下。请用 HEAD 查询后重传。", code="part_cut_short")
    if said := request.headers.get("Upload-Checksum"):
        _check(content, said)
    return content


def _check(content: bytes, said: str) -> None:
    algorithm, _, text = said.partition(" ")
    if algorithm not in ALGORITHMS:
        raise Refusal(f"Upload-Checksum 只认 {'、'.join(ALGORITHMS)}。", code="bad_checksum")
    try:
        expected = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refusal("Upload-Checksum 的值不是 Base64。", code="bad_checksum") from None
    if not hmac.compare_digest(ALGORITHMS[algorithm](content).digest(), expected):
        raise ChecksumMismatch(
            "这一段的校验值不符，没有收下。请重传这一段。", code="checksum_mismatch"
        )


urlpatterns = [
    path("api/transfers/", transfer_list, name="api-transfers"),
    path("api/transfers/<uuid:pk>/", transfer_detail, name="api-transfer"),
]
