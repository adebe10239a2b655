"""Pages of the people in charge, and the audit trail."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from grid.models import Account, Post, Region, WorkItem
from grid.roles import Role
from tests.world import World, add_account, add_post
from yizhou.audit import AuditEntry

SignIn = Callable[[Account], Client]
TODAY = timezone.localdate()
PAGE = "/staffing/"


def queries_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_page_shows_every_village_of_the_place(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.township_officer).get(PAGE)
    assert [line.village.name for line in response.context["villages"]] == ["赛平村", "地罗村"]


def test_vacancies_stand_on_the_page_with_a_way_to_appoint(world: World, signed_in: SignIn) -> None:
    text = signed_in(world.township_officer).get(PAGE).content.decode()
    assert f"?role=tun_head&amp;region={world.far_tun.code}" in text


def test_village_head_sees_vacancies_without_the_right_to_appoint(
    world: World, signed_in: SignIn
) -> None:
    response = signed_in(world.village_head).get(PAGE)
    assert response.context["vacancy_count"] == 4
    assert "/staffing/appoint/" not in response.content.decode()


def test_place_out_of_sight_is_not_found(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.township_officer).get(PAGE, {"region": world.other_township.code})
    assert response.status_code == 404


@pytest.mark.parametrize("name", ["clerk_medical", "stranger"])
def test_page_is_refused_without_a_place(world: World, signed_in: SignIn, name: str) -> None:
    assert signed_in(world.accounts()[name]).get(PAGE).status_code == 403


def test_auditor_sees_posts_and_no_loads(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.auditor).get(PAGE)
    assert response.context["loads"] == []
    assert response.context["posts"]


def test_county_sees_the_clerks_of_departments(world: World, signed_in: SignIn) -> None:
    posts = signed_in(world.county_officer).get(PAGE).context["posts"]
    assert sum(p.role == Role.DEPARTMENT_CLERK for p in posts) == 4


def test_work_of_somebody_who_left_is_counted_on_the_page(world: World, signed_in: SignIn) -> None:
    WorkItem.objects.create(
        household=world.household,
        code=world.grid.code,
        severity=2,
        due_on=TODAY,
        assignee=world.worker_1,
    )
    world.worker_1.posts.update(until_on=TODAY)
    response = signed_in(world.township_officer).get(PAGE)
    assert response.context["stranded"] == 1
    assert "已离任，须移交" in response.content.decode()


def test_page_takes_the_same_queries_for_one_village_and_many(
    world: World, signed_in: SignIn
) -> None:
    client = signed_in(world.county_officer)
    few = queries_of(client, PAGE)
    for n in range(300, 320):
        village = Region.objects.create(
            code=f"{world.township.code}{n}", name=f"村{n}", level="village", parent=world.township
        )
        account = add_account(f"head{n}", f"村网格长{n}")
        add_post(account, Role.VILLAGE_HEAD, region=village)
    assert queries_of(client, PAGE) == few


# Appointing


def appoint_form(world: World, **changes: object) -> dict[str, object]:
    return {
        "role": "tun_head",
        "username": "stranger",
        "region": world.far_tun.code,
        "from_on": f"{TODAY}",
    } | changes


def test_appointing_from_a_vacancy(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.township_officer).post(reverse("appoint"), appoint_form(world))
    assert response.headers["Location"] == f"/staffing/?region={world.village.code}"
    assert world.stranger.posts.get().region == world.far_tun


def test_form_comes_filled_from_the_vacancy(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.township_officer).get(
        reverse("appoint"), {"role": "tun_head", "region": world.far_tun.code}
    )
    assert f'value="{world.far_tun.code}" selected' in response.content.decode()


def test_role_is_asked_first(world: World, signed_in: SignIn) -> None:
    text = signed_in(world.township_officer).get(reverse("appoint")).content.decode()
    assert "任职人的用户名" not in text
    assert "屯级网格长" in text
    assert "县级监测专员" not in text


def test_full_seat_is_said_on_the_form(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.township_officer).post(
        reverse("appoint"), appoint_form(world, region=world.tun.code)
    )
    assert response.status_code == 422
    assert "现任：屯网格长甲" in response.content.decode()


def test_unknown_username_stands_beside_its_field(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.township_officer).post(
        reverse("appoint"), appoint_form(world, username="nobody")
    )
    assert "username" in response.context["form"].errors


def test_place_of_another_township_is_no_choice(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.township_officer).post(
        reverse("appoint"), appoint_form(world, region=world.other_tun.code)
    )
    assert "region" in response.context["form"].errors


@pytest.mark.parametrize("role", ["nonsense", "", "county_officer"])
def test_role_that_is_not_offered_appoints_nobody(
    world: World, signed_in: SignIn, role: str
) -> None:
    signed_in(world.township_officer).post(reverse("appoint"), appoint_form(world, role=role))
    assert not world.stranger.posts.exists()


def test_county_appoints_a_clerk(world: World, signed_in: SignIn) -> None:
    signed_in(world.county_officer).post(
        reverse("appoint"),
        {
            "role": "department_clerk",
            "username": "stranger",
            "department": world.civil.pk,
            "from_on": f"{TODAY}",
        },
    )
    assert world.stranger.posts.get().department == world.civil


@pytest.mark.parametrize("name", ["appoint", "open-account", "hand-over"])
def test_forms_are_refused_to_grid_workers(world: World, signed_in: SignIn, name: str) -> None:
    assert signed_in(world.worker_1).get(reverse(name)).status_code == 403


# Ending and handing over


def test_leaving_with_open_work_asks_for_a_successor(world: World, signed_in: SignIn) -> None:
    item = WorkItem.objects.create(
        household=world.household,
        code=world.grid.code,
        severity=2,
        due_on=TODAY,
        assignee=world.worker_1,
    )
    client = signed_in(world.township_officer)
    address = reverse("end-post", args=[world.worker_1.posts.get().pk])
    refused = client.post(address, {"until_on": f"{TODAY}"})
    assert "还有 1 件未办结" in refused.context["form"].errors["hand_to"][0]
    client.post(address, {"until_on": f"{TODAY}", "hand_to": world.worker_2.pk})
    item.refresh_from_db()
    assert item.assignee == world.worker_2
    assert world.worker_1.posts.get().until_on == TODAY


def test_post_elsewhere_cannot_be_ended(world: World, signed_in: SignIn) -> None:
    address = reverse("end-post", args=[world.worker_1.posts.get().pk])
    client = signed_in(world.other_township_officer)
    assert client.post(address, {"until_on": f"{TODAY}"}).status_code == 404


def test_administrator_ends_the_post_of_a_clerk(world: World, signed_in: SignIn) -> None:
    post = world.clerk_medical.posts.get()
    signed_in(world.administrator).post(
        reverse("end-post", args=[post.pk]), {"until_on": f"{TODAY}"}
    )
    post.refresh_from_db()
    assert post.until_on == TODAY


def test_hand_over_by_page(world: World, signed_in: SignIn) -> None:
    item = WorkItem.objects.create(
        household=world.household,
        code=world.grid.code,
        severity=2,
        due_on=TODAY,
        assignee=world.worker_1,
    )
    address = reverse("hand-over", query={"region": world.village.code})
    response = signed_in(world.village_head).post(
        address,
        {
            "from_account": world.worker_1.pk,
            "to_account": world.worker_2.pk,
            "reason": "病假",
        },
        follow=True,
    )
    assert "已移交 1 件" in response.content.decode()
    item.refresh_from_db()
    assert item.assignee == world.worker_2


def test_hand_over_needs_somebody_to_take_it(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.village_head).post(
        reverse("hand-over"), {"from_account": world.worker_1.pk, "reason": "病假"}
    )
    assert "to_account" in response.context["form"].errors


def test_hand_over_with_posts_to_a_newcomer(world: World, signed_in: SignIn) -> None:
    signed_in(world.township_officer).post(
        reverse("hand-over"),
        {
            "from_account": world.worker_1.pk,
            "to_username": "stranger",
            "with_posts": "on",
            "reason": "调离",
        },
    )
    assert world.stranger.posts.get().region == world.grid


def test_account_is_opened_and_leads_to_appointing(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.administrator).post(
        reverse("open-account"),
        {"name": "某甲", "username": "newcomer", "password": "long-enough-2026"},
    )
    assert response.headers["Location"] == "/staffing/appoint/?username=newcomer"
    assert not Post.objects.filter(account__username="newcomer").exists()


def test_weak_password_stands_beside_its_field(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.administrator).post(
        reverse("open-account"), {"name": "某甲", "username": "newcomer", "password": "123"}
    )
    assert "密码太弱" in response.context["form"].errors["password"][0]


# The audit trail


@pytest.fixture
def trail(world: World) -> World:
    for actor, verb, region in (
        (world.worker_1, "read", world.grid),
        (world.township_officer, "revealed_identity", world.grid),
        (world.other_worker, "read", world.other_grid),
    ):
        AuditEntry.objects.create(
            actor=actor,
            actor_name=actor.name,
            verb=verb,
            subject_type="grid.household",
            subject_id="7",
            code=region.code,
        )
    return world


def verbs(client: Client, **query: str) -> list[str]:
    rows = client.get(reverse("audit-trail"), query).context["rows"]
    return [row.verb for row, *_ in rows if row.verb != "read_audit"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 3),
        ({"verb": "read"}, 2),
        ({"actor": "镇审核"}, 1),
        ({"code": "451203106"}, 1),
        ({"subject": "7"}, 3),
        ({"subject": "8"}, 0),
        ({"since": "2020-01-01", "until": "2020-12-31"}, 0),
        ({"since": f"{TODAY}"}, 3),
        ({"since": "2026-02-31"}, 3),
        ({"code": "x"}, 3),
    ],
)
def test_trail_is_filtered_and_drops_what_it_cannot_read(
    trail: World, signed_in: SignIn, query: dict[str, str], count: int
) -> None:
    assert len(verbs(signed_in(trail.auditor), **query)) == count


def test_trail_is_for_the_auditor_alone(trail: World, signed_in: SignIn) -> None:
    for name, account in trail.accounts().items():
        if name == "auditor":
            continue
        assert signed_in(account).get(reverse("audit-trail")).status_code == 403, name


def test_reading_the_trail_leaves_a_trace(trail: World, signed_in: SignIn) -> None:
    verbs(signed_in(trail.auditor), actor="镇审核")
    entry = AuditEntry.objects.get(verb="read_audit")
    assert (entry.actor, entry.detail) == (trail.auditor, {"actor": "镇审核"})


def test_trail_takes_the_same_queries_however_long(trail: World, signed_in: SignIn) -> None:
    client, address = signed_in(trail.auditor), reverse("audit-trail")
    few = queries_of(client, address)
    AuditEntry.objects.bulk_create(
        AuditEntry(
            actor=trail.leader, actor_name="甲", verb="read", subject_type="x", code=trail.grid.code
        )
        for _ in range(80)
    )
    assert queries_of(client, address) == few
