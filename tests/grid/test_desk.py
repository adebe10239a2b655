"""The township's desk: counters, filters, many assigned at once and taken back, route sheets."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from grid.actions.bulk_assigning import (
    Pick,
    assign_many,
    plan_assignment,
    read_picks,
    undo_bulk_assignment,
)
from grid.desk import Desk, DeskFilters
from grid.models import Account, BulkAssignment, BulkAssignmentLine, Household, WorkItem
from grid.roles import Role
from tests.world import World, add_household, add_post
from yizhou.audit import AuditEntry
from yizhou.refusals import NotAllowed, Refusal

SignIn = Callable[[Account], Client]
TODAY = timezone.localdate()
PAGE = "/desk/"
Result = BulkAssignmentLine.Result


def add_item(household: Household, assignee: Account | None = None, **fields: object) -> WorkItem:
    role = assignee.posts.first().role if assignee else ""
    given = {"severity": 2, "due_on": TODAY + timedelta(days=10)} | fields
    return WorkItem.objects.create(
        household=household,
        code=household.cell_id,
        assignee=assignee,
        assigned_role=role,
        **given,
    )


@pytest.fixture
def busy(world: World) -> World:
    """Overdue with the worker; due soon with nobody; returned; reported; another township's."""
    add_item(world.household, world.worker_1, due_on=TODAY - timedelta(days=2))
    add_item(world.next_household, None, due_on=TODAY + timedelta(days=2))
    add_item(world.lone_household, world.info_officer, returned_because="缺照片")
    add_item(world.bare_household, world.township_officer, state=WorkItem.State.VISITED)
    add_item(world.other_household, world.other_worker)
    return world


def counted(account: Account, **query: str) -> dict[str, int]:
    desk = Desk(account, DeskFilters(**query))
    return {c["label"]: c["count"] for c in desk.counters()}


def picks(*households: Household) -> list[Pick]:
    items = WorkItem.objects.filter(household__in=households).order_by("pk")
    return [Pick(item.pk, item.version) for item in items]


def item_of(household: Household) -> WorkItem:
    return WorkItem.objects.select_related("assignee").get(household=household)


# Counters and the list


def test_counters_count_what_the_township_sees(busy: World) -> None:
    assert counted(busy.township_officer) == {
        "全部未办结": 4,
        "无人承办": 1,
        "已超期": 1,
        "3 天内到期": 1,
        "已暂停": 0,
        "退回补充": 1,
        "已回传，待办结": 1,
    }


@pytest.mark.parametrize(
    ("status", "names"),
    [
        ("", ["韦甲", "蓝甲", "罗甲", "黄甲"]),
        ("unassigned", ["蓝甲"]),
        ("overdue", ["韦甲"]),
        ("soon", ["蓝甲"]),
        ("returned", ["罗甲"]),
        ("reported", ["黄甲"]),
        ("nonsense", ["韦甲", "蓝甲", "罗甲", "黄甲"]),
    ],
)
def test_every_counter_is_a_filter(
    busy: World, signed_in: SignIn, status: str, names: list[str]
) -> None:
    rows = signed_in(busy.township_officer).get(PAGE, {"status": status}).context["rows"]
    assert sorted(str(row.item.household.head) for row in rows) == sorted(names)


def test_counters_and_list_agree_under_every_filter(busy: World, signed_in: SignIn) -> None:
    client = signed_in(busy.township_officer)
    for query in ({}, {"village": busy.village.code}, {"worker": f"{busy.worker_1.pk}"}):
        for counter in client.get(PAGE, query).context["counters"]:
            page = client.get(counter["url"]).context
            assert page["page"]["count"] == counter["count"] == len(page["rows"])


def test_village_and_worker_stand_in_the_address(busy: World, signed_in: SignIn) -> None:
    client = signed_in(busy.township_officer)
    rows = client.get(PAGE, {"village": busy.bare_village.code}).context["rows"]
    assert [row.item.household for row in rows] == [busy.bare_household]
    rows = client.get(PAGE, {"worker": busy.worker_1.pk}).context["rows"]
    assert [row.item.household for row in rows] == [busy.household]


@pytest.mark.parametrize("query", [{"village": "地罗"}, {"worker": "x"}, {"page": "-1"}])
def test_what_the_address_cannot_mean_is_dropped(
    busy: World, signed_in: SignIn, query: dict[str, str]
) -> None:
    assert len(signed_in(busy.township_officer).get(PAGE, query).context["rows"]) == 4


