"""Grids split, merged and renamed; codes follow, history is kept, old codes are understood."""

import uuid
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import CharField, ForeignKey
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from grid.actions.region_changes import merge_grids, rename_grid, split_grid
from grid.grids import grids_of, history_of, next_code
from grid.models import (
    Account,
    Household,
    Leave,
    Person,
    Post,
    Region,
    RegionChange,
    Visit,
    WorkItem,
)
from grid.region_codes import current_code
from grid.roles import Role
from grid.scope import forget_sight, sees
from grid.staffing import completeness
from monitoring.actions.rules import load_shipped_rules
from monitoring.models import Alert
from tests.monitoring.records import add_settlement
from tests.monitoring.test_screening import months_ago, screen
from tests.world import World, add_account, add_household, add_post
from yizhou.audit import SYSTEM, AuditEntry
from yizhou.refusals import NotAllowed, Refusal

SignIn = Callable[[Account], Client]
TODAY = timezone.localdate()
NEW = "45120310420700103"


@pytest.fixture
def lived(world: World) -> World:
    """第一网格 holds a second household with an open visit, a visit made, and an alert."""
    world.second_home = add_household(
        world.grid, "104-207-0009", [("农乙", "F", date(1960, 3, 5), "head")], serial=90
    )
    world.people["农乙"] = Person.objects.get(name="农乙")
    load_shipped_rules(acting=SYSTEM)
    for name in ("韦甲", "农乙"):
        add_settlement(world.people[name], months_ago(2), "60000")
    screen()
    Visit.objects.create(
        household=world.second_home,
        code=world.grid.code,
        by=world.worker_1,
        visited_at=timezone.now(),
        form_version=1,
        answers={},
    )
    return world


def split(world: World, **changes: object) -> RegionChange:
    given = {
        "acting": world.township_officer,
        "key": uuid.uuid4(),
        "grid": world.grid,
        "households": [world.second_home.pk],
        "name": "新网格",
        "reason": "户数过多",
    }
    return split_grid(**(given | changes))


def merge(world: World, **changes: object) -> RegionChange:
    given = {
        "acting": world.township_officer,
        "key": uuid.uuid4(),
        "source": world.grid,
        "target": world.next_grid,
        "reason": "两个网格合起来管",
    }
    return merge_grids(**(given | changes))


def codes_of(household: Household) -> set[str]:
    """Every code that any table of any floor keeps for the household."""
    found = {Household.objects.get(pk=household.pk).cell_id}
    for model in apps.get_models():
        names = {f.name: f for f in model._meta.concrete_fields}
        code = names.get("code")
        owner = names.get("household")
        if isinstance(code, CharField) and isinstance(owner, ForeignKey):
            if model._meta.db_table.endswith("past"):
                continue  # what was known before keeps the place it had then
            rows = model._default_manager.filter(household=household)
            found |= set(rows.values_list("code", flat=True))
    return found


# Splitting


def test_split_founds_a_grid_with_the_next_code(lived: World) -> None:
    change = split(lived)
    fresh = Region.objects.get(pk=NEW)
    assert (fresh.name, fresh.level, fresh.parent) == ("新网格", "grid", lived.tun)
    assert (change.old_code, change.new_code) == (lived.grid.code, NEW)
    assert (change.households, change.people, change.items) == (1, 1, 1)
    assert (change.by, change.on, change.reason) == (lived.township_officer, TODAY, "户数过多")
    assert AuditEntry.objects.get(verb="split_grid").reason == "户数过多"


def test_every_code_of_the_household_follows_on_all_floors(lived: World) -> None:
    assert Alert.objects.filter(household=lived.second_home).exists()
    split(lived)
    assert codes_of(lived.second_home) == {NEW}
    assert codes_of(lived.household) == {lived.grid.code}
    assert Person.objects.get(name="农乙").code == NEW


def test_visit_goes_up_the_chain_when_nobody_is_in_the_new_grid(lived: World) -> None:
    split(lived)
    item = WorkItem.objects.get(household=lived.second_home)
    assert (item.assignee, item.assigned_role) == (lived.tun_head, Role.TUN_HEAD)
    assert "第一网格拆分，转入新网格，改由屯级网格长" in item.events.last().sentence


def test_new_first_worker_takes_the_visits(lived: World) -> None:
    split(lived, first_worker=lived.stranger)
    assert WorkItem.objects.get(household=lived.second_home).assignee == lived.stranger
    assert lived.stranger.posts.get().region_id == NEW


def test_who_may_still_visit_keeps_the_visit(lived: World) -> None:
    WorkItem.objects.filter(household=lived.second_home).update(assignee=lived.village_head)
    split(lived)
    item = WorkItem.objects.get(household=lived.second_home)
    assert (item.assignee, item.assigned_role) == (lived.village_head, Role.VILLAGE_HEAD)


def test_old_worker_no_longer_sees_the_household(lived: World) -> None:
    split(lived)
    forget_sight(lived.worker_1)
    assert not sees(lived.worker_1, Household).filter(pk=lived.second_home.pk).exists()
    assert sees(lived.worker_1, Household).filter(pk=lived.household.pk).exists()


