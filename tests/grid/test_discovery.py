"""A household that somebody met: told once, matched, decided, visited, answered."""

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grid.actions.discovery import (
    join_report,
    report_household,
    set_aside_report,
    take_up_report,
)
from grid.actions.posts import appoint_post
from grid.actions.visits import Incomplete, Report, file_visit
from grid.discovery import became, candidates, due_day, place_choices, repeats_of
from grid.envelopes import receipt_of
from grid.models import (
    Account,
    Household,
    HouseholdReport,
    Outcome,
    Person,
    Post,
    ReportLimit,
    VisitReport,
    WorkItem,
)
from grid.models.discovery import Difficulty
from grid.offline import pack_of
from grid.roles import Act, Role
from monitoring.actions.discovery import collect_discoveries
from monitoring.models import Clue
from tests.grid.field_phone import FieldPhone
from tests.grid.test_visit_form import FULL
from tests.grid.test_wall import behind_wall
from tests.world import World, add_account, add_post
from yizhou.audit import AuditEntry
from yizhou.refusals import NotAllowed, Overtaken, Refusal
from yizhou.sealed import unseal

SignIn = Callable[[Account], Client]
PHONE = "10000009999".replace("100", "199", 1)


@pytest.fixture
def assistant(world: World) -> Account:
    account = add_account("assistant", "协理员甲")
    add_post(account, Role.VILLAGE_ASSISTANT, region=world.village)
    return account


def said(world: World, **change: Any) -> dict[str, Any]:
    return {
        "report_id": uuid.uuid4(),
        "found_at": timezone.now(),
        "name": "韦甲",
        "phone": "",
        "place": world.tun.pk,
        "address": "",
        "people": None,
        "difficulty": "ill",
        "sentence": "男主人住院，家里没有收入",
    } | change


def report(world: World, by: Account, **change: Any) -> HouseholdReport:
    return report_household(acting=by, **said(world, **change))


# Receiving


def test_receipt_names_a_number_and_a_day(world: World, assistant: Account) -> None:
    told = report(world, assistant)
    assert receipt_of(told.pk) in told.receipt_sentence
    assert told.due_on == due_day(ReportLimit.Step.DECIDE, timezone.localdate())


def test_same_report_ten_times_is_one(world: World, assistant: Account) -> None:
    same = said(world, position={"lat": 24.49, "lon": 108.65, "accuracy_m": 12})
    answers = {report_household(acting=assistant, **same).receipt_sentence for _ in range(10)}
    assert (len(answers), HouseholdReport.objects.count()) == (1, 1)


def test_other_content_under_the_same_id_is_refused(world: World, assistant: Account) -> None:
    same = said(world)
    report_household(acting=assistant, **same)
    with pytest.raises(Refusal, match="另一份内容"):
        report_household(acting=assistant, **same | {"sentence": "改了一句话的内容"})


def test_id_of_somebody_else_is_refused_behind_the_wall(world: World, assistant: Account) -> None:
    first = said(world, place=world.far_tun.pk)
    report_household(acting=assistant, **first)
    with behind_wall(world.worker_1), pytest.raises(Refusal, match="编号已被别的记录使用"):
        report_household(acting=world.worker_1, **first)


