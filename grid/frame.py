"""What every page shows around its content: who, where, and the way to the other pages."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string

from grid.deadlines import unread
from grid.discovery import may_report, reads_reports, untold, waiting
from grid.models import Department, Envelope, FactEdit, Region
from grid.promises import promises_due
from grid.roles import ROLES, Act, Level, Role
from grid.scope import highest_place, may, sees_one_by_one, sight_of, works_at

BIG_TYPE_COOKIE = "big_type"


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the side navigation; `allowed` asks the account, `count` may be None."""

    label: str
    icon: str
    url_name: str
    allowed: Callable[[Any], bool]
    count: Callable[[Any], int] | None = None


FIELD = frozenset({Role.GRID_WORKER_1, Role.GRID_WORKER_2, Role.TUN_HEAD})


def sees_people(account: Any) -> bool:
    return bool(sight_of(account).codes)


def sees_households(account: Any) -> bool:
    """Whole places, or households of one's own."""
    sight = sight_of(account)
    return bool(sight.codes) or any(sees_one_by_one(h.role) for h in sight.holdings)


def is_field_worker(account: Any) -> bool:
    """Who is out of doors uses the phone frame; offices use the desktop frame."""
    holdings = sight_of(account).holdings
    return bool(holdings) and all(h.role in FIELD or ROLES[h.role].only_reports for h in holdings)


def only_reports(account: Any) -> bool:
    """Holds nothing but posts that report households."""
    holdings = sight_of(account).holdings
    return bool(holdings) and all(ROLES[h.role].only_reports for h in holdings)


def pairs(account: Any) -> bool:
    """Villages and townships give second-level workers their households."""
    return may(account, Act.ASSIGN_WORK) and any(
        works_at(account, level) for level in (Level.TOWNSHIP, Level.VILLAGE)
    )


def keeps_promises(account: Any) -> bool:
    return is_field_worker(account) and may(account, Act.RECORD_VISIT)


def _offices(account: Any) -> bool:
    return any(works_at(account, level) for level in (Level.COUNTY, Level.TOWNSHIP, Level.VILLAGE))


def undecided(account: Any) -> int:
    """Clashing facts and held letters of phones that wait for the township."""
    edits: int = account.sees(FactEdit).clashing().count()
    letters: int = account.sees(Envelope).held().count()
    return edits + letters


def desk_section(request: HttpRequest) -> list[dict[str, Any]]:
    """What waits from phones, for the township's desk (settings.DESK_SECTIONS)."""
    count = undecided(request.user)
    url = reverse("fact-clashes")
    return [{"label": "手机来件待定", "count": count, "unit": "件", "url": url, "tone": "orange"}]


def _assigns(account: Any) -> bool:
    """Township and village officers who give out visits."""
    near = works_at(account, Level.TOWNSHIP) or works_at(account, Level.VILLAGE)
    return near and may(account, Act.ASSIGN_WORK)


def follows_plans(account: Any) -> bool:
    """Offices by place; workers see their own visits in their list."""
    return sees_people(account) and not is_field_worker(account)


GRID_NAV = (
    NavItem("工作台", "home", "home", lambda a: not is_field_worker(a)),
    NavItem(
        "我的任务", "list-check", "my-work", lambda a: is_field_worker(a) and not only_reports(a)
    ),
    NavItem("提醒", "bell", "notices", sees_people, unread),
    NavItem("镇级工作台", "inbox", "desk", _assigns),
    NavItem("走访计划", "calendar-check", "visit-plans", follows_plans),
    NavItem("集中排查", "clipboard-list", "campaigns", follows_plans),
    NavItem("农户", "users", "households", sees_households),
    NavItem("上报", "flag", "own-reports", lambda a: may_report(a) and is_field_worker(a), untold),
    NavItem("困难户上报", "flag", "reports", reads_reports, waiting),
    NavItem("结对帮扶", "handshake", "pairings", pairs),
    NavItem("承诺", "handshake", "promises", keeps_promises, promises_due),
    NavItem("网格队伍", "network", "staffing", _offices),
    NavItem("待定来件", "inbox", "fact-clashes", lambda a: may(a, Act.EDIT_REGISTRY), undecided),
    NavItem("手机", "smartphone", "phones", lambda a: may(a, Act.ASSIGN_WORK)),
    NavItem("部门密钥", "key-round", "keys", lambda a: may(a, Act.MANAGE_KEYS)),
    NavItem("操作留痕", "history", "audit-trail", lambda a: may(a, Act.READ_AUDIT)),
)


def home_cards(request: HttpRequest) -> list[dict[str, Any]]:
    """Reports that wait for the township, on the workbench of who decides or follows them."""
    if is_field_worker(request.user) or not reads_reports(request.user):
        return []
    return [
        {
            "label": "困难户上报待处理",
            "value": waiting(request.user),
            "url": reverse("reports"),
            "tone": "org",
            "note": "",
        }
    ]


def _nav_items() -> list[NavItem]:
    """The grid's own entries with those the floors above add (settings.NAV, dotted names)."""
    above = [item for name in settings.NAV for item in import_string(name)]
    return [*GRID_NAV[:3], *above, *GRID_NAV[3:]]


def scope_name(account: Any) -> str:
    sight = sight_of(account)
    if sight.departments:
        return Department.objects.get(pk=sight.departments[0]).short_name
    code = highest_place(account) or min((h.region for h in sight.holdings if h.region), default="")
    if not code:
        return "没有现任职务"
    wanted = [code[:n] for n in (6, 9, 12, 15, 17) if n <= len(code)]
    names = dict(Region.objects.filter(code__in=wanted).values_list("code", "name"))
    return " · ".join(names[c] for c in wanted if c in names)


def role_name(account: Any) -> str:
    holdings = sight_of(account).holdings
    return holdings[0].role.label if holdings else "无职务"


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor."""
    context: dict[str, Any] = {
        "today": timezone.localdate(),
        "demo_banner": settings.DEMO,
        "big_type": request.COOKIES.get(BIG_TYPE_COOKIE) == "1",
    }
    account = getattr(request, "user", None)
    if account is None or not account.is_authenticated:
        return context
    context |= {
        "scope_name": scope_name(account),
        "role_name": role_name(account),
        "is_field": is_field_worker(account),
    }
    if not getattr(request, "htmx", False):
        nav = [_drawn(item, request) for item in _nav_items() if item.allowed(account)]
        context["nav"] = _one_current(nav)
    return context


def _one_current(nav: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of an address inside another only the inner one is where the reader is."""
    current = [entry for entry in nav if entry["current"]]
    for entry in sorted(current, key=lambda entry: len(entry["url"]))[:-1]:
        entry["current"] = False
    return nav


def _drawn(item: NavItem, request: HttpRequest) -> dict[str, Any]:
    url = reverse(item.url_name)
    count = item.count(request.user) if item.count else 0
    current = request.path == url or (url != "/" and request.path.startswith(url))
    return {
        "label": item.label,
        "icon": item.icon,
        "url": url,
        "count": count,
        "hot": bool(count),
        "current": current,
    }
