"""Pages of households: what they show, what they hide, what they write down."""

from collections.abc import Callable
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from grid.models import Account, Household, HouseholdEvent, Membership, Person
from tests.world import World, add_household, id_number
from yizhou.audit import AuditEntry

SignIn = Callable[[Account], Client]
LIST = "/households/"


def page_of(household: Household) -> str:
    return f"/households/{household.pk}/"


def change_of(household: Household, what: str) -> str:
    return reverse("change-household", args=[household.pk, what])


# The list


def numbers(client: Client, **query: str) -> list[str]:
    rows = client.get(LIST, query).context["rows"]
    return [row["household"].number for row in rows]


def test_list_holds_the_households_in_sight(world: World, signed_in: SignIn) -> None:
    assert numbers(signed_in(world.tun_head)) == ["104-207-0001", "104-207-0002"]


def test_list_finds_a_member_by_name(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.township_officer).get(LIST, {"q": "韦丁"})
    assert [r["household"] for r in response.context["rows"]] == [world.household]
    assert "<mark>韦丁</mark>" in response.content.decode()


def test_list_finds_by_the_beginning_of_the_number(world: World, signed_in: SignIn) -> None:
    assert numbers(signed_in(world.county_officer), q="106-") == ["106-201-0001"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"kind": "out_of_poverty"}, 1),
        ({"village": "451203104202"}, 1),
        ({"kind": "nonsense"}, 5),
        ({"village": "x'; --"}, 5),
        ({"page": "99"}, 5),
        ({"page": "x"}, 5),
        ({"dissolved": "1"}, 0),
    ],
)
def test_list_is_filtered_and_drops_what_it_cannot_read(
    world: World, signed_in: SignIn, query: dict[str, str], count: int
) -> None:
    assert len(numbers(signed_in(world.county_officer), **query)) == count


def test_list_shows_tails_and_no_numbers(world: World, signed_in: SignIn) -> None:
    text = signed_in(world.county_officer).get(LIST).content.decode()
    assert world.people["韦甲"].id_tail in text
    assert world.id_number_of("韦甲") not in text


def test_list_is_refused_to_those_who_see_no_people(world: World, signed_in: SignIn) -> None:
    assert signed_in(world.clerk_medical).get(LIST).status_code == 403


def test_list_asks_for_signing_in(world: World, client: Client) -> None:
    assert client.get(LIST).status_code == 302


def test_long_list_is_paged(world: World, signed_in: SignIn) -> None:
    for n in range(60):
        add_household(
            world.bare_grid,
            f"104-202-{n + 100:04d}",
            [(f"户{n}", "M", date(1970, 1, 1), "head")],
            serial=100 + n,
        )
    response = signed_in(world.county_officer).get(LIST, {"page": "2"})
    page = response.context["page"]
    assert (page["start"], page["end"], page["count"], page["has_next"]) == (51, 65, 65, False)


def queries_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_list_takes_the_same_queries_however_long(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.county_officer)
    few = queries_of(client, LIST)
    for n in range(20):
        add_household(
            world.bare_grid,
            f"104-202-{n + 100:04d}",
            [(f"户{n}", "M", date(1970, 1, 1), "head")],
            serial=100 + n,
        )
    assert queries_of(client, LIST) == few


def test_whole_id_number_opens_the_dossier_and_is_audited(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.township_officer).post(
        reverse("find-household"), {"q": world.id_number_of("韦丁")}
    )
    assert response.headers["Location"] == page_of(world.household)
    entry = AuditEntry.objects.get(verb="searched_id_number")
    assert entry.subject_id == str(world.people["韦丁"].pk)
    assert world.id_number_of("韦丁") not in str(entry.detail)


def test_id_number_out_of_sight_is_as_unknown_as_a_wrong_one(
    world: World, signed_in: SignIn
) -> None:
    client = signed_in(world.township_officer)
    texts = [
        client.post(reverse("find-household"), {"q": number}, follow=True).content.decode()
        for number in (world.id_number_of("潘甲"), id_number(date(1990, 5, 6), "M", 444))
    ]
    assert all("没有这个身份证号的人" in text for text in texts)


