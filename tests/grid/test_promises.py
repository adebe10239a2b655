"""Promises: made, due on a visit, kept or not; their history stays."""

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grid.actions.pairings import pair_households
from grid.actions.promises import (
    collect_promises,
    end_promise,
    follow_up_promises,
    make_promise,
)
from grid.actions.visits import Report, file_visit
from grid.actions.work_items import VisitRequest, open_work_items
from grid.models import Account, Household, Promise, PromiseEvent, VisitReport
from grid.promises import pack_section
from grid.scope import forget_sight
from tests.grid.test_visit_form import FULL
from tests.grid.test_wall import behind_wall
from tests.world import World
from yizhou.audit import SYSTEM
from yizhou.refusals import NotAllowed, NotFound, Overtaken, Refusal

SignIn = Callable[[Account], Client]
TODAY = timezone.localdate()
SAID = "帮联系县医院复查"


@pytest.fixture
def helper(world: World) -> Account:
    """worker_2, paired with the household."""
    pair_households(
        acting=world.township_officer, worker=world.worker_2, households=[world.household]
    )
    return world.worker_2


def promise(world: World, by: Account, **change: Any) -> Promise:
    return make_promise(
        acting=by,
        **{"household": world.household, "sentence": SAID, "due_on": TODAY} | change,
    )


def end(made: Promise, by: Account, **change: Any) -> None:
    end_promise(
        acting=by,
        promise=made,
        **{"version_seen": 1, "state": "kept", "on": TODAY, "reason": ""} | change,
    )


# Making


def test_same_promise_twice_is_one(world: World, helper: Account) -> None:
    assert promise(world, helper) == promise(world, helper, sentence=f" {SAID} ")
    assert PromiseEvent.objects.get().verb == "made"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sentence": "好"}, "sentence"),
        ({"sentence": "好" * 201}, "sentence"),
        ({"due_on": TODAY - timedelta(days=1)}, "due_on"),
        ({"due_on": TODAY + timedelta(days=367)}, "due_on"),
    ],
)
def test_promise_that_says_too_little_is_refused(
    world: World, helper: Account, change: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refusal) as refused:
        promise(world, helper, **change)
    assert refused.value.code == code


def test_nobody_promises_to_a_household_out_of_sight(world: World) -> None:
    with pytest.raises(NotFound):
        promise(world, world.worker_2)


def test_leader_does_not_promise(world: World) -> None:
    with pytest.raises(NotAllowed):
        promise(world, world.leader)


# Ending


def test_kept_needs_no_reason_but_not_kept_does(world: World, helper: Account) -> None:
    made = promise(world, helper)
    with pytest.raises(Refusal, match="请写明原因"):
        end(made, helper, state="not_kept")
    end(made, helper, state="not_kept", reason="医院没有号")
    made.refresh_from_db()
    assert (made.state, made.ended_on, made.reason) == ("not_kept", TODAY, "医院没有号")


def test_second_answer_comes_too_late(world: World, helper: Account) -> None:
    made = promise(world, helper)
    end(made, helper)
    with pytest.raises(Overtaken):
        end(made, helper, state="withdrawn", reason="不去了")


@pytest.mark.parametrize("change", [{"state": "open"}, {"on": TODAY + timedelta(days=1)}])
def test_impossible_end_is_refused(world: World, helper: Account, change: dict[str, Any]) -> None:
    with pytest.raises(Refusal):
        end(promise(world, helper), helper, **change)


def test_another_worker_does_not_end_it_but_the_village_does(world: World, helper: Account) -> None:
    made = promise(world, helper)
    with pytest.raises(NotAllowed):
        end(made, world.worker_1)
    end(made, world.village_head)


