"""The township's queue: what it lists, counts, asks of the database, and how it refuses."""

import uuid
from collections.abc import Callable
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grid.actions.visits import Report, file_visit
from grid.models import Account, Outcome, Relation, WorkItem
from monitoring.actions.alerts import collect_reports
from monitoring.actions.rules import load_shipped_rules
from monitoring.models import Alert, AlertState
from tests.monitoring.records import add_settlement
from tests.monitoring.test_alerts import ANSWERS
from tests.monitoring.test_screening import months_ago, screen
from tests.world import World, add_household
from yizhou.audit import SYSTEM

pytestmark = pytest.mark.django_db
SignIn = Callable[[Account], Client]


def report_visit(world: World) -> None:
    """The worker's visit to 韦甲, with a risk found."""
    item = WorkItem.objects.get(household=world.household)
    file_visit(
        acting=world.worker_1,
        visit_id=uuid.uuid4(),
        item=item,
        visited_at=timezone.now(),
        mode="in_person",
        answers=ANSWERS,
        reports=[Report(p.pk, Outcome.TO_MONITORING, "票据看过") for p in item.purposes.all()],
    )
    collect_reports()


@pytest.fixture(autouse=True)
def alerts(world: World) -> None:
    load_shipped_rules(acting=SYSTEM)
    add_settlement(world.people["韦甲"], months_ago(2), "12000")
    add_settlement(world.people["黄甲"], months_ago(2), "80000")
    add_settlement(world.people["潘甲"], months_ago(2), "80000")
    screen()


def shown(client: Client, address: str = "/queue/") -> str:
    response = client.get(address)
    assert response.status_code == 200, response.content[:300]
    return response.content.decode()


def test_township_lists_its_own_households(world: World, signed_in: SignIn) -> None:
    page = shown(signed_in(world.township_officer))
    assert ("韦甲" in page, "黄甲" in page, "潘甲" in page) == (True, True, False)


def test_county_lists_all(world: World, signed_in: SignIn) -> None:
    page = shown(signed_in(world.county_officer))
    assert all(name in page for name in ("韦甲", "黄甲", "潘甲"))


@pytest.mark.parametrize(
    ("status", "heads"),
    [
        ("", {"韦甲", "黄甲"}),
        ("unassigned", {"黄甲"}),
        ("verifying", {"韦甲"}),
        ("overdue", set()),
        ("reported", set()),
        ("done", set()),
    ],
)
def test_counters_are_filters_and_equal_their_lists(
    world: World, signed_in: SignIn, status: str, heads: set[str]
) -> None:
    response = signed_in(world.township_officer).get(f"/queue/?status={status}")
    rows = {row.item.household.head.name for row in response.context["rows"]}
    counter = next(c for c in response.context["counters"] if c["key"] == status)
    assert (rows, counter["count"]) == (heads, len(heads))


def test_severity_counts_follow_the_other_filters(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.township_officer).get("/queue/?status=unassigned")
    counts = {s["value"]: s["count"] for s in response.context["filters"]["severity"]}
    assert counts == {1: 1, 2: 0, 3: 0, 4: 0}


@pytest.mark.parametrize("q", ["黄甲", "104-202-0001"])
def test_search_by_name_or_number(world: World, signed_in: SignIn, q: str) -> None:
    response = signed_in(world.township_officer).get("/queue/", {"q": q})
    assert [row.item.household for row in response.context["rows"]] == [world.bare_household]


def test_unknown_filters_are_dropped(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.township_officer)
    assert "韦甲" in shown(client, "/queue/?status=x&severity=9&page=zz&sort=;&selected=9e9")


def test_panel_shows_the_arithmetic(world: World, signed_in: SignIn) -> None:
    item = WorkItem.objects.get(household=world.household)
    page = shown(signed_in(world.township_officer), f"/queue/?selected={item.pk}")
    assert all(figure in page for figure in ("36,000", "−24,000", "12,000"))


def test_htmx_gets_the_panel_alone(world: World, signed_in: SignIn) -> None:
    item = WorkItem.objects.get(household=world.household)
    response = signed_in(world.township_officer).get(
        f"/queue/?selected={item.pk}", headers={"HX-Request": "true"}
    )
    page = response.content.decode()
    assert ("韦甲" in page, "<html" in page) == (True, False)


def test_panel_of_another_township_is_not_found(world: World, signed_in: SignIn) -> None:
    item = WorkItem.objects.get(household=world.other_household)
    response = signed_in(world.township_officer).get(
        f"/queue/?selected={item.pk}", headers={"HX-Request": "true"}
    )
    assert response.status_code == 404


def queries(client: Client, address: str) -> int:
    client.get(address)  # content types and the like are read once per process
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_queue_asks_the_same_number_of_queries_for_many_rows(
    world: World, signed_in: SignIn
) -> None:
    client = signed_in(world.township_officer)
    few = queries(client, "/queue/")
    for n in range(9):
        household = add_household(
            world.far_grid,
            f"104-207-9{n:03}",
            [(f"甲{n}", "M", date(1970, 1, 1), Relation.HEAD)],
            serial=100 + n,
        )
        add_settlement(household.head, months_ago(1), "30000")
    screen()
    assert queries(client, "/queue/") <= few


def test_refused_settlement_keeps_what_was_typed(world: World, signed_in: SignIn) -> None:
    alert = Alert.objects.get(household=world.household)
    response = signed_in(world.township_officer).post(
        f"/alerts/{alert.pk}/settle/",
        {
            "outcome": Outcome.TO_MONITORING,
            "reason": "情况属实，不用去看",
            "version": alert.version,
        },
    )
    page = response.content.decode()
    assert response.status_code == 400
    assert "请先派人入户" in page
    assert "情况属实，不用去看" in page


def test_settling_a_page_somebody_overtook_is_409(world: World, signed_in: SignIn) -> None:
    report_visit(world)
    alert = Alert.objects.get(household=world.household)
    response = signed_in(world.township_officer).post(
        f"/alerts/{alert.pk}/settle/",
        {"outcome": Outcome.TO_MONITORING, "reason": "情况属实", "version": alert.version - 1},
    )
    assert response.status_code == 409


def test_settled_alert_leaves_the_queue(world: World, signed_in: SignIn) -> None:
    report_visit(world)
    alert = Alert.objects.get(household=world.household)
    client = signed_in(world.township_officer)
    response = client.post(
        f"/alerts/{alert.pk}/settle/",
        {
            "outcome": Outcome.TO_MONITORING,
            "reason": "情况属实，负担过重",
            "version": alert.version,
            "back": "/queue/?status=reported",
        },
    )
    assert (response.status_code, response["Location"]) == (302, "/queue/?status=reported")
    alert.refresh_from_db()
    assert alert.state == AlertState.SETTLED


def test_back_address_never_leaves_the_site(world: World, signed_in: SignIn) -> None:
    item = WorkItem.objects.get(household=world.household)
    response = signed_in(world.township_officer).post(
        f"/work-items/{item.pk}/assign/",
        {
            "assignee": world.worker_2.pk,
            "version": item.version,
            "back": "https://example.org/",
        },
    )
    assert response["Location"] == "/queue/"


def test_village_officer_sees_why_settling_is_not_theirs(world: World, signed_in: SignIn) -> None:
    item = WorkItem.objects.get(household=world.household)
    page = shown(signed_in(world.info_officer), f"/queue/?selected={item.pk}")
    assert "/settle/" not in page


def test_clerk_is_told_where_to_go(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.clerk_medical).get("/queue/")
    assert response.status_code == 403
    assert "数据报送" in response.content.decode()