def test_id_number_typed_into_the_name_field_does_not_stay_in_the_address(
    world: World, signed_in: SignIn
) -> None:
    response = signed_in(world.township_officer).get(LIST, {"q": world.id_number_of("韦丁")})
    assert response.status_code == 302
    assert response.headers["Location"] == page_of(world.household)


# The dossier


def test_dossier_shows_people_and_hides_numbers(world: World, signed_in: SignIn) -> None:
    text = signed_in(world.township_officer).get(page_of(world.household)).content.decode()
    for name in ("韦甲", "覃乙", "韦丙", "韦丁", "莫戊"):
        assert name in text
        assert world.id_number_of(name) not in text


def test_dossier_out_of_sight_is_not_found_and_leaves_a_trace(
    world: World, signed_in: SignIn
) -> None:
    response = signed_in(world.other_township_officer).get(page_of(world.household))
    assert response.status_code == 404
    assert "韦甲" not in response.content.decode()
    assert AuditEntry.objects.get(verb="refused").actor == world.other_township_officer


def test_opening_a_dossier_is_audited(world: World, signed_in: SignIn) -> None:
    signed_in(world.township_officer).get(page_of(world.household))
    entry = AuditEntry.objects.get(verb="read")
    assert (entry.actor, entry.subject_id) == (world.township_officer, str(world.household.pk))


def test_dossier_says_who_looked(world: World, signed_in: SignIn) -> None:
    signed_in(world.county_officer).get(page_of(world.household))
    response = signed_in(world.township_officer).get(page_of(world.household))
    looked = response.context["looked"]
    assert (looked["people"], looked["times"]) == (2, 2)


def test_dossier_names_the_workers_of_the_grid(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.township_officer).get(page_of(world.household))
    workers = response.context["workers"]
    assert [p.account for p in workers["first"]] == [world.worker_1]
    assert [p.account for p in workers["second"]] == [world.worker_2]


def test_worker_sees_no_changes_and_no_reveal(world: World, signed_in: SignIn) -> None:
    text = signed_in(world.worker_1).get(page_of(world.household)).content.decode()
    assert "变更户主" not in text
    assert "/identity/" not in text


def test_dossier_takes_the_same_queries_however_large_the_family(
    world: World, signed_in: SignIn
) -> None:
    client = signed_in(world.township_officer)
    assert queries_of(client, page_of(world.household)) == queries_of(
        client, page_of(world.lone_household)
    )


def test_section_of_a_floor_above_is_drawn_on_the_dossier(
    world: World, signed_in: SignIn, settings: object
) -> None:
    settings.DOSSIER_SECTIONS = ["tests.grid.test_household_pages.a_section"]
    text = signed_in(world.township_officer).get(page_of(world.household)).content.decode()
    assert "上层的一节" in text


def a_section(request: object, household: Household) -> dict[str, object]:
    return {
        "title": "上层的一节",
        "template": "pieces/empty.html",
        "context": {"title": household.number},
    }


# Changes


def death_form(world: World, **changes: object) -> dict[str, object]:
    return {
        "version": 1,
        "person": world.people["莫戊"].pk,
        "on": "2026-05-01",
        "new_head": "",
    } | changes


def test_every_change_has_a_page(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.info_officer)
    for what in ("join", "death", "leave", "head", "move", "split", "merge"):
        assert client.get(change_of(world.household, what)).status_code == 200, what


def test_death_is_recorded_and_told(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.info_officer).post(
        change_of(world.household, "death"), death_form(world), follow=True
    )
    assert "已登记死亡" in response.content.decode()
    assert Person.objects.get(name="莫戊").died_on == date(2026, 5, 1)


