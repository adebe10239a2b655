"""Edits of household facts: applied where the registry still says so, else both values are kept."""

from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from grid.actions.facts import decide_clash, values_of
from grid.actions.moves import move_household
from grid.models import FactEdit, Household, Visit
from tests.grid.field_phone import FieldPhone
from tests.world import World, pair_second_level
from yizhou.audit import AuditEntry
from yizhou.refusals import NotAllowed, NotFound, Overtaken, Refusal
from yizhou.sealed import unseal

REASON = "电话核实过"


@pytest.fixture
def phone(world: World) -> FieldPhone:
    return FieldPhone(world.worker_1)


def send(world: World, phone: FieldPhone, **edit: Any) -> Any:
    return phone.send(phone.letter(world.household, edits=[edit]))


def address(world: World, seen: str, value: str = "拉敢屯 88 号") -> dict[str, Any]:
    return {"household": world.household.pk, "field": "address", "seen": seen, "value": value}


def clash_of(world: World, phone: FieldPhone) -> FactEdit:
    send(world, phone, **address(world, "旧住址"))
    return FactEdit.objects.get()


def test_what_the_phone_still_saw_right_is_applied(world: World, phone: FieldPhone) -> None:
    said = send(world, phone, **address(world, world.household.address)).json()
    assert said["clashes"] == []
    before = world.household.version
    world.household.refresh_from_db()
    assert world.household.address == "拉敢屯 88 号"
    assert world.household.version == before + 1
    assert FactEdit.objects.get().state == "applied"
    assert AuditEntry.objects.get(verb="changed_fact").detail["field"] == "address"


def test_what_is_registered_already_changes_nothing(world: World, phone: FieldPhone) -> None:
    send(world, phone, **address(world, "旧住址", world.household.address))
    assert not FactEdit.objects.exists()


def test_a_clash_overwrites_nothing_and_keeps_both(world: World, phone: FieldPhone) -> None:
    office = world.household.address
    edit = clash_of(world, phone)
    world.household.refresh_from_db()
    assert world.household.address == office
    values = values_of(edit)
    assert (values.seen, values.mine, values.office) == ("旧住址", "拉敢屯 88 号", office)
    assert (edit.by, edit.state) == (world.worker_1, "clash")
    assert Visit.objects.exists()


def test_a_clash_names_who_changed_the_registry(world: World, phone: FieldPhone) -> None:
    seen = world.household.address
    move_household(
        acting=world.info_officer,
        household=world.household,
        version_seen=world.household.version,
        cell=world.grid,
        address="村里改的 5 号",
        on=timezone.localdate(),
    )
    (clash,) = send(world, phone, **address(world, seen)).json()["clashes"]
    assert clash["office_by"] == world.info_officer.name
    assert clash["office_at"]


def test_two_workers_of_one_household_clash(world: World, phone: FieldPhone) -> None:
    seen = world.household.address
    pair_second_level(world)
    other = FieldPhone(world.worker_2)
    send(world, other, **address(world, seen, "先到的 1 号"))
    (clash,) = send(world, phone, **address(world, seen, "后到的 2 号")).json()["clashes"]
    assert (clash["office"], clash["office_by"]) == ("先到的 1 号", world.worker_2.name)


def test_the_values_lie_sealed(world: World, phone: FieldPhone) -> None:
    clash_of(world, phone)
    with connection.cursor() as cursor:
        cursor.execute("SELECT grid_factedit::text FROM grid_factedit")
        assert "88 号" not in cursor.fetchone()[0]


def test_people_s_facts(world: World, phone: FieldPhone) -> None:
    person = world.people["韦甲"]
    edits = [
        {"person": person.pk, "field": "labour", "seen": "ordinary", "value": "weak"},
        {"person": person.pk, "field": "health", "seen": "healthy", "value": "chronic"},
        {"person": person.pk, "field": "phone", "seen": person.phone_tail, "value": "10011112222"},
        {"household": 1, "field": "phone", "seen": "", "value": "1001111 3333"},
    ]
    assert phone.send(phone.letter(world.household, edits=edits)).json()["clashes"] == []
    person.refresh_from_db()
    household = Household.objects.get(pk=world.household.pk)
    assert (person.labour, person.health, person.phone_tail) == ("weak", "chronic", "2222")
    sealed = unseal(household.phone_sealed, column="grid_household.phone_sealed", row=household.pk)
    assert sealed == "10011113333"


