"""The pages of the visit plan and of the checks; the worker's list by hamlet."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grid.actions.campaigns import fill_campaigns
from grid.actions.visit_categories import install_routine
from grid.actions.visit_plans import open_plan
from grid.models import Account, Campaign, Outcome, PlanEntry, VisitCategory, WorkItem
from tests.grid.routine import LONG_AGO, open_visit
from tests.grid.test_campaigns import begin
from tests.grid.test_visit_plans import draw, entry, push, visit
from tests.world import World
from yizhou.audit import SYSTEM, AuditEntry

pytestmark = pytest.mark.django_db
SignIn = Callable[[Account], Client]


@pytest.fixture
def plan(world: World) -> World:
    install_routine(acting=SYSTEM, from_on=LONG_AGO)
    return world


def body(client: Client, url: str, status: int = 200) -> str:
    answer = client.get(url)
    assert answer.status_code == status
    return answer.content.decode()


def test_the_plan_counts_by_place_within_sight(plan: World, signed_in: SignIn) -> None:
    push()
    visit(plan.household)
    page = body(signed_in(plan.township_officer), "/visit-plans/")
    assert "地罗村" in page
    assert "赛平村" in page
    assert "怀道村" not in page
    assert "<b>4</b>" in page


def test_a_grid_s_households_are_listed_with_their_state(plan: World, signed_in: SignIn) -> None:
    push()
    page = body(signed_in(plan.township_officer), f"/visit-plans/?place={plan.grid.pk}")
    assert "韦甲 户" in page
    assert "每季度" in page


def test_a_place_out_of_reach_shows_one_s_own(plan: World, signed_in: SignIn) -> None:
    push()
    page = body(signed_in(plan.township_officer), f"/visit-plans/?place={plan.other_grid.pk}")
    assert "潘甲" not in page


def test_without_a_plan_the_page_says_so(world: World, signed_in: SignIn) -> None:
    assert "没有计划的走访" in body(signed_in(world.township_officer), "/visit-plans/")


@pytest.mark.parametrize("url", ["/visit-plans/", "/visit-plans/rhythms/", "/campaigns/"])
def test_workers_and_auditors_have_other_pages(plan: World, signed_in: SignIn, url: str) -> None:
    for who in (plan.worker_1, plan.auditor):
        assert signed_in(who).get(url).status_code == 403


def test_only_what_is_behind_is_listed_on_wish(plan: World, signed_in: SignIn) -> None:
    push()
    client = signed_in(plan.township_officer)
    assert "没有落后的地方" in body(client, "/visit-plans/?behind=1")
    late = timezone.localdate() - timedelta(days=8)
    PlanEntry.objects.filter(household=plan.household).update(week_on=late)
    page = body(client, "/visit-plans/?behind=1")
    assert ("地罗村" in page, "赛平村" in page) == (True, False)


def test_the_overview_takes_the_same_queries_for_more_places(
    plan: World, signed_in: SignIn
) -> None:
    client = signed_in(plan.county_officer)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as caught:
            body(client, "/visit-plans/")
        counts.append(len(caught))
        push()
    assert counts[1] - counts[0] <= 1  # the names of the places are asked once there are any


def test_the_effect_is_shown_before_anything_is_saved(plan: World, signed_in: SignIn) -> None:
    asked = {
        "months": "1",
        "away_months": "0",
        "from_on": timezone.localdate().isoformat(),
        "source": "县里会议纪要",
    }
    client = signed_in(plan.county_officer)
    shown = client.post("/visit-plans/rhythms/everybody/", asked | {"preview": "1"})
    assert shown.status_code == 200
    assert "各地每月的走访量" in shown.content.decode()
    assert VisitCategory.objects.filter(key="everybody").count() == 1
    assert client.post("/visit-plans/rhythms/everybody/", asked).status_code == 302
    assert VisitCategory.objects.filter(key="everybody").count() == 2


def test_a_bad_rhythm_keeps_what_was_typed(plan: World, signed_in: SignIn) -> None:
    answer = signed_in(plan.county_officer).post(
        "/visit-plans/rhythms/everybody/",
        {"months": "2", "away_months": "0", "from_on": "明天", "source": "县里会议纪要"},
    )
    page = answer.content.decode()
    assert (answer.status_code, "县里会议纪要" in page, "明天" in page) == (422, True, True)


def test_rhythms_are_read_by_townships_and_changed_by_the_county(
    plan: World, signed_in: SignIn
) -> None:
    client = signed_in(plan.township_officer)
    assert "待核定" in body(client, "/visit-plans/rhythms/")
    assert client.get("/visit-plans/rhythms/everybody/").status_code == 403


def test_a_finding_is_decided_on_its_page(plan: World, signed_in: SignIn) -> None:
    push()
    visit(plan.household, Outcome.TO_MONITORING)
    client = signed_in(plan.township_officer)
    assert "韦甲 户" in body(client, "/visit-plans/findings/")
    url = f"/visit-plans/findings/{entry(plan.household).pk}/"
    refused = client.post(url, {"reason": "好"})
    assert refused.status_code == 400
    assert "没有办理" in refused.content.decode()
    assert client.post(url, {"reason": "已转入识别程序"}).status_code == 302
    assert not WorkItem.objects.open().filter(household=plan.household).exists()


# ---- checks ----


def form(world: World, **change: object) -> dict[str, object]:
    today = timezone.localdate()
    return {
        "name": "冬季集中排查",
        "purpose": "逐户核实两不愁三保障和饮水",
        "places": [world.village.pk],
        "groups": ["everybody"],
        "from_on": today.isoformat(),
        "until_on": (today + timedelta(days=20)).isoformat(),
    } | change


def test_a_check_is_previewed_and_begun(plan: World, signed_in: SignIn) -> None:
    client = signed_in(plan.township_officer)
    shown = client.post("/campaigns/new/", form(plan, preview="1"))
    assert "要查 3 户" in shown.content.decode()
    assert not Campaign.objects.exists()
    assert client.post("/campaigns/new/", form(plan)).status_code == 302
    assert Campaign.objects.get().villages.get().village == plan.village


def test_a_bad_check_keeps_what_was_typed(plan: World, signed_in: SignIn) -> None:
    answer = signed_in(plan.township_officer).post(
        "/campaigns/new/", form(plan, until_on="2020-01-01", name="")
    )
    page = answer.content.decode()
    assert (answer.status_code, "逐户核实两不愁三保障和饮水" in page) == (422, True)


def test_another_township_s_village_cannot_be_ticked(plan: World, signed_in: SignIn) -> None:
    answer = signed_in(plan.township_officer).post(
        "/campaigns/new/", form(plan, places=[plan.other_village.pk])
    )
    assert answer.status_code == 422
    assert not Campaign.objects.exists()


def test_coverage_is_by_place_and_stays_within_sight(plan: World, signed_in: SignIn) -> None:
    made = begin(plan, plan.county_officer, places=[plan.county.pk])
    fill_campaigns(acting=SYSTEM)
    county = body(signed_in(plan.county_officer), f"/campaigns/{made.pk}/")
    assert ("德胜镇" in county, "北山镇" in county) == (True, True)
    village = body(signed_in(plan.village_head), f"/campaigns/{made.pk}/")
    assert ("第一网格" in village, "第五网格" in village, "停止排查" in village) == (
        True,
        False,
        False,
    )


def test_a_check_elsewhere_is_not_found(plan: World, signed_in: SignIn) -> None:
    made = begin(plan)
    assert signed_in(plan.other_township_officer).get(f"/campaigns/{made.pk}/").status_code == 404


def test_a_check_is_stopped_on_its_page(plan: World, signed_in: SignIn) -> None:
    made = begin(plan)
    fill_campaigns(acting=SYSTEM)
    client = signed_in(plan.township_officer)
    stale = client.post(f"/campaigns/{made.pk}/", {"reason": "汛情，改期", "version": "9"})
    assert stale.status_code == 422
    assert (
        client.post(f"/campaigns/{made.pk}/", {"reason": "汛情，改期", "version": "1"}).status_code
        == 302
    )
    assert "没有走访的都已撤回" in body(client, f"/campaigns/{made.pk}/")


def test_the_list_takes_the_same_queries_for_more_checks(plan: World, signed_in: SignIn) -> None:
    client = signed_in(plan.township_officer)
    counts = []
    for _ in range(2):
        begin(plan)
        fill_campaigns(acting=SYSTEM)
        open_plan(acting=SYSTEM)
        with CaptureQueriesContext(connection) as caught:
            body(client, "/campaigns/")
        counts.append(len(caught))
    assert counts[0] == counts[1]


# ---- the worker's list ----


def test_the_list_goes_by_hamlet_on_wish(plan: World, signed_in: SignIn) -> None:
    today = timezone.localdate()
    for n, household in enumerate((plan.lone_household, plan.next_household, plan.household)):
        open_visit(household, opened_on=today, due_on=today + timedelta(days=n), subject=n)
    WorkItem.objects.update(assignee=plan.village_head)
    client = signed_in(plan.village_head)
    heads = ("韦甲 户", "蓝甲 户", "罗甲 户")
    by_day = body(client, "/my-work/?tab=all")
    by_hamlet = body(client, "/my-work/?tab=all&order=route")
    assert [sorted(heads, key=page.index) for page in (by_day, by_hamlet)] == [
        ["罗甲 户", "蓝甲 户", "韦甲 户"],
        ["韦甲 户", "蓝甲 户", "罗甲 户"],
    ]
    assert by_hamlet.index("拉敢屯</h2>") < by_hamlet.index("下里屯</h2>")


def test_the_route_sheet_prints_own_visits_without_numbers_of_people(
    plan: World, signed_in: SignIn
) -> None:
    push()
    page = body(signed_in(plan.worker_1), "/my-work/route/?tab=all")
    assert ("韦甲" in page, "罗甲" in page) == (True, False)
    assert plan.people["韦甲"].id_tail not in page.split("<main", 1)[1]
    assert signed_in(plan.leader).get("/my-work/route/").status_code == 403


def test_nothing_to_print_is_said(plan: World, signed_in: SignIn) -> None:
    draw()
    assert "没有要走访的户" in body(signed_in(plan.worker_1), "/my-work/route/")
    assert not AuditEntry.objects.filter(verb="printed_route_sheets").exists()


def test_a_worker_s_sheet_says_who_prints_it_and_is_written_down(
    plan: World, signed_in: SignIn
) -> None:
    push()
    page = body(signed_in(plan.worker_1), "/my-work/route/?tab=all")
    assert f"打印人：{plan.worker_1.name}" in page
    entry = AuditEntry.objects.get(verb="printed_route_sheets")
    assert entry.actor == plan.worker_1
    assert entry.detail == {"sheets": 1, "items": 1, "filters": "tab=all"}


def test_both_route_sheets_are_one_page(plan: World, signed_in: SignIn) -> None:
    push()
    own = signed_in(plan.worker_1).get("/my-work/route/")
    office = signed_in(plan.township_officer).get(
        "/desk/route-sheets/", {"worker": plan.worker_1.pk}
    )
    hamlets = [[h for h, _ in page.context["sheets"][0]["hamlets"]] for page in (own, office)]
    assert hamlets[0] == hamlets[1] != []
    assert [t.name for t in own.templates][0] == [t.name for t in office.templates][0]
