"""What monitoring hangs into the frame and the workbench."""

from typing import Any

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from grid.frame import COUNTED_TO, NavGroup, NavItem, is_field_worker, sees_people
from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import highest_place, may, sight_of
from monitoring.freshness import follows_data, freshness
from monitoring.models import RegistryProposal
from monitoring.queue import STATUSES, Filters, Queue, status_condition, to_verify


def _offices(account: Any) -> bool:
    return sees_people(account) and not is_field_worker(account)


def _waiting(account: Any) -> QuerySet[Any]:
    """Open verification items in sight."""
    rows: QuerySet[Any] = to_verify(account).open()
    return rows


def sees_conflicts(account: Any) -> bool:
    """Offices by place, and departments that send data."""
    return _offices(account) or bool(sight_of(account).departments)


def sees_proposals(account: Any) -> bool:
    """Who may change the registry, or leads those who do."""
    return _offices(account)


def _to_confirm(account: Any) -> QuerySet[RegistryProposal]:
    rows: QuerySet[RegistryProposal] = account.sees(RegistryProposal).filter(state="open")
    return rows


NAV = [
    NavItem(
        "预警核查",
        "alert",
        "queue",
        _offices,
        _waiting,
        group=NavGroup.FIND,
        order=10,
        hot=True,
    ),
    NavItem("研判批次", "chart", "screening", _offices, group=NavGroup.DATA),
    NavItem("研判规则", "list", "rules", _offices, group=NavGroup.DATA),
    NavItem(
        "数据报送",
        "upload",
        "upload-data",
        lambda a: may(a, Act.UPLOAD_DATA),
        group=NavGroup.DATA,
    ),
    NavItem("数据打架", "scale", "data-conflicts", sees_conflicts, group=NavGroup.DATA),
    NavItem(
        "户籍变动建议",
        "user-pen",
        "registry-proposals",
        sees_proposals,
        _to_confirm,
        group=NavGroup.HOMES,
    ),
    NavItem("数据日历", "calendar", "data-calendar", follows_data, group=NavGroup.DATA),
]

ON_HOME = ("overdue", "today", "unassigned", "reported", "done")


def home_cards(request: SignedInRequest) -> list[dict[str, Any]]:
    """Figures of the workbench; each opens the list that proves it."""
    if not _offices(request.user):
        return []
    today = timezone.localdate()
    shown = [(key, *STATUSES[key]) for key in ON_HOME]
    counts = to_verify(request.user).aggregate(
        **{key: Count("pk", filter=Q(status_condition(key, today))) for key, _, _ in shown}
    )
    cards = [
        {
            "label": label,
            "value": counts[key],
            "url": Filters(status=key).url(),
            "tone": tone,
            "note": "",
        }
        for key, label, tone in shown
    ]
    return cards + _proposal_card(request)


def _proposal_card(request: SignedInRequest) -> list[dict[str, Any]]:
    """Changes of the registry that departments tell of and this person may enter."""
    if not may(request.user, Act.EDIT_REGISTRY):
        return []
    return [
        {
            "label": "待确认户籍变动",
            "value": _to_confirm(request.user)[:COUNTED_TO].count(),
            "url": reverse("registry-proposals"),
            "tone": "org",
            "note": "",
        }
    ]


def home_sections(request: SignedInRequest) -> list[dict[str, Any]]:
    """Where the work stands, one level below; and which department's data are late."""
    if not _offices(request.user):
        return []
    below = Queue(request.user, Filters()).by_place(below=highest_place(request.user) or "")
    progress = [
        {
            "text": row.name,
            "url": Filters(village=row.code).url(),
            "small": f"待办 {row.open} 户，超期 {row.overdue}，未派单 {row.unassigned}，"
            f"待审核 {row.reported}",
        }
        for row in below
    ]
    data = [
        {
            "text": f"{f.department} {f.title}",
            "url": reverse("data-calendar") if follows_data(request.user) else reverse("rules"),
            "small": (f"最近 {f.last_on:%m-%d}" if f.last_on else "还没有数据")
            + (f"，迟 {f.days_late} 天" if f.late else ""),
        }
        for f in freshness()
    ]
    return [
        {"title": "各地核查进度", "rows": progress},
        {"title": "部门数据", "rows": data},
    ]