@pytest.mark.parametrize(
    ("who", "field", "value"),
    [
        ("household", "address", "x"),
        ("household", "address", "长" * 121),
        ("household", "phone", "12345"),
        ("household", "labour", "weak"),
        ("person", "health", "fine"),
        ("person", "address", "拉敢屯 88 号"),
        ("person", "name", "韦乙"),
        ("household", "id_number", "1"),
    ],
)
def test_a_bad_value_is_returned_by_name(
    world: World, phone: FieldPhone, who: str, field: str, value: str
) -> None:
    pk = world.people["韦甲"].pk
    key = pk if who == "person" else "household"
    answer = send(world, phone, **{who: pk, "field": field, "seen": "", "value": value})
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [f"edit_{key}_{field}"]
    assert not Visit.objects.exists()


def test_a_person_who_left_for_elsewhere_clashes(world: World, phone: FieldPhone) -> None:
    stranger = world.people["潘甲"]
    edit = {"person": stranger.pk, "field": "health", "seen": "healthy", "value": "chronic"}
    (clash,) = send(world, phone, **edit).json()["clashes"]
    assert clash["office"] == "（这个成员已不在本户）"
    stranger.refresh_from_db()
    assert stranger.health == "healthy"
    with pytest.raises(Refusal, match="已不在本户"):
        decide_clash(
            acting=world.county_officer, edit=FactEdit.objects.get(), choice="mine", reason=REASON
        )


def test_an_id_of_nobody_is_left_out(world: World, phone: FieldPhone) -> None:
    edit = {"person": 10**12, "field": "health", "seen": "healthy", "value": "chronic"}
    assert send(world, phone, **edit).json()["clashes"] == []


# ---- decided ----


def test_the_township_takes_the_worker_s_value(world: World, phone: FieldPhone) -> None:
    edit = clash_of(world, phone)
    decide_clash(acting=world.township_officer, edit=edit, choice="mine", reason=REASON)
    world.household.refresh_from_db()
    edit.refresh_from_db()
    assert world.household.address == "拉敢屯 88 号"
    assert (edit.state, edit.decided_by, edit.reason) == ("mine", world.township_officer, REASON)


def test_the_township_keeps_the_registered_value(world: World, phone: FieldPhone) -> None:
    edit, before = clash_of(world, phone), world.household.address
    decide_clash(acting=world.township_officer, edit=edit, choice="office", reason=REASON)
    world.household.refresh_from_db()
    assert world.household.address == before


def test_what_is_decided_is_decided_once(world: World, phone: FieldPhone) -> None:
    edit = clash_of(world, phone)
    decide_clash(acting=world.township_officer, edit=edit, choice="office", reason=REASON)
    with pytest.raises(Overtaken):
        decide_clash(acting=world.worker_1, edit=edit, choice="mine", reason=REASON)


def test_a_worker_leaves_it_to_the_township(world: World, phone: FieldPhone) -> None:
    edit = clash_of(world, phone)
    decide_clash(acting=world.worker_1, edit=edit, choice="township", reason="")
    with pytest.raises(Overtaken):
        decide_clash(acting=world.worker_1, edit=edit, choice="mine", reason=REASON)
    decide_clash(acting=world.township_officer, edit=edit, choice="mine", reason=REASON)


def test_who_decides(world: World, phone: FieldPhone) -> None:
    edit = clash_of(world, phone)
    pair_second_level(world)
    with pytest.raises(NotAllowed):
        decide_clash(acting=world.worker_2, edit=edit, choice="mine", reason=REASON)
    with pytest.raises(NotFound):
        decide_clash(acting=world.other_township_officer, edit=edit, choice="mine", reason=REASON)
    with pytest.raises(Refusal, match="理由"):
        decide_clash(acting=world.worker_1, edit=edit, choice="mine", reason="")
    with pytest.raises(Refusal, match="请在两个值中选一个"):
        decide_clash(acting=world.township_officer, edit=edit, choice="township", reason="")
    with pytest.raises(Refusal):
        decide_clash(acting=world.township_officer, edit=edit, choice="nobody", reason=REASON)


def test_a_registry_that_moved_on_is_shown_before_it_is_overwritten(
    world: World, phone: FieldPhone
) -> None:
    edit = clash_of(world, phone)
    Household.objects.filter(pk=world.household.pk).update(address="刚又改的 7 号")
    still = decide_clash(acting=world.township_officer, edit=edit, choice="mine", reason=REASON)
    assert still.state == "clash"
    assert values_of(FactEdit.objects.get()).office == "刚又改的 7 号"
    world.household.refresh_from_db()
    assert world.household.address == "刚又改的 7 号"
    decide_clash(acting=world.township_officer, edit=edit, choice="mine", reason=REASON)
    world.household.refresh_from_db()
    assert world.household.address == "拉敢屯 88 号"