def test_phone_and_position_are_sealed(world: World, assistant: Account) -> None:
    told = report(
        world, assistant, phone=PHONE, position={"lat": 24.49, "lon": 108.65, "accuracy_m": 12}
    )
    kept = HouseholdReport.objects.get(pk=told.pk)
    assert PHONE.encode() not in bytes(kept.phone_sealed)
    column = "grid_householdreport.phone_sealed"
    assert unseal(kept.phone_sealed, column=column, row=kept.pk) == PHONE
    assert b"108.65" not in bytes(kept.position_sealed)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"sentence": "病"}, "sentence"),
        ({"difficulty": "nonsense"}, "difficulty"),
        ({"people": -1}, "people"),
        ({"people": 31}, "people"),
        ({"phone": "12"}, "phone"),
        ({"place": "451203106201001"}, "place"),
        ({"place": "451203"}, "place"),
        ({"place": "x'; --"}, "place"),
        ({"found_at": None}, "found_at"),
        ({"found_at": timezone.now() + timedelta(hours=1)}, "found_at"),
        ({"found_at": timezone.now() - timedelta(days=32)}, "found_at"),
    ],
)
def test_each_fault_has_its_sentence(
    world: World, assistant: Account, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(Incomplete) as refused:
        report(world, assistant, **change)
    assert set(refused.value.errors) == {field}
    assert not HouseholdReport.objects.exists()


@pytest.mark.parametrize("position", [{}, {"lat": "x"}, {"lat": 99, "lon": 0, "accuracy_m": 1}])
def test_position_that_is_none_does_not_stop_the_report(
    world: World, assistant: Account, position: dict[str, Any]
) -> None:
    assert report(world, assistant, position=position).position_sealed is None


def test_household_out_of_sight_is_left_to_the_township(world: World, assistant: Account) -> None:
    told = report(world, assistant, household_id=world.household.pk)
    assert told.household_id is None


def test_household_in_sight_is_kept(world: World) -> None:
    told = report(world, world.worker_1, household_id=world.household.pk)
    assert told.household == world.household


def test_leader_cannot_report(world: World) -> None:
    with pytest.raises(NotAllowed):
        report(world, world.leader)


# The narrow roles


@pytest.mark.parametrize(
    ("role", "place"),
    [
        (Role.VILLAGE_ASSISTANT, "village"),
        (Role.SOCIAL_STATION, "township"),
        (Role.VOLUNTEER, "village"),
    ],
)
def test_township_appoints_who_only_reports(world: World, role: Role, place: str) -> None:
    account = add_account("narrow", "上报人甲")
    appoint_post(
        acting=world.township_officer,
        account=account,
        role=role,
        region=getattr(world, place),
        from_on=date(2026, 1, 1),
    )
    seen = [account.sees(model).count() for model in (Household, Person, Post, WorkItem)]
    assert (seen, [act for act in Act if account.may(act)]) == ([0] * 4, [Act.REPORT_HOUSEHOLD])


def test_narrow_role_sees_own_reports_alone(world: World, assistant: Account) -> None:
    mine = report(world, assistant)
    report(world, world.worker_1)
    assert list(assistant.sees(HouseholdReport)) == [mine]


def test_narrow_role_reports_and_reads_behind_the_wall(
    world: World, assistant: Account, signed_in: SignIn, settings: Any
) -> None:
    settings.WALL_UP = True
    report(world, world.worker_1, name="别人上报")
    client = signed_in(assistant)
    response = client.post("/reports/new/", posted(world))
    page = client.get(response["Location"]).content.decode()
    connection.cursor().execute(
        "SELECT set_config('yizhou.low', '', false), set_config('yizhou.high', '~', false)"
    )
    assert ("韦甲" in page, "别人上报" in page) == (True, False)


def test_report_is_lost_from_sight_with_the_post(world: World, assistant: Account) -> None:
    report(world, assistant)
    assistant.posts.update(until_on=timezone.localdate())
    del assistant.__dict__["_sight"]
    assert assistant.sees(HouseholdReport).count() == 0


@pytest.mark.parametrize(
    "path", ["/households/", "/my-work/", "/staffing/", "/reports/", "/queue/"]
)
def test_narrow_role_is_kept_out(
    world: World, assistant: Account, signed_in: SignIn, path: str
) -> None:
    assert signed_in(assistant).get(path).status_code == 403


def test_narrow_role_begins_with_own_reports(
    world: World, assistant: Account, signed_in: SignIn
) -> None:
    response = signed_in(assistant).get("/", follow=True)
    assert response.redirect_chain == [("/reports/mine/", 302)]
    assert "还没有上报过" in response.content.decode()


# Places


def test_assistant_chooses_hamlets_of_the_village_then_other_villages(
    world: World, assistant: Account
) -> None:
    assert [
        (name, [label for _, label in places]) for name, places in place_choices(assistant)
    ] == [
        ("地罗村", ["拉敢屯", "下里屯", "地罗村，不清楚哪个屯"]),
        ("本乡镇其他村", ["赛平村"]),
    ]


def test_county_chooses_villages_by_township(world: World) -> None:
    assert [name for name, _ in place_choices(world.county_officer)] == ["德胜镇", "北山镇"]


# The form without a script


def posted(world: World, **change: str) -> dict[str, str]:
    return {
        "report_id": str(uuid.uuid4()),
        "found_at": timezone.now().isoformat(),
        "name": "韦甲",
        "place": world.tun.pk,
        "difficulty": "ill",
        "sentence": "男主人住院，家里没有收入",
        "people": "",
    } | change


def test_form_names_the_receipt(world: World, assistant: Account, signed_in: SignIn) -> None:
    response = signed_in(assistant).post("/reports/new/", posted(world), follow=True)
    assert HouseholdReport.objects.get().receipt in response.content.decode()


def test_form_keeps_what_was_typed(world: World, assistant: Account, signed_in: SignIn) -> None:
    response = signed_in(assistant).post("/reports/new/", posted(world, difficulty=""))
    page = response.content.decode()
    assert response.status_code == 422
    assert "请选择主要的难处" in page
    assert "男主人住院，家里没有收入" in page


@pytest.mark.parametrize("change", [{"report_id": "x"}, {"found_at": "x"}, {"people": "many"}])
def test_form_with_a_broken_field_is_no_error_page(
    world: World, assistant: Account, signed_in: SignIn, change: dict[str, str]
) -> None:
    response = signed_in(assistant).post("/reports/new/", posted(world, **change))
    assert (response.status_code, HouseholdReport.objects.count()) == (422, 0)


def test_form_is_prefilled_from_a_household_in_sight(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.worker_1)
    page = client.get(f"/reports/new/?household={world.household.pk}").content.decode()
    hidden = client.get(f"/reports/new/?household={world.other_household.pk}").content.decode()
    assert ("韦甲" in page, "潘甲" in hidden) == (True, False)


# The township


def test_candidates_bear_the_name_in_the_village(world: World, assistant: Account) -> None:
    told = report(world, assistant, name="韦丁")
    (found,) = candidates(world.township_officer, told)
    assert (found.household, found.who, found.same_hamlet) == (world.household, "韦丁", True)


def test_another_township_has_neither_the_report_nor_a_candidate(
    world: World, assistant: Account
) -> None:
    told = report(world, assistant)
    assert not world.other_township_officer.sees(HouseholdReport).exists()
    assert candidates(world.other_township_officer, told) == []


def test_opening_tells_the_reporter(world: World, assistant: Account, signed_in: SignIn) -> None:
    told = report(world, assistant)
    signed_in(world.township_officer).get(f"/reports/{told.pk}/")
    told.refresh_from_db()
    assert became(told).label == "乡镇处理中"


def decide(client: Client, told: HouseholdReport, **change: Any) -> Any:
    client.get(f"/reports/{told.pk}/")
    told.refresh_from_db()
    return client.post(f"/reports/{told.pk}/", {"version": told.version} | change, follow=True)


def test_taken_up_becomes_a_visit_of_the_worker(
    world: World, assistant: Account, signed_in: SignIn
) -> None:
    told = report(world, assistant)
    response = decide(
        signed_in(world.township_officer), told, decision="take_up", household=world.household.pk
    )
    item = world.household.work_items.get()
    purpose = item.purposes.get()
    assert (item.assignee, purpose.kind, purpose.subject) == (
        world.worker_1,
        "discovery",
        told.number,
    )
    assert item.due_on == due_day(ReportLimit.Step.VISIT, timezone.localdate())
    assert "村级协理员上报" in purpose.sentence
    assert "协理员甲" not in purpose.sentence
    assert "一级网格员甲" in response.content.decode()


def test_limit_in_force_sets_the_day(world: World) -> None:
    today = timezone.localdate()
    ReportLimit.objects.filter(step="visit").update(until_on=today)
    ReportLimit.objects.create(step="visit", workdays=9, from_on=today, source="测试文件")
    later = due_day(ReportLimit.Step.VISIT, today)
    assert later > due_day(ReportLimit.Step.VISIT, today - timedelta(days=1))


def test_number_of_a_household_may_be_typed(
    world: World, assistant: Account, signed_in: SignIn
) -> None:
    told = report(world, assistant, name="不在册的人")
    decide(signed_in(world.township_officer), told, decision="take_up", number="104-207-0003")
    told.refresh_from_db()
    assert told.household == world.lone_household


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"decision": "take_up"}, "请选择是哪一户"),
        ({"decision": "take_up", "number": "106-201-0001"}, "没有找到这个户编号"),
        ({"decision": "set_aside", "reason": ""}, "请写明不予采纳的原因"),
        ({"decision": "join", "other": "x"}, "请选择并入哪一份上报"),
        ({"decision": "nonsense"}, "请选择怎样处理"),
    ],
)
def test_decision_that_lacks_something_says_so(
    world: World, assistant: Account, signed_in: SignIn, change: dict[str, str], sentence: str
) -> None:
    told = report(world, assistant, name="不在册的人")
    response = decide(signed_in(world.township_officer), told, **change)
    told.refresh_from_db()
    assert sentence in response.content.decode()
    assert told.decided_at is None


