"""Who may visit where today: holders of visiting posts, and stand-ins in place of the absent."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from grid.models import Account, Leave, Post
from grid.roles import CODE_LENGTH, ROLES, Act, Role
from grid.scope import in_subtrees

VISITING = tuple(role for role, rule in ROLES.items() if Act.RECORD_VISIT in rule.acts)


@dataclass(frozen=True, slots=True)
class Visitor:
    """One visiting post as it is held today; `instead_of` names the holder who is away."""

    account: Account
    role: Role
    region: str
    region_name: str
    instead_of: str = ""

    @property
    def label(self) -> str:
        return f"代{self.instead_of} {self.role.label}" if self.instead_of else self.role.label


def visitors_over(codes: Iterable[str], *, on: date) -> list[Visitor]:
    """Everybody whose visiting post covers one of the codes, nearest post first. 2 queries."""
    covering = {code[:n] for code in codes for n in CODE_LENGTH.values() if 6 < n <= len(code)}
    return _held(Q(region__in=covering), on)


def visitors_within(places: tuple[str, ...], *, on: date) -> list[Visitor]:
    """Everybody with a visiting post in these places or below, nearest post first. 2 queries."""
    return _held(in_subtrees("region", places), on)


def _held(where: Q, on: date) -> list[Visitor]:
    posts = list(
        Post.objects.current(on)
        .filter(where, role__in=VISITING)
        .select_related("account", "region")
        .order_by("region", "seat")
    )
    leaves = {
        leave.post_id: leave
        for leave in Leave.objects.standing(on)
        .filter(post__in=[post.pk for post in posts])
        .select_related("stand_in")
    }
    held = []
    for post in posts:
        leave = leaves.get(post.pk)
        account = leave.stand_in if leave else post.account
        if account.is_active and post.region is not None:
            away = post.account.name if leave else ""
            place = post.region
            held.append(Visitor(account, Role(post.role), place.code, place.name, away))
    return sorted(held, key=lambda v: (-len(v.region), VISITING.index(v.role), v.region))
