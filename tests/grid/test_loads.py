"""What everybody has in hand, and a proposal to even it out."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from grid.actions.balancing import Balanced, Wanted, accept_balance
from grid.actions.bulk_assigning import undo_bulk_assignment
from grid.actions.work_items import reroute_stranded_items, visiting_role
from grid.loads import (
    Balance,
    first_workers,
    hamlets_to_balance,
    loads_in,
    minutes_of,
    propose_balance,
    week_end,
)
from grid.models import (
    Account,
    BulkAssignment,
    Household,
    Leave,
    Post,
    VisitMinutes,
    WorkItem,
    WorkItemPurpose,
)
from grid.roles import Role
from grid.scope import forget_sight, sees
from tests.world import World, add_account, add_household, add_post
from yizhou.audit import SYSTEM, AuditEntry
from yizhou.refusals import NotAllowed, Overtaken, Refusal

SignIn = Callable[[Account], Client]
TODAY = timezone.localdate()


@pytest.fixture(autouse=True)
def minutes(db: None) -> None:
    """A visit takes half an hour, one that verifies an alert an hour."""
    VisitMinutes.objects.all().delete()
    for kind, n in (("", 30), ("verify_alert", 60)):
        VisitMinutes.objects.create(kind=kind, minutes=n, from_on=date(2026, 1, 1), source="测试")


def add_item(
    household: Household, assignee: Account | None, *kinds: str, **fields: object
) -> WorkItem:
    given = {"severity": 3, "due_on": TODAY + timedelta(days=20)} | fields
    item = WorkItem.objects.create(
        household=household, code=household.cell_id, assignee=assignee, **given
    )
    for kind in kinds:
        WorkItemPurpose.objects.create(
            work_item=item,
            kind=kind,
            subject=item.pk,
            title="核实",
            sentence="要去看",
            severity=item.severity,
            due_on=item.due_on,
        )
    return item


def home(world: World, n: int) -> Household:
    member = [(f"农{n}", "M", date(1980, 3, 5), "head")]
    return add_household(world.grid, f"104-207-3{n:03d}", member, serial=300 + n)


def load_of(world: World, account: Account, **query: object) -> object:
    loads = loads_in(query.get("region", world.village), on=TODAY)
    return next(load for load in loads if load.account == account)


# Loads


def test_load_counts_open_due_this_week_overdue_and_hours(world: World) -> None:
    add_item(world.household, world.worker_1, "verify_alert", due_on=TODAY - timedelta(days=1))
    add_item(world.next_household, world.worker_1, "routine", due_on=week_end(TODAY))
    add_item(home(world, 1), world.worker_1, due_on=week_end(TODAY) + timedelta(days=1))
    load = load_of(world, world.worker_1)
    assert (load.to_visit, load.this_week, load.overdue) == (3, 2, 1)
    assert load.hours == 2.0
    assert load.households == 2


def test_two_purposes_are_one_knock(world: World) -> None:
    item = add_item(world.household, world.worker_1, "routine", "verify_alert")
    assert minutes_of([item], on=TODAY) == {item.pk: 60}


def test_figures_are_those_of_the_day(world: World) -> None:
    VisitMinutes.objects.filter(kind="verify_alert").update(until_on=TODAY)
    VisitMinutes.objects.create(kind="verify_alert", minutes=90, from_on=TODAY, source="测试")
    item = add_item(world.household, world.worker_1, "verify_alert")
    assert minutes_of([item], on=TODAY) == {item.pk: 90}
    assert minutes_of([item], on=TODAY - timedelta(days=1)) == {item.pk: 60}


def test_without_figures_no_hours_are_said(world: World) -> None:
    VisitMinutes.objects.all().delete()
    add_item(world.household, world.worker_1, "verify_alert")
    assert load_of(world, world.worker_1).hours is None


def test_reported_visits_are_no_longer_in_hand(world: World) -> None:
    add_item(world.household, world.worker_1, state=WorkItem.State.VISITED)
    assert load_of(world, world.worker_1).to_visit == 0


def test_second_post_over_the_same_place_counts_households_once(world: World) -> None:
    add_post(world.worker_1, Role.TUN_HEAD, region=world.tun, seat=2)
    assert load_of(world, world.worker_1).households == 2


def test_list_stands_by_place_and_not_by_number(world: World) -> None:
    add_item(world.lone_household, world.info_officer)
    assert [load.account for load in loads_in(world.village, on=TODAY)] == [
        world.village_head,
        world.info_officer,
        world.tun_head,
        world.worker_1,
        world.worker_2,
    ]


def test_a_click_on_a_column_sorts_by_it(world: World) -> None:
    add_item(world.household, world.worker_2)
    assert loads_in(world.village, on=TODAY, sort="to_visit")[0].account == world.worker_2
    assert loads_in(world.village, on=TODAY, sort="last_login")[0].account == world.village_head


def test_work_of_somebody_without_a_post_is_shown(world: World) -> None:
    add_item(world.household, world.worker_1)
    world.worker_1.posts.update(until_on=TODAY)
    assert load_of(world, world.worker_1).is_stranded


def test_loads_take_six_queries(world: World, django_assert_max_num_queries: Callable) -> None:
    with django_assert_max_num_queries(6):
        loads_in(world.county, on=TODAY)


def test_page_says_the_figures_are_not_confirmed(world: World, signed_in: SignIn) -> None:
    text = signed_in(world.township_officer).get(reverse("loads")).content.decode()
    assert "核实预警 60 分钟" in text
    assert "待核定" in text
    assert "登录" not in text.split("<main", 1)[1]


def test_page_takes_the_same_queries_for_few_and_many(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.township_officer)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse("loads"), {"region": world.village.code}).status_code == 200
        return len(captured)

    few = queries()
    for n in range(12):
        helper = add_account(f"helper{n}", f"二级网格员{n}")
        add_post(helper, Role.GRID_WORKER_2, region=world.grid, seat=n + 2)
        add_item(home(world, n), helper)
    assert queries() == few


@pytest.mark.parametrize("name", ["worker_1", "auditor", "clerk_civil", "stranger"])
def test_pages_are_for_offices(world: World, signed_in: SignIn, name: str) -> None:
    client = signed_in(world.accounts()[name])
    assert client.get(reverse("loads")).status_code == 403
    assert client.get(reverse("balance")).status_code == 403


# The proposal


@pytest.fixture
def uneven(world: World) -> World:
    """Two first-level workers in 拉敢屯: one with five visits of an hour, the other with none."""
    world.neighbour = add_account("neighbour", "一级网格员丙")
    add_post(world.neighbour, Role.GRID_WORKER_1, region=world.next_grid)
    add_item(world.household, world.worker_1, "verify_alert", severity=1, due_on=TODAY)
    for n in range(4):
        due = TODAY + timedelta(days=10 + n)
        add_item(home(world, n), world.worker_1, "verify_alert", due_on=due)
    return world


def in_hand(balance: Balance) -> list[tuple[int, int]]:
    return [(balance.before[w.pk], balance.after[w.pk]) for w in balance.workers]


def test_proposal_moves_whole_items_until_even(uneven: World) -> None:
    balance = propose_balance(uneven.tun, on=TODAY)
    assert balance.workers == [uneven.worker_1, uneven.neighbour]
    assert in_hand(balance) == [(300, 180), (0, 120)]
    assert [m.item.due_on - TODAY for m in balance.moves] == [
        timedelta(days=13),
        timedelta(days=12),
    ]
    assert balance.moves[0].reason == (
        "一级网格员甲手上约 5.0 小时，一级网格员丙约 0.0 小时；移后 4.0 和 1.0 小时"
    )


def test_proposal_leaves_what_was_sent_back(uneven: World) -> None:
    WorkItem.objects.update(returned_because="缺照片")
    assert propose_balance(uneven.tun, on=TODAY).moves == []


def test_even_hands_give_no_proposal(uneven: World) -> None:
    for item in WorkItem.objects.all()[:3]:
        item.assignee = uneven.neighbour
        item.save()
    assert propose_balance(uneven.tun, on=TODAY).moves == []


def test_proposal_is_the_same_every_time(uneven: World) -> None:
    picks = [[m.pick for m in propose_balance(uneven.tun, on=TODAY).moves] for _ in range(2)]
    assert picks[0] == picks[1] != []


def test_only_first_level_workers_of_the_place_take_part(uneven: World) -> None:
    assert first_workers(uneven.tun, on=TODAY) == [uneven.worker_1, uneven.neighbour]
    assert [tun for tun, _ in hamlets_to_balance(uneven.village, on=TODAY)] == [uneven.tun]


def test_proposal_takes_as_many_queries_for_many_items(uneven: World) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            propose_balance(uneven.tun, on=TODAY)
        return len(captured)

    few = queries()
    for n in range(10, 22):
        add_item(home(uneven, n), uneven.worker_1, "verify_alert")
    assert queries() == few


# Accepting it


def wanted(world: World) -> list[Wanted]:
    moves = propose_balance(world.tun, on=TODAY).moves
    return [Wanted(m.item.pk, m.item.version, m.taker.pk) for m in moves]


def test_accepting_moves_the_items_and_lets_the_taker_visit(uneven: World) -> None:
    asked = wanted(uneven)
    done = accept_balance(acting=uneven.township_officer, region=uneven.tun, wanted=asked)
    assert (done.moved, done.overtaken, len(done.posts)) == (2, [], 1)
    for item in WorkItem.objects.filter(pk__in=[w.item_id for w in asked]):
        assert item.assignee == uneven.neighbour
        assert (item.assigned_role, item.version) == (Role.GRID_WORKER_2, 2)
        assert "均衡工作量，由一级网格员甲移给一级网格员丙" in item.events.get().sentence
    forget_sight(uneven.neighbour)
    assert sees(uneven.neighbour, WorkItem).filter(assignee=uneven.neighbour).count() == 2
    assert AuditEntry.objects.filter(verb="balanced_work").count() == 1


def test_help_ends_by_itself(uneven: World) -> None:
    accept_balance(acting=uneven.township_officer, region=uneven.tun, wanted=wanted(uneven))
    post = Post.objects.get(account=uneven.neighbour, role=Role.GRID_WORKER_2)
    assert post.region == uneven.grid
    assert post.until_on == TODAY + timedelta(days=13 + 14)
    assert visiting_role(uneven.neighbour, uneven.grid.code) == Role.GRID_WORKER_2


def test_moved_items_are_not_stranded(uneven: World) -> None:
    accept_balance(acting=uneven.township_officer, region=uneven.tun, wanted=wanted(uneven))
    assert reroute_stranded_items(acting=SYSTEM) == 0


def test_accepting_twice_moves_once(uneven: World) -> None:
    asked = wanted(uneven)
    accept_balance(acting=uneven.township_officer, region=uneven.tun, wanted=asked)
    with pytest.raises(Overtaken):
        accept_balance(acting=uneven.township_officer, region=uneven.tun, wanted=asked)
    assert Post.objects.filter(account=uneven.neighbour).count() == 2


def test_what_others_changed_stays(uneven: World) -> None:
    asked = wanted(uneven)
    WorkItem.objects.filter(pk=asked[0].item_id).update(version=5)
    done = accept_balance(acting=uneven.township_officer, region=uneven.tun, wanted=asked)
    assert (done.moved, done.overtaken) == (1, [asked[0].item_id])
    assert WorkItem.objects.get(pk=asked[0].item_id).assignee == uneven.worker_1


def test_taker_must_be_a_first_level_worker_of_the_place(uneven: World) -> None:
    asked = [Wanted(w.item_id, w.version, uneven.other_worker.pk) for w in wanted(uneven)]
    with pytest.raises(Refusal, match="不是这里的一级网格员"):
        accept_balance(acting=uneven.township_officer, region=uneven.tun, wanted=asked)


@pytest.mark.parametrize("name", ["village_head", "other_township_officer", "worker_1"])
def test_accepting_is_the_township_s(uneven: World, name: str) -> None:
    with pytest.raises(NotAllowed):
        accept_balance(acting=uneven.accounts()[name], region=uneven.tun, wanted=wanted(uneven))


def test_accepting_by_page(uneven: World, signed_in: SignIn) -> None:
    client = signed_in(uneven.township_officer)
    address = reverse("balance", query={"region": uneven.tun.code})
    moves = [move.pick for move, _ in client.get(address).context["moves"]]
    refused = client.post(address, {})
    assert refused.status_code == 400
    assert "没有选要移的事项" in refused.content.decode()
    done = client.post(address, {"move": moves[:1]}, follow=True)
    assert "已移 1 件，1 人次临时任邻近网格二级网格员。" in done.content.decode()


# Taking it back


def balanced(world: World) -> Balanced:
    return accept_balance(acting=world.township_officer, region=world.tun, wanted=wanted(world))


def undo(world: World, done: Balanced) -> tuple[int, int]:
    return undo_bulk_assignment(acting=world.township_officer, bulk=done.act)


def test_undoing_a_balance_gives_visits_and_posts_back(uneven: World) -> None:
    before = {i.pk: (i.assignee, i.assigned_role) for i in WorkItem.objects.all()}
    done = balanced(uneven)
    assert undo(uneven, done) == (2, 0)
    assert {i.pk: (i.assignee, i.assigned_role) for i in WorkItem.objects.all()} == before
    assert Post.objects.get(account=uneven.neighbour).role == Role.GRID_WORKER_1
    forget_sight(uneven.neighbour)
    assert not sees(uneven.neighbour, WorkItem).filter(code=uneven.grid.code).exists()
    line = done.act.lines.first()
    assert line.get_result_display() == "已撤回"
    assert line.work_item.events.last().sentence == "撤回均衡工作量，恢复原承办人"
    entry = AuditEntry.objects.get(verb="undid_assigned_many")
    assert entry.detail["posts"] == [post.pk for post in done.posts]
    assert AuditEntry.objects.filter(verb="withdrew_post").count() == 1


def test_what_was_touched_since_stays_with_the_helper_and_the_post(uneven: World) -> None:
    done = balanced(uneven)
    touched = done.act.lines.first().work_item
    WorkItem.objects.filter(pk=touched.pk).update(version=9)
    assert undo(uneven, done) == (1, 1)
    touched.refresh_from_db()
    assert touched.assignee == uneven.neighbour
    assert visiting_role(uneven.neighbour, uneven.grid.code) == Role.GRID_WORKER_2
    assert reroute_stranded_items(acting=SYSTEM) == 0


def test_a_post_that_somebody_stands_in_for_stays(uneven: World) -> None:
    done = balanced(uneven)
    Leave.objects.create(
        post=done.posts[0],
        stand_in=uneven.worker_2,
        from_on=TODAY,
        until_on=TODAY + timedelta(days=3),
        reason="培训",
        granted_by=uneven.township_officer,
    )
    assert undo(uneven, done) == (2, 0)
    assert Post.objects.filter(pk=done.posts[0].pk).exists()


def test_a_balance_is_undone_once_and_within_ten_minutes(uneven: World) -> None:
    done = balanced(uneven)
    BulkAssignment.objects.update(at=timezone.now() - timedelta(minutes=11))
    with pytest.raises(Refusal, match="均衡已超过 10 分钟"):
        undo(uneven, done)
    BulkAssignment.objects.update(at=timezone.now() - timedelta(minutes=9))
    undo(uneven, done)
    with pytest.raises(Refusal, match="这次均衡已经撤回过"):
        undo(uneven, done)


def test_a_balance_is_undone_by_who_made_it(uneven: World) -> None:
    done = balanced(uneven)
    with pytest.raises(NotAllowed, match="只有办理的人"):
        undo_bulk_assignment(acting=uneven.county_officer, bulk=done.act)


def test_undoing_a_balance_by_page(uneven: World, signed_in: SignIn) -> None:
    client = signed_in(uneven.township_officer)
    address = reverse("balance", query={"region": uneven.tun.code})
    moves = [move.pick for move, _ in client.get(address).context["moves"]]
    page = client.post(address, {"move": moves}, follow=True)
    text = page.content.decode()
    assert "均衡拉敢屯的工作量" in text
    assert "一级网格员丙任第一网格二级网格员到" in text
    back = client.post(reverse("desk-undo", args=[page.context["bulk"].pk]), follow=True)
    assert "已撤回，2 件恢复原承办人。" in back.content.decode()
    assert "整批撤回" not in back.content.decode()
    assert (
        signed_in(uneven.other_township_officer).get(page.request["PATH_INFO"]).status_code == 404
    )


def test_nothing_to_even_out_is_told(world: World, signed_in: SignIn) -> None:
    address = reverse("balance", query={"region": world.tun.code})
    assert "不用移" in signed_in(world.township_officer).get(address).content.decode()