def test_two_officers_do_not_decide_twice(world: World, assistant: Account) -> None:
    told = report(world, assistant)
    act = {"acting": world.township_officer, "report": told, "version_seen": 1}
    take_up_report(**act, household=world.household)
    with pytest.raises(Overtaken):
        set_aside_report(**act, reason="已是低保户")
    assert world.household.work_items.count() == 1


def test_village_officer_reads_but_does_not_decide(
    world: World, assistant: Account, signed_in: SignIn
) -> None:
    told = report(world, assistant)
    client = signed_in(world.info_officer)
    page = client.get(f"/reports/{told.pk}/").content.decode()
    answer = client.post(
        f"/reports/{told.pk}/",
        {"version": 1, "decision": "set_aside", "reason": "已是低保户"},
    )
    assert ("由乡镇审核员决定" in page, answer.status_code) == (True, 403)


def test_reason_goes_back_to_the_reporter_once(
    world: World, assistant: Account, signed_in: SignIn
) -> None:
    told = report(world, assistant)
    decide(
        signed_in(world.township_officer), told, decision="set_aside", reason="已是低保户，正在办"
    )
    client = signed_in(assistant)
    first, second = (client.get("/reports/mine/").content.decode() for _ in range(2))
    assert "已是低保户，正在办" in first
    assert (first.count(">新<"), second.count(">新<")) == (1, 0)


