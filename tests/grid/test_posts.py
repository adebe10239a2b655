"""Appointing, ending, handing over: within one's own places, never for oneself, no seat twice."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from grid.actions.posts import appoint_post, end_post, hand_over
from grid.models import Establishment, Household, Post, WorkItem, WorkItemEvent
from grid.roles import Act, Role
from tests.world import World, add_account, add_post
from yizhou.audit import SYSTEM, AuditEntry
from yizhou.refusals import NotAllowed, Overtaken, Refusal

TODAY = timezone.localdate()
TOMORROW = TODAY + timedelta(days=1)


def open_item(household: Household, assignee: object) -> WorkItem:
    return WorkItem.objects.create(
        household=household, code=household.cell_id, severity=2, due_on=TODAY, assignee=assignee
    )


def appoint(world: World, role: Role, region: object, **changes: object) -> Post:
    values = {
        "acting": world.township_officer,
        "account": world.stranger,
        "role": role,
        "region": region,
        "from_on": TODAY,
    }
    return appoint_post(**values | changes)


def test_appointed_account_may_act_at_once(world: World) -> None:
    assert not world.stranger.may(Act.RECORD_VISIT)
    appoint(world, Role.GRID_WORKER_1, world.next_grid)
    assert world.stranger.may(Act.RECORD_VISIT, code=world.next_grid.code)


def test_appointment_is_audited_with_its_place(world: World) -> None:
    post = appoint(world, Role.TUN_HEAD, world.far_tun)
    entry = AuditEntry.objects.get(verb="appointed_post")
    assert (entry.subject_id, entry.code) == (str(post.pk), world.far_tun.code)


def test_second_seat_of_two_is_found_by_itself(world: World) -> None:
    assert appoint(world, Role.INFO_OFFICER, world.village).seat == 2


def test_full_seats_name_their_holders(world: World) -> None:
    with pytest.raises(Refusal, match="现任：一级网格员甲（2020-01-01 起）"):
        appoint(world, Role.GRID_WORKER_1, world.grid)


def test_seat_is_free_from_the_day_the_holder_leaves(world: World) -> None:
    end_post(acting=world.township_officer, post=world.worker_1.posts.get(), until_on=TODAY)
    assert appoint(world, Role.GRID_WORKER_1, world.grid).seat == 1


def test_number_of_seats_is_a_setting(world: World) -> None:
    Establishment.objects.filter(role=Role.INFO_OFFICER).update(seats=1)
    with pytest.raises(Refusal, match="席位已满"):
        appoint(world, Role.INFO_OFFICER, world.village)


def test_second_level_workers_are_as_many_as_appointed(world: World) -> None:
    assert appoint(world, Role.GRID_WORKER_2, world.grid).seat == 2


def test_role_belongs_to_its_level(world: World) -> None:
    with pytest.raises(Refusal, match="任职于网格"):
        appoint(world, Role.GRID_WORKER_1, world.tun)


def test_clerk_belongs_to_a_department(world: World) -> None:
    with pytest.raises(Refusal, match="请选择部门"):
        appoint(world, Role.DEPARTMENT_CLERK, None, acting=world.county_officer)


def test_county_appoints_a_second_clerk(world: World) -> None:
    post = appoint(
        world,
        Role.DEPARTMENT_CLERK,
        None,
        acting=world.county_officer,
        department=world.medical,
    )
    assert post.department == world.medical


def test_township_appoints_nobody_for_a_department(world: World) -> None:
    with pytest.raises(NotAllowed, match="层级高"):
        appoint(world, Role.DEPARTMENT_CLERK, None, department=world.medical)


def test_nobody_appoints_themselves(world: World) -> None:
    with pytest.raises(NotAllowed, match="不能任免自己的职务"):
        appoint(world, Role.TOWNSHIP_HEAD, world.township, account=world.township_officer)


def test_nobody_appoints_above_themselves(world: World) -> None:
    with pytest.raises(NotAllowed):
        appoint(world, Role.COUNTY_OFFICER, world.county)


def test_nobody_appoints_elsewhere(world: World) -> None:
    with pytest.raises(NotAllowed):
        appoint(world, Role.VILLAGE_HEAD, world.other_village)


def test_head_of_a_village_appoints_nobody(world: World) -> None:
    with pytest.raises(NotAllowed):
        appoint(world, Role.GRID_WORKER_2, world.grid, acting=world.village_head)


def test_the_watched_do_not_appoint_the_auditor(world: World) -> None:
    with pytest.raises(NotAllowed, match="只能由系统管理员任免"):
        appoint(world, Role.AUDITOR, world.county, acting=world.county_officer)


def test_administrator_appoints_the_auditor(world: World) -> None:
    post = appoint(world, Role.AUDITOR, world.county, acting=world.administrator)
    assert post.role == Role.AUDITOR


def test_same_post_twice_for_one_person_is_refused(world: World) -> None:
    with pytest.raises(Refusal, match="已任该职务"):
        appoint(world, Role.GRID_WORKER_2, world.grid, account=world.worker_2)


def test_database_refuses_two_holders_of_one_seat(world: World) -> None:
    with pytest.raises(IntegrityError, match="post_seat_held_once"), transaction.atomic():
        add_post(world.stranger, Role.GRID_WORKER_1, region=world.grid)


def test_database_allows_holders_one_after_the_other(world: World) -> None:
    world.worker_1.posts.update(until_on=TODAY)
    assert add_post(world.stranger, Role.GRID_WORKER_1, region=world.grid, from_on=TODAY).pk


def test_post_must_end_after_it_begins(world: World) -> None:
    with pytest.raises(Refusal, match="必须晚于任职日期"):
        end_post(
            acting=world.township_officer,
            post=world.worker_1.posts.get(),
            until_on=date(2020, 1, 1),
        )


def test_ended_post_gives_nothing_any_more(world: World) -> None:
    end_post(acting=world.township_officer, post=world.worker_1.posts.get(), until_on=TODAY)
    assert world.worker_1.sees(Household).count() == 0


def test_post_is_ended_once(world: World) -> None:
    post = world.worker_1.posts.get()
    end_post(acting=world.township_officer, post=post, until_on=TODAY)
    with pytest.raises(Overtaken):
        end_post(acting=world.township_officer, post=post, until_on=TODAY)


def test_leaving_with_open_work_is_refused_with_the_number(world: World) -> None:
    open_item(world.household, world.worker_1)
    with pytest.raises(Refusal, match="还有 1 件未办结"):
        end_post(acting=world.township_officer, post=world.worker_1.posts.get(), until_on=TODAY)


def test_leaving_with_a_successor_hands_the_work_over(world: World) -> None:
    item = open_item(world.household, world.worker_1)
    end_post(
        acting=world.township_officer,
        post=world.worker_1.posts.get(),
        until_on=TODAY,
        hand_to=world.worker_2,
    )
    item.refresh_from_db()
    assert item.assignee == world.worker_2


# Handing over


def test_hand_over_moves_all_open_work_in_one_act(world: World) -> None:
    items = [
        open_item(world.household, world.worker_1),
        open_item(world.next_household, world.worker_1),
    ]
    add_post(world.worker_2, Role.GRID_WORKER_2, region=world.next_grid)
    moved = hand_over(
        acting=world.township_officer,
        from_account=world.worker_1,
        to_account=world.worker_2,
        reason="病假",
    )
    assert moved == 2
    assert set(
        WorkItem.objects.filter(assignee=world.worker_2).values_list("pk", "assigned_role")
    ) == {(item.pk, Role.GRID_WORKER_2) for item in items}


def test_hand_over_is_told_and_audited(world: World) -> None:
    item = open_item(world.household, world.worker_1)
    hand_over(
        acting=world.township_officer,
        from_account=world.worker_1,
        to_account=world.worker_2,
        reason="病假",
    )
    event = item.events.get()
    assert event.verb == WorkItemEvent.Verb.HANDED_OVER
    assert event.sentence == "由一级网格员甲移交给二级网格员甲：病假"
    entry = AuditEntry.objects.get(verb="handed_over_work")
    assert (entry.reason, entry.detail["items"]) == ("病假", [item.pk])


def test_hand_over_to_somebody_without_a_post_there_moves_nothing(world: World) -> None:
    item = open_item(world.household, world.worker_1)
    with pytest.raises(Refusal, match="没有能入户的在任职务覆盖其中 1 件"):
        hand_over(
            acting=world.township_officer,
            from_account=world.worker_1,
            to_account=world.other_worker,
            reason="病假",
        )
    item.refresh_from_db()
    assert item.assignee == world.worker_1


def test_hand_over_leaves_other_townships_alone(world: World) -> None:
    mine = open_item(world.household, world.worker_1)
    theirs = open_item(world.other_household, world.worker_1)
    hand_over(
        acting=world.township_officer,
        from_account=world.worker_1,
        to_account=world.worker_2,
        reason="病假",
    )
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert (mine.assignee, theirs.assignee) == (world.worker_2, world.worker_1)


def test_hand_over_leaves_closed_work_alone(world: World) -> None:
    item = open_item(world.household, world.worker_1)
    WorkItem.objects.filter(pk=item.pk).update(state="closed", closed_at=timezone.now())
    moved = hand_over(
        acting=world.township_officer,
        from_account=world.worker_1,
        to_account=world.worker_2,
        reason="病假",
    )
    item.refresh_from_db()
    assert (moved, item.assignee) == (0, world.worker_1)


def test_hand_over_with_posts_lets_the_successor_take_the_seat(world: World) -> None:
    item = open_item(world.household, world.worker_1)
    hand_over(
        acting=world.township_officer,
        from_account=world.worker_1,
        to_account=world.stranger,
        reason="调离",
        with_posts=True,
    )
    item.refresh_from_db()
    assert item.assignee == world.stranger
    post = world.stranger.posts.get()
    assert (post.role, post.region, post.from_on) == (Role.GRID_WORKER_1, world.grid, TODAY)
    assert world.worker_1.posts.get().until_on == TODAY


def test_hand_over_to_the_same_person_is_refused(world: World) -> None:
    with pytest.raises(Refusal, match="同一个人"):
        hand_over(
            acting=world.township_officer,
            from_account=world.worker_1,
            to_account=world.worker_1,
            reason="病假",
        )


def test_grid_worker_may_not_hand_work_over(world: World) -> None:
    with pytest.raises(NotAllowed):
        hand_over(
            acting=world.worker_1,
            from_account=world.worker_1,
            to_account=world.worker_2,
            reason="病假",
        )


def test_inactive_account_takes_no_work(world: World) -> None:
    open_item(world.household, world.worker_1)
    world.worker_2.is_active = False
    world.worker_2.save(update_fields=["is_active"])
    with pytest.raises(Refusal, match="没有能入户的在任职务"):
        hand_over(
            acting=world.township_officer,
            from_account=world.worker_1,
            to_account=world.worker_2,
            reason="病假",
        )


def test_program_itself_appoints_the_first_administrator(world: World) -> None:
    account = add_account("first", "管理员乙")
    post = appoint(world, Role.ADMINISTRATOR, world.county, acting=SYSTEM, account=account)
    assert post.account == account
