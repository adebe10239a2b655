"""What every page shows around its content: who, where, and the way to the other pages."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db.models import QuerySet, TextChoices
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string

from grid.counted import count_each
from grid.deadlines import unread
from grid.discovery import may_report, reads_reports, untold, waiting
from grid.models import Department, Envelope, FactEdit, Region
from grid.promises import promises_due
from grid.roles import ROLES, Act, Level, Role
from grid.scope import highest_place, may, sees_one_by_one, sight_of, works_at

BIG_TYPE_COOKIE = "big_type"
FOLDS_COOKIE = "menu_folds"  # what the person opened (1) and folded (0): find0.data1
COUNTED_TO = 1000  # beyond it the menu says only that there are many
# So many entries stand open by themselves, heading by heading from above; with the group of the
# page itself and all headings they fit a screen 800 pixels high.
OPEN_ENTRIES = 14


class NavGroup(TextChoices):
    """Headings of the office menu by the person's work, in their order; empty ones vanish."""

    TODAY = "today", "今天"
    FIND = "find", "发现"
    CASES = "cases", "个案"
    VISIT = "visit", "走访"
    HOMES = "homes", "农户"
    DATA = "data", "数据与规则"
    TEAM = "team", "队伍与系统"


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the navigation: `allowed` asks the account, `waits` gives the rows in the
    account's sight that wait for it (one query set or several), which the menu counts.

    `order` within the group: entries of one order stand as they are declared, this floor first.
    `hot`: its figure speaks of deadlines or alerts and is drawn in red.
    """

    label: str
    icon: str
    url_name: str
    allowed: Callable[[Any], bool]
    waits: Callable[[Any], QuerySet[Any] | Sequence[QuerySet[Any]]] | None = None
    group: NavGroup = field(kw_only=True)
    order: int = field(default=50, kw_only=True)
    hot: bool = field(default=False, kw_only=True)

    def rows(self, account: Any) -> Sequence[QuerySet[Any]]:
        waits = self.waits(account) if self.waits else ()
        return (waits,) if isinstance(waits, QuerySet) else waits


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


def undecided(account: Any) -> list[QuerySet[Any]]:
    """Clashing facts and held letters of phones that wait for the township."""
    return [account.sees(FactEdit).clashing(), account.sees(Envelope).held()]


def desk_section(request: HttpRequest) -> list[dict[str, Any]]:
    """What waits from phones, for the township's desk (settings.DESK_SECTIONS)."""
    count = sum(count_each(undecided(request.user), most=COUNTED_TO))
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
    NavItem("工作台", "home", "home", lambda a: not is_field_worker(a), group=NavGroup.TODAY),
    NavItem(
        "我的任务",
        "list-check",
        "my-work",
        lambda a: is_field_worker(a) and not only_reports(a),
        group=NavGroup.TODAY,
    ),
    NavItem("提醒", "bell", "notices", sees_people, unread, group=NavGroup.TODAY, hot=True),
    NavItem("镇级工作台", "inbox", "desk", _assigns, group=NavGroup.TODAY),
    NavItem("走访计划", "calendar-check", "visit-plans", follows_plans, group=NavGroup.VISIT),
    NavItem("集中排查", "clipboard-list", "campaigns", follows_plans, group=NavGroup.VISIT),
    NavItem("农户", "users", "households", sees_households, group=NavGroup.HOMES),
    NavItem(
        "上报",
        "flag",
        "own-reports",
        lambda a: may_report(a) and is_field_worker(a),
        untold,
        group=NavGroup.FIND,
    ),
    NavItem("困难户上报", "flag", "reports", reads_reports, waiting, group=NavGroup.FIND),
    NavItem("结对帮扶", "handshake", "pairings", pairs, group=NavGroup.VISIT),
    NavItem("承诺", "handshake", "promises", keeps_promises, promises_due, group=NavGroup.VISIT),
    NavItem("网格队伍", "network", "staffing", _offices, group=NavGroup.TEAM),
    NavItem(
        "待定来件",
        "inbox",
        "fact-clashes",
        lambda a: may(a, Act.EDIT_REGISTRY),
        undecided,
        group=NavGroup.FIND,
    ),
    NavItem("手机", "smartphone", "phones", lambda a: may(a, Act.ASSIGN_WORK), group=NavGroup.TEAM),
    NavItem(
        "部门密钥", "key-round", "keys", lambda a: may(a, Act.MANAGE_KEYS), group=NavGroup.TEAM
    ),
    NavItem(
        "操作留痕", "history", "audit-trail", lambda a: may(a, Act.READ_AUDIT), group=NavGroup.TEAM
    ),
)