def test_refusal_stands_beside_its_field_and_keeps_what_was_typed(
    world: World, signed_in: SignIn
) -> None:
    response = signed_in(world.info_officer).post(
        change_of(world.household, "death"), death_form(world, person=world.people["韦甲"].pk)
    )
    assert response.status_code == 422
    form = response.context["form"]
    assert form.errors == {"new_head": ["户主死亡，请同时指定新户主。"]}
    assert 'value="2026-05-01"' in response.content.decode()


def test_version_that_is_old_is_said_on_the_form(world: World, signed_in: SignIn) -> None:
    Household.objects.filter(pk=world.household.pk).update(version=2)
    response = signed_in(world.info_officer).post(
        change_of(world.household, "death"), death_form(world)
    )
    assert "别人已经处理过" in response.content.decode()
    assert not HouseholdEvent.objects.exists()


def test_person_of_another_household_is_no_choice(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.info_officer).post(
        change_of(world.household, "death"), death_form(world, person=world.people["蓝甲"].pk)
    )
    assert "person" in response.context["form"].errors


def test_new_head_with_restated_relations(world: World, signed_in: SignIn) -> None:
    people = world.people
    signed_in(world.info_officer).post(
        change_of(world.household, "head"),
        {
            "version": 1,
            "person": people["覃乙"].pk,
            "on": "2026-05-01",
            f"relation_{people['韦甲'].pk}": "spouse",
            f"relation_{people['韦丙'].pk}": "son",
        },
    )
    relations = dict(
        Membership.objects.filter(household=world.household).values_list("person__name", "relation")
    )
    assert relations == {
        "覃乙": "head",
        "韦甲": "spouse",
        "韦丙": "son",
        "韦丁": "other",
        "莫戊": "other",
    }


def join_form(**changes: object) -> dict[str, object]:
    return {
        "version": 1,
        "name": "梁甲",
        "relation": "daughter_in_law",
        "on": "2026-05-01",
        "id_number": id_number(date(2001, 5, 6), "F", 300),
        "labour": "ordinary",
        "health": "healthy",
    } | changes


def test_member_joins(world: World, signed_in: SignIn) -> None:
    signed_in(world.info_officer).post(change_of(world.household, "join"), join_form())
    assert Person.objects.get(name="梁甲").household == world.household


def test_wrong_id_number_stands_beside_its_field(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.info_officer).post(
        change_of(world.household, "join"), join_form(id_number="123")
    )
    assert "应为 18 位" in response.context["form"].errors["id_number"][0]


def test_split_founds_a_household(world: World, signed_in: SignIn) -> None:
    signed_in(world.info_officer).post(
        change_of(world.household, "split"),
        {
            "version": 1,
            "leavers": [world.people["韦丙"].pk],
            "head": world.people["韦丙"].pk,
            "cell": world.next_grid.code,
            "address": "拉敢屯 40 号",
            "on": "2026-05-01",
        },
    )
    assert Household.objects.get(head=world.people["韦丙"]).cell == world.next_grid


def test_merge_asks_for_relations_once_the_other_household_is_known(
    world: World, signed_in: SignIn
) -> None:
    client, address = signed_in(world.info_officer), change_of(world.household, "merge")
    said = {"version": 1, "source_number": "104-207-0003", "on": "2026-05-01"}
    asked = client.post(address, said)
    assert asked.status_code == 422
    assert [f.label for f in asked.context["form"].relation_fields] == ["罗甲"]
    client.post(
        address,
        said | {"source_version": 1, f"relation_{world.people['罗甲'].pk}": "mother"},
    )
    joined = Membership.objects.open().get(person__name="罗甲")
    assert (joined.household, joined.relation) == (world.household, "mother")


def test_merge_with_a_household_out_of_sight_finds_nothing(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.info_officer).post(
        change_of(world.household, "merge"),
        {"version": 1, "source_number": "106-201-0001", "on": "2026-05-01"},
    )
    assert "source_number" in response.context["form"].errors


def test_move_offers_only_grids_one_may_edit(world: World, signed_in: SignIn) -> None:
    form = signed_in(world.township_officer).get(change_of(world.household, "move")).context["form"]
    offered = {code for _, grids in form.fields["cell"].choices[1:] for code, _ in grids}
    assert offered == {
        r.code for r in (world.grid, world.next_grid, world.far_grid, world.bare_grid)
    }


