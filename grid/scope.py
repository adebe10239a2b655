"""Who sees what and who may do what, answered from current posts: the one door.

Staff see code ranges, departments see their own rows, single households are added one by one,
and an account with neither a current post nor an exception sees nothing. Row-level security
repeats the covering range and the single households in the database (grid/middleware.py).

One by one come named dated exceptions and, for a second-level worker, the own households: paired
today, or with a visit that is given to the worker or was closed in the last week. The grid itself
stays closed to that worker unless settings.SECOND_LEVEL_SEES_GRID opens it.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from grid.roles import ROLES, Act, Level, Role
from yizhou.refusals import NotAllowed, NotFound

# Tables about places and posts, which auditors and administrators see without seeing people.
PLACES = frozenset({"grid.Region", "grid.Post", "grid.Leave", "grid.RegionChange"})
ABOVE_ALL_CODES = "~"  # sorts after every digit, so [code, code~) is the subtree
STILL_OWN = timedelta(days=7)  # a worker may look at what came of a visit for so long


@dataclass(frozen=True, slots=True)
class Holding:
    """One current post, reduced to what scope asks."""

    role: Role
    region: str | None
    department: str | None


@dataclass(frozen=True, slots=True)
class Sight:
    """Everything an account sees today."""

    holdings: tuple[Holding, ...]
    codes: tuple[str, ...]  # subtree roots where people are seen, none inside another
    places: tuple[str, ...]  # subtree roots where places and posts are seen
    departments: tuple[str, ...]
    all_departments: bool
    exceptions: tuple[int, ...]  # households seen one by one: granted by name, or the worker's own

    @property
    def interval(self) -> tuple[str, str]:
        """The one range that covers `codes`, for row-level security; empty when none."""
        if not self.codes:
            return ABOVE_ALL_CODES, ""
        return self.codes[0], self.codes[-1] + ABOVE_ALL_CODES


NOTHING = Sight((), (), (), (), False, ())


def _roots(codes: set[str]) -> tuple[str, ...]:
    kept: list[str] = []
    for code in sorted(codes):
        if not kept or not code.startswith(kept[-1]):
            kept.append(code)
    return tuple(kept)


def sight_of(account: Any) -> Sight:
    """Read the account's current posts and exceptions once; kept on the instance (one request)."""
    if not getattr(account, "is_authenticated", False):
        return NOTHING
    if (kept := getattr(account, "_sight", None)) is None:
        kept = account._sight = _read_sight(account)
    return kept


def forget_sight(account: Any) -> None:
    """After a post changed within the same request or test."""
    account.__dict__.pop("_sight", None)


def holdings_of(account: Any, on: date) -> tuple[Holding, ...]:
    """The posts the account holds that day, and those it stands in for. One query."""
    from grid.models import Leave, Post

    own = Post.objects.filter(account=account).current(on).order_by()
    away = Leave.objects.standing(on).filter(stand_in=account).order_by()
    held = away.filter(
        Q(post__until_on=None) | Q(post__until_on__gt=on),
        post__from_on__lte=on,
    )
    rows = own.values_list("role", "region_id", "department_id").union(
        held.values_list("post__role", "post__region_id", "post__department_id")
    )
    # The widest place first, for headings.
    ordered = sorted(rows, key=lambda row: (row[1] or "", row[0]))
    return tuple(Holding(Role(role), region, department) for role, region, department in ordered)


def _read_sight(account: Any) -> Sight:
    from grid.models import HouseholdException

    today = timezone.localdate()
    holdings = holdings_of(account, today)
    exceptions = tuple(
        HouseholdException.objects.filter(user=account, until_on__gte=today).values_list(
            "content_object_id", flat=True
        )
    )
    if any(sees_one_by_one(h.role) for h in holdings):
        exceptions = tuple(sorted({*exceptions, *_own_households(account)}))
    people = {
        h.region
        for h in holdings
        if h.region and ROLES[h.role].sees_people and not sees_one_by_one(h.role)
    }
    places = {h.region for h in holdings if h.region and not ROLES[h.role].only_reports}
    return Sight(
        holdings=holdings,
        codes=_roots(people),
        places=_roots(places),
        departments=tuple(sorted({h.department for h in holdings if h.department})),
        all_departments=any(h.region and Act.UPLOAD_DATA in ROLES[h.role].acts for h in holdings),
        exceptions=exceptions,
    )


