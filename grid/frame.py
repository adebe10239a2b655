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
from grid.models import Department, Region
from grid.roles import Act, Level, Role
from grid.scope import highest_place, may, sight_of, works_at

BIG_TYPE_COOKIE = "big_type"


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the side navigation; `allowed` asks the account, `count` may be None."""

    label: str
    icon: str
    url_name: str
    allowed: Callable[[Any], bool]
    count: Callable[[Any], int] | None = None


def sees_people(account: Any) -> bool:
    return bool(sight_of(account).codes)


def is_field_worker(account: Any) -> bool:
    """Grid workers and tun heads use the phone frame; offices use the desktop frame."""
    holdings = sight_of(account).holdings
    field = {Role.GRID_WORKER_1, Role.GRID_WORKER_2, Role.TUN_HEAD}
    return bool(holdings) and all(h.role in field for h in holdings)


def _offices(account: Any) -> bool:
    return any(works_at(account, level) for level in (Level.COUNTY, Level.TOWNSHIP, Level.VILLAGE))


def follows_plans(account: Any) -> bool:
    """Offices by place; workers see their own visits in their list."""
    return sees_people(account) and not is_field_worker(account)


GRID_NAV = (
    NavItem("工作台", "home", "home", lambda a: not is_field_worker(a)),
    NavItem("我的任务", "list-check", "my-work", is_field_worker),
    NavItem("提醒", "bell", "notices", sees_people, unread),
    NavItem("走访计划", "calendar-check", "visit-plans", follows_plans),
    NavItem("集中排查", "clipboard-list", "campaigns", follows_plans),
    NavItem("农户", "users", "households", sees_people),
    NavItem("网格队伍", "network", "staffing", _offices),
    NavItem("部门密钥", "key-round", "keys", lambda a: may(a, Act.MANAGE_KEYS)),
    NavItem("操作留痕", "history", "audit-trail", lambda a: may(a, Act.READ_AUDIT)),
)


def _nav_items() -> list[NavItem]:
    """The grid's own entries with those the floors above add (settings.NAV, dotted names)."""
    above = [item for name in settings.NAV for item in import_string(name)]
    return [*GRID_NAV[:3], *above, *GRID_NAV[3:]]


def scope_name(account: Any) -> str:
    sight = sight_of(account)
    if sight.departments:
        return Department.objects.get(pk=sight.departments[0]).short_name
    code = highest_place(account)
    if code is None:
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
