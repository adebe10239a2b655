"""The menu of every role: drawn without an error, grouped, counted by one statement, and each
entry opens for whom it is shown to.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grid.actions.work_items import VisitRequest, open_work_items
from grid.frame import OPEN_ENTRIES, NavGroup, nav_items
from grid.models import Account, Severity
from grid.roles import ROLES, Level, Role
from grid.scope import sight_of
from monitoring.actions.rules import load_shipped_rules
from tests.world import World, add_account, add_post
from yizhou.audit import SYSTEM

pytestmark = pytest.mark.django_db
SignIn = Callable[[Account], Client]


def holder(world: World, role: Role) -> Account:
    """Somebody new who holds the role where 德胜镇's first grid lies."""
    places = {
        Level.COUNTY: world.county,
        Level.TOWNSHIP: world.township,
        Level.VILLAGE: world.village,
        Level.TUN: world.tun,
        Level.GRID: world.grid,
    }
    account = add_account(f"holder-{role.value}", f"{role.label}丁")
    level = ROLES[role].level
    if level is None:
        add_post(account, role, department=world.medical)
    else:
        add_post(account, role, region=places[level], seat=2)
    return account


@pytest.fixture
def busy(world: World) -> World:
    """Something waits behind the menu's figures."""
    load_shipped_rules(acting=SYSTEM)
    open_work_items(
        acting=SYSTEM,
        requests=[
            VisitRequest(
                household_id=world.household.pk,
                code=world.household.cell_id,
                kind="verify_alert",
                subject=1,
                title="大额医疗支出",
                sentence="近 12 个月医疗自付 46,820 元，达到监测线 10,000 元",
                severity=Severity.RED,
                due_on=timezone.localdate() + timedelta(days=3),
            )
        ],
    )
    return world


@pytest.mark.parametrize("role", list(Role))
def test_every_role_opens_every_entry_it_is_shown(
    busy: World, signed_in: SignIn, role: Role
) -> None:
    client = signed_in(holder(busy, role))
    nav = client.get("/", follow=True).context["nav"]
    answers = {entry["url"]: client.get(entry["url"], follow=True) for entry in nav}
    assert nav
    assert {url: a.status_code for url, a in answers.items() if a.status_code != 200} == {}
    misplaced = {
        url: [entry["url"] for entry in answer.context["nav"] if entry["current"]]
        for url, answer in answers.items()
    }
    assert misplaced == {url: [url] for url in answers}


@pytest.mark.parametrize("role", list(Role))
def test_groups_hold_the_same_entries_and_none_is_empty(
    busy: World, signed_in: SignIn, role: Role
) -> None:
    page = signed_in(holder(busy, role)).get("/password/")
    nav, groups = page.context["nav"], page.context["nav_groups"]
    assert all(group["entries"] for group in groups)
    grouped = [entry["url"] for group in groups for entry in group["entries"]]
    assert sorted(grouped) == sorted(entry["url"] for entry in nav)
    order = list(NavGroup)
    assert [order.index(group["key"]) for group in groups] == sorted(
        order.index(group["key"]) for group in groups
    )


def counting(page: Callable[[], Any]) -> list[str]:
    """The statements of a page that count for the menu."""
    with CaptureQueriesContext(connection) as caught:
        assert page().status_code == 200
    return [q["sql"] for q in caught.captured_queries if "count(" in q["sql"].lower()]


@pytest.mark.parametrize("role", list(Role))
def test_all_figures_take_one_statement(busy: World, signed_in: SignIn, role: Role) -> None:
    client = signed_in(holder(busy, role))
    assert len(counting(lambda: client.get("/password/"))) <= 1


