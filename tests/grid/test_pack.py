"""What a phone carries out: whose households, which facts, how large, and when it changes."""

import gzip
import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grid.actions.held import set_aside_envelope
from grid.actions.households import record_death
from grid.actions.moves import move_household
from grid.actions.promises import make_promise
from grid.models import Envelope, Household, Person, Relation, WorkItem
from grid.offline import etag_of, pack_of
from grid.roles import Role
from grid.scope import forget_sight
from tests.grid.field_phone import FieldPhone, ask_visit
from tests.world import World, add_household, add_post, pair_second_level
from yizhou.audit import AuditEntry
from yizhou.sealed import seal


def heads(pack: dict[str, Any]) -> list[str]:
    return [h["head"] for h in pack["households"]]


def test_a_first_level_worker_carries_the_own_grid(world: World) -> None:
    ask_visit(world.household)
    pack = pack_of(world.worker_1)
    assert heads(pack) == ["韦甲"]
    assert pack["grids"] == {world.grid.code: "第一网格"}
    assert [i["household"] for i in pack["items"]] == [world.household.pk]
    assert pack["items"][0]["purposes"][0]["title"] == "医疗支出偏高"


def test_a_second_level_worker_carries_only_what_is_his(world: World, settings: Any) -> None:
    assert heads(pack_of(world.worker_2)) == []
    item = ask_visit(world.household)
    WorkItem.objects.filter(pk=item.pk).update(assignee=world.worker_2)
    forget_sight(world.worker_2)
    assert heads(pack_of(world.worker_2)) == ["韦甲"]


def assigned(account: Any) -> list[int]:
    return list(Household.objects.values_list("pk", flat=True))


def test_households_named_by_others_are_carried_within_sight(world: World, settings: Any) -> None:
    settings.FIELD_HOUSEHOLDS = ["tests.grid.test_pack.assigned"]
    assert heads(pack_of(world.worker_2)) == []
    pair_second_level(world)
    assert heads(pack_of(world.worker_2)) == ["韦甲"]


def test_a_second_level_worker_carries_the_paired_household_and_its_promises(world: World) -> None:
    pair_second_level(world)
    before = etag_of(world.worker_2)
    made = make_promise(
        acting=world.worker_2,
        household=world.household,
        sentence="帮联系县医院复查",
        due_on=timezone.localdate(),
    )
    (household,) = pack_of(world.worker_2)["households"]
    assert [p["id"] for p in household["promises"]] == [made.pk]
    assert etag_of(world.worker_2) != before


def plans(account: Any, household_ids: Any) -> dict[int, Any]:
    return {pk: {"next_on": "2026-12-01"} for pk in household_ids}


def test_sections_are_hung_in(world: World, settings: Any) -> None:
    settings.FIELD_SECTIONS = {"plan": "tests.grid.test_pack.plans"}
    assert pack_of(world.worker_1)["households"][0]["plan"] == {"next_on": "2026-12-01"}


def test_members_and_facts_travel_without_numbers(world: World) -> None:
    world.household.phone_sealed = seal(
        "10055556666", column="grid_household.phone_sealed", row=world.household.pk
    )
    world.household.save(update_fields=["phone_sealed"])
    pack = pack_of(world.worker_1)
    text = json.dumps(pack, ensure_ascii=False)
    (household,) = pack["households"]
    assert household["phone"] == "10055556666"
    assert [m["name"] for m in household["members"]][0] == "韦甲"
    assert household["members"][0]["relation_label"] == "户主"
    assert household["members"][0]["age"] == 51
    for name in ("韦甲", "覃乙", "韦丙"):
        assert world.id_number_of(name) not in text


def test_a_dissolved_household_stays_behind(world: World) -> None:
    record_death(
        acting=world.info_officer,
        household=world.lone_household,
        version_seen=world.lone_household.version,
        person=world.people["罗甲"],
        died_on=timezone.localdate(),
    )
    add_post(world.worker_2, Role.GRID_WORKER_1, region=world.far_grid)
    assert heads(pack_of(world.worker_2)) == []


def test_a_stranger_carries_nothing(world: World) -> None:
    pack = pack_of(world.stranger)
    assert (pack["households"], pack["items"]) == ([], [])


def test_what_was_reported_is_listed_for_a_week(world: World) -> None:
    phone = FieldPhone(world.worker_1)
    letter = phone.letter(world.household, ask_visit(world.household))
    receipt = phone.send(letter).json()["receipt"]
    (done,) = pack_of(world.worker_1)["done"]
    assert (done["receipt"], done["head"], done["state_label"]) == (receipt, "韦甲", "已回传")


def test_the_worker_hears_what_became_of_a_held_letter(world: World) -> None:
    phone = FieldPhone(world.worker_1)
    phone.send(phone.letter(world.household, form_version=99))
    (waiting,) = pack_of(world.worker_1)["done"]
    assert waiting["state_label"] == "待乡镇决定"
    before = etag_of(world.worker_1)
    set_aside_envelope(
        acting=world.township_officer, envelope=Envelope.objects.get(), reason="重复走访"
    )
    assert etag_of(world.worker_1) != before
    (decided,) = pack_of(world.worker_1)["done"]
    assert "重复走访" in decided["sentence"]


