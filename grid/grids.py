"""Grids as they stand: who lives and works in one, its history, and what a change would move."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from grid.models import Household, Post, Region, RegionChange, Visit, WorkItem
from grid.roles import CODE_LENGTH, Level

LAST_NUMBER = 99  # two digits behind the hamlet's code


@dataclass(frozen=True, slots=True)
class GridLine:
    """One grid of a village in a list."""

    grid: Region
    tun: str
    households: int
    people: int
    workers: tuple[Post, ...]


def grids_of(village: Region, *, on: date) -> list[GridLine]:
    """Every standing grid of the village with its people and workers. 4 queries."""
    regions = list(Region.objects.within(village.code[: CODE_LENGTH[Level.VILLAGE]]))
    names = {region.code: region.name for region in regions}
    grids = [region for region in regions if region.level == Level.GRID]
    counts = {
        cell: (homes, people)
        for cell, homes, people in Household.objects.living()
        .filter(cell__in=grids)
        .order_by()
        .values_list("cell")
        .annotate(homes=Count("pk"), heads=Sum("size"))
    }
    workers: dict[str, list[Post]] = defaultdict(list)
    for post in workers_of(grids, on=on):
        workers[post.region_id or ""].append(post)
    return [
        GridLine(
            grid=grid,
            tun=names.get(grid.code[: CODE_LENGTH[Level.TUN]], ""),
            households=counts.get(grid.code, (0, 0))[0],
            people=counts.get(grid.code, (0, 0))[1] or 0,
            workers=tuple(workers[grid.code]),
        )
        for grid in grids
    ]


def workers_of(grids: Sequence[Region], *, on: date) -> QuerySet[Post]:
    """Posts held in these grids that day."""
    posts = Post.objects.current(on).filter(region__in=grids)
    return posts.select_related("account").order_by("region", "role", "seat")


def history_of(code: str) -> list[RegionChange]:
    """Every change the grid had part in, newest first, and those of grids merged into it."""
    codes = {code}
    while True:
        more = set(
            RegionChange.objects.filter(new_code__in=codes, kind=RegionChange.Kind.MERGED)
            .exclude(old_code__in=codes)
            .values_list("old_code", flat=True)
        )
        if not more:
            break
        codes |= more
    rows = RegionChange.objects.filter(Q(old_code__in=codes) | Q(new_code__in=codes))
    return list(rows.select_related("by").order_by("-at", "-pk"))


def next_code(tun: str) -> str | None:
    """The hamlet's next free grid code; numbers of retired grids are not given out again."""
    codes = Region.objects.filter(parent=tun, level=Level.GRID).values_list("code", flat=True)
    number = max((int(code[len(tun) :]) for code in codes), default=0) + 1
    return f"{tun}{number:02d}" if number <= LAST_NUMBER else None


@dataclass(frozen=True, slots=True)
class Moving:
    """What a split or a merge takes along."""

    households: int
    people: int
    items: int
    visits: int
    workers: tuple[Post, ...] = ()


def moving(households: Any, *, workers: Sequence[Post] = ()) -> Moving:
    """Counts over living households (a query set or their ids). 3 queries."""
    living = Household.objects.living().filter(pk__in=households)
    sums = living.aggregate(homes=Count("pk"), people=Sum("size"))
    return Moving(
        households=sums["homes"],
        people=sums["people"] or 0,
        items=WorkItem.objects.open().filter(household__in=households).count(),
        visits=Visit.objects.filter(household__in=households).count(),
        workers=tuple(workers),
    )
