"""Leave with a stand-in: work and sight go over for the days of the leave, and come back."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from grid.actions.leaves import end_leave, grant_leave, turn_leaves
from grid.actions.work_items import (
    VisitRequest,
    assign_work_item,
    open_work_items,
    reroute_stranded_items,
    route,
)
from grid.models import Account, Household, Leave, Post, WorkItem, WorkItemEvent
from grid.roles import Role
from grid.scope import forget_sight
from tests.world import World, add_account, add_post
from yizhou.audit import SYSTEM, AuditEntry
from yizhou.refusals import NotAllowed, Overtaken, Refusal

pytestmark = pytest.mark.django_db
SignIn = Callable[[Account], Client]
TODAY = timezone.localdate()


def visit_wanted(household: Household, *, days: int = 10, subject: int = 1) -> WorkItem:
    """An open item for the household, due in so many days."""
    request = VisitRequest(
        household_id=household.pk,
        code=household.cell_id,
        kind="verify_alert",
        subject=household.pk * 100 + subject,
        title="大额医疗支出",
        sentence="自付 12,000 元",
        severity=2,
        due_on=TODAY + timedelta(days=days),
    )
    open_work_items(acting=SYSTEM, requests=[request])
    return WorkItem.objects.open().get(household=household)


@pytest.fixture
def far_worker(world: World) -> Account:
    """Works in another tun of the village: stands in without a post of their own there."""
    account = add_account("far_worker", "一级网格员丙")
    add_post(account, Role.GRID_WORKER_1, region=world.far_grid)
    return account


@pytest.fixture
def post(world: World) -> Post:
    return Post.objects.get(account=world.worker_1)


def granted(world: World, post: Post, stand_in: Account, **change: Any) -> Leave:
    said = {
        "acting": world.township_officer,
        "post": post,
        "stand_in": stand_in,
        "from_on": TODAY,
        "until_on": TODAY + timedelta(days=5),
        "reason": "住院",
    }
    return grant_leave(**(said | change))


def in_days(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """So many days later, for everybody who asks which day it is."""
    day = TODAY + timedelta(days=days)
    monkeypatch.setattr(timezone, "localdate", lambda *_: day)


def sees_household(account: Account, household: Household) -> bool:
    forget_sight(account)
    return bool(account.sees(Household).filter(pk=household.pk).exists())


def test_open_work_goes_over_and_comes_back(
    world: World, post: Post, far_worker: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = visit_wanted(world.household)
    leave = granted(world, post, far_worker)
    item.refresh_from_db()
    assert (item.assignee, item.assigned_role) == (far_worker, Role.GRID_WORKER_1)
    in_days(monkeypatch, 5)
    assert turn_leaves() == (0, 1)
    item.refresh_from_db()
    leave.refresh_from_db()
    assert (item.assignee, leave.state) == (world.worker_1, "ended")
    assert leave.items.get().came_back
    told = WorkItemEvent.objects.filter(work_item=item, verb="handed_over")
    assert told.count() == 2
    verbs = AuditEntry.objects.filter(subject_type="grid.leave").values_list("verb", flat=True)
    assert sorted(verbs) == ["began_leave", "ended_leave", "granted_leave"]


def test_later_leave_begins_by_beat_and_twice_changes_nothing(
    world: World, post: Post, far_worker: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = visit_wanted(world.household)
    granted(world, post, far_worker, from_on=TODAY + timedelta(days=2))
    item.refresh_from_db()
    assert item.assignee == world.worker_1
    in_days(monkeypatch, 2)
    assert (turn_leaves(), turn_leaves()) == ((1, 0), (0, 0))
    item.refresh_from_db()
    assert item.assignee == far_worker


@pytest.mark.parametrize(("days", "sees"), [(0, False), (2, True), (4, True), (5, False)])
def test_sight_is_of_those_days_and_no_longer(
    world: World,
    post: Post,
    far_worker: Account,
    monkeypatch: pytest.MonkeyPatch,
    days: int,
    sees: bool,
) -> None:
    granted(world, post, far_worker, from_on=TODAY + timedelta(days=2))
    in_days(monkeypatch, days)
    assert sees_household(far_worker, world.household) is sees


def test_second_wall_opens_for_the_stand_in_alone(
    world: World, post: Post, far_worker: Account, signed_in: SignIn
) -> None:
    address = reverse("household", args=[world.household.pk])
    before = signed_in(far_worker).get(address).status_code
    granted(world, post, far_worker)
    answers = [signed_in(a).get(address).status_code for a in (far_worker, world.other_worker)]
    assert (before, answers) == (404, [200, 404])


def test_interval_of_the_wall_covers_the_stood_in_place(
    world: World, post: Post, far_worker: Account
) -> None:
    from grid.scope import sight_of

    granted(world, post, far_worker)
    forget_sight(far_worker)
    low, high, _ = (*sight_of(far_worker).interval, "")[:3]
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s >= %s AND %s < %s", [world.grid.code, low, world.grid.code, high])
        assert cursor.fetchone() == (True,)


def test_new_visits_meanwhile_go_to_the_stand_in_and_then_back(
    world: World, post: Post, far_worker: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    granted(world, post, far_worker)
    item = visit_wanted(world.household)
    mine = visit_wanted(world.lone_household)
    assert item.assignee == far_worker
    in_days(monkeypatch, 5)
    turn_leaves()
    reroute_stranded_items(acting=SYSTEM)
    item.refresh_from_db()
    mine.refresh_from_db()
    assert (item.assignee, mine.assignee) == (world.worker_1, far_worker)


def test_visit_given_to_a_third_stays_there(
    world: World, post: Post, far_worker: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = visit_wanted(world.household)
    leave = granted(world, post, far_worker)
    item.refresh_from_db()
    assign_work_item(
        acting=world.township_officer,
        item=item,
        assignee=world.village_head,
        version_seen=item.version,
    )
    in_days(monkeypatch, 5)
    turn_leaves()
    item.refresh_from_db()
    assert (item.assignee, leave.items.get().came_back) == (world.village_head, False)


def test_stand_ins_work_is_not_stranded(world: World, post: Post, far_worker: Account) -> None:
    visit_wanted(world.household)
    granted(world, post, far_worker)
    assert reroute_stranded_items(acting=SYSTEM) == 0


def test_route_takes_the_holder_again_after_the_leave(
    world: World, post: Post, far_worker: Account
) -> None:
    granted(world, post, far_worker)
    day = TODAY + timedelta(days=5)
    code = world.grid.code
    assert route([code], on=TODAY)[code][0] == far_worker.pk
    assert route([code], on=day)[code][0] == world.worker_1.pk


def test_post_that_ends_in_the_leave_sends_the_work_up_the_chain(
    world: World, post: Post, far_worker: Account
) -> None:
    item = visit_wanted(world.household)
    granted(world, post, far_worker)
    Post.objects.filter(pk=post.pk).update(until_on=TODAY)
    turn_leaves()
    item.refresh_from_db()
    assert item.assignee == world.tun_head


def test_back_early_gives_back_today(world: World, post: Post, far_worker: Account) -> None:
    item = visit_wanted(world.household)
    leave = granted(world, post, far_worker)
    assert end_leave(acting=world.township_officer, leave=leave) == 1
    item.refresh_from_db()
    assert item.assignee == world.worker_1
    assert not sees_household(far_worker, world.household)
    with pytest.raises(Overtaken):
        end_leave(acting=world.township_officer, leave=leave)


def test_leave_called_off_before_it_begins(world: World, post: Post, far_worker: Account) -> None:
    leave = granted(world, post, far_worker, from_on=TODAY + timedelta(days=2))
    end_leave(acting=world.township_officer, leave=leave)
    again = granted(world, post, far_worker, from_on=TODAY + timedelta(days=2))
    assert (Leave.objects.get(pk=leave.pk).state, again.state) == ("cancelled", "planned")


@pytest.mark.parametrize(("first", "last"), [(0, 1), (4, 9), (-0, 20)])
def test_overlapping_leave_is_refused(
    world: World, post: Post, far_worker: Account, first: int, last: int
) -> None:
    granted(world, post, far_worker)
    with pytest.raises(Refusal, match="日期重叠"):
        granted(
            world,
            post,
            world.worker_2,
            from_on=TODAY + timedelta(days=first),
            until_on=TODAY + timedelta(days=last),
        )


def test_next_leave_may_begin_the_day_one_is_back(
    world: World, post: Post, far_worker: Account
) -> None:
    granted(world, post, far_worker)
    days = {"from_on": TODAY + timedelta(days=5), "until_on": TODAY + timedelta(days=6)}
    assert granted(world, post, world.worker_2, **days).pk


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"from_on": TODAY - timedelta(days=1)}, "不能早于今天"),
        ({"until_on": TODAY}, "晚于请假第一天"),
        ({"until_on": TODAY + timedelta(days=400)}, "超过半年"),
        ({"reason": " "}, "事由"),
    ],
)
def test_what_cannot_be_is_a_sentence(
    world: World, post: Post, far_worker: Account, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(Refusal, match=words):
        granted(world, post, far_worker, **change)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("worker_1", "同一个人"),
        ("other_worker", "没有能入户的在任职务"),
        ("stranger", "没有能入户的在任职务"),
        ("township_officer", "由自己代班"),
    ],
)
def test_who_cannot_stand_in(world: World, post: Post, name: str, words: str) -> None:
    with pytest.raises(Refusal, match=words):
        granted(world, post, world.accounts()[name])


def test_away_cannot_stand_in_and_stand_in_cannot_be_away(
    world: World, post: Post, far_worker: Account
) -> None:
    granted(world, post, far_worker)
    others = Post.objects.get(account=world.worker_2)
    with pytest.raises(Refusal, match="自己也请假"):
        granted(world, others, world.worker_1)
    with pytest.raises(Refusal, match="代班"):
        granted(world, Post.objects.get(account=far_worker), world.worker_2)


@pytest.mark.parametrize("name", ["other_township_officer", "village_head", "worker_1"])
def test_granting_is_the_appointers_own(
    world: World, post: Post, far_worker: Account, name: str
) -> None:
    with pytest.raises(NotAllowed):
        granted(world, post, far_worker, acting=world.accounts()[name])


def test_page_grants_shows_and_ends(
    world: World, post: Post, far_worker: Account, signed_in: SignIn
) -> None:
    visit_wanted(world.household)
    client = signed_in(world.township_officer)
    form = {
        "from_on": str(TODAY),
        "until_on": str(TODAY + timedelta(days=3)),
        "stand_in": far_worker.pk,
        "reason": "住院",
    }
    page = client.post(reverse("leave", args=[post.pk]), form, follow=True).content.decode()
    assert "提前销假" in page
    assert "交出 1 件" in page
    leave = Leave.objects.get()
    client.post(reverse("end-leave", args=[leave.pk]))
    assert Leave.objects.get().state == "ended"


def test_page_keeps_what_was_typed(
    world: World, post: Post, far_worker: Account, signed_in: SignIn
) -> None:
    form = {
        "from_on": "2020-01-01",
        "until_on": str(date.max),
        "stand_in": "",
        "reason": "住院治疗",
    }
    response = signed_in(world.township_officer).post(reverse("leave", args=[post.pk]), form)
    assert (response.status_code, "住院治疗" in response.content.decode()) == (422, True)