def test_the_last_visit_travels_with_its_answers(world: World) -> None:
    phone = FieldPhone(world.worker_1)
    phone.send(phone.letter(world.household))
    last = pack_of(world.worker_1)["households"][0]["last"]
    assert (last["by"], last["answers"]["insured"]) == (world.worker_1.name, "yes")


# ---- the stamp ----


def test_the_pack_is_not_sent_twice(world: World) -> None:
    phone = FieldPhone(world.worker_1)
    first = phone.call("GET", "pack/")
    again = phone.call("GET", "pack/", **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert AuditEntry.objects.filter(verb="took_pack").count() == 1


def change_address(world: World) -> None:
    move_household(
        acting=world.info_officer,
        household=world.household,
        version_seen=world.household.version,
        cell=world.grid,
        address="新址 1 号",
        on=timezone.localdate(),
    )


CHANGES = {
    "a household": change_address,
    "a person": lambda w: Person.objects.filter(pk=w.people["韦甲"].pk).update(version=9),
    "a work item": lambda w: ask_visit(w.household),
    "a post": lambda w: add_post(w.worker_1, Role.GRID_WORKER_1, region=w.far_grid),
    "a visit": lambda w: FieldPhone(w.worker_2).send(FieldPhone(w.worker_2).letter(w.household)),
}


@pytest.mark.parametrize("what", CHANGES)
def test_the_stamp_changes_with(world: World, what: str) -> None:
    pair_second_level(world)
    FieldPhone(world.worker_2)
    before = etag_of(world.worker_1)
    assert etag_of(world.worker_1) == before
    CHANGES[what](world)
    forget_sight(world.worker_1)
    assert etag_of(world.worker_1) != before


def test_the_stamp_changes_with_a_further_purpose(world: World) -> None:
    ask_visit(world.household)
    before = etag_of(world.worker_1)
    ask_visit(world.household, subject=2)
    assert etag_of(world.worker_1) != before


def test_the_stamp_ignores_what_is_not_carried(world: World) -> None:
    before = etag_of(world.worker_1)
    Household.objects.filter(pk=world.other_household.pk).update(version=9)
    ask_visit(world.other_household)
    assert etag_of(world.worker_1) == before


# ---- size and speed ----


def fill_grid(world: World, count: int, first: int = 0) -> None:
    for n in range(first, first + count):
        add_household(
            world.grid,
            f"104-207-{n + 1000:04d}",
            [
                ("韦庚", "M", date(1970, 1, 1) + timedelta(days=n), Relation.HEAD),
                ("覃辛", "F", date(1972, 1, 1) + timedelta(days=n), Relation.SPOUSE),
                ("韦壬", "M", date(2000, 1, 1) + timedelta(days=n), Relation.SON),
                ("韦癸", "F", date(2012, 1, 1) + timedelta(days=n), Relation.DAUGHTER),
            ],
            serial=20 + n * 4 % 400,
        )


def test_forty_households_fit_into_the_pack(world: World) -> None:
    fill_grid(world, 39)
    for household in Household.objects.filter(cell=world.grid):
        ask_visit(household, subject=household.pk)
    phone = FieldPhone(world.worker_1)
    for household in Household.objects.filter(cell=world.grid)[:20]:
        phone.send(phone.letter(household, household.work_items.get()))
    answer = phone.call("GET", "pack/", **{"Accept-Encoding": "gzip"})
    body = gzip.decompress(answer.content)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(json.loads(body)["households"]) == 40
    assert len(body) < 300_000
    assert len(answer.content) < 40_000


def test_queries_do_not_grow_with_the_households(world: World) -> None:
    phone = FieldPhone(world.worker_1)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert phone.call("GET", "pack/").status_code == 200
        return len(asked)

    few = queries()
    fill_grid(world, 12)
    for household in Household.objects.filter(cell=world.grid):
        ask_visit(household, subject=household.pk)
    with_items = queries()
    fill_grid(world, 12, first=12)
    assert queries() == with_items
    assert with_items <= few + 1  # the purposes of the items


def test_the_pack_is_bounded_and_due_work_comes_first(world: World, settings: Any) -> None:
    settings.FIELD_MOST_HOUSEHOLDS = 3
    fill_grid(world, 5)
    last = Household.objects.filter(cell=world.grid).order_by("-number").first()
    assert last is not None
    ask_visit(last)
    carried = [h["id"] for h in pack_of(world.worker_1)["households"]]
    assert len(carried) == 3
    assert carried[0] == last.pk


def test_an_applied_edit_reaches_the_other_phone(world: World) -> None:
    pair_second_level(world)
    phone = FieldPhone(world.worker_2)
    edit = {"household": 1, "field": "address", "seen": world.household.address, "value": "新址 2"}
    before = etag_of(world.worker_1)
    phone.send(phone.letter(world.household, edits=[edit]))
    assert Envelope.objects.count() == 1
    assert etag_of(world.worker_1) != before
    assert pack_of(world.worker_1)["households"][0]["address"] == "新址 2"
