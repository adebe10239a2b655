"""Centralized checks as pages read them: which ones, how far, how much work one would be."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone
from psycopg2.sql import SQL, Literal

from grid.models import Campaign, CampaignVillage, PlanEntry, RoutineFigure
from grid.visit_groups import BY_KEY, members
from grid.visit_plans import behind, weeks_between
from yizhou.statements import ask

COUNT = SQL(
    """
SELECT h.code, count(*) FROM grid_household h
WHERE h.dissolved_on IS NULL AND ({place})
  AND h.id IN (SELECT m.household_id FROM ({members}) m)
GROUP BY 1"""
)


def campaigns_seen(account: Any) -> Any:
    """Checks that touch a village within sight, the running and the latest first."""
    seen = account.sees(CampaignVillage).values("campaign")
    return Campaign.objects.filter(pk__in=seen).select_related("opened_by", "ended_by")


def entries_of(account: Any, campaign: Campaign) -> Any:
    """The check's households within sight; those taken back are left out."""
    rows = account.sees(PlanEntry).filter(campaign=campaign)
    return rows.exclude(state=PlanEntry.State.DROPPED)


def group_labels(campaign: Campaign) -> str:
    if "everybody" in campaign.groups:
        return "全部农户"
    return "、".join(BY_KEY[key].label for key in campaign.groups if key in BY_KEY)


def effect_of_check(
    places: Sequence[str], groups: Sequence[str], from_on: date, until_on: date
) -> dict[str, Any]:
    """Households and grids a check would touch, and the most visits a week of one grid."""
    today = timezone.localdate()
    place = SQL(" OR ").join(
        SQL("h.code >= {} AND h.code < {}").format(Literal(code), Literal(code + "~"))
        for code in places
    )
    found = ask(COUNT.format(place=place, members=members(groups, today)))
    counts = [int(n) for _, n in found]
    until = date.fromordinal(until_on.toordinal() + 1)
    weeks = len(weeks_between(0, from_on, until, today=from_on).days)
    figure = RoutineFigure.objects.on(today).filter(key=RoutineFigure.Key.CHECK_A_WEEK).first()
    limit = figure.value if figure else 0
    return {
        "households": sum(counts),
        "grids": len(counts),
        "weeks": weeks,
        "each": sum(counts) / len(counts) / weeks if counts else 0,
        "most": max(counts, default=0) / weeks,
        "limit": limit,
        "over": sum(n / weeks > limit for n in counts) if limit else 0,
    }


def progress_of(account: Any, campaigns: Sequence[Campaign]) -> dict[int, dict[str, int]]:
    """Wanted, visited and left of each check within sight. One query."""
    rows = (
        account.sees(PlanEntry)
        .filter(campaign__in=campaigns)
        .exclude(state=PlanEntry.State.DROPPED)
        .order_by()
        .values("campaign")
        .annotate(
            wanted=Count("pk"),
            done=Count("pk", filter=Q(state=PlanEntry.State.DONE)),
            risk=Count("pk", filter=Q(found_risk=True)),
            behind=Count("pk", filter=behind(timezone.localdate())),
        )
    )
    found = {row["campaign"]: row for row in rows}
    nothing = {"wanted": 0, "done": 0, "risk": 0, "behind": 0}
    return {c.pk: found.get(c.pk, nothing) for c in campaigns}
