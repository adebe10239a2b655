"""The audit trail, for auditors: who did what to which row, when, and why."""

from datetime import date, datetime, time
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET

from grid.paging import capped_page
from grid.places import places_of
from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import in_subtrees, require
from yizhou.audit import AuditEntry, record

FILTERS = ("verb", "actor", "code", "subject", "since", "until")

# Words for the verbs of all floors; a verb without words is shown as it is.
VERBS = {
    "signed_in": "登录",
    "refused": "被拒绝的访问",
    "read": "查看农户档案",
    "searched_id_number": "按身份证号查找",
    "revealed_identity": "查看完整身份证号",
    "revealed_phone": "查看完整电话",
    "read_audit": "查看操作留痕",
    "registered_household": "建户",
    "added_member": "新增成员",
    "removed_member": "成员迁出",
    "recorded_death": "登记死亡",
    "changed_head": "变更户主",
    "moved_household": "搬迁",
    "split_household": "分户",
    "merged_household": "并入别户",
    "took_in_household": "接收并户",
    "appointed_post": "任职",
    "ended_post": "离任",
    "handed_over_work": "工作移交",
    "opened_account": "开通账号",
    "granted_exception": "个案授权",
    "revoked_exception": "撤销个案授权",
    "issued_key": "签发密钥",
    "revoked_key": "停用密钥",
    "opened_work_items": "生成入户事项",
    "assigned_work_item": "派单",
    "returned_work_item": "退回补充",
    "filed_visit": "回传走访",
    "corrected_visit": "更正走访",
    "settled_alert": "办结预警",
    "screened": "研判",
    "requested_screening": "发起研判",
    "retried_screening": "重试研判",
    "collected_reports": "收取核实结果",
    "changed_schedule": "修改定时",
    "published_rule": "发布规则",
    "received_upload": "收到数据",
    "merged_upload": "数据入库",
    "import_divisions": "导入区划",
    "build_demo_county": "建立演示县",
    "import_tuns": "导入屯",
}


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _start(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def listed(rows: QuerySet[AuditEntry], query: QueryDict) -> QuerySet[AuditEntry]:
    """The trail under the filters of a query string; what cannot be read is dropped."""
    if verb := query.get("verb", ""):
        rows = rows.filter(verb=verb)
    if actor := query.get("actor", "").strip():
        rows = rows.filter(actor_name__contains=actor)
    if (code := query.get("code", "").strip()).isdigit():
        rows = rows.filter(in_subtrees("code", (code,)))
    if subject := query.get("subject", "").strip():
        rows = rows.filter(subject_id=subject)
    if since := _day(query.get("since", "")):
        rows = rows.filter(at__gte=_start(since))
    if until := _day(query.get("until", "")):
        rows = rows.filter(at__lt=_start(date.fromordinal(until.toordinal() + 1)))
    return rows


@login_required
@require_GET
def audit_trail(request: SignedInRequest) -> HttpResponse:
    require(request.user, Act.READ_AUDIT)
    rows, page = capped_page(listed(request.user.sees(AuditEntry), request.GET), request)
    asked = {name: request.GET.get(name, "") for name in FILTERS}
    record(
        acting=request.user,
        verb="read_audit",
        subject=("yizhou.auditentry", ""),
        detail={name: value for name, value in asked.items() if value},
    )
    places = places_of(row.code for row in rows if row.code)
    context: dict[str, Any] = {
        "rows": [(row, VERBS.get(row.verb, row.verb), places.get(row.code)) for row in rows],
        "page": page,
        "verbs": sorted(VERBS.items(), key=lambda pair: pair[1]),
        "f": asked,
        "filtered": any(asked.values()),
    }
    return render(request, "grid/audit_trail.html", context)


urlpatterns = [path("audit/", audit_trail, name="audit-trail")]
