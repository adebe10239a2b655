"""Who helps which household one to one: lists of a place, and households without a helper.

The caller's sight is the account's; every list goes through it.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from grid.models import Account, Household, HouseholdKind, Pairing, Post, Region
from grid.places import Place, places_of
from grid.roles import Role
from grid.scope import in_subtrees

# Kinds that are helped one to one. Source: reference 1.3 and 2.4; to be confirmed by the county.
HELPED = (
    HouseholdKind.UNSTABLE_OUT_OF_POVERTY,
    HouseholdKind.MARGINAL_PRONE,
    HouseholdKind.SUDDEN_DIFFICULTY,
)


@dataclass(frozen=True, slots=True)
class Helper:
    """A second-level worker of the place: the grids of the posts, and how many are paired."""

    account: Account
    grids: tuple[str, ...]
    place: str
    paired: int

    @property
    def label(self) -> str:
        return f"{self.account.name}（{self.place}，已结对 {self.paired} 户）"


def helpers_in(region: Region, *, on: date) -> list[Helper]:
    """Second-level workers of the place, by name of place. Three queries."""
    posts = list(
        Post.objects.current(on)
        .filter(in_subtrees("region", (region.code,)), role=Role.GRID_WORKER_2)
        .filter(account__is_active=True)
        .select_related("account", "region")
        .order_by("region_id", "seat")
    )
    places = places_of(post.region_id or "" for post in posts)
    paired = Counter(
        Pairing.objects.current(on)
        .filter(worker__in={post.account_id for post in posts})
        .values_list("worker", flat=True)
    )
    helpers: dict[int, Helper] = {}
    for post in posts:
        place, before = places[post.region_id or ""], helpers.get(post.account_id)
        grids = (*(before.grids if before else ()), post.region_id or "")
        named = before.place if before else f"{place.village}{place.grid or place.tun}"
        helpers[post.account_id] = Helper(post.account, grids, named, paired[post.account_id])
    return list(helpers.values())


def _in_force(on: date) -> Exists:
    """Whether the household is paired with somebody who still holds the post in its grid."""
    posts = Post.objects.current(on).filter(
        account=OuterRef("worker"), region=OuterRef("household__cell"), role=Role.GRID_WORKER_2
    )
    return Exists(
        Pairing.objects.current(on).filter(household=OuterRef("pk")).filter(Exists(posts))
    )


def unpaired(
    account: Any, region: Region, *, on: date, everybody: bool = False
) -> QuerySet[Household]:
    """Living households of the place that nobody helps: monitored ones, or of every kind."""
    rows: QuerySet[Household] = account.sees(Household).living()
    rows = rows.filter(in_subtrees("cell", (region.code,))).filter(~_in_force(on))
    if not everybody:
        rows = rows.filter(kind__in=HELPED)
    return rows.select_related("head").order_by("cell_id", "number")


def unpaired_count(account: Any, region: Region, *, on: date) -> int:
    return int(unpaired(account, region, on=on)[:1000].count())


@dataclass(frozen=True, slots=True)
class Paired:
    """A pairing as the list shows it. `stale`: worker or household has left the grid since."""

    pairing: Pairing
    place: Place
    stale: bool


def pairings_in(account: Any, region: Region, *, on: date) -> QuerySet[Pairing]:
    """Current pairings of the place's households."""
    rows: QuerySet[Pairing] = account.sees(Pairing).current(on)
    return (
        rows.filter(in_subtrees("household__cell", (region.code,)))
        .select_related("worker", "household__head")
        .order_by("household__cell", "worker", "household__number")
    )


def shown(rows: list[Pairing], *, on: date) -> list[Paired]:
    """Two queries whatever the number."""
    places = places_of(row.household.cell_id for row in rows)
    held = set(
        Post.objects.current(on)
        .filter(account__in={row.worker_id for row in rows}, role=Role.GRID_WORKER_2)
        .values_list("account", "region")
    )
    return [
        Paired(
            row,
            places[row.household.cell_id],
            (row.worker_id, row.household.cell_id) not in held
            or row.household.dissolved_on is not None,
        )
        for row in rows
    ]


def helper_of(household: Household, *, on: date) -> Pairing | None:
    """Who helps the household today."""
    return Pairing.objects.current(on).filter(household=household).select_related("worker").first()


def paired_with(account: Any) -> set[int]:
    """Households the account was paired with: what its phone carries as far as it may see them.

    One query, for every phone asks every few minutes; the pack goes through scope.
    """
    rows = Pairing.objects.current(timezone.localdate()).filter(worker=account.pk)
    return set(rows.values_list("household", flat=True))
