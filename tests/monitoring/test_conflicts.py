"""Contradictions between departments: found, gone, back, answered; who sees and answers them."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from grid.actions.households import record_death
from grid.models import Person
from monitoring.acted_on import acted_on_sql
from monitoring.actions.conflicts import (
    answer_conflict,
    decide_source_of_truth,
    enter_sources_of_truth,
    find_conflicts,
)
from monitoring.conflicts import DEFAULT_TRUTH, KINDS
from monitoring.feeds import FEEDS
from monitoring.models import DataConflict, SourceOfTruth
from tests.monitoring.records import _shared, add_certificate, add_school_status, add_settlement
from tests.world import World
from yizhou import statements
from yizhou.audit import SYSTEM, AuditEntry
from yizhou.refusals import NotAllowed, Overtaken, Refusal

pytestmark = pytest.mark.django_db


def add(feed: str, person: Person, **values: Any) -> Any:
    """One current record of any feed, straight into its table."""
    department = {"police": "education", "tax": "civil_affairs"}.get(
        FEEDS[feed].department, "civil_affairs"
    )
    return FEEDS[feed].model.objects.create(**(_shared(person, feed, department) | values))


def month(back: int = 0) -> date:
    first = timezone.localdate().replace(day=1)
    for _ in range(back):
        first = (first - timedelta(days=1)).replace(day=1)
    return first


def dibao(person: Person, on: date, **more: Any) -> Any:
    values = {"kind": "rural", "people": 1, "month_on": on, "amount_yuan": 300, "paid_on": on}
    return add("dibao_payment", person, **(values | more))


def funeral(person: Person, on: date) -> Any:
    return add("funeral_record", person, died_on=on, way="burial")


def tekun(person: Person, on: date) -> Any:
    return add(
        "tekun_support",
        person,
        mode="at_home",
        care="none",
        approved_on=on,
        basic_yuan_month=900,
        care_yuan_month=0,
    )


def tax(person: Person, on: date) -> Any:
    return add(
        "salary_tax", person, kind="wages", payer="某厂", month_on=on, income_yuan=5000, tax_yuan=0
    )


def enrolled_twice(world: World) -> None:
    child = world.people["韦丁"]
    old = add_school_status(child, month(), "enrolled", school="甲小学")
    old.superseded_at = timezone.now()
    old.save()
    new = add_school_status(child, month(), "enrolled", school="乙小学")
    old.superseded_by = new.upload
    old.save()


def a_dead_person(world: World) -> Person:
    person = world.people["莫戊"]
    funeral(person, month(3))
    return person


def unemployed(world: World) -> None:
    person = world.people["韦丙"]
    add(
        "employment_status",
        person,
        standing="unemployed",
        since_on=month(3),
        channel="none",
        counted_on=month(),
    )
    tax(person, month(1))


# What each kind needs to appear, and (left, right) as it is told.
PLANTED: dict[str, Any] = {
    "dead_but_dibao": lambda w: [
        dibao(person, month(n)) for person in [a_dead_person(w)] for n in (2, 1)
    ],
    "dead_but_treated": lambda w: add_settlement(a_dead_person(w), month(1), "100"),
    "dead_but_in_school": lambda w: add_school_status(a_dead_person(w), month(1), "enrolled"),
    "death_days_differ": lambda w: add(
        "household_register_change",
        a_dead_person(w),
        kind="death",
        happened_on=month(2),
        registered_on=month(1),
    ),
    "disability_levels_differ": lambda w: [
        add_certificate(w.people["莫戊"], month(8), 2),
        add_certificate(w.people["莫戊"], month(2), 3),
        Person.objects.filter(name="莫戊").update(health="disabled"),
    ],
    "disabled_but_healthy": lambda w: add_certificate(w.people["莫戊"], month(2), 1),
    "household_size_differs": lambda w: dibao(w.people["韦甲"], month(1), people=3),
    "enrolled_twice": enrolled_twice,
    "rural_and_urban_dibao": lambda w: [
        dibao(w.people["韦甲"], month(1)),
        dibao(w.people["韦甲"], month(1), kind="urban"),
    ],
    "tekun_and_dibao": lambda w: [
        tekun(w.people["韦甲"], month(2)),
        dibao(w.people["韦甲"], month(1)),
    ],
    "name_differs": lambda w: (
        add_certificate(w.people["莫戊"], month(2), 3, person_name="莫午")
        and Person.objects.filter(name="莫戊").update(health="disabled")
    ),
    "paid_but_unemployed": unemployed,
    "paid_but_dibao": lambda w: [
        tax(w.people["韦甲"], month(1)),
        dibao(w.people["韦甲"], month(1)),
    ],
}


def open_kinds() -> list[str]:
    return sorted(DataConflict.objects.open().values_list("kind", flat=True))


def test_every_kind_has_an_example() -> None:
    assert sorted(PLANTED) == sorted(KINDS)
    assert len(KINDS) >= 9


@pytest.mark.parametrize("kind", sorted(PLANTED))
def test_every_kind_is_found_once(world: World, kind: str) -> None:
    PLANTED[kind](world)
    find_conflicts(acting=SYSTEM)
    assert open_kinds() == [kind]


def test_nothing_contradicts_in_agreeing_data(world: World) -> None:
    dibao(world.people["韦甲"], month(1), people=5)
    add_settlement(world.people["韦甲"], month(1), "100")
    add_school_status(world.people["韦丁"], month(1), "enrolled")
    assert find_conflicts(acting=SYSTEM) == {"gone": 0, "back": 0, "opened": 0}


def test_a_settlement_soon_after_death_is_no_contradiction(world: World) -> None:
    person = world.people["莫戊"]
    funeral(person, month(1))
    add_settlement(person, month(1) + timedelta(days=5), "100")
    find_conflicts(acting=SYSTEM)
    assert open_kinds() == []


def test_again_changes_nothing(world: World) -> None:
    PLANTED["dead_but_dibao"](world)
    assert find_conflicts(acting=SYSTEM)["opened"] == 1
    before = DataConflict.objects.values().get()
    assert find_conflicts(acting=SYSTEM) == {"gone": 0, "back": 0, "opened": 0}
    assert DataConflict.objects.values().get() == before
    assert AuditEntry.objects.filter(verb="found_conflicts").count() == 1


def test_a_further_payment_does_not_open_it_again(world: World) -> None:
    PLANTED["dead_but_dibao"](world)
    find_conflicts(acting=SYSTEM)
    dibao(world.people["莫戊"], month(0))
    assert find_conflicts(acting=SYSTEM)["opened"] == 0


def test_the_registry_s_own_death_counts(world: World) -> None:
    person = world.people["莫戊"]
    record_death(
        acting=world.township_officer,
        household=world.household,
        version_seen=world.household.version,
        person=person,
        died_on=month(3),
    )
    dibao(person, month(1))
    find_conflicts(acting=SYSTEM)
    assert open_kinds() == ["dead_but_dibao"]
    assert DataConflict.objects.get().left_feed == "registry"


def test_corrected_data_close_it_and_the_same_error_brings_it_back(world: World) -> None:
    rows = PLANTED["dead_but_dibao"](world)
    find_conflicts(acting=SYSTEM)
    for row in rows:
        row.superseded_at = timezone.now()
        row.save()
    assert find_conflicts(acting=SYSTEM)["gone"] == 1
    for row in rows:
        row.superseded_at = None
        row.save()
    assert find_conflicts(acting=SYSTEM)["back"] == 1
    conflict = DataConflict.objects.get()
    assert conflict.state == DataConflict.State.OPEN
    assert list(conflict.events.values_list("verb", flat=True)) == ["found", "gone", "back"]


def one(world: World, kind: str = "dead_but_dibao") -> DataConflict:
    PLANTED[kind](world)
    find_conflicts(acting=SYSTEM)
    return DataConflict.objects.get()


def test_the_side_that_is_not_right_by_default_owns_it(world: World) -> None:
    assert one(world, "household_size_differs").owner_id == "civil_affairs"


def test_an_answer_stays(world: World) -> None:
    conflict = one(world)
    answer_conflict(
        acting=world.clerk_civil, conflict=conflict, answer="left", reason="已核对殡葬记录"
    )
    find_conflicts(acting=SYSTEM)
    conflict.refresh_from_db()
    assert (conflict.state, conflict.answer) == ("answered", "left")
    assert conflict.answered_by == world.clerk_civil
    assert AuditEntry.objects.filter(verb="answered_conflict", reason="已核对殡葬记录").exists()


def test_an_answer_needs_a_reason_and_an_open_conflict(world: World) -> None:
    conflict = one(world)
    officer = world.township_officer
    with pytest.raises(Refusal):
        answer_conflict(acting=officer, conflict=conflict, answer="left", reason=" ")
    with pytest.raises(Refusal):
        answer_conflict(acting=officer, conflict=conflict, answer="perhaps", reason="已核对")
    answer_conflict(acting=officer, conflict=conflict, answer="both", reason="已核对")
    with pytest.raises(Overtaken):
        answer_conflict(acting=officer, conflict=conflict, answer="left", reason="已核对")


@pytest.mark.parametrize(
    "name", ["clerk_medical", "other_township_officer", "worker_1", "stranger"]
)
def test_others_do_not_answer(world: World, name: str) -> None:
    conflict = one(world)
    with pytest.raises(NotAllowed):
        answer_conflict(
            acting=getattr(world, name), conflict=conflict, answer="left", reason="已核对"
        )


@pytest.mark.parametrize(
    ("name", "sees"),
    [
        ("county_officer", 1),
        ("township_officer", 1),
        ("other_township_officer", 0),
        ("clerk_civil", 1),
        ("clerk_medical", 0),
        ("auditor", 0),
        ("stranger", 0),
    ],
)
def test_who_sees_it(world: World, name: str, sees: int) -> None:
    one(world)
    assert DataConflict.objects.seen_by(getattr(world, name)).count() == sees


def acted_on(feed: str) -> list[int]:
    return [row for (row,) in statements.ask(acted_on_sql(feed))]


def test_a_record_answered_for_is_acted_on(world: World) -> None:
    conflict = one(world)
    assert acted_on("funeral_record") == []
    answer_conflict(acting=world.county_officer, conflict=conflict, answer="left", reason="已核对")
    assert acted_on("funeral_record") == [conflict.left_record]
    assert acted_on("dibao_payment") == []


def test_the_county_decides_who_is_right(world: World) -> None:
    enter_sources_of_truth(acting=SYSTEM)
    assert enter_sources_of_truth(acting=SYSTEM) == 0
    given = {"fact": "household_size", "applies_itself": False, "document": ""}
    with pytest.raises(NotAllowed):
        decide_source_of_truth(
            acting=world.township_officer, feed="dibao_payment", reason="民政入户", **given
        )
    decide_source_of_truth(
        acting=world.county_officer, feed="dibao_payment", reason="民政入户", **given
    )
    assert SourceOfTruth.objects.on(timezone.localdate())["household_size"].feed == "dibao_payment"
    assert one(world, "household_size_differs").owner_id is None
    assert AuditEntry.objects.filter(verb="decided_source_of_truth", reason="民政入户").exists()


def test_only_deaths_apply_themselves(world: World) -> None:
    with pytest.raises(Refusal):
        decide_source_of_truth(
            acting=world.county_officer,
            fact="name",
            feed="funeral_record",
            applies_itself=True,
            document="",
            reason="试试看",
        )


def test_defaults_name_known_sources() -> None:
    assert {feed for feed in DEFAULT_TRUTH.values() if feed != "registry"} <= set(FEEDS)


# ---- pages ----


def body(response: Any) -> str:
    return response.content.decode()


def test_the_township_reads_and_answers(world: World, signed_in: Any) -> None:
    conflict = one(world)
    client = signed_in(world.township_officer)
    page = body(client.get("/data-conflicts/"))
    assert "莫戊" in page
    assert "已死亡仍领低保" in page
    address = f"/data-conflicts/{conflict.pk}/"
    missing = client.post(address, {"answer": "left", "reason": ""})
    assert missing.status_code == 422
    done = body(client.post(address, {"answer": "left", "reason": "已核对注销"}, follow=True))
    assert "已核对注销" in done
    assert client.post(address, {"answer": "left", "reason": "再来"}).status_code == 409
    assert "莫戊" not in body(client.get("/data-conflicts/"))
    assert "莫戊" in body(client.get("/data-conflicts/?state=answered"))


def test_a_clerk_sees_a_masked_name(world: World, signed_in: Any) -> None:
    conflict = one(world)
    client = signed_in(world.clerk_civil)
    for address in ("/data-conflicts/", f"/data-conflicts/{conflict.pk}/"):
        page = body(client.get(address))
        assert "莫*" in page
        assert "莫戊" not in page
        assert f"尾号 {conflict.id_tail}" in page
    assert 'name="reason"' in page


def test_other_departments_and_places_see_nothing(world: World, signed_in: Any) -> None:
    conflict = one(world)
    for account in (world.clerk_medical, world.other_township_officer):
        client = signed_in(account)
        assert conflict.id_tail not in body(client.get("/data-conflicts/"))
        assert client.get(f"/data-conflicts/{conflict.pk}/").status_code == 404
    for account in (world.worker_1, world.stranger, world.auditor):
        assert signed_in(account).get("/data-conflicts/").status_code == 403


def test_filters_narrow_and_wrong_ones_are_ignored(world: World, signed_in: Any) -> None:
    one(world)
    client = signed_in(world.county_officer)
    assert "莫戊" in body(client.get("/data-conflicts/?kind=dead_but_dibao&owner=civil_affairs"))
    assert "莫戊" not in body(client.get("/data-conflicts/?kind=name_differs"))
    assert "莫戊" not in body(client.get("/data-conflicts/?state=overdue"))
    assert "莫戊" in body(client.get("/data-conflicts/?kind=x&owner=y&state=z&page=-1"))


def test_overdue_is_marked(world: World, signed_in: Any) -> None:
    one(world)
    DataConflict.objects.update(due_on=timezone.localdate() - timedelta(days=2))
    page = body(signed_in(world.county_officer).get("/data-conflicts/?state=overdue"))
    assert "超期 2 天" in page


def test_the_county_changes_who_is_right_on_the_page(world: World, signed_in: Any) -> None:
    client = signed_in(world.county_officer)
    assert "农户档案" in body(client.get("/data-conflicts/sources/"))
    address = "/data-conflicts/sources/death/"
    said = {"feed": "funeral_record", "applies_itself": "on", "reason": "已核对半年"}
    assert client.post(address, said | {"reason": ""}).status_code == 422
    assert "直接登记死亡" in body(client.post(address, said, follow=True))
    assert client.post(address, said | {"feed": "dibao_payment"}).status_code == 422
    township = signed_in(world.township_officer)
    assert township.get(address).status_code == 403
    assert township.get("/data-conflicts/sources/").status_code == 200