def test_same_key_splits_once(lived: World) -> None:
    key = uuid.uuid4()
    assert split(lived, key=key) == split(lived, key=key)
    assert RegionChange.objects.count() == 1
    assert not Region.objects.filter(pk="45120310420700104").exists()


def test_numbers_are_not_given_out_again(lived: World) -> None:
    split(lived)
    merge(lived, source=Region.objects.get(pk=NEW), target=lived.grid)
    assert next_code(lived.tun.code) == "45120310420700104"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"households": []}, "请勾选"),
        ({"name": "甲"}, "新名称"),
        ({"name": "第二网格"}, "本屯已有"),
        ({"reason": " "}, "为什么变动"),
    ],
)
def test_bad_split_is_refused_with_a_sentence(
    lived: World, changes: dict[str, object], sentence: str
) -> None:
    with pytest.raises(Refusal, match=sentence):
        split(lived, **changes)
    assert not RegionChange.objects.exists()


def test_split_of_all_or_of_others_is_refused(lived: World) -> None:
    with pytest.raises(Refusal, match="不能把全部"):
        split(lived, households=[lived.household.pk, lived.second_home.pk])
    with pytest.raises(Refusal, match="1 户已不在这个网格"):
        split(lived, households=[lived.second_home.pk, lived.lone_household.pk])


@pytest.mark.parametrize("name", ["village_head", "info_officer", "other_township_officer"])
def test_changes_are_the_township_s(lived: World, name: str) -> None:
    account = lived.accounts()[name]
    for change in (split, merge):
        with pytest.raises(NotAllowed):
            change(lived, acting=account)


