"""Attacks that once worked: visits against screening, moved households, silent refusals."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from celery import Celery
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from kombu.exceptions import OperationalError

from grid.actions.moves import move_household
from grid.actions.visits import Report, file_visit
from grid.actions.work_items import VisitRequest, end_purposes, open_work_items
from grid.models import Account, Outcome, Visit, WorkItem, WorkItemPurpose
from grid.staffing import open_load
from monitoring.actions.alerts import collect_reports
from monitoring.actions.rules import load_shipped_rules
from monitoring.actions.screenings import perform_screening, retry_screening
from monitoring.models import Alert, AlertState, ScreeningRun, Threshold
from tests.grid.test_wall import behind_wall
from tests.monitoring.records import add_settlement
from tests.monitoring.test_alerts import ANSWERS
from tests.monitoring.test_screening import months_ago, screen
from tests.world import World, build_world
from yizhou.audit import SYSTEM, AuditEntry
from yizhou.refusals import Refusal

PurposeState = WorkItemPurpose.State


@pytest.fixture
def alert(world: World) -> Alert:
    load_shipped_rules(acting=SYSTEM)
    add_settlement(world.people["韦甲"], months_ago(2), "12000")
    screen()
    return Alert.objects.get()


def wanted(world: World, subject: int) -> VisitRequest:
    return VisitRequest(
        household_id=world.household.pk,
        code=world.household.cell_id,
        kind="verify_alert",
        subject=subject,
        title="因病支出过大",
        sentence="测试",
        severity=2,
        due_on=timezone.localdate() + timedelta(days=5),
    )


def wait_until_blocked(thread: threading.Thread) -> None:
    """Returns once some connection of this database waits for a row lock."""
    for _ in range(100):
        time.sleep(0.05)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                " WHERE NOT l.granted AND a.datname = current_database()"
            )
            if cursor.fetchone()[0]:
                return
        assert thread.is_alive(), "the second act did not wait for the first"
    raise AssertionError("nobody waited")


@contextmanager
def during(act: Callable[[], object]) -> Iterator[None]:
    """The block runs in a transaction; `act` starts before it commits and ends after."""

    def run() -> None:
        try:
            act()
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    failed: list[Exception] = []
    thread = threading.Thread(target=run)
    with transaction.atomic():
        yield
        thread.start()
        wait_until_blocked(thread)
    thread.join(timeout=10)
    assert not thread.is_alive()
    assert [str(error) for error in failed if not isinstance(error, Refusal)] == []


@pytest.mark.django_db(transaction=True)
def test_settling_never_closes_an_item_that_just_grew() -> None:
    world = build_world()
    open_work_items(acting=SYSTEM, requests=[wanted(world, 1)])
    item = WorkItem.objects.get()

    def settle() -> None:
        end_purposes(
            acting=SYSTEM,
            kind="verify_alert",
            subjects=[1],
            state=PurposeState.SETTLED,
            sentence="办结",
        )

    with during(settle):
        open_work_items(acting=SYSTEM, requests=[wanted(world, 2)])
    item.refresh_from_db()
    assert WorkItemPurpose.objects.get(subject=2).state == PurposeState.WANTED
    assert item.state == WorkItem.State.TO_VISIT


@pytest.mark.django_db(transaction=True)
def test_filing_never_takes_an_unanswered_purpose_off_the_list() -> None:
    world = build_world()
    open_work_items(acting=SYSTEM, requests=[wanted(world, 1)])
    item = WorkItem.objects.get()
    first = WorkItemPurpose.objects.get()

    def file() -> None:
        file_visit(
            acting=world.worker_1,
            visit_id=uuid.uuid4(),
            item=item,
            visited_at=timezone.now(),
            mode=Visit.Mode.IN_PERSON,
            answers=ANSWERS,
            reports=[Report(first.pk, Outcome.TO_MONITORING, "票据看过")],
        )

    with during(file):
        open_work_items(acting=SYSTEM, requests=[wanted(world, 2)])
    item.refresh_from_db()
    assert WorkItemPurpose.objects.get(subject=2).state == PurposeState.WANTED
    assert item.state == WorkItem.State.TO_VISIT


def move_to_other_grid(world: World) -> None:
    household = world.household
    household.refresh_from_db()
    move_household(
        acting=world.county_officer,
        household=household,
        version_seen=household.version,
        cell=world.other_grid,
        address="怀道屯 1 号",
        on=timezone.localdate(),
    )


@pytest.mark.django_db
def test_visit_after_a_move_reaches_its_alert(world: World, alert: Alert) -> None:
    """The worker of the new grid files behind the wall; the alert must come back reported."""
    move_to_other_grid(world)
    with behind_wall(world.other_worker):
        item = WorkItem.objects.open().get()
        file_visit(
            acting=world.other_worker,
            visit_id=uuid.uuid4(),
            item=item,
            visited_at=timezone.now(),
            mode=Visit.Mode.IN_PERSON,
            answers=ANSWERS,
            reports=[Report(p.pk, Outcome.TO_MONITORING, "票据看过") for p in item.purposes.all()],
        )
        collect_reports(work_item_id=item.pk)
    collect_reports()  # as beat does, in front of the wall
    alert.refresh_from_db()
    assert alert.state == AlertState.REPORTED


@pytest.mark.django_db
def test_moved_households_alert_is_seen_where_its_visit_is(
    world: World, alert: Alert, signed_in: Callable[[Account], Client]
) -> None:
    move_to_other_grid(world)
    collect_reports()  # what beat does every half minute
    assert alert in world.other_township_officer.sees(Alert)
    assert alert not in world.township_officer.sees(Alert)


@pytest.mark.django_db
def test_graver_alert_is_due_sooner(world: World, alert: Alert) -> None:
    before = alert
    add_settlement(world.people["韦甲"], months_ago(1), "400000")
    screen()
    alert = Alert.objects.get(rule="MED-01")
    item = WorkItem.objects.get()
    assert alert.severity < before.severity
    assert alert.due_on < before.due_on
    assert item.due_on == alert.due_on


@pytest.mark.django_db
def test_one_townships_figure_does_not_rule_the_county(world: World) -> None:
    load_shipped_rules(acting=SYSTEM)
    for figure in Threshold.objects.exclude(key__startswith="deadline"):
        Threshold.objects.create(
            key=figure.key,
            label=figure.label,
            value=Decimal("999999"),
            unit=figure.unit,
            area=world.other_township,
            from_on=figure.from_on,
            until_on=figure.until_on,
            source="测试",
        )
    add_settlement(world.people["韦甲"], months_ago(2), "12000")
    screen()
    assert Alert.objects.filter(household=world.household).exists()


@pytest.mark.django_db
def test_open_work_of_a_closed_account_is_stranded(world: World, alert: Alert) -> None:
    Account.objects.filter(pk=world.worker_1.pk).update(is_active=False)
    loads = {load.account.pk: load for load in open_load(world.grid, on=timezone.localdate())}
    assert loads[world.worker_1.pk].is_stranded


REFUSED_ACTS = {
    "settle": ("worker_1", "/alerts/{alert}/settle/", {"outcome": "dept_problem"}),
    "assign": ("worker_1", "/work-items/{item}/assign/", {"assignee": "{worker}"}),
    "return": ("worker_1", "/work-items/{item}/return/", {"reason": "请补充照片"}),
    "screening": ("township_officer", "/screening/run/", {}),
    "schedule": ("township_officer", "/screening/schedule/", {"hour": "2", "minute": "3"}),
    "appoint": (
        "township_officer",
        "/staffing/appoint/",
        {"role": "village_head", "username": "township_officer", "from_on": "2026-01-01"}
        | {"region": "451203104202"},
    ),
    "visit": ("leader", "/my-work/{item}/visit/", {"visit_id": str(uuid.UUID(int=7))}),
}


@pytest.mark.django_db
@pytest.mark.parametrize("what", REFUSED_ACTS)
def test_refused_act_leaves_a_trace(
    what: str, world: World, alert: Alert, signed_in: Callable[[Account], Client]
) -> None:
    who, path, data = REFUSED_ACTS[what]
    keys = {
        "alert": alert.pk,
        "item": WorkItem.objects.get().pk,
        "worker": world.worker_1.pk,
    }
    posted = {name: value.format(**keys) for name, value in data.items()}
    posted |= {"version": "1", "reason": posted.get("reason", "核实过了没问题")}
    signed_in(world.accounts()[who]).post(path.format(**keys), posted)
    assert AuditEntry.objects.filter(verb="refused", actor=world.accounts()[who]).exists()


NASTY = [
    ("county_officer", "/queue/?q=%00"),
    ("county_officer", "/queue/?rule=%00&village=%00&department=%00"),
    ("county_officer", "/queue/?selected=99999999999999999999"),
    ("county_officer", "/queue/?page=99999999999999999999"),
    ("county_officer", "/households/?q=%00"),
    ("county_officer", "/households/?village=%00&page=-1"),
    ("county_officer", "/households/99999999999999999999/"),
    ("county_officer", "/staffing/?region=%00"),
    ("county_officer", "/staffing/hand-over/?region=%00"),
    ("auditor", "/audit/?actor=%00"),
    ("auditor", "/audit/?subject=%00&verb=%00"),
    ("auditor", "/audit/?until=9999-12-31"),
    ("auditor", "/audit/?since=0001-01-01"),
    ("auditor", "/audit/?code=%C2%B2"),
    ("clerk_medical", "/api/uploads/?feed=%00"),
    ("clerk_medical", "/api/uploads/?limit=99999999999999999999&offset=99999999999999999999"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("who", "path"), NASTY)
def test_nonsense_in_an_address_is_not_an_error_of_ours(
    who: str, path: str, world: World, signed_in: Callable[[Account], Client]
) -> None:
    assert signed_in(world.accounts()[who]).get(path).status_code < 500


@pytest.mark.django_db
def test_nonsense_in_a_form_is_not_an_error_of_ours(
    world: World, alert: Alert, signed_in: Callable[[Account], Client]
) -> None:
    item = WorkItem.objects.get()
    client = signed_in(world.township_officer)
    posts = {
        f"/alerts/{alert.pk}/settle/": {"outcome": "dept_problem", "reason": "核实\x00没有问题"},
        f"/work-items/{item.pk}/assign/": {"assignee": world.worker_1.pk, "note": "\x00"},
        f"/work-items/{item.pk}/return/": {"reason": "请补充\x00照片"},
        "/households/find/": {"q": "\x00"},
    }
    answers = {
        path: client.post(path, {"version": "1", **data}, follow=True).status_code
        for path, data in posts.items()
    }
    assert [path for path, status in answers.items() if status >= 500] == []


@pytest.mark.django_db
def test_nonsense_in_a_visit_is_not_an_error_of_ours(
    world: World, alert: Alert, signed_in: Callable[[Account], Client]
) -> None:
    item = WorkItem.objects.get()
    purpose = item.purposes.get()
    answers = {f"q_{name}": value for name, value in ANSWERS.items() if name != "spending"}
    answers |= {
        "q_spending_item": "medical\x00",
        "q_spending_month": "\x00",
        "q_spending_yuan": "1",
    }
    posted = answers | {
        "visit_id": str(uuid.uuid4()),
        "confirmed": "1",
        "visited_on": timezone.localdate().isoformat(),
        "mode": "in_person",
        "note": "\x00",
        f"outcome_{purpose.pk}": "to_monitoring",
        f"outcome_note_{purpose.pk}": "票据\x00看过",
    }
    response = signed_in(world.worker_1).post(f"/my-work/{item.pk}/visit/", posted)
    assert response.status_code < 500


@pytest.mark.django_db
@pytest.mark.parametrize(
    "typed", ["99010119750305001", "990101-19750305-0012", "９９０１０１１９７５０３０５００１"]
)
def test_mistyped_id_number_never_stands_in_an_address(
    typed: str, world: World, signed_in: Callable[[Account], Client]
) -> None:
    response = signed_in(world.county_officer).post("/households/find/", {"q": typed})
    assert "19750305" not in response.headers.get("Location", "")
    assert "%EF%BC%91" not in response.headers.get("Location", "")


@pytest.mark.django_db
def test_visit_that_came_back_survives_withdrawal(world: World, alert: Alert) -> None:
    """Filed but not collected yet when the department's data change: the visit still counts."""
    item = WorkItem.objects.get()
    file_visit(
        acting=world.worker_1,
        visit_id=uuid.uuid4(),
        item=item,
        visited_at=timezone.now(),
        mode=Visit.Mode.IN_PERSON,
        answers=ANSWERS,
        reports=[Report(p.pk, Outcome.TO_MONITORING, "票据看过") for p in item.purposes.all()],
    )
    add_settlement(world.people["韦甲"], months_ago(1), "-12000")
    screen()
    collect_reports()
    alert.refresh_from_db()
    assert alert.state == AlertState.REPORTED