def test_history_cannot_be_rewritten(world: World, helper: Account) -> None:
    promise(world, helper)
    for change in (
        lambda: PromiseEvent.objects.update(sentence="改"),
        lambda: PromiseEvent.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


# Follow-up


def test_due_promise_goes_to_who_made_it(world: World, helper: Account) -> None:
    made = promise(world, helper)
    assert [follow_up_promises() for _ in range(2)] == [1, 0]
    item = world.household.work_items.get()
    purpose = item.purposes.get()
    assert (item.assignee, purpose.kind, purpose.subject) == (helper, "promise", made.pk)
    assert SAID in purpose.sentence


def test_far_promise_waits(world: World, helper: Account, settings: Any) -> None:
    promise(world, helper, due_on=TODAY + timedelta(days=settings.PROMISE_NOTICE_DAYS + 1))
    assert follow_up_promises() == 0


def test_promise_joins_the_open_visit_and_leaves_its_worker(world: World, helper: Account) -> None:
    request = VisitRequest(
        world.household.pk, world.grid.pk, "verify_alert", 7, "核实", "核实", 2, TODAY
    )
    open_work_items(acting=SYSTEM, requests=[request])
    promise(world, helper)
    follow_up_promises()
    item = world.household.work_items.get()
    assert (item.assignee, item.purposes.count()) == (world.worker_1, 2)


def test_ended_promise_leaves_the_visit(world: World, helper: Account) -> None:
    made = promise(world, helper)
    follow_up_promises()
    made.refresh_from_db()
    end(made, helper, version_seen=made.version)
    assert world.household.work_items.get().state == "closed"


def visit(world: World, by: Account, kept: str) -> None:
    """A visit that says yes or no, or met nobody."""
    item = world.household.work_items.open().get()
    purpose = item.purposes.get(kind="promise")
    outcome = "no_risk_self_solved" if kept else "not_contactable"
    file_visit(
        acting=by,
        visit_id=uuid.uuid4(),
        item=item,
        visited_at=timezone.now(),
        mode="in_person" if kept else "not_met",
        answers=FULL | {"promise_kept": kept},
        reports=[Report(purpose.pk, outcome, "去过两次，邻居说的")],
        note="去过两次，邻居说的",
    )


@pytest.mark.parametrize(("kept", "state"), [("yes", "kept"), ("no", "not_kept"), ("", "open")])
def test_visit_says_whether_it_was_kept(
    world: World, helper: Account, kept: str, state: str
) -> None:
    made = promise(world, helper)
    follow_up_promises()
    visit(world, helper, kept)
    with behind_wall(helper):
        assert [collect_promises() for _ in range(2)] == [1, 0]
    made.refresh_from_db()
    assert (made.state, world.household.work_items.get().state) == (state, "closed")
    assert not VisitReport.objects.uncollected("promise").exists()
    assert follow_up_promises() == 0


# The pack and the pages


def test_pack_holds_open_and_lately_ended_promises_in_sight(world: World, helper: Account) -> None:
    made = promise(world, helper)
    old = promise(world, helper, sentence="帮申请临时救助")
    end(old, helper)
    Promise.objects.filter(pk=old.pk).update(ended_on=date(2026, 1, 1))
    keys = [world.household.pk, world.other_household.pk]
    assert pack_section(helper, keys) == {
        world.household.pk: [
            {"id": made.pk, "sentence": SAID, "due_on": TODAY.isoformat(), "state": "open"}
        ]
    }
    assert pack_section(world.other_worker, keys) == {}


def test_pages_make_show_and_end_it(world: World, helper: Account, signed_in: SignIn) -> None:
    client = signed_in(helper)
    made = client.post(
        f"/households/{world.household.pk}/promises/new/",
        {"sentence": SAID, "due_on": TODAY.isoformat()},
        follow=True,
    ).content.decode()
    row = Promise.objects.get()
    assert SAID in made
    assert SAID in client.get("/promises/").content.decode()
    kept = client.post(
        f"/promises/{row.pk}/", {"version": 1, "state": "kept", "on": TODAY.isoformat()}
    )
    assert kept.status_code == 302
    assert "已兑现" in client.get("/promises/?tab=ended").content.decode()


def test_form_says_what_is_wrong(world: World, helper: Account, signed_in: SignIn) -> None:
    client = signed_in(helper)
    past = client.post(
        f"/households/{world.household.pk}/promises/new/",
        {"sentence": SAID, "due_on": "2020-01-01"},
    )
    stale = client.post(
        f"/promises/{promise(world, helper).pk}/",
        {"version": "x", "state": "kept", "on": TODAY.isoformat()},
    )
    assert "兑现日期应在今天到一年之内" in past.content.decode()
    assert "已经登记过结果" in stale.content.decode()


def test_promise_out_of_sight_is_not_found(
    world: World, helper: Account, signed_in: SignIn
) -> None:
    made = promise(world, helper)
    assert signed_in(world.other_worker).get(f"/promises/{made.pk}/").status_code == 404


def test_own_list_asks_the_same_however_long(
    world: World, helper: Account, signed_in: SignIn
) -> None:
    client = signed_in(helper)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/promises/").status_code == 200
        return len(asked)

    promise(world, helper)
    client.get("/promises/")
    few = queries()
    for number in range(12):
        promise(world, helper, sentence=f"第 {number} 项承诺的事")
    assert queries() == few


def test_household_keeps_its_promises_when_the_helper_changes(
    world: World, helper: Account
) -> None:
    promise(world, helper)
    helper.posts.update(until_on=TODAY)
    forget_sight(helper)
    assert helper.sees(Promise).count() == 0
    assert world.village_head.sees(Promise).count() == 1
    assert Household.objects.get(pk=world.household.pk).promises.count() == 1