def test_split_takes_no_more_statements_for_more_households(lived: World) -> None:
    homes = [
        add_household(
            lived.grid,
            f"104-207-4{n:03d}",
            [("农丙", "M", date(1970, 3, 5), "head")],
            serial=400 + n,
        ).pk
        for n in range(12)
    ]

    def queries(households: list[int], name: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            split(lived, households=households, name=name)
        return len(captured)

    queries(homes[:1], "新网格零")  # reads the acting's sight
    assert queries(homes[1:2], "新网格一") == queries(homes[2:], "新网格二")


# Merging


def test_merge_takes_everything_along_and_retires_the_code(lived: World) -> None:
    change = merge(lived)
    assert (change.households, change.people, change.items) == (2, 6, 2)
    for household in (lived.household, lived.second_home):
        assert codes_of(household) == {lived.next_grid.code}
    assert Region.objects.get(pk=lived.grid.pk).retired_on == TODAY
    assert not sees(lived.township_officer, Region).filter(pk=lived.grid.pk).exists()


def test_first_worker_takes_the_free_seat(lived: World) -> None:
    merge(lived)
    post = Post.objects.current(TODAY).get(account=lived.worker_1)
    assert (post.region, post.role) == (lived.next_grid, Role.GRID_WORKER_1)
    second = Post.objects.current(TODAY).get(account=lived.worker_2)
    assert (second.region, second.role) == (lived.next_grid, Role.GRID_WORKER_2)
    assert WorkItem.objects.get(household=lived.household).assignee == lived.worker_1


@pytest.mark.parametrize(("stays", "role"), [(True, Role.GRID_WORKER_2), (False, None)])
def test_first_worker_beside_another(lived: World, stays: bool, role: Role | None) -> None:
    add_post(lived.stranger, Role.GRID_WORKER_1, region=lived.next_grid)
    merge(lived, first_worker_stays=stays)
    held = Post.objects.current(TODAY).filter(account=lived.worker_1)
    assert [post.role for post in held] == ([role] if role else [])
    expected = lived.worker_1 if stays else lived.stranger
    assert WorkItem.objects.get(household=lived.household).assignee == expected


def test_merged_grid_is_no_vacancy(lived: World) -> None:
    merge(lived)
    (line,) = completeness(lived.village, on=TODAY)
    assert (line.first_workers.held, line.first_workers.wanted) == (1, 2)
    assert [row.grid for row in grids_of(lived.village, on=TODAY)] == [
        lived.next_grid,
        lived.far_grid,
    ]


def test_merge_with_another_village_is_refused(lived: World) -> None:
    with pytest.raises(Refusal, match="同一个村"):
        merge(lived, target=lived.bare_grid)


def test_merge_of_a_merged_grid_is_refused(lived: World) -> None:
    merge(lived)
    with pytest.raises(Refusal, match="已经并入"):
        merge(lived)


def test_same_key_merges_once(lived: World) -> None:
    key = uuid.uuid4()
    assert merge(lived, key=key) == merge(lived, key=key)


def test_post_of_today_stops_the_merge(lived: World) -> None:
    add_post(
        add_account("fresh", "二级网格员丁"),
        Role.GRID_WORKER_2,
        region=lived.grid,
        seat=2,
        from_on=TODAY,
    )
    with pytest.raises(Refusal, match="今天或以后才开始"):
        merge(lived)


def test_leave_stops_the_merge(lived: World) -> None:
    Leave.objects.create(
        post=lived.worker_1.posts.get(),
        stand_in=lived.worker_2,
        from_on=TODAY,
        until_on=TODAY + timedelta(days=3),
        reason="看病",
        granted_by=lived.township_officer,
    )
    with pytest.raises(Refusal, match="先销假"):
        merge(lived)


# Renaming, history, old codes


def test_rename_keeps_the_code(lived: World) -> None:
    change = rename_grid(
        acting=lived.township_officer,
        key=uuid.uuid4(),
        grid=lived.grid,
        name="拉敢一组",
        reason="按村民小组叫法",
    )
    assert (change.old_name, change.new_name) == ("第一网格", "拉敢一组")
    assert change.old_code == change.new_code == lived.grid.code
    assert Region.objects.get(pk=lived.grid.pk).name == "拉敢一组"


def test_history_goes_through_merges(lived: World) -> None:
    split(lived)
    merge(lived, source=Region.objects.get(pk=NEW), target=lived.next_grid)
    kinds = [change.kind for change in history_of(lived.next_grid.code)]
    assert kinds == ["merged", "split"]


def test_old_code_is_understood_through_several_merges(lived: World) -> None:
    merge(lived, source=lived.grid, target=lived.next_grid)
    Post.objects.filter(from_on=TODAY).update(from_on=TODAY - timedelta(days=1))  # a day later
    merge(lived, source=lived.next_grid, target=lived.far_grid)
    assert current_code(lived.grid.code) == lived.far_grid.code
    assert current_code(lived.village.code) == lived.village.code


def test_old_links_lead_to_the_grid_of_today(lived: World, signed_in: SignIn) -> None:
    merge(lived)
    client = signed_in(lived.township_officer)
    response = client.get(reverse("grid-page", args=[lived.grid.code]), follow=True)
    assert response.context["grid"] == lived.next_grid
    assert f"网格代码 {lived.grid.code} 已并入 {lived.next_grid.code}" in response.content.decode()
    response = client.get("/staffing/", {"region": lived.grid.code})
    assert response.context["region"] == lived.next_grid
    response = client.get("/desk/", {"village": lived.grid.code})
    assert len(response.context["rows"]) == 2


# Pages


def test_grid_page_shows_history(lived: World, signed_in: SignIn) -> None:
    split(lived)
    response = signed_in(lived.township_officer).get(reverse("grid-page", args=[lived.grid.code]))
    text = response.content.decode()
    for part in ("拆分", NEW, "镇审核甲", "户数过多", "1 户 1 人，事项 1 件"):
        assert part in text


def test_split_by_page_shows_first_and_writes_after(lived: World, signed_in: SignIn) -> None:
    client = signed_in(lived.township_officer)
    address = reverse("split-grid", args=[lived.grid.code])
    form = {"household": [lived.second_home.pk], "name": "新网格", "reason": "户数过多"}
    shown = client.post(address, form)
    moving = shown.context["moving"]
    assert (moving.households, moving.people, moving.items, moving.visits) == (1, 1, 1, 1)
    assert not RegionChange.objects.exists()
    form |= {"key": str(shown.context["key"]), "confirm": "1"}
    done = client.post(address, form, follow=True)
    assert "已拆分" in done.content.decode()
    client.post(address, form)
    assert RegionChange.objects.count() == 1


def test_refused_split_keeps_what_was_typed(lived: World, signed_in: SignIn) -> None:
    address = reverse("split-grid", args=[lived.grid.code])
    response = signed_in(lived.township_officer).post(
        address,
        {
            "household": [lived.second_home.pk],
            "name": "新网格",
            "username": "nobody",
            "reason": "多",
            "confirm": "1",
        },
    )
    assert response.status_code == 400
    assert "没有用户名为“nobody”" in response.content.decode()
    assert response.context["chosen"] == {lived.second_home.pk}


def test_merge_and_rename_by_page(lived: World, signed_in: SignIn) -> None:
    client = signed_in(lived.township_officer)
    address = reverse("merge-grid", args=[lived.grid.code])
    form = {"target": lived.next_grid.code, "reason": "合起来管"}
    assert client.post(address, form).context["moving"].households == 2
    assert "已合并" in client.post(address, form | {"confirm": "1"}, follow=True).content.decode()
    address = reverse("rename-grid", args=[lived.next_grid.code])
    refused = client.post(address, {"name": "第二网格", "reason": "改叫法"})
    assert "新名称与现在的名称相同" in refused.content.decode()
    done = client.post(address, {"name": "拉敢网格", "reason": "改叫法"}, follow=True)
    assert done.context["grid"].name == "拉敢网格"


def test_village_officers_look_and_do_not_change(lived: World, signed_in: SignIn) -> None:
    client = signed_in(lived.village_head)
    text = client.get(reverse("grid-list")).content.decode()
    assert "第一网格" in text
    assert "/split/" not in text
    assert client.get(reverse("split-grid", args=[lived.grid.code])).status_code == 403


def test_grid_of_another_township_is_not_found(lived: World, signed_in: SignIn) -> None:
    client = signed_in(lived.township_officer)
    for name in ("grid-page", "split-grid", "merge-grid", "rename-grid"):
        address = reverse(name, args=[lived.other_grid.code])
        assert client.get(address).status_code == 404