def home_cards(request: HttpRequest) -> list[dict[str, Any]]:
    """Reports that wait for the township, on the workbench of who decides or follows them."""
    if is_field_worker(request.user) or not reads_reports(request.user):
        return []
    return [
        {
            "label": "困难户上报待处理",
            "value": waiting(request.user)[:COUNTED_TO].count(),
            "url": reverse("reports"),
            "tone": "org",
            "note": "",
        }
    ]


def nav_items() -> list[NavItem]:
    """The grid's own entries, then those the floors above add (settings.NAV, dotted names)."""
    return [*GRID_NAV, *(item for name in settings.NAV for item in import_string(name))]


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
        context |= _navigation(request)
    return context


def _navigation(request: HttpRequest) -> dict[str, Any]:
    """`nav`: the entries of this account in a row; `nav_groups`: the same under headings."""
    items = [item for item in nav_items() if item.allowed(request.user)]
    counts = _counts(items, request.user)
    drawn = [_drawn(item, n, request.path) for item, n in zip(items, counts, strict=True)]
    nav = _one_current(drawn)
    return {"nav": nav, "nav_groups": _grouped(nav, _folds(request))}


def _counts(items: Sequence[NavItem], account: Any) -> list[int]:
    """What waits behind each entry, one statement for all of them."""
    asked = [item.rows(account) for item in items]
    counts = iter(count_each([rows for several in asked for rows in several], most=COUNTED_TO))
    return [sum(next(counts) for _ in several) for several in asked]


def _folds(request: HttpRequest) -> dict[str, bool]:
    """By group whether the person opened or folded it; the cookie may hold anything."""
    kept = re.findall(r"([a-z]+)([01])", request.COOKIES.get(FOLDS_COOKIE, ""))
    return {group: mark == "1" for group, mark in kept}


def _grouped(nav: list[dict[str, Any]], folds: dict[str, bool]) -> list[dict[str, Any]]:
    """Entries under their headings; the group of the page the reader is on is open."""
    groups: list[dict[str, Any]] = []
    so_far = 0
    for group in NavGroup:
        entries = sorted((e for e in nav if e["group"] == group), key=lambda e: e["order"])
        so_far += len(entries)
        current = any(entry["current"] for entry in entries)
        groups.append(
            {
                "key": group.value,
                "label": group.label,
                "entries": entries,
                "count": _in_short(sum(entry["count"] for entry in entries)),
                "hot": any(entry["count"] and entry["hot"] for entry in entries),
                "open": current or folds.get(group, so_far <= OPEN_ENTRIES),
            }
        )
    return [group for group in groups if group["entries"]]


def _in_short(count: int) -> str:
    """The figure beside an entry; nothing for nothing."""
    return f"{COUNTED_TO - 1}+" if count >= COUNTED_TO else str(count or "")


def _one_current(nav: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of an address inside another only the inner one is where the reader is."""
    current = [entry for entry in nav if entry["current"]]
    for entry in sorted(current, key=lambda entry: len(entry["url"]))[:-1]:
        entry["current"] = False
    return nav


def _drawn(item: NavItem, count: int, path: str) -> dict[str, Any]:
    url = reverse(item.url_name)
    return {
        "label": item.label,
        "icon": item.icon,
        "url": url,
        "count": count,
        "shown": _in_short(count),
        "current": path == url or (url != "/" and path.startswith(url)),
        "hot": item.hot,
        "group": item.group,
        "order": item.order,
    }
