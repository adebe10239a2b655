"""Centralized checks (集中排查): opened by county or township, stopped with a reason, closed alone.

Opening writes the check and its villages; beat makes the entries, spread over the weeks, and
sends them out with the visit plan (grid/actions/visit_plans.py).
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from psycopg2.sql import SQL, Literal

from grid.actions.visit_plans import CHECK, drop_purposes
from grid.actions.work_items import route
from grid.models import Account, Campaign, CampaignVillage, PlanEntry, Region
from grid.roles import Act, Level
from grid.scope import may, require
from grid.visit_groups import BY_KEY, is_known, members
from grid.visit_plans import weeks_between
from yizhou.audit import record
from yizhou.refusals import NotAllowed, Overtaken, Refusal, reason_given
from yizhou.statements import run

LONGEST_DAYS = 183
ASK_NAME = "请给这次排查起个名称，2 到 60 个字，例如“2026 年冬季集中排查”。"
ASK_PURPOSE = "请写明目的和要求，2 到 300 个字；网格员入户时会看到。"
ASK_STOP = "请写明为什么停止，2 到 200 个字。"
State = Campaign.State

FILL = SQL(
    """
WITH routed AS (SELECT * FROM unnest({codes}::text[], {accounts}::bigint[])
                AS r(code, account_id)),
slot AS (SELECT * FROM unnest({numbers}::integer[], {days}::date[]) AS s(number, day)),
wanted AS (
    SELECT h.id, h.code, h.number
    FROM grid_household h
    WHERE h.dissolved_on IS NULL AND left(h.code, 12) = ANY ({villages}::text[])
      AND h.id IN (SELECT m.household_id FROM ({members}) m)
      AND NOT EXISTS (SELECT 1 FROM grid_planentry e
                      WHERE e.campaign_id = {campaign} AND e.household_id = h.id)
),
ranked AS (
    SELECT w.*, row_number() OVER turn - 1 AS place,
           count(*) OVER (PARTITION BY coalesce(r.account_id::text, w.code)) AS n
    FROM wanted w LEFT JOIN routed r ON r.code = w.code
    WINDOW turn AS (PARTITION BY coalesce(r.account_id::text, w.code) ORDER BY w.code, w.number)
)
INSERT INTO grid_planentry (household_id, code, campaign_id, months, mode, period_from,
    period_until, week_on, state, tries, found_risk)
SELECT k.id, k.code, {campaign}, 0, 'in_person', {start}::date, {until}::date, s.day, 'planned',
       0, false
