"""What monitoring hangs into the frame and the workbench."""

from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from grid.frame import NavItem, is_field_worker, sees_people
from grid.models import WorkItem
from grid.requests import SignedInRequest
from grid.roles import Act
from grid.scope import may
from monitoring.queue import STATUSES, Filters, status_condition


def _offices(account: Any) -> bool:
    return sees_people(account) and not is_field_worker(account)


def _waiting(account: Any) -> int:
    """Open verification items in sight, counted to 1,000 at most."""
    return int(account.sees(WorkItem).open()[:1000].count())


NAV = [
    NavItem("预警核查", "alert", "queue", _offices, _waiting),
    NavItem("研判批次", "chart", "screening", _offices),
    NavItem("研判规则", "list", "rules", _offices),
    NavItem("数据报送", "upload", "upload-data", lambda a: may(a, Act.UPLOAD_DATA)),
]

ON_HOME = ("overdue", "today", "unassigned", "reported", "done")


def home_cards(request: SignedInRequest) -> list[dict[str, Any]]:
    """Figures of the workbench; each opens the list that proves it."""
    if not _offices(request.user):
        return []
    today = timezone.localdate()
    shown = [(key, *STATUSES[key]) for key in ON_HOME]
    counts = request.user.sees(WorkItem).aggregate(
        **{key: Count("pk", filter=Q(status_condition(key, today))) for key, _, _ in shown}
    )
    return [
        {
            "label": label,
            "value": counts[key],
            "url": Filters(status=key).url(),
            "tone": tone,
            "note": "预警核查",
        }
        for key, label, tone in shown
    ]
