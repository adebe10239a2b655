"""Shapes of the API of department data: what is sent, what comes back, how refusals look."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema_field,
)
from rest_framework import serializers

from monitoring.feeds import FEEDS, Feed
from monitoring.freshness import freshness
from monitoring.intake.contract import contract_of
from monitoring.intake.receipt import receipt
from monitoring.models import Upload, UploadFault


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
            *("filename", "size_bytes", "sha256", "received_at", "as_of", "is_correction"),
            *("on_faults", "stage"),
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


class BatchSerializer(serializers.Serializer[Any]):
    """What a batch says of itself, whichever way its rows come."""

    feed = serializers.ChoiceField(choices=list(FEEDS), help_text="数据集代码")
    on_faults = serializers.ChoiceField(
        choices=Upload.OnFaults.choices, default=Upload.OnFaults.TAKE_GOOD, help_text="遇到错误行时"
    )
    as_of = serializers.DateField(
        required=False,
        allow_null=True,
        default=None,
        help_text="数据截止日：这批数据反映到哪一天。较早的一批不会覆盖较新的数据。不填则取文件名里的"
        "月份，或今天",
    )
    is_correction = serializers.BooleanField(
        default=False, help_text="更正文件：更正以前报送的内容，不论截止日以这一批为准"
    )


class FileUploadSerializer(BatchSerializer):
    file = serializers.FileField(
        allow_empty_file=True,  # an empty file gets its own sentence from the reader
        help_text="Excel、CSV（UTF-8、GB18030、UTF-16）、JSON 数组、NDJSON，或它们的 gzip",
    )


class RowsUploadSerializer(BatchSerializer):
    rows = serializers.ListField(
        child=serializers.DictField(), help_text="每行一个对象，键为中文列名或字段名"
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
    due_day = serializers.IntegerField(help_text="报送日（当月几号）")
    due_on = serializers.DateField(help_text="这一次应在哪天前报送")
    days_late = serializers.IntegerField(help_text="迟报天数，0 为没有迟")
    natural_key = serializers.ListField(
        child=serializers.CharField(), help_text="识别同一条记录的列"
    )
    address = serializers.CharField()
    template_address = serializers.CharField()
    columns = ColumnSerializer(many=True)


def feed_shapes(feeds: Sequence[Feed]) -> list[dict[str, Any]]:
    fresh = {state.feed: state for state in freshness(feeds=list(feeds))}
    return [
        feed_shape(feed)
        | {"due_on": fresh[feed.code].due_on, "days_late": fresh[feed.code].days_late}
        for feed in feeds
    ]


def feed_shape(feed: Feed) -> dict[str, Any]:
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


def problem_example(sentence: str, code: str) -> OpenApiResponse:
    example = OpenApiExample(
        code,
        value={"type": "about:blank", "status": 400, "code": code, "title": sentence},
        response_only=True,
    )
    return OpenApiResponse(ProblemSerializer, description=sentence, examples=[example])


PROBLEMS: dict[Any, Any] = {
    400: problem_example("提交的内容有误，请按 errors 逐项改正。", "invalid"),
    401: problem_example("密钥不对。请核对，或请县级监测专员重新签发。", "authentication_failed"),
    403: problem_example("只能报送本部门的数据集。", "not_allowed"),
}
NOT_FOUND = {404: problem_example("没有找到，或不在您的管辖范围内。", "not_found")}
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