@pytest.mark.parametrize(
    ("path", "most"),
    [("/password/", 8), ("/", 17), ("/queue/", 39), ("/households/", 14), ("/visit-plans/", 13)],
)
@pytest.mark.parametrize("name", ["township_officer", "county_officer"])
def test_pages_take_few_statements(
    busy: World, signed_in: SignIn, name: str, path: str, most: int
) -> None:
    """Of them 8 by the frame: session, account, posts, exceptions, the wall up and down, names of
    places, all figures of the menu.
    """
    client = signed_in(getattr(busy, name))
    client.get(path)  # content types and the like are read once per process
    with CaptureQueriesContext(connection) as caught:
        assert client.get(path).status_code == 200
    assert len(caught) <= most, [q["sql"][:80] for q in caught.captured_queries]


def test_figures_are_what_the_account_sees(busy: World, signed_in: SignIn) -> None:
    def figure(account: Account) -> str:
        page = signed_in(account).get("/password/")
        return next(e["shown"] for e in page.context["nav"] if e["url"] == "/queue/")

    assert figure(busy.township_officer) == figure(busy.county_officer) == "1"
    assert figure(busy.other_township_officer) == ""


@pytest.mark.parametrize("name", ["township_officer", "county_officer", "worker_1"])
def test_one_count_agrees_with_each_counted_alone(
    busy: World, signed_in: SignIn, name: str
) -> None:
    account = getattr(busy, name)
    page = signed_in(account).get("/password/")
    alone = {
        item.label: sum(rows.count() for rows in item.rows(account))
        for item in nav_items()
        if item.allowed(account)
    }
    assert {entry["label"]: entry["count"] for entry in page.context["nav"]} == alone
    assert any(alone.values()) == (name != "worker_1")


def test_many_are_told_as_many(busy: World, signed_in: SignIn, monkeypatch: Any) -> None:
    monkeypatch.setattr("grid.frame.COUNTED_TO", 1)
    page = signed_in(busy.township_officer).get("/password/")
    entry = next(e for e in page.context["nav"] if e["url"] == "/queue/")
    assert (entry["count"], entry["shown"]) == (1, "0+")


# ---- folds ----


def groups_of(client: Client, path: str = "/password/") -> dict[str, bool]:
    return {g["key"]: g["open"] for g in client.get(path).context["nav_groups"]}


def test_the_group_of_the_page_is_open_whatever_was_folded(busy: World, signed_in: SignIn) -> None:
    client = signed_in(busy.township_officer)
    client.cookies["menu_folds"] = "data0.find0"
    assert groups_of(client, "/rules/")["data"]
    assert not groups_of(client, "/rules/")["find"]
    assert not groups_of(client)["data"]


def test_what_was_opened_stays_open(busy: World, signed_in: SignIn) -> None:
    client = signed_in(busy.county_officer)
    assert not groups_of(client)["team"]
    client.cookies["menu_folds"] = "team1"
    assert groups_of(client)["team"]


@pytest.mark.parametrize(
    "nonsense", ["", "0", "x1y2", "find", "<script>1", "find9.data", "." * 3000]
)
def test_a_cookie_of_nonsense_changes_nothing(
    busy: World, signed_in: SignIn, nonsense: str
) -> None:
    client = signed_in(busy.township_officer)
    usual = groups_of(client)
    client.cookies["menu_folds"] = nonsense
    assert groups_of(client) == usual


def test_a_short_menu_stands_open(busy: World, signed_in: SignIn) -> None:
    for name in ("clerk_medical", "auditor", "administrator"):
        assert all(groups_of(signed_in(getattr(busy, name))).values())


@pytest.mark.parametrize("role", [Role.TOWNSHIP_OFFICER, Role.COUNTY_OFFICER])
def test_a_long_menu_opens_no_more_than_fits(busy: World, signed_in: SignIn, role: Role) -> None:
    groups = signed_in(holder(busy, role)).get("/password/").context["nav_groups"]
    open_entries = sum(len(group["entries"]) for group in groups if group["open"])
    assert 0 < open_entries <= OPEN_ENTRIES


def test_who_has_no_post_meets_a_page_all_the_same(busy: World, signed_in: SignIn) -> None:
    assert not sight_of(busy.stranger).holdings
    page = signed_in(busy.stranger).get("/")
    assert (page.status_code, [e["url"] for e in page.context["nav"]]) == (200, ["/"])