def test_same_name_and_hamlet_within_a_month_is_shown(world: World, assistant: Account) -> None:
    told = report(world, assistant)
    near = report(world, world.worker_1, place=world.grid.pk)
    report(world, assistant, place=world.far_tun.pk)
    report(world, assistant, name="蓝甲")
    old = report(world, world.tun_head)
    HouseholdReport.objects.filter(pk=old.pk).update(
        received_at=timezone.now() - timedelta(days=31)
    )
    assert repeats_of(world.township_officer, [told])[told.pk] == [near]


def test_joined_report_follows_the_other(world: World, assistant: Account) -> None:
    first, second = report(world, world.worker_1), report(world, assistant)
    join_report(acting=world.township_officer, report=second, version_seen=1, other=first)
    set_aside_report(
        acting=world.township_officer, report=first, version_seen=1, reason="已是低保户"
    )
    second.refresh_from_db()
    assert (second.state, second.reason) == ("set_aside", "已是低保户")


def test_report_does_not_join_itself(world: World, assistant: Account) -> None:
    told = report(world, assistant)
    with pytest.raises(Refusal, match="不能并入"):
        join_report(acting=world.township_officer, report=told, version_seen=1, other=told)


def test_household_not_in_the_registry_is_registered_from_the_report(
    world: World, assistant: Account, signed_in: SignIn
) -> None:
    told = report(world, assistant, name="梁甲", address="拉敢屯 30 号")
    client = signed_in(world.township_officer)
    address = f"/households/new/?report={told.pk}"
    form = client.get(address).context["form"]
    assert (form["name"].value(), form["address"].value()) == ("梁甲", "拉敢屯 30 号")
    response = client.post(
        address,
        {
            "cell": world.grid.pk,
            "kind": "ordinary",
            "address": "拉敢屯 30 号",
            "on": "2026-03-01",
            "name": "梁甲",
            "sex": "M",
            "born_on": "1990-05-06",
            "labour": "ordinary",
            "health": "healthy",
        },
    )
    told.refresh_from_db()
    assert response["Location"] == f"/reports/{told.pk}/"
    assert told.household is not None
    assert told.household.head is not None
    assert told.household.head.name == "梁甲"


def test_phone_is_shown_for_a_reason_and_written_down(
    world: World, assistant: Account, signed_in: SignIn
) -> None:
    told = report(world, assistant, phone=PHONE)
    client = signed_in(world.township_officer)
    assert PHONE not in client.get(f"/reports/{told.pk}/").content.decode()
    page = client.post(f"/reports/{told.pk}/phone/", {"reason": "联系上报的农户"})
    assert PHONE in page.content.decode()
    assert AuditEntry.objects.filter(verb="revealed_phone", subject_id=str(told.pk)).exists()


# After the visit


