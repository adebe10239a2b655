"""Visits whose holder is gone find somebody else, or wait for the township."""

from datetime import timedelta

import pytest
from django.utils import timezone

from grid.actions.work_items import (
    VisitRequest,
    assign_work_item,
    open_work_items,
    reroute_stranded_items,
)
from grid.models import Post, WorkItem
from tests.world import World
from yizhou.audit import SYSTEM
from yizhou.refusals import Refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def item(world: World) -> WorkItem:
    open_work_items(
        acting=SYSTEM,
        requests=[
            VisitRequest(
                household_id=world.household.pk,
                code=world.household.cell_id,
                kind="verify_alert",
                subject=1,
                title="大额医疗支出",
                sentence="自付 12,000 元",
                severity=2,
                due_on=timezone.localdate() + timedelta(days=5),
            )
        ],
    )
    return WorkItem.objects.get()


def leave(world: World) -> None:
    Post.objects.filter(account=world.worker_1).update(until_on=timezone.localdate())


def test_nothing_moves_while_the_holder_is_in_post(world: World, item: WorkItem) -> None:
    assert reroute_stranded_items(acting=SYSTEM) == 0


def test_a_post_that_ended_leaves_the_visit_to_the_next_in_the_chain(
    world: World, item: WorkItem
) -> None:
    leave(world)
    assert reroute_stranded_items(acting=SYSTEM) == 1
    item.refresh_from_db()
    assert (item.assignee, item.assigned_role) == (world.tun_head, "tun_head")


def test_a_closed_account_leaves_its_visits_too(world: World, item: WorkItem) -> None:
    world.worker_1.is_active = False
    world.worker_1.save()
    reroute_stranded_items(acting=SYSTEM)
    item.refresh_from_db()
    assert item.assignee == world.tun_head


def test_with_nobody_up_to_the_village_the_township_dispatches(
    world: World, item: WorkItem
) -> None:
    Post.objects.filter(region__code__startswith=world.village.code).update(
        until_on=timezone.localdate()
    )
    reroute_stranded_items(acting=SYSTEM)
    item.refresh_from_db()
    assert (item.assignee, item.assigned_role) == (None, "")


def test_rerouting_again_moves_nothing(world: World, item: WorkItem) -> None:
    leave(world)
    reroute_stranded_items(acting=SYSTEM)
    assert reroute_stranded_items(acting=SYSTEM) == 0


def test_what_happened_stands_in_the_history(world: World, item: WorkItem) -> None:
    leave(world)
    reroute_stranded_items(acting=SYSTEM)
    assert "原承办人已不在岗" in item.events.last().sentence


def assign(world: World, item: WorkItem, *, by: str, days: int, note: str = "") -> None:
    assign_work_item(
        acting=getattr(world, by),
        item=item,
        assignee=world.worker_2,
        version_seen=item.version,
        due_on=timezone.localdate() + timedelta(days=days),
        note=note,
    )


def test_a_village_may_bring_the_day_forward(world: World, item: WorkItem) -> None:
    assign(world, item, by="info_officer", days=1)
    item.refresh_from_db()
    assert item.due_on == timezone.localdate() + timedelta(days=1)


def test_a_village_may_not_put_the_day_off(world: World, item: WorkItem) -> None:
    with pytest.raises(Refusal, match="只能提前"):
        assign(world, item, by="info_officer", days=9)


def test_the_township_puts_the_day_off_with_a_reason(world: World, item: WorkItem) -> None:
    with pytest.raises(Refusal, match="写明原因"):
        assign(world, item, by="township_officer", days=9)
    assign(world, item, by="township_officer", days=9, note="山洪断路，改下周")
    item.refresh_from_db()
    assert item.due_on == timezone.localdate() + timedelta(days=9)