@pytest.mark.django_db
def test_old_run_carried_out_late_withdraws_nothing(world: World) -> None:
    """A failed run of last week is tried again: what came to light since stays an alert."""
    load_shipped_rules(acting=SYSTEM)
    today = timezone.localdate()
    old = ScreeningRun.objects.create(
        trigger="schedule", as_of=today - timedelta(days=7), job_state="failed"
    )
    add_settlement(world.people["韦甲"], today - timedelta(days=2), "12000")
    screen()
    alert = Alert.objects.get(rule="MED-01")
    with suppress(Refusal):  # to refuse the retry is right as well
        retry_screening(acting=world.county_officer, run_id=old.pk)
    perform_screening(old.pk)
    alert.refresh_from_db()
    assert alert.state == AlertState.TO_VERIFY


@pytest.mark.django_db(transaction=True)
def test_form_sent_twice_at_once_is_answered_with_its_visit() -> None:
    world = build_world()
    open_work_items(acting=SYSTEM, requests=[wanted(world, 1)])
    item, purpose, key = WorkItem.objects.get(), WorkItemPurpose.objects.get(), uuid.uuid4()
    answered: list[Visit] = []

    def file() -> None:
        answered.append(
            file_visit(
                acting=world.worker_1,
                visit_id=key,
                item=item,
                visited_at=timezone.now(),
                mode=Visit.Mode.IN_PERSON,
                answers=ANSWERS,
                reports=[Report(purpose.pk, Outcome.TO_MONITORING, "票据看过")],
            )
        )

    with during(file):
        file()
    assert [filed.pk for filed in answered] == [key, key]


def test_deaf_broker_is_given_up_at_once() -> None:
    """Redis down: the page that rings waits for one refused connection, not for retries."""
    broker = Celery("deaf", broker="redis://127.0.0.1:1/0")
    broker.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    began = time.monotonic()
    with pytest.raises(OperationalError):
        broker.send_task("nobody", retry=False, ignore_result=True)
    assert time.monotonic() - began < 3
