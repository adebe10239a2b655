"""Pairing: second-level workers get households of their own, many at once; moved in one act."""

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from grid.models import Account, Household, Pairing, Post, Region
from grid.roles import Act, Role
from grid.scope import forget_sight, in_subtrees, require
from yizhou.audit import record
from yizhou.refusals import Overtaken, Refusal, broken_constraint, reason_given

MOST_AT_ONCE = 100
TAKEN = "这些农户里有的已经结对。请刷新页面再选。"


@transaction.atomic
def pair_households(*, acting: Account, worker: Account, households: Sequence[Household]) -> int:
    """The worker helps these households from today. A pairing whose worker or household has left
    the grid ends; one in force must be ended or moved first. Returns how many.

    Raises NotAllowed, Refusal.
    """
    if not households:
        raise Refusal("请先勾选要结对的农户。", code="households")
    if len(households) > MOST_AT_ONCE:
        raise Refusal(f"一次最多结对 {MOST_AT_ONCE} 户。", code="households")
    today = timezone.localdate()
    grids = _grids(worker)
    for household in households:
        require(acting, Act.ASSIGN_WORK, code=household.cell_id)
        if household.dissolved_on is not None:
            raise Refusal(f"{household.number} 户已销户，不能结对。", code="households")
        if household.cell_id not in grids:
            raise Refusal(
                f"{worker.name}不是 {household.number} 户所在网格的二级网格员。请选别的人。",
                code="worker",
            )
    _end_stale(acting, households)
    try:
        with transaction.atomic():
            Pairing.objects.bulk_create(
                Pairing(worker=worker, household=household, from_on=today, paired_by=acting)
                for household in households
            )
    except IntegrityError as broken:  # another officer paired one of them this moment
        if broken_constraint(broken) != "pairing_one_worker_at_a_time":
            raise
        raise Refusal(TAKEN, code="households") from None
    forget_sight(worker)
    detail = {"households": [household.pk for household in households]}
    record(acting=acting, verb="paired_households", subject=worker, detail=detail)
    return len(households)


def _grids(worker: Account) -> set[str]:
    """Where the worker is second-level worker today."""
    posts = Post.objects.current(timezone.localdate()).filter(
        account=worker, role=Role.GRID_WORKER_2, account__is_active=True
    )
    return {code for code in posts.values_list("region_id", flat=True) if code}


def _end_stale(acting: Any, households: Sequence[Household]) -> None:
    today = timezone.localdate()
    current = Pairing.objects.current(today).select_for_update().filter(household__in=households)
    rows = list(current.select_related("worker", "household"))
    held = set(
        Post.objects.current(today)
        .filter(account__in=[row.worker_id for row in rows], role=Role.GRID_WORKER_2)
        .filter(account__is_active=True)
        .values_list("account", "region")
    )
    for row in rows:
        if (row.worker_id, row.household.cell_id) in held:
            raise Refusal(
                f"{row.household.number} 户已由{row.worker.name}结对。请先结束或转移。",
                code="households",
            )
    Pairing.objects.filter(pk__in=[row.pk for row in rows]).update(
        until_on=today, end_reason="帮扶人或农户已离开原网格"
    )


@transaction.atomic
def end_pairing(*, acting: Account, pairing: Pairing, reason: str) -> None:
    """The worker no longer helps the household, from today. Raises NotAllowed, Overtaken."""
    require(acting, Act.ASSIGN_WORK, code=pairing.household.cell_id)
    reason = reason_given(reason, ask="请写明为什么结束结对，2 到 200 个字。")
    ended = Pairing.objects.filter(pk=pairing.pk, until_on=None).update(
        until_on=timezone.localdate(), end_reason=reason
    )
    if not ended:
        raise Overtaken("这项结对已经结束。请刷新页面。")
    forget_sight(pairing.worker)
    detail = {"worker": pairing.worker_id}
    record(
        acting=acting,
        verb="ended_pairing",
        subject=pairing.household,
        reason=reason,
        detail=detail,
    )


@transaction.atomic
def move_pairings(
    *, acting: Account, from_worker: Account, to_worker: Account, region: Region, reason: str
) -> int:
    """All households of one worker in the place go to another in one act; returns how many.

    Raises NotAllowed, Refusal when the taker has no post in one of the
    grids: then nothing moves.
    """
    require(acting, Act.ASSIGN_WORK, code=region.code)
    if from_worker.pk == to_worker.pk:
        raise Refusal("转出人和接手人是同一个人。请重新选择。", code="to_worker")
    reason = reason_given(reason, ask="请写明转移原因，例如“调离”。")
    today = timezone.localdate()
    rows = list(
        Pairing.objects.current(today)
        .select_for_update(of=("self",))
        .filter(in_subtrees("household__cell", (region.code,)), worker=from_worker)
        .filter(household__dissolved_on=None)
        .select_related("household")
    )
    if not rows:
        raise Refusal(f"{from_worker.name}在这里没有结对户。", code="from_worker")
    households = [row.household for row in rows]
    grids = _grids(to_worker)
    beyond = [household for household in households if household.cell_id not in grids]
    if beyond:
        raise Refusal(
            f"{to_worker.name}不是其中 {len(beyond)} 户所在网格的二级网格员（如"
            f" {beyond[0].number}）。请先任职，或选别的人。",
            code="to_worker",
        )
    Pairing.objects.filter(pk__in=[row.pk for row in rows]).update(
        until_on=today, end_reason=f"转给{to_worker.name}：{reason}"[:200]
    )
    Pairing.objects.bulk_create(
        Pairing(worker=to_worker, household=household, from_on=today, paired_by=acting)
        for household in households
    )
    forget_sight(from_worker)
    forget_sight(to_worker)
    detail = {"to": to_worker.pk, "households": [household.pk for household in households]}
    record(acting=acting, verb="moved_pairings", subject=from_worker, reason=reason, detail=detail)
    return len(rows)