def visited(world: World, told: HouseholdReport, outcome: str) -> None:
    take_up_report(
        acting=world.township_officer,
        report=told,
        version_seen=told.version,
        household=world.household,
    )
    item = world.household.work_items.open().get()
    purpose = item.purposes.get(state="wanted")
    file_visit(
        acting=world.worker_1,
        visit_id=uuid.uuid4(),
        item=item,
        visited_at=timezone.now(),
        mode="in_person",
        answers=FULL,
        reports=[Report(purpose.pk, outcome, "住院票据两张，自付三万")],
    )


def test_risk_found_at_the_door_becomes_one_clue(world: World, assistant: Account) -> None:
    told = report(world, assistant)
    visited(world, told, Outcome.TO_MONITORING)
    assert [collect_discoveries() for _ in range(2)] == [1, 0]
    clue = Clue.objects.get()
    assert (clue.source, clue.household, clue.risk) == ("cadre_check", world.household, "因病")
    assert world.household.work_items.get().state == "closed"
    told.refresh_from_db()
    assert became(told).sentence == f"{Outcome.TO_MONITORING.label}。"


def test_no_risk_is_no_clue_and_the_reporter_hears(world: World, assistant: Account) -> None:
    told = report(world, assistant)
    joined = report(world, world.worker_1)
    join_report(acting=world.township_officer, report=joined, version_seen=1, other=told)
    visited(world, told, Outcome.NO_RISK_SELF_SOLVED)
    collect_discoveries()
    joined.refresh_from_db()
    assert (Clue.objects.count(), joined.outcome) == (0, Outcome.NO_RISK_SELF_SOLVED)


def test_nobody_met_goes_back_to_the_township_and_out_again(
    world: World, assistant: Account
) -> None:
    told = report(world, assistant)
    visited(world, told, Outcome.NOT_CONTACTABLE)
    collect_discoveries()
    told.refresh_from_db()
    assert (told.state, told.decided_at) == ("with_township", None)
    visited(world, told, Outcome.TO_MONITORING)
    collect_discoveries()
    assert Clue.objects.count() == 1


def test_worker_s_own_page_leaves_the_report_to_beat(world: World, assistant: Account) -> None:
    told = report(world, assistant)
    visited(world, told, Outcome.TO_MONITORING)
    item = world.household.work_items.get()
    with behind_wall(world.worker_1):
        assert collect_discoveries(work_item_id=item.pk) == 0
    assert VisitReport.objects.uncollected("discovery").count() == 1
    assert collect_discoveries() == 1


# Lists


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(path).status_code == 200
    return len(asked)


@pytest.mark.parametrize("path", ["/reports/", "/reports/mine/"])
def test_lists_ask_the_same_however_long(world: World, signed_in: SignIn, path: str) -> None:
    client = signed_in(world.township_officer)
    report(world, world.township_officer)
    client.get(path)
    few = queries(client, path)
    for _ in range(15):
        report(world, world.township_officer)
    assert queries(client, path) == few


def test_inbox_counts_by_state(world: World, assistant: Account, signed_in: SignIn) -> None:
    late = report(world, assistant)
    report(world, assistant, name="蓝甲")
    HouseholdReport.objects.filter(pk=late.pk).update(due_on=date(2026, 1, 1))
    context = signed_in(world.township_officer).get("/reports/").context
    counts = {key: count for key, _, count, _ in context["tabs"]}
    assert counts == {"waiting": 2, "late": 1, "visiting": 0, "visited": 0, "aside": 0}
    assert context["rows"][0]["report"] == late


# From the phone without signal


def test_letter_of_a_phone_becomes_a_report(world: World, assistant: Account) -> None:
    phone = FieldPhone(assistant)
    letter = {
        "id": str(uuid.uuid4()),
        "sealed_at": timezone.now().isoformat(),
        "found_at": timezone.now().isoformat(),
        "name": "韦甲",
        "place": world.tun.pk,
        "people": 0,
        "difficulty": "ill",
        "sentence": "男主人住院，家里没有收入",
        "position": {"lat": 24.49, "lon": 108.65, "accuracy_m": 12},
    }
    answer = phone.send(letter, "reports/").json()
    told = HouseholdReport.objects.get()
    assert (answer["state"], answer["sentence"]) == ("filed", told.receipt_sentence)
    assert (str(told.pk), told.by) == (letter["id"], assistant)


def test_pack_lists_the_difficulties_of_the_desk(world: World) -> None:
    codes = [code for code, _ in pack_of(world.worker_1)["lists"]["difficulties"]]
    assert codes == Difficulty.values