@pytest.mark.parametrize("name", ["worker_1", "clerk_medical", "auditor", "stranger"])
def test_desk_is_for_offices(busy: World, signed_in: SignIn, name: str) -> None:
    client = signed_in(busy.accounts()[name])
    assert client.get(PAGE).status_code == 403
    assert client.get(reverse("route-sheets")).status_code == 403
    assert client.post(reverse("desk-check"), {"every": "1"}).status_code == 403


@pytest.mark.parametrize("name", ["village_head", "info_officer"])
def test_village_officers_see_their_village(busy: World, signed_in: SignIn, name: str) -> None:
    response = signed_in(busy.accounts()[name]).get(PAGE)
    assert {row.item.code[:12] for row in response.context["rows"]} == {busy.village.code}
    assert "镇级工作台" in response.content.decode()


def test_empty_desk_says_so(world: World, signed_in: SignIn) -> None:
    text = signed_in(world.township_officer).get(PAGE).content.decode()
    assert "没有未办结的入户事项" in text
    text = signed_in(world.township_officer).get(PAGE, {"status": "overdue"}).content.decode()
    assert "这一类现在没有" in text


def test_desk_takes_the_same_queries_however_many(busy: World, signed_in: SignIn) -> None:
    client = signed_in(busy.township_officer)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(PAGE).status_code == 200
        return len(captured)

    few = queries()
    for n in range(20):
        more = add_household(busy.grid, f"104-207-1{n:03d}", MEMBER, serial=100 + n)
        add_item(more, busy.worker_1)
    assert queries() == few


MEMBER = [("农甲", "M", TODAY.replace(year=1980, day=1), "head")]


def test_other_parts_hang_counts_in(busy: World, signed_in: SignIn, settings: object) -> None:
    settings.DESK_SECTIONS = [f"{__name__}.section"]
    text = signed_in(busy.township_officer).get(PAGE).content.decode()
    assert "手机上挂起" in text
    assert 'href="/elsewhere/"' in text


def section(request: object) -> list[dict[str, object]]:
    return [{"label": "手机上挂起", "count": 3, "url": "/elsewhere/", "tone": "red"}]


# Many at once


def test_one_person_takes_all(busy: World) -> None:
    bulk = assign_many(
        acting=busy.township_officer,
        key=uuid.uuid4(),
        picks=picks(busy.household, busy.next_household),
        to=busy.village_head,
        note="先看老人",
    )
    for household in (busy.household, busy.next_household):
        item = item_of(household)
        assert (item.assignee, item.assigned_role) == (busy.village_head, Role.VILLAGE_HEAD)
        assert (item.note, item.version) == ("先看老人", 2)
        assert "批量派给村级网格长村网格长甲" in item.events.last().sentence
    assert bulk.lines.filter(result=Result.ASSIGNED).count() == 2
    entry = AuditEntry.objects.get(verb="assigned_many")
    assert entry.detail["to"] == busy.village_head.pk


def test_by_the_chain_again(busy: World) -> None:
    WorkItem.objects.filter(household=busy.household).update(assignee=busy.village_head)
    assign_many(
        acting=busy.township_officer,
        key=uuid.uuid4(),
        picks=picks(busy.household, busy.next_household),
        to=None,
    )
    assert item_of(busy.household).assignee == busy.worker_1
    assert item_of(busy.next_household).assignee == busy.tun_head


def test_sending_twice_changes_nothing(busy: World) -> None:
    key, chosen = uuid.uuid4(), picks(busy.next_household)
    for _ in range(2):
        assign_many(acting=busy.township_officer, key=key, picks=chosen, to=busy.tun_head)
    assert item_of(busy.next_household).version == 2
    assert BulkAssignment.objects.count() == 1


def test_what_others_changed_is_listed_not_lost(busy: World) -> None:
    chosen = picks(busy.household, busy.next_household)
    WorkItem.objects.filter(household=busy.household).update(version=7, note="别人写的")
    bulk = assign_many(
        acting=busy.township_officer, key=uuid.uuid4(), picks=chosen, to=busy.village_head
    )
    assert item_of(busy.household).assignee == busy.worker_1
    assert item_of(busy.household).note == "别人写的"
    line = bulk.lines.get(work_item__household=busy.household)
    assert line.result == Result.OVERTAKEN


def test_all_overtaken_is_refused(busy: World) -> None:
    chosen = picks(busy.household)
    WorkItem.objects.update(version=9)
    with pytest.raises(Refusal, match="都已被别人处理"):
        assign_many(
            acting=busy.township_officer, key=uuid.uuid4(), picks=chosen, to=busy.village_head
        )


