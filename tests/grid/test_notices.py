"""Who is told of a visit that runs late, when, once."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grid.actions.figures import change_report_limit
from grid.actions.notices import see_notices, send_messages, tell_of_deadlines
from grid.actions.work_items import end_purposes
from grid.discovery import due_day
from grid.models import (
    Account,
    ClockPause,
    Leave,
    Notice,
    NoticeStep,
    OutgoingMessage,
    Post,
    ReportLimit,
    RoutineFigure,
    Stage,
    WorkItem,
    WorkItemPurpose,
)
from tests.grid.routine import MONDAY, install, noon, open_visit, workday
from tests.world import World
from yizhou.audit import SYSTEM, AuditEntry
from yizhou.refusals import NotAllowed
from yizhou.workdays import add_workdays

pytestmark = pytest.mark.django_db
SignIn = Callable[[Account], Client]


@pytest.fixture
def item(world: World) -> WorkItem:
    """Ten working days: opened on a Monday, due on the Monday two weeks later."""
    install()
    return open_visit(world.household, opened_on=MONDAY, due_on=workday(10))


def told(day: date) -> set[tuple[str, int]]:
    tell_of_deadlines(acting=SYSTEM, today=day)
    standing = Notice.objects.filter(ended_at=None).select_related("account")
    return {(n.account.username, n.stage) for n in standing}


def test_nobody_is_told_while_there_is_time(item: WorkItem) -> None:
    assert told(workday(5)) == set()


def test_orange_begins_at_three_quarters_of_the_time(item: WorkItem) -> None:
    assert told(workday(7)) == set()
    assert told(workday(8)) == {("worker_1", Stage.ORANGE), ("tun_head", Stage.ORANGE)}


def test_a_short_visit_is_reminded_of_before(world: World) -> None:
    install()
    open_visit(world.household, opened_on=MONDAY, due_on=workday(3))
    assert told(workday(1)) == {("worker_1", Stage.BEFORE)}


def test_a_visit_opened_today_is_not_spoken_of_yet(world: World) -> None:
    install()
    open_visit(world.household, opened_on=MONDAY, due_on=workday(2))
    assert told(MONDAY) == set()


def test_overdue_goes_up_the_chain_by_the_working_day(item: WorkItem) -> None:
    climbing = [
        {name for name, stage in told(workday(10 + n)) if stage == Stage.RED}
        for n in (0, 1, 2, 3, 4, 5)
    ]
    first = {"worker_1", "tun_head"}
    village = first | {"village_head", "info_officer"}
    assert climbing == [
        set(),
        first,
        village,
        village | {"township_officer"},
        village | {"township_officer"},
        village | {"township_officer", "county_officer"},
    ]


def test_a_weekend_is_not_a_working_day(world: World) -> None:
    install()
    friday = workday(4)
    open_visit(world.household, opened_on=MONDAY, due_on=friday)
    reds = [
        any(stage == Stage.RED for _, stage in told(friday + timedelta(days=n))) for n in (1, 2, 3)
    ]
    assert reds == [False, False, True]


def test_who_hears_red_no_longer_holds_the_orange_one(item: WorkItem) -> None:
    told(workday(8))
    told(workday(11))
    mine = Notice.objects.filter(account__username="worker_1").order_by("stage")
    assert [(n.stage, n.ended_at is None) for n in mine] == [(2, False), (3, True)]


def test_telling_twice_writes_nothing(item: WorkItem) -> None:
    tell_of_deadlines(acting=SYSTEM, today=workday(12))
    again = tell_of_deadlines(acting=SYSTEM, today=workday(12))
    assert (again.told, again.ended, again.messages) == (0, 0, 0)


def test_a_vacant_seat_is_answered_for_by_the_next_level(world: World, item: WorkItem) -> None:
    Post.objects.filter(account=world.tun_head).update(until_on=MONDAY)
    reds = {name for name, stage in told(workday(11)) if stage == Stage.RED}
    assert reds == {"worker_1", "village_head", "info_officer"}


def test_a_visit_without_visitor_is_told_to_the_township(world: World) -> None:
    install()
    open_visit(world.bare_household, opened_on=MONDAY, due_on=workday(10))
    assert told(workday(8)) == {("township_officer", Stage.ORANGE)}


def test_a_closed_account_is_told_nothing(world: World, item: WorkItem) -> None:
    Account.objects.filter(pk=world.worker_1.pk).update(is_active=False)
    assert "worker_1" not in {name for name, _ in told(workday(11))}


def test_notices_end_when_the_item_closes(item: WorkItem) -> None:
    told(workday(12))
    end_purposes(
        acting=SYSTEM,
        kind="verify_alert",
        subjects=[1],
        state=WorkItemPurpose.State.SETTLED,
        sentence="办结",
    )
    assert Notice.objects.standing().count() == 0
    tell_of_deadlines(acting=SYSTEM, today=workday(12))
    assert Notice.objects.filter(ended_at=None).count() == 0


def test_a_returned_visit_is_spoken_of_again_in_a_new_row(item: WorkItem) -> None:
    told(workday(11))
    WorkItem.objects.update(state=WorkItem.State.VISITED)
    told(workday(12))
    WorkItem.objects.update(state=WorkItem.State.TO_VISIT)
    told(workday(12))
    rows = Notice.objects.filter(account__username="worker_1", stage=Stage.RED)
    assert [n.ended_at is None for n in rows.order_by("pk")] == [False, True]


def test_a_paused_visit_is_not_spoken_of(world: World, item: WorkItem) -> None:
    told(workday(8))
    ClockPause.objects.create(
        work_item=item,
        household=world.household,
        code=item.code,
        from_on=workday(8),
        until_on=workday(20),
        due_before=item.due_on,
        reason="全家外出",
        paused_by=world.township_officer,
    )
    assert told(workday(15)) == set()


def test_days_of_a_pause_that_is_over_do_not_count_as_used(world: World, item: WorkItem) -> None:
    ClockPause.objects.create(
        work_item=item,
        household=world.household,
        code=item.code,
        from_on=workday(2),
        until_on=workday(7),
        due_before=item.due_on,
        reason="全家外出",
        paused_by=world.township_officer,
        ended_at=noon(workday(7)),
    )
    WorkItem.objects.update(due_on=workday(15))
    assert told(workday(12)) == set()  # 7 of 10 without the pause; 12 of 15 with it
    assert ("worker_1", Stage.ORANGE) in told(workday(13))


def test_a_new_holder_is_told_and_the_old_one_is_not_any_more(world: World, item: WorkItem) -> None:
    told(workday(11))
    WorkItem.objects.update(assignee=world.worker_2)
    now = {name for name, _ in told(workday(11))}
    assert ("worker_2" in now, "worker_1" in now) == (True, False)


def test_the_number_of_statements_does_not_grow_with_the_visits(world: World) -> None:
    install()
    counts = []
    for household in (world.household, world.next_household, world.other_household):
        open_visit(household, opened_on=MONDAY, due_on=workday(10), subject=household.pk)
        Notice.objects.all().delete()
        with CaptureQueriesContext(connection) as caught:
            tell_of_deadlines(acting=SYSTEM, today=workday(12))
        OutgoingMessage.objects.all().delete()
        counts.append(len(caught))
    assert counts[0] == counts[2]


def test_only_the_receiver_marks_a_notice_as_read(world: World, item: WorkItem) -> None:
    told(workday(11))
    notice = Notice.objects.filter(account=world.worker_1, ended_at=None).get()
    with pytest.raises(NotAllowed):
        see_notices(acting=world.tun_head, notices=[notice])
    see_notices(acting=world.worker_1, notices=[notice])
    notice.refresh_from_db()
    assert notice.seen_at is not None
    assert AuditEntry.objects.filter(verb="saw_notices").count() == 1


# ---- messages that go out ----


def test_a_message_carries_a_number_and_a_link_alone(
    world: World, item: WorkItem, settings: pytest.FixtureRequest
) -> None:
    sent = []

    class Recorder:
        name = "recorder"

        def send(self, *, to: Account, text: str) -> None:
            sent.append((to.username, text))

    globals()["Recorder"] = Recorder
    settings.MESSAGE_CHANNEL = f"{__name__}.Recorder"
    settings.SITE_URL = "https://example.invalid"
    told(workday(11))
    assert send_messages() == 2
    assert send_messages() == 0
    text = "您有 1 条入户时限提醒，请登录平台查看：https://example.invalid/notices/"
    assert sorted(sent) == [("tun_head", text), ("worker_1", text)]


def test_one_message_a_day(item: WorkItem) -> None:
    for _ in range(2):
        tell_of_deadlines(acting=SYSTEM, today=workday(11))
    assert OutgoingMessage.objects.count() == 2


class Broken:
    """A gateway that is down."""

    name = "broken"

    def send(self, *, to: Account, text: str) -> None:
        raise OSError("no line")


def test_a_gateway_that_is_down_is_tried_again(item: WorkItem, settings) -> None:
    settings.MESSAGE_CHANNEL = f"{__name__}.Broken"
    told(workday(11))
    send_messages()
    states = set(OutgoingMessage.objects.values_list("job_state", "sent_at"))
    assert states == {("waiting", None)}


# ---- the pages ----


@pytest.fixture
def late(world: World) -> WorkItem:
    install()
    today = timezone.localdate()
    return open_visit(
        world.household, opened_on=today - timedelta(days=40), due_on=today - timedelta(days=12)
    )


def test_the_inbox_shows_own_notices_and_their_number(
    world: World, late: WorkItem, signed_in: SignIn
) -> None:
    tell_of_deadlines(acting=SYSTEM)
    page = signed_in(world.township_officer).get("/notices/").content.decode()
    assert "韦甲 户" in page
    assert '<span class="count hot">1</span>' in page


def test_another_township_s_inbox_stays_empty(
    world: World, late: WorkItem, signed_in: SignIn
) -> None:
    tell_of_deadlines(acting=SYSTEM)
    page = signed_in(world.other_township_officer).get("/notices/").content.decode()
    assert "没有提醒" in page


def test_all_are_marked_as_read_at_once(world: World, late: WorkItem, signed_in: SignIn) -> None:
    tell_of_deadlines(acting=SYSTEM)
    client = signed_in(world.worker_1)
    client.post("/notices/seen/", {"all": "1"})
    assert Notice.objects.filter(account=world.worker_1, seen_at=None).count() == 0
    assert Notice.objects.filter(account=world.tun_head, seen_at=None).count() == 1


def test_another_s_notice_cannot_be_marked(world: World, late: WorkItem, signed_in: SignIn) -> None:
    tell_of_deadlines(acting=SYSTEM)
    notice = Notice.objects.get(account=world.tun_head)
    signed_in(world.township_officer).post("/notices/seen/", {"notice": [notice.pk, "x", "9" * 30]})
    notice.refresh_from_db()
    assert notice.seen_at is None


def test_the_inbox_takes_the_same_queries_for_more_notices(
    world: World, late: WorkItem, signed_in: SignIn
) -> None:
    client = signed_in(world.township_officer)
    counts = []
    for household in (world.next_household, world.lone_household):
        open_visit(
            household,
            opened_on=late.opened_at.date(),
            due_on=late.due_on,
            subject=household.pk,
        )
        tell_of_deadlines(acting=SYSTEM)
        with CaptureQueriesContext(connection) as caught:
            assert client.get("/notices/").status_code == 200
        counts.append(len(caught))
    # Working days are read once a row from the calendar table.
    assert counts[1] - counts[0] <= 1


def test_the_county_changes_the_ladder_from_a_day_on(world: World, signed_in: SignIn) -> None:
    install()
    day = timezone.localdate() + timedelta(days=5)
    answer = signed_in(world.county_officer).post(
        "/notices/rules/3/county_officer/",
        {"at": "7", "from_on": day.isoformat(), "source": "县里会议纪要", "is_confirmed": "on"},
    )
    assert answer.status_code == 302
    rows = NoticeStep.objects.filter(stage=3, told="county_officer").order_by("from_on")
    assert [(r.at, r.until_on, r.is_confirmed) for r in rows] == [(5, day, False), (7, None, True)]


@pytest.mark.parametrize(
    "change",
    [{"at": "0"}, {"at": "一"}, {"source": ""}, {"from_on": "2020-01-01"}, {"from_on": "明天"}],
)
def test_impossible_rungs_are_refused_and_keep_what_was_typed(
    world: World, signed_in: SignIn, change: dict[str, str]
) -> None:
    install()
    posted = {"at": "7", "from_on": timezone.localdate().isoformat(), "source": "会议纪要"} | change
    answer = signed_in(world.county_officer).post("/notices/rules/3/county_officer/", posted)
    assert answer.status_code == 422
    assert all(f'value="{v}"' in answer.content.decode() for v in change.values() if v)
    assert NoticeStep.objects.filter(told="county_officer").count() == 1


def test_the_township_does_not_change_the_ladder(world: World, signed_in: SignIn) -> None:
    install()
    client = signed_in(world.township_officer)
    assert client.get("/notices/rules/").status_code == 200
    assert client.get("/notices/rules/3/county_officer/").status_code == 403


LIMIT = "/notices/limits/visit/"


def test_the_county_changes_the_days_of_a_report(world: World, signed_in: SignIn) -> None:
    day = timezone.localdate() + timedelta(days=5)
    posted = {"value": "6", "from_on": day.isoformat(), "source": "县里会议纪要"}
    client = signed_in(world.county_officer)
    assert client.post(LIMIT, posted | {"is_confirmed": "on"}).status_code == 302
    rows = ReportLimit.objects.filter(step="visit").order_by("from_on")
    assert [(r.workdays, r.until_on, r.is_confirmed) for r in rows] == [
        (3, day, False),
        (6, None, True),
    ]
    assert due_day(ReportLimit.Step.VISIT, day) == add_workdays(day, 6)
    entry = AuditEntry.objects.get(verb="changed_report_limit")
    assert (entry.actor, entry.reason) == (world.county_officer, "县里会议纪要")
    assert f"{day} 起为 6" in client.get("/notices/rules/").content.decode()


def test_days_of_a_report_nobody_confirmed_are_marked(world: World, signed_in: SignIn) -> None:
    RoutineFigure.objects.update(is_confirmed=True)
    NoticeStep.objects.update(is_confirmed=True)
    ReportLimit.objects.update(source="县里会议纪要")
    page = signed_in(world.county_officer).get("/notices/rules/").content.decode()
    part = page[page.index("困难户上报：入户核实") :]
    assert "待核定" in part
    ReportLimit.objects.update(is_confirmed=True)
    page = signed_in(world.county_officer).get("/notices/rules/").content.decode()
    assert "待核定" not in page[page.index("困难户上报：入户核实") :]


@pytest.mark.parametrize(
    "change",
    [{"value": "0"}, {"value": "61"}, {"value": "三"}, {"source": ""}, {"from_on": "2020-01-01"}],
)
def test_impossible_days_of_a_report_are_refused_and_kept(
    world: World, signed_in: SignIn, change: dict[str, str]
) -> None:
    day = timezone.localdate().isoformat()
    posted = {"value": "6", "from_on": day, "source": "会议纪要"} | change
    answer = signed_in(world.county_officer).post(LIMIT, posted)
    assert answer.status_code == 422
    assert all(f'value="{v}"' in answer.content.decode() for v in change.values() if v)
    assert ReportLimit.objects.filter(step="visit").count() == 1


def test_the_days_of_a_report_are_the_county_s(world: World, signed_in: SignIn) -> None:
    assert signed_in(world.township_officer).get(LIMIT).status_code == 403
    assert signed_in(world.county_officer).get("/notices/limits/other/").status_code == 404
    with pytest.raises(NotAllowed):
        change_report_limit(
            acting=world.township_officer,
            step="visit",
            value=6,
            from_on=timezone.localdate(),
            source="会议纪要",
            is_confirmed=False,
        )


def test_who_stands_in_is_told_in_place_of_the_absent(world: World, item: WorkItem) -> None:
    Leave.objects.create(
        post=Post.objects.get(account=world.village_head),
        stand_in=world.worker_2,
        from_on=workday(10),
        until_on=workday(20),
        reason="培训",
        granted_by=world.township_officer,
    )
    tell_of_deadlines(acting=SYSTEM, today=workday(12))
    heard = set(Notice.objects.values_list("account__username", flat=True))
    assert "worker_2" in heard
    assert "village_head" not in heard