def sees_one_by_one(role: Role) -> bool:
    """Whether the role's holder sees own households only, not the place the post is in."""
    return ROLES[role].one_by_one and not settings.SECOND_LEVEL_SEES_GRID


def _own_households(account: Any) -> set[int]:
    """Read before the wall is raised for this account, so by a function that sees over it."""
    since = timezone.now() - STILL_OWN
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM grid_own_households(%s, %s, %s)",
            [account.pk, timezone.localdate(), since],
        )
        return {household for (household,) in cursor.fetchall()}


def in_subtrees(path: str, codes: tuple[str, ...]) -> Q:
    """Rows whose code at `path` lies in any of the subtrees; no row when there are none."""
    ranges = [Q(**{f"{path}__gte": code, f"{path}__lt": code + ABOVE_ALL_CODES}) for code in codes]
    return reduce(or_, ranges, Q(pk__in=[]))


def _household_path(model: type[Model], scope: str) -> str | None:
    """Where the model keeps its household, for exceptions: beside its code."""
    if model._meta.label == "grid.Household":
        return "pk"
    prefix, _, last = scope.rpartition("__")
    if last == "cell":
        return prefix
    target: Any = model
    for step in prefix.split("__") if prefix else ():
        target = target._meta.get_field(step).related_model
    names = {f.name for f in target._meta.get_fields()}
    if "household" not in names:
        return None
    return f"{prefix}__household" if prefix else "household"


def sees(account: Any, model: type[Model]) -> QuerySet[Any]:
    """Rows of `model` within the account's sight. Raises TypeError for a model without SCOPE."""
    scope = getattr(model, "SCOPE", None)
    if scope is None:
        raise TypeError(f"{model._meta.label} declares no SCOPE and cannot be shown")
    rows = model._default_manager.all()
    sight = sight_of(account)
    if scope == "audit":
        return rows if may(account, Act.READ_AUDIT) else rows.none()
    if scope == "keys":
        return rows if may(account, Act.MANAGE_KEYS) else rows.none()
    if scope.endswith("department"):
        if sight.all_departments:
            return rows
        return rows.filter(**{f"{scope}__in": sight.departments})
    if model._meta.label in PLACES:
        return rows.filter(_places_seen(account, model._meta.label, scope))
    allowed = in_subtrees(scope, sight.codes)
    if (own := getattr(model, "OWN", None)) and sight.holdings:
        allowed |= Q(**{own: account.pk})
    if sight.exceptions and (path := _household_path(model, scope)):
        allowed |= Q(**{f"{path}__in": sight.exceptions})
    return rows.filter(allowed)


def _places_seen(account: Any, label: str, scope: str) -> Q:
    allowed = in_subtrees(scope, sight_of(account).places)
    if label == "grid.Region":
        allowed &= Q(retired_on=None)
    if label == "grid.Post" and works_at(account, Level.COUNTY):
        allowed |= Q(department__isnull=False)  # departments are the county's
    return allowed


def found(rows: Any, pk: Any) -> Any:
    """The row with that key among rows already narrowed by sees().

    Raises NotFound: the same answer whether it does not exist or lies out of sight.
    """
    row = rows.filter(pk=pk).first()
    if row is None:
        raise NotFound()
    return row


def may(account: Any, act: Act, *, code: str | None = None) -> bool:
    """Whether a current post carries the act, over the place `code` or anywhere (None)."""
    if getattr(account, "is_system", False):
        return True
    return any(
        act in ROLES[h.role].acts
        and (code is None or (h.region is not None and code.startswith(h.region)))
        for h in sight_of(account).holdings
    )


def require(acting: Any, act: Act, *, code: str | None = None) -> None:
    """Raise NotAllowed unless may()."""
    if not may(acting, act, code=code):
        raise NotAllowed("您现在的职务没有这项权限。请联系乡镇或县级监测专员办理。")


def highest_place(account: Any) -> str | None:
    """The widest region the account works in, for headings."""
    codes = sight_of(account).places
    return min(codes, key=len) if codes else None


def works_at(account: Any, level: Level) -> bool:
    """Whether a post that knows its place is held at this level."""
    return any(
        ROLES[h.role].level == level and not ROLES[h.role].only_reports
        for h in sight_of(account).holdings
    )


def has_role(account: Any, *roles: Role) -> bool:
    return any(h.role in roles for h in sight_of(account).holdings)