def test_worker_may_not_open_a_change(world: World, signed_in: SignIn) -> None:
    assert signed_in(world.worker_1).get(change_of(world.household, "join")).status_code == 403


def test_unknown_change_is_not_found(world: World, signed_in: SignIn) -> None:
    assert signed_in(world.info_officer).get(change_of(world.household, "sell")).status_code == 404


def register_form(world: World, **changes: object) -> dict[str, object]:
    return {
        "cell": world.grid.code,
        "kind": "ordinary",
        "address": "拉敢屯 30 号",
        "on": "2026-05-01",
        "name": "梁甲",
        "id_number": id_number(date(1990, 5, 6), "M", 300),
        "labour": "ordinary",
        "health": "healthy",
    } | changes


def test_registering_leads_to_the_new_dossier(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.info_officer).post(
        reverse("register-household"), register_form(world)
    )
    fresh = Household.objects.get(head__name="梁甲")
    assert response.headers["Location"] == page_of(fresh)


def test_registering_twice_names_where_the_person_is(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.info_officer)
    client.post(reverse("register-household"), register_form(world))
    response = client.post(reverse("register-household"), register_form(world))
    assert "104-207-0004 户（梁甲）" in response.context["form"].errors["id_number"][0]


def test_grid_out_of_reach_is_no_choice(world: World, signed_in: SignIn) -> None:
    response = signed_in(world.info_officer).post(
        reverse("register-household"), register_form(world, cell=world.other_grid.code)
    )
    assert "cell" in response.context["form"].errors


# Revealing


def test_number_is_shown_after_a_reason_and_never_kept(world: World, signed_in: SignIn) -> None:
    address = reverse("reveal-identity", args=[world.people["韦甲"].pk])
    response = signed_in(world.township_officer).post(address, {"reason": "核对医保票据"})
    assert world.id_number_of("韦甲") in response.content.decode()
    assert response.headers["Cache-Control"] == "no-store"


def test_number_is_not_shown_on_opening_the_page(world: World, signed_in: SignIn) -> None:
    address = reverse("reveal-identity", args=[world.people["韦甲"].pk])
    text = signed_in(world.township_officer).get(address).content.decode()
    assert world.id_number_of("韦甲") not in text


def test_number_is_not_shown_without_a_reason(world: World, signed_in: SignIn) -> None:
    address = reverse("reveal-identity", args=[world.people["韦甲"].pk])
    response = signed_in(world.township_officer).post(address, {"reason": "看"})
    assert response.status_code == 422
    assert world.id_number_of("韦甲") not in response.content.decode()


@pytest.mark.parametrize(("name", "status"), [("worker_1", 403), ("other_township_officer", 404)])
def test_number_is_refused(world: World, signed_in: SignIn, name: str, status: int) -> None:
    address = reverse("reveal-identity", args=[world.people["韦甲"].pk])
    client = signed_in(world.accounts()[name])
    assert client.post(address, {"reason": "核对医保票据"}).status_code == status


def test_phone_of_the_head_is_revealed(world: World, signed_in: SignIn) -> None:
    address = reverse("reveal-phone", args=[world.people["韦甲"].pk])
    response = signed_in(world.township_officer).post(address, {"reason": "约入户时间"})
    assert response.context["shown"].endswith(world.people["韦甲"].phone_tail)


def test_household_without_a_phone_says_so(world: World, signed_in: SignIn) -> None:
    address = reverse("reveal-household-phone", args=[world.household.pk])
    response = signed_in(world.township_officer).post(address, {"reason": "约入户时间"})
    assert "没有登记电话" in response.content.decode()


def test_search_of_the_frame_sends_no_number_in_an_address(world: World, signed_in: SignIn) -> None:
    text = signed_in(world.township_officer).get(LIST).content.decode()
    assert 'class="search" role="search" method="post" action="/households/find/"' in text