FROM ranked k JOIN slot s ON s.number = (k.place * {weeks}) / k.n
ORDER BY k.code, k.id
ON CONFLICT DO NOTHING"""
)


@transaction.atomic
def open_campaign(
    *,
    acting: Account,
    name: str,
    purpose: str,
    places: Sequence[str],
    groups: Sequence[str],
    from_on: date,
    until_on: date,
) -> Campaign:
    """Begin a check of these groups in these places (townships or villages).

    Raises NotAllowed (a place out of the officer's reach), Refusal.
    """
    require(acting, Act.OPEN_CAMPAIGN)
    name = reason_given(name, ask=ASK_NAME, most=60)
    purpose = reason_given(purpose, ask=ASK_PURPOSE, most=300)
    _check_days(from_on, until_on)
    if not groups or not all(key in BY_KEY and is_known(key) for key in groups):
        raise Refusal("请至少勾选一类农户。", code="groups")
    villages = _villages(acting, places)
    campaign = Campaign.objects.create(
        name=name,
        purpose=purpose,
        groups=sorted(set(groups)),
        from_on=from_on,
        until_on=until_on,
        opened_by=acting,
    )
    CampaignVillage.objects.bulk_create(
        CampaignVillage(campaign=campaign, village_id=code) for code in villages
    )
    record(
        acting=acting,
        verb="opened_campaign",
        subject=campaign,
        reason=purpose[:200],
        detail={
            "villages": len(villages),
            "groups": campaign.groups,
            "from_on": f"{from_on}",
            "until_on": f"{until_on}",
        },
    )
    return campaign


def _check_days(from_on: date, until_on: date) -> None:
    today = timezone.localdate()
    if from_on < today:
        raise Refusal("开始日期不能早于今天。", code="from_on")
    if until_on < from_on:
        raise Refusal("结束日期不能早于开始日期。", code="until_on")
    if (until_on - from_on).days > LONGEST_DAYS:
        raise Refusal("一次排查最长半年。请缩短，或分几次发起。", code="until_on")


def _villages(acting: Account, places: Sequence[str]) -> list[str]:
    """The villages below these places; every place within the officer's reach."""
    chosen = sorted(set(places))
    known = set(Region.objects.filter(code__in=chosen).values_list("code", flat=True))
    if not chosen or known != set(chosen):
        raise Refusal("请至少勾选一个地方。", code="places")
    if not all(may(acting, Act.OPEN_CAMPAIGN, code=code) for code in chosen):
        raise NotAllowed("有的地方不在您的管辖范围内。请重新勾选。")
    found: set[str] = set()
    for code in chosen:
        found |= set(Region.objects.within(code).at(Level.VILLAGE).values_list("code", flat=True))
    if not found:
        raise Refusal("勾选的地方没有村（社区）。请重新勾选。", code="places")
    return sorted(found)


@transaction.atomic
def fill_campaigns(*, acting: Any, today: date | None = None) -> int:
    """Make the entries of checks that have begun, and of households that came since. How many."""
    today = today or timezone.localdate()
    made = 0
    for campaign in Campaign.objects.running().filter(from_on__lte=today, until_on__gte=today):
        made += _fill(campaign, today)
    if made:
        record(
            acting=acting,
            verb="drew_up_plan",
            subject=("grid.campaign", f"{today}"),
            detail={"new": made},
        )
    return made


def _fill(campaign: Campaign, today: date) -> int:
    villages = list(campaign.villages.values_list("village_id", flat=True))
    grids = Region.objects.filter(level=Level.GRID).values_list("code", flat=True)
    visitors = route((c for c in grids if c[:12] in set(villages)), on=today)
    until = date.fromordinal(campaign.until_on.toordinal() + 1)
    span = weeks_between(0, campaign.from_on, until, today=today)
    return run(
        FILL.format(
            codes=Literal(list(visitors)),
            accounts=Literal([account for account, _ in visitors.values()]),
            numbers=Literal(list(range(len(span.days)))),
            days=Literal([str(day) for day in span.days]),
            villages=Literal(villages),
            members=members(campaign.groups, today),
            campaign=Literal(campaign.pk),
            start=Literal(str(campaign.from_on)),
            until=Literal(str(until)),
            weeks=Literal(len(span.days)),
        )
    )


@transaction.atomic
def stop_campaign(*, acting: Account, campaign: Campaign, version_seen: int, reason: str) -> None:
    """End a check early; what is not visited is taken back. Raises NotAllowed, Refusal, Overtaken.

    Whoever may open a check over all its villages may stop it.
    """
    reason = reason_given(reason, ask=ASK_STOP)
    for village in campaign.villages.values_list("village_id", flat=True):
        require(acting, Act.OPEN_CAMPAIGN, code=village)
    changed = Campaign.objects.filter(
        pk=campaign.pk, state=State.RUNNING, version=version_seen
    ).update(
        state=State.STOPPED,
        ended_at=timezone.now(),
        ended_by=acting,
        end_reason=reason,
        version=F("version") + 1,
    )
    if not changed:
        raise Overtaken("这次排查已经结束。请刷新页面。")
    _end_entries(acting, campaign, PlanEntry.State.DROPPED, f"集中排查已停止：{reason}")
    record(acting=acting, verb="stopped_campaign", subject=campaign, reason=reason)


def _end_entries(acting: Any, campaign: Campaign, state: str, why: str) -> int:
    living = PlanEntry.objects.filter(campaign=campaign).living().order_by("pk")
    rows = list(living.select_for_update().values_list("pk", "state"))
    opened = [pk for pk, was in rows if was == PlanEntry.State.OPENED]
    PlanEntry.objects.filter(pk__in=[pk for pk, _ in rows]).update(state=state)
    drop_purposes(acting, opened, (CHECK,), why)
    return len(rows)


@transaction.atomic
def close_campaigns(*, acting: Any, today: date | None = None) -> int:
    """Checks whose days are over, or with everybody visited, close by themselves. How many."""
    today = today or timezone.localdate()
    closed = 0
    for campaign in Campaign.objects.select_for_update().running().filter(from_on__lte=today):
        entries = PlanEntry.objects.filter(campaign=campaign)
        complete = entries.exists() and not entries.living().exists()
        if campaign.until_on >= today and not complete:
            continue
        left = _end_entries(
            acting, campaign, PlanEntry.State.LAPSED, "集中排查已结束，这一户没有走访"
        )
        Campaign.objects.filter(pk=campaign.pk).update(
            state=State.CLOSED, ended_at=timezone.now(), version=F("version") + 1
        )
        record(acting=acting, verb="closed_campaign", subject=campaign, detail={"left": left})
        closed += 1
    return closed