def test_person_without_a_post_there_takes_only_the_own_place(busy: World) -> None:
    bulk = assign_many(
        acting=busy.township_officer,
        key=uuid.uuid4(),
        picks=picks(busy.next_household, busy.lone_household),
        to=busy.tun_head,
    )
    results = dict(bulk.lines.values_list("work_item__household__number", "result"))
    assert results == {"104-207-0002": Result.ASSIGNED, "104-207-0003": Result.NO_POST}


def test_another_township_s_item_is_not_assigned(busy: World) -> None:
    with pytest.raises(NotAllowed):
        assign_many(
            acting=busy.township_officer,
            key=uuid.uuid4(),
            picks=picks(busy.other_household),
            to=None,
        )
    assert item_of(busy.other_household).assignee == busy.other_worker


def test_plan_shows_each_load_before_and_after(busy: World) -> None:
    items = list(WorkItem.objects.filter(household__in=[busy.household, busy.next_household]))
    plan = plan_assignment(items, picks(busy.household, busy.next_household), busy.village_head)
    head, worker = busy.village_head.pk, busy.worker_1.pk
    assert (plan.before[head], plan.after[head]) == (0, 2)
    assert (plan.before[worker], plan.after[worker]) == (1, 0)


def test_two_hundred_are_written_with_as_many_statements_as_two(
    busy: World, django_assert_max_num_queries: Callable
) -> None:
    for n in range(60):
        home = add_household(busy.grid, f"104-207-2{n:03d}", MEMBER, serial=200 + n)
        add_item(home)
    chosen = [Pick(i.pk, i.version) for i in WorkItem.objects.filter(assignee=None)]
    with django_assert_max_num_queries(16):
        assign_many(
            acting=busy.township_officer, key=uuid.uuid4(), picks=chosen, to=busy.village_head
        )


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ([], "没有勾选"),
        (["x-1", "-", "1"], "没有勾选"),
        ([f"{n}-1" for n in range(201)], "一次最多派 200 件"),
    ],
)
def test_ticks_that_say_nothing_or_too_much_are_refused(texts: list[str], sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        read_picks(texts)


# Taking back


def assigned(busy: World) -> BulkAssignment:
    return assign_many(
        acting=busy.township_officer,
        key=uuid.uuid4(),
        picks=picks(busy.household, busy.next_household),
        to=busy.village_head,
        note="新说明",
    )


def test_undo_gives_back_to_who_had_it(busy: World) -> None:
    WorkItem.objects.filter(household=busy.household).update(note="原说明")
    assert undo_bulk_assignment(acting=busy.township_officer, bulk=assigned(busy)) == (2, 0)
    item = item_of(busy.household)
    assert (item.assignee, item.assigned_role) == (busy.worker_1, Role.GRID_WORKER_1)
    assert item.note == "原说明"
    assert item_of(busy.next_household).assignee is None


def test_undo_keeps_what_others_did_since(busy: World) -> None:
    bulk = assigned(busy)
    WorkItem.objects.filter(household=busy.household).update(version=9)
    assert undo_bulk_assignment(acting=busy.township_officer, bulk=bulk) == (1, 1)
    assert item_of(busy.household).assignee == busy.village_head
    assert bulk.lines.get(work_item__household=busy.household).result == Result.KEPT


def test_undo_is_for_ten_minutes(busy: World) -> None:
    bulk = assigned(busy)
    BulkAssignment.objects.update(at=timezone.now() - timedelta(minutes=11))
    with pytest.raises(Refusal, match="超过 10 分钟"):
        undo_bulk_assignment(acting=busy.township_officer, bulk=bulk)


def test_undo_happens_once_and_by_the_same_person(busy: World) -> None:
    bulk = assigned(busy)
    with pytest.raises(NotAllowed):
        undo_bulk_assignment(acting=busy.village_head, bulk=bulk)
    undo_bulk_assignment(acting=busy.township_officer, bulk=bulk)
    with pytest.raises(Refusal, match="已经撤回"):
        undo_bulk_assignment(acting=busy.township_officer, bulk=bulk)


# The pages of it


def ticked(*households: Household) -> list[str]:
    return [f"{p.item_id}-{p.version}" for p in picks(*households)]


def test_check_assign_and_undo_by_page(busy: World, signed_in: SignIn) -> None:
    client = signed_in(busy.township_officer)
    form = {"ticked": ticked(busy.household, busy.next_household), "to": busy.village_head.pk}
    checked = client.post(reverse("desk-check"), form)
    (group,) = checked.context["groups"]
    assert (group["visitor"].account, group["before"], group["after"]) == (busy.village_head, 0, 2)
    assert item_of(busy.household).assignee == busy.worker_1
    done = client.post(
        reverse("desk-assign"), {**form, "key": str(checked.context["key"])}, follow=True
    )
    assert "已派 2 件" in done.content.decode()
    bulk = BulkAssignment.objects.get()
    undone = client.post(reverse("desk-undo", args=[bulk.pk]), follow=True)
    assert "已撤回，2 件恢复原承办人" in undone.content.decode()
    assert item_of(busy.household).assignee == busy.worker_1


def test_everything_under_the_filters_goes_to_the_check_page(
    busy: World, signed_in: SignIn
) -> None:
    response = signed_in(busy.township_officer).post(
        reverse("desk-check"), {"every": "1", "query": f"village={busy.village.code}"}
    )
    assert len(response.context["picks"]) == 3


def test_nothing_ticked_shows_the_desk_with_a_sentence(busy: World, signed_in: SignIn) -> None:
    response = signed_in(busy.township_officer).post(
        reverse("desk-check"), {"query": "status=overdue"}
    )
    assert response.status_code == 400
    assert "没有勾选事项" in response.content.decode()
    assert [row.item.household for row in response.context["rows"]] == [busy.household]


def test_refused_assignment_keeps_what_was_typed(busy: World, signed_in: SignIn) -> None:
    form = {"ticked": ticked(busy.bare_household), "note": "请带表格", "key": str(uuid.uuid4())}
    response = signed_in(busy.township_officer).post(reverse("desk-assign"), form)
    assert response.status_code == 400
    assert "请带表格" in response.content.decode()


def test_expired_page_is_told(busy: World, signed_in: SignIn) -> None:
    response = signed_in(busy.township_officer).post(
        reverse("desk-assign"), {"ticked": ticked(busy.next_household), "key": "x"}
    )
    assert "页面已过期" in response.content.decode()


def test_another_township_reads_no_result(busy: World, signed_in: SignIn) -> None:
    address = reverse("desk-assigned", args=[assigned(busy).pk])
    assert signed_in(busy.other_township_officer).get(address).status_code == 404


# Route sheets


def test_sheets_by_worker_and_hamlet_without_id_numbers(busy: World, signed_in: SignIn) -> None:
    WorkItem.objects.filter(household=busy.next_household).update(assignee=busy.worker_1)
    response = signed_in(busy.township_officer).get(reverse("route-sheets"))
    sheets = response.context["sheets"]
    assert [(s["worker"], s["count"]) for s in sheets] == [
        (busy.worker_1, 2),
        (busy.info_officer, 1),
    ]
    assert [name for name, _ in sheets[0]["hamlets"]] == ["德胜镇地罗村拉敢屯"]
    text = response.content.decode()
    assert busy.id_number_of("韦甲") not in text
    assert busy.people["韦甲"].id_tail not in text
    assert "尾号 0000" in text
    assert "10000000000" not in text
    assert "打印人：镇审核甲" in text


def test_whole_phone_only_where_the_setting_says_so(
    busy: World, signed_in: SignIn, settings: object
) -> None:
    settings.ROUTE_SHEET_PHONE = "full"
    text = signed_in(busy.township_officer).get(reverse("route-sheets")).content.decode()
    assert "10000000000" in text


def test_printing_is_written_down(busy: World, signed_in: SignIn) -> None:
    signed_in(busy.township_officer).get(reverse("route-sheets"), {"worker": busy.worker_1.pk})
    entry = AuditEntry.objects.get(verb="printed_route_sheets")
    assert (entry.actor, entry.detail["items"]) == (busy.township_officer, 1)


def test_nothing_to_print_is_told_and_not_written_down(world: World, signed_in: SignIn) -> None:
    text = signed_in(world.township_officer).get(reverse("route-sheets")).content.decode()
    assert "没有要走访的户" in text
    assert not AuditEntry.objects.filter(verb="printed_route_sheets").exists()


def test_stand_by_second_post_is_offered_once(busy: World, signed_in: SignIn) -> None:
    add_post(busy.worker_1, Role.GRID_WORKER_2, region=busy.next_grid)
    response = signed_in(busy.township_officer).post(
        reverse("desk-check"), {"ticked": ticked(busy.household, busy.next_household)}
    )
    labels = dict(response.context["choices"])
    assert "能接 2 件" in labels[str(busy.worker_1.pk)]
